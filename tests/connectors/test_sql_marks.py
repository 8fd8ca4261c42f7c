"""Rows whose change column is as it was are not read again, and none that changed is missed."""

import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra 'sql'")

from connectors import sql, sql_moments
from connectors.sql import SqlConnector
from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.types import Document, SourceFailure, Unchanged

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A database of notes, and a present that is a year after all of them."""
    monkeypatch.setattr(sql_moments, "now_ns", lambda: int((NOON + timedelta(days=365)).timestamp() * 1e9))
    connection = sqlite3.connect(tmp_path / "n.db")
    connection.execute("create table notes (id, body, changed)")
    yield connection
    connection.close()


class Reader:
    """Reads a table again and again, and remembers the marks as an index does; `rows` counts what was read."""

    def __init__(self, folder, monkeypatch, **kept):
        chosen = {"id_column": "id", "text_columns": ["body"], "changed_column": "changed"} | kept
        self.connector = SqlConnector(
            f"sqlite:///{folder}/n.db?timeout=0.05", "select * from notes", **chosen
        )
        self.marks, self.rows = {}, 0
        entry = SqlConnector._entry

        def count(connector, row, number):
            self.rows += 1
            return entry(connector, row, number)

        monkeypatch.setattr(SqlConnector, "_entry", count)

    def read(self):
        self.rows = 0
        items = list(self.connector.changed_documents(dict(self.marks)))
        for item in items:
            if not isinstance(item, SourceFailure) and (isinstance(item, Document) or item.mark):
                self.marks[item.id] = item.mark
        return items

    def changed(self):
        return [item.id for item in self.read() if isinstance(item, Document)]


@pytest.fixture
def reader(tmp_path, monkeypatch):
    return lambda **kept: Reader(tmp_path, monkeypatch, **kept)


def put(base, *rows):
    base.executemany("insert into notes values (?, ?, ?)", rows)
    base.commit()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-01-05 12:00:00", "2026-01-05 12:00:01"),
        ("2026-01-05T12:00:00+02:00", "2026-01-05T12:00:00+01:00"),
        ("2026-01-05", "2026-01-04"),
        (1_767_614_400, 1_767_614_401),
        (7, 8),
        ("3f2a", "77b0"),
        (b"\x01\xff", b"\x01\xfe"),
    ],
)
def test_only_rows_whose_change_column_says_another_thing_are_read(base, reader, before, after):
    """Moments, days, numbers and hashes of versions all do; an earlier moment is another one too."""
    put(base, *((number, f"text {number}", before) for number in range(1200)))
    notes = reader()
    first = notes.changed()
    quiet = notes.read(), notes.rows
    base.execute("update notes set body = 'new', changed = ? where id in (7, 1100)", (after,))
    base.commit()

    assert len(first) == 1200
    assert quiet == ([Unchanged(str(number)) for number in range(1200)], 0)
    assert notes.changed() == ["7", "1100"]
    assert notes.rows == 2


def test_rows_that_left_are_not_given(base, reader):
    """Nor are they unchanged."""
    put(base, (1, "x", 1), (2, "x", 1))
    notes = reader()
    notes.read()
    base.execute("delete from notes where id = 1")
    base.commit()

    assert notes.read() == [Unchanged("2")]


def test_a_change_without_a_date_is_read_each_time(base, reader):
    """As is every row where no change column was named: whether they changed is told by their content."""
    put(base, (1, "x", None), (2, "x", 5))
    notes, dateless = reader(), reader(changed_column=None)
    notes.read()
    dateless.read()

    assert notes.changed() == ["1"]
    assert dateless.changed() == ["1", "2"]


@pytest.mark.parametrize(
    ("changed", "may_recur"),
    [
        (NOON, True),
        (NOON - timedelta(seconds=3), False),
        (NOON.replace(tzinfo=None) - timedelta(days=1), True),
        (NOON.replace(tzinfo=None) - timedelta(days=3), False),
        (date(2026, 1, 5), True),
        (date(2026, 1, 2), False),
        ("2026-01-05 12:00:00", True),
        ("2026-01-02 12:00:00", False),
        ("2026-01", True),
        (20260105, True),
        (20260102, False),
        (int(NOON.timestamp()), True),
        (int(NOON.timestamp() * 1000), True),
        (int(NOON.timestamp()) - 3, False),
        (12, False),
        (10**15, False),
        ("v12", False),
    ],
)
def test_a_date_that_another_change_might_bear_is_not_believed(monkeypatch, changed, may_recur):
    """By the length of its tick, and wherever the zone is unknown by any zone's clock."""
    monkeypatch.setattr(sql_moments, "now_ns", lambda: int(NOON.timestamp() * 1e9))

    assert sql_moments.may_recur(changed) is may_recur


def test_other_columns_of_the_text_read_everything_once_more(base, reader):
    """The rows did not change, but the documents do."""
    put(base, (1, "x", 1))
    notes, other = reader(), reader(text_columns=["body", "changed"])
    notes.read()
    other.marks = notes.marks

    assert other.changed() == ["1"]


def test_repeated_nameless_and_empty_rows_are_told_each_time(base, reader):
    """And the rest is not read for it."""
    put(base, ("a", "x", 1), ("a", "y", 2), ("b", "x", 1), (None, "x", 1), (" ", "x", 1), ("c", "", 1))
    notes = reader()
    first, second = notes.read(), notes.read()

    told = [[item.reason for item in items if isinstance(item, SourceFailure)] for items in (first, second)]
    assert told[0] == told[1]
    assert len(told[0]) == 4
    assert [item.id for item in second if isinstance(item, Unchanged)] == ["b"]
    assert [item.id for item in second if isinstance(item, Document)] == ["a"]


def test_a_row_whose_id_is_repeated_later_is_told(base, reader):
    """Though both say of themselves what the one said before."""
    put(base, ("a", "x", 1))
    notes = reader()
    notes.read()
    put(base, ("a", "y", 1))

    assert [item.reason for item in notes.read() if isinstance(item, SourceFailure)] == [
        "An earlier row has the same id, 'a', and was kept. Give each row an id of its own."
    ]


def test_a_database_that_another_holds_may_be_read_later(base, reader, tmp_path):
    """The error says so itself; a query that fails does not."""
    put(base, (1, "x", 1))
    base.execute("begin exclusive")

    with pytest.raises(SourceUnavailable, match="just now"):
        reader().read()
    base.rollback()
    with pytest.raises(ConnectorError) as caught:
        list(SqlConnector(f"sqlite:///{tmp_path}/n.db", "select * from x", "id", ["body"]).documents())
    assert type(caught.value) is ConnectorError


def test_rows_read_before_a_database_went_away_are_known(base, reader, monkeypatch):
    """The next reading reads the rest only."""
    monkeypatch.setattr(sql, "ROWS_AT_ONCE", 2)
    put(base, *((number, "x", 1) for number in range(6)))
    notes, read = reader(), []
    rows_of = SqlConnector._rows_of

    def break_down(self, connection, ids, fresh):
        yield from rows_of(self, connection, ids[:3], fresh)
        raise TimeoutError("the line is dead")

    with monkeypatch.context() as ill:
        ill.setattr(SqlConnector, "_rows_of", break_down)
        with pytest.raises(SourceUnavailable, match="the line is dead"):
            read.extend(notes.connector.changed_documents({}))
    notes.marks = {item.id: item.mark for item in read}

    assert notes.changed() == ["3", "4", "5"]
