"""What every connector promises, over every connector."""

import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connectors import marks, sql_moments
from connectors.by_uri import connector_for
from connectors.file import FileConnector
from connectors.folder import FolderConnector
from connectors.git import GitConnector
from connectors.http import HttpConnector
from connectors.jsonl import JsonlConnector
from connectors.llama_index_reader import LlamaIndexConnector
from connectors.object_store import ObjectStoreConnector
from connectors.sql import SqlConnector
from connectors.web_client import Limits
from hippograph.ports import Connector
from hippograph.types import Document, SourceFailure, Unchanged


@pytest.fixture
def corpus(folder, pdf_bytes) -> Path:
    """A folder with a file of every type and some that are bad."""
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_paragraph("Word.")
    document.save(folder / "w.docx")
    (folder / "p.pdf").write_bytes(pdf_bytes("Portable."))
    (folder / "h.html").write_bytes(b"<title>T</title><p>a&#13;b</p>\r\n<pre>x\r\ny&#13;</pre>")
    (folder / "m.md").write_bytes(b"---\r\ndate: 2026-01-05\r\ntag: x\r\n---\r\n# M\r\n\r\nText.\r\n")
    (folder / "t.txt").write_bytes("北京\rМосква\r\n".encode())
    (folder / "r.rst").write_bytes(b"R\r\n===\r\n\r\nText.")
    (folder / "c.csv").write_bytes(b'id,name\r\n1,"a\r\nb"\r\n1,again\r\n,\r\n')
    (folder / "l.jsonl").write_text(
        "\n".join(
            json.dumps(row)
            for row in (
                {"text": "a\r\nb", "timestamp": 0},
                {"id": 1, "text": "x"},
                {"id": "1", "text": "y"},
                [],
            )
        )
    )
    (folder / "empty.txt").touch()
    return folder


def git_connector(corpus: Path) -> Connector:
    """The corpus, committed."""
    if shutil.which("git") is None:
        pytest.skip("needs the program git")
    if not (corpus / ".git").exists():
        author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "All"]):
            subprocess.run(["git", "-C", str(corpus), *command], check=True)
    return GitConnector(corpus)


def object_store_connector(corpus: Path) -> Connector:
    """The corpus, in the memory of this process."""
    store = pytest.importorskip("fsspec").filesystem("memory")
    root = f"/contract/{corpus.parent.name}"
    if not store.exists(root):
        for path in corpus.iterdir():
            store.pipe(f"{root}/{path.name}", path.read_bytes())
    return ObjectStoreConnector(f"memory:/{root}")


def sql_connector(corpus: Path) -> Connector:
    """Rows of all kinds: good ones, a repeated id, no id, no text."""
    pytest.importorskip("sqlalchemy")
    path = corpus.parent / "rows.db"
    if not path.exists():
        with sqlite3.connect(path) as base:
            base.execute("create table notes (name, title, body, changed)")
            rows = [
                ("a", "T\r\nU", "one\r\ntwo", "2026-01-05"),
                ("a", "", "again", None),
                (None, "", "x", None),
            ]
            base.executemany(
                "insert into notes values (?, ?, ?, ?)", [*rows, ("b", None, " ", 0), ("c", None, 5, 0)]
            )
    return SqlConnector(f"sqlite:///{path}", "select * from notes", "name", ["body"], "title", "changed")


def llama_index_connector(corpus: Path) -> Connector:
    """The corpus through LlamaIndex's own reader of folders."""
    reader = pytest.importorskip("llama_index.core").SimpleDirectoryReader
    return LlamaIndexConnector(reader(str(corpus), required_exts=[".md", ".rst", ".txt", ".csv"]), "contract")


