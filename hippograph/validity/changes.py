"""Changes: what held at one time and not at another, with the statements that say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
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

    def holding(self, subject: str, relations: Container[str]) -> dict[str, list[Interval]]:
        """What holds of some of a subject's relations, by relation; all given by key."""
        about = self.times.statements_about(subject, self.mask)
        found: dict[str, list[Interval]] = defaultdict(list)
        for each in self.times.intervals(each for each in about if each.relation_key in relations):
            if each.holds_at(self.moment):
                found[each.evidence[0].relation_key].append(each)
        return found


def changes_between(before: Side, after: Side, touched: Iterable[Statement]) -> list[Change]:
    """What changed of everything that the touched statements speak of, by subject and relation."""
    spoken_of: dict[str, dict[str, Statement]] = defaultdict(dict)
    for each in touched:
        spoken_of[each.subject_key][each.relation_key] = each
    found = []
    for subject, relations in sorted(spoken_of.items()):
        then, now = before.holding(subject, relations), after.holding(subject, relations)
        for relation, statement in sorted(relations.items(), key=lambda item: item[0]):
            sides = (tuple(then[relation]), tuple(now[relation]))
            if {_value(each) for each in sides[0]} != {_value(each) for each in sides[1]}:
                named = [each.evidence[0] for side in reversed(sides) for each in side] or [statement]
                found.append(Change(named[0].subject, named[0].relation, *sides))
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
