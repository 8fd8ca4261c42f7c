"""What people read: passages and answers on a terminal."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Mapping
from io import StringIO
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hippograph.types import Answer, Citation, RankedPassage, Reason, ReasonKind, SearchResult, Usage

SNIPPET_CHARACTERS = 280
PATH_CHARACTERS = 200
WIDEST = 110
FILE_WIDTH = 100
HEADING = re.compile(r"^\s*#{1,6}\s+", re.MULTILINE)

RANKS: dict[ReasonKind, str] = {
    ReasonKind.DENSE: "meaning",
    ReasonKind.LEXICAL: "words",
    ReasonKind.WALK: "walk",
}
"""What a rank is a rank in."""


class Screen:
    """Standard output, no wider than is good to read; files and pipes get lines without trailing blanks."""

    def __init__(self) -> None:
        self._terminal = Console(highlight=False)
        self._width = min(self._terminal.width, WIDEST) if self._terminal.is_terminal else FILE_WIDTH

    def print(self, block: RenderableType = "") -> None:
        """Print one block and a line break."""
        if self._terminal.is_terminal:
            self._terminal.print(block, width=self._width)
            return
        page = Console(file=StringIO(), width=self._width, highlight=False, color_system=None)
        with page.capture() as captured:
            page.print(block)
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def show_passages(found: SearchResult) -> None:
    """The passages, best first, each with what led to it."""
    screen = Screen()
    if not found.passages:
        screen.print("Nothing was found.")
    for each in found.passages:
        screen.print(_passage_block(each))
    if found.trace.fallback:
        screen.print(_fallback(found.trace.fallback))
    for warning in found.trace.warnings:
        screen.print(Text(warning, style="yellow"))
    for query in found.trace.queries:
        screen.print(Text(f"searched for: {query}", style="dim"))
    screen.print(Text(f"{found.trace.method} · {_milliseconds(found.trace.timings_ms)}", style="dim"))


def show_answer(answer: Answer) -> None:
    """The answer, the sentences it rests on, and how it was found."""
    Screen().print(answer_block(answer))


def answer_block(answer: Answer) -> RenderableType:
    """An answer as one block: headline, data where a shape was asked for, sources."""
    parts: list[RenderableType] = [_headline(answer), Text()]
    if answer.data is not None:
        parts += [Text(json.dumps(answer.data, ensure_ascii=False, indent=2)), Text()]
    return Group(*parts, sources_block(answer))


def sources_block(answer: Answer) -> RenderableType:
    """What an answer rests on and how it was found: numbered citations by document, warnings, trace."""
    parts: list[RenderableType] = []
    if answer.refusal is None:
        hops = {each.passage.id: each.hop for each in answer.passages}
        numbered = enumerate(answer.citations, start=1)
        for _, group in groupby(numbered, key=lambda pair: pair[1].document):
            cited = list(group)
            parts.append(_document_block(cited, hops.get(cited[0][1].passage, 1), answer.span))
    if answer.trace.fallback:
        parts.append(_fallback(answer.trace.fallback))
    parts += [Text(warning, style="yellow") for warning in answer.trace.warnings]
    parts += [Text(f"searched for: {query}", style="dim") for query in answer.trace.queries]
    parts.append(_trace_line(answer))
    return Group(*parts)


def readable_uri(uri: str) -> str:
    """A URI as people read it: a file's is its path, from the working folder where it lies below it."""
    if not uri.startswith("file:///"):
        return uri
    path = Path(unquote(uri.removeprefix("file://")))
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _headline(answer: Answer) -> Text:
    """The answer in a word where there is one that can be trusted, else what follows is the answer."""
    if answer.refusal is not None:
        return Text.assemble(("No answer. ", "bold yellow"), answer.refusal)
    if answer.method != "extractive":
        return Text(answer.text)
    if answer.span and answer.text.startswith(answer.span):
        return Text(answer.span, style="bold green")
    return Text("These sentences answer best:", style="bold")


