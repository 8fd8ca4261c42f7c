"""An index as it was at a moment: passages observed later are not there, nor what only they say.

The mask is part of the index that a search is given, so that it works inside every ranking and inside the walk: the
passages that count for BM25, how telling a name is, each edge's weight. A search as of a moment ranks as one in an
index of the documents that had been observed by then; searches without a moment never come by here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.graph.knowledge_graph import UNIT, EdgeKind, KnowledgeGraph
from hippograph.lexical import LexicalScores
from hippograph.published import PublishedIndex
from hippograph.tables import spans
from hippograph.types import Extraction, Node, Passage, Row, Vectors
from hippograph.vectors import STEPS, to_steps

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Contributions:
    """What each passage adds to each node's edges, by node: what a mask of passages is applied to.

    It is made once for an opened version, when a moment is first asked for; its size is that of all contributions.
    """

    def __init__(self, index: PublishedIndex) -> None:
        tables = index.tables
        live = tables.live_passages()
        lengths, added = tables.contributions.gather(live)
        owners = np.repeat(live, lengths).astype(np.int32)
        sources = np.concatenate([added["left"], added["right"]])
        order = np.argsort(sources, kind="stable")
        self.ends = np.searchsorted(sources[order], np.arange(index.graph.node_count + 1))
        """Where each node's contributions begin among all; they end where the next one's begin."""
        self.others = np.concatenate([added["right"], added["left"]])[order]
        self.owners = np.concatenate([owners, owners])[order]
        self.weights = np.concatenate([added["weight"], added["weight"]])[order]
        self.is_mention = np.concatenate([added["kind"], added["kind"]])[order] == EdgeKind.MENTION

    def places(self, nodes: npt.NDArray[np.integer]) -> tuple[Rows, Rows]:
        """How many contributions each of some nodes has, and the places of all of them end to end."""
        starts = self.ends[nodes]
        lengths = self.ends[np.asarray(nodes) + 1] - starts
        return lengths, spans(starts, lengths)


@dataclass(frozen=True, slots=True, eq=False)
class GraphAsOf(KnowledgeGraph):
    """The graph of the passages that can be seen."""

    parts: Contributions
    visible: Mask
    """By passage row."""
    counts: Rows
    """How many visible passages name each entity."""
    synonyms: Any
    units: Rows
    """The sum of the weights of each node's edges; -1 where it was not looked up yet. It is filled as it is used."""

    @property
    def is_stored(self) -> bool:
        """What is stored holds passages that cannot be seen."""
        return False

    def degrees(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """The sum of the weights of each of some nodes' edges."""
        nodes = np.asarray(nodes, dtype=np.int64)
        unknown = np.unique(nodes[self.units[nodes] < 0])
        if len(unknown):
            lengths, _, units = self._rows(unknown)
            ends = np.cumsum(lengths)
            sums = np.concatenate([[0], np.cumsum(units)])
            self.units[unknown] = sums[ends] - sums[ends - lengths]
        degrees: npt.NDArray[np.float64] = self.units[nodes] / UNIT
        return degrees

    def gather(
        self, nodes: npt.NDArray[np.integer]
    ) -> tuple[Rows, npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """How many neighbours each of some nodes has; all of them end to end, and the weight of each edge."""
        lengths, neighbours, units = self._rows(np.asarray(nodes, dtype=np.int64))
        return lengths, neighbours.astype(np.int32), units / UNIT

    def neighbours_of(self, node: Node) -> npt.NDArray[np.int32]:
        """The nodes joined to a node, ascending: passages first."""
        return self._rows(np.array([node], dtype=np.int64))[1].astype(np.int32)

    def _rows(self, nodes: Rows) -> tuple[Rows, Rows, Rows]:
        """Neighbours and units of some nodes: sums of what visible passages add, and synonyms that are named."""
        lengths, places = self.parts.places(nodes)
        owners = np.repeat(np.arange(len(nodes)), lengths)
        kept = self.visible[self.parts.owners[places]]
        near, partners, weights = self._synonyms(nodes)
        keys = np.concatenate(
            [
                (owners[kept] << 32) | self.parts.others[places[kept]].astype(np.int64),
                (near << 32) | partners,
            ]
        )
        units = np.concatenate([self.parts.weights[places[kept]].astype(np.int64), weights])
        order = np.argsort(keys, kind="stable")
        keys, units = keys[order], units[order]
        if not len(keys):
            return np.zeros(len(nodes), dtype=np.int64), keys, units
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        sums = np.add.reduceat(units, firsts)
        keys = keys[firsts]
        return np.bincount(keys >> 32, minlength=len(nodes)).astype(np.int64), keys & 0xFFFFFFFF, sums

    def _synonyms(self, nodes: Rows) -> tuple[Rows, Rows, Rows]:
        """The places among `nodes` of those with synonyms, the synonyms' nodes, and the units of each edge."""
        places = np.flatnonzero(nodes >= self.first_entity)
        entities = nodes[places] - self.first_entity
        lengths, partners, weights = self.synonyms.gather(entities)
        at = np.repeat(np.arange(len(entities)), lengths)
        kept = (self.counts[entities][at] > 0) & (self.counts[partners] > 0)
        return (
            places[at[kept]],
            partners[kept].astype(np.int64) + self.first_entity,
            weights[kept].astype(np.int64),
        )


class VectorsAsOf:
    """The passages that can be seen, among the vectors of all."""

    def __init__(self, index: PublishedIndex, visible: Mask) -> None:
        self._all = index.passage_vectors
        self._visible = visible
        self._count = int(visible.sum())

    def __len__(self) -> int:
        return self._count

    def search(self, queries: Vectors, k: int) -> tuple[npt.NDArray[np.float32], Rows]:
        """As the index of all, which is asked for more until so many of them can be seen."""
        wanted = min(k, self._count)
        fetched = 2 * k
        while True:
            scores, rows = self._all.search(queries, min(fetched, len(self._all)))
            seen = (rows >= 0) & self._visible[np.maximum(rows, 0)]
            if fetched >= len(self._all) or (seen.sum(axis=1) >= wanted).all():
                break
            fetched *= 4
        found = np.full((len(queries), k), -np.inf, dtype=np.float32)
        places = np.full((len(queries), k), -1, dtype=np.int64)
        for number, mask in enumerate(seen):
            kept = np.flatnonzero(mask)[:k]
            found[number, : len(kept)], places[number, : len(kept)] = scores[number, kept], rows[number, kept]
        return found, places

    def vectors(self, rows: Rows) -> Vectors:
        """The stored vectors of some rows."""
        return self._all.vectors(rows)


@dataclass(frozen=True)
class IndexAsOf(PublishedIndex):
    """A published index of which only some passages can be seen."""

    visible: Mask
    parts: Contributions
    whole: PublishedIndex
    wider: IndexAsOf | None = None
    """The view that this one was narrowed from."""

    @cached_property
    def graph(self) -> KnowledgeGraph:
        """The graph of the passages that can be seen."""
        full = self.whole.graph
        return GraphAsOf(
            full.rows,
            full.passage_rows,
            full.first_entity,
            full.entity_count,
            self.parts,
            self.visible,
            self._counts,
            self.tables.synonyms,
            np.full(full.node_count, -1, dtype=np.int64),
        )

    @cached_property
    def _counts(self) -> Rows:
        """How many visible passages name each entity."""
        parts, first = self.parts, self.whole.graph.first_entity
        kept = parts.is_mention & self.visible[parts.owners] & (parts.others >= first)
        return np.bincount(parts.others[kept] - first, minlength=len(self.tables.entities)).astype(np.int64)

    @property
    def passage_count(self) -> int:
        """How many passages can be seen."""
        return len(self.passage_vectors)

    def lexical_scores(self, question: str) -> LexicalScores:
        """BM25 of a question with every passage that can be seen, among those."""
        return self.tables.lexical.scores_among(question, self.visible)

    def passages_of_document(self, passage: Row) -> Rows:
        """The passages cut from the same document that can be seen, in reading order."""
        rows = self.whole.passages_of_document(passage)
        return rows[self.visible[rows]]

    def sentence_lexical_scores(self, question: str, rows: Rows) -> npt.NDArray[np.float64]:
        """BM25 of a question with some sentences, among all sentences that can be seen."""
        return self.tables.lexical.sentence_scores_among(question, rows, self._visible_sentences)

    def question_words_in(
        self, question: str, rows: Rows
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Which of the question's words some sentences hold, and how telling each is among what can be seen."""
        return self.tables.lexical.words_held(question, rows, self.visible)

    @cached_property
    def _visible_sentences(self) -> Mask:
        ends = self.tables.sentence_ends.values
        mask: Mask = np.repeat(self.visible, np.diff(ends, prepend=0))
        return mask

    @cached_property
    def _spread(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Mean and covariance of the vectors that can be seen."""
        total, products = self._sums
        count = max(1, self.passage_count)
        mean = total / count / STEPS
        return mean, products / count / STEPS**2 - np.outer(mean, mean)

    @cached_property
    def _sums(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The sum of the vectors that can be seen, in steps, and that of their outer products.

        Sums of whole numbers, so exact in any order; a view that was narrowed takes away what it hides.
        """
        if self.wider is None:
            return self._sums_of(np.flatnonzero(self.visible))
        total, products = self.wider._sums
        less, fewer = self._sums_of(np.flatnonzero(self.wider.visible & ~self.visible))
        return total - less, products - fewer

    def _sums_of(self, rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        steps = to_steps(self.passage_vectors.vectors(rows)).astype(np.float64)
        return steps.sum(axis=0), steps.T @ steps

    def without(self, rows: Sequence[int]) -> IndexAsOf:
        """The same index without some more passages."""
        visible = self.visible.copy()
        visible[list(rows)] = False
        return seen_by(self.whole, self.parts, visible, wider=self)

    def nodes_of_keys(self, keys: Sequence[str]) -> list[Node | None]:
        """The node of each normal name; None where no passage that can be seen names it."""
        first = self.whole.graph.first_entity
        return [
            node if node is not None and self._counts[node - first] else None
            for node in self.whole.nodes_of_keys(keys)
        ]

    def passages_naming(self, nodes: npt.NDArray[np.integer]) -> Rows:
        """How many passages that can be seen name each of some entities."""
        counts: Rows = self._counts[np.asarray(nodes, dtype=np.int64) - self.whole.graph.first_entity]
        return counts

    def passages(self) -> Iterator[Passage]:
        """Every passage that can be seen."""
        for row in np.flatnonzero(self.visible).tolist():
            yield self.load_passage(Row(row))

    def nodes(self) -> Rows:
        """The node of every passage that can be seen and of every entity that one of them names."""
        named = np.flatnonzero(self._counts)
        return np.concatenate([np.flatnonzero(self.visible), self.whole.graph.first_entity + named])

    def facts(self) -> set[tuple[str, str, str, str]]:
        """Every fact of a passage that can be seen."""
        found: set[tuple[str, str, str, str]] = set()
        for row in np.flatnonzero(self.visible).tolist():
            extraction: Extraction = self.load_extraction(Row(row))
            found.update((extraction.passage, t.subject, t.relation, t.object) for t in extraction.triples)
        return found


def seen_by(
    index: PublishedIndex, parts: Contributions, visible: Mask, wider: IndexAsOf | None = None
) -> IndexAsOf:
    """The index of which only some passages can be seen: `visible` by passage row."""
    return IndexAsOf(
        version=index.version,
        tables=index.tables,
        passage_vectors=VectorsAsOf(index, visible),
        records=index.records,
        visible=visible,
        parts=parts,
        whole=index,
        wider=wider,
    )


class Kept:
    """The few views that were made last, since a moment is rarely asked for once."""

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._views: OrderedDict[object, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], Any]) -> Any:
        """The view of a key, made where it is not there."""
        with self._lock:
            if key not in self._views:
                self._views[key] = make()
                while len(self._views) > self._most:
                    self._views.popitem(last=False)
            self._views.move_to_end(key)
            return self._views[key]
