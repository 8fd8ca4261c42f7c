"""Dates in running text: full dates, months, years, decades and centuries, with their places."""

from __future__ import annotations

import re

from hippograph.text.sentences import Span

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
"""The months' full names, as alternatives of a pattern."""

_MONTH = (
    rf"(?:{MONTHS}"
    r"|Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1\d{3}|20\d{2})"
_ERA = r"(?:\s*(?:BCE?|CE|AD|B\.C\.|A\.D\.)(?!\w))"
_PART = r"(?:(?:early|mid|late|mid-|the end of|end of|the beginning of)[\s-]+(?:the\s+)?)"

DATE = re.compile(
    rf"""(?<![\w$€£.,-])(?:
        {_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?                  # 5 May 1900
      | {_MONTH}\s+{_DAY}(?!\d)(?:\s*,?\s+{_YEAR}(?!\d))?             # May 5, 1900
      | {_PART}?{_MONTH}\s+{_YEAR}                                    # May 1900
      | \d{{4}}-\d{{2}}-\d{{2}}(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?)?  # 1900-05-05
      | \d{{1,2}}/\d{{1,2}}/\d{{4}}
      | {_PART}?\d{{1,2}}(?:st|nd|rd|th)[\s-]centur(?:y|ies){_ERA}?
      | {_PART}?{_YEAR}['’]?s
      | {_PART}?{_YEAR}{_ERA}?
      | AD\s+\d{{1,4}}
      | \d{{1,4}}{_ERA}
    )(?!\w)(?![.,]\d)""",
    re.VERBOSE,
)
"""A bare four-digit number from 1000 to 2099 counts as a year."""


def find_dates(text: str) -> list[Span]:
    """Offsets of the dates of a text, in order.

    >>> text = "Born on 5 May 1900, she left in the 1920s."
    >>> [text[start:end] for start, end in find_dates(text)]
    ['5 May 1900', '1920s']
    """
    return [match.span() for match in DATE.finditer(text)]
