"""Repositories as sources: which files, dated by which commits, and what is refused."""

import os
import shutil
import socket
import subprocess
import threading
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.by_uri import connector_for
from connectors.git import GitConnector
from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.types import Document, SourceFailure

HERE = ["127.0.0.0/8"]

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs the program git")


class Work:
    """A repository whose commits are dated by hand: day n of 2026."""

    def __init__(self, root):
        self.root = root
        self("init", "-q", "-b", "main")

    def __call__(self, *arguments, day=1, authored=None, author="Ada"):
        dates = {"GIT_COMMITTER_DATE": moment(day).isoformat()}
        dates["GIT_AUTHOR_DATE"] = moment(authored or day).isoformat()
        names = {f"GIT_{who}_NAME": author for who in ("AUTHOR", "COMMITTER")}
        mails = {f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")}
        clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env=os.environ | clean | dates | names | mails,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, day=1, **kept):
        """Commit all that lies there; gives the commit's name."""
        self("add", "-A")
        self("commit", "-q", "-m", "A change", day=day, **kept)
        return self("rev-parse", "HEAD")


class Silent(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *arguments):
        pass


def moment(day):
    return datetime(2026, 1, day, 12, tzinfo=UTC)


@pytest.fixture
def work(tmp_path):
    root = tmp_path / "a work"
    root.mkdir()
    return Work(root)


def documents(connector, since=None):
    return {item.id: item for item in connector.documents(since) if isinstance(item, Document)}


def failures(connector):
    return {
        item.uri.partition("#")[2]: item.reason
        for item in connector.documents()
        if isinstance(item, SourceFailure)
    }


def test_a_file_is_dated_by_the_commit_that_gave_it_its_content(work):
    """The whole document: its text at the commit, and who changed it when."""
    (work.root / "notes").mkdir()
    (work.root / "notes" / "a b.md").write_text("# Old\n")
    (work.root / "other.txt").write_text("Other.")
    work.commit(1)
    (work.root / "notes" / "a b.md").write_text("# New\n")
    commit = work.commit(3, authored=2, author="Bea  Ö")
    (work.root / "notes" / "a b.md").write_text("not committed")

    found = documents(GitConnector(work.root))

    assert list(found) == ["notes/a b.md", "other.txt"]
    assert found["notes/a b.md"] == Document(
        id="notes/a b.md",
        title="New",
        text="# New\n",
        uri=f"git+{work.root.resolve().as_uri()}#notes/a%20b.md",
        media_type="text/markdown",
        timestamp=moment(2),
        metadata={"path": "notes/a b.md", "size": 6, "commit": commit, "author": "Bea Ö"},
    )
    assert found["other.txt"].timestamp == moment(1)


def test_a_commit_leaves_the_other_documents_as_they_are(work):
    """Neither the source's name nor an unchanged document depends on the newest commit."""
    (work.root / "a.md").write_text("a")
    (work.root / "b.md").write_text("b")
    work.commit(1)
    connector = GitConnector(work.root)
    before, source = documents(connector), connector.source
    (work.root / "b.md").write_text("c")
    work.commit(2)

    after = documents(GitConnector(work.root))

    assert GitConnector(work.root).source == source
    assert after["a.md"] == before["a.md"]
    assert after["b.md"].content_hash() != before["b.md"].content_hash()


def test_history_tells_changes_of_content_only(work):
    """A merge counts where it made the file; a mode, an empty commit, or a change taken back do not count."""
    for name in ("merged.md", "theirs.md", "mode.md", "back.md"):
        (work.root / name).write_text("one\n")
    first = work.commit(1)
    work("checkout", "-q", "-b", "side")
    (work.root / "merged.md").write_text("side\n")
    (work.root / "theirs.md").write_text("side\n")
    side = work.commit(2)
    work("checkout", "-q", "main")
    (work.root / "merged.md").write_text("main\n")
    (work.root / "back.md").write_text("two\n")
    work.commit(3)
    (work.root / "back.md").write_text("one\n")
    back = work.commit(4)
    work("merge", "-q", "-s", "ours", "--no-commit", "side", day=5)
    work("checkout", "-q", "side", "--", "theirs.md")
    (work.root / "merged.md").write_text("both\n")
    merge = work.commit(5)
    (work.root / "mode.md").chmod(0o755)
    work.commit(6)
    work("commit", "-q", "--allow-empty", "-m", "Nothing", day=7)

    commits = {
        name: document.metadata["commit"] for name, document in documents(GitConnector(work.root)).items()
    }

    assert commits == {"merged.md": merge, "theirs.md": side, "mode.md": first, "back.md": back}


