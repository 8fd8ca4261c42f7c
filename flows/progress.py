"""How far a run is, on Prefect's pages: one progress artifact a run, updated every few seconds."""

from __future__ import annotations

import time
from contextlib import suppress
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows.corpus import Corpus

SECONDS_BETWEEN_UPDATES = 2.0
"""An update is a call to Prefect's server: tens of milliseconds that the work should not pay often."""


def begin_progress(corpus: Corpus) -> UUID:
    """The artifact of a run that begins."""
    artifact: UUID = create_progress_artifact(0.0, f"{corpus.key}-progress", f"{corpus.label}: begins")
    return artifact


class TaskProgress:
    """Called as (step, done, total) by a step whose share of the run is from `begin` to `end` per cent.

    What it shows never falls, and a server that is away for a moment costs an update, not the run.
    """

    def __init__(self, artifact: UUID | None, begin: float, end: float) -> None:
        self._artifact = artifact
        self._shown = begin
        self._end = end
        self._steps: set[str] = set()
        self._next_update = time.monotonic() + SECONDS_BETWEEN_UPDATES

    def __call__(self, step: str, done: int, total: int) -> None:
        """Tell how far a step is; a total of 0 means that nobody knows it yet."""
        if self._artifact is None or time.monotonic() < self._next_update:
            return
        self._next_update = time.monotonic() + SECONDS_BETWEEN_UPDATES
        of_all = f" of {total:,}" if total else ""
        # A task may have several steps in a row and does not know how many: each takes half of what is left.
        if step not in self._steps:
            self._steps.add(step)
            self._floor, self._room = self._shown, (self._end - self._shown) / 2
        if total:
            self._shown = self._floor + self._room * done / total
        show_progress(self._artifact, self._shown, f"{step}: {done:,}{of_all}")


def show_progress(artifact: UUID | None, percent: float, words: str) -> None:
    """Show a state of the run."""
    if artifact is not None:
        with suppress(httpx.HTTPError):
            update_progress_artifact(artifact, percent, words)
