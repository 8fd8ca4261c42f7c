"""Answers from intervals: what holds, what held, when it changed; with both sides where statements disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hippograph.text.names import normal_name
from hippograph.types import Change, Citation, Draft, Interval, Statement
from hippograph.validity.questions import TimeKind, TimeQuestion

SURE = 0.9
"""The confidence of an answer that a statement gives in so many words; each step on the way to it costs a tenth."""
CONFLICTED = 0.4
MOST_TOLD = 12
"""How many changes an answer lists."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer from intervals, and those it rests on."""

    draft: Draft
    intervals: tuple[Interval, ...]


def tell(
    asked: TimeQuestion, way: Sequence[Interval], intervals: Sequence[Interval], moment: datetime
) -> Told | None:
    """The answer to a question about a relation with these intervals, oldest first; None where they have none.

    `way` are the intervals that led to its subject, `moment` is when it is asked.
    """
    if asked.kind is TimeKind.WHEN:
        return _when(asked, way, intervals)
    chosen = _chosen(asked, intervals, moment)
    if chosen is None:
        return None
    if not chosen:
        return _nothing(asked, intervals, moment)
    return _values(way, chosen, intervals)


def _chosen(asked: TimeQuestion, intervals: Sequence[Interval], moment: datetime) -> list[Interval] | None:
    """The intervals that are asked for; None where the question names a value that none of them has."""
    if asked.kind is TimeKind.NOW:
        return [each for each in intervals if each.holds_at(moment)]
    if asked.kind is TimeKind.AT and asked.first:
        return _between(intervals, asked.first.first, asked.first.last)
    ordered = [each for each in intervals if not _is_past_tense(each)]
    if asked.first:
        if asked.kind is TimeKind.BEFORE:
            return _last_before(ordered, asked.first.first)
        return [each for each in ordered if each.valid_from and each.valid_from > asked.first.last][:1]
    if not asked.value:
        held = [place for place, each in enumerate(ordered) if each.holds_at(moment)]
        return ordered[held[0] - 1 : held[0]] if held and held[0] else _ended(ordered)[-1:]
    wanted = normal_name(asked.value)
    places = [place for place, each in enumerate(ordered) if each.evidence[0].object_key == wanted]
    if not places:
        return None
    if asked.kind is TimeKind.BEFORE:
        return ordered[max(0, places[-1] - 1) : places[-1]]
    return ordered[places[-1] + 1 : places[-1] + 2]


def _between(intervals: Sequence[Interval], first: datetime, last: datetime) -> list[Interval]:
    """What held in a stretch of time; where it is longer than a day, what held for any of it."""
    if last - first < timedelta(days=1):
        return [each for each in intervals if each.holds_at(last)]
    return [
        each
        for each in intervals
        if (each.valid_from is None or each.valid_from <= last)
        and (each.is_open() if each.valid_to is None else each.valid_to > first)
    ]


def _last_before(intervals: Sequence[Interval], moment: datetime) -> list[Interval]:
    just_before = moment - timedelta(microseconds=1)
    return [each for each in intervals if each.holds_at(just_before)]


def _ended(intervals: Sequence[Interval]) -> list[Interval]:
    return [each for each in intervals if not each.is_open()]


def _is_past_tense(interval: Interval) -> bool:
    return interval.evidence[0].past


# --------------------------------------------------------------------------- in words


def _values(way: Sequence[Interval], chosen: Sequence[Interval], intervals: Sequence[Interval]) -> Told:
    """What the chosen intervals say. Two truths of one time are both told, and none is picked."""
    disputed = any(each.conflicts for each in chosen)
    objects = list(dict.fromkeys(each.object for each in chosen))
    sides = list(dict.fromkeys(other.object for each in chosen for other in each.conflicts))
    span = None if disputed else "; ".join(objects)
    lines = [in_words(each) for each in (*way, *chosen)]
    if disputed:
        told = " against ".join(repr(each) for each in dict.fromkeys([*objects, *sides]))
        lines.insert(0, f"The documents disagree: {told}.")
    confidence = CONFLICTED if disputed else max(0.1, SURE - 0.1 * len(way))
    cited = [_newest(each).citation for each in way]
    for each in chosen:
        cited += [_newest(each).citation, each.evidence[0].citation]
        cited += [each.closed_by.citation] if each.closed_by else []
        cited += [other.citation for other in each.conflicts]
    warnings = tuple(dict.fromkeys(note for each in (*way, *chosen) for note in each.notes))
    return Told(_draft(span, lines, cited, confidence, warnings), (*way, *intervals))


