"""PublishedIndex: one opened index version, read-only and always ready."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.index_tables import IndexTables
from hippograph.lexical import LexicalScores
from hippograph.ports import VectorIndex
from hippograph.types import Document, Extraction, IndexVersion, Node, Passage, Row, Vectors
from hippograph.vectors import STEPS, from_steps

Rows = npt.NDArray[np.int64]


class Records(Protocol):
    """Reads what stands behind a passage's row."""

    def passage(self, row: Row) -> Passage:
        """The passage."""
        ...

    def extraction(self, row: Row) -> Extraction:
        """What was found in it."""
        ...

    def origin(self, passage: Row) -> Document:
        """Its document without the text: what every result needs, whatever the text's size."""
        ...

    def document(self, passage: Row) -> Document:
        """Its document."""
        ...

    def documents(self) -> Iterator[Document]:
        """Every document, by id."""
        ...


@dataclass(frozen=True)
class PublishedIndex:
    """The tables of one version, memory-mapped, of d dimensions.

    Passage row i is graph node i. Rows of passages that are gone are never given.
    """

    version: IndexVersion
    tables: IndexTables
    passage_vectors: VectorIndex
    records: Records

    @cached_property
    def graph(self) -> KnowledgeGraph:
        """Passages, entities and the weights between them."""
        return self.tables.graph

    @property
    def passage_count(self) -> int:
        """How many passages the version holds."""
        return self.version.passage_count

    # ------------------------------------------------------------------ passages and sentences

    def load_passage(self, row: Row) -> Passage:
        """A passage."""
        return self.records.passage(row)

    def load_extraction(self, row: Row) -> Extraction:
        """What was found in a passage."""
        return self.records.extraction(row)

    def origin_of(self, passage: Row) -> Document:
        """The document a passage was cut from, without its text."""
        return self.records.origin(passage)

    def document_of(self, passage: Row) -> Document:
        """The document a passage was cut from."""
        return self.records.document(passage)

    def keys_of(self, passages: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
        """Numbers made from passages' ids: they decide between passages that score alike, whatever their rows."""
        keys: npt.NDArray[np.uint64] = self.tables.passage_keys.values[passages]
        return keys

    def passages_of_document(self, passage: Row) -> Rows:
        """The passages cut from the same document, in reading order."""
        document = int(self.tables.passage_documents.values[passage])
        rows, positions = self.tables.document_passages.row(document)
        return rows[np.argsort(positions, kind="stable")].astype(np.int64)

    def sentence_rows(self, passage: Row) -> range:
        """The rows of a passage's sentences."""
        ends = self.tables.sentence_ends.values
        return range(int(ends[passage - 1]) if passage else 0, int(ends[passage]))

    def passage_of_sentences(self, rows: npt.NDArray[np.integer]) -> Rows:
        """The passage each sentence stands in."""
        return np.searchsorted(self.tables.sentence_ends.values, rows, side="right").astype(np.int64)

    def sentence_vectors(self, rows: npt.NDArray[np.integer]) -> Vectors:
        """The vectors of some sentences: shape (rows, d)."""
        return from_steps(self.tables.sentence_vectors.values[rows])

    def lexical_scores(self, question: str) -> LexicalScores:
        """BM25 of a question with every passage."""
        return self.tables.lexical.scores(question, self.tables.gone)

    def sentence_lexical_scores(self, question: str, rows: Rows) -> npt.NDArray[np.float64]:
        """BM25 of a question with some sentences, among all sentences."""
        return self.tables.lexical.sentence_scores(question, rows)

    def question_words_in(
        self, question: str, rows: Rows
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Which of the question's words each of some sentences holds, and how telling each word is."""
        return self.tables.lexical.words_held(question, rows)

    def dense_spread(self, query_vector: Vectors) -> tuple[float, float]:
        """Mean and standard deviation of a question's inner product with every passage, without scanning them."""
        mean_vector, covariance = self._spread
        mean = float(mean_vector @ query_vector)
        return mean, math.sqrt(max(float(query_vector @ covariance @ query_vector), 1e-12))

    @cached_property
    def _spread(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The mean passage vector, shape (d,), and the covariance of passage vectors, shape (d, d)."""
        moments = self.tables.moments / max(1, self.passage_count)
        mean = moments[0] / STEPS
        return mean, moments[1:] / STEPS**2 - np.outer(mean, mean)

    # ------------------------------------------------------------------ entities

    def nodes_of_keys(self, keys: Sequence[str]) -> list[Node | None]:
        """The node of each normal name, all found in one look-up; None where no passage names it."""
        found = self.tables.entities.find(keys)
        lives = found >= 0
        lives[lives] = self.tables.entity_counts[found[lives]][:, 0] > 0
        first = self.graph.first_entity
        return [
            Node(first + number) if alive else None
            for number, alive in zip(found.tolist(), lives.tolist(), strict=True)
        ]

    def entity_key(self, node: Node) -> str:
        """An entity's normal name."""
        return self.tables.entities[node - self.graph.first_entity]

    def entity_keys_of(self, nodes: Sequence[Node] | npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
        """Numbers made from entities' names: they decide between entities that weigh alike, whatever their nodes."""
        numbers = np.asarray(nodes, dtype=np.int64) - self.graph.first_entity
        keys: npt.NDArray[np.uint64] = self.tables.entity_keys.values[numbers]
        return keys

    def entity_name(self, node: Node) -> str:
        """How an entity is usually spelled; of spellings as frequent, the first in order."""
        spellings, counts = self.tables.entity_spellings.row(node - self.graph.first_entity)
        if not len(counts):
            return self.entity_key(node)
        most = spellings[counts == counts.max()].tolist()
        return min(self.tables.spellings[spelling] for spelling in most)

    def label(self, node: Node) -> str:
        """What a node is called: a passage's title and headings, or an entity's name."""
        return (
            self.load_passage(Row(node)).context() if self.graph.is_passage(node) else self.entity_name(node)
        )

    def passages_naming(self, nodes: npt.NDArray[np.integer]) -> Rows:
        """How many passages name each of some entities: the inverse of how telling it is."""
        counts: Rows = self.tables.entity_counts[np.asarray(nodes) - self.graph.first_entity][:, 0]
        return counts

    def title_nodes(self, passages: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
        """The entity node each passage is about, by its title; -1 where it has none."""
        titles: npt.NDArray[np.int32] = self.tables.titles.values[passages]
        return titles

    def entities_of_sentence(self, row: int) -> npt.NDArray[np.int32]:
        """The entity nodes one sentence names."""
        entities: npt.NDArray[np.int32] = self.tables.sentence_entities.row(row)
        return entities

    def entities_of_sentences(self, rows: Rows) -> tuple[Rows, npt.NDArray[np.int32]]:
        """How many entities each of some sentences names, and the nodes of all of them, end to end."""
        lengths, entities = self.tables.sentence_entities.gather(rows)
        return lengths, entities

    def entities_of_passage(self, passage: Row) -> npt.NDArray[np.int32]:
        """The entity nodes a passage names."""
        return self.graph.neighbours_of(Node(passage))

    def passages_of_entity(self, node: Node) -> npt.NDArray[np.int32]:
        """The passages that name an entity."""
        neighbours = self.graph.neighbours_of(node)
        return neighbours[: np.searchsorted(neighbours, self.graph.first_entity)]

    # ------------------------------------------------------------------ everything, for comparisons and export

    def passages(self) -> Iterator[Passage]:
        """Every passage. It grows with the index, as do the two below."""
        for row in self.tables.live_passages().tolist():
            yield self.load_passage(Row(row))

    def nodes(self) -> Rows:
        """The node of every passage and of every entity that some passage names."""
        entities = np.arange(len(self.tables.entities))
        named = entities[self.tables.entity_counts[entities][:, 0] > 0]
        return np.concatenate([self.tables.live_passages(), self.graph.first_entity + named])

    def documents(self) -> Iterator[Document]:
        """Every document, by id, those without passages included."""
        yield from self.records.documents()

    def facts(self) -> set[tuple[str, str, str, str]]:
        """Every fact: the id of its passage, subject, relation, object."""
        found: set[tuple[str, str, str, str]] = set()
        for row in self.tables.live_passages().tolist():
            extraction = self.load_extraction(Row(row))
            found.update((extraction.passage, t.subject, t.relation, t.object) for t in extraction.triples)
        return found

    def named_edges(self) -> dict[tuple[str, str], float]:
        """Every edge by the names of its ends, "passage:" and an id or "entity:" and a normal name, and its weight."""
        names: dict[int, str] = {}

        def name(node: int) -> str:
            if node not in names:
                names[node] = (
                    f"passage:{self.load_passage(Row(node)).id}"
                    if self.graph.is_passage(Node(node))
                    else f"entity:{self.entity_key(Node(node))}"
                )
            return names[node]

        edges = ((name(left), name(right), weight) for left, right, weight in self.graph.edges())
        return {(min(a, b), max(a, b)): weight for a, b, weight in edges}
