"""Times: when each passage of one version was observed, what it states, and what held when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.settings import TimeSettings
from hippograph.text.names import normal_name, words
from hippograph.types import Interval, Passage, PassageId, Row, Statement
from hippograph.validity.frames import relation_key
from hippograph.validity.functional import Support, measure_support
from hippograph.validity.intervals import resolve
from hippograph.validity.statements import in_utc, read_statements

Rows = npt.NDArray[np.int64]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNDATED = np.iinfo(np.int64).min
"""The moment of a passage whose document has none."""
EVERYTHING = "*"
SHORTEST_ITEM = 40
"""How far before a passage the number of a list item is looked for."""
MOST_KEPT = 200_000
"""After so many passages have been read, what they state is read anew."""
LEARNED_FROM = 400
"""How many passages, of those that share the most telling words with a relation, tell whether it is functional."""
NAMED_IN = 200
"""How many passages are looked through for a subject that is no entity of the graph."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Whether a relation has one object at a time, and why."""

    is_functional: bool
    why: str


class Times:
    """What an opened version knows of time. It is worked out when it is first asked for, and kept while it is open."""

    def __init__(self, index: PublishedIndex, settings: TimeSettings) -> None:
        self.index = index
        self.settings = settings
        self._statements: dict[int, tuple[Statement, ...]] = {}
        self._rows: dict[PassageId, int] = {}
        self._learned: dict[str, Learned] = {}
        self._declared = {
            EVERYTHING if name == EVERYTHING else relation_key(name) for name in settings.functional
        }
        self._denied = {relation_key(name) for name in settings.not_functional}

    # ------------------------------------------------------------------ moments

    @cached_property
    def moments(self) -> Rows:
        """When each passage's document was observed, in microseconds since 1970 UTC; UNDATED where nobody knows."""
        tables = self.index.tables
        moments: Rows = np.full(len(tables.passages), UNDATED, dtype=np.int64)
        live = tables.live_passages()
        documents = tables.passage_documents.values[live]
        order = np.argsort(documents, kind="stable")
        firsts = np.flatnonzero(np.diff(documents[order], prepend=-1))
        of_document = np.full(int(documents.max(initial=-1)) + 1, UNDATED, dtype=np.int64)
        for place in firsts.tolist():
            row = int(live[order[place]])
            of_document[documents[order[place]]] = in_microseconds(self.index.origin_of(Row(row)).timestamp)
        moments[live] = of_document[documents]
        return moments

    def visible(self, moment: datetime) -> npt.NDArray[np.bool_]:
        """Which passages had been observed by a moment. Those without a date only where the settings say so."""
        mask = self.moments <= in_microseconds(moment)
        if self.settings.undated == "leave out":
            mask &= self.moments != UNDATED
        mask[self.index.tables.gone] = False
        return mask

    def live(self) -> npt.NDArray[np.bool_]:
        """Which passages are there at all, whatever their moments."""
        mask = np.ones(len(self.moments), dtype=bool)
        mask[self.index.tables.gone] = False
        return mask

    @cached_property
    def undated_count(self) -> int:
        """How many passages have no date."""
        return int((self.moments[self.index.tables.live_passages()] == UNDATED).sum())

    # ------------------------------------------------------------------ statements

    def statements_of(self, row: int) -> tuple[Statement, ...]:
        """What a passage states."""
        known = self._statements.get(row)
        if known is None:
            if len(self._statements) >= MOST_KEPT:
                self._statements.clear()
            passage = self.index.load_passage(Row(row))
            origin, extraction = self.index.origin_of(Row(row)), self.index.load_extraction(Row(row))
            found = read_statements(passage, origin, extraction, self._before(passage, row))
            known = self._statements[row] = tuple(found)
            self._rows[passage.id] = row
        return known

    def _before(self, passage: Passage, row: int) -> str:
        """The end of what stands before a passage, where numbers tell the order."""
        if not self.settings.serials or not passage.start:
            return ""
        return self.index.document_of(Row(row)).text[max(0, passage.start - SHORTEST_ITEM) : passage.start]

    def rows_of(self, passages: Iterable[PassageId]) -> list[int]:
        """Where passages stand that were read for their statements."""
        return [self._rows[passage] for passage in passages if passage in self._rows]

    def passages_about(self, subject_key: str) -> list[int]:
        """The passages that may state something about a subject: those that name it."""
        node = self.index.nodes_of_keys([subject_key])[0]
        if node is not None:
            return [int(row) for row in self.index.passages_of_entity(node).tolist()]
        wanted = set(words(subject_key))
        scores = self.index.lexical_scores(subject_key)
        order = np.lexsort((self.index.keys_of(scores.rows), -scores.values))[:NAMED_IN]
        rows = [int(row) for row in scores.rows[order].tolist()]
        return [
            row for row in rows if wanted <= set(words(self.index.load_passage(Row(row)).embedding_text()))
        ]

    def statements_about(
        self, subject_key: str, mask: npt.NDArray[np.bool_] | None = None
    ) -> list[Statement]:
        """What the passages that can be seen state about a subject."""
        rows = self.passages_about(subject_key)
        return [
            statement
            for row in rows
            if mask is None or mask[row]
            for statement in self.statements_of(row)
            if statement.subject_key == subject_key
        ]

    def intervals(self, statements: Iterable[Statement]) -> list[Interval]:
        """What held when, by these statements."""
        return resolve(statements, self.is_functional, self.settings.serials)

    def history(
        self, subject: str, relation: str | None = None, mask: npt.NDArray[np.bool_] | None = None
    ) -> list[Interval]:
        """What held when of a subject, oldest first; of one of its relations where that is named."""
        said = self.statements_about(normal_name(subject), mask)
        if relation is not None:
            said = [each for each in said if each.relation_key == relation_key(relation)]
        return self.intervals(said)

    # ------------------------------------------------------------------ functional relations

    def is_functional(self, relation: str) -> bool:
        """Whether a relation, given by its key, has one object at a time."""
        return self.learned(relation).is_functional

    def learned(self, relation: str) -> Learned:
        """The same, and why."""
        if relation not in self._learned:
            self._learned[relation] = self._learn(relation)
        return self._learned[relation]

    def _learn(self, relation: str) -> Learned:
        if relation in self._denied:
            return Learned(False, "declared in time.not_functional")
        if self._declared & {relation, EVERYTHING}:
            return Learned(True, "declared in time.functional")
        support = self.support(relation)
        held = support.is_functional(self.settings.functional_share, self.settings.functional_subjects)
        told = f"{support.single} of {support.subjects} subjects have one object at a time"
        return Learned(held, told if support.is_state else f"{told}, but it tells events")

    def support(self, relation: str) -> Support:
        """What the passages that share the most telling words with a relation say of it."""
        scores = self.index.lexical_scores(relation)
        order = np.lexsort((self.index.keys_of(scores.rows), -scores.values))[:LEARNED_FROM]
        rows = scores.rows[order].tolist()
        said = [each for row in rows for each in self.statements_of(row) if each.relation_key == relation]
        return measure_support(said)


def in_microseconds(moment: datetime | None) -> int:
    """Microseconds since 1970 UTC; UNDATED of none."""
    utc = in_utc(moment)
    return UNDATED if utc is None else int((utc - EPOCH) // timedelta(microseconds=1))