def test_since_gives_what_was_committed_later(work):
    """A change that was written earlier but entered this history later is given."""
    for day in (1, 2, 3):
        (work.root / f"{day}.md").write_text("x")
        work.commit(day, authored=1)

    assert list(documents(GitConnector(work.root), moment(2))) == ["3.md"]
    assert list(documents(GitConnector(work.root), moment(1).replace(tzinfo=None))) == ["2.md", "3.md"]
    assert documents(GitConnector(work.root), moment(3)) == {}


def test_branches_tags_commits_and_bare_repositories_are_read(work, tmp_path):
    """The commit a ref stands for is read, from a repository with or without files beside it."""
    (work.root / "a.md").write_text("one")
    first = work.commit(1)
    work("branch", "feature/x")
    work("tag", "-a", "v1", "-m", "One")
    (work.root / "a.md").write_text("two")
    work.commit(2)
    work("clone", "-q", "--bare", ".", str(tmp_path / "bare@home"))
    place = work.root.resolve().as_uri()

    texts = {
        source: documents(connector_for(source))["a.md"].text
        for source in (
            *(f"git+{place}", f"git+{place}@feature/x", f"git+{place}@v1", f"git+{place}@{first}"),
            *(f"git+{(tmp_path / 'bare@home').as_uri()}", f"git+file://{tmp_path}/bare@home@v1"),
        )
    }

    assert list(texts.values()) == ["two", "one", "one", "one", "two", "one"]


def test_globs_choose_paths_of_the_tree(work):
    """As in a folder; hidden files are passed over, and rows stand behind their file."""
    for name in ("a.md", "b.md", ".hidden.md", "c.csv", "d.png"):
        (work.root / name).write_text("id\n7\n")
    work.commit()

    assert list(documents(GitConnector(work.root))) == ["a.md", "b.md", "c.csv#7"]
    assert list(documents(GitConnector(work.root, include=["*.md"], exclude=["b*"]))) == ["a.md"]
    assert documents(GitConnector(work.root))["c.csv#7"].timestamp is None


def test_what_is_no_file_is_refused_with_its_reason(work):
    """Links, submodules, LFS pointers, broken and empty files and names that are not text."""
    (work.root / "sub").mkdir()
    inner = Work(work.root / "sub")
    (inner.root / "x.md").write_text("x")
    inner.commit()
    (work.root / "good.md").write_text("Good.")
    (work.root / "link.md").symlink_to("good.md")
    (work.root / "empty.md").touch()
    (work.root / "binary.md").write_bytes(b"\0\1")
    (work.root / "lfs.md").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    (work.root / os.fsdecode(b"\xff.md")).write_text("x")
    work.commit()

    connector = GitConnector(work.root)

    assert list(documents(connector)) == ["good.md"]
    says = {
        "link.md": "symbolic link",
        "sub": "submodule",
        "empty.md": "empty",
        "binary.md": "binary",
        "lfs.md": "Git LFS",
        "%FF.md": "not valid UTF-8",
    }
    found = failures(connector)
    assert set(found) == set(says)
    assert all(words in found[name] for name, words in says.items())


def test_a_file_that_turns_bad_is_known_by_the_uri_it_had(work):
    """The index keeps a document whose URI is reported as unreadable."""
    (work.root / "a.md").write_text("a")
    work.commit(1)
    uri = documents(GitConnector(work.root))["a.md"].uri
    (work.root / "a.md").write_bytes(b"\0\1")
    work.commit(2)

    (failure,) = GitConnector(work.root).documents()

    assert failure.uri == uri


def test_a_repository_of_pictures_says_what_it_holds(work):
    """Nothing that is read: one failure names the endings."""
    (work.root / "a.png").write_text("x")
    work.commit()

    (failure,) = GitConnector(work.root).documents()

    assert "only .png" in failure.reason


