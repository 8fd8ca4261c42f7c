"""Changes: what held at one time and not at another, with the statements that say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from hippograph.types import Change, Interval, Statement
from hippograph.validity.times import Times

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two times that are compared: a version, what can be seen of it, and the moment."""

    times: Times
    mask: Mask
    moment: datetime

    def holding(self, subject: str, relation: str) -> tuple[Interval, ...]:
        """What holds of a subject's relation, both given by key."""
        said = [each for each in self._about(subject) if each.relation_key == relation]
        return tuple(each for each in self.times.intervals(said) if each.holds_at(self.moment))

    def _about(self, subject: str) -> list[Statement]:
        return self.times.statements_about(subject, self.mask)


def changes_between(before: Side, after: Side, touched: Iterable[Statement]) -> list[Change]:
    """What changed of everything that the touched statements speak of, by subject and relation."""
    spoken_of = {(each.subject_key, each.relation_key): each for each in touched}
    found = []
    for (subject, relation), statement in sorted(spoken_of.items()):
        then, now = before.holding(subject, relation), after.holding(subject, relation)
        if {_value(each) for each in then} != {_value(each) for each in now}:
            named = (*now, *then)
            first = named[0].evidence[0] if named else statement
            found.append(Change(first.subject, first.relation, then, now))
    return found


def touched_by_time(times: Times, first: Mask, last: Mask) -> list[Statement]:
    """What the passages state that can be seen at one of two times only."""
    return _statements(times, np.flatnonzero(first != last))


def touched_by_versions(one: Times, other: Times) -> list[Statement]:
    """What the passages state that only one of two versions holds."""
    keys = [times.index.keys_of(times.index.tables.live_passages()) for times in (one, other)]
    found: list[Statement] = []
    for times, here, there in ((one, keys[0], keys[1]), (other, keys[1], keys[0])):
        rows = times.index.tables.live_passages()
        found += _statements(times, rows[~np.isin(here, there)])
    return found


def _statements(times: Times, rows: npt.NDArray[np.integer]) -> list[Statement]:
    return [statement for row in rows.tolist() for statement in times.statements_of(row)]


def _value(interval: Interval) -> str:
    return interval.evidence[0].object_key
