"""What people read: passages and answers on a terminal."""

from __future__ import annotations

import re
import sys
import textwrap
from urllib.parse import unquote

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hippograph.types import Answer, Citation, RankedPassage, Reason, ReasonKind, SearchResult

SNIPPET_CHARACTERS = 280
WIDEST = 110
FILE_WIDTH = 100

WORDS: dict[ReasonKind, str] = {
    ReasonKind.DENSE: "meaning",
    ReasonKind.LEXICAL: "words",
    ReasonKind.WALK: "walk",
}
"""What a rank is a rank in."""


def screen() -> Console:
    """Standard output, no wider than is good to read; pipes get lines of one width."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else FILE_WIDTH)
    console.width = min(console.width, WIDEST)
    return console


def show_passages(question: str, found: SearchResult) -> None:
    """The passages, best first, each with what led to it."""
    console = screen()
    if not found.passages:
        console.print("Nothing was found.")
        return
    for each in found.passages:
        console.print(_heading_line(each))
        console.print(Padding(Text(_snippet(each.passage.text)), (0, 0, 0, 4)))
        console.print(Padding(_why(each.reasons), (0, 0, 1, 4)))
    if found.trace.fallback:
        console.print(fallback_line(found.trace.fallback))
    console.print(Text(f"{found.trace.method} · {_milliseconds(found.trace.timings_ms)}", style="dim"))


def show_answer(answer: Answer) -> None:
    """The answer, the sentences it rests on, and how it was found."""
    screen().print(answer_block(answer))


def answer_block(answer: Answer) -> RenderableType:
    """An answer as one block: headline, numbered citations, trace."""
    parts: list[RenderableType] = []
    if answer.refusal is not None:
        parts.append(Text.assemble(("No answer. ", "bold yellow"), answer.refusal))
        if answer.passages:
            near = list(dict.fromkeys(each.passage.title for each in answer.passages if each.passage.title))[
                :3
            ]
            parts.append(Text(f"The nearest documents are: {', '.join(near)}.", style="dim"))
    else:
        parts.append(_headline(answer))
        hops = {each.passage.id: each.hop for each in answer.passages}
        parts.append(Text())
        parts += [
            _citation_block(number, cited, hops.get(cited.passage, 1), answer.span)
            for number, cited in enumerate(answer.citations, start=1)
        ]
    if answer.trace.fallback:
        parts.append(fallback_line(answer.trace.fallback))
    parts.append(_trace_line(answer))
    return Group(*parts)


def fallback_line(fallback: str) -> Text:
    """Said whenever the graph did not help."""
    return Text(f"Answered by dense ranking alone: {fallback}", style="yellow")


def readable_uri(uri: str) -> str:
    """A URI as people read it: `file:///a/b%20c` is the path /a/b c."""
    return unquote(uri.removeprefix("file://")) if uri.startswith("file:///") else uri


def _headline(answer: Answer) -> Text:
    """The answer in a word where there is one that can be trusted, else what follows is the answer."""
    if answer.method != "extractive":
        return Text(answer.text)
    if answer.span and answer.text.startswith(answer.span):
        return Text(answer.span, style="bold green")
    return Text("These sentences answer best:", style="bold")


def _citation_block(number: int, cited: Citation, hop: int, span: str | None) -> RenderableType:
    sentence = Text(" ".join(cited.sentence.split()))
    if span:
        sentence.highlight_regex(rf"(?<!\w){re.escape(span)}(?!\w)", "bold green")
    source = Text.assemble(
        (cited.title or cited.document, "bold"), (f"  hop {hop}", "magenta") if hop > 1 else ""
    )
    uri = readable_uri(cited.uri)
    where = Text(f"{uri}  {cited.start}–{cited.end}", style=f"dim link {cited.uri}" if cited.uri else "dim")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=4, justify="right")
    grid.add_column(overflow="fold")
    grid.add_row(Text(f"[{number}]", style="cyan"), source)
    grid.add_row("", sentence)
    grid.add_row("", where)
    return Padding(grid, (0, 0, 1, 0))


def _trace_line(answer: Answer) -> Text:
    trace = answer.trace
    most = max((each.hop for each in answer.passages), default=1)
    names = list(dict.fromkeys(seed.name for seed in trace.seeds.entities))[:4]
    told = [
        f"{answer.method} answer, confidence {answer.confidence:.2f}",
        f"{most} hop{'s' if most > 1 else ''}",
        f"seeds: {', '.join(names)}" if names else "no seeds",
        _milliseconds(trace.timings_ms),
    ]
    return Text(" · ".join(told), style="dim")


def _heading_line(each: RankedPassage) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=3, justify="right")
    grid.add_column(ratio=1)
    grid.add_column(justify="right")
    title = Text(each.passage.title or each.passage.document, style="bold")
    if each.passage.heading:
        title.append(f" › {each.passage.heading.replace(' > ', ' › ')}", style="not bold dim")
    if each.hop > 1:
        title.append(f"  hop {each.hop}", style="magenta")
    grid.add_row(Text(str(each.rank), style="cyan"), title, Text(f"{each.score:.2f}", style="dim"))
    return grid


def _why(reasons: tuple[Reason, ...]) -> Text:
    ranks = [f"{WORDS[each.kind]} {each.rank}" for each in reasons if each.kind in WORDS]
    paths = [each.text for each in reasons if each.kind is ReasonKind.PATH]
    return Text(" · ".join([*ranks, *paths]), style="dim")


def _snippet(text: str) -> str:
    return textwrap.shorten(" ".join(text.split()), SNIPPET_CHARACTERS, placeholder=" …")


def _milliseconds(timings: object) -> str:
    spent = sum(timings.values()) if isinstance(timings, dict) else 0.0
    return f"{spent:.0f} ms"


def question_rule(number: int, count: int, question: str) -> RenderableType:
    """The line that opens a question of the demo."""
    return Group(
        Rule(Text(f"question {number} of {count}", style="dim"), style="dim", align="left"),
        Text(question, style="bold"),
        Text(),
    )
