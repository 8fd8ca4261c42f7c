"""Progress on standard error: bars for people, plain lines where no terminal is watching."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from hippograph.storage import changes

SECONDS_BEFORE_BARS = 0.6
SECONDS_BETWEEN_LINES = 5.0


class Steps:
    """Called as (step, done, total) while an index is made. Use as a context manager.

    On a terminal each step is a bar, shown once the work has lasted a moment; elsewhere each step says a line
    when it begins to take long and when it is done.
    """

    def __init__(self, quiet: bool = False, console: Console | None = None) -> None:
        self._quiet = quiet
        self._console = console or Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=28, complete_style="cyan", finished_style="green"),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._totals: dict[str, tuple[int, int]] = {}
        self._started = self._spoken = time.monotonic()
        self._is_shown = False

    def __call__(self, step: str, done: int, total: int) -> None:
        """Tell how far a step is; a total of 0 means that nobody knows it yet."""
        if self._quiet:
            return
        if step not in self._tasks:
            self._finish_steps()
            self._tasks[step] = self._bars.add_task(step, total=None)
        self._totals[step] = (done, total)
        self._bars.update(self._tasks[step], completed=done, total=total or None)
        now = time.monotonic()
        if self._console.is_terminal:
            if not self._is_shown and now - self._started > SECONDS_BEFORE_BARS:
                self._is_shown = True
                self._bars.start()
        elif now - self._spoken > SECONDS_BETWEEN_LINES:
            self._spoken = now
            self._console.print(f"{step}: {done:,}{f' of {total:,}' if total else ''}", soft_wrap=True)

    def __enter__(self) -> Steps:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish_steps()
        if self._is_shown:
            self._bars.stop()

    def _finish_steps(self) -> None:
        """A step whose total nobody knew is done when the next one begins."""
        for step, (done, total) in self._totals.items():
            if not total:
                self._bars.update(self._tasks[step], completed=done, total=done)


@contextmanager
def skips_untold() -> Iterator[None]:
    """Keeps the log from saying of each skipped file what the report will say of all of them."""
    log = logging.getLogger(changes.__name__)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """A spinner while something loads; silent where no terminal is watching."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(f"[dim]{words} …[/]", spinner="dots"):
        yield
