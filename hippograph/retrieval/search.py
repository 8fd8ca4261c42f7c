"""One search: from a question and its vector to ranked passages with reasons.

Each method is a function from a question to an order of passages; `hippograph` explores the graph and orders what it
found, `dense` and `bm25` are the two rankings it must never fall behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from hippograph.errors import EmbeddingError, SettingsError
from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import Exploration, explore
from hippograph.retrieval.one_thread import one_blas_thread
from hippograph.retrieval.ranker import TUNED, Ranker, ranker_of
from hippograph.retrieval.rankings import Ranking, dense_ranking, lexical_ranking
from hippograph.retrieval.reasons import explain_passage, ranked_by
from hippograph.retrieval.seeds import describe
from hippograph.retrieval.steps import walk_steps
from hippograph.settings import RetrievalSettings
from hippograph.types import (
    RankedPassage,
    Reason,
    ReasonKind,
    Row,
    SearchResult,
    SearchTrace,
    Seeds,
    Vectors,
)
from hippograph.vectors import on_grid

Method = Callable[[str, Vectors, PublishedIndex, RetrievalSettings, int], SearchResult]
"""From a question and its vector, an index, the settings and k to the k best passages."""

NO_MORE: Mapping[str, Method] = {}

NOTHING_THERE = "the index holds no passage"
NO_DIRECTION = (
    "The vector of the question is zero, so nothing is near it: only its words and names were searched for."
)
READS_WORDS = "bm25"

ORDERED_BY_TUNED = "ordered by the ranker that was tuned to this index"

SCORE_DECIMALS = 9
"""Final scores are rounded to this: a matrix product's last bits depend on where a row stands in it."""


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds of each step, in order."""

    timings_ms: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, step: str) -> None:
        """The time since the last lap belongs to this step."""
        now = time.perf_counter()
        self.timings_ms[step] = self.timings_ms.get(step, 0.0) + (now - self._last) * 1000
        self._last = now


def search(
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
    method: str,
    more: Mapping[str, Method] = NO_MORE,
) -> SearchResult:
    """The k best passages by a method of METHODS, or by one `more` that needs other things than an index.

    Raises SettingsError for an unknown method or a k below one, EmbeddingError for a vector that is none.
    """
    methods = {**METHODS, **more}
    if not isinstance(k, int) or k < 1:
        raise SettingsError(f"{k!r} passages were asked for; ask for a whole number, at least one.")
    if not isinstance(method, str) or method not in methods:
        raise SettingsError(f"The method {method!r} is unknown. Known are {', '.join(methods)}.")
    if not index.passage_count:
        return SearchResult((), SearchTrace(method, Seeds(), NOTHING_THERE, {}))
    if method != READS_WORDS and not np.isfinite(query_vector).all():
        raise EmbeddingError(
            "The vector of the question holds a number that is not finite (NaN or infinity)."
        )
    query_vector = on_grid(query_vector)
    with one_blas_thread():
        found = methods[method](question, query_vector, index, settings, min(k, index.passage_count))
    if query_vector.any() or method == READS_WORDS:
        return found
    return replace(found, trace=replace(found.trace, warnings=(*found.trace.warnings, NO_DIRECTION)))


def _hippograph(
    question: str, query_vector: Vectors, index: PublishedIndex, settings: RetrievalSettings, k: int
) -> SearchResult:
    """The walk, its second hop and the linear order of what they found."""
    watch = Stopwatch()
    found, ranker = explore(question, query_vector, index, settings, watch.lap), ranker_of(index)
    order = order_pool(index, found, ranker)
    if k > len(order.rows):
        found = replace(found, dense=dense_ranking(index, query_vector, k))
        order = order_pool(index, found, ranker)
    watch.lap("order")
    passages = tuple(
        ranked_passage(index, rank, row, score, found.hop(row), explain_passage(index, found, row))
        for rank, (row, score) in enumerate(
            zip(order.rows[:k].tolist(), order.scores[:k].tolist(), strict=True), start=1
        )
    )
    seeds = describe(index, found.entities, found.dense_seeds, found.sentences)
    walk = walk_steps(index, found, settings)
    watch.lap("explain")
    notes = (ORDERED_BY_TUNED,) if ranker.name == TUNED and not found.fallback else ()
    return SearchResult(
        passages,
        SearchTrace("hippograph", seeds, found.fallback, watch.timings_ms, notes=notes, walk=walk),
    )


def order_pool(index: PublishedIndex, found: Exploration, ranker: Ranker) -> Ranking:
    """The candidates in their final order; without seeds in the graph, in the order of the dense ranking.

    What the dense ranking holds beyond the pool follows it, each as far below the pool's last as its cosine is
    below one.
    """
    if found.fallback:
        return found.dense
    scores = np.round(ranker.scores(found.signals, found.ties), SCORE_DECIMALS)
    order = Ranking.of(found.pool.rows, scores, index.keys_of(found.pool.rows))
    beyond = ~np.isin(found.dense.rows, order.rows)
    scores = order.scores[-1] + np.minimum(found.dense.scores[beyond] - 1, 0)
    return Ranking(
        np.concatenate([order.rows, found.dense.rows[beyond]]), np.concatenate([order.scores, scores])
    )


def _dense(
    question: str, query_vector: Vectors, index: PublishedIndex, settings: RetrievalSettings, k: int
) -> SearchResult:
    watch = Stopwatch()
    ranking = dense_ranking(index, query_vector, k)
    watch.lap("dense")
    return _plain(index, ranking, "dense", ReasonKind.DENSE, watch)


def _bm25(
    question: str, query_vector: Vectors, index: PublishedIndex, settings: RetrievalSettings, k: int
) -> SearchResult:
    watch = Stopwatch()
    ranking = lexical_ranking(index, index.lexical_scores(question), k)
    watch.lap("lexical")
    return _plain(index, ranking, "bm25", ReasonKind.LEXICAL, watch)


METHODS: Mapping[str, Method] = {"hippograph": _hippograph, "dense": _dense, "bm25": _bm25}


def _plain(
    index: PublishedIndex, ranking: Ranking, method: str, kind: ReasonKind, watch: Stopwatch
) -> SearchResult:
    passages = tuple(
        ranked_passage(index, rank, row, score, 1, (ranked_by(kind, rank),))
        for rank, (row, score) in enumerate(
            zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True), start=1
        )
    )
    return SearchResult(passages, SearchTrace(method, Seeds(), None, watch.timings_ms))


def ranked_passage(
    index: PublishedIndex, rank: int, row: int, score: float, hop: int, reasons: tuple[Reason, ...]
) -> RankedPassage:
    """The passage of a row as a result."""
    passage = index.load_passage(Row(row))
    origin = index.origin_of(Row(row))
    return RankedPassage(rank, Row(row), passage, score, hop, origin.uri, origin.timestamp, reasons)
