"""A database as a source: every row of a query is a document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from connectors.moments import FIRST_MILLISECONDS, in_utc, parse_moment
from connectors.options import Options
from connectors.parsers.entries import BrokenEntry, Entry, one_line, scalar, storable
from connectors.reading import Origin, entry_documents
from hippograph.errors import ConnectorError, MissingExtra
from hippograph.types import Document, SourceFailure, content_id

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, ColumnElement, Connection, Engine, RowMapping, Select

ROWS_AT_ONCE = 500
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
WIDEST_ZONE = timedelta(hours=26)
"""Two clocks on earth differ by at most that: between UTC-12 and UTC+14."""


class SqlConnector:
    """The rows of a query, in order of their ids.

    `url` is SQLAlchemy's: `sqlite:///notes.db`, `postgresql+psycopg://user@host/base`. The text of a document is
    the text column as it is, or a line `column: value` for each of several. `changed_column` is the moment of
    the row's last change: a date, Unix time or ISO 8601 text. Further columns of the query become metadata.

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

    def _entries(self, since: datetime | None) -> Iterator[Entry | BrokenEntry]:
        from sqlalchemy import column

        with self._reading() as connection:
            wanted = self._rows()
            if since and self._changed:
                wanted = wanted.where(*_later(column(self._changed), since, self._sample(connection)))
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
                wanted.order_by(column(self._id))
            )
            for number, row in enumerate(rows.mappings(), start=1):
                if not since or not self._changed or _is_later(row[self._changed], since):
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
            raise ConnectorError(
                f"The database of {self.source} cannot be read: {said.rstrip('.')}. Check address and query."
            ) from error
        finally:
            self._engine.dispose()

    def _entry(self, row: RowMapping, number: int) -> Entry | BrokenEntry:
        id_ = "" if row[self._id] is None else storable(_words(row[self._id])).strip()
        if not id_:
            return BrokenEntry(f"Row {number} has no id. Give it one, or leave it out.", f"row={number}")
        if not (text := self._text(row)):
            reason = f"The row {one_line(id_)!r} has no text. Fill it, or leave it out."
            return BrokenEntry(reason, quote(id_, safe=""))
        used = {self._id, *self._texts, self._title, self._changed}
        return Entry(
            text=text,
            title=one_line(_words(row[self._title])) if self._title else "",
            row=id_,
            timestamp=_moment(row[self._changed]) if self._changed else None,
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


def _later(changed: ColumnElement[Any], since: datetime, sample: object) -> list[ColumnElement[bool]]:
    """What the database can tell of a row being changed after `since`; never too narrow.

    Values that are no moments of the sample's kind are for `_is_later` to judge. A text is compared by its day
    alone, a day before any zone could be: separators and zones are written in many ways.
    """
    from sqlalchemy import Date, DateTime, Float, String, bindparam, or_

    earliest: BindParameter[Any]
    if isinstance(sample, datetime):
        bound = since if sample.tzinfo else since.replace(tzinfo=None)
        earliest = bindparam("since", bound, DateTime(timezone=sample.tzinfo is not None))
    elif isinstance(sample, date):
        earliest = bindparam("since", since.date(), Date())
    elif isinstance(sample, int | float):
        scale = 1000 if abs(sample) >= FIRST_MILLISECONDS else 1
        earliest = bindparam("since", since.timestamp() * scale, Float())
    elif isinstance(sample, str) and ISO_DATE.match(sample):
        earliest = bindparam("since", (since - WIDEST_ZONE).date().isoformat(), String())
    else:
        return []
    return [or_(changed >= earliest, changed.is_(None))]


def _is_later(value: object, since: datetime) -> bool:
    """Whether a row may have changed after `since`: a day counts to its end, and what is unreadable counts."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value >= since.date()
    moment = _moment(value)
    return moment is None or moment > since


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return in_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return parse_moment(value)


def _words(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(scalar(value))
