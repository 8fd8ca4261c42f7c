"""Dates: what counts as one, and what does not."""

import pytest

from hippograph.text.dates import find_dates


def dates(text: str) -> list[str]:
    return [text[start:end] for start, end in find_dates(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("on 5 May 1900 and May 6, 1901", ["5 May 1900", "May 6, 1901"]),
        ("in March 1999 or Sept. 2001", ["March 1999", "Sept. 2001"]),
        ("the early 1920s and the 1930s", ["early 1920s", "1930s"]),
        ("from 1914 to 1918", ["1914", "1918"]),
        ("(1914–1918)", ["1914", "1918"]),
        ("the 5th century BC", ["5th century BC"]),
        ("at 2026-01-05 10:30", ["2026-01-05 10:30"]),
        ("in 44 BC", ["44 BC"]),
        ("on the 3rd of June", ["3rd of June"]),
        ("It may rain; 5 may come; March on!", []),
        ("12,000 people, 3.1415, $1999, 1900.5, 19000", []),
    ],
)
def test_what_is_a_date(text, found):
    """Full dates, months, years, decades, centuries and ISO moments are dates; other numbers are not."""
    assert dates(text) == found
