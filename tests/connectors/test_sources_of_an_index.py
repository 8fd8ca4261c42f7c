"""Sources that change and fail under an index: what is gone leaves it, what is out of reach stays."""

import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.git import GitConnector
from connectors.http import HttpConnector
from connectors.web_client import Limits
from hippograph import toy
from hippograph.engine import index_sources
from hippograph.errors import ConnectorError


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
