"""Rows of tables and of JSON lines: each a document of its own."""

import csv
import io
import json
import string
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile
from connectors.parsers.json_lines import read_json_lines
from connectors.parsers.tables import read_table

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
names = st.text(string.ascii_letters + "äß北 ", min_size=1, max_size=8).map(str.strip).filter(bool)
cells = st.text(string.ascii_letters + string.digits + "äß北 ,;\t|\"'\n", max_size=12)


def test_a_row_is_a_document_of_column_and_value_lines(folder, read):
    """Empty cells are left out; the id column names the row, title or name titles it, a date dates it."""
    (folder / "a.csv").write_text(
        'id,Name,city,date\r\nx1,Ada,"London, UK",2026-01-05\r\nx 2,Bob,,soon\r\n',
        encoding="utf-8-sig",
        newline="",
    )

    found = read(folder)
    ada, bob = found.documents.values()

    assert (ada.id, bob.id) == ("a.csv#x1", "a.csv#x 2")
    assert ada.text == "id: x1\nName: Ada\ncity: London, UK\ndate: 2026-01-05"
    assert (ada.title, bob.title) == ("Ada", "Bob")
    assert ada.timestamp == datetime(2026, 1, 5, tzinfo=UTC)
    assert bob.timestamp is None
    assert bob.uri == f"file://{folder}/a.csv#x%202"
    assert dict(bob.metadata) == {"path": "a.csv"}


def test_rows_without_an_id_are_numbered_and_titled_by_their_first_column(folder, read):
    """Numbers count rows from 1 under the header; an id alone is no title when there is another column."""
    (folder / "a.tsv").write_text("town\tpeople\nBern\t134,000\nBasel\t173,000\n")
    (folder / "b.csv").write_text("ID;Stadt\n7;Bern\n")

    documents = read(folder).documents

    assert {name: document.title for name, document in documents.items()} == {
        "a.tsv#1": "Bern",
        "a.tsv#2": "Basel",
        "b.csv#7": "Bern",
    }
    assert documents["a.tsv#2"].text == "town: Basel\npeople: 173,000"


def test_broken_rows_are_told_by_their_line_and_the_others_kept(folder, read):
    """A row without text, a stray quote and a repeated id each lose one row."""
    (folder / "a.csv").write_text('id,name\n1,Ada\n,\n\n2,"Bob"x\n1,Eve\n3,"two\nlines"\n4,Dan,extra\n')

    found = read(folder)

    assert list(found.documents) == ["a.csv#1", "a.csv#3", "a.csv#4"]
    assert found.documents["a.csv#1"].title == "Ada"
    assert found.documents["a.csv#4"].text == "id: 4\nname: Dan\ncolumn 3: extra"
    assert list(found.failures) == ["a.csv#line=3", "a.csv#line=5", "a.csv#1"]
    assert "no text" in found.failures["a.csv#line=3"]
    assert "line 5" in found.failures["a.csv#line=5"]
    assert "same id" in found.failures["a.csv#1"]


def test_a_quote_that_never_closes_is_told(folder, read):
    """The rows before it are kept."""
    (folder / "a.csv").write_text('a,b\n1,2\n3,"4\n5,6\n')

    found = read(folder)

    assert list(found.documents) == ["a.csv#1"]
    assert "line 3" in found.failures["a.csv#line=3"]


def test_a_cell_may_be_longer_than_the_standard_limit(folder, read):
    """A long text in a cell is read whole."""
    (folder / "a.csv").write_text("a\n" + "x" * 200_000 + "\n")

    assert len(read(folder).documents["a.csv#1"].text) == 200_003


@patient
@given(
    st.lists(names, min_size=1, max_size=4, unique_by=str.casefold),
    st.lists(st.lists(cells, min_size=4, max_size=4)),
)
def test_every_filled_cell_of_a_table_is_in_its_row(header, rows):
    """What the csv module writes is read back: each row's lines name its columns and values."""
    header = [name for name in header if name.casefold() != "id"] or ["x"]
    rows = [row[: len(header)] for row in rows]
    written = io.StringIO()
    csv.writer(written).writerows([header, *rows])
    entries = list(read_table(io.BytesIO(written.getvalue().encode())))

    expected = [
        "\n".join(
            f"{' '.join(name.split())}: {cell.strip()}"
            for name, cell in zip(header, row, strict=True)
            if cell.strip()
        )
        for row in rows
    ]
    assert [entry.text for entry in entries if isinstance(entry, Entry)] == [
        text for text in expected if text
    ]
    assert sum(isinstance(entry, BrokenEntry) for entry in entries) == expected.count("")


