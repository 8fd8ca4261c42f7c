"""What the work in progress holds, for those who only look: no lock is taken and nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hippograph.storage.stage import STAGE_NAME


@dataclass(frozen=True, slots=True)
class StageOverview:
    """What the sources gave, and how much of it is not published yet."""

    sources: Mapping[str, int]
    """How many documents each source gave."""
    pending: int
    """Documents that were added, changed or removed and are in no version yet."""


def look_into_stage(folder: Path) -> StageOverview | None:
    """An overview; None where the stage is missing or cannot be read just now."""
    path = folder / STAGE_NAME
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            sources = "SELECT source, count(*) FROM documents GROUP BY source ORDER BY source"
            ((pending,),) = database.execute("SELECT count(*) FROM pending").fetchall()
            return StageOverview(dict(database.execute(sources).fetchall()), pending)
    except sqlite3.Error:
        return None
