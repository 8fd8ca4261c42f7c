"""A database as a source: every row of a query is a document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from connectors.marks import State
from connectors.moments import in_utc
from connectors.options import Options
from connectors.parsers.entries import BrokenEntry, Entry, one_line, scalar, storable
from connectors.reading import Origin, entry_documents
from connectors.sql_moments import is_later, later, may_recur, moment_of
from hippograph.errors import ConnectorError, MissingExtra, SourceUnavailable
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged, content_id

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select

ROWS_AT_ONCE = 500
NEVER_BACK = re.compile(r"password|authenti|denied|not exist|unknown|no such|not a database", re.IGNORECASE)
"""In what a database says: nothing that waiting would mend."""


class SqlConnector:
    """The rows of a query, in order of their ids.

    `url` is SQLAlchemy's: `sqlite:///notes.db`, `postgresql+psycopg://user@host/base`. The text of a document is
    the text column as it is, or a line `column: value` for each of several. `changed_column` is the moment of
    the row's last change: a date, Unix time or ISO 8601 text. It may also be a number or a hash of its version.
    Further columns of the query become metadata.

    The query stands inside a larger one, so that it can only read; on SQLite and PostgreSQL the database is
    told so as well. Colons in it are plain colons. Raises MissingExtra without SQLAlchemy, and ConnectorError for
    an address that cannot be one.
    """

    def __init__(
        self,
        url: str,
        query: str,
        id_column: str,
        text_columns: Sequence[str],
        title_column: str | None = None,
        changed_column: str | None = None,
    ) -> None:
        if not text_columns or isinstance(text_columns, str):
            raise ConnectorError("Name the columns of the text as a list with at least one name.")
        self._engine = _engine(url)
        self._query = query.strip().rstrip(";")
        self._id, self._texts = id_column, tuple(text_columns)
        self._title, self._changed = title_column, changed_column
        # What a query says decides which documents there are: another query is another source.
        self.source = f"sql+{self._engine.url.render_as_string()}#{content_id(self._query)[:12]}"

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every row, or those changed after `since`; also those whose change column says nothing readable.

        Raises ConnectorError when the database cannot be reached, the query fails or lacks a column.
        """
        with self._reading() as connection:
            self._check_columns(connection)
        moment = in_utc(since) if since else None
        return entry_documents(self._entries(moment), Origin("", self.source, "text/plain"))

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """Every row, unread where its change column says what it said before; without that column all are read.

        A change so near to the present that another one might bear the same date is not believed. Raises
        ConnectorError as `documents` does.
        """
        if self._changed is None:
            return iter(self.documents())
        with self._reading() as connection:
            self._check_columns(connection)
        return self._changed_rows(marks)

    def _changed_rows(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        with self._reading() as connection:
            nameless: list[Entry | BrokenEntry] = []
            wanted: list[object] = []
            listed = self._listed(connection)
            counts = Counter(_row_id(id_) for id_, _ in listed)
            for number, (id_, changed) in enumerate(listed, start=1):
                name, mark = DocumentId(_row_id(id_)), self._mark(changed)
                if not name:
                    nameless.append(_without_id(number))
                elif mark and marks.get(name) == mark and counts[name] == 1:
                    yield Unchanged(name)
                elif not wanted or wanted[-1] != id_:  # rows of one id stand together, and come together
                    wanted.append(id_)
            fresh: dict[str, str] = {}
            rows = self._rows_of(connection, wanted, fresh)
            for item in entry_documents(chain(nameless, rows), Origin("", self.source, "text/plain")):
                yield replace(item, mark=fresh[item.id]) if isinstance(item, Document) else item

    def _listed(self, connection: Connection) -> list[tuple[object, object]]:
        """Id and change of every row, in order of the ids."""
        from sqlalchemy import column

        columns: list[ColumnElement[Any]] = [column(self._id), column(self._changed or "")]
        listed = self._rows().with_only_columns(*columns).order_by(columns[0])
        return [(id_, changed) for id_, changed in connection.execute(listed)]

    def _rows_of(
        self, connection: Connection, ids: Sequence[object], fresh: dict[str, str]
    ) -> Iterator[Entry | BrokenEntry]:
        """The rows of some ids; `fresh` takes in their marks."""
        from sqlalchemy import column

        id_column: ColumnElement[Any] = column(self._id)
        for start in range(0, len(ids), ROWS_AT_ONCE):
            some = self._rows().where(id_column.in_(ids[start : start + ROWS_AT_ONCE])).order_by(id_column)
            for row in connection.execute(some).mappings():
                fresh[_row_id(row[self._id])] = self._mark(row[self._changed])
                yield self._entry(row, start)

    def _mark(self, changed: object) -> str:
        """The mark of a row by its change column; empty where that does not tell one state from the next."""
        if changed is None or may_recur(changed):
            return ""
        said = changed.hex() if isinstance(changed, bytes) else one_line(_words(changed))
        shape = content_id(self._id, *self._texts, self._title or "", self._changed or "")[:8]
        return State(f"{shape} {said}").mark(1)

    def _entries(self, since: datetime | None) -> Iterator[Entry | BrokenEntry]:
        from sqlalchemy import column

        with self._reading() as connection:
            wanted = self._rows()
            if since and self._changed:
                wanted = wanted.where(*later(column(self._changed), since, self._sample(connection)))
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
                wanted.order_by(column(self._id))
            )
            for number, row in enumerate(rows.mappings(), start=1):
                if not since or not self._changed or is_later(row[self._changed], since):
                    yield self._entry(row, number)

    def _rows(self) -> Select[Any]:
        from sqlalchemy import literal_column, select, text

        query = text(self._query.replace(":", r"\:") + "\n").columns().subquery("documents")
        return select(literal_column("*")).select_from(query)

    def _sample(self, connection: Connection) -> object:
        """Some value of the change column, which shows how it writes moments; None when it has none."""
        from sqlalchemy import column

        changed: ColumnElement[Any] = column(self._changed or "")
        found = self._rows().with_only_columns(changed).where(changed.is_not(None)).limit(1)
        return connection.execute(found).scalar()

    def _check_columns(self, connection: Connection) -> None:
        from sqlalchemy import false

        known = connection.execute(self._rows().where(false())).keys()
        named = (self._id, *self._texts, self._title, self._changed)
        missing = [name for name in named if name is not None and name not in known]
        if missing:
            raise ConnectorError(
                f"The query of {self.source} gives no column {missing[0]!r}, only {', '.join(known)}. "
                "Name one of them, or select it."
            )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        from sqlalchemy.exc import SQLAlchemyError

        if self._engine.dialect.name == "sqlite":
            _check_file(self._engine.url.database)
        try:
            with self._engine.connect().execution_options(postgresql_readonly=True) as connection:
                if self._engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA query_only = ON")
                yield connection
        except (SQLAlchemyError, OSError) as error:
            said = one_line(str(getattr(error, "orig", None) or error))
            if self._is_outage(error, said):
                raise SourceUnavailable(
                    f"The database of {self.source} cannot be reached just now: {said.rstrip('.')}. Try again later; "
                    "what was read of it stays."
                ) from error
            raise ConnectorError(
                f"The database of {self.source} cannot be read: {said.rstrip('.')}. Check address and query."
            ) from error
        finally:
            self._engine.dispose()

    def _is_outage(self, error: Exception, said: str) -> bool:
        """Whether the database is away, or held by another, and may be back later."""
        from sqlalchemy.exc import OperationalError
        from sqlalchemy.exc import TimeoutError as PoolTimeout

        if isinstance(error, PoolTimeout | TimeoutError | ConnectionError):
            return True
        if self._engine.dialect.name == "sqlite":
            return "is locked" in said
        is_cut_off = bool(getattr(error, "connection_invalidated", False))
        return is_cut_off or (isinstance(error, OperationalError) and not NEVER_BACK.search(said))

    def _entry(self, row: RowMapping, number: int) -> Entry | BrokenEntry:
        id_ = _row_id(row[self._id])
        if not id_:
            return _without_id(number)
        if not (text := self._text(row)):
            reason = f"The row {one_line(id_)!r} has no text. Fill it, or leave it out."
            return BrokenEntry(reason, quote(id_, safe=""))
        used = {self._id, *self._texts, self._title, self._changed}
        return Entry(
            text=text,
            title=one_line(_words(row[self._title])) if self._title else "",
            row=id_,
            timestamp=moment_of(row[self._changed]) if self._changed else None,
            metadata={
                name: scalar(value)
                for name, value in row.items()
                if name not in used and not isinstance(value, bytes)
            },
        )

    def _text(self, row: RowMapping) -> str:
        values = {name: storable(_words(row[name])) for name in self._texts}
        if len(values) == 1:
            return next((value for value in values.values() if value.strip()), "")
        return "\n".join(f"{name}: {value.strip()}" for name, value in values.items() if value.strip())


