"""`search --explain`: what was walked from, where the walk went, and what put each passage above the next."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hippograph.cli.as_json import passage as passage_record
from hippograph.cli.as_json import trace as trace_record
from hippograph.cli.show import Screen, paths, ranks
from hippograph.retrieval.explanation import (
    EXPLAINED,
    ExplainedPassage,
    Explanation,
    WalkedSentence,
    explain_search,
    untaken,
)
from hippograph.retrieval.question import checked_question
from hippograph.types import Seed, WalkStep

if TYPE_CHECKING:
    from hippograph.engine import Hippograph

SENTENCE_CHARACTERS = 160
MOST_SEEDS = 8
MOST_PARTS = 4
"""How many signals are named for a passage, and how many against it."""
SMALLEST_PART = 0.005
"""Parts below this are noise on a screen; the JSON has them all."""

WORDS = {
    "dense": "near the question",
    "lexical": "shares its words",
    "sentence_dense": "a sentence near the question",
    "sentence_lexical": "a sentence with its words",
    "second": "near question and first hop together",
    "left_open": "near what the first hop leaves open",
    "chain": "its sentence completes one of the first hop",
    "linked_chain": "completes one that names it",
    "bridge": "shares a rare name with the first hop",
    "pointed_at": "the first hop names it",
    "points_back": "names what the first hop is about",
    "named": "the question names it",
    "walk": "the walk comes by",
    "walk_sharp": "the walk from names and meaning comes by",
    "walk_entities": "the walk from names comes by",
    "walk_dense": "the walk from near passages comes by",
    "walk_lexical": "the walk from shared words comes by",
    "believed_points": "one that is believed names it",
    "believed_back": "names what one that is believed is about",
    "believed_bridge": "shares a rare name with one that is believed",
    "fills": "has words of the question that one believed has not",
    "fills_linked": "has them and is tied to it by names",
    "fills_pointed": "has them and is what it names",
}
"""What a signal says of a passage."""


def explain(memory: Hippograph, question: str, k: int, method: str | None) -> Explanation:
    """The explanation of a search. Raises QuestionError, SettingsError."""
    retrieval = memory.settings.retrieval
    if (method or retrieval.method) != EXPLAINED:
        return untaken(question, memory.explain(question, k, method), k)
    vector = memory.embedder.embed_query(checked_question(question))
    return explain_search(question, vector, memory.index, retrieval, k)


def show_explanation(told: Explanation) -> None:
    """The explanation for people, top to bottom in the order the search went."""
    screen = Screen()
    trace = told.result.trace
    screen.print(_seeds(trace.seeds.entities, trace.seeds.passages))
    if told.sentences:
        screen.print(_section("Walked from", [_sentence(each) for each in told.sentences]))
    elif trace.seeds.facts:
        screen.print(_section("Walked from", [Text(_short(fact)) for fact in trace.seeds.facts]))
    if trace.walk:
        screen.print(_section("The walk", [Text(_walk(trace.walk))]))
    if trace.notes:
        screen.print(_section("What it did", [Text(note) for note in trace.notes]))
    if trace.fallback:
        screen.print(Text(f"The graph did not help, dense ranking answers: {trace.fallback}", style="yellow"))
    blocks = [_passage(each) for each in told.passages] or [Text("Nothing was found.")]
    screen.print(_section("Passages", blocks))
    screen.print(Text(_footer(told), style="dim"))


def explanation_record(told: Explanation) -> dict[str, Any]:
    """The explanation for programs: every signal and everything it adds."""
    return {
        "question": told.question,
        "trace": trace_record(told.result.trace),
        "sentences": [
            {
                "title": each.title,
                "text": each.text,
                "similarity": each.similarity,
                "entities": list(each.entities),
                "facts": [[fact.subject, fact.relation, fact.object] for fact in each.facts],
            }
            for each in told.sentences
        ],
        "intercept": told.intercept,
        "passages": [
            {
                **passage_record(each.found),
                "signals": dict(each.signals),
                "contributions": dict(each.contributions),
                "above_next": dict(each.above_next),
            }
            for each in told.passages
        ],
    }


def _section(title: str, blocks: list[RenderableType]) -> RenderableType:
    return Padding(
        Group(Text(title, style="bold cyan"), *(Padding(b, (0, 0, 0, 2)) for b in blocks)), (0, 0, 1, 0)
    )


def _seeds(entities: tuple[Seed, ...], passages: tuple[Seed, ...]) -> RenderableType:
    blocks: list[RenderableType] = []
    if entities:
        blocks.append(_shares("names", entities, is_share=True))
    if passages:
        blocks.append(_shares("passages", passages, is_share=False))
    return _section("Seeds", blocks or [Text("none")])


def _shares(kind: str, seeds: tuple[Seed, ...], is_share: bool) -> RenderableType:
    """Seeds with their share of the restarts; passages with their cosine."""
    line = Table.grid(padding=(0, 1))
    line.add_column(width=9, style="dim")
    line.add_column(overflow="fold")
    told = [
        f"{s.name} {s.weight:.0%}" if is_share else f"{s.name} {s.weight:.2f}" for s in seeds[:MOST_SEEDS]
    ]
    more = len(seeds) - MOST_SEEDS
    line.add_row(kind, Text(" · ".join([*told, *([f"{more} more"] if more > 0 else [])])))
    return line


def _sentence(each: WalkedSentence) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    line.add_column(width=4, justify="right", style="dim")
    line.add_column(overflow="fold")
    title = f"{each.title}: " if each.title else ""
    line.add_row(f"{each.similarity:.2f}", Text.assemble((title, "bold"), _short(each.text)))
    for fact in each.facts:
        line.add_row("", Text(f"{fact.subject} – {fact.relation} – {fact.object}", style="green"))
    return line


def _walk(steps: tuple[WalkStep, ...]) -> str:
    names = {0: "at its seeds", 1: "one edge away"}
    return " · ".join(
        f"{step.mass:.0%} {names.get(step.edges, 'further')} ({step.nodes:,} nodes)" for step in steps
    )


def _passage(each: ExplainedPassage) -> RenderableType:
    found = each.found
    hop = f"  hop {found.hop}" if found.hop > 1 else ""
    title = Text.assemble(
        (f"{found.rank}. ", "cyan"), (found.passage.title or found.passage.document, "bold"), (hop, "magenta")
    )
    title.append(f"  {found.score:.2f}", style="dim")
    lines = [title, Text(" · ".join([*ranks(found.reasons), *paths(found.reasons)]), style="dim")]
    if each.contributions:
        lines.append(Text(f"speaks for it: {_parts(each.contributions, 1) or 'nothing'}"))
    if each.above_next:
        gap = sum(each.above_next.values())
        lines.append(
            Text(f"above the next by {gap:.2f}: {_parts(each.above_next, 1) or 'nothing tells them apart'}")
        )
        if against := _parts(each.above_next, -1):
            lines.append(Text(f"although for the next: {against}", style="dim"))
    return Padding(Group(*(line for line in lines if line.plain)), (0, 0, 1, 0))


def _parts(parts: Mapping[str, float], sign: int) -> str:
    """The strongest parts of one sign, in words."""
    told = sorted(((sign * value, name) for name, value in parts.items()), key=lambda part: -part[0])
    strong = [(value, name) for value, name in told if value >= SMALLEST_PART][:MOST_PARTS]
    return ", ".join(f"{_in_words(name)} {value:+.2f}" for value, name in strong)


def _in_words(signal: str) -> str:
    return WORDS.get(signal, signal.replace("_", " "))


def _footer(told: Explanation) -> str:
    method = told.result.trace.method
    if told.is_taken_apart():
        return (
            f"{method} · parts are in log-odds and add up: each score is {told.intercept:.2f} and its parts"
        )
    return f"{method} ranks by one number: there is nothing to take apart"


def _short(text: str) -> str:
    return textwrap.shorten(" ".join(text.split()), SENTENCE_CHARACTERS, placeholder=" …")
