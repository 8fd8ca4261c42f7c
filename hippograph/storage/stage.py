"""The stage: work in progress on an index, kept in one SQLite file so that a killed run carries on where it was.

It remembers every document as it was last seen, the passages it was cut into, what was extracted from each distinct
passage text, and the vector of every distinct string. Each batch is one transaction; nothing is done twice.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from hippograph.errors import IndexDamaged, IndexMismatch, PublishConflict, StorageError
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
    Grade,
    Passage,
    PassageId,
    Vectors,
    content_id,
)
from hippograph.vectors import Steps, to_steps

STAGE_NAME = "stage.db"
LOCK_NAME = "writer.lock"

Item = TypeVar("Item")

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (id TEXT PRIMARY KEY, source TEXT, hash TEXT, digest TEXT, mark TEXT,
                                      record TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_by_digest ON documents (digest);
CREATE INDEX IF NOT EXISTS documents_by_source ON documents (source);
CREATE TABLE IF NOT EXISTS passages (document TEXT, position INTEGER, key TEXT, record TEXT,
                                     PRIMARY KEY (document, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS passages_by_key ON passages (key);
CREATE TABLE IF NOT EXISTS cuts (document TEXT PRIMARY KEY, mark TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS extractions (key TEXT PRIMARY KEY, record TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS upgrades (passage TEXT PRIMARY KEY, extractor TEXT, record TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refusals (passage TEXT PRIMARY KEY, extractor TEXT, reason TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (key TEXT PRIMARY KEY, extractor TEXT, passage TEXT, reason TEXT,
                                     retryable INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (document TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published (state TEXT PRIMARY KEY, version TEXT) WITHOUT ROWID;
"""

FORMAT = 2
"""Written into the file; a stage of another format is refused."""

NO_ROOM = 1 << 16
"""With fewer bytes left than this a disk is full."""

WAY_OUT = "Delete this one file and index all sources again with --migrate; what is published is untouched."

CACHE_KILOBYTES = 32_768
"""What of the file stays in memory: a change looks up hundreds of keys, each by the same upper pages."""