def _document_block(cited: list[tuple[int, Citation]], hop: int, span: str | None) -> RenderableType:
    """A document and those of its sentences that follow one another in the answer."""
    first = cited[0][1]
    uri = readable_uri(first.uri)
    link = f"dim link {first.uri}" if first.uri else "dim"
    title = Text.assemble(
        (first.title or first.document, "bold"),
        (f"  hop {hop}" if hop > 1 else "", "magenta"),
        ("  " if uri else "", ""),
        (uri, link),
    )
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=4, justify="right")
    grid.add_column(overflow="fold")
    for number, each in cited:
        sentence = Text(" ".join(HEADING.sub("", each.sentence).split()))
        if span:
            sentence.highlight_regex(rf"(?<!\w){re.escape(span)}(?!\w)", "bold green")
        grid.add_row(Text(f"[{number}]", style="cyan"), sentence)
    return Padding(Group(title, grid), (0, 0, 1, 0))


def _trace_line(answer: Answer) -> Text:
    trace = answer.trace
    cited = {each.passage for each in answer.citations}
    used = [each for each in answer.passages if each.passage.id in cited] or answer.passages
    most = max((each.hop for each in used), default=1)
    names = list(dict.fromkeys(seed.name for seed in trace.seeds.entities))[:2]
    told = [
        f"{answer.method}, confidence {answer.confidence:.2f}",
        f"{1 + len(trace.queries)} searches" if trace.queries else f"{most} hop{'s' if most > 1 else ''}",
        f"seeds: {', '.join(names)}" if names else "no seeds",
        f"search {_milliseconds(trace.timings_ms)}",
        *_spent(answer.usage),
    ]
    return Text(" · ".join(told), style="dim")


def _spent(usage: Usage) -> list[str]:
    """What the model was asked for, where one was."""
    if not usage.llm_calls:
        return []
    tokens = usage.prompt_tokens + usage.completion_tokens
    cost = f", cost {usage.cost:.4f}" if usage.cost else ""
    return [f"{usage.llm_calls} model call{'s' if usage.llm_calls > 1 else ''}, {tokens:,} tokens{cost}"]


def _passage_block(each: RankedPassage) -> RenderableType:
    passage = each.passage
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(width=3, justify="right")
    line.add_column(ratio=1)
    line.add_column(justify="right")
    title = Text(passage.title or passage.document, style="bold")
    for heading in passage.heading.split(" > "):
        if heading and heading != passage.title:
            title.append(f" › {heading}", style="not bold")
    if each.hop > 1:
        title.append(f"  hop {each.hop}", style="magenta")
    line.add_row(Text(f"{each.rank}.", style="cyan"), title, Text(f"{each.score:.2f}", style="dim"))
    below = Group(Text(_snippet(passage.text, passage.heading)), _why(each))
    return Group(line, Padding(below, (0, 0, 1, 4)))


def _why(each: RankedPassage) -> Text:
    """Its ranks, its path, and where it is from."""
    told = [" · ".join([*ranks(each.reasons), *paths(each.reasons)]), readable_uri(each.uri)]
    return Text("\n".join(filter(None, told)), style="dim")


def ranks(reasons: tuple[Reason, ...]) -> list[str]:
    """Where a passage stands by meaning, words and walk."""
    return [f"{RANKS[reason.kind]} {reason.rank}" for reason in reasons if reason.kind in RANKS]


def paths(reasons: tuple[Reason, ...]) -> list[str]:
    """The ways the walk came to a passage, in names; the fact, sentence or group that led to it."""
    kinds = (ReasonKind.PATH, ReasonKind.UNIT)
    texts = (reason.text for reason in reasons if reason.kind in kinds)
    return [textwrap.shorten(text, PATH_CHARACTERS, placeholder=" …") for text in texts]


def _snippet(text: str, heading: str) -> str:
    """The start of a passage, without the headings that stand above it already."""
    lines = [line for line in text.splitlines() if not HEADING.match(line)] if heading else [text]
    return textwrap.shorten(" ".join(" ".join(lines).split()), SNIPPET_CHARACTERS, placeholder=" …")


def _fallback(fallback: str) -> Text:
    return Text(f"The graph did not help, dense ranking answers: {fallback}", style="yellow")


def _milliseconds(timings: Mapping[str, float]) -> str:
    return f"{sum(timings.values()):.0f} ms"
