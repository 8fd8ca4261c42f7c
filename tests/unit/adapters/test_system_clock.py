"""Rules of the system's clock."""

from datetime import UTC, datetime

from hippograph.adapters.clock import SystemClock


def test_the_system_clock_gives_this_moment_in_utc():
    """The moment carries its zone and lies between two readings of the machine's own clock."""
    before = datetime.now(UTC)
    moment = SystemClock().now()
    after = datetime.now(UTC)

    assert before <= moment <= after
    assert moment.tzinfo is UTC
