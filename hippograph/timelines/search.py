"""Search in time: each happening of a question by itself, and what was said on the days that it names first.

A question that compares two happenings is near neither: its words are spread over both. So each is searched for, and
the two rankings take turns. Everything else is found as the plain search finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from hippograph.ports import Embedder
from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Rows
from hippograph.retrieval.search import Method, ranked_passage, search
from hippograph.settings import RetrievalSettings
from hippograph.timelines.questions import TimedQuestion, read_timed
from hippograph.types import RankedPassage, Reason, ReasonKind, SearchResult, Vectors
from hippograph.vectors import on_grid

METHOD, USUAL = "timeline", "hippograph"
DEPTH = 50
"""How many passages of a ranking are looked through for those of the time that a question names."""
MOST_OF_A_TIME = 2000
"""Of a time with more passages than this, only those that a ranking holds come first."""
MOST_ADDED = 10
"""How many passages of the named time are taken in that no ranking holds: those nearest the question."""
RANK_OFFSET = 5
FOUND_FOR = "found for: "

RowsWithin = Callable[[TimedQuestion], Rows]
"""The rows of passages that were observed in a time that a question names."""


def timeline_method(embedder: Embedder, rows_within: RowsWithin) -> Method:
    """The method of this module, as a search by name wants it."""

    def look(
        question: str, query_vector: Vectors, index: PublishedIndex, settings: RetrievalSettings, k: int
    ) -> SearchResult:
        return search_in_time(question, query_vector, index, settings, k, embedder, rows_within)

    return look


def search_in_time(
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
    embedder: Embedder,
    rows_within: RowsWithin,
) -> SearchResult:
    """The k best passages. Of a question that says nothing of time, those of the plain search."""
    asked = read_timed(question)
    if not asked.events and not asked.names_time():
        found = search(question, query_vector, index, settings, k, USUAL)
        return replace(found, trace=replace(found.trace, method=METHOD))
    depth = max(k, DEPTH)
    if not asked.events:
        found = search(question, query_vector, index, settings, depth, USUAL)
        passages = first_of_time(asked, found.passages, query_vector, index, rows_within)
        return _numbered(found, passages[:k])
    results, rankings = [], []
    for event in asked.events:
        told, vector = read_timed(event), embedder.embed_query(event)
        results.append(search(event, vector, index, settings, depth, USUAL))
        ranking = [_found_for(each, event) for each in results[-1].passages]
        if told.names_time():
            moved = first_of_time(told, ranking, vector, index, rows_within)
            # The day of a happening may be the day it is about and not the day it was told: both take turns.
            ranking = take_turns([[each for each in moved if told.covers_of(each)], ranking])
        rankings.append(ranking)
    merged = _numbered(results[0], take_turns(rankings)[:k])
    return replace(merged, trace=replace(merged.trace, queries=asked.events))


def first_of_time(
    asked: TimedQuestion,
    passages: Sequence[RankedPassage],
    query_vector: Vectors,
    index: PublishedIndex,
    rows_within: RowsWithin,
) -> list[RankedPassage]:
    """Passages of the named time first, in their order; then those of it that no ranking holds; then the others."""
    inside = [_dated(each) for each in passages if asked.covers_of(each)]
    outside = [each for each in passages if not asked.covers_of(each)]
    rows = np.setdiff1d(rows_within(asked), [each.row for each in passages])
    if 0 < len(rows) <= MOST_OF_A_TIME:
        near = np.round(index.passage_vectors.vectors(rows) @ on_grid(query_vector), 6)
        best = np.lexsort((index.keys_of(rows), -near))[:MOST_ADDED]
        inside += [
            _dated(ranked_passage(index, 0, int(rows[place]), float(near[place]), 1, ()))
            for place in best.tolist()
        ]
    return [*inside, *outside]


def take_turns(rankings: Sequence[Sequence[RankedPassage]]) -> list[RankedPassage]:
    """The first of each ranking, then the second of each; what stands in several is taken once."""
    merged: dict[int, RankedPassage] = {}
    for row in zip_longest(*rankings):
        for each in row:
            if each is not None:
                merged.setdefault(each.row, each)
    return list(merged.values())


def is_found_for(found: RankedPassage, event: str) -> bool:
    """Whether a passage was found for a happening of the question."""
    return any(
        reason.kind is ReasonKind.TIME and reason.text == f"{FOUND_FOR}{event}" for reason in found.reasons
    )


def _dated(found: RankedPassage) -> RankedPassage:
    day = found.timestamp.date().isoformat() if found.timestamp else ""
    return replace(
        found, reasons=(*found.reasons, Reason(ReasonKind.TIME, f"of {day}, a time that is asked for"))
    )


def _found_for(found: RankedPassage, event: str) -> RankedPassage:
    return replace(found, reasons=(Reason(ReasonKind.TIME, f"{FOUND_FOR}{event}"), *found.reasons))


def _numbered(found: SearchResult, passages: Sequence[RankedPassage]) -> SearchResult:
    """The passages with their places; scores are reciprocal ranks, as those of several searches do not compare."""
    ranked = tuple(
        replace(each, rank=rank, score=1 / (RANK_OFFSET + rank))
        for rank, each in enumerate(passages, start=1)
    )
    return SearchResult(ranked, replace(found.trace, method=METHOD))
