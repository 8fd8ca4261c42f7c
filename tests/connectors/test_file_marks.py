"""Files that are as they were are neither opened nor parsed again, and none that changed is missed."""

import json
import os
from collections import Counter

import pytest

from connectors import marks, reading
from connectors.file import FileConnector
from connectors.folder import FolderConnector
from connectors.jsonl import JsonlConnector
from hippograph.types import Document, SourceFailure, Unchanged

HOUR = 3_600_000_000_000


@pytest.fixture
def work(monkeypatch):
    """Counts the files that are opened and those that are parsed; an hour has passed since all were written."""
    counted = Counter()
    present = marks.now_ns
    opened, parsed = reading.open_regular_file, reading.read_stream

    def open_(path):
        counted["opened"] += 1
        return opened(path)

    def parse(*arguments):
        counted["parsed"] += 1
        return parsed(*arguments)

    monkeypatch.setattr(marks, "now_ns", lambda: present() + HOUR)
    monkeypatch.setattr(reading, "open_regular_file", open_)
    monkeypatch.setattr(reading, "read_stream", parse)
    return counted


class Reader:
    """Reads a source again and again, and remembers its marks as an index does."""

    def __init__(self, connector):
        self.connector, self.marks = connector, {}

    def read(self, most=None):
        items = []
        for item in self.connector.changed_documents(dict(self.marks)):
            if most is not None and len(items) == most:
                break
            items.append(item)
        seen = {item.id for item in items if not isinstance(item, SourceFailure)}
        self.marks = {id_: mark for id_, mark in self.marks.items() if id_ in seen or most is not None}
        for item in items:
            if not isinstance(item, SourceFailure) and (isinstance(item, Document) or item.mark):
                self.marks[item.id] = item.mark
        return items

    def changed(self):
        return [item.id for item in self.read() if isinstance(item, Document)]


def rows(path, *ids):
    path.write_text("\n".join(json.dumps({"id": id_, "text": f"Row {id_}."}) for id_ in ids))


def test_a_file_that_is_as_it_was_is_not_opened(folder, work):
    """The second reading only looks at the folder."""
    (folder / "a.md").write_text("a")
    rows(folder / "b.jsonl", "1", "2")
    reader = Reader(FolderConnector(folder))
    first = reader.read()
    work.clear()

    assert [item.id for item in first] == ["a.md", "b.jsonl#1", "b.jsonl#2"]
    assert reader.read() == [Unchanged("a.md"), Unchanged("b.jsonl#1"), Unchanged("b.jsonl#2")]
    assert work == {}


def test_a_file_that_was_touched_is_not_parsed_and_keeps_its_time(folder, work):
    """Its content is compared once; from then on its new time is what it is known by."""
    (folder / "a.md").write_text("a")
    reader = Reader(FolderConnector(folder))
    reader.read()
    os.utime(folder / "a.md", ns=(0, HOUR))
    work.clear()
    touched = reader.read()

    assert [type(item) for item in touched] == [Unchanged]
    assert work == {"opened": 1}
    assert reader.read() == [Unchanged("a.md")]
    assert work == {"opened": 1}


