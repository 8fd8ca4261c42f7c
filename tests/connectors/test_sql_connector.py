"""Databases as sources: rows to documents, on SQLite."""

import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from connectors.by_uri import connector_for
from hippograph.errors import ConnectorError
from hippograph.types import Document, SourceFailure

pytest.importorskip("sqlalchemy", reason="needs the extra 'sql'")

from connectors.sql import SqlConnector

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def base(tmp_path):
    """An empty database and its connection."""
    connection = sqlite3.connect(tmp_path / "n.db")
    yield connection
    connection.close()


def fill(base, rows, columns="id, title, body, changed"):
    base.execute(f"create table notes ({columns})")
    marks = ", ".join("?" * len(columns.split(",")))
    base.executemany(f"insert into notes values ({marks})", rows)
    base.commit()


def notes(tmp_path, query="select * from notes", **kept):
    chosen = {"id_column": "id", "text_columns": ["body"], **kept}
    return SqlConnector(f"sqlite:///{tmp_path}/n.db", query, **chosen)


def ids(connector, since=None):
    return [item.id for item in connector.documents(since) if isinstance(item, Document)]


def test_a_row_is_a_document(base, tmp_path):
    """Named columns become id, title, text and moment; the others become metadata."""
    fill(
        base,
        [(7, "A\nday", "It\r\nrained.", "2026-01-05 12:00", 1.5, "sea", b"\0")],
        "id, title, body, changed, n, tag, raw",
    )

    (document,) = notes(tmp_path, title_column="title", changed_column="changed").documents()

    assert document.uri.startswith(f"sql+sqlite:///{tmp_path}/n.db#")
    assert document.uri.endswith("#7")
    assert document == Document(
        id="7",
        title="A day",
        text="It\nrained.",
        uri=document.uri,
        timestamp=NOON,
        metadata={"n": 1.5, "tag": "sea"},
    )


def test_several_columns_of_text_are_lines_with_their_names(base, tmp_path):
    """A cell without words gives no line; a row without any is reported under the URI of its document."""
    fill(base, [("a", "Bern", " 134 ", None), ("b/ä", None, " ", None)])

    first, empty = notes(tmp_path, text_columns=["title", "body"]).documents()

    assert first.text == "title: Bern\nbody: 134"
    assert "no text" in empty.reason
    assert empty.uri.endswith("#b%2F%C3%A4")


def test_rows_come_in_order_of_their_ids_and_repeated_or_missing_ids_are_told(base, tmp_path):
    """The first row of an id is kept."""
    fill(base, [("b", "", "x", None), ("a", "", "y", None), ("b", "", "z", None), (None, "", "w", None)])

    found = list(notes(tmp_path).documents())

    assert [item.id for item in found if isinstance(item, Document)] == ["a", "b"]
    reasons = sorted(item.reason for item in found if isinstance(item, SourceFailure))
    assert "same id, 'b'" in reasons[0]
    assert "no id" in reasons[1]


@pytest.mark.parametrize(
    ("before", "at", "after"),
    [
        ("2026-01-05 11:59:59", "2026-01-05 12:00:00", "2026-01-05 12:00:01"),
        ("2026-01-05T13:59:59+02:00", "2026-01-05T12:00:00Z", "2026-01-04T22:00:01-14:00"),
        (NOON.timestamp() - 1, NOON.timestamp(), NOON.timestamp() + 1),
        (int(NOON.timestamp() - 1) * 1000, int(NOON.timestamp()) * 1000, int(NOON.timestamp()) * 1000 + 1),
        ("Mon, 05 Jan 2026 11:59:59 GMT", "Mon, 05 Jan 2026 12:00:00 GMT", "Mon, 05 Jan 2026 12:00:01 GMT"),
        ("2026-01-04", "2026-01-05T12:00", "2026-01-06"),
    ],
)
def test_since_gives_what_changed_later_however_moments_are_written(base, tmp_path, before, at, after):
    """Unknown moments are given too: they may be new."""
    fill(
        base,
        [
            (1, "", "x", before),
            (2, "", "x", at),
            (3, "", "x", after),
            (4, "", "x", None),
            (5, "", "x", after),
        ],
    )
    connector = notes(tmp_path, changed_column="changed")

    assert ids(connector, NOON) == ["3", "4", "5"]
    assert ids(connector, NOON.astimezone(timezone(timedelta(hours=-9)))) == ["3", "4", "5"]
    assert ids(connector) == ["1", "2", "3", "4", "5"]


