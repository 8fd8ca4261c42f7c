"""JSON lines as a source of their own, single files, and the choice of a connector by its URI."""

import json
import os

import pytest

from connectors.by_uri import connector_for
from connectors.file import FileConnector
from connectors.folder import FolderConnector
from connectors.jsonl import JsonlConnector
from hippograph.errors import ConnectorError
from hippograph.types import Document, SourceFailure, content_id


@pytest.fixture
def rows(tmp_path):
    """A file of three lines: one full, one bare, one broken."""
    full = {
        "id": 7,
        "title": "T",
        "text": "one",
        "timestamp": "some day",
        "uri": "http://x/7",
        "more": {"a": 1},
    }
    (tmp_path / "a.jsonl").write_text(f'{json.dumps(full)}\n{{"text": "two"}}\n{{broken\n')
    return tmp_path / "a.jsonl"


def test_rows_keep_their_own_ids(rows):
    """An id is the row's own, as text; without one it is made from title and text."""
    full, bare, broken = JsonlConnector(rows).documents()

    assert full == Document(
        id="7",
        title="T",
        text="one",
        uri="http://x/7",
        media_type="application/jsonl",
        metadata={"timestamp": "some day", "more": '{"a": 1}', "file_uri": rows.as_uri()},
    )
    assert bare.id == content_id("", "two")
    assert bare.uri == f"{rows.as_uri()}#{bare.id}"
    assert isinstance(broken, SourceFailure)
    assert broken.uri == f"{rows.as_uri()}#line=3"


def test_rows_of_an_unchanged_file_are_not_given_again(rows):
    """`since` looks at the file: its rows do not say when they were changed."""
    os.utime(rows, (100, 100))
    moment = next(iter(FolderConnector(rows.parent).documents())).timestamp

    assert moment is None
    assert len(list(JsonlConnector(rows).documents())) == 3
    assert list(JsonlConnector(rows).documents(since=_second(100))) == []
    assert len(list(JsonlConnector(rows).documents(since=_second(99)))) == 3


def _second(second):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize("make", [JsonlConnector, FileConnector, connector_for])
def test_a_missing_file_is_an_error(tmp_path, make):
    """Both before and after the connector was made."""
    path = tmp_path / "a.jsonl"
    with pytest.raises(ConnectorError, match="Check the path"):
        make(str(path))
    path.write_text('{"text": "x"}')
    connector = make(str(path))
    path.unlink()

    with pytest.raises(ConnectorError, match="Check the path"):
        connector.documents()


def test_a_source_is_read_by_what_stands_at_its_path(tmp_path, monkeypatch):
    """A folder, a file, JSON lines: each gets its connector, by path, by ~ or by file URI."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a b.md").write_text("x")
    (tmp_path / "c.JSONL").write_text('{"text": "x"}')
    real = tmp_path.resolve()

    sources = {
        source: connector_for(source).source
        for source in (
            str(tmp_path),
            "~",
            tmp_path.as_uri(),
            f"FILE://localhost{tmp_path}/a%20b.md",
            "~/a b.md",
            "~/c.JSONL",
        )
    }

    assert list(sources.values()) == [
        *[f"folder:{real}"] * 3,
        *[f"file:{real}/a b.md"] * 2,
        f"jsonl:{real}/c.JSONL",
    ]


def test_a_file_is_named_by_its_own_name(tmp_path):
    """A single file is the document that its folder would give."""
    (tmp_path / "a.md").write_text("# Title\n\nText.")

    assert list(connector_for(str(tmp_path / "a.md")).documents()) == list(
        connector_for(str(tmp_path)).documents()
    )


def test_globs_reach_the_folder(tmp_path):
    """include and exclude are handed on."""
    for name in ("a.md", "b.md", "c.txt"):
        (tmp_path / name).write_text("x")

    documents = connector_for(str(tmp_path), include=["*.md"], exclude=["b*"]).documents()

    assert [document.id for document in documents] == ["a.md"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("ftp://example.org/key", "scheme 'ftp'.*known: file"),
        ("sql+sqlite:///x.db", "does not say its query"),
        ("file://server/share", "another computer"),
        ("nothing/here", "nothing at 'nothing/here'"),
        ("file:///nothing/here", "nothing at '/nothing/here'"),
        ("", "No source"),
        (" ", "No source"),
        ("a\0b", "Check the path"),
        ("x" * 5000, "Check the path"),
    ],
)
def test_a_source_that_cannot_be_read_says_why(source, says):
    """One sentence, and the way out."""
    with pytest.raises(ConnectorError, match=says):
        connector_for(source)


def test_a_file_of_an_unknown_type_names_the_known_ones(tmp_path):
    """A picture is not a source."""
    (tmp_path / "a.png").write_bytes(b"\x89PNG")

    with pytest.raises(ConnectorError, match=r"\.md.*\.jsonl"):
        connector_for(str(tmp_path / "a.png"))


def test_a_pipe_is_no_source(tmp_path):
    """A pipe would be waited for; it is reported."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    os.mkfifo(tmp_path / "pipe.jsonl")

    (failure,) = connector_for(str(tmp_path / "pipe.jsonl")).documents()

    assert "not a plain file" in failure.reason