def test_a_json_line_is_a_document(folder, read):
    """In a folder, a row's id stands behind its file's path; a row without a title has none."""
    rows = [
        {"id": 7, "title": "T", "text": "a\r\nb", "timestamp": "20260105_1100", "n": 1.5, "l": [1, "é"]},
        {"text": "c"},
    ]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))

    first, second = read(folder).documents.values()

    assert first.id == "a.jsonl#7"
    assert first.text == "a\nb"
    assert first.uri.endswith("/a.jsonl#7")
    assert first.timestamp == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert dict(first.metadata) == {"n": 1.5, "l": '[1, "é"]', "path": "a.jsonl"}
    assert second.title == ""


def test_broken_json_lines_are_told_by_their_number(folder, read):
    """Each line that gives no text is one sentence; all other lines are kept."""
    lines = [
        *(b'{"text": "first"}', b"", b'{"text": ', b"[1]", b'{"id": 1}', b'{"text": 5}', b'{"text": " "}'),
        *(b'{"text": "\xff"}', b'{"text": "x", "id": [1]}', b'{"text": "x", "n": ' + b"9" * 5000 + b"}"),
        *(b"[" * 100_000, b'{"text": "last", "n": NaN}'),
    ]
    (folder / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))

    found = read(folder)

    assert [document.text for document in found.documents.values()] == ["first", "last"]
    assert [name.partition("=")[2] for name in found.failures] == [
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "11",
    ]
    assert all(f"Line {name.partition('=')[2]} " in reason for name, reason in found.failures.items())


def test_copies_of_a_line_are_told(folder, read):
    """A line without an id that says what an earlier one says is one document; so is a repeated id."""
    rows = ({"text": "a"}, {"text": "a"}, {"id": 1, "text": "b"}, {"id": "1", "text": "c"})
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))

    found = read(folder)

    assert [document.text for document in found.documents.values()] == ["a", "b"]
    assert "says the same" in found.failures[next(iter(found.failures))]
    assert "same id, '1'" in found.failures["a.jsonl#1"]


def test_a_file_of_bad_rows_is_told_briefly(folder, read):
    """Twenty failures of a file are told one by one and the others counted, so that they bury nothing."""
    (folder / "a.jsonl").write_text('{"question": "?"}\n' * 50 + '{"text": "a"}\n')

    found = read(folder)

    assert len(found.documents) == 1
    assert list(found.failures) == [f"a.jsonl#line={number}" for number in range(1, 21)] + ["a.jsonl"]
    assert "further 30 rows" in found.failures["a.jsonl"]
    assert "1 were read" in found.failures["a.jsonl"]


def test_a_line_without_end_is_cut_off(monkeypatch):
    """A line over the limit is refused without being held, and the next one is read."""
    monkeypatch.setattr("connectors.parsers.json_lines.LONGEST_LINE", 40)
    lines = b'{"text": "' + b"x" * 200 + b'"}\n{"text": "short"}\n'

    long, short = read_json_lines(io.BytesIO(lines))

    assert "longer than" in long.reason
    assert short.text == "short"


@patient
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "title", "text", "timestamp", "uri", "x"]),
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
        )
    )
)
def test_every_json_object_is_an_entry_or_a_sentence(rows):
    """Nothing is lost and nothing is raised: one entry a row, and all of it can be stored."""
    content = "\n".join(map(json.dumps, rows)).encode()
    entries = list(read_json_lines(io.BytesIO(content)))

    assert len(entries) == len(rows)
    for row, entry in zip(rows, entries, strict=True):
        has_text = isinstance(row.get("text"), str) and row["text"].strip()
        assert isinstance(entry, BrokenEntry) or has_text
        if isinstance(entry, Entry):
            kept = [entry.text, entry.title, entry.row, entry.uri, dict(entry.metadata)]
            json.dumps(kept, ensure_ascii=False, allow_nan=False).encode()


@patient
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_refused(content):
    """No bytes make the row parsers raise anything but a refusal."""
    for parse in (read_table, read_json_lines):
        with suppress(UnreadableFile):
            assert all(isinstance(entry, Entry | BrokenEntry) for entry in parse(io.BytesIO(content)))
