"""Moments: what a written date stands for, as a stretch of time in UTC."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dateutil import parser
from dateutil.relativedelta import relativedelta

_DEFAULTS = (datetime(2000, 1, 1), datetime(2004, 8, 27))
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b(?:\s+of\b)?()")
_YEAR_ALONE = re.compile(r"\d{4}")
_YEAR_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_HAS_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)|\d{8}T")
_NUMERIC = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}")


@dataclass(frozen=True, slots=True)
class DateSpan:
    """The time a written date stands for, both ends included: a year is all of it."""

    first: datetime
    last: datetime


class UnreadableDate(ValueError):
    """A date that no calendar has, or that can be read in two ways; the message says which."""


def read_date(written: str) -> DateSpan:
    """The day, month, year or moment that is written, in UTC where no zone is. Raises UnreadableDate.

    >>> read_date("May 2014").last.isoformat()
    '2014-05-31T23:59:59.999999+00:00'
    >>> read_date("03/04/2021")
    Traceback (most recent call last):
    ...
    hippograph.text.moments.UnreadableDate: '03/04/2021' may be 2021-03-04 or 2021-04-03; write it as YYYY-MM-DD.
    """
    text = _ORDINAL.sub(r"\1", " ".join(written.split()).strip(" .,"))
    if _YEAR_ALONE.fullmatch(text):
        return _span(_in_calendar(written, int(text), 1, 1), "year")
    if month := _YEAR_MONTH.fullmatch(text):
        return _span(_in_calendar(written, int(month[1]), int(month[2]), 1), "month")
    if not _HAS_YEAR.search(text) or not re.search(r"\d", text):
        raise UnreadableDate(f"{written!r} is not a date with a year; write it as YYYY-MM-DD.")
    if _NUMERIC.fullmatch(text):
        return _span(_one_reading(written, text), "day")
    try:
        # What is not written is taken from the default: a part that differs between two is missing.
        one, other = (parser.parse(text, default=default) for default in _DEFAULTS)
    except (ValueError, OverflowError) as error:
        raise UnreadableDate(f"{written!r} is not a date; write it as YYYY-MM-DD.") from error
    if one.year != other.year or one.month != other.month:
        raise UnreadableDate(f"{written!r} is not a date with a year and a month; write it as YYYY-MM-DD.")
    if one.day != other.day:
        return _span(one.replace(day=1, hour=0, minute=0, second=0, microsecond=0), "month")
    return _span(one, "moment" if re.search(r"\d:\d|\dT\d", text) else "day")


def _one_reading(written: str, text: str) -> datetime:
    """A date in digits that can be read in one way only."""
    year_first = bool(re.match(r"\d{4}", text))
    readings: set[date] = set()
    for day_first in (False, True):
        with suppress(ValueError, OverflowError):
            readings.add(
                parser.parse(text, dayfirst=day_first and not year_first, yearfirst=year_first).date()
            )
    if not readings:
        raise UnreadableDate(f"{written!r} is not a date; write it as YYYY-MM-DD.")
    if len(readings) > 1:
        told = " or ".join(sorted(day.isoformat() for day in readings))
        raise UnreadableDate(f"{written!r} may be {told}; write it as YYYY-MM-DD.")
    return datetime.combine(readings.pop(), time())


def _in_calendar(written: str, year: int, month: int, day: int) -> datetime:
    try:
        return datetime(year, month, day)
    except ValueError as error:
        raise UnreadableDate(f"{written!r} is not a date; write it as YYYY-MM-DD.") from error


def _span(first: datetime, unit: str) -> DateSpan:
    first = first.replace(tzinfo=UTC) if first.tzinfo is None else first.astimezone(UTC)
    if unit == "moment":
        return DateSpan(first, first)
    steps = {"day": relativedelta(days=1), "month": relativedelta(months=1), "year": relativedelta(years=1)}
    try:
        after = first + steps[unit]
    except (ValueError, OverflowError) as error:
        raise UnreadableDate(f"{first.year} is the last year there is.") from error
    return DateSpan(first, after - timedelta(microseconds=1))