def test_a_change_that_keeps_size_and_time_is_found(folder, work):
    """A tool may set the time of writing back; the time of the change itself tells."""
    (folder / "a.md").write_text("one")
    reader = Reader(FolderConnector(folder))
    reader.read()
    before = (folder / "a.md").stat()
    (folder / "a.md").write_text("two")
    os.utime(folder / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    while (
        folder / "a.md"
    ).stat().st_ctime_ns == before.st_ctime_ns:  # until the clock of the disk has ticked
        os.utime(folder / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert reader.changed() == ["a.md"]


def test_a_file_written_just_now_is_compared_by_content(folder, work, monkeypatch):
    """Written again within the same tick, it would have the same size and times: so these are not believed yet."""
    monkeypatch.setattr(marks, "now_ns", lambda: (folder / "a.md").stat().st_mtime_ns)
    (folder / "a.md").write_text("one")
    reader = Reader(FolderConnector(folder))
    reader.read()
    status = (folder / "a.md").stat()
    monkeypatch.setattr(reading.os, "fstat", lambda _: status)
    monkeypatch.setattr(reading.os, "lstat", lambda _: status)
    same = reader.read()
    (folder / "a.md").write_text("two")

    assert same == [Unchanged("a.md")]
    assert reader.changed() == ["a.md"]


def test_a_changed_row_gives_all_rows_of_its_file_and_no_other(folder, work):
    """Rows say by their content which of them is another one."""
    rows(folder / "a.jsonl", "1", "2")
    rows(folder / "b.jsonl", "1")
    reader = Reader(FolderConnector(folder))
    reader.read()
    rows(folder / "a.jsonl", "1", "2", "3")

    assert reader.changed() == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#3"]
    assert reader.changed() == []


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_file_that_was_half_read_is_read_again(folder, work, most):
    """Rows that were not reached the last time are not taken for known ones."""
    rows(folder / "a.jsonl", "1", "2", "3", "4")
    reader = Reader(FolderConnector(folder))
    reader.read(most)

    assert reader.changed() == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#3", "a.jsonl#4"]
    assert reader.changed() == []


def test_a_change_that_was_half_read_and_taken_back_is_read_again(folder, work):
    """The first state's last row still has its mark, but the first rows are of another state."""
    rows(folder / "a.jsonl", "1", "2", "3")
    before = (folder / "a.jsonl").read_bytes()
    reader = Reader(FolderConnector(folder))
    reader.read()
    (folder / "a.jsonl").write_bytes(before.replace(b"Row 2.", b"Row B."))
    reader.read(2)
    (folder / "a.jsonl").write_bytes(before)

    assert "a.jsonl#2" in reader.changed()


def test_a_file_with_a_broken_row_is_read_and_told_each_time(folder, work):
    """What is wrong with it is said until it is mended."""
    (folder / "a.jsonl").write_text('{"id": "1", "text": "x"}\n{"id": "2"}')
    reader = Reader(FolderConnector(folder))
    first, second = reader.read(), reader.read()
    rows(folder / "a.jsonl", "1", "2")
    mended = reader.changed()

    assert [item.reason for item in first if isinstance(item, SourceFailure)] == [
        item.reason for item in second if isinstance(item, SourceFailure)
    ]
    assert len(second) == 2
    assert mended == ["a.jsonl#1", "a.jsonl#2"]


def test_a_file_that_changes_while_it_is_read_is_read_again(folder, work):
    """What was read of it may be of two states."""
    rows(folder / "a.jsonl", "1", "2")
    reader = Reader(FolderConnector(folder))
    items = reader.connector.changed_documents({})
    first = next(items)
    os.utime(folder / "a.jsonl", ns=(0, HOUR))
    reader.marks = {item.id: item.mark for item in [first, *items]}

    assert reader.changed() == ["a.jsonl#1", "a.jsonl#2"]


def test_a_file_that_cannot_be_read_is_a_failure_and_not_unchanged(folder, work):
    """Nor is one that was removed; the others are unchanged."""
    for name in ("a.md", "b.md", "c.md"):
        (folder / name).write_text(name)
    reader = Reader(FolderConnector(folder))
    reader.read()
    (folder / "a.md").write_bytes(b"\0\1")
    (folder / "b.md").unlink()
    failure, unchanged = reader.read()

    assert failure.uri == (folder / "a.md").as_uri()
    assert unchanged == Unchanged("c.md")


def test_a_newer_way_of_reading_reads_everything_once_more(folder, work, monkeypatch):
    """The same bytes may become other documents then."""
    (folder / "a.md").write_text("a")
    reader = Reader(FolderConnector(folder))
    reader.read()
    monkeypatch.setattr(marks, "READING", "next")

    assert reader.changed() == ["a.md"]
    assert reader.changed() == []


def test_names_with_number_signs_are_told_from_rows(folder, work):
    """A row of one file and another file may look alike up to the sign."""
    (folder / "a.csv").write_text("id,x\n1#2,y\n")
    (folder / "a.csv#1.md").write_text("x")
    reader = Reader(FolderConnector(folder))
    reader.read()

    assert reader.changed() == []


@pytest.mark.parametrize("make", [FileConnector, JsonlConnector])
def test_a_single_file_is_not_read_again(folder, work, make):
    """Its rows are all unchanged until it changes."""
    rows(folder / "a.jsonl", "1", "2#3")
    reader = Reader(make(folder / "a.jsonl"))
    ids = [item.id for item in reader.read()]
    work.clear()

    assert reader.read() == [Unchanged(id_) for id_ in ids]
    assert work == {}
    rows(folder / "a.jsonl", "1", "4")
    assert [id_.rpartition("#")[2] for id_ in reader.changed()] == ["1", "4"]
