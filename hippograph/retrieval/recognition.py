"""Recognition memory: a model looks at the candidate facts and says which help (HippoRAG 2, section 3.3).

It answers with numbers, so nothing it writes has to be matched with a fact. Upstream cannot tell "none of them helps"
from "the call failed"; here they are two outcomes, and the caller goes two ways: dense ranking, and the facts as they
were with a warning in the trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hippograph.errors import GenerationError
from hippograph.ports import Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence
from hippograph.types import ModelRequest, Usage

MOST = 4
"""How many facts the model is asked for at most, as upstream's prompt does."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"relevant": {"type": "array", "items": {"type": "integer"}}},
    "required": ["relevant"],
    "additionalProperties": False,
}


class RecognitionOutcome(StrEnum):
    """What came of it."""

    KEPT = "kept"
    """Some facts help: seed the walk from these."""
    NOTHING_RELEVANT = "nothing_relevant"
    """The model looked, and none helps: rank by meaning alone."""
    FAILED = "failed"
    """Nobody looked: use the facts unfiltered, and say so in the trace."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which facts to go on with, and what came of asking."""

    outcome: RecognitionOutcome
    kept: tuple[int, ...]
    """Places in the given facts, rising: the helpful ones, none, or all of them where the call failed."""
    warning: str | None = None
    usage: Usage = field(default_factory=Usage)


def recognise(question: str, facts: Sequence[str], generator: Generator, most: int = MOST) -> Recognition:
    """Which of the facts help to answer the question. No facts is "nothing relevant", without a call.

    Numbers that no fact has are passed over; a reply of nothing but such numbers is a failure.
    """
    if not facts:
        return Recognition(RecognitionOutcome.NOTHING_RELEVANT, ())
    try:
        reply = generator.generate(recognition_request(question, facts, most))
    except GenerationError as error:
        return _failed(facts, str(error).rstrip("."))
    numbers = _numbers(reply.data)
    if numbers is None:
        return _failed(facts, "the reply is not a list of numbers", reply.usage)
    known = list(dict.fromkeys(number for number in numbers if 1 <= number <= len(facts)))[:most]
    if numbers and not known:
        return _failed(facts, "the reply names only numbers that no fact has", reply.usage)
    if not known:
        return Recognition(RecognitionOutcome.NOTHING_RELEVANT, (), usage=reply.usage)
    return Recognition(
        RecognitionOutcome.KEPT, tuple(sorted(number - 1 for number in known)), usage=reply.usage
    )


def recognition_request(question: str, facts: Sequence[str], most: int = MOST) -> ModelRequest:
    """What the model is asked: the question and the facts, numbered from 1, fenced as data."""
    numbered = [f"[{number}] {as_data(fact)}" for number, fact in enumerate(facts, start=1)]
    fenced = fence([f"question: {as_data(question)}", *numbered])
    messages = render("recognise", mark=fenced.mark, facts=fenced.text, most=str(most))
    return ModelRequest(messages, "recognise", SCHEMA)


def _numbers(data: Any) -> list[int] | None:
    found = data.get("relevant") if isinstance(data, dict) else None
    if not isinstance(found, list):
        return None
    numbers = [each for each in found if isinstance(each, int) and not isinstance(each, bool)]
    return None if found and not numbers else numbers


def _failed(facts: Sequence[str], why: str, usage: Usage | None = None) -> Recognition:
    warning = f"The facts that seed the walk were not filtered by the model: {why}."
    return Recognition(RecognitionOutcome.FAILED, tuple(range(len(facts))), warning, usage or Usage())
