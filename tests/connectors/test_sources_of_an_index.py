"""Sources that change and fail under an index: what is gone leaves it, what is out of reach stays."""

import os
import shutil
import sqlite3
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors import marks, reading
from connectors.folder import FolderConnector
from connectors.git import GitConnector
from connectors.http import HttpConnector
from connectors.object_store import ObjectStoreConnector
from connectors.web_client import Limits
from hippograph import toy
from hippograph.engine import Hippograph, forget_source, index_sources
from hippograph.errors import ConnectorError, SourceShrunk, SourceUnavailable
from hippograph.storage.manifest import read_manifest


@pytest.fixture
def answers():
    """Paths of a site and their statuses; every page is a text of the toy world."""
    return {"/map": 200, "/ada": 200, "/babbage": 200}


@pytest.fixture
def site(answers):
    """A sitemap of all paths but its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status = answers.get(self.path, 404)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            pages = "".join(
                f"<url><loc>{url}{path}</loc></url>" for path in sorted(answers) if path != "/map"
            )
            text = toy.TEXTS.get(self.path[1:], ("", f"<urlset>{pages}</urlset>"))[1]
            self.wfile.write(text.encode() if status == 200 else b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    pytest.importorskip("httpx", reason="needs the extra 'web'")
    yield HttpConnector(f"{url}/map", allow_private=True, limits=Limits(pause_seconds=0))
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_out_of_reach_stays_and_a_page_that_is_gone_leaves(site, answers, tmp_path, settings, parts):
    """First one page fails, then the whole site, then one page is gone."""

    def index():
        return index_sources([site], tmp_path / "index", settings=settings, parts=parts)

    assert len(index().changes.added) == 2
    answers["/ada"] = 503
    ill = index()
    answers["/map"] = 500
    with pytest.raises(ConnectorError, match="500"):
        index()
    answers |= {"/map": 200, "/ada": 410}
    gone = index()

    assert ill.changes.deleted == []
    assert ill.changes.unchanged == 1
    assert [failure.uri for failure in ill.changes.failures] == [site.source.replace("/map", "/ada")]
    assert gone.changes.deleted == [site.source.replace("/map", "/ada")]
    assert gone.version.document_count == 1


@pytest.mark.skipif(shutil.which("git") is None, reason="needs the program git")
def test_a_commit_costs_what_it_changed(tmp_path, settings, parts):
    """One file changed, one removed, one broken, one left alone."""
    root = tmp_path / "work"
    root.mkdir()

    def commit():
        author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "A change"]):
            quiet = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
            subprocess.run(["git", "-C", str(root), *command], check=True, env=quiet, capture_output=True)
        return index_sources([GitConnector(root)], tmp_path / "index", settings=settings, parts=parts)

    for name, (_, text) in list(toy.TEXTS.items())[:4]:
        (root / f"{name}.md").write_text(text)
    names = sorted(path.name for path in root.iterdir())
    first = commit()
    (root / names[0]).write_text("Another text about Turin.")
    (root / names[1]).unlink()
    (root / names[2]).write_bytes(b"\0\1")
    second = commit()

    assert first.changes.added == names
    assert second.changes.changed == [names[0]]
    assert second.changes.deleted == [names[1]]
    assert second.changes.unchanged == 1
    assert second.version.document_count == 3


@pytest.fixture
def index(tmp_path, settings, parts):
    """Brings the index in step with some sources."""

    def index_(*sources, **kept):
        return index_sources(sources, tmp_path / "index", settings=settings, parts=parts, **kept)

    return index_


@pytest.fixture
def notes(tmp_path):
    """A folder of twelve notes."""
    root = tmp_path / "notes"
    root.mkdir()
    for number in range(12):
        (root / f"{number:02}.md").write_text(f"Note {number} tells of Port {number}.")
    return root


def test_a_touched_folder_costs_no_version_and_later_not_even_a_look(notes, index, monkeypatch):
    """Contents are compared once; what was not touched is not opened at all."""
    present, opened, open_file = marks.now_ns, Counter(), reading.open_regular_file
    monkeypatch.setattr(marks, "now_ns", lambda: present() + 3_600_000_000_000)
    monkeypatch.setattr(
        reading, "open_regular_file", lambda path: (opened.update([path.name]), open_file(path))[1]
    )
    first = index(FolderConnector(notes))
    opened.clear()
    os.utime(notes / "00.md", (0, 0))
    touched = index(FolderConnector(notes))
    quiet = index(FolderConnector(notes))

    assert (first.is_new, touched.is_new, quiet.is_new) == (True, False, False)
    assert touched.changes.unchanged == quiet.changes.unchanged == 12
    assert opened == {"00.md": 1}
    assert read_manifest(notes.parent / "index").version == first.version


def test_an_emptied_folder_is_asked_about_and_then_believed(notes, index, tmp_path, settings, parts):
    """The published version stays until the loss is accepted; then the folder counts as empty, and may fill again."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "ada.md").write_text(toy.TEXTS["ada"][1])
    first = index(FolderConnector(notes), FolderConnector(other))
    for path in notes.iterdir():
        path.unlink()
    with pytest.raises(SourceShrunk, match=r"gives no documents now and gave 12 before.*--accept-loss"):
        index(FolderConnector(notes))
    with Hippograph.open(tmp_path / "index", settings=settings, parts=parts) as memory:
        kept = memory.status().version
    emptied = index(FolderConnector(notes), accept_loss=True)
    (notes / "new.md").write_text("A new note tells of Port 99.")
    filled = index(FolderConnector(notes))

    assert kept == first.version
    assert (len(emptied.changes.deleted), emptied.version.document_count) == (12, 1)
    assert (filled.changes.added, filled.version.document_count) == (["new.md"], 2)