def test_what_is_no_repository_is_an_error(work, tmp_path):
    """Also a folder within one, and a repository that is removed later or has no commit."""
    (work.root / "inside").mkdir()
    (tmp_path / "file").touch()
    for path, says in (
        (tmp_path / "nothing", "Check the path"),
        (tmp_path / "file", "no repository"),
        (tmp_path, "not the top"),
        (work.root / "inside", "not the top"),
    ):
        with pytest.raises(ConnectorError, match=says):
            GitConnector(path)
    empty = GitConnector(work.root)
    with pytest.raises(ConnectorError, match="no commit yet"):
        empty.documents()
    shutil.rmtree(work.root)

    with pytest.raises(ConnectorError, match="Check the path"):
        empty.documents()


@pytest.mark.parametrize("ref", ["nowhere", "--all", "HEAD:a.md", "a\nb", "v1..v2", "-"])
def test_an_unknown_ref_is_an_error(work, ref):
    """What names no commit is refused, whatever it looks like."""
    (work.root / "a.md").write_text("a")
    work.commit()

    with pytest.raises(ConnectorError, match="no branch, tag or commit"):
        GitConnector(work.root, ref).documents()


def test_a_damaged_repository_is_an_error(work):
    """A lost object is an outage of the source, not an empty file."""
    (work.root / "a.md").write_text("a")
    work.commit()
    name = work("rev-parse", "HEAD:a.md")
    (work.root / ".git" / "objects" / name[:2] / name[2:]).unlink()

    with pytest.raises(ConnectorError, match="cannot be read"):
        list(GitConnector(work.root).documents())


def test_nothing_of_the_repository_or_the_caller_is_run(work, tmp_path, monkeypatch):
    """Hooks, monitors, helpers, signature programs and variables of the caller stay without effect."""
    (work.root / "a.md").write_text("a")
    work.commit()
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
        "diff.external",
        "core.sshCommand",
        "core.editor",
    ):
        work("config", key, str(trap))
    for key in ("log.showSignature", "log.showRoot", "core.bare"):
        work("config", key, "false" if key == "log.showRoot" else "true")
    work("config", "diff.orderFile", "nowhere")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")

    found = documents(GitConnector(work.root))

    assert found["a.md"].timestamp == moment(1)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_a_repository_of_another_user_is_read(work):
    """It was named by the caller, and nothing in it is run."""
    (work.root / "a.md").write_text("a")
    work.commit()
    for path in (work.root, work.root / ".git"):
        os.chown(path, 12345, 12345)

    assert list(documents(GitConnector(work.root))) == ["a.md"]


def test_a_missing_program_is_an_error(work, monkeypatch):
    """The message names what to install."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ConnectorError, match="Install it"):
        GitConnector(work.root)


@pytest.fixture
def served(work, tmp_path):
    """A repository behind plain HTTP on this machine, as the files of its bare copy."""
    (work.root / "a.md").write_text("one")
    work.commit(1)
    bare = tmp_path / "served" / "r.git"
    work("clone", "-q", "--bare", ".", str(bare))
    handler = partial(Silent, directory=str(bare.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    work("--git-dir", str(bare), "update-server-info")
    yield f"http://127.0.0.1:{server.server_port}/r.git", bare
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_remote_repository_is_copied_and_brought_up_to_date(work, served, tmp_path):
    """The second reading fetches what is new; the branch the remote calls its own is read."""
    address, bare = served
    connector = GitConnector(address, cache_folder=tmp_path / "cache", allow_private=HERE)
    before = documents(connector)
    (work.root / "a.md").write_text("two")
    work.commit(2)
    work("push", "-q", str(bare), "main:trunk")
    work("--git-dir", str(bare), "symbolic-ref", "HEAD", "refs/heads/trunk")
    work("--git-dir", str(bare), "update-server-info")

    after = documents(connector)

    assert connector.source == f"git+{address}"
    assert before["a.md"].text == "one"
    assert before["a.md"].uri == f"git+{address}#a.md"
    assert after["a.md"].text == "two"
    assert (
        documents(GitConnector(address, "main", cache_folder=tmp_path / "cache", allow_private=HERE))[
            "a.md"
        ].text
        == "one"
    )
    assert connector_for(f"git+{address}@main").source == f"git+{address}@main"


def test_a_remote_that_cannot_be_reached_is_an_error(served, tmp_path):
    """Neither the copy of last time nor nothing is taken for what is there now, and no password is shown."""
    address, bare = served
    connector = GitConnector(
        address.replace("//", "//ada:geheim@"), cache_folder=tmp_path / "cache", allow_private=HERE
    )
    list(connector.documents())
    shutil.rmtree(bare)

    with pytest.raises(ConnectorError, match="cannot be copied") as caught:
        connector.documents()

    assert connector.source == f"git+{address}"
    assert "geheim" not in str(caught.value)


def test_a_remote_that_is_away_may_be_back_later(tmp_path):
    """No server there is an error that says so itself; a wrong address is not."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    connector = GitConnector(
        f"http://127.0.0.1:{port}/r.git", cache_folder=tmp_path / "cache", allow_private=HERE
    )

    with pytest.raises(SourceUnavailable, match="just now"):
        connector.documents()


