"""Several searches for one question: their passages in one order, and how the searching came to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from hippograph.prompts.fencing import as_data
from hippograph.types import PassageId, RankedPassage

Search: TypeAlias = Callable[[str], Sequence[RankedPassage]]
"""From a query to passages, best first."""

LONGEST_QUERY = 500
"""Characters of a model's query that are searched for."""
LONGEST_PARAGRAPH = 600
"""Words; a longer passage is found but not shown to the model (IRCoT's code)."""
RRF_K = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


class Merge(StrEnum):
    """How the passages of several searches come into one order."""

    BEST = "best"
    """By the best score over the searches, each search's scores stretched to 0 to 1 (HippoRAG with IRCoT)."""
    RRF = "rrf"
    """By the sum of 1 / (60 + rank): needs no scores that can be compared."""
    FIRST = "first"
    """In the order they were found, search after search (IRCoT)."""


class Stop(StrEnum):
    """Why no further search was made."""

    ANSWERED = "answered"
    ENOUGH = "enough"
    NOTHING_NEW = "nothing_new"
    NOTHING_SAID = "nothing_said"
    ALL_PARTS = "all_parts"
    HOPS = "hops"
    THOUGHTS = "thoughts"
    BUDGET = "budget"
    """Calls, seconds or tokens were used up: what was found until then is returned, with a warning."""
    FAILED = "failed"
    """A call failed: what was found until then is returned, with a warning."""


@dataclass(frozen=True, slots=True)
class Round:
    """One search: what was searched for, what the model thought before it, and what was found."""

    query: str
    passages: tuple[RankedPassage, ...]
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Every passage of every round once, in one order; `hop` is the round that found it first."""

    passages: tuple[RankedPassage, ...]
    rounds: tuple[Round, ...]
    stop: Stop
    warnings: tuple[str, ...] = ()

    def queries(self) -> tuple[str, ...]:
        """What was searched for after the question, in order."""
        return tuple(each.query for each in self.rounds[1:])


def pooled(rounds: Sequence[Round], stop: Stop, how: Merge, warnings: Sequence[str] = ()) -> Pooled:
    """The rounds and their passages in one order."""
    return Pooled(merged([each.passages for each in rounds], how), tuple(rounds), stop, tuple(warnings))


def merged(lists: Sequence[Sequence[RankedPassage]], how: Merge) -> tuple[RankedPassage, ...]:
    """The passages of several rankings in one, each once; among equals, what was found first."""
    first: dict[PassageId, RankedPassage] = {}
    scores: dict[PassageId, float] = {}
    for round_number, ranking in enumerate(lists, start=1):
        for rank, (each, score) in enumerate(zip(ranking, _stretched(ranking), strict=True), start=1):
            name = each.passage.id
            if name not in first:
                first[name] = replace(each, hop=max(each.hop, round_number))
            if how is Merge.BEST:
                scores[name] = max(scores.get(name, 0.0), score)
            elif how is Merge.RRF:
                scores[name] = scores.get(name, 0.0) + 1 / (RRF_K + rank)
            else:
                scores.setdefault(name, 1 / len(first))
    order = sorted(first, key=lambda name: -scores[name])
    return tuple(
        replace(first[name], rank=rank, score=scores[name]) for rank, name in enumerate(order, start=1)
    )


def _stretched(ranking: Sequence[RankedPassage]) -> list[float]:
    """Scores from 0 to 1; all ones where they are equal."""
    scores = [each.score for each in ranking]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return [(score - low) / (high - low) if high > low else 1.0 for score in scores]


def paragraphs(passages: Sequence[RankedPassage], most: int) -> list[str]:
    """The first passages as lines of data for a prompt: title and text, without those too long to read."""
    short = [each.passage for each in passages if len(each.passage.text.split()) <= LONGEST_PARAGRAPH]
    return [
        f"({number}) {as_data(passage.context()) or 'untitled'}: {as_data(passage.text)}"
        for number, passage in enumerate(short[:most], start=1)
    ]


def same_words(text: str) -> str:
    """What two queries share when one only repeats the other."""
    return " ".join(text.casefold().split()).rstrip(".?!")
