"""A run that writes down what it does, and can be killed at any named place: for proofs about interrupted work."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hippograph.ports import Embedder, Extractor
from hippograph.types import Extraction, ExtractionFailure, Passage, Vectors

READ, EMBEDDED, TOLD, HITS = "read", "embedded", "told", "hits"

TRAPS = ("progress", "extractor", "embedder", "files", "flushes", "statements")
"""Where a run can be killed: when it tells its progress, while it extracts, before and after it embeds, when it opens,
renames, makes or removes a file of the index, before and after it flushes one to disk, before SQLite carries out a
statement that begins or ends a transaction or shapes the database."""

STATEMENTS = ("BEGIN", "COMMIT", "CREATE", "ALTER", "DROP", "PRAGMA")

FILE_EVENTS = frozenset(
    {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "shutil.rmtree"}
)
"""Python's own audit events, each raised before the call that it names."""


class Journal:
    """Lines appended to a file and flushed, so that they outlive the process that wrote them."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._flush = os.fsync  # the trap puts another one in its place

    def write(self, what: str, *values: Any) -> None:
        """One line, which a kill finds written or not written."""
        os.write(self._handle, (json.dumps([what, *values]) + "\n").encode())
        self._flush(self._handle)


class Trap:
    """Counts how often a run comes past each kind of place, and kills the process at one of them."""

    def __init__(self, journal: Journal, folder: Path, kind: str = "", hit: int = 0) -> None:
        """Set in the process that is to be killed: the hooks for files and flushes stay for its life."""
        self._journal, self._fatal, self.hits = journal, (kind, hit), Counter[str]()
        root = str(folder)
        flush, connect = os.fsync, sqlite3.connect

        def trace(statement: str) -> None:
            if statement.lstrip().upper().startswith(STATEMENTS):
                self.passed("statements")

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            if event in FILE_EVENTS and arguments and str(arguments[0]).startswith(root):
                self.passed("files")

        def fsync(fd: Any) -> None:
            self.passed("flushes")
            flush(fd)
            self.passed("flushes")

        def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
            database: sqlite3.Connection = connect(*arguments, **named)
            database.set_trace_callback(trace)
            return database

        sys.addaudithook(watch)
        os.fsync = fsync
        sqlite3.connect = traced  # type: ignore[assignment]

    def passed(self, kind: str) -> None:
        """The run comes past a place of that kind."""
        self.hits[kind] += 1
        if (kind, self.hits[kind]) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(self, step: str, done: int, total: int) -> None:
        """What the run tells of itself: whatever it counts as done is committed by now."""
        self._journal.write(TOLD, step, done)
        self.passed("progress")

    def finish(self) -> None:
        """Write down how often each kind of place was passed."""
        self._journal.write(HITS, self.hits)


class JournalledExtractor:
    """An extractor that writes down every passage before it reads it."""

    def __init__(self, extractor: Extractor, journal: Journal, trap: Trap) -> None:
        self._extractor, self._journal, self._trap = extractor, journal, trap
        self.fingerprint = extractor.fingerprint

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction | ExtractionFailure]:
        """The extractor's own results."""
        self._journal.write(READ, [f"{passage.context()}\n{passage.text}" for passage in passages])
        for result in self._extractor.extract(passages):
            self._trap.passed("extractor")
            yield result


class JournalledEmbedder:
    """An embedder that writes down every stored string before it embeds it."""

    def __init__(self, embedder: Embedder, journal: Journal, trap: Trap) -> None:
        self._embedder, self._journal, self._trap = embedder, journal, trap
        self.dimension, self.fingerprint = embedder.dimension, embedder.fingerprint

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The embedder's own vectors."""
        self._journal.write(EMBEDDED, list(texts))
        self._trap.passed("embedder")
        vectors = self._embedder.embed_passages(texts)
        self._trap.passed("embedder")
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """The embedder's own vector, not counted."""
        return self._embedder.embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The embedder's own vectors, not counted."""
        return self._embedder.embed_queries(texts)

    def token_count(self, text: str) -> int:
        """The embedder's own count."""
        return self._embedder.token_count(text)


def read_journal(path: Path) -> list[list[Any]]:
    """The lines of a journal; a last one that was cut off is left out."""
    if not path.exists():
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def work_done(path: Path, kind: str) -> list[str]:
    """Every passage that was read, or string that was embedded, in order and as often as it was."""
    return [text for line in read_journal(path) if line[0] == kind for text in line[1]]


def work_finished(path: Path, kind: str) -> list[str]:
    """What of it the run had told its progress past: the transaction that holds it was committed before.

    A step tells how many of its own are done, so each step counts from where the one before it ended.
    """
    done: list[str] = []
    base, finished, current = 0, 0, ""
    for what, *values in read_journal(path):
        if what == kind:
            done += values[0]
        elif what == TOLD and _tells_of(values[0], kind):
            step, count = values
            if step != current:
                base, current = finished, step
            finished = base + count
    return done[:finished]


def repetitions(finished: Iterable[str], again: Iterable[str]) -> int:
    """How many calls were made for what was finished."""
    known = set(finished)
    return sum(text in known for text in again)


def _tells_of(step: str, kind: str) -> bool:
    return step.startswith("extracting" if kind == READ else "embedding")
