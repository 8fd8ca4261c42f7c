"""A folder as a source: which files become documents, in which order, under which names."""

import os
from datetime import UTC, datetime

import pytest

from connectors.folder import FolderConnector
from hippograph.errors import ConnectorError


def test_a_document_is_named_by_its_path_from_the_root(folder, read):
    """The id is the relative path with forward slashes, the URI the file's own, whatever the script."""
    (folder / "città").mkdir()
    (folder / "città" / "北京 1.txt").write_text("Text.", encoding="utf-8")

    (document,) = read(folder).documents.values()

    assert document.id == "città/北京 1.txt"
    assert document.uri == "file://" + str(folder) + "/citt%C3%A0/%E5%8C%97%E4%BA%AC%201.txt"
    assert document.title == "北京 1"
    assert document.media_type == "text/plain"
    assert dict(document.metadata) == {"path": "città/北京 1.txt", "size": 5}


def test_documents_come_in_the_order_of_their_paths(folder, read):
    """Paths sort by code point over all folders, whatever order the disk lists them in."""
    for name in ("Москва.txt", "b.txt", "a/z.txt", "a.txt", "Zürich.txt", "a/北京.txt", "a b.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")

    names = list(read(folder).documents)

    assert names == ["Zürich.txt", "a b.txt", "a.txt", "a/z.txt", "a/北京.txt", "b.txt", "Москва.txt"]


def test_the_source_is_the_resolved_root(folder):
    """Two spellings of one folder are one source."""
    (folder / "sub").mkdir()

    sources = {FolderConnector(folder).source, FolderConnector(str(folder / "sub" / "..")).source}

    assert sources == {f"folder:{folder.resolve()}"}


def test_the_stem_is_the_title_of_a_file_that_states_none(folder, read):
    """Hyphens and underscores of the file's name become spaces."""
    (folder / "the_long-walk.v2.txt").write_text("Text.")
    (folder / "---.txt").write_text("Text.")

    titles = {document.title for document in read(folder).documents.values()}

    assert titles == {"the long walk.v2", "---"}


def test_a_file_is_dated_by_its_last_change(folder, read):
    """Without a date of its own, a document carries its file's modification time in UTC."""
    (folder / "a.txt").write_text("Text.")
    os.utime(folder / "a.txt", (1_767_610_800, 1_767_610_800))

    (document,) = read(folder).documents.values()

    assert document.timestamp == datetime(2026, 1, 5, 11, tzinfo=UTC)


def test_only_files_changed_after_a_moment_are_given(folder, read):
    """`since` leaves out what was last changed then or before; without a zone it is UTC."""
    for name, second in (("old.txt", 99), ("same.txt", 100), ("new.txt", 101)):
        (folder / name).write_text("Text.")
        os.utime(folder / name, (second, second))

    moment = datetime(1970, 1, 1, 0, 1, 40)

    assert list(read(folder, since=moment).documents) == ["new.txt"]
    assert list(read(folder, since=moment.replace(tzinfo=UTC)).documents) == ["new.txt"]


def test_line_ends_are_newlines(folder, read):
    """Offsets of citations count one character a line end, as Windows, old Macs or Unix wrote it."""
    (folder / "a.txt").write_bytes(b"one\r\ntwo\rthree\nfour")
    (folder / "b.md").write_bytes(b"# One\r\n\r\ntwo\r\n")

    texts = {document.id: document.text for document in read(folder).documents.values()}

    assert texts == {"a.txt": "one\ntwo\nthree\nfour", "b.md": "# One\n\ntwo\n"}


def test_endings_are_read_in_any_case_and_others_passed_over(folder, read):
    """A.MD is Markdown; a picture beside it is no failure."""
    (folder / "A.MD").write_text("# Title")
    (folder / "picture.png").write_bytes(b"\x89PNG\0")

    found = read(folder)

    assert [document.media_type for document in found.documents.values()] == ["text/markdown"]
    assert found.failures == {}


def test_a_folder_of_unknown_endings_says_which(folder, read):
    """Nothing at all to read is told once, with the endings that were met and those that are read."""
    (folder / "a.epub").write_text("x")
    (folder / "b.epub").write_text("x")
    (folder / "Makefile").write_text("x")

    (reason,) = read(folder).failures.values()

    assert "only .epub, Makefile" in reason
    assert ".md" in reason


def test_an_empty_folder_gives_nothing(folder, read):
    """No files, no documents and no failures."""
    assert read(folder).items == []


def test_hidden_files_are_passed_over(folder, read):
    """Names that begin with a dot are not read, nor is anything in such a folder."""
    for name in (".a.md", ".git/b.md", "c.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")

    assert list(read(folder).documents) == ["c.md"]


def test_hidden_files_are_read_when_a_glob_names_them(folder, read):
    """An include glob with a leading dot takes hidden files in; a bare wildcard does not."""
    for name in (".notes/b.md", ".notes/.deep/c.md", ".other/d.md", "e.md", ".f.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")

    assert list(read(folder, include=["**/*.md"]).documents) == ["e.md"]
    assert list(read(folder, include=[".notes/**", "e.md"]).documents) == [".notes/b.md", "e.md"]
    assert list(read(folder, include=[".*.md"]).documents) == [".f.md"]


def test_excluded_folders_are_not_walked(folder, read):
    """An exclude glob that names a folder leaves out all below it, and wins over include."""
    for name in ("drafts/a.md", "drafts/deep/b.md", "c.md", "d/drafts/e.md", "d/f.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")

    assert list(read(folder, exclude=["drafts"]).documents) == ["c.md", "d/f.txt"]
    assert list(read(folder, include=["*.md"], exclude=["drafts/*"]).documents) == ["c.md", "d/drafts/e.md"]


@pytest.mark.parametrize("name", ["nothing", "file.txt", "a\0b", "file.txt/below"])
def test_a_root_that_is_no_folder_is_an_error(folder, name):
    """A missing root stops the source with one sentence; it must not look like an empty folder."""
    (folder / "file.txt").write_text("x")

    with pytest.raises(ConnectorError, match="folder"):
        FolderConnector(folder / name)


def test_a_root_that_vanished_is_an_error(folder):
    """A folder removed after the connector was made is an error, not an empty source."""
    connector = FolderConnector(folder)
    folder.rmdir()

    with pytest.raises(ConnectorError, match="no folder"):
        connector.documents()
