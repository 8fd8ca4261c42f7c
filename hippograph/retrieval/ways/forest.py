"""`forest`: a view over the whole corpus, for questions that no few passages answer.

Leiden communities of passages that name the same things form trees (as in GraphRAG, Edge et al. 2024, and the semantic
forest of Embodied-RAG, Xie et al. 2024). A list is dealt out over the groups, from the outermost inwards: more places
for larger groups and for those nearer the question, so that it covers the corpus before it repeats itself.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Ranking, Rows, Values, dense_ranking
from hippograph.retrieval.search import SCORE_DECIMALS, Stopwatch
from hippograph.retrieval.ways.fusion import as_passages, followed_by_dense
from hippograph.retrieval.ways.summaries import Told
from hippograph.retrieval.ways.summary_forest import MOST_PASSAGES, OUTERMOST, SummaryForest
from hippograph.retrieval.ways.units import central_sentences
from hippograph.settings import RetrievalSettings
from hippograph.types import Node, Reason, ReasonKind, Row, SearchResult, SearchTrace, Seed, Seeds, Vectors

Forests = Callable[[PublishedIndex, Rows], SummaryForest]
"""Makes the forest over some passages, or gives the one that was made."""

TEMPERATURE = 0.3
"""In cosines: a group 0.3 further from the question than the nearest beside it weighs 0.37 of it."""
SIZE = 0.5
"""A group of four times the passages weighs twice as much."""
DEALT = 200
"""How many places are dealt out; a longer list goes on in the order of the dense ranking."""
SHOWN = 5
"""How many groups the trace describes."""
NAMES = 3
READ = 8
"""How many of a group's passages are read for its summary, the most central ones."""
TOLD = 8
"""How many of their sentences are summed up."""
NEAREST = 5_000
"""How many passages are grouped where the corpus is too large to be grouped as a whole."""

NOT_JOINED = "no two passages name the same thing, so passages are ranked by dense similarity alone"


