"""WhatsApp's text exports, in the forms that its apps and languages write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from connectors.conversations.dates import DATE, Order, decide_order, read_day
from connectors.conversations.turns import Cut, Turn, session_entries
from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile
from connectors.parsers.plain import read_text

STAMP = re.compile(
    rf"^[\u200e\u200f\ufeff]*(?P<open>\[)?(?P<date>{DATE.pattern}),?\s+(?:um\s+|à\s+)?"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
    r"(?:\s*(?P<half>[aApP])\.?\s?[mM]\.?)?(?P<close>\])?\s*(?P<dash>[-–]\s)?\s*(?P<rest>.*)$"
)
SAID = re.compile(r"^[\u200e\u200f]*~?\s*(?P<speaker>[^:]{1,80}?):(?:\s(?P<text>.*)|\s*)$", re.DOTALL)
MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
SPACES = str.maketrans({"\u202f": " ", "\xa0": " "})
LEFT_OUT = re.compile(
    r"^<?(?:media omitted|image omitted|video omitted|audio omitted|sticker omitted|gif omitted|document omitted"
    r"|medien ausgeschlossen|this message was deleted|you deleted this message|null)>?\.?$",
    re.IGNORECASE,
)
MOST_SAMPLED = 20


def looks_like_whatsapp(head: str) -> bool:
    """Whether a text opens like an export: its first line, and most with a stamp, has one in brackets or a dash."""
    lines = [line for line in head.translate(SPACES).splitlines() if line.strip()][:MOST_SAMPLED]
    return bool(lines) and _stamp(lines[0]) is not None


def read_whatsapp(
    stream: BinaryIO, cut: Cut, order: Order | None = None, name: str = ""
) -> Iterator[Entry | BrokenEntry]:
    """One entry a session. What the app says itself, such as who joined, is left out; so is media that is not there.

    Raises UnreadableFile for a text without stamps, or whose dates can be read in two ways.
    """
    text, _ = read_text(stream)
    lines = text.translate(SPACES).split("\n")
    stamps = [(number, match) for number, line in enumerate(lines) if (match := _stamp(line))]
    if not stamps:
        raise UnreadableFile("No line of it begins with a date and a time, as WhatsApp writes them.")
    if stray := [line for line in lines[: stamps[0][0]] if line.strip()]:
        yield BrokenEntry(f"What stands before the first message was left out: {stray[0][:60]!r}.", "line=1")
    chosen = decide_order([match["date"] for _, match in stamps], order)
    turns: list[Turn] = []
    ends = [number for number, _ in stamps[1:]] + [len(lines)]
    for (number, match), end in zip(stamps, ends, strict=True):
        moment = _moment(match, chosen, cut)
        if moment is None:
            yield BrokenEntry(f"{match['hour']}:{match['minute']} is no time of day.", f"line={number + 1}")
            continue
        message = "\n".join([match["rest"], *lines[number + 1 : end]])
        if said := SAID.match(message):
            content = MARKS.sub("", said["text"] or "").strip()
            if content and not LEFT_OUT.match(content):
                turns.append(Turn(MARKS.sub("", said["speaker"]), content, moment))
    if not turns:
        raise UnreadableFile("Nobody says anything in it: every line is the app's own.")
    yield from session_entries(turns, cut, name)


def _stamp(line: str) -> re.Match[str] | None:
    """The stamp of a line, in brackets or before a dash."""
    match = STAMP.match(line)
    return match if match and ((match["open"] and match["close"]) or match["dash"]) else None


def _moment(match: re.Match[str], order: Order, cut: Cut) -> datetime | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if half := match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    if hour > 24 or minute > 59 or second > 60:
        return None
    day = read_day(match["date"], order).replace(tzinfo=cut.zone)
    wall = day + timedelta(hours=hour, minutes=minute, seconds=second)
    return wall.astimezone(UTC)
