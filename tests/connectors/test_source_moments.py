"""Moments as sources write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.moments import parse_moment

MORNING = datetime(2026, 1, 5, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        *("2026-01-05T11:00:00Z", "2026-01-05 11:00", "2026-01-05T12:00:00+01:00", "20260105T110000Z"),
        *("20260105_1100", "20260105_11:00", "20260105_110000", "20260105-1100", "2026/01/05 11:00"),
        *("Mon, 05 Jan 2026 11:00:00 GMT", "5 Jan 2026 13:00:00 +0200", " 2026-01-05T11:00:00Z\n"),
        *(1767610800, 1767610800.0, 1767610800000, "1767610800", "1767610800000"),
    ],
)
def test_one_moment_in_many_hands_is_one_moment(written):
    """Each of these is 5 January 2026, eleven o'clock in UTC."""
    assert parse_moment(written) == MORNING


@pytest.mark.parametrize(
    "written", ["2026-01-05", "20260105", "2026/01/05", "5 January 2026", "January 5, 2026"]
)
def test_a_day_is_its_first_moment(written):
    """A date without a time is midnight in UTC."""
    assert parse_moment(written) == datetime(2026, 1, 5, tzinfo=UTC)


def test_a_month_or_a_year_is_its_first_moment():
    """A date may end early."""
    assert parse_moment("2026-03") == datetime(2026, 3, 1, tzinfo=UTC)
    assert parse_moment("2026") == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        *(None, True, False, "", "soon", "2026-13-01", "32 Jan 2026", [], {}, float("nan"), float("inf")),
        *(1e30, 10**400, "0001-01-01T00:00+14:00", "12", "1 2 3", "5 Foo 2026"),
    ],
)
def test_what_is_no_moment_is_none(written):
    """Nothing is guessed and nothing is raised."""
    assert parse_moment(written) is None


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-14, 14))
def test_iso_texts_are_read_back(moment, hours):
    """What isoformat writes is the same moment when read, in UTC."""
    zoned = moment.replace(tzinfo=timezone(timedelta(hours=hours)))

    assert parse_moment(zoned.isoformat()) == zoned
    assert parse_moment(zoned.isoformat()).tzinfo is UTC


@settings(deadline=None)
@given(st.text(max_size=30) | st.integers() | st.floats())
def test_no_value_raises(value):
    """Any value is a moment in UTC or None."""
    moment = parse_moment(value)

    assert moment is None or moment.utcoffset() == timedelta(0)
