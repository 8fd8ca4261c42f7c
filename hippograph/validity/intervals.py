"""Intervals: from when to when something holds, worked out from the statements that say so.

A relation that has one object at a time is functional: a statement with another object ends what held before. Of other
relations every object holds until it is said to hold no longer. Statements are taken in the order of the time they
speak of, never in the order they came in, so any order of adding and removing documents gives the same intervals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from hippograph.types import Interval, Statement

Moment = tuple[datetime | None, int]
"""A place on the line of time: a moment, and the number of a list item where numbers tell the order."""

NO_DATE = "its documents have no date"
TWO_TRUTHS = "two statements of one time say different things"


@dataclass(slots=True)
class _Open:
    """An interval while the line of time is walked along."""

    start: Moment
    object: str
    evidence: list[Statement] = field(default_factory=list)
    conflicts: list[Statement] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Event:
    """One thing a statement says at one time."""

    at: Moment
    statement: Statement


def resolve(
    statements: Iterable[Statement],
    is_functional: Callable[[str], bool],
    serials: bool = False,
) -> list[Interval]:
    """The intervals of some statements, by subject, relation and time.

    `is_functional` is asked by relation key. With `serials` the numbers of list items tell which is newer where moments
    do not.
    """
    found: list[Interval] = []
    for (_, relation), group in groupby(sorted(statements, key=_identity), key=lambda s: _identity(s)[:2]):
        said = list(group)
        if is_functional(relation):
            found += _along_time(said, serials, functional=True)
        else:
            by_object: dict[str, list[Statement]] = defaultdict(list)
            for statement in said:
                by_object[statement.object_key].append(statement)
            blanks = by_object.pop("", [])
            for each in by_object.values():
                found += _along_time([*each, *blanks], serials, functional=False)
    return sorted(found, key=_place)


def _identity(statement: Statement) -> tuple[str, ...]:
    cited = statement.citation
    return (
        statement.subject_key,
        statement.relation_key,
        statement.object_key,
        cited.document,
        f"{cited.start:09}",
        statement.object,
    )


def _place(interval: Interval) -> tuple[object, ...]:
    first = interval.evidence[0]
    return (
        first.subject_key,
        first.relation_key,
        interval.valid_from is not None,
        interval.valid_from.timestamp() if interval.valid_from else 0.0,
        first.serial or 0,
        first.object_key,
    )


def _along_time(said: Sequence[Statement], serials: bool, functional: bool) -> list[Interval]:
    """The intervals of one subject's relation; `said` holds one object alone where it is not functional."""
    over = [each for each in said if each.past]
    events = [event for each in said if not each.past for event in _events(each, serials)]
    dated = sorted((event for event in events if event.at[0] or event.at[1] >= 0), key=_order)
    undated = [event.statement for event in events if not event.at[0] and event.at[1] < 0]
    open_: list[_Open] = []
    closed: list[Interval] = []
    for at, group in groupby(dated, key=lambda event: event.at):
        together = [event.statement for event in group]
        _end(open_, closed, [each for each in together if each.ends], at, functional)
        _assert(open_, closed, [each for each in together if not each.ends], at, functional)
    found = [*closed, *(_interval(each, functional) for each in open_)]
    found = [_bounded(interval) for interval in found]
    return [*_with_undated(found, undated, functional), *map(_past, over)]


def _events(statement: Statement, serials: bool) -> list[_Event]:
    """When a statement speaks: from when it says it holds, else when it was observed.

    What "has held since" a time held when it was written, too.
    """
    number = statement.serial if serials and statement.serial is not None else -1
    start = statement.valid_from or statement.observed
    events = [_Event((start, number), statement)]
    if statement.restated and not statement.valid_to and statement.valid_from and statement.observed:
        events += [_Event((statement.observed, number), statement)] * (
            statement.valid_from < statement.observed
        )
    return events


def _order(event: _Event) -> tuple[object, ...]:
    moment, number = event.at
    return (moment is not None, moment.timestamp() if moment else 0.0, number, _identity(event.statement))


def _end(
    open_: list[_Open], closed: list[Interval], ending: Sequence[Statement], at: Moment, functional: bool
) -> None:
    for statement in ending:
        for each in [each for each in open_ if statement.object_key in ("", each.object)]:
            words = "said to hold no longer" if statement.object_key else "left blank"
            closed.append(_closed(each, at, statement, words, functional))
            open_.remove(each)


