"""Object stores as sources: in memory, and an S3 double on this machine."""

import sys
import uuid
from datetime import timedelta

import pytest

from connectors import object_store
from connectors.by_uri import connector_for
from connectors.object_store import ObjectStoreConnector
from hippograph.errors import ConnectorError, MissingExtra
from hippograph.types import Document, SourceFailure

fsspec = pytest.importorskip("fsspec", reason="needs the extra 'cloud'")


@pytest.fixture
def store():
    """A folder of its own in the memory store, and what puts files there."""
    files, root = fsspec.filesystem("memory"), f"/{uuid.uuid4().hex}"

    def put(**contents):
        for name, content in contents.items():
            files.pipe(f"{root}/{name}", content)

    put.files, put.root, put.uri = files, root, f"memory:/{root}"
    yield put
    files.rm(root, recursive=True)


def documents(connector, since=None):
    return {item.id: item for item in connector.documents(since) if isinstance(item, Document)}


def test_an_object_is_a_document_under_its_path_below_the_root(store):
    """The whole document; names that look like globs are names."""
    store(**{"sub/a[1]*.md": b"# A\n", "b.txt": b"b", "c.csv": b"id\n7\n", ".git/x.md": b"x", "d.png": b"x"})

    found = documents(ObjectStoreConnector(store.uri))

    assert list(found) == ["b.txt", "c.csv#7", "sub/a[1]*.md"]
    assert found["sub/a[1]*.md"] == Document(
        id="sub/a[1]*.md",
        title="A",
        text="# A\n",
        uri=f"memory://{store.root}/sub/a[1]*.md",
        media_type="text/markdown",
        timestamp=store.files.info(f"{store.root}/sub/a[1]*.md")["created"],
        metadata={"path": "sub/a[1]*.md", "size": 4},
    )


def test_many_objects_are_each_read_once_and_whole(store, monkeypatch):
    """Fetching together, in batches bounded by number and bytes, mixes nothing up."""
    monkeypatch.setattr(object_store, "HELD_BYTES", 100)
    texts = {f"{number:03}.txt": f"{number}" * (number % 60 + 1) for number in range(100)}
    store(**{name: text.encode() for name, text in texts.items()})

    found = documents(ObjectStoreConnector(store.uri))

    assert {name: document.text for name, document in found.items()} == texts


def test_one_object_is_a_source(store):
    """Its id is its name."""
    store(**{"sub/a.md": b"x"})

    assert list(documents(connector_for(f"{store.uri}/sub/a.md"))) == ["a.md"]


def test_globs_choose_objects(store):
    """As in a folder."""
    store(**{"a.md": b"x", "b.md": b"x", "sub/c.md": b"x", "d.txt": b"x"})

    assert list(documents(connector_for(store.uri, ["*.md"], ["b*"]))) == ["a.md", "sub/c.md"]


def test_since_gives_what_was_written_later(store):
    """An object of exactly that moment is not given again."""
    store(**{"a.md": b"x"})
    moment = documents(ObjectStoreConnector(store.uri))["a.md"].timestamp

    assert documents(ObjectStoreConnector(store.uri), moment) == {}
    assert list(documents(ObjectStoreConnector(store.uri), moment - timedelta(seconds=1))) == ["a.md"]


def test_bad_objects_are_told_and_the_others_read(store, monkeypatch):
    """Broken, empty, too large, or gone since they were listed."""
    monkeypatch.setattr(object_store, "LARGEST_FILE", 1000)
    store(**{"a.md": b"\0", "b.md": b"", "c.md": b"x" * 1001, "d.md": b"x", "e.md": b"x"})
    items = ObjectStoreConnector(store.uri).documents()
    store.files.rm(f"{store.root}/d.md")

    found = {item.uri.rpartition("/")[2]: item for item in items}

    says = {"a.md": "binary", "b.md": "empty", "c.md": "larger", "d.md": "cannot be fetched (FileNotFound"}
    assert all(words in found[name].reason for name, words in says.items())
    assert found["e.md"].text == "x"


