"""Moments as sources write them, read as datetimes in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MILLISECONDS = 1e11
"""A Unix time from here on is in milliseconds: as seconds it would lie past the year 5138."""
PLAIN_FORMATS = (
    "%Y%m%d_%H%M",
    "%Y%m%d_%H:%M",
    "%Y%m%d_%H%M%S",
    "%Y%m%d-%H%M",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y-%m",
    "%Y",
)


def parse_moment(value: object) -> datetime | None:
    """The moment that a source wrote, or None when it cannot be told.

    Numbers are Unix seconds (or milliseconds, when seconds would be absurd). Text is ISO 8601, RFC 2822, a run of
    digits of at least nine places (Unix time), or one of PLAIN_FORMATS. A moment without a zone is taken as UTC.

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
        if isinstance(value, datetime):
            return in_utc(value)
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
    if re.fullmatch(r"-?\d{9,13}(\.\d+)?", text, re.ASCII):
        return _unix_moment(float(text))
    for read in (datetime.fromisoformat, *map(_reader, PLAIN_FORMATS), parsedate_to_datetime):
        try:
            return in_utc(read(text))
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def _reader(form: str):  # type: ignore[no-untyped-def]
    return lambda text: datetime.strptime(text, form)
