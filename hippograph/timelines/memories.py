"""Memories: dated passages near what was found, so many at most, in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.retrieval.links import COMMON
from hippograph.retrieval.rankings import dense_rankings
from hippograph.timelines.said import Said, speakers_of, what_is_said
from hippograph.types import Citation, Document, Node, Passage, Row, TimelineEntry, Vectors
from hippograph.validity.statements import in_utc

NEIGHBOURS = 12
"""How many passages near a retrieved memory by meaning, and how many by shared names, are looked at."""

TELLING_WORDS = 5
"""A sentence with fewer words is not shown where a memory has a longer one: "See you then!" says nothing."""


@dataclass(frozen=True, eq=False)
class Memory:
    """A passage with its moment, and what it says and names."""

    row: int
    passage: Passage
    origin: Document
    moment: datetime
    vector: Vectors
    sentence: int
    """Which of its sentences is shown."""
    index: PublishedIndex

    @property
    def order(self) -> tuple[datetime, str]:
        """Time, and of one time the id: no memory is before itself, whatever the clocks say."""
        return self.moment, self.passage.id

    @cached_property
    def entities(self) -> frozenset[int]:
        """The telling things it names: not those that many passages name, and not who speaks."""
        nodes = self.index.entities_of_passage(Row(self.row))
        held = self.index.passages_naming(nodes) if len(nodes) else np.zeros(0)
        telling = [
            int(node) for node, count in zip(nodes.tolist(), held.tolist(), strict=True) if count <= COMMON
        ]
        speakers = [speaker.replace(" ", "") for speaker in speakers_of(self.passage)]
        title = int(self.index.title_nodes(np.array([self.row]))[0])

        def speaks(node: int) -> bool:
            key = self.index.entity_key(Node(node)).replace(" ", "")
            return any(speaker.startswith(key) for speaker in speakers)

        return frozenset(node for node in telling if node != title and not speaks(node))

    @cached_property
    def said(self) -> list[Said]:
        """What it states."""
        return what_is_said(self.passage, self.origin, self.index.load_extraction(Row(self.row)))

    def entry(self, is_retrieved: bool) -> TimelineEntry:
        """The memory as a timeline shows it."""
        place = self.passage.sentences[self.sentence]
        citation = Citation(
            passage=self.passage.id,
            document=self.passage.document,
            title=self.passage.title,
            uri=self.origin.uri,
            sentence=place.text,
            start=place.start,
            end=place.end,
        )
        return TimelineEntry(self.passage.id, citation, self.moment, is_retrieved)


def gather_memories(
    index: PublishedIndex, retrieved: Sequence[int], query_vector: Vectors, most: int
) -> list[Memory]:
    """The retrieved passages and those near them by meaning or names, oldest first; none without a date."""
    dated = [row for row in retrieved if index.origin_of(Row(row)).timestamp is not None]
    if not dated:
        return []
    rows = np.array(dated, dtype=np.int64)
    vectors = index.passage_vectors.vectors(rows)
    near: dict[int, float] = dict.fromkeys(dated, 2.0)  # nothing is nearer than itself
    for ranking in dense_rankings(index, vectors, NEIGHBOURS + 1):
        for row, score in zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True):
            near[row] = max(near.get(row, -1.0), score)
    for row, vector in zip(dated, vectors, strict=True):
        for other, score in _by_names(index, row, vector):
            near[other] = max(near.get(other, -1.0), score)
    keys = index.keys_of(np.array(list(near), dtype=np.int64)).tolist()
    chosen = sorted(zip(near.items(), keys, strict=True), key=lambda each: (-each[0][1], each[1]))[:most]
    made = [memory_of(index, row, query_vector) for (row, _), _ in chosen]
    return sorted((memory for memory in made if memory), key=lambda memory: memory.order)


def memory_of(index: PublishedIndex, row: int, query_vector: Vectors) -> Memory | None:
    """A passage as a memory, shown by the sentence nearest the question; None where it has no date or no sentence."""
    origin, passage = index.origin_of(Row(row)), index.load_passage(Row(row))
    moment = in_utc(origin.timestamp)
    rows = np.array(index.sentence_rows(Row(row)), dtype=np.int64)
    if moment is None or not len(rows):
        return None
    near = np.round(index.sentence_vectors(rows) @ query_vector, 6)
    telling = np.array([len(each.text.split()) >= TELLING_WORDS for each in passage.sentences])
    if telling.any():
        near = np.where(telling, near, -2.0)
    vector = index.passage_vectors.vectors(np.array([row], dtype=np.int64))[0]
    return Memory(row, passage, origin, moment, vector, int(np.argmax(near)), index)


def _by_names(index: PublishedIndex, row: int, vector: Vectors) -> list[tuple[int, float]]:
    """The nearest of the passages that share a telling entity with one."""
    nodes = index.entities_of_passage(Row(row))
    if not len(nodes):
        return []
    telling = nodes[index.passages_naming(nodes) <= COMMON]
    groups = [index.passages_of_entity(Node(int(node))) for node in telling.tolist()]
    if not groups:
        return []
    rows: npt.NDArray[np.int64] = np.unique(np.concatenate(groups)).astype(np.int64)
    rows = rows[rows != row]
    scores = np.round(index.passage_vectors.vectors(rows) @ vector, 6)
    best = np.lexsort((index.keys_of(rows), -scores))[:NEIGHBOURS]
    return [(int(rows[place]), float(scores[place])) for place in best.tolist()]
