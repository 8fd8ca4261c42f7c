"""`hybrid`: the dense and the BM25 ranking, fused by their ranks.

A baseline of its own: no graph, no walk, nothing trained.
"""

from __future__ import annotations

from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Ranking, dense_ranking, lexical_ranking
from hippograph.retrieval.reasons import ranked_by
from hippograph.retrieval.search import Stopwatch
from hippograph.retrieval.ways.fusion import as_passages, followed_by_dense, fuse
from hippograph.settings import RetrievalSettings
from hippograph.types import Reason, ReasonKind, SearchResult, SearchTrace, Seeds, Vectors

DEPTH = 100
"""How deep the two rankings are read. A list that is asked for beyond goes on in the order of the dense ranking."""

NO_WORDS = "no passage shares a word with the question, so passages are ranked by dense similarity alone"


def hybrid(
    question: str, query_vector: Vectors, index: PublishedIndex, settings: RetrievalSettings, k: int
) -> SearchResult:
    """Passages by 1 / (60 + rank) in the dense ranking and in that of BM25, added up."""
    watch = Stopwatch()
    dense = dense_ranking(index, query_vector, DEPTH)
    watch.lap("dense")
    lexical = lexical_ranking(index, index.lexical_scores(question), DEPTH)
    watch.lap("lexical")
    order = followed_by_dense(index, fuse(index, [dense, lexical]), query_vector, k)
    ranks = {ReasonKind.DENSE: _ranks(dense), ReasonKind.LEXICAL: _ranks(lexical)}

    def reasons(row: int) -> tuple[Reason, ...]:
        return tuple(ranked_by(kind, places[row]) for kind, places in ranks.items() if row in places)

    passages = as_passages(index, order, reasons)
    watch.lap("fuse")
    fallback = None if len(lexical.rows) else NO_WORDS
    both = len(ranks[ReasonKind.DENSE].keys() & ranks[ReasonKind.LEXICAL].keys())
    notes = (f"{len(dense.rows)} passages by meaning, {len(lexical.rows)} by words, {both} of them the same",)
    trace = SearchTrace("hybrid", Seeds(), fallback, watch.timings_ms, notes=notes)
    return SearchResult(passages, trace)


def _ranks(ranking: Ranking) -> dict[int, int]:
    return {row: rank for rank, row in enumerate(ranking.rows.tolist(), start=1)}
