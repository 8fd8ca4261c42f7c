"""Reports as tables for people; programs read the JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Item = TypeVar("Item")


def show_reports(title: str, reports: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """One row a report, in the columns named; what does not apply is a dash."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        numeric = any(isinstance(report.get(column), int | float) for report in reports)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for report in reports:
        table.add_row(*(in_words(report.get(column)) for column in columns))
    Console().print(table)


def show_values(title: str, values: Mapping[str, Any]) -> None:
    """One row a value; nested values are named with a dot."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in _flat(values):
        table.add_row(name, in_words(value))
    Console().print(table)


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


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield f"{prefix}{name}", value
