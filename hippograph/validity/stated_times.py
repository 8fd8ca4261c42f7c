"""Stated times: from when and until when a sentence says that something holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from hippograph.text.dates import find_dates
from hippograph.text.moments import DateSpan, UnreadableDate, read_date


@dataclass(frozen=True, slots=True)
class Stated:
    """When a sentence says it holds, and what is left of it without the words that say so."""

    first: datetime | None = None
    last: datetime | None = None
    rest: str = ""
    restated: bool = False
    """Whether it is said to go on ("since 2011"): then it held when the sentence was written, too."""
    notes: tuple[str, ...] = ()


_OPENS = re.compile(
    r"(?:\bas of|\bsince|\bfrom|\beffective(?: from| as of)?|\bstarting(?: in| on)?)\s+(?:the\s+)?$", re.I
)
_CLOSES = re.compile(r"(?:\buntil|\btill|\bup to|\bthrough|\bto|[–—-])\s*(?:the\s+)?$", re.I)
_AT = re.compile(r"(?:\bin|\bon|\bby|\bat)\s+(?:the\s+)?$", re.I)
_BETWEEN = re.compile(r"\bbetween\s+$", re.I)
_AND = re.compile(r"\band\s+$", re.I)


def read_stated(text: str) -> Stated:
    """From when, until when, and the rest of the sentence.

    >>> stated = read_stated("Since May 2011, Acme is based in Lund")
    >>> stated.first.isoformat(), stated.rest, stated.restated
    ('2011-05-01T00:00:00+00:00', 'Acme is based in Lund', True)
    """
    first = last = None
    restated = False
    notes: list[str] = []
    cuts: list[tuple[int, int]] = []
    before = 0
    for start, end in find_dates(text):
        head = text[before:start]
        span, why = _span(text[start:end])
        follows = bool(cuts) and cuts[-1][1] == before
        if match := _OPENS.search(head):
            first, restated = (span.first if span else None), match.group().lower().startswith("since")
        elif match := _BETWEEN.search(head):
            first = span.first if span else None
        elif match := _closing(head, follows):
            last = span.last if span else None
        elif match := _AT.search(head):
            if first is None and _is_edge(text, before + match.start(), end):
                first = span.first if span else None
            else:
                before = end
                continue
        else:
            before = end
            continue
        if why:
            notes.append(why)
        cuts.append((before + match.start(), end))
        before = end
    return Stated(first, last, _without(text, cuts), restated, tuple(notes))


def _closing(head: str, follows: bool) -> re.Match[str] | None:
    """The words before an end: those that could stand before anything only where a beginning went before."""
    match = _CLOSES.search(head)
    if match and (follows or match.group().strip().lower().split()[0] in ("until", "till", "up", "through")):
        return match
    return _AND.search(head) if follows else None


def _span(written: str) -> tuple[DateSpan | None, str]:
    try:
        return read_date(written), ""
    except UnreadableDate as error:
        return None, str(error)


def _is_edge(text: str, start: int, end: int) -> bool:
    """Whether the words open the sentence, with a comma behind them, or end it."""
    return (start == 0 and text[end : end + 1] == ",") or not text[end:].strip(" .,")


def _without(text: str, cuts: list[tuple[int, int]]) -> str:
    for start, end in reversed(cuts):
        text = text[:start].rstrip(" ,(") + (" " if start else "") + text[end:].lstrip(" ,)")
    return " ".join(text.split()).rstrip(" ,.")