def test_a_server_that_is_busy_may_be_back_later(served, tmp_path, monkeypatch):
    """So does a status that speaks of the server and not of the repository."""
    monkeypatch.setattr(Silent, "do_GET", lambda self: self.send_error(503))

    with pytest.raises(SourceUnavailable, match="just now"):
        GitConnector(served[0], cache_folder=tmp_path / "cache", allow_private=HERE).documents()


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:{port}/r.git", "http://localhost:{port}/r.git", "http://2130706433:{port}/r.git",
     "http://[::ffff:127.0.0.1]:{port}/r.git", "http://ada:geheim@127.1:{port}/r.git"],
)  # fmt: skip
def test_a_repository_within_the_own_network_is_refused(served, tmp_path, address):
    """As pages are, in every way to write the address; nothing is sent there, and no password is shown."""
    connector = GitConnector(
        address.format(port=served[0].rsplit(":", 1)[1].split("/")[0]), cache_folder=tmp_path / "cache"
    )

    with pytest.raises(
        ConnectorError, match=r"is not read: .* within a private network.*allow_private"
    ) as caught:
        connector.documents()
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["http://example.org@127.0.0.1@x/r.git", "http://example.org\\@127.0.0.1/r.git", "http:///r.git",
     "http://bücher.example/r.git"],
)  # fmt: skip
def test_an_address_that_two_readers_may_read_differently_is_refused(tmp_path, address):
    """What is checked and what git connects to must be one."""
    with pytest.raises(ConnectorError, match="no host that can be checked"):
        GitConnector(address, cache_folder=tmp_path / "cache").documents()


def test_the_address_that_was_checked_is_connected_to(served, tmp_path, monkeypatch):
    """A name is looked up once: git is told the address and does not ask again."""
    address = served[0].replace("127.0.0.1", "repository.invalid")
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **named: looked_up("127.0.0.1", *more, **named)
    )
    connector = GitConnector(address, cache_folder=tmp_path / "cache", allow_private=HERE)

    assert documents(connector)["a.md"].text == "one"


def test_an_address_in_the_newer_form_is_read_where_its_range_is_allowed(tmp_path):
    """Nothing listens there: it is away, and not refused."""
    connector = GitConnector("http://[::1]:9/r.git", cache_folder=tmp_path / "cache", allow_private=["::1"])

    with pytest.raises(SourceUnavailable, match="just now"):
        connector.documents()


def test_a_name_that_is_not_known_may_be_known_later(tmp_path):
    """The names under .invalid never are (RFC 2606)."""
    with pytest.raises(SourceUnavailable, match=r"just now: the name 'repository\.invalid' is not known"):
        GitConnector("https://repository.invalid/r.git", cache_folder=tmp_path / "cache").documents()


def test_a_redirection_is_not_followed(served, tmp_path, monkeypatch):
    """It could lead anywhere; the sentence says what to do."""

    def moved(self):
        self.send_response(302)
        self.send_header("location", f"{served[0]}/info/refs?service=git-upload-pack")
        self.end_headers()

    monkeypatch.setattr(Silent, "do_GET", moved)

    with pytest.raises(ConnectorError, match=r"has moved: .* Name its new address"):
        GitConnector(
            served[0].replace("r.git", "old.git"), cache_folder=tmp_path / "cache", allow_private=HERE
        ).documents()


def test_no_proxy_is_taken_from_the_environment(served, tmp_path, monkeypatch):
    """Nobody could say what a proxy connects to."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert documents(GitConnector(served[0], cache_folder=tmp_path / "cache", allow_private=HERE))


def test_what_is_no_range_is_told_at_once(work):
    """Before anything is read."""
    with pytest.raises(ConnectorError, match=r"written like 10\.1\.0\.0/16"):
        GitConnector(work.root, allow_private=["next door"])
