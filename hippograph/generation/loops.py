"""The ways a search goes on from what it found, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from hippograph.errors import SettingsError
from hippograph.generation.decompose import search_by_parts
from hippograph.generation.ircot import ircot
from hippograph.generation.pool import Pooled, Search
from hippograph.generation.refine import refine_and_pool
from hippograph.ports import Generator
from hippograph.settings import AnswerSettings
from hippograph.types import RankedPassage, SearchResult


class Loop(Protocol):
    """Searches for a question, and for what comes up on the way."""

    def __call__(self, question: str, search: Search, generator: Generator, max_hops: int) -> Pooled:
        """Every passage that was found, in one order. A failed call ends it, with a warning."""
        ...


LOOPS: Mapping[str, Loop] = {"decompose": search_by_parts, "ircot": ircot, "refine": refine_and_pool}


def look_further(
    question: str,
    search: Callable[[str], SearchResult],
    generator: Generator | None,
    limits: AnswerSettings,
) -> SearchResult:
    """The passages of a whole loop, with the trace of its first search, what was searched for then, and warnings.

    Raises SettingsError without a model, or for an unknown loop.
    """
    if limits.loop not in LOOPS:
        raise SettingsError(
            f"The loop {limits.loop!r} is unknown. Known are none, {', '.join(sorted(LOOPS))}."
        )
    if generator is None:
        raise SettingsError(
            f"answer.loop = {limits.loop!r} needs a language model: set models.generator, or answer.loop to 'none'."
        )
    results: list[SearchResult] = []

    def look(query: str) -> Sequence[RankedPassage]:
        results.append(search(query))
        return results[-1].passages

    found = LOOPS[limits.loop](question, look, generator, limits.max_hops)
    first = results[0].trace
    return SearchResult(
        found.passages,
        replace(
            first,
            warnings=(*(each for result in results for each in result.trace.warnings), *found.warnings),
            queries=found.queries(),
            timings_ms=_summed([result.trace.timings_ms for result in results]),
        ),
    )


def _summed(timings: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for each in timings for name in each)
    return {name: sum(each.get(name, 0.0) for each in timings) for name in names}