KEYS_AT_ONCE = 500
"""How many keys are looked up in one query."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the stage knows of a document it has seen: where from, the hash of its content, its source's mark."""

    source: str
    hash: str
    mark: str


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
                self._db.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
                # In one transaction: a stage that has its tables has the number of its format.
                mark = "" if self._has_format() else f"PRAGMA user_version = {FORMAT};"
                self._db.executescript(f"BEGIN; {SCHEMA} {mark} COMMIT;")
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

    def _has_format(self) -> bool:
        """Whether the file is a stage. Raises IndexMismatch for one that another release wrote."""
        ((format_,),) = self._db.execute("PRAGMA user_version").fetchall()
        ((tables,),) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchall()
        if tables and format_ != FORMAT:
            raise IndexMismatch(
                f"{self.folder} was written in format {format_}; this release writes format {FORMAT}. "
                "Use the release that wrote it, or index all sources again into a new folder."
            )
        return bool(tables)

    # ------------------------------------------------------------------ documents

    def known_documents(self, ids: Sequence[DocumentId] | None = None) -> dict[DocumentId, Known]:
        """Documents as last seen, without their texts: all of them, or those of some ids."""
        query = "SELECT id, source, hash, mark FROM documents"
        if ids is None:
            rows = list(self._read(query))
        else:
            rows = [row for id_ in ids for row in self._read(f"{query} WHERE id = ?", id_)]
        return {DocumentId(id_): Known(source, hash_, mark) for id_, source, hash_, mark in rows}

    def put_documents(self, source: str, documents: Iterable[Document]) -> None:
        """Add documents or replace them by their new state."""
        rows = [
            (d.id, source, d.content_hash(), content_id(d.title, d.text), d.mark, document_to_json(d))
            for d in documents
        ]
        with self._transaction():
            self._touch([row[0] for row in rows])
            self._db.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._touch([row[0] for row in rows])

    def put_marks(self, marks: Mapping[DocumentId, str]) -> None:
        """Note new marks of documents whose content is as it was."""
        with self._transaction():
            rows = [(mark, id_) for id_, mark in marks.items()]
            self._db.executemany("UPDATE documents SET mark = ? WHERE id = ?", rows)

    def drop_documents(self, ids: Iterable[DocumentId]) -> None:
        """Forget documents and their passages."""
        rows = [(id_,) for id_ in ids]
        with self._transaction():
            self._touch([id_ for (id_,) in rows])
            self._db.executemany("DELETE FROM documents WHERE id = ?", rows)
            self._db.executemany("DELETE FROM passages WHERE document = ?", rows)
            self._db.executemany("DELETE FROM cuts WHERE document = ?", rows)

    def document(self, id_: DocumentId) -> Document | None:
        """A document as it was last seen; None where it is not known."""
        for (record,) in self._read("SELECT record FROM documents WHERE id = ?", id_):
            return document_from_json(record)
        return None

    def document_count(self) -> int:
        """How many documents are known."""
        ((count,),) = self._read("SELECT count(*) FROM documents")
        return int(count)

    def sources(self) -> dict[str, int]:
        """How many documents each source gave."""
        return dict(self._read("SELECT source, count(*) FROM documents GROUP BY source ORDER BY source"))

    def original_of(self, id_: DocumentId) -> DocumentId | None:
        """The document with the smallest id among those of the same title and text; None where the id is not known.

        Decided by the documents that are there, not by their order of arrival.
        """
        query = """SELECT min(other.id) FROM documents d JOIN documents other ON other.digest = d.digest
                   WHERE d.id = ?"""
        ((original,),) = self._read(query, id_)
        return None if original is None else DocumentId(original)

    # ------------------------------------------------------------------ what is not published yet

    def pending(self) -> list[DocumentId]:
        """The documents, gone ones too, that may differ from what is published, by id."""
        return [DocumentId(id_) for (id_,) in self._read("SELECT document FROM pending ORDER BY document")]

    def make_all_pending(self) -> None:
        """Take nothing of what is published for granted."""
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO pending SELECT id FROM documents")

    def published(self) -> str:
        """The id of the version that holds all but the pending documents; empty where there is none."""
        return str(next(self._read("SELECT version FROM published WHERE state = 'is'"), ("",))[0])

    def about_to_publish(self, version: str) -> None:
        """Say which version will hold everything once it is visible."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO published VALUES ('will be', ?)", (version,))

    def settle(self, visible: str) -> None:
        """Nothing is pending any more once the version that was about to be published is the visible one."""
        planned = next(self._read("SELECT version FROM published WHERE state = 'will be'"), ("",))[0]
        if planned and planned == visible:
            with self._transaction():
                self._db.execute("INSERT OR REPLACE INTO published VALUES ('is', ?)", (visible,))
                self._db.execute("DELETE FROM published WHERE state = 'will be'")
                self._db.execute("DELETE FROM pending")

    def _touch(self, ids: Sequence[str]) -> None:
        """Documents change, and with them those of the same title and text, of which one stands for all."""
        self._db.executemany("INSERT OR IGNORE INTO pending VALUES (?)", [(id_,) for id_ in ids])
        query = """INSERT OR IGNORE INTO pending SELECT other.id FROM documents d
                   JOIN documents other ON other.digest = d.digest WHERE d.id = ?"""
        self._db.executemany(query, [(id_,) for id_ in ids])

    # ------------------------------------------------------------------ passages

    def uncut_documents(self, splitter: str) -> list[tuple[DocumentId, str]]:
        """Pending documents whose passages are missing or were cut from another state or by another splitter.

        With each comes the mark to hand to `put_passages`.
        """
        query = """SELECT d.id, d.hash, c.mark FROM pending p JOIN documents d ON d.id = p.document
                   LEFT JOIN cuts c ON c.document = d.id ORDER BY d.id"""
        marked = ((id_, content_id(splitter, hash_), cut) for id_, hash_, cut in self._read(query))
        return [(DocumentId(id_), mark) for id_, mark, cut in marked if mark != cut]

    def put_passages(self, cuts: Iterable[tuple[DocumentId, str, Sequence[Passage]]]) -> None:
        """Replace the passages of documents; each comes with the mark that says what they were cut from."""
        with self._transaction():
            for document, mark, passages in cuts:
                self._db.execute("DELETE FROM passages WHERE document = ?", (document,))
                self._db.execute("INSERT OR REPLACE INTO cuts VALUES (?, ?)", (document, mark))
                rows = [(document, p.position, passage_key(p), passage_to_json(p)) for p in passages]
                self._db.executemany("INSERT INTO passages VALUES (?, ?, ?, ?)", rows)

    def passage_count(self) -> int:
        """How many passages all documents have."""
        ((count,),) = self._read("SELECT count(*) FROM passages")
        return int(count)

    def pending_passage_count(self) -> int:
        """How many passages the pending documents have: no more than these can be new to a version."""
        query = "SELECT count(*) FROM pending p JOIN passages s ON s.document = p.document"
        ((count,),) = self._read(query)
        return int(count)

    def passages_of(self, document: DocumentId) -> list[Passage]:
        """A document's passages, in order."""
        query = "SELECT record FROM passages WHERE document = ? ORDER BY position"
        return [passage_from_json(record) for (record,) in self._read(query, document)]

    # ------------------------------------------------------------------ what was extracted

    def unread_passages(self, extractor: str, retry_failed: bool = False) -> list[Passage]:
        """One passage for each distinct text that this extractor has not read: of pending documents, and failed ones.

        Texts it failed on are among them where trying again may help, or where it is asked for.
        """
        keys = [
            key
            for (key,) in self._read(
                "SELECT DISTINCT s.key FROM pending p JOIN passages s ON s.document = p.document ORDER BY s.key"
            )
        ]
        failed = dict(self._read("SELECT passage, retryable FROM failures WHERE extractor = ?", extractor))
        names = {content_id(extractor, key): key for key in keys}
        done = self._present("extractions", list(names))
        wanted = {key for name, key in names.items() if name not in done and key not in failed}
        wanted |= {key for key, retryable in failed.items() if retryable or retry_failed}
        query = "SELECT record FROM passages WHERE key = ? ORDER BY document, position LIMIT 1"
        return [passage_from_json(record) for key in sorted(wanted) for (record,) in self._read(query, key)]

    def put_extractions(
        self, extractor: str, passages: Sequence[Passage], results: Iterable[Extraction | ExtractionFailure]
    ) -> None:
        """Keep a batch of results, failures among them. An error of the extractor's own passes through."""
        pairs = list(zip(passages, results, strict=True))
        with self._transaction():
            for passage, result in pairs:
                text = passage_key(passage)
                key = content_id(extractor, text)
                if isinstance(result, ExtractionFailure):
                    row = (key, extractor, text, result.reason, int(result.retryable))
                    self._db.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)", row)
                    continue
                self._db.execute("DELETE FROM failures WHERE key = ?", (key,))
                row2 = (key, extraction_to_json(result))
                self._db.execute("INSERT OR REPLACE INTO extractions VALUES (?, ?)", row2)
                self._db.execute(
                    "INSERT OR IGNORE INTO pending SELECT document FROM passages WHERE key = ?", (text,)
                )

    def passages_to_upgrade(
        self, upgrader: str, reread: bool = False, retry_refused: bool = False
    ) -> list[Passage]:
        """One passage for each distinct text that a better extractor, the upgrader, is to read.

        Those are the texts that no better one has read, without those that it could not read, unless they are to be
        tried again. With `reread` also those that another one read: another model, another prompt, another system.
        """
        refused = "" if retry_refused else "AND r.passage IS NULL"
        other = "OR u.extractor <> ?2" if reread else ""
        query = f"""SELECT min(p.record) FROM passages p LEFT JOIN upgrades u ON u.passage = p.key
                    LEFT JOIN refusals r ON r.passage = p.key AND r.extractor = ?1
                    WHERE (u.passage IS NULL {other}) {refused} GROUP BY p.key ORDER BY p.key"""
        rows = self._read(query, *([upgrader] * (2 if reread else 1)))
        return [passage_from_json(record) for (record,) in rows]

    def put_upgrades(
        self, upgrader: str, passages: Sequence[Passage], results: Iterable[Extraction | ExtractionFailure]
    ) -> None:
        """Keep what a better extractor found: it stands in for the first one's finds from then on.

        A failure leaves what was found before where it is. One that trying again cannot mend is kept with its reason,
        any other is left for the next run.
        """
        pairs = list(zip(passages, results, strict=True))
        with self._transaction():
            for passage, result in pairs:
                text = passage_key(passage)
                if isinstance(result, Extraction):
                    self._put_upgrade(upgrader, text, extraction_to_json(replace(result, grade=Grade.LLM)))
                elif not result.retryable:
                    row = (text, upgrader, result.reason)
                    self._db.execute("INSERT OR REPLACE INTO refusals VALUES (?, ?, ?)", row)

    def _put_upgrade(self, upgrader: str, text: str, record: str) -> None:
        """Documents become pending where something else was found than before."""
        before = next(self._read("SELECT record FROM upgrades WHERE passage = ?", text), ("",))[0]
        self._db.execute("DELETE FROM refusals WHERE passage = ?", (text,))
        self._db.execute("INSERT OR REPLACE INTO upgrades VALUES (?, ?, ?)", (text, upgrader, record))
        if record != before:
            query = "INSERT OR IGNORE INTO pending SELECT document FROM passages WHERE key = ?"
            self._db.execute(query, (text,))

    def upgraded_count(self) -> int:
        """How many distinct passage texts a better extractor has read."""
        query = "SELECT count(DISTINCT p.key) FROM passages p JOIN upgrades u ON u.passage = p.key"
        ((count,),) = self._read(query)
        return int(count)

    def extraction(self, extractor: str, passage: Passage) -> Extraction | ExtractionFailure:
        """What was found in a passage, by a better extractor where one has read it, or why nothing was."""
        text = passage_key(passage)
        record = self._found(extractor, text)
        if record is not None:
            return extraction_from_json(record, passage.id)
        query = "SELECT reason, retryable FROM failures WHERE key = ?"
        failed = self._read(query, content_id(extractor, text))
        reason, retryable = next(failed, ("it was never read", True))
        return ExtractionFailure(passage.id, reason, bool(retryable))

    def found_by_text(self, extractor: str) -> Iterator[tuple[str, Extraction]]:
        """The key of each distinct passage text that was read, and what was found in it. It grows with the index."""
        for (text,) in self._read("SELECT DISTINCT key FROM passages ORDER BY key"):
            if (record := self._found(extractor, text)) is not None:
                yield text, extraction_from_json(record, PassageId(text))

    def _found(self, extractor: str, text: str) -> str | None:
        """What was found in a text, by a better extractor where one has read it; None where nobody has."""
        for (record,) in self._read("SELECT record FROM upgrades WHERE passage = ?", text):
            return str(record)
        for (record,) in self._read(
            "SELECT record FROM extractions WHERE key = ?", content_id(extractor, text)
        ):
            return str(record)
        return None

    def failures(self, extractor: str) -> list[str]:
        """The passages that could not be read, by the extractor or by a better one, and why.

        What a better extractor has read is no failure, whoever failed on it before. By document and position.
        """
        query = """SELECT p.document, p.position, f.reason FROM failures f JOIN passages p ON p.key = f.passage
                   WHERE f.extractor = ? AND NOT EXISTS (SELECT 1 FROM upgrades u WHERE u.passage = p.key)
                   UNION ALL SELECT p.document, p.position, 'not upgraded: ' || r.reason
                   FROM refusals r JOIN passages p ON p.key = r.passage
                   WHERE NOT EXISTS (SELECT 1 FROM upgrades u WHERE u.passage = p.key)
                   ORDER BY 1, 2, 3"""
        kinds = ("failures", "refusals")
        if not any(next(self._read(f"SELECT EXISTS (SELECT 1 FROM {kind})"))[0] for kind in kinds):
            return []  # the query below looks at every passage
        return [
            f"{document}, passage {position + 1}: {reason}"
            for document, position, reason in self._read(query, extractor)
        ]

    # ------------------------------------------------------------------ vectors

    def missing_strings(self, embedder: str, strings: Iterable[str]) -> list[str]:
        """The distinct strings this embedder has no vector for yet, shortest first: like lengths make full batches."""
        names = {content_id(embedder, string): string for string in dict.fromkeys(strings)}
        known = self._present("vectors", list(names))
        missing = [string for name, string in names.items() if name not in known]
        return sorted(missing, key=lambda string: (len(string), string))

    def put_vectors(self, embedder: str, strings: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors, in whole steps."""
        rows = [
            (content_id(embedder, string), steps.tobytes())
            for string, steps in zip(strings, to_steps(vectors), strict=True)
        ]
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def steps(self, embedder: str, strings: Sequence[str], dimension: int) -> Steps:
        """The kept vectors of some strings: shape (len(strings), dimension). Raises IndexDamaged for a missing one."""
        keys = [content_id(embedder, string) for string in strings]
        out = np.empty((len(keys), dimension), dtype=np.int16)
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            found = dict(self._read(f"SELECT key, vector FROM vectors WHERE {_among(some)}", *some))
            for row, key in enumerate(some, start):
                vector = found.get(key, b"")
                if len(vector) != 2 * dimension:
                    raise IndexDamaged(
                        f"{self.folder / STAGE_NAME} lacks a vector it should hold; run the index command again."
                    )
                out[row] = np.frombuffer(vector, dtype=np.int16)
        return out

    def _present(self, table: str, keys: Sequence[str]) -> set[str]:
        """Which of some keys a table holds."""
        found: set[str] = set()
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            found.update(key for (key,) in self._read(f"SELECT key FROM {table} WHERE {_among(some)}", *some))
        return found

    def _read(self, query: str, *values: str) -> Iterator[Any]:
        """The rows of a query. Raises IndexDamaged."""
        with storage_errors(self.folder):
            yield from self._db.execute(query, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with storage_errors(self.folder), self._db:
            yield


def _among(keys: Sequence[str]) -> str:
    """The condition that a key is one of some."""
    return f"key IN ({','.join('?' * len(keys))})"


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Items in lists of at most `size`: what is read, and then saved, at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def passage_key(passage: Passage) -> str:
    """Names what an extractor sees of a passage: passages with one key share one extraction."""
    bounds = ",".join(f"{s.start - passage.start}:{s.end - passage.start}" for s in passage.sentences)
    return content_id(passage.title, passage.heading, passage.text, bounds)


def wrong_stage(folder: Path) -> list[str]:
    """What is wrong with the file of the stage; empty when all is well, or while another process writes it."""
    path = folder / STAGE_NAME
    if not path.exists():
        return [f"{path} is missing: index all sources again with --migrate."]
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(3)")]
    except sqlite3.OperationalError as error:
        found = [] if "locked" in str(error) else [str(error)]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    return [f"{path} is damaged: {problem}. {WAY_OUT}" for problem in found if problem != "ok"]


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the operating system say into one sentence with the way out."""
    kept = "What was published before is untouched; once that is mended, the same command carries on."
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error) or ("I/O" in str(error) and _is_full(folder)):
            raise StorageError(f"The disk that holds {folder} is full. Free some space. {kept}") from error
        raise StorageError(f"{folder} cannot be written: {error}. {kept}") from error
    except sqlite3.DatabaseError as error:
        raise IndexDamaged(
            f"{folder / STAGE_NAME} is damaged ({error}). Delete this one file and index all sources again "
            "with --migrate; what was published before is untouched."
        ) from error
    except PermissionError as error:
        raise StorageError(
            f"{folder} may not be written by this user. Change its permissions. {kept}"
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(f"The disk that holds {folder} is full. Free some space. {kept}") from error
        raise StorageError(f"{folder} cannot be written: {error.strerror or error}. {kept}") from error


def _is_full(folder: Path) -> bool:
    """Whether the disk has no room left for a page or two: SQLite calls that an I/O error."""
    return shutil.disk_usage(folder).free < NO_ROOM


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
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
    except BaseException:
        os.close(handle)
        raise
    return handle