def test_a_store_of_pictures_says_what_it_holds(store):
    """Nothing that is read: one failure names the endings."""
    store(**{"a.png": b"x"})

    (failure,) = ObjectStoreConnector(store.uri).documents()

    assert isinstance(failure, SourceFailure)
    assert "only .png" in failure.reason


def test_an_address_where_nothing_is_is_an_error(store):
    """Object stores know no empty folders: a mistyped address looks like one."""
    store(**{"notes/a.md": b"x"})

    with pytest.raises(ConnectorError, match="There is nothing at"):
        ObjectStoreConnector(f"{store.uri}/note").documents()


def test_neighbours_of_a_longer_name_are_not_below(store, monkeypatch):
    """Stores list by the first letters of a key, and some let that show."""
    store(**{"notes/a.md": b"x", "notes-2/b.md": b"x"})
    whole = type(store.files).find
    monkeypatch.setattr(
        type(store.files), "find", lambda self, path, **kept: whole(self, path.rpartition("/")[0], **kept)
    )

    assert list(documents(ObjectStoreConnector(f"{store.uri}/notes"))) == ["a.md"]


def test_a_store_that_fails_while_listing_is_an_error(store, monkeypatch):
    """An outage is not an empty store."""
    store(**{"a.md": b"x"})
    connector = ObjectStoreConnector(store.uri)
    monkeypatch.setattr(type(store.files), "find", lambda *_, **__: 1 / 0)

    with pytest.raises(ConnectorError, match="cannot be listed"):
        connector.documents()


def test_a_missing_package_names_its_extra(monkeypatch):
    """So does a store that is unknown."""
    with pytest.raises(ConnectorError, match="Protocol not known"):
        ObjectStoreConnector("nosuch://bucket")
    monkeypatch.setitem(sys.modules, "gcsfs", None)

    with pytest.raises(MissingExtra, match="hippograph\\[cloud\\]"):
        ObjectStoreConnector("gs://bucket/folder")


@pytest.fixture(scope="module")
def s3():
    """An S3 double on loopback: its options, and a client that fills it."""
    pytest.importorskip("s3fs", reason="needs the extra 'cloud'")
    server_kind = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer
    server = server_kind(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"key": "k", "secret": "s", "endpoint_url": f"http://{host}:{port}"}
    files = fsspec.filesystem("s3", **options)
    files.mkdir("docs")
    yield options, files
    server.stop()


def test_a_bucket_is_read_as_any_store(s3):
    """Below a prefix, without its neighbours of a longer name; a second reading sees what changed."""
    options, files = s3
    for name in ("notes/a.md", "notes/sub/b[1].txt", "notes-2/c.md"):
        files.pipe(f"docs/{name}", name.encode())
    connector = ObjectStoreConnector("s3://docs/notes", **options)
    before = documents(connector)
    files.pipe("docs/notes/d.md", b"new")
    files.rm("docs/notes/a.md")

    after = documents(connector)

    assert connector.source == "s3://docs/notes"
    assert list(before) == ["a.md", "sub/b[1].txt"]
    assert before["a.md"].uri == "s3://docs/notes/a.md"
    assert before["a.md"].timestamp.utcoffset() == timedelta(0)
    assert list(after) == ["d.md", "sub/b[1].txt"]
    assert after["sub/b[1].txt"] == before["sub/b[1].txt"]


def test_a_bucket_that_is_missing_or_out_of_reach_is_an_error(s3):
    """Neither is an empty source."""
    options, _ = s3
    with pytest.raises(ConnectorError, match=r"nothing at|cannot be listed"):
        ObjectStoreConnector("s3://nowhere/x", **options).documents()
    dead = options | {"endpoint_url": "http://127.0.0.1:9", "config_kwargs": {"retries": {"max_attempts": 1}}}

    with pytest.raises(ConnectorError, match="cannot be listed"):
        ObjectStoreConnector("s3://docs/notes", **dead).documents()
