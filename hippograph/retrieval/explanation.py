"""Explanations: what a search walked from, where it went, and what put each passage above the next one.

A score is a sum of what each signal adds, in log-odds, so the difference of two scores is a sum of differences. It says
what the order is made of, not what would happen without a signal: signals that agree share what one of them would add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import Exploration, explore
from hippograph.retrieval.one_thread import one_blas_thread
from hippograph.retrieval.ranker import Ranker, ranker_of
from hippograph.retrieval.search import search
from hippograph.settings import RetrievalSettings
from hippograph.types import RankedPassage, Row, SearchResult, Triple, Vectors
from hippograph.vectors import on_grid

EXPLAINED = "hippograph"
"""The one method whose order is a sum that can be taken apart."""
FORMS = ("", "_share", "_rank")
"""What the ranker makes of a signal: itself, its share of the best, its reciprocal rank."""


@dataclass(frozen=True, slots=True)
class WalkedSentence:
    """A sentence that the walk started from: the things it names are seeds."""

    title: str
    text: str
    similarity: float
    """Its cosine with the question."""
    entities: tuple[str, ...]
    facts: tuple[Triple, ...]
    """What the index holds as claimed in it."""


@dataclass(frozen=True, slots=True)
class ExplainedPassage:
    """A ranked passage, what each signal says of it, and what that adds to its score."""

    found: RankedPassage
    signals: Mapping[str, float]
    contributions: Mapping[str, float]
    """By signal, in log-odds; empty for a passage that only follows the candidates."""
    above_next: Mapping[str, float]
    """By signal, what puts it above the next passage; where negative, what speaks for the next."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A search and everything behind its order."""

    question: str
    result: SearchResult
    sentences: tuple[WalkedSentence, ...]
    intercept: float
    """What every score begins with."""
    passages: tuple[ExplainedPassage, ...]
    """As many as were asked for; they are those of the result."""

    def is_taken_apart(self) -> bool:
        """Whether the order is a sum of signals; other methods and the fallback rank by one number."""
        return any(passage.contributions for passage in self.passages)


def explain_search(
    question: str, query_vector: Vectors, index: PublishedIndex, settings: RetrievalSettings, k: int
) -> Explanation:
    """The first k passages as `search` ranks them by `hippograph`, and why. It searches twice. Raises SettingsError."""
    result = search(question, query_vector, index, settings, k + 1, EXPLAINED)
    if not index.passage_count:
        return untaken(question, result, k)
    with one_blas_thread():
        found = explore(question, on_grid(query_vector), index, settings)
    ranker = ranker_of(index)
    parts = [] if found.fallback else [_parts(found, ranker, each.row) for each in result.passages]
    passages = tuple(
        ExplainedPassage(each, *here, _difference(here[1], _following(parts, place)))
        for place, (each, here) in enumerate(
            zip(result.passages, parts or [({}, {})] * (k + 1), strict=False)
        )
    )
    return Explanation(
        question, _first(result, k), walked_sentences(index, found), ranker.intercept, passages[:k]
    )


def untaken(question: str, result: SearchResult, k: int) -> Explanation:
    """A search by a method that ranks by one number: its passages, and nothing to take apart."""
    passages = tuple(ExplainedPassage(each, {}, {}, {}) for each in result.passages[:k])
    return Explanation(question, _first(result, k), (), 0.0, passages)


def walked_sentences(index: PublishedIndex, found: Exploration) -> tuple[WalkedSentence, ...]:
    """The sentences that entity seeds come from, nearest first, with the facts they claim."""
    rows = found.sentences.rows
    owners = index.passage_of_sentences(rows).tolist()
    told = []
    for row, owner, similarity in zip(rows.tolist(), owners, found.sentences.scores.tolist(), strict=True):
        passage, place = index.load_passage(Row(owner)), row - index.sentence_rows(Row(owner)).start
        facts = tuple(t for t in index.load_extraction(Row(owner)).triples if t.sentence == place)
        names = [index.entity_name(node) for node in index.entities_of_sentence(row).tolist()]
        told.append(
            WalkedSentence(passage.title, passage.sentences[place].text, similarity, tuple(names), facts)
        )
    return tuple(told)


def _parts(found: Exploration, ranker: Ranker, row: int) -> tuple[dict[str, float], dict[str, float]]:
    """Each signal of a candidate, and what its three forms add together; nothing for one beyond the pool."""
    places = np.flatnonzero(found.pool.rows == row)
    if not len(places):
        return {}, {}
    place = int(places[0])
    each = ranker.contributions(found.signals, place, found.ties)
    signals = {
        name: float(values[place]) for name, values in ranker.all_signals(found.signals, found.ties).items()
    }
    return signals, {name: sum(each[f"{name}{form}"] for form in FORMS) for name in signals}


def _difference(here: Mapping[str, float], following: Mapping[str, float]) -> dict[str, float]:
    """What puts one above the other, most telling first; nothing where either was not taken apart."""
    if not here or not following:
        return {}
    gaps = {name: value - following[name] for name, value in here.items()}
    return dict(sorted(gaps.items(), key=lambda item: -abs(item[1])))


def _following(parts: Sequence[tuple[dict[str, float], dict[str, float]]], place: int) -> Mapping[str, float]:
    return parts[place + 1][1] if place + 1 < len(parts) else {}


def _first(result: SearchResult, k: int) -> SearchResult:
    return SearchResult(result.passages[:k], result.trace)
