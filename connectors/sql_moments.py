"""What the change column of a database says: when a row was changed, and whether that tells its states apart."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.marks import now_ns
from connectors.moments import EPOCH, FIRST_MILLISECONDS, in_utc, parse_moment

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, ColumnElement

ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
WIDEST_ZONE = timedelta(hours=26)
"""Two clocks on earth differ by at most that: between UTC-12 and UTC+14."""
DAY = timedelta(days=1)
SHORTEST_TICK = timedelta(seconds=2)
DAYS_AS_NUMBERS = range(1900_01_01, 2100_01_01)


def later(changed: ColumnElement[Any], since: datetime, sample: object) -> list[ColumnElement[bool]]:
    """What the database can tell of a row being changed after `since`; never too narrow.

    Values that are no moments of the sample's kind are for `is_later` to judge. A text is compared by its day
    alone, a day before any zone could be: separators and zones are written in many ways.
    """
    from sqlalchemy import Date, DateTime, Float, String, bindparam, or_

    earliest: BindParameter[Any]
    if isinstance(sample, datetime):
        bound = since if sample.tzinfo else since.replace(tzinfo=None)
        earliest = bindparam("since", bound, DateTime(timezone=sample.tzinfo is not None))
    elif isinstance(sample, date):
        earliest = bindparam("since", since.date(), Date())
    elif isinstance(sample, int | float):
        scale = 1000 if abs(sample) >= FIRST_MILLISECONDS else 1
        earliest = bindparam("since", since.timestamp() * scale, Float())
    elif isinstance(sample, str) and ISO_DATE.match(sample):
        earliest = bindparam("since", (since - WIDEST_ZONE).date().isoformat(), String())
    else:
        return []
    return [or_(changed >= earliest, changed.is_(None))]


def is_later(value: object, since: datetime) -> bool:
    """Whether a row may have changed after `since`: a day counts to its end, and what is unreadable counts."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value >= since.date()
    moment = moment_of(value)
    return moment is None or moment > since


def moment_of(value: object) -> datetime | None:
    """The moment a value stands for, or None where it is none; a day stands for its beginning."""
    if isinstance(value, datetime):
        return in_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return parse_moment(value)


def may_recur(changed: object) -> bool:
    """Whether a further change of a row might be dated just so: then the date does not tell the two apart.

    Dates without a zone may be of any, and days last a day. Numbers that are no time of the present, and words that
    are no date, count or name versions.
    """
    is_day_number = isinstance(changed, int) and changed in DAYS_AS_NUMBERS
    moment = moment_of(str(changed) if is_day_number else changed)
    if moment is None:
        return False
    if isinstance(changed, str) and len(changed.strip()) < len("20260105"):
        return True  # a month or a year
    age = EPOCH + timedelta(microseconds=now_ns() // 1000) - moment
    has_zone = isinstance(changed, datetime) and changed.tzinfo is not None
    if has_zone or (isinstance(changed, int | float) and not is_day_number):
        return -WIDEST_ZONE < age < SHORTEST_TICK
    return -WIDEST_ZONE < age < WIDEST_ZONE + DAY
