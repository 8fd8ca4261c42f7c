"""What a question asks of time: happenings that it compares, and the days, months or years that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hippograph.text.dates import MONTHS, find_dates
from hippograph.text.moments import DateSpan, UnreadableDate, read_date
from hippograph.types import RankedPassage
from hippograph.validity.statements import in_utc

_AUXILIARY = r"(?:did|do|does|was|were|is|are|had|has|have|will|would|can|could)"
_OPENING = re.compile(rf"^\W*(?:question:\s*)?{_AUXILIARY}\s+", re.IGNORECASE)
_BEFORE = re.compile(
    r"\s+(?:(?:occur|happen|take place|come)(?:ed|s)?\s+|(?:shortly|right|just|long|immediately|soon)\s+)*"
    r"(?P<way>before|after|prior to|earlier than|later than|since|until|once)\s+",
    re.IGNORECASE,
)
_EARLIER = ("before", "prior", "earlier", "until")
_BETWEEN = re.compile(r"\bbetween\s+(?P<both>.+)$", re.IGNORECASE)
_FROM = re.compile(
    r"\b(?:take[ns]?|took|last(?:s|ed)?|long|days?|weeks?|months?|years?|hours?|time|in total|pass(?:ed)?)\b.*?"
    r"\sfrom\s+(?P<both>.+)$",
    re.IGNORECASE,
)
_WHICH_FIRST = re.compile(
    r"^\W*(?:which|what|who)\b.*?\b(?P<way>first|earlier|before|last|later|after)\b[^,:;]*[,:;]\s*(?P<both>.+)$",
    re.IGNORECASE,
)
_OR = re.compile(r",?\s+or\s+", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_TO = re.compile(r"\s+to\s+", re.IGNORECASE)
_MEASURE = re.compile(
    r"[\s,]*(?:\b(?:is|was|are|were|be)\s+)?\b(?:more|less|longer|shorter|fewer|greater|at least|at most|exactly|over"
    r"|under|within)\b\s*(?:than\s+)?(?:\d+|an?|one|two|three|four|five|six|seven|ten)\s+"
    r"(?:minute|hour|day|week|month|year)s?\b.*$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"^(?:he|she|they|it|his|her|their|him|them)\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]")
MOST_NAMES = 2
"""How many names of the first happening the second is given: who did it, and to whom."""
_MEASURED = re.compile(
    r"\b(?:time|interval|how long|how (?:many|much)|take[ns]?|took|last(?:s|ed)?"
    r"|minutes?|hours?|days?|weeks?|months?|years?|gap|pass(?:ed)?|order|first|earlier)\b",
    re.IGNORECASE,
)
_GERUND = re.compile(r"^[a-z]+ing\b")
_NAME = re.compile(r"(?:[A-Z][\w'’-]*)(?:\s+[A-Z][\w'’-]*)*")
_STARTS_EVENT = re.compile(r"(?:(?:the|a|an|his|her|their)\s+)?(?:[A-Z]|\w+ing\b)")
_ASKS_TIME = re.compile(
    r"\b(?:when|what (?:time|date|day|month|year)|which (?:day|date|month|year|time)|since when|how long|how often"
    r"|in (?:what|which) (?:year|month|week)|on (?:what|which) (?:day|date)|time interval)\b",
    re.IGNORECASE,
)
_ORDER_WORD = re.compile(
    r"\b(?:before|after|earlier|later|until|prior to|previous(?:ly)?|subsequent(?:ly)?|then|first(?:-ever)?|last|latest"
    r"|earliest|most recent(?:ly)?|recent(?:ly)?|former(?:ly)?|originally|initially|final(?:ly)?|eventually|since|next"
    r"|at that time|used to|no longer|any ?more|already|yet)\b",
    re.IGNORECASE,
)
_NOT_TIME = re.compile(
    r"\b(?:look(?:s|ed|ing)?|named|take[ns]?|took)\s+after\b|\bfirst name\b|\blast name\b", re.I
)
_COMPACT = re.compile(
    r"(?<![\w.])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?![\d.])"
)
_MONTH_ALONE = re.compile(
    rf"\b(?:in|during|of|within|since|by|through(?:out)?)\s+(?:the month of\s+)?(?P<m>{MONTHS})\b(?!\s+\d)"
)
_MONTH_NAMES = MONTHS.split("|")


@dataclass(frozen=True, slots=True)
class TimedQuestion:
    """A question with what it says of time."""

    text: str
    events: tuple[str, ...]
    """The happenings it compares, in the order they are told and ready to be searched for; empty where it compares
    none."""
    told: tuple[str, ...]
    """The same, as the question words them."""
    is_first_earlier: bool | None
    """Whether it supposes that the first comes before the second; None where it only asks."""
    spans: tuple[DateSpan, ...]
    """The days, months and years it names."""
    months: tuple[int, ...]
    """Months it names without a year, 1 to 12."""
    asks_order: bool
    """Whether words about order, or about when something was, stand in it."""

    def is_about_time(self) -> bool:
        """Whether order or time is part of what it asks."""
        return bool(self.events or self.asks_order) or self.names_time()

    def names_time(self) -> bool:
        """Whether it names a day, a month or a year."""
        return bool(self.spans or self.months)

    def covers_of(self, found: RankedPassage) -> bool:
        """Whether a passage was observed in a time that the question names."""
        moment = in_utc(found.timestamp)
        return moment is not None and self.covers(moment)

    def covers(self, moment: datetime) -> bool:
        """Whether a moment, in UTC, lies in a time that the question names."""
        return moment.month in self.months or any(span.first <= moment <= span.last for span in self.spans)


def read_timed(question: str) -> TimedQuestion:
    """What a question says of time.

    >>> asked = read_timed("Did Ada sell the mill before she moved to Marren?")
    >>> asked.events, asked.is_first_earlier
    (('Ada sell the mill', 'Ada moved to Marren'), True)
    >>> read_timed("Is the time between Bo ordering the desk and Bo paying for it more than 3 days?").events
    ('Bo ordering the desk', 'Bo paying for it')
    >>> [span.first.date().isoformat() for span in read_timed("What was said on 20260703?").spans]
    ['2026-07-03']
    """
    text = " ".join(question.split())
    plain = _NOT_TIME.sub(" ", text)
    told, is_first_earlier = _events(plain)
    events = _spelled_out(told) if told else ()
    spans = tuple(_spans(text))
    months = tuple(dict.fromkeys(_MONTH_NAMES.index(m["m"]) + 1 for m in _MONTH_ALONE.finditer(text)))
    asks = bool(_ASKS_TIME.search(plain) or _ORDER_WORD.search(plain))
    return TimedQuestion(text, events, told, is_first_earlier, spans, months, asks)


def _events(text: str) -> tuple[tuple[str, ...], bool | None]:
    """The happenings that are compared, and whether the first is supposed to be the earlier."""
    for pattern, joint in ((_BETWEEN, _AND), (_FROM, _TO)):
        match = pattern.search(text)
        if match and _MEASURED.search(text[: match.start()] + match.group()[:12]):
            parts = _halves(_MEASURE.sub("", match["both"].rstrip(" ?.!")), joint)
            if parts:
                return parts, None
    if (match := _WHICH_FIRST.match(text)) and (parts := _halves(match["both"].rstrip(" ?.!"), _OR)):
        return parts, None
    ways = [match for match in _BEFORE.finditer(text) if _OPENING.match(text)]
    told = [
        (match, _OPENING.sub("", text[: match.start()]), text[match.end() :].rstrip(" ?.!")) for match in ways
    ]
    told = [(match, first, second) for match, first, second in told if _is_event(first) and _is_event(second)]
    if not told:
        return (), None
    match, first, second = max(told, key=lambda each: (_opens_clause(each[2]), each[0].start()))
    return (first, second), match["way"].lower().startswith(_EARLIER)


def _opens_clause(words: str) -> int:
    """How plainly words begin with who does something: "he asked", "Bo asked", "asking" rather than "the workout"."""
    if _PRONOUN.match(words) or re.match(r"[A-Z]", words):
        return 2
    return 1 if _GERUND.match(words) else 0


def _is_event(words: str) -> bool:
    """Whether words tell a happening: more than a date, and more than one word."""
    without = words
    for start, end in reversed(find_dates(words)):
        without = without[:start] + without[end:]
    said = re.findall(r"[^\W\d]\w+", _COMPACT.sub("", without))
    return len([word for word in said if word.lower() not in ("the", "an", "his", "her", "their")]) >= 2


def _halves(both: str, joint: re.Pattern[str]) -> tuple[str, str] | tuple[()]:
    """Two happenings, parted at the joint behind which one most plainly begins, nearest the middle."""
    places = [(m.start(), m.end()) for m in joint.finditer(both)]
    ways = [(both[:start].strip(" ,"), both[end:].strip(" ,")) for start, end in places]
    ways = [(left, right) for left, right in ways if _is_event(left) and _is_event(right)]
    if not ways:
        return ()
    return min(ways, key=lambda way: (not _STARTS_EVENT.match(way[1]), abs(len(way[0]) - len(way[1]))))


def _spelled_out(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The second happening with the names of the first where it begins with a pronoun or without a subject."""
    first, second = parts
    if _PRONOUN.match(second) or _GERUND.match(second):
        unquoted = _QUOTED.sub(" ", first)
        names = list(dict.fromkeys(name for name in _NAME.findall(unquoted) if name not in second))
        second = " ".join([*names[:MOST_NAMES], _PRONOUN.sub("", second).strip()])
    return first, second


def _spans(text: str) -> list[DateSpan]:
    """The dates with a year that a question names; what no calendar has is passed over."""
    found = []
    for match in _COMPACT.finditer(text):
        try:
            first = datetime(int(match["y"]), int(match["m"]), int(match["d"]), tzinfo=UTC)
        except ValueError:
            continue
        found.append(DateSpan(first, first + timedelta(days=1, microseconds=-1)))
    for start, end in find_dates(text):
        try:
            span = read_date(text[start:end])
        except UnreadableDate:
            continue
        found.append(_whole_day(span))
    return list(dict.fromkeys(found))


def _whole_day(span: DateSpan) -> DateSpan:
    """A moment's day: what was said at eleven may be dated ten past."""
    if span.first != span.last:
        return span
    first = span.first.replace(hour=0, minute=0, second=0, microsecond=0)
    return DateSpan(first, first + timedelta(days=1, microseconds=-1))
