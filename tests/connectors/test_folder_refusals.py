"""Bad files: each is one sentence with the way out, and the rest of the folder is read."""

import os
import socket
import sys

import pytest

from connectors import reading
from connectors.folder import FolderConnector

as_root = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def good(folder):
    """A readable file beside the bad one."""
    (folder / "good.txt").write_text("Good.")
    return folder


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.txt", b" \r\n\t", "empty"),
        ("bom.txt", b"\xef\xbb\xbf", "empty"),
        ("front.md", b"---\ntitle: x\n---\n", "empty"),
        ("tags.html", b"<html><script>x</script></html>", "empty"),
        ("nul.txt", b"abc\0def", "binary"),
        ("bytes.md", bytes(range(1, 32)) * 40, "binary"),
        ("late.txt", b"a" * 3_000_000 + b"\0", "binary"),
        ("rows.csv", b"\x89PNG\0\0", "binary"),
        ("rows.jsonl", b"\x7fELF\0\0\n", "UTF-8"),
        ("broken.txt", "Zürich, Genève, Bözberg, Łódź ".encode() * 9 + b"\xfc!", "broken bytes"),
        ("half.txt", "abc".encode("utf-16")[:-1], "utf-16"),
        ("bad.pdf", b"%PDF-1.4 nothing more", "damaged"),
        ("not.pdf", b"just text", "damaged"),
        ("bad.docx", b"PK\x03\x04 not a zip", "damaged"),
        ("not.docx", b"just text", "damaged"),
        ("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted or in the old format"),
        ("header.csv", b"a,b\n", "no rows"),
        ("lines.jsonl", b"\n\n", "no rows"),
    ],
)
def test_a_bad_file_is_one_sentence_and_the_rest_is_read(good, read, name, content, says):
    """A file that cannot be read is reported under its URI and does not stop the others."""
    (good / name).write_bytes(content)

    found = read(good)

    assert list(found.documents) == ["good.txt"]
    assert list(found.failures) == [name]
    assert says in found.failures[name]
    assert found.failures[name].endswith(".")
    assert "\n" not in found.failures[name]


def test_a_file_removed_while_reading_is_reported(good):
    """Between listing and reading a file may go; the others still come."""
    (good / "a.txt").write_text("Gone soon.")
    items = FolderConnector(good).documents()
    (good / "a.txt").unlink()

    gone, kept = items

    assert "removed while" in gone.reason
    assert kept.id == "good.txt"


@pytest.mark.skipif(as_root, reason="root may read everything")
def test_a_file_without_permission_is_reported(good, read):
    """A file of another user is told apart from a damaged one."""
    (good / "closed.txt").write_text("x")
    (good / "closed.txt").chmod(0)

    assert "may not be read" in read(good).failures["closed.txt"]


@pytest.mark.skipif(as_root, reason="root may read everything")
def test_a_folder_without_permission_is_reported(good, read):
    """A closed folder does not stop the walk."""
    (good / "closed").mkdir()
    (good / "closed").chmod(0)
    found = read(good)
    (good / "closed").chmod(0o700)

    assert "may not be read" in found.failures["closed"]
    assert list(found.documents) == ["good.txt"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "denied"), "may not be read"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (MemoryError(), "memory"),
    ],
)
def test_an_error_of_the_disk_is_reported(good, read, monkeypatch, error, says):
    """What the operating system refuses is one sentence, for every user and every platform."""
    (good / "bad.txt").write_text("x")
    honest = reading.open_regular_file
    monkeypatch.setattr(
        reading, "open_regular_file", lambda path: fail(error) if path.stem == "bad" else honest(path)
    )

    found = read(good)

    assert says in found.failures["bad.txt"]
    assert list(found.documents) == ["good.txt"]


def fail(error):
    raise error


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_sockets_are_refused_without_waiting(good, read):
    """Opening a pipe would wait for ever; it is reported instead, whatever its ending."""
    os.mkfifo(good / "pipe.txt")
    os.mkfifo(good / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(good)  # a socket's path may have about a hundred bytes
        server.bind("socket.txt")
        os.chdir(here)
        found = read(good)

    assert sorted(found.failures) == ["pipe", "pipe.txt", "socket.txt"]
    assert all("not a file" in reason for reason in found.failures.values())
    assert list(found.documents) == ["good.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_file_that_became_a_pipe_is_refused(good):
    """The kind of a file is looked at again when it is opened."""
    (good / "a.txt").write_text("x")
    items = FolderConnector(good).documents()
    (good / "a.txt").unlink()
    os.mkfifo(good / "a.txt")

    assert "not a plain file" in next(items).reason


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_a_name_that_is_not_utf8_is_refused(good, read):
    """An id that no database can keep is reported, in characters that can be printed."""
    with open(os.fsencode(good) + b"/Z\xfcrich.txt", "wb") as file:
        file.write(b"x")

    found = read(good)

    assert "not valid UTF-8" in found.failures["Z%FCrich.txt"]
    assert list(found.documents) == ["good.txt"]


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("a.html", "selectolax.lexbor", "selectolax"),
        ("a.pdf", "pypdf", "pypdf"),
        ("a.docx", "docx", "python-docx"),
        ("a.txt", "charset_normalizer", "charset-normalizer"),
    ],
)
def test_a_missing_parser_names_the_command_that_installs_it(good, read, monkeypatch, name, module, package):
    """Without an optional package its files are reported, and all others read."""
    monkeypatch.setitem(sys.modules, module, None)
    (good / name).write_bytes("Москва".encode("cp1251"))

    found = read(good)

    assert repr(package) in found.failures[name]
    assert "pip install 'hippograph[files]'" in found.failures[name]
    assert list(found.documents) == ["good.txt"]


def test_a_large_file_and_a_long_line_are_read_whole(folder, read):
    """50 MB of text and a line of 10,000 characters lose nothing."""
    (folder / "large.txt").write_bytes(b"0123456789abcde\n" * (50 * 65_536))
    (folder / "long.md").write_text("word " * 2000)

    documents = read(folder).documents

    assert len(documents["large.txt"].text) == 50 * 1024 * 1024
    assert documents["long.md"].text == "word " * 2000


def test_a_file_larger_than_memory_allows_is_refused(good, read, monkeypatch):
    """Above the limit a file held as a whole is refused before it is read; rows are streamed at any size."""
    monkeypatch.setattr(reading, "LARGEST_FILE", 10)
    (good / "big.txt").write_text("x" * 11)
    (good / "big.csv").write_text("a\n" + "x\n" * 11)

    found = read(good)

    assert list(found.failures) == ["big.txt"]
    assert "Split it" in found.failures["big.txt"]
    assert len(found.documents) == 12
