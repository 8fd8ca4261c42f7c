"""Chats in JSON: lists of messages under the names that exports usually give them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from connectors.conversations.dates import DATE, Order, decide_order, read_day
from connectors.conversations.turns import NOBODY, Cut, Turn, in_order, session_entries
from connectors.moments import parse_moment
from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile
from connectors.parsers.plain import read_text

SPEAKERS = ("speaker", "sender", "sender_name", "from", "author", "user", "username", "role", "name")
TEXTS = ("text", "content", "message", "body", "value")
TIMES = (
    "timestamp",
    "timestamp_ms",
    "time",
    "date",
    "datetime",
    "created_at",
    "create_time",
    "sent_at",
    "ts",
)
THREADS = ("thread", "thread_id", "thread_ts")
LISTS = ("messages", "turns", "dialogue", "dialog", "conversation")
CHATS = ("conversations", "sessions", "chats", "channels")
CHANNELS = ("channel", "title", "name", "id")
KNOWN = f"{'/'.join(SPEAKERS[:5])}, {'/'.join(TEXTS[:4])} and {'/'.join(TIMES[:3])}"


def read_chat_json(
    stream: BinaryIO, cut: Cut, order: Order | None = None, name: str = ""
) -> Iterator[Entry | BrokenEntry]:
    """One entry a session. Read are a list of messages, an object that holds one, several of these, and JSON lines.

    Raises UnreadableFile for what holds no messages, or dates that can be read in two ways.
    """
    text, _ = read_text(stream)
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for place, item in _items(text):
        found += _messages(item, "", place)
    if not found:
        raise UnreadableFile(f"It holds no list of messages with {KNOWN}.")
    written = [w for _, _, row in found if isinstance(w := _first(row, TIMES), str) and _is_digits(w)]
    chosen = decide_order(written, order) if written else None
    turns: list[Turn] = []
    for channel, place, row in found:
        turn = _turn(row, channel, chosen, cut)
        if isinstance(turn, str):
            yield BrokenEntry(turn, place)
        elif turn is not None:
            turns.append(turn)
    yield from session_entries(in_order(turns), cut, name)


def looks_like_chat(item: Any) -> bool:
    """Whether parsed JSON holds messages that have a text and a speaker."""
    rows = _messages(item, "", "")
    return bool(rows) and all(
        isinstance(row, Mapping) and _first(row, TEXTS) is not None and _first(row, SPEAKERS) is not None
        for _, _, row in rows[:5]
    )


def _items(text: str) -> Iterator[tuple[str, Any]]:
    """The whole as JSON, or each line."""
    try:
        yield "", json.loads(text)
        return
    except ValueError as error:
        whole = error
    rows = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    parsed, failed = [], 0
    for number, line in rows:
        try:
            parsed.append((f"line={number}", json.loads(line)))
        except ValueError:
            failed += 1
            parsed.append((f"line={number}", None))
    if failed == len(rows) or len(rows) < 2:
        raise UnreadableFile(f"It is not JSON: {whole}.")
    yield from parsed
    return


def _messages(item: Any, channel: str, place: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Every message below, with its channel and its place."""
    if isinstance(item, list):
        found = []
        for number, each in enumerate(item, start=1):
            found += _messages(each, channel, f"{place or 'message'}{'.' if place else '='}{number}")
        return found
    if not isinstance(item, Mapping):
        return [(channel, place, {})]
    for key in (*CHATS, *LISTS):
        inner = item.get(key)
        if isinstance(inner, list | dict) and inner and not isinstance(_first(item, TEXTS[:1]), str):
            told = _first(item, CHANNELS)
            below = list(inner.values()) if isinstance(inner, dict) else inner
            return _messages(below, channel if told is None else str(told), place)
    return [(channel, place, item)]


def _turn(row: Mapping[str, Any], channel: str, order: Order | None, cut: Cut) -> Turn | str | None:
    """A message as a turn; why it is none; None for one that says nothing, such as a picture."""
    if not row:
        return "It is no message: an object with a speaker and a text is needed."
    text, speaker, written = _text(_first(row, TEXTS)), _first(row, SPEAKERS), _first(row, TIMES)
    if text is None:
        return f"The message has no text; known names of it are {', '.join(TEXTS)}."
    if not text.strip():
        return None
    if isinstance(speaker, Mapping):
        speaker = _first(speaker, ("name", "display_name", "username", "role", "id"))
    moment = _moment(written, order, cut)
    if written not in (None, "") and moment is None:
        return f"The message has a time that is none: {str(written)[:60]!r}."
    thread = _first(row, THREADS)
    told = row.get("channel") or row.get("session") or row.get("session_id")
    return Turn(
        str(speaker or NOBODY),
        text,
        moment,
        str(told) if isinstance(told, str | int) else channel,
        "" if thread is None else str(thread),
    )


def _text(value: Any) -> str | None:
    """The words of a text that may come in pieces, as Telegram and chat models write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text(each) or "" for each in value)
    if isinstance(value, Mapping):
        return _text(_first(value, ("text", "parts", "content", "value")))
    return None


def _moment(written: Any, order: Order | None, cut: Cut) -> datetime | None:
    if isinstance(written, str) and order is not None and _is_digits(written):
        return _in_digits(written.strip(), order, cut)
    moment = parse_moment(written)
    if moment is not None and isinstance(written, str) and not _has_zone(written):
        return moment.replace(tzinfo=cut.zone).astimezone(UTC)
    return moment


def _in_digits(written: str, order: Order, cut: Cut) -> datetime | None:
    """A date in digits, and the time of day behind it."""
    date, _, rest = written.replace(",", " ").partition(" ")
    try:
        day = read_day(date, order)
        clock = next(
            (datetime.strptime(rest.strip(), form) for form in _CLOCKS if _fits(rest.strip(), form)), None
        )
    except ValueError:
        return None
    if rest.strip() and clock is None:
        return None
    since = timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second) if clock else timedelta()
    return (day.replace(tzinfo=cut.zone) + since).astimezone(UTC)


_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _has_zone(written: str) -> bool:
    text = written.strip()
    return text.endswith(("Z", "z", "GMT", "UTC")) or "+" in text[10:] or "-" in text[11:] or text.isdigit()


def _is_digits(written: str) -> bool:
    """Whether a date is written in digits that do not begin with the year."""
    match = DATE.match(written.strip())
    return match is not None and len(match[1]) < 4


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value under the first of these names that is there."""
    return next((row[name] for name in names if row.get(name) is not None), None)