def _assert(
    open_: list[_Open], closed: list[Interval], said: Sequence[Statement], at: Moment, functional: bool
) -> None:
    """What is said at one time: it goes on, it begins, and it ends what says otherwise."""
    objects = {each.object_key for each in said}
    for statement in said:
        known = next((each for each in open_ if each.object == statement.object_key), None)
        if known is None:
            known = _Open(at, statement.object_key)
            open_.append(known)
        known.evidence.append(statement)
        known.conflicts += [
            other for other in said if functional and other.object_key != statement.object_key
        ]
    if functional and objects:
        newer = said[0]
        for each in [each for each in open_ if each.object not in objects]:
            closed.append(_closed(each, at, newer, f"a newer statement says {newer.object!r}", functional))
            open_.remove(each)
        for each in open_:
            if len(objects) == 1:
                each.conflicts.clear()  # said again, and alone


def _interval(each: _Open, functional: bool) -> Interval:
    first = each.evidence[0]
    notes = tuple(dict.fromkeys(note for statement in each.evidence for note in statement.notes))
    conflicts = tuple(dict.fromkeys(each.conflicts))
    if conflicts:
        notes = (*notes, TWO_TRUTHS)
    return Interval(
        subject=first.subject,
        relation=first.relation,
        object=first.object,
        valid_from=each.start[0],
        valid_to=None,
        evidence=tuple(dict.fromkeys(each.evidence)),
        conflicts=conflicts,
        is_functional=functional,
        notes=notes,
    )


def _closed(each: _Open, at: Moment, by: Statement, reason: str, functional: bool) -> Interval:
    return replace(_interval(each, functional), valid_to=at[0], closed_by=by, reason=reason)


def _bounded(interval: Interval) -> Interval:
    """Closed where one of its own statements says until when it holds, and nothing ended it before."""
    last = next((each for each in reversed(interval.evidence) if each.valid_to), None)
    newest = interval.evidence[-1]
    if last is None or last.valid_to is None:
        return interval
    if interval.valid_from and last.valid_to < interval.valid_from:
        return interval
    if (newest.valid_from or newest.observed or last.valid_to) > last.valid_to and newest is not last:
        return interval  # said again later
    if interval.reason and (interval.valid_to is None or interval.valid_to <= last.valid_to):
        return interval
    return replace(interval, valid_to=last.valid_to, closed_by=last, reason="said to hold until then")


def _past(statement: Statement) -> Interval:
    """What is said in the past tense: it held, and does not end or begin anything else."""
    last = statement.valid_to or (None if statement.valid_from else statement.observed)
    return Interval(
        statement.subject,
        statement.relation,
        statement.object,
        statement.valid_from,
        last or statement.observed,
        (statement,),
        closed_by=statement,
        reason="said to hold until then" if statement.valid_to else "said in the past tense",
        notes=statement.notes,
    )


def _with_undated(found: list[Interval], undated: Sequence[Statement], functional: bool) -> list[Interval]:
    """What has no date is shown beside the rest: as more evidence, or as a conflict with what is open."""
    by_object: dict[str, list[Statement]] = defaultdict(list)
    for statement in undated:
        if not statement.ends:
            by_object[statement.object_key].append(statement)
    extra: list[Interval] = []
    for key, said in sorted(by_object.items()):
        others = [other for each, more in sorted(by_object.items()) if each != key for other in more]
        same = [place for place, interval in enumerate(found) if interval.evidence[0].object_key == key]
        if same:
            newest = found[same[-1]]
            found[same[-1]] = replace(newest, evidence=(*newest.evidence, *said))
            continue
        standing = [each.evidence[-1] for each in found if each.is_open()]
        conflicts = tuple(dict.fromkeys([*others, *standing])) if functional else ()
        first = said[0]
        notes = (NO_DATE, *((TWO_TRUTHS,) if conflicts else ()))
        extra.append(
            Interval(
                first.subject,
                first.relation,
                first.object,
                None,
                None,
                tuple(said),
                conflicts=conflicts,
                is_functional=functional,
                notes=notes,
            )
        )
    if functional and extra:
        doubts = tuple(statement for interval in extra for statement in interval.evidence)
        found = [
            replace(each, conflicts=tuple(dict.fromkeys([*each.conflicts, *doubts])))
            if each.is_open()
            else each
            for each in found
        ]
    return [*found, *extra]
