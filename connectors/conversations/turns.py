"""Turns and sessions: who said what when, cut into sessions where a conversation paused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from connectors.parsers.entries import Entry, Scalar, one_line, storable
from hippograph.types import content_id

MOST_TURNS = 500
"""A session that goes on for longer is cut here, so that no document grows without end."""
NOBODY = "unknown"
"""The speaker of a turn that names none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message."""

    speaker: str
    text: str
    moment: datetime | None
    """In UTC; None where the export gives none."""
    channel: str = ""
    """The chat, channel or mail folder it stands in."""
    thread: str = ""
    """The thread it belongs to; a thread is a session of its own. Empty outside threads."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a session ends: after a pause, or with the day."""

    gap: timedelta = timedelta(hours=6)
    by_day: bool = False
    zone: tzinfo = UTC
    """Whose days they are, and whose clock the times of an export without zones are read on."""

    def parts(self, before: Turn, after: Turn) -> bool:
        """Whether a session ends between two turns. Without times it never does."""
        if before.moment is None or after.moment is None:
            return False
        if self.by_day:
            return before.moment.astimezone(self.zone).date() != after.moment.astimezone(self.zone).date()
        return abs(after.moment - before.moment) > self.gap


def sessions(turns: Iterable[Turn], cut: Cut) -> Iterator[list[Turn]]:
    """The turns of each session, in the order in which sessions begin. Threads are never cut by a pause.

    Turns are taken as they come; a clock that ran backwards by less than the gap parts nothing.
    """
    open_: dict[tuple[str, str], list[list[Turn]]] = {}
    for turn in turns:
        found = open_.setdefault((turn.channel, turn.thread), [])
        is_over = found and (
            len(found[-1]) >= MOST_TURNS or (not turn.thread and cut.parts(found[-1][-1], turn))
        )
        if not found or is_over:
            found.append([])
        found[-1].append(turn)
    yield from sorted(
        (session for found in open_.values() for session in found),
        key=lambda session: (_begun(session) is None, _begun(session) or datetime.max.replace(tzinfo=UTC)),
    )


def session_entries(turns: Iterable[Turn], cut: Cut, name: str = "") -> Iterator[Entry]:
    """One entry a session: its turns as lines `Speaker: text`, and who spoke when as metadata.

    A session is known by its channel and the moment of its first turn, so it keeps its id while it grows.
    """
    known: dict[str, int] = {}
    for session in sessions(turns, cut):
        key = _key(session)
        known[key] = known.get(key, 0) + 1
        yield _entry(session, key if known[key] == 1 else f"{key}~{known[key]}", name)


def in_order(turns: Sequence[Turn]) -> list[Turn]:
    """Turns in order of time; each without one stays behind the turn before it."""
    last = datetime.min.replace(tzinfo=UTC)
    keyed = []
    for place, turn in enumerate(turns):
        last = turn.moment or last
        keyed.append((last, place, turn))
    return [turn for _, _, turn in sorted(keyed, key=lambda each: each[:2])]


def _entry(session: list[Turn], row: str, name: str) -> Entry:
    first, begun = session[0], _begun(session)
    speakers = list(dict.fromkeys(_speaker(turn) for turn in session))
    lines = [f"{_speaker(turn)}: {one_line(turn.text)}" for turn in session]
    moments = [turn.moment.isoformat() if turn.moment else "" for turn in session]
    metadata: dict[str, Scalar] = {"speakers": ", ".join(speakers), "turn_times": " ".join(moments).rstrip()}
    if first.channel:
        metadata["channel"] = first.channel
    if first.thread:
        metadata["thread"] = first.thread
    day = begun.strftime("%Y-%m-%d %H:%M") if begun else ""
    title = " ".join(part for part in (first.channel or name or " and ".join(speakers[:3]), day) if part)
    return Entry("\n".join(lines), title=one_line(title), row=row, timestamp=begun, metadata=metadata)


def _speaker(turn: Turn) -> str:
    """The name on one line, without what would end it early."""
    return one_line(storable(turn.speaker)).replace(":", " ").strip() or NOBODY


def _begun(session: list[Turn]) -> datetime | None:
    return next((turn.moment for turn in session if turn.moment), None)


def _key(session: list[Turn]) -> str:
    first, begun = session[0], _begun(session)
    told = begun.strftime("%Y%m%dT%H%M%S") if begun else content_id(first.speaker, first.text)[:16]
    thread = content_id(first.thread)[:8] if first.thread else ""
    return "-".join(part for part in (one_line(first.channel), told, thread) if part)