def forest(
    forests: Forests,
    tell: Callable[[Sequence[str]], Told],
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
) -> SearchResult:
    """Passages dealt out over the groups of the forest, each group's nearest its middle and the question first.

    `tell` sums up the central sentences of a group: it is asked for the few groups that the list holds most of.
    """
    watch = Stopwatch()
    is_whole = index.passage_count <= MOST_PASSAGES
    rows = _all(index) if is_whole else dense_ranking(index, query_vector, NEAREST).rows
    trees = forests(index, rows)
    watch.lap("forest")
    if not trees.is_joined:
        order = dense_ranking(index, query_vector, k)
        trace = SearchTrace("forest", Seeds(), NOT_JOINED, watch.timings_ms)
        return SearchResult(as_passages(index, order, lambda row: ()), trace)
    dealt = _dealt(trees, index, query_vector)
    order = followed_by_dense(index, dealt.ranking, query_vector, k)
    watch.lap("deal")
    leaf = dict(zip(dealt.ranking.rows.tolist(), dealt.leaves, strict=True))
    shown = [group for group, _ in Counter(dealt.leaves[:k]).most_common(SHOWN)]
    names = {group: _names(index, trees, group) for group in dict.fromkeys(dealt.leaves[:k])}

    def reasons(row: int) -> tuple[Reason, ...]:
        if row not in leaf or leaf[row] not in names:
            return ()
        about = ", ".join(name for _, name in names[leaf[row]]) or "no common name"
        return (Reason(ReasonKind.UNIT, f"one of {trees.sizes[leaf[row]]} passages about {about}"),)

    passages = as_passages(index, order, reasons)
    total = float(sum(trees.sizes[group] for group in shown)) or 1.0
    entities = tuple(
        Seed(node, name, float(trees.sizes[group]) / total / len(names[group]), "named throughout a group")
        for group in shown
        for node, name in names[group]
    )
    told = [tell(_central(index, trees, group)) for group in shown]
    seeds = Seeds(entities, (), tuple(each.text for each in told))
    warnings = tuple(dict.fromkeys(each.warning for each in told if each.warning))
    watch.lap("explain")
    kind = "all" if is_whole else f"the {len(rows)} nearest"
    note = (
        f"{kind} passages in {len(trees.sizes)} groups, {len(trees.outermost)} of them outermost; "
        f"the list holds passages of {len(names)} groups"
    )
    return SearchResult(
        passages, SearchTrace("forest", seeds, None, watch.timings_ms, warnings, notes=(note,))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """Passages in the order they were dealt, and the innermost group of each."""

    ranking: Ranking
    leaves: tuple[int, ...]


def _all(index: PublishedIndex) -> Rows:
    nodes = index.nodes()
    return nodes[nodes < index.graph.first_entity].astype(np.int64)


def _dealt(trees: SummaryForest, index: PublishedIndex, query_vector: Vectors) -> Dealt:
    """The first places of the whole forest. What is dealt never changes with the length of the list."""
    near: Values = (trees.vectors @ query_vector).astype(np.float64).round(SCORE_DECIMALS)
    dealt = list(islice(_deal(trees, index, query_vector, near, OUTERMOST), DEALT))
    rows, leaves, scores = zip(*dealt, strict=True)
    return Dealt(Ranking(np.array(rows, dtype=np.int64), np.array(scores)), leaves)


def _deal(
    trees: SummaryForest, index: PublishedIndex, query_vector: Vectors, near: Values, group: int
) -> Iterator[tuple[int, int, float]]:
    """The passages of a group, each with its innermost group and the quotient it was dealt by, never rising.

    Places go one by one to the part with the highest weight / (places it has + 1), D'Hondt's rule, and within it in the
    same way. Passages that lie in none of a group's parts are one more part. Only parts that get a place are opened.
    """
    parts = trees.within(group)
    own = trees.passages_of_leaf(group) if group != OUTERMOST else parts[:0]
    sizes = np.append(trees.sizes[parts], len(own)).astype(np.float64)
    nearness = np.append(near[parts], near[group] if len(own) else -1.0)
    weights = sizes**SIZE * np.exp((nearness - nearness.max()) / TEMPERATURE)
    streams: dict[int, Iterator[tuple[int, int, float]]] = {}
    heap = [(-weight, place, 1) for place, weight in enumerate(weights.tolist()) if weight > 0]
    heapq.heapify(heap)
    while heap:
        quotient, place, count = heapq.heappop(heap)
        if place not in streams:
            streams[place] = (
                _central_first(index, own, query_vector + trees.vectors[group], group)
                if place == len(parts)
                else _deal(trees, index, query_vector, near, int(parts[place]))
            )
        found = next(streams[place], None)
        if found is not None:
            yield found[0], found[1], -quotient
            heapq.heappush(heap, (-float(weights[place]) / (count + 1), place, count + 1))


def _central_first(
    index: PublishedIndex, rows: Rows, towards: Vectors, group: int
) -> Iterator[tuple[int, int, float]]:
    """A group's passages nearest the question and its own middle together: what it is about before its outliers."""
    scores = index.passage_vectors.vectors(rows) @ towards
    return iter([(row, group, 0.0) for row in Ranking.of(rows, scores, index.keys_of(rows)).rows.tolist()])


def _names(index: PublishedIndex, trees: SummaryForest, group: int) -> list[tuple[Node, str]]:
    """The names that most passages of a group hold, the rarer in the corpus first where they tie."""
    _, neighbours, _ = index.graph.gather(trees.passages_of_leaf(group))
    named = neighbours[neighbours >= index.graph.first_entity]
    nodes, counts = np.unique(named, return_counts=True)
    if not len(nodes):
        return []
    order = np.lexsort((index.entity_keys_of(nodes), index.passages_naming(nodes), -counts))[:NAMES]
    return [(Node(node), index.entity_name(Node(node))) for node in nodes[order].tolist()]


def _central(index: PublishedIndex, trees: SummaryForest, group: int) -> list[str]:
    """The most central sentences of a group with their titles, the most central first."""
    rows = trees.passages_of_leaf(group)
    near = index.passage_vectors.vectors(rows) @ trees.vectors[group]
    sentences, _ = central_sentences(index, Ranking.of(rows, near, index.keys_of(rows)).rows[:READ], TOLD)
    closeness = np.round(index.sentence_vectors(sentences) @ trees.vectors[group], SCORE_DECIMALS)
    told = []
    for row in sentences[np.argsort(-closeness, kind="stable")].tolist():
        owner = Row(int(index.passage_of_sentences(np.array([row]))[0]))
        told.append(index.load_passage(owner).sentence_text(row - index.sentence_rows(owner).start))
    return told
