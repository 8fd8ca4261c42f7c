"""Moments as sources write them, read as datetimes in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MILLISECONDS = 1e11
"""A Unix time from here on is in milliseconds: as seconds it would lie past the year 5138."""
UNIX_TIME = re.compile(r"-?\d{9,13}(?:\.\d+)?", re.ASCII)
SHORT_FORMS = ("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y-%m", "%Y")
DAY_FIRST = re.compile(
    r"(?:[A-Z][a-z]+,? )?(\d{1,2}) ([A-Z][a-z]{2})[a-z]*\.? (\d{4})(?: (\d\d:\d\d.*))?", re.ASCII
)
MONTH_FIRST = re.compile(r"([A-Z][a-z]{2})[a-z]*\.? (\d{1,2}), (\d{4})", re.ASCII)


def parse_moment(value: object) -> datetime | None:
    """The moment that a source wrote, or None when it cannot be told.

    Numbers are Unix seconds, or milliseconds where seconds would be absurd. Text is ISO 8601 with any
    separator, RFC 2822, an English date, nine or more digits (Unix time), or one of SHORT_FORMS. Without a
    zone it is UTC.

    >>> parse_moment("20260105_1100").isoformat()
    '2026-01-05T11:00:00+00:00'
    >>> parse_moment(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            return _unix_moment(float(value))
        return _written_moment(value.strip()) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without a zone is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _unix_moment(number: float) -> datetime:
    seconds = number / 1000 if abs(number) >= FIRST_MILLISECONDS else number
    return EPOCH + timedelta(seconds=seconds)


def _written_moment(text: str) -> datetime | None:
    if UNIX_TIME.fullmatch(text):
        return _unix_moment(float(text))
    if named := DAY_FIRST.fullmatch(text):
        day, month, year, time = named.groups()
        return in_utc(parsedate_to_datetime(f"{day} {month} {year} {time or '00:00:00'}"))
    if named := MONTH_FIRST.fullmatch(text):
        month, day, year = named.groups()
        return in_utc(parsedate_to_datetime(f"{day} {month} {year} 00:00:00"))
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        return next((moment for form in SHORT_FORMS if (moment := _in_form(text, form))), None)


def _in_form(text: str, form: str) -> datetime | None:
    try:
        return in_utc(datetime.strptime(text, form))
    except ValueError:
        return None
