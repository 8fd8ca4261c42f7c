"""Eviction: which unit leaves when a working memory is full."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class HasRelevance(Protocol):
    """A unit in a memory."""

    @property
    def relevance(self) -> float:
        """How much it has to do with the question."""
        ...


Evict = Callable[[Sequence[HasRelevance]], int]
"""The place of the unit that leaves, among all that are held, the oldest first."""


def oldest(held: Sequence[HasRelevance]) -> int:
    """First in, first out, as EWE has it (section 3.3); leaving by relevance was not better there."""
    return 0


def least_relevant(held: Sequence[HasRelevance]) -> int:
    """The one least like the question; of several, the oldest."""
    return min(range(len(held)), key=lambda place: (held[place].relevance, place))


EVICTIONS: Mapping[str, Evict] = {"fifo": oldest, "relevance": least_relevant}
