"""Rehearsal: what a run would do to an index, done on its stage and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hippograph.storage.stage import STAGE_NAME, Stage, storage_errors


class RehearsedStage(Stage):
    """A stage whose changes are seen by whoever made them, and gone when it is left."""

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # Never committed: SQLite forgets it when the connection closes, however the process ends.
        with storage_errors(self.folder):
            yield


@contextmanager
def rehearsed_stage(folder: Path) -> Iterator[Stage]:
    """The stage of an index, or an empty one where there is no index yet. Raises as Stage does."""
    if (folder / STAGE_NAME).exists() or (folder.exists() and any(folder.iterdir())):
        with RehearsedStage(folder) as stage:
            yield stage
        return
    with TemporaryDirectory() as nowhere, RehearsedStage(Path(nowhere) / "index") as stage:
        yield stage
