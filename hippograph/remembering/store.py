"""The store of memories: a small SQLite file beside the index, with what each says and how well it is remembered.

The words and their intervals stand in the index, too, as documents: a store that is lost is made again from there, and
only recalls are gone. Readers are never blocked: the file is in WAL mode, and a recall that cannot be noted at once is
not noted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from hippograph.errors import StorageError
from hippograph.remembering.records import Memory, Provenance
from hippograph.remembering.retention import Strength
from hippograph.remembering.said import Said
from hippograph.types import DocumentId, content_id

STORE_NAME = "memories.db"
PATIENCE_SECONDS = 30.0
"""How long a writer waits for another one."""
_TABLES = """
create table if not exists memory (id text primary key, source text, told text, record text, is_pending integer);
create index if not exists memory_told on memory (told);
create index if not exists memory_pending on memory (is_pending) where is_pending = 1;
create table if not exists said (memory text, place integer, key text, object text, functional integer, ends integer,
    valid_from text, valid_to text, primary key (memory, place));
create index if not exists said_by_key on said (key);
create table if not exists strength (memory text primary key, last_recall text, strength real, recalls integer);
"""


@dataclass(frozen=True, slots=True)
class Known:
    """One statement of a memory, and from when to when it holds."""

    memory: DocumentId
    place: int
    said: Said
    valid_from: datetime
    valid_to: datetime | None


class Store:
    """Memories by id and by what they speak of."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / STORE_NAME

    def exists(self) -> bool:
        """Whether anything was ever remembered here."""
        return self.file.exists()

    def put(
        self,
        memories: Iterable[Memory],
        said: Mapping[DocumentId, Sequence[Said]],
        now: datetime,
        is_pending: bool = True,
    ) -> None:
        """Write memories, and the statements of those that are new. What is new begins to fade now."""
        with self._open() as database:
            for each in memories:
                fresh = (each.id, now.isoformat(), 1.0, 0)
                database.execute("insert or ignore into strength values (?, ?, ?, ?)", fresh)
                database.execute(
                    "insert or replace into memory values (?, ?, ?, ?, ?)",
                    (each.id, each.source, _told(each), _to_json(each), int(is_pending)),
                )
                end = each.valid_to.isoformat() if each.valid_to else None
                for place, one in enumerate(said.get(each.id, ())):
                    subject = (one.key(), one.object, int(one.is_functional), int(one.ends))
                    database.execute(
                        "insert or ignore into said values (?, ?, ?, ?, ?, ?, ?, ?)",
                        (each.id, place, *subject, each.valid_from.isoformat(), end),
                    )

    def close_said(self, ends: Iterable[tuple[Known, datetime]]) -> None:
        """Close statements at a moment."""
        with self._open() as database:
            for known, at in ends:
                database.execute(
                    "update said set valid_to = ? where memory = ? and place = ?",
                    (at.isoformat(), known.memory, known.place),
                )

    def settle(self, ids: Iterable[DocumentId]) -> None:
        """These are published now."""
        with self._open() as database:
            database.executemany("update memory set is_pending = 0 where id = ?", [(each,) for each in ids])

    def erase(self, ids: Collection[DocumentId]) -> None:
        """Forget all about them."""
        with self._open() as database:
            for table, column in (("memory", "id"), ("said", "memory"), ("strength", "memory")):
                database.executemany(f"delete from {table} where {column} = ?", [(each,) for each in ids])

    def get(self, ids: Iterable[DocumentId]) -> dict[DocumentId, Memory]:
        """The memories of those ids that there are."""
        return {each.id: each for each in self._memories("where id = ?", [(each,) for each in ids])}

    def all(self, source: str | None = None) -> list[Memory]:
        """Every memory, or every one of a source, by the moment from which it holds."""
        where, values = ("", [()]) if source is None else ("where source = ?", [(source,)])
        return sorted(self._memories(where, values), key=lambda each: (each.valid_from, each.id))

    def telling(self, memory: Memory) -> list[Memory]:
        """The memories with the same words of the same speaker and source."""
        return list(self._memories("where told = ?", [(_told(memory),)]))

    def pending(self) -> list[Memory]:
        """What was about to be published when a process ended."""
        return list(self._memories("where is_pending = 1", [()]))

    def speaking_of(self, keys: Iterable[str]) -> list[Known]:
        """Every statement with one of these subjects and relations, by the moment from which it holds."""
        found = []
        with self._open() as database:
            for key in dict.fromkeys(keys):
                found += database.execute("select * from said where key = ?", (key,)).fetchall()
        return sorted(map(_known, found), key=lambda known: (known.valid_from, known.memory, known.place))

    def statements_of(self, memory: DocumentId) -> list[Known]:
        """The statements of one memory."""
        with self._open() as database:
            rows = database.execute(
                "select * from said where memory = ? order by place", (memory,)
            ).fetchall()
        return list(map(_known, rows))

    def strengths(self, ids: Iterable[DocumentId]) -> dict[DocumentId, Strength]:
        """How well some memories are remembered; one that was never recalled fades since it was remembered."""
        known = self.get(ids)
        found = {id_: Strength(memory.valid_from) for id_, memory in known.items()}
        with self._open() as database:
            for id_ in known:
                row = database.execute("select * from strength where memory = ?", (id_,)).fetchone()
                if row:
                    found[id_] = Strength(datetime.fromisoformat(row[1]), row[2], row[3])
        return found

    def recall(self, ids: Iterable[DocumentId], now: datetime) -> bool:
        """Note that some memories were of use. False where another writer is at work: it is not waited for."""
        strengths = self.strengths(ids)
        try:
            with self._open(patience=0.0) as database:
                for id_, strength in strengths.items():
                    after = strength.recalled(now)
                    row = (id_, after.last_recall.isoformat(), after.strength, after.recalls)
                    database.execute("insert or replace into strength values (?, ?, ?, ?)", row)
        except StorageError:
            return False
        return True

    def _memories(self, where: str, values: Sequence[tuple[str, ...]]) -> Iterator[Memory]:
        rows = []
        with self._open() as database:
            for each in values:
                rows += database.execute(f"select record from memory {where}", each).fetchall()
        for (record,) in rows:
            yield _from_json(record)

    @contextmanager
    def _open(self, patience: float = PATIENCE_SECONDS) -> Iterator[sqlite3.Connection]:
        """The database for one transaction. Raises StorageError where it cannot be read or written."""
        try:
            database = sqlite3.connect(self.file, timeout=patience)
            try:
                database.execute("pragma journal_mode = wal")
                database.executescript(_TABLES)
                with database:
                    yield database
            finally:
                database.close()
        except sqlite3.Error as error:
            raise StorageError(
                f"The memories in {self.file} cannot be read or written: {error}. Where the file is damaged, delete "
                "it: it is made again from the index, and only how often each was recalled is lost."
            ) from error


def _known(row: Sequence[object]) -> Known:
    memory, place, key, object_, functional, ends, begin, end = row
    subject, _, relation = str(key).partition("|")
    said = Said(subject, relation, str(object_), bool(functional), bool(ends))
    until = datetime.fromisoformat(str(end)) if end else None
    return Known(DocumentId(str(memory)), int(str(place)), said, datetime.fromisoformat(str(begin)), until)


def _told(memory: Memory) -> str:
    return content_id(memory.text, memory.speaker, memory.source)


def _to_json(memory: Memory) -> str:
    record = asdict(memory)
    for name in ("valid_from", "valid_to"):
        record[name] = record[name].isoformat() if record[name] else None
    return json.dumps(record)


def _from_json(text: str) -> Memory:
    record = json.loads(text)
    for name in ("valid_from", "valid_to"):
        record[name] = datetime.fromisoformat(record[name]) if record[name] else None
    record["provenance"] = Provenance(record["provenance"])
    record["derived_from"] = tuple(record["derived_from"])
    return Memory(**record)