def test_two_folders_may_hold_files_of_one_name(notes, index, tmp_path, settings, parts):
    """Each is found under its own id, and forgetting the first folder leaves the second as it is."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "00.md").write_text(toy.TEXTS["menabrea"][1])
    index(FolderConnector(notes))
    both = index(FolderConnector(other))
    again = index(FolderConnector(notes), FolderConnector(other))
    forgotten = forget_source(str(notes), tmp_path / "index", settings=settings, parts=parts)
    with Hippograph.open(tmp_path / "index", settings=settings, parts=parts) as memory:
        found = memory.search("Luigi Menabrea", k=1)[0]

    qualified = f"00.md @ folder:{other}"
    assert both.changes.added == [qualified]
    assert (again.is_new, again.changes.unchanged) == (False, 13)
    assert len(forgotten.changes.deleted) == 12
    assert (found.passage.document, found.uri) == (qualified, (other / "00.md").as_uri())


def test_a_site_that_goes_away_half_way_loses_nothing(site, answers, index):
    """What was read before is in the index once the rest is there, and is not sent again."""
    names = [f"/page{number:02}" for number in range(8)]
    answers |= dict.fromkeys(names, 200) | dict.fromkeys(names[1:], 503)
    with pytest.raises(SourceUnavailable, match="out of reach"):
        index(site)
    answers |= dict.fromkeys(names, 200)
    whole = index(site)
    answers |= dict.fromkeys(names[4:], 503)
    partly = index(site)

    assert whole.changes.unchanged == 3
    assert len(whole.changes.added) == 7
    assert partly.changes.deleted == []
    assert partly.version == whole.version


def test_an_emptied_bucket_is_asked_about(index):
    """An S3 double on this machine: one object changes, then all are gone."""
    fsspec = pytest.importorskip("fsspec", reason="needs the extra 'cloud'")
    pytest.importorskip("s3fs", reason="needs the extra 'cloud'")
    server = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    try:
        host, port = server.get_host_and_port()
        options = {"key": "k", "secret": "s", "endpoint_url": f"http://{host}:{port}"}
        files = fsspec.filesystem("s3", **options)
        files.mkdir("vault")
        for name, (_, text) in toy.TEXTS.items():
            files.pipe(f"vault/notes/{name}.md", text.encode())
        bucket = ObjectStoreConnector("s3://vault/notes", **options)
        index(bucket)
        files.pipe("vault/notes/ada.md", b"Ada moved to Turin.")
        second = index(bucket)
        files.rm("vault/notes", recursive=True)
        with pytest.raises(SourceShrunk, match="s3://vault/notes gives no documents now and gave 5"):
            index(bucket)
    finally:
        server.stop()

    assert (second.changes.changed, second.changes.unchanged) == (["ada.md"], 4)


def test_a_table_that_lost_most_rows_is_asked_about(index, tmp_path):
    """Rows are counted like any documents; a smaller share goes without a word."""
    sql = pytest.importorskip("connectors.sql", reason="needs the extra 'sql'")
    pytest.importorskip("sqlalchemy", reason="needs the extra 'sql'")
    with sqlite3.connect(tmp_path / "n.db") as base:
        base.execute("create table notes (id, body, changed)")
        base.executemany("insert into notes values (?, ?, 1)", [(n, f"Note of Port {n}.") for n in range(20)])
    rows = sql.SqlConnector(
        f"sqlite:///{tmp_path}/n.db", "select * from notes", "id", ["body"], None, "changed"
    )
    index(rows)
    with sqlite3.connect(tmp_path / "n.db") as base:
        base.execute("delete from notes where id < 10")
    half = index(rows)
    with sqlite3.connect(tmp_path / "n.db") as base:
        base.execute("delete from notes where id < 16")

    assert (len(half.changes.deleted), half.changes.unchanged) == (10, 10)
    with pytest.raises(SourceShrunk, match="gives 4 documents now and gave 10 before: 6 are gone"):
        index(rows)
    assert len(index(rows, accept_loss=True).changes.deleted) == 6
