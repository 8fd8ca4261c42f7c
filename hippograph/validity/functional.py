"""Functional relations: those that have one object at a time, learned from what the index holds, or declared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from hippograph.types import Statement, StatementForm

LEARNABLE = frozenset([StatementForm.LINE, StatementForm.ROLE, StatementForm.STATE])
"""Forms that tell a state. Of events ("A visited B") the next does not end the one before, however few there are at
one time, so those relations are functional only where that is declared."""
DEFINITE = frozenset([StatementForm.LINE, StatementForm.ROLE])
"""Forms that speak of the one object there is ("the owner of A"): documents of one day with different ones disagree. Of
others ("A speaks B") both may hold."""
_INDEFINITE = re.compile(r"\b(?:an?|one|some)\b")
"""A is a member of B: there may be more."""


@dataclass(frozen=True, slots=True)
class Support:
    """What speaks for a relation being functional."""

    subjects: int
    """How many subjects have it."""
    single: int
    """How many of them never have two objects at one time."""
    is_state: bool
    """Whether it is stated as a state, never as an event."""

    def share(self) -> float:
        """The share of subjects with one object at a time; 0 without any."""
        return self.single / self.subjects if self.subjects else 0.0

    def is_functional(self, least_share: float, least_subjects: int) -> bool:
        """Whether that is enough."""
        return self.is_state and self.subjects >= least_subjects and self.share() >= least_share


def measure_support(statements: Iterable[Statement]) -> Support:
    """Of one relation: its subjects, and how many of them have one object in every document, and at every moment.

    What was said in the past tense or to have ended is left out. A subject whose objects come back in turn
    (A, B, A, B) has both at a time, whatever the moments say.
    """
    by_subject: dict[str, list[Statement]] = defaultdict(list)
    is_state = True
    for statement in statements:
        if statement.past or statement.ends:
            continue
        is_state = is_state and statement.form in LEARNABLE and not _INDEFINITE.search(statement.relation)
        by_subject[statement.subject_key].append(statement)
    single = sum(map(_is_single, by_subject.values()))
    return Support(len(by_subject), single, is_state)


def _is_single(said: list[Statement]) -> bool:
    at_once: dict[object, set[str]] = defaultdict(set)
    for each in said:
        place = each.citation.document if each.serial is None else (each.citation.document, each.serial)
        at_once[place].add(each.object_key)
        if each.form not in DEFINITE and (each.valid_from or each.observed):
            at_once[each.valid_from or each.observed].add(each.object_key)
    return all(len(objects) == 1 for objects in at_once.values()) and not _takes_turns(said)


def _takes_turns(said: list[Statement]) -> bool:
    """Whether two objects alternate more than once."""
    dated = sorted(
        ((moment, each.object_key) for each in said if (moment := each.valid_from or each.observed)),
    )
    runs = [key for place, (_, key) in enumerate(dated) if not place or dated[place - 1][1] != key]
    returns = len(runs) - len(set(runs))
    return returns > 1
