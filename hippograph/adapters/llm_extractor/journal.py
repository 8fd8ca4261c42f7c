"""The journal: what a model was paid for, kept the moment it arrives, so that a run that dies repeats no call.

One SQLite file under the user's cache folder or where the settings say. An index keeps extractions of its own; the
journal bridges the time until they are in it, and carries what a batch brought from one day to the next.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hippograph.errors import ExtractionError
from hippograph.text.readings import Reading

SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (key TEXT PRIMARY KEY, record TEXT NOT NULL,
                                     day INTEGER NOT NULL DEFAULT (CAST(julianday('now') AS INTEGER))) WITHOUT ROWID;
DELETE FROM readings WHERE day < CAST(julianday('now') AS INTEGER) - 30;
"""
"""Readings leave after thirty days: by then they are in an index, or nobody wants them."""


class MemoryJournal:
    """Forgets when the process ends."""

    def __init__(self) -> None:
        self._readings: dict[str, Reading] = {}

    def get(self, key: str) -> Reading | None:
        """What was kept under a key."""
        return self._readings.get(key)

    def put(self, readings: Mapping[str, Reading]) -> None:
        """Keep readings."""
        self._readings.update(readings)


class Journal:
    """Readings in a file, opened when first needed; several threads and processes may use it at once.

    Every method raises ExtractionError when the file cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or usual_place()
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def get(self, key: str) -> Reading | None:
        """What was kept under a key."""
        with self._opened() as db:
            row = db.execute("SELECT record FROM readings WHERE key = ?", (key,)).fetchone()
        return None if row is None else _reading(row[0])

    def put(self, readings: Mapping[str, Reading]) -> None:
        """Keep readings."""
        rows = [(key, _record(reading)) for key, reading in readings.items()]
        with self._opened() as db:
            db.executemany("INSERT OR REPLACE INTO readings (key, record) VALUES (?, ?)", rows)

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db = self._db or _open(self._path)
                yield self._db
            except (OSError, sqlite3.Error) as error:
                raise self._error(error) from error

    def _error(self, error: Exception) -> ExtractionError:
        return ExtractionError(
            f"{self._path} cannot be used ({error}). It only bridges interrupted runs: delete it, or name another "
            "place in storage.replies."
        )


def kept_journal(path: Path | None = None) -> Journal | MemoryJournal:
    """The journal for somebody who only looks: where there is no file yet, none is made."""
    return Journal(path) if (path or usual_place()).exists() else MemoryJournal()


def usual_place() -> Path:
    """Under $XDG_CACHE_HOME, or ~/.cache where that is not set."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "hippograph" / "replies.db"


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")  # survives a kill; a power cut may cost the last moments
    db.executescript(SCHEMA)
    return db


def _record(reading: Reading) -> str:
    return json.dumps([reading.names, reading.facts, reading.dropped], ensure_ascii=False)


def _reading(record: str) -> Reading:
    names, facts, dropped = json.loads(record)
    return Reading(tuple(names), tuple((s, r, o) for s, r, o in facts), dropped)
