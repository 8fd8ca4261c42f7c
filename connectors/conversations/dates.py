"""Dates in digits, as phones and sites write them: a whole file decides whether the day or the month comes first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from connectors.parsers.entries import UnreadableFile

DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")
CENTURY = 2000
"""Years of two digits are of this century: chats are not older."""


class Order(StrEnum):
    """Which part of a date comes first."""

    DAY = "dmy"
    MONTH = "mdy"
    YEAR = "ymd"


def decide_order(dates: Sequence[str], asked: Order | None = None) -> Order:
    """The one order in which all the dates of a file can be read.

    A part above 12 decides; then dots, which only follow days; then time, which does not run backwards in a chat.
    Raises UnreadableFile where dates contradict each other or nothing decides.
    """
    parts = [(int(m[1]), int(m[2]), len(m[1])) for date in dates if (m := DATE.match(date))]
    if asked is not None:
        _require_readable(dates, asked)
        return asked
    if any(length == 4 for _, _, length in parts):
        _require_readable(dates, Order.YEAR)
        return Order.YEAR
    possible = [order for order in (Order.DAY, Order.MONTH) if all(_is_date(date, order) for date in dates)]
    if not possible:
        if all(_is_date(date, Order.YEAR) for date in dates):
            return Order.YEAR
        raise UnreadableFile(
            f"Some of its dates can only have the day first, others only the month: {_examples(dates)}. "
            "Export the chat again, or correct them."
        )
    if len(possible) == 1 or all(first == second for first, second, _ in parts):
        return possible[0]
    if all("." in date for date in dates):
        return Order.DAY
    forward = [order for order in possible if _runs_forward([read_day(date, order) for date in dates])]
    if len(forward) == 1:
        return forward[0]
    raise UnreadableFile(
        f"Its dates, such as {dates[0]}, may have the day or the month first, and nothing in it decides. "
        "Add ?dates=dmy or ?dates=mdy to the source."
    )


def read_day(date: str, order: Order) -> datetime:
    """Midnight of a date in digits, without a zone. Raises ValueError for one that no calendar has."""
    match = DATE.match(date)
    if match is None:
        raise ValueError(date)
    parts = [int(match[1]), int(match[2]), int(match[3])]
    year, month, day = {
        Order.DAY: (parts[2], parts[1], parts[0]),
        Order.MONTH: (parts[2], parts[0], parts[1]),
        Order.YEAR: (parts[0], parts[1], parts[2]),
    }[order]
    return datetime(year + CENTURY if year < 100 else year, month, day)


def _is_date(date: str, order: Order) -> bool:
    try:
        read_day(date, order)
    except ValueError:
        return False
    return True


def _require_readable(dates: Sequence[str], order: Order) -> None:
    wrong = next((date for date in dates if not _is_date(date, order)), None)
    if wrong is not None:
        raise UnreadableFile(
            f"{wrong!r} is no date in the order {order.value}. Correct it, or name another order."
        )


def _runs_forward(days: Sequence[datetime]) -> bool:
    return all(before <= after for before, after in pairwise(days))


def _examples(dates: Sequence[str]) -> str:
    not_day = next(date for date in dates if not _is_date(date, Order.DAY))
    not_month = next(date for date in dates if not _is_date(date, Order.MONTH))
    return f"{not_month} and {not_day}"
