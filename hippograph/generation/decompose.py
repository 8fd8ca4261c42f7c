"""Question decomposition: a question of several steps becomes questions of one, asked in turn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hippograph.errors import BudgetSpent, GenerationError
from hippograph.generation.pool import LONGEST_QUERY, Merge, Pooled, Round, Search, Stop, paragraphs, pooled
from hippograph.ports import Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.types import ModelRequest, RankedPassage

MOST_PARTS = 5
MOST_PARAGRAPHS = 5

PARTS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"parts": {"type": "array", "items": {"type": "string"}}},
    "required": ["parts"],
    "additionalProperties": False,
}
STEP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"in_documents": {"type": "boolean"}, "short": {"type": "string"}},
    "required": ["in_documents", "short"],
    "additionalProperties": False,
}
_REFERENCE = re.compile(r"#(\d+)")


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The parts of a question in the order they are answered; "#1" in a later one stands for the first's answer."""

    parts: tuple[str, ...]
    """One part, the question itself, where it has one step or the call failed."""
    warning: str | None = None


def decompose(question: str, generator: Generator) -> Decomposition:
    """The one-step questions that a question is made of. A failed call is told in `warning`."""
    asked = one_line(question)
    messages = render("decompose", question=asked, most=str(MOST_PARTS))
    try:
        data = generator.generate(ModelRequest(messages, "decompose", PARTS_SCHEMA)).data
    except GenerationError as error:
        return Decomposition((question,), f"The question was not taken apart, as a call failed: {error}")
    given = data.get("parts") if isinstance(data, dict) else None
    parts = (
        [one_line(each)[:LONGEST_QUERY] for each in given if isinstance(each, str)]
        if isinstance(given, list)
        else []
    )
    known = [part for part in parts if part][:MOST_PARTS]
    return Decomposition(tuple(known) or (question,))


def search_by_parts(
    question: str,
    search: Search,
    generator: Generator,
    max_hops: int = 4,
    merge: Merge = Merge.RRF,
    most_paragraphs: int = MOST_PARAGRAPHS,
) -> Pooled:
    """Search for the question, then for each of its parts, with the answers of earlier parts in later ones.

    A part whose "#1" nobody could answer is passed over. `max_hops` counts searches.
    """
    rounds = [Round(question, tuple(search(question)))]
    if max_hops < 2:
        return pooled(rounds, Stop.HOPS, merge)
    taken_apart = decompose(question, generator)
    warnings = [taken_apart.warning] if taken_apart.warning else []
    if taken_apart.parts == (question,):
        return pooled(rounds, Stop.FAILED if warnings else Stop.ALL_PARTS, merge, warnings)
    answers: dict[int, str] = {}
    for number, part in enumerate(taken_apart.parts, start=1):
        if len(rounds) >= max_hops:
            return pooled(rounds, Stop.HOPS, merge, warnings)
        query = with_answers(part, answers)
        if query is None:
            continue
        found = tuple(search(query))
        rounds.append(Round(query, found, part))
        if not _is_needed(number, taken_apart.parts):
            continue
        try:
            answer = _answer_step(query, found, generator, most_paragraphs)
        except BudgetSpent as error:
            return pooled(
                rounds, Stop.BUDGET, merge, [*warnings, f"Searching by parts stopped early: {error}"]
            )
        except GenerationError as error:
            warnings.append(f"A part of the question was not answered, as a call failed: {error}")
            return pooled(rounds, Stop.FAILED, merge, warnings)
        if answer:
            answers[number] = answer
    return pooled(rounds, Stop.ALL_PARTS, merge, warnings)


def with_answers(part: str, answers: dict[int, str]) -> str | None:
    """The part with "#1" replaced by the first part's answer; None where an answer is missing.

    >>> with_answers("Where was #1 born?", {1: "Ada Quist"})
    'Where was Ada Quist born?'
    """
    needed = {int(number) for number in _REFERENCE.findall(part)}
    if not needed <= set(answers):
        return None
    return _REFERENCE.sub(lambda found: answers[int(found[1])], part)


def _is_needed(number: int, parts: Sequence[str]) -> bool:
    return any(str(number) in _REFERENCE.findall(part) for part in parts[number:])


def _answer_step(
    query: str, found: Sequence[RankedPassage], generator: Generator, most_paragraphs: int
) -> str | None:
    """The short answer of one part from its passages; None where they do not hold it."""
    fenced = fence([f"question: {as_data(query)}", *paragraphs(found, most_paragraphs)])
    messages = render("answer_step", mark=fenced.mark, data=fenced.text)
    data = generator.generate(ModelRequest(messages, "answer_step", STEP_SCHEMA)).data
    record = data if isinstance(data, dict) else {}
    if record.get("in_documents") is not True or not isinstance(record.get("short"), str):
        return None
    return one_line(record["short"])[:LONGEST_QUERY] or None