def _when(asked: TimeQuestion, way: Sequence[Interval], intervals: Sequence[Interval]) -> Told | None:
    """When it changed last, or first came to have a value; every change is listed."""
    dated = [each for each in intervals if each.valid_from and not _is_past_tense(each)]
    if asked.value:
        dated = [each for each in dated if each.evidence[0].object_key == normal_name(asked.value)]
    elif len(dated) < 2:
        return _unchanged(way, dated, intervals)
    if not dated:
        return None
    reached = dated[0] if asked.value else dated[-1]
    lines = [in_words(each) for each in intervals[-MOST_TOLD:]]
    cited = [each.evidence[0].citation for each in intervals[-MOST_TOLD:]]
    first = reached.evidence[0].citation
    return Told(
        _draft(day(reached.valid_from), lines, [first, *cited], SURE - 0.1 * len(way), reached.notes),
        (*way, *intervals),
    )


def _unchanged(
    way: Sequence[Interval], dated: Sequence[Interval], intervals: Sequence[Interval]
) -> Told | None:
    if not dated:
        return None
    why = f"No change is recorded: {in_words(dated[0])}"
    return Told(Draft(why, None, (), why, SURE), (*way, *intervals))


def _nothing(asked: TimeQuestion, intervals: Sequence[Interval], moment: datetime) -> Told | None:
    """A refusal that says what is known instead."""
    if not intervals:
        return None
    when = asked.first.last if asked.kind is TimeKind.AT and asked.first else moment
    first = intervals[0]
    known = "; ".join(in_words(each) for each in intervals[-3:])
    about = f"{first.relation} of {first.subject}"
    if asked.kind in (TimeKind.BEFORE, TimeKind.AFTER):
        why = f"Nothing is recorded of the {about} {asked.kind.value} that. Known is: {known}"
    else:
        why = f"Nothing is known to hold of the {about} on {day(when)}. Known is: {known}"
    return Told(Draft(why, None, (), why, SURE), tuple(intervals))


def tell_changes(changes: Sequence[Change]) -> Told:
    """What changed, a line each; where it is much, the first of it."""
    if not changes:
        why = "No change is recorded between these dates."
        return Told(Draft(why, None, (), why, SURE), ())
    lines = [change_in_words(each) for each in changes[:MOST_TOLD]]
    if len(changes) > MOST_TOLD:
        lines.append(f"and {len(changes) - MOST_TOLD} more")
    shown = [interval for each in changes[:MOST_TOLD] for interval in (*each.before, *each.after)]
    cited = [each.evidence[0].citation for each in shown]
    return Told(_draft(None, lines, cited, SURE, ()), tuple(shown))


def change_in_words(change: Change) -> str:
    """A change as a line: what of whom, what it was and what it is."""
    then, now = (
        "; ".join(each.object for each in side) or "nothing" for side in (change.before, change.after)
    )
    since = [day(each.valid_from) for each in change.after if each.valid_from]
    told = f" (since {since[0]})" if since else ""
    return f"{change.subject}: {change.relation}: {then} → {now}{told}"


def _draft(
    span: str | None,
    lines: Sequence[str],
    cited: Sequence[Citation],
    confidence: float,
    warnings: Sequence[str],
) -> Draft:
    citations = tuple(dict.fromkeys(cited))
    head = f"{span}\n\n" if span else ""
    told = "\n".join(lines)
    return Draft(
        text=f"{head}{told}",
        span=span,
        citations=citations,
        refusal=None,
        confidence=round(confidence, 4),
        warnings=tuple(warnings),
        method="intervals",
    )


def in_words(interval: Interval) -> str:
    """An interval as a line: what of whom, the value, from when to when, and why it ended."""
    first = day(interval.valid_from) if interval.valid_from else ""
    last = day(interval.valid_to) if interval.valid_to else ""
    if interval.is_open():
        times = f"since {first}" if first else "of unknown date"
    else:
        times = " ".join(
            filter(None, [f"from {first}" if first else "", f"until {last}" if last else "before"])
        )
    reason = f" ({interval.reason})" if interval.reason else ""
    return f"{interval.subject}: {interval.relation}: {interval.object}, {times}{reason}"


def day(moment: datetime | None) -> str:
    """A moment as its day, with the time where it is no midnight."""
    if moment is None:
        return "an unknown day"
    is_day = (moment.hour, moment.minute, moment.second) in ((0, 0, 0), (23, 59, 59))
    return moment.date().isoformat() if is_day else moment.isoformat(timespec="seconds")


def _newest(interval: Interval) -> Statement:
    return interval.evidence[-1]
