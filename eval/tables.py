"""Reports as tables for people; programs read the JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Item = TypeVar("Item")
FILE_WIDTH = 120
"""Characters a line where standard output is no terminal and so has no width of its own."""


def show_reports(title: str, reports: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """One row a report, in the columns named; what does not apply is a dash."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        numeric = any(isinstance(report.get(column), int | float) for report in reports)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for report in reports:
        table.add_row(*(in_words(report.get(column)) for column in columns))
    _print(table)


def show_values(title: str, values: Mapping[str, Any]) -> None:
    """One row a value; nested values are named with a dot."""
    table = Table(title=title, title_justify="left", show_header=False, box=SIMPLE_HEAD)
    table.add_column()
    table.add_column(justify="right")
    for name, value in _flat(values):
        table.add_row(name, in_words(value))
    _print(table)


def in_words(value: object) -> str:
    """A value as people read it.

    >>> in_words(0.49819), in_words(None), in_words(12)
    ('0.498', '-', '12')
    """
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


class Bars:
    """Progress bars on standard error, one a step; silent where standard error is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def step(self, name: str, done: int, total: int) -> None:
        """How far a step of indexing is; a total of 0 means that nobody knows it yet."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None)
        self._progress.update(self._tasks[name], completed=done, total=total or None)

    def watch(self, items: Sequence[Item], name: str) -> Iterable[Item]:
        """The items, with a bar that says how many were taken."""
        for done, item in enumerate(items):
            self.step(name, done, len(items))
            yield item
        self.step(name, len(items), len(items))


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars that are gone when the work is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        yield Bars(progress)


def _print(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield f"{prefix}{name}", value