def test_typed_moments_and_days_are_compared_as_such(base, tmp_path):
    """Columns that SQLAlchemy gives back as datetimes and dates; a day counts to its end."""
    from sqlalchemy import Column, Date, DateTime, MetaData, String, Table, create_engine, text

    from connectors import sql_moments

    engine = create_engine(f"sqlite:///{tmp_path}/n.db")
    table = Table("notes", MetaData(), Column("id", String), Column("moment", DateTime), Column("day", Date))
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        rows = [
            ("a", datetime(2026, 1, 5, 12), date(2026, 1, 4)),
            ("b", datetime(2026, 1, 5, 13), date(2026, 1, 5)),
        ]
        connection.execute(
            table.insert(), [dict(zip(("id", "moment", "day"), row, strict=True)) for row in rows]
        )
        found = {}
        for name in ("moment", "day"):
            sample = connection.execute(table.select()).mappings().first()[name]
            chosen_by = sql_moments.later(table.c[name], NOON, sample)
            chosen = connection.execute(table.select().where(*chosen_by)).mappings().all()
            found[name] = [row["id"] for row in chosen if sql_moments.is_later(row[name], NOON)]
        assert connection.execute(text("select count(*) from notes")).scalar() == 2
    engine.dispose()

    assert found == {"moment": ["b"], "day": ["b"]}


@pytest.mark.parametrize(
    "query",
    [
        *(
            "delete from notes",
            "delete from notes returning *",
            "drop table notes",
            "select 1; drop table notes",
        ),
        *(
            "select * from notes) x; drop table notes; --",
            "update notes set body = ''",
            "pragma user_version = 5",
        ),
        *("nonsense", "select * from nowhere", ""),
    ],
)
def test_a_query_can_only_read(base, tmp_path, query):
    """Whatever is not a query is an error, and the rows are still there."""
    fill(base, [(1, "", "x", None)])

    with pytest.raises(ConnectorError, match="cannot be read"):
        list(notes(tmp_path, query).documents())

    assert base.execute("select count(*) from notes").fetchone() == (1,)


def test_colons_percent_signs_and_comments_of_a_query_are_plain(base, tmp_path):
    """Nothing in the query is taken for a parameter."""
    fill(base, [(1, "", "x", None)])
    query = "select id, ':a %s 10:30 ::int \\:b' as body from notes where '%d' like '%d' -- the end :c;"

    (document,) = notes(tmp_path, query).documents()

    assert document.text == ":a %s 10:30 ::int \\:b"


@pytest.mark.parametrize("column", ["id_column", "title_column", "changed_column"])
def test_a_column_that_the_query_lacks_is_named(base, tmp_path, column):
    """SQLite would take an unknown quoted name for a text."""
    fill(base, [(1, "", "x", None)])

    with pytest.raises(ConnectorError, match="no column 'nope', only id, title, body, changed"):
        notes(tmp_path, **{column: "nope"}).documents()


def test_a_database_that_is_not_there_is_an_error_and_is_not_made(tmp_path):
    """SQLite makes a file when it opens none."""
    with pytest.raises(ConnectorError, match="Check the path"):
        notes(tmp_path).documents()

    assert not (tmp_path / "n.db").exists()


def test_a_damaged_database_is_an_error(tmp_path):
    """An outage is never an empty source."""
    (tmp_path / "n.db").write_bytes(b"not a database at all" * 100)

    with pytest.raises(ConnectorError, match="not a database"):
        notes(tmp_path).documents()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "not the address"),
        ("nosuch://host/base", "not the address"),
        ("postgresql+pg8000://ada:geheim@host/base", "Install it with pip"),
    ],
)
def test_a_wrong_address_says_so_without_the_password(url, says):
    """The message may end in a log."""
    with pytest.raises(ConnectorError, match=says) as caught:
        SqlConnector(url, "select 1", "id", ["body"])

    assert "geheim" not in str(caught.value)


def test_two_queries_are_two_sources(base, tmp_path):
    """Deleting what one of them no longer gives must leave the other's documents."""
    assert notes(tmp_path).source != notes(tmp_path, "select * from others").source
    assert notes(tmp_path).source == notes(tmp_path, "select * from notes;").source


def test_a_uri_names_address_query_and_columns(base, tmp_path):
    """Written as in a web address, with the text columns separated by commas."""
    fill(base, [(1, "T", "x", "2026-01-05T12:00Z"), (2, "U", "y", "2026-01-01")])
    query = "select+*+from+notes+where+title+in+('T','%26')"

    (document,) = connector_for(
        f"sql+sqlite:///{tmp_path}/n.db#query={query}&id=id&text=title, body&title=title&changed=changed"
    ).documents()

    assert (document.id, document.title, document.text) == ("1", "T", "title: T\nbody: x")
    assert document.timestamp == NOON