class Silent(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture
def served(corpus) -> Iterator[str]:
    """The URL of a sitemap of the corpus, on this machine."""
    pytest.importorskip("httpx")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(corpus)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    names = [*sorted(path.name for path in corpus.iterdir()), "gone.html"]
    pages = "".join(f"<url><loc>{url}/{name}</loc></url>" for name in names)
    (corpus / "sitemap.xml").write_text(f"<urlset>{pages}</urlset>")
    yield f"{url}/sitemap.xml"
    server.shutdown()
    thread.join()
    server.server_close()


def http_connector(url: str) -> Connector:
    """The corpus behind a server."""
    return HttpConnector(url, allow_private=True, limits=Limits(pause_seconds=0))


URI_STARTS = ("http://127.0.0.1:", "file:///", "git+file:///", "memory:///", "sql+sqlite:///", "llama_index:")

MAKERS: dict[str, Callable[..., Connector]] = {
    "folder": FolderConnector,
    "file": lambda corpus: FileConnector(corpus / "m.md"),
    "table": lambda corpus: FileConnector(corpus / "c.csv"),
    "jsonl": lambda corpus: JsonlConnector(corpus / "l.jsonl"),
    "path": lambda corpus: connector_for(str(corpus)),
    "uri": lambda corpus: connector_for((corpus / "l.jsonl").as_uri()),
    "git": git_connector,
    "http": http_connector,
    "object store": object_store_connector,
    "sql": sql_connector,
    "llama_index": llama_index_connector,
}


@pytest.fixture(params=MAKERS)
def make(request, corpus) -> Callable[[], Connector]:
    """Makes one of the connectors over the corpus."""
    place = request.getfixturevalue("served") if request.param == "http" else corpus
    return lambda: MAKERS[request.param](place)


def documents(connector: Connector) -> list[Document]:
    return [item for item in connector.documents() if isinstance(item, Document)]


def test_there_is_something_to_check(make):
    """Every connector finds at least one document in the corpus."""
    assert documents(make())


def test_a_second_pass_equals_the_first(make):
    """The same connector, and another one over the same source, give the same items in the same order."""
    connector = make()
    first = list(connector.documents())

    assert list(connector.documents()) == first
    assert list(make().documents()) == first
    assert make().source == connector.source


def test_ids_are_unique(make):
    """No two documents of a source share an id; the second becomes a failure."""
    ids = [document.id for document in documents(make())]

    assert len(set(ids)) == len(ids)
    assert all(ids)


def test_texts_can_be_cited(make):
    """A text has words, one kind of line end, and characters that UTF-8 can hold."""
    for document in documents(make()):
        assert document.text.strip()
        assert "\r" not in document.text + document.title
        assert "\n" not in document.title
        document.text.encode("utf-8")


def test_timestamps_carry_utc(make):
    """Every moment is aware."""
    moments = [document.timestamp for document in documents(make()) if document.timestamp]

    assert all(moment.utcoffset() == timedelta(0) for moment in moments)


def test_documents_name_where_they_come_from(make):
    """URIs and media types are given, and metadata holds plain values only."""
    for document in documents(make()):
        assert document.uri.startswith(URI_STARTS)
        assert "/" in document.media_type
        json.dumps(dict(document.metadata), allow_nan=False)


def test_failures_are_sentences(make):
    """A failure has a URI and one sentence that begins with a capital and ends with a full stop."""
    for failure in make().documents():
        if isinstance(failure, SourceFailure):
            assert failure.uri.startswith(URI_STARTS)
            assert failure.reason[0].isupper()
            assert failure.reason.endswith(".")
            assert "\n" not in failure.reason


def marked(connector: Connector, known: dict[str, str]) -> list:
    """What a connector gives to somebody who knows these marks."""
    if not hasattr(connector, "changed_documents"):
        pytest.skip("it reads everything each time")
    return list(connector.changed_documents(known))


def test_a_first_reading_by_marks_gives_every_document(make):
    """Nothing is known, so all are given in full, as `documents` gives them, each with a mark or none."""
    found = marked(make(), {})

    assert [replace(item, mark="") if isinstance(item, Document) else item for item in found] == list(
        make().documents()
    )


def test_a_second_reading_by_marks_gives_no_document_that_was_whole(make, monkeypatch):
    """It accounts for each of them, tells the same failures, and reads again only where something was refused."""
    later = marks.now_ns() + 10**18
    monkeypatch.setattr(marks, "now_ns", lambda: later)
    monkeypatch.setattr(sql_moments, "now_ns", lambda: later)
    first = marked(make(), {})
    known = {item.id: item.mark for item in first if isinstance(item, Document) and item.mark}
    second = marked(make(), known)

    refused = {item.uri.partition("#")[0] for item in first if isinstance(item, SourceFailure)}
    again = [item for item in second if isinstance(item, Document)]
    given = [item.id for item in second if not isinstance(item, SourceFailure)]
    assert all(item in first for item in again)
    assert all(item.uri.partition("#")[0] in refused for item in again)
    assert sorted(given) == sorted(item.id for item in first if isinstance(item, Document))
    assert any(isinstance(item, Unchanged) for item in second) or len(again) == len(given)
    assert [item for item in first if isinstance(item, SourceFailure)] == [
        item for item in second if isinstance(item, SourceFailure)
    ]
