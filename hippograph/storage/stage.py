"""The stage: work in progress on an index, kept in one SQLite file so that a killed run carries on where it was.

It remembers every document as it was last seen, the passages it was cut into, what was extracted from each distinct
passage text, and the vector of every distinct string. Each batch is one transaction; nothing is done twice.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from hippograph.errors import IndexDamaged, PublishConflict, StorageError
from hippograph.storage.manifest import MANIFEST_NAME
from hippograph.storage.records import (
    document_from_json,
    document_to_json,
    extraction_from_json,
    extraction_to_json,
    passage_from_json,
    passage_to_json,
)
from hippograph.types import (
    Document,
    DocumentId,
    Extraction,
    ExtractionFailure,
    Passage,
    Vectors,
    content_id,
)

STAGE_NAME = "stage.db"
LOCK_NAME = "writer.lock"

Item = TypeVar("Item")

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (id TEXT PRIMARY KEY, source TEXT, hash TEXT, record TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passages (document TEXT, position INTEGER, cut TEXT, key TEXT, record TEXT,
                                     PRIMARY KEY (document, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS extractions (key TEXT PRIMARY KEY, record TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (key TEXT PRIMARY KEY, reason TEXT, retryable INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB) WITHOUT ROWID;
"""


class Stage:
    """One writer's hold on an index directory. Use as a context manager; leaving it lets the next writer in.

    Raises PublishConflict when another writer is at work, StorageError when the folder is not an index.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with storage_errors(folder):
            _refuse_foreign_folder(folder)
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(folder / LOCK_NAME)
            try:
                self._db = sqlite3.connect(folder / STAGE_NAME)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.executescript(SCHEMA)
            except BaseException:
                os.close(self._lock)
                raise

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        os.close(self._lock)

    # ------------------------------------------------------------------ documents and their passages

    def document_hashes(self) -> dict[DocumentId, tuple[str, str]]:
        """Source and content hash of every document as last seen."""
        rows = self._read("SELECT id, source, hash FROM documents")
        return {DocumentId(id_): (source, hash_) for id_, source, hash_ in rows}

    def put_documents(self, source: str, documents: Iterable[Document]) -> None:
        """Add documents or replace them by their new state."""
        rows = ((d.id, source, d.content_hash(), document_to_json(d)) for d in documents)
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", rows)

    def drop_documents(self, ids: Iterable[DocumentId]) -> None:
        """Forget documents and their passages."""
        rows = [(id_,) for id_ in ids]
        with self._transaction():
            self._db.executemany("DELETE FROM documents WHERE id = ?", rows)
            self._db.executemany("DELETE FROM passages WHERE document = ?", rows)

    def document(self, id_: DocumentId) -> Document:
        """A document as it was last seen."""
        ((record,),) = self._read("SELECT record FROM documents WHERE id = ?", id_)
        return document_from_json(record)

    def documents(self) -> Iterator[Document]:
        """Every document, by id."""
        for (record,) in self._read("SELECT record FROM documents ORDER BY id"):
            yield document_from_json(record)

    def uncut_documents(self, splitter: str) -> Iterator[tuple[Document, str]]:
        """Documents whose passages are missing or were cut from another state or by another splitter.

        With each comes the mark to hand to `put_passages`.
        """
        marks = dict(self._read("SELECT document, cut FROM passages WHERE position = -1"))
        for id_, hash_ in list(self._read("SELECT id, hash FROM documents ORDER BY id")):
            mark = content_id(splitter, hash_)
            if marks.get(id_) != mark:
                yield self.document(id_), mark

    def uncut_count(self, splitter: str) -> int:
        """How many documents `uncut_documents` will give."""
        marks = dict(self._read("SELECT document, cut FROM passages WHERE position = -1"))
        rows = self._read("SELECT id, hash FROM documents")
        return sum(marks.get(id_) != content_id(splitter, hash_) for id_, hash_ in rows)

    def put_passages(self, cuts: Iterable[tuple[DocumentId, str, Sequence[Passage]]]) -> None:
        """Replace the passages of documents; each comes with the mark that says what they were cut from."""
        with self._transaction():
            for document, mark, passages in cuts:
                self._db.execute("DELETE FROM passages WHERE document = ?", (document,))
                # Position -1 holds the mark, so that a document without passages is not cut again.
                self._db.execute("INSERT INTO passages VALUES (?, -1, ?, '', '')", (document, mark))
                rows = [(document, p.position, mark, passage_key(p), passage_to_json(p)) for p in passages]
                self._db.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", rows)

    def passages(self) -> Iterator[Passage]:
        """Every passage, by document id and position: the order of rows and nodes."""
        query = "SELECT record FROM passages WHERE position >= 0 ORDER BY document, position"
        for (record,) in self._read(query):
            yield passage_from_json(record)

    # ------------------------------------------------------------------ what was extracted

    def unread_passages(self, extractor: str) -> list[Passage]:
        """One passage for each distinct text that this extractor has not read, or failed on."""
        query = """SELECT p.key, min(p.record) FROM passages p
                   WHERE p.position >= 0 AND p.key != '' GROUP BY p.key ORDER BY p.key"""
        done = {key for (key,) in self._read("SELECT key FROM extractions")}
        return [
            passage_from_json(record)
            for key, record in self._read(query)
            if content_id(extractor, key) not in done
        ]

    def put_extractions(
        self, extractor: str, passages: Sequence[Passage], results: Iterable[Extraction | ExtractionFailure]
    ) -> None:
        """Keep a batch of results, failures among them. An error of the extractor's own passes through."""
        pairs = list(zip(passages, results, strict=True))
        with self._transaction():
            for passage, result in pairs:
                key = content_id(extractor, passage_key(passage))
                if isinstance(result, ExtractionFailure):
                    row = (key, result.reason, int(result.retryable))
                    self._db.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", row)
                else:
                    self._db.execute("DELETE FROM failures WHERE key = ?", (key,))
                    row2 = (key, extraction_to_json(result))
                    self._db.execute("INSERT OR REPLACE INTO extractions VALUES (?, ?)", row2)

    def extraction(self, extractor: str, passage: Passage) -> Extraction | ExtractionFailure:
        """What was found in a passage, or why nothing was."""
        key = content_id(extractor, passage_key(passage))
        for (record,) in self._read("SELECT record FROM extractions WHERE key = ?", key):
            return extraction_from_json(record, passage.id)
        failed = self._read("SELECT reason, retryable FROM failures WHERE key = ?", key)
        reason, retryable = next(failed, ("it was never read", True))
        return ExtractionFailure(passage.id, reason, bool(retryable))

    # ------------------------------------------------------------------ vectors

    def missing_strings(self, embedder: str, strings: Iterable[str]) -> list[str]:
        """The distinct strings this embedder has no vector for yet, shortest first: like lengths make full batches."""
        distinct = dict.fromkeys(strings)
        known = {key for (key,) in self._read("SELECT key FROM vectors")}
        missing = [string for string in distinct if content_id(embedder, string) not in known]
        return sorted(missing, key=lambda string: (len(string), string))

    def put_vectors(self, embedder: str, strings: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors, rounded to float16."""
        rows = (
            (content_id(embedder, string), vector.astype(np.float16).tobytes())
            for string, vector in zip(strings, vectors, strict=True)
        )
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def vectors(self, embedder: str, strings: Sequence[str], dimension: int) -> Vectors:
        """The kept vectors of some strings: shape (len(strings), dimension). Raises IndexDamaged for a missing one."""
        out = np.empty((len(strings), dimension), dtype=np.float32)
        for row, string in enumerate(strings):
            key = content_id(embedder, string)
            (found,) = next(self._read("SELECT vector FROM vectors WHERE key = ?", key), (b"",))
            if len(found) != 2 * dimension:
                raise IndexDamaged(
                    f"{self.folder / STAGE_NAME} lacks a vector it should hold; run the index command again."
                )
            out[row] = np.frombuffer(found, dtype=np.float16)
        return out

    def _read(self, query: str, *values: str) -> Iterator[Any]:
        """The rows of a query. Raises IndexDamaged."""
        with storage_errors(self.folder):
            yield from self._db.execute(query, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with storage_errors(self.folder), self._db:
            yield


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Items in lists of at most `size`: what is read, and then saved, at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def passage_key(passage: Passage) -> str:
    """Names what an extractor sees of a passage: passages with one key share one extraction."""
    bounds = ",".join(f"{s.start - passage.start}:{s.end - passage.start}" for s in passage.sentences)
    return content_id(passage.title, passage.heading, passage.text, bounds)


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the operating system say into one sentence with the way out."""
    kept = "What was published before is untouched; once that is mended, the same command carries on."
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise StorageError(f"The disk that holds {folder} is full. Free some space. {kept}") from error
        raise StorageError(f"{folder} cannot be written: {error}. {kept}") from error
    except sqlite3.DatabaseError as error:
        raise IndexDamaged(
            f"{folder / STAGE_NAME} is damaged ({error}). Delete this one file and index all sources again; "
            "what was published before is untouched."
        ) from error
    except PermissionError as error:
        raise StorageError(
            f"{folder} may not be written by this user. Change its permissions. {kept}"
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(f"The disk that holds {folder} is full. Free some space. {kept}") from error
        raise StorageError(f"{folder} cannot be written: {error.strerror or error}. {kept}") from error


def _refuse_foreign_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is a file. Name a folder for the index.")
    ours = {MANIFEST_NAME, STAGE_NAME, LOCK_NAME}
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).exists() for name in ours):
        raise StorageError(
            f"{folder} is not empty and holds no index. Name a new or empty folder for the index."
        )


def _lock(path: Path) -> int:
    """Take the writer's lock, which the operating system gives back however the process ends."""
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.pread(handle, 64, 0).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise PublishConflict(
            f"Another writer (process {owner}) is at work on {path.parent}. Wait for it or stop it."
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle
