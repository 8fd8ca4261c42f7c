"""The tables of an index: everything a version holds, by name, in one place.

Rows of passages, sentences and entities are numbered as they come and keep their numbers; what is gone is passed over
until the index is compacted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hippograph.graph.build import synonymy_edges
from hippograph.graph.knowledge_graph import CONTRIBUTION, Contributions, KnowledgeGraph
from hippograph.lexical import LexicalIndex
from hippograph.ports import Prepared, VectorIndexes
from hippograph.tables import Column, Files, Names, Pages, Ragged, Rows, Strings

SMALLEST_ROOM = 1024
"""How many passages any index has room for before its entities' nodes begin."""


class IndexTables:
    """Every table of one index, over the files that hold them. `dimension` is the length of a vector, d."""

    def __init__(self, files: Files, dimension: int) -> None:
        self.files = files
        self.dimension = dimension

        self.document_ids = Names(files, "documents.ids")
        self.document_records = Strings(files, "documents.records")
        self.document_texts = Strings(files, "documents.texts")
        self.document_states = Pages(files, "documents.states", 1)
        """Which record is a document's present one, counted from 1; 0 for a document that is gone."""
        self.document_passages = Rows(files, "documents.passages")
        """A document's passage rows, and for each its position, counted from 1."""

        self.passages = Strings(files, "passages")
        self.extractions = Strings(files, "extractions")
        self.passage_documents = Column(files, "passages.documents", "<i4")
        """The number of each passage's document."""
        self.passage_keys = Column(files, "passages.keys", "<u8")
        """A number made from each passage's id: what decides between passages that score alike."""
        self.titles = Column(files, "passages.titles", "<i4")
        """The entity each passage is about, by its title; -1 where it has none."""
        self.contributions = Ragged(files, "passages.contributions", CONTRIBUTION)
        self.sentence_entities = Ragged(files, "sentences.entities", "<i4")
        """The entities each sentence names."""
        self.sentence_ends = Column(files, "passages.sentence_ends", "<i8")
        """Where each passage's sentences end among all; they begin where the passage before it ends."""
        self.gone_rows = Column(files, "passages.gone", "<i8")

        self.entities = Names(files, "entities")
        self.entity_counts = Pages(files, "entities.counts", 1)
        """How many passages name each entity."""
        self.spellings = Names(files, "spellings")
        self.entity_spellings = Rows(files, "entities.spellings")
        """How each entity is spelled, and how often."""
        self.entity_keys = Column(files, "entities.keys", "<u8")
        """A number made from each entity's name."""
        self.entity_numerals = Column(files, "entities.numerals", "<u8")
        self.synonyms = Rows(files, "entities.synonyms")
        """Each entity's synonyms, and the units of the edge: among all that were ever named."""

        self.passage_vectors = Column(files, "passages.vectors", "<f4", dimension)
        self.sentence_vectors = Column(files, "sentences.vectors", "<i2", dimension)
        self.entity_vectors = Column(files, "entities.vectors", "<i2", dimension)

        self.edges = Rows(files, "graph")
        self.lexical = LexicalIndex(files)

    @property
    def first_entity(self) -> int:
        """The node of entity 0; passages have the nodes before it."""
        return int(self.files.recall("room", SMALLEST_ROOM))

    def make_room(self, passages: int) -> None:
        """Say how many passages an index without any will have room for: twice what it is about to hold."""
        self.files.record("room", max(SMALLEST_ROOM, 1 << (2 * passages).bit_length()))

    @property
    def graph(self) -> KnowledgeGraph:
        """The graph as it is."""
        return KnowledgeGraph(self.edges, len(self.passages), self.first_entity, len(self.entities))

    @property
    def gone(self) -> npt.NDArray[np.int64]:
        """The rows of passages that are gone, ascending."""
        start, count = self.files.recall("gone", [0, 0])
        rows: npt.NDArray[np.int64] = self.gone_rows.values[start : start + count]
        return rows

    def bury(self, rows: npt.NDArray[np.int64]) -> None:
        """Count more passages among those that are gone."""
        gone = np.union1d(self.gone, rows)
        start = len(self.gone_rows)
        self.gone_rows.extend(gone)
        self.files.record("gone", [start, len(gone)])

    @property
    def moments(self) -> npt.NDArray[np.int64]:
        """The sum of all passage vectors, in steps, above the sum of their outer products: shape (d + 1, d)."""
        name = self._moments_name()
        if name not in self.files.lengths:
            return np.zeros((self.dimension + 1, self.dimension), dtype=np.int64)
        moments: npt.NDArray[np.int64] = self.files.array(name, "<i8").reshape(-1, self.dimension)
        return moments

    def add_to_moments(self, amounts: npt.NDArray[np.int64]) -> None:
        """Count more vectors, or fewer; what was counted before stays with the versions before."""
        moments, before = self.moments + amounts, self._moments_name()
        self.files.record("moments", int(self.files.recall("moments", 0)) + 1)
        self.files.append(self._moments_name(), moments)
        self.files.forget(before)

    def _moments_name(self) -> str:
        return f"passages.moments.{self.files.recall('moments', 0)}"

    def prepared(self) -> Prepared | None:
        """What was made of the passage vectors so that many are searched fast; None where they are scanned."""
        number, rows = self.files.recall("passages.nearest", [0, 0])
        folder = self.files.folder
        return Prepared(folder / f"passages.nearest.{number}", rows) if rows and folder else None

    def prepare(self, vectors: VectorIndexes) -> None:
        """Let a kind of vector index make of the passage vectors what it needs."""
        made = vectors.prepare(self.passage_vectors.values, self.prepared())
        if made is not None:
            number = self.files.recall("passages.nearest", [0, 0])[0]
            self.files.append(f"passages.nearest.{number + 1}", made)
            self.files.record("passages.nearest", [number + 1, len(self.passage_vectors)])
            self.files.forget(f"passages.nearest.{number}")

    def count(self, **amounts: int) -> None:
        """Add to the counts of what the index holds."""
        counts = self.counts
        self.files.record("counts", {name: counts[name] + amounts.get(name, 0) for name in counts})

    @property
    def counts(self) -> dict[str, int]:
        """How many documents, entities and facts there are, and how many passages a language model has read."""
        counts: dict[str, int] = self.files.recall("counts", {})
        return {"documents": 0, "entities": 0, "facts": 0, "upgraded": 0, **counts}

    def record_of(self, passage: int) -> int:
        """Which record is that of a passage's document."""
        document = int(self.passage_documents.values[passage])
        return self.document_states.at(document)[0] - 1

    def sentence_bounds(
        self, rows: npt.NDArray[np.integer]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where the sentences of some passages begin among all, and how many each has."""
        ends = self.sentence_ends.values
        rows = np.asarray(rows, dtype=np.int64)
        starts: npt.NDArray[np.int64] = np.zeros(len(rows), dtype=np.int64)
        starts[rows > 0] = ends[rows[rows > 0] - 1]
        return starts, ends[rows] - starts

    @property
    def passage_count(self) -> int:
        """How many passages there are, without those that are gone."""
        return len(self.passages) - len(self.gone)

    def all_contributions(self) -> Contributions:
        """What every passage that is there adds to the graph, and every pair of synonyms. It grows with the index."""
        _, contributions = self.contributions.gather(self.live_passages())
        entities = np.arange(len(self.entities))
        lives = self.entity_counts[entities][:, 0] > 0
        lengths, partners, weights = self.synonyms.gather(entities)
        ends = np.repeat(entities, lengths)
        kept = lives[ends] & lives[partners] & (ends < partners)
        joined = synonymy_edges(ends[kept], partners[kept], weights[kept], self.first_entity)
        return np.concatenate([contributions, joined])

    def live_passages(self) -> npt.NDArray[np.int64]:
        """The rows of passages that are there. It grows with the index."""
        return np.setdiff1d(np.arange(len(self.passages)), self.gone, assume_unique=True)