def sql_at_uri(uri: str, options: Options) -> SqlConnector:
    """The connector of `sql+<url>#query=...&id=...&text=...`; also `title` and `changed`.

    What stands behind the # is written as in a web address: %26 for an &, %2B for a plus. Several text columns
    are separated by commas. Globs have no say.
    """
    url, _, rest = uri[len("sql+") :].partition("#")
    said = {name: values[-1] for name, values in parse_qs(rest).items()}
    missing = [name for name in ("query", "id", "text") if name not in said]
    if missing:
        raise ConnectorError(
            f"The source {_shown(url)!r} does not say its {missing[0]}. "
            "Write it as sql+sqlite:///notes.db#query=select * from notes&id=id&text=body&changed=changed_at."
        )
    columns = [name.strip() for name in said["text"].split(",") if name.strip()]
    return SqlConnector(url, said["query"], said["id"], columns, said.get("title"), said.get("changed"))


def _engine(url: str) -> Engine:
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise MissingExtra("SQLAlchemy", "sql", "Reading a database") from error
    try:
        return create_engine(url)
    except ModuleNotFoundError as error:
        raise ConnectorError(
            f"The driver {error.name!r} of {_shown(url)!r} is not installed. Install it with pip."
        ) from error
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise ConnectorError(
            f"{_shown(url)!r} is not the address of a database: {one_line(str(error)).rstrip('.')}. "
            "Write it as sqlite:///notes.db or postgresql+psycopg://user@host/base."
        ) from error


def _check_file(database: str | None) -> None:
    """Opening a SQLite file that is not there would make an empty one."""
    if (
        database
        and not database.startswith("file:")
        and database != ":memory:"
        and not Path(database).is_file()
    ):
        raise ConnectorError(f"There is no database {database!r}. Check the path.")


def _shown(url: str) -> str:
    return re.sub(r"//([^/:@]*):.*@", r"//\1:***@", url)


def _row_id(value: object) -> str:
    return "" if value is None else storable(_words(value)).strip()


def _without_id(number: int) -> BrokenEntry:
    return BrokenEntry(f"Row {number} has no id. Give it one, or leave it out.", f"row={number}")


def _words(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(scalar(value))
