"""Questions about time: when something changed, what it was before, what changed between two dates, what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hippograph.text.dates import find_dates
from hippograph.text.moments import DateSpan, UnreadableDate, read_date


class TimeKind(StrEnum):
    """What a question asks of the intervals of a subject's relation."""

    NOW = "now"
    """What holds, now or as of a moment."""
    AT = "at"
    """What held at a time that the question names."""
    BEFORE = "before"
    """What held before a time or before another value."""
    AFTER = "after"
    WHEN = "when"
    """When it changed, or came to have a value."""
    CHANGES = "changes"
    """What changed between two times."""


@dataclass(frozen=True, slots=True)
class TimeQuestion:
    """A question as it is put to intervals."""

    kind: TimeKind
    rest: str
    """The question without the words about time: they name the subject and the relation."""
    first: DateSpan | None = None
    last: DateSpan | None = None
    value: str = ""
    """The value that a change leads to, or that "before" and "after" refer to."""
    warning: str = ""
    """What is odd about a date it names."""

    def is_about_change(self) -> bool:
        """Whether nothing but intervals can answer it."""
        return self.kind in (TimeKind.WHEN, TimeKind.CHANGES, TimeKind.BEFORE, TimeKind.AFTER)


_BE = r"(?:did|was|were|is|are|has|have|had|does|do)"
_WHEN = re.compile(
    rf"^(?:when|on (?:what|which) (?:day|date)|in (?:what|which) (?:year|month)|since when)\s+{_BE}\s+(?P<rest>.+?)"
    r"\s+(?:last\s+)?(?:change[ds]?|become|became|turn(?:ed)?|switch(?:ed)?|set|been)(?:\s+(?:in)?to)?"
    r"(?:\s+(?:from\s+.+\s+to\s+)?(?P<value>\S.*?))?[\s?.]*$",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"^what\s+(?:has\s+|have\s+|had\s+)?(?:been\s+)?changed(?P<mid>.*?)\s(?:between\s(?P<a>.+?)\sand\s(?P<b>.+?)"
    r"|since\s(?P<c>.+?)|from\s(?P<d>.+?)\sto\s(?P<e>.+?))(?P<tail>\s(?:for|in|about|of|with|at)\s.+?)?[\s?.]*$",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    rf"^(?P<rest>.+?)\s+(?P<way>(?:just|right|immediately|directly)?\s*(?:before|after|prior to))\s+"
    rf"(?:(?:it|that|this|he|she|they)\s+(?:{_BE}|became|turned|changed(?:\s+to)?)\s+)?(?P<value>\S.*?)[\s?.]*$",
    re.IGNORECASE,
)
_PREVIOUS = re.compile(r"\b(?:previous|former|preceding|prior|earlier|old)\s+(?=\w)", re.IGNORECASE)
_AT = re.compile(
    r"\s*,?\s*\b(?:as of|as at|on|in|at|by|during)\s+(?:the\s+)?(?:(?:end|beginning|start)\s+of\s+)?$",
    re.IGNORECASE,
)
_SMALL = re.compile(r"^(?:the|a|an|its|to|as)\s+", re.IGNORECASE)
_NOW = re.compile(
    r"\b(?:current(?:ly)?|now|nowadays|today|at present|presently|at the moment|still|latest)\b", re.I
)


def read_time_question(question: str) -> TimeQuestion:
    """What a question asks of time, and the question without it.

    >>> asked = read_time_question("What was the status of the Vike Bridge before it was closed?")
    >>> asked.kind.value, asked.rest, asked.value
    ('before', 'What was the status of the Vike Bridge', 'closed')
    >>> read_time_question("Who is the mayor of Marren as of May 2014?").first.last.date().isoformat()
    '2014-05-31'
    """
    text = " ".join(question.split())
    if match := _CHANGES.match(text):
        return _changes(match)
    if match := _WHEN.match(text):
        value = _SMALL.sub("", match["value"] or "")
        rest = re.sub(r"^the value of\s+", "", match["rest"], flags=re.IGNORECASE)
        if text.lower().startswith("since when") and value:
            return TimeQuestion(TimeKind.WHEN, f"{match['rest']} {match['value']}", value="")
        return TimeQuestion(TimeKind.WHEN, rest, value=value)
    if match := _BESIDE.match(text):
        kind = TimeKind.AFTER if match["way"].lower().endswith("after") else TimeKind.BEFORE
        span, warning = _span(match["value"])
        value = "" if span or warning else _SMALL.sub("", match["value"])
        return TimeQuestion(kind, match["rest"], first=span, value=value, warning=warning)
    if _PREVIOUS.search(text):
        return TimeQuestion(TimeKind.BEFORE, _PREVIOUS.sub("", text, count=1))
    return _at(text)


def _at(text: str) -> TimeQuestion:
    """A question with a date behind "as of", "on" or "in"; without one it asks what holds."""
    for start, end in find_dates(text):
        if match := _AT.search(text[:start]):
            span, warning = _span(text[start:end])
            rest = f"{text[: match.start()]} {text[end:]}".strip(" ,")
            return TimeQuestion(TimeKind.AT if span else TimeKind.NOW, _plain(rest), span, warning=warning)
    return TimeQuestion(TimeKind.NOW, _plain(text))


def _plain(text: str) -> str:
    return " ".join(_NOW.sub(" ", text).split())


def _changes(match: re.Match[str]) -> TimeQuestion:
    first, last = match["a"] or match["c"] or match["d"], match["b"] or match["e"]
    one, warning = _span(first)
    other, second = _span(last) if last else (None, "")
    rest = re.sub(r"^\s*(?:for|in|about|of|with|at)\s+", "", f"{match['mid']} {match['tail'] or ''}".strip())
    return TimeQuestion(TimeKind.CHANGES, rest, one, other, warning=warning or second)


def _span(written: str) -> tuple[DateSpan | None, str]:
    """What a written date stands for; what is wrong with it where it looks like one and is none."""
    found = find_dates(written)
    text = written[slice(*found[0])] if found else written
    if found and written[: found[0][0]].strip().lower() not in ("", "the", "in", "on"):
        return None, ""
    try:
        return read_date(text), ""
    except UnreadableDate as error:
        return None, str(error) if re.search(r"\d", text) and re.fullmatch(r"[\d\s/.,:-]+", text) else ""
