"""PublishedIndex: one opened index version, read-only and always ready."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.lexical import LexicalIndex
from hippograph.ports import VectorIndex
from hippograph.tables import Lookup, Strings
from hippograph.types import Document, Extraction, IndexVersion, Node, Passage, Row


@dataclass(frozen=True, slots=True, eq=False)
class PublishedIndex:
    """Memory-mapped tables of one version: P passages, S sentences, E entities, d dimensions.

    Passage row i is graph node i; entity i is node P + i. Sentences of passage i are rows
    `sentence_starts[i]` to `sentence_starts[i + 1]`.
    """

    version: IndexVersion
    graph: KnowledgeGraph
    lexical: LexicalIndex
    sentence_lexical: LexicalIndex
    passage_vectors: VectorIndex
    sentence_vectors: VectorIndex
    sentence_starts: npt.NDArray[np.int64]
    sentence_entity_starts: npt.NDArray[np.int64]
    sentence_entities: npt.NDArray[np.int32]
    entity_keys: Lookup
    entity_names: Strings
    entity_passage_counts: npt.NDArray[np.int32]
    title_nodes: npt.NDArray[np.int32]
    """The entity node each passage is about, by its title; -1 where it has none: shape (P,)."""
    passage_documents: npt.NDArray[np.int32]
    """The row of each passage's document: shape (P,)."""
    vector_mean: npt.NDArray[np.float32]
    """The mean passage vector: shape (d,)."""
    vector_covariance: npt.NDArray[np.float32]
    """The covariance of passage vectors: shape (d, d). With the mean it gives how scores of a question spread."""
    load_passage: Callable[[Row], Passage]
    load_extraction: Callable[[Row], Extraction]
    load_origin: Callable[[Row], Document]
    """A document without its text, by the document's row: what every result needs, whatever the text's size."""
    load_document: Callable[[Row], Document]

    @property
    def passage_count(self) -> int:
        """How many passages the version holds."""
        return self.graph.passage_count

    def nodes_of_keys(self, keys: Sequence[str]) -> list[Node | None]:
        """The node of each normal name, all found in one look-up; None where no passage names it."""
        places = self.entity_keys.find(keys)
        return [None if place is None else Node(self.passage_count + place) for place in places]

    def entity_name(self, node: Node) -> str:
        """How an entity is usually spelled."""
        return self.entity_names[node - self.passage_count]

    def label(self, node: Node) -> str:
        """What a node is called: a passage's title and headings, or an entity's name."""
        return (
            self.load_passage(Row(node)).context() if self.graph.is_passage(node) else self.entity_name(node)
        )

    def passages_naming(self, node: Node) -> int:
        """How many passages name an entity: the inverse of how telling it is."""
        return int(self.entity_passage_counts[node - self.passage_count])

    def sentence_rows(self, passage: Row) -> range:
        """The rows of a passage's sentences."""
        return range(int(self.sentence_starts[passage]), int(self.sentence_starts[passage + 1]))

    def passage_of_sentences(self, rows: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """The passage each sentence stands in."""
        return np.searchsorted(self.sentence_starts, rows, side="right") - 1

    def entities_of_sentence(self, row: int) -> npt.NDArray[np.int32]:
        """The entity nodes one sentence names."""
        return self.sentence_entities[self.sentence_entity_starts[row] : self.sentence_entity_starts[row + 1]]

    def entities_of_passage(self, passage: Row) -> npt.NDArray[np.int32]:
        """The entity nodes a passage names."""
        neighbours = self.graph.neighbours_of(Node(passage))
        return neighbours[neighbours >= self.passage_count]

    def passages_of_entity(self, node: Node) -> npt.NDArray[np.int32]:
        """The passages that name an entity."""
        neighbours = self.graph.neighbours_of(node)
        return neighbours[: np.searchsorted(neighbours, self.passage_count)]

    def dense_spread(self, query_vector: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Mean and standard deviation of a question's inner product with every passage, without scanning them."""
        mean = float(self.vector_mean @ query_vector)
        return mean, math.sqrt(max(float(query_vector @ self.vector_covariance @ query_vector), 1e-12))

    def origin_of(self, passage: Row) -> Document:
        """The document a passage was cut from, without its text."""
        return self.load_origin(Row(int(self.passage_documents[passage])))
