"""Objects that are as they were are not fetched again: in memory, and in an S3 double on this machine."""

import uuid

import pytest

from connectors import marks
from connectors.object_store import MOST_OUTAGES, ObjectStoreConnector
from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.types import Document, SourceFailure, Unchanged

fsspec = pytest.importorskip("fsspec", reason="needs the extra 'cloud'")


@pytest.fixture(scope="module")
def s3_options():
    """An S3 double on loopback."""
    pytest.importorskip("s3fs", reason="needs the extra 'cloud'")
    server_kind = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer
    server = server_kind(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {"key": "k", "secret": "s", "endpoint_url": f"http://{host}:{port}"}
    server.stop()


@pytest.fixture(params=["memory", "s3"])
def store(request, monkeypatch):
    """An empty place in a store, its address, its options, and the paths that were fetched from it."""
    options = request.getfixturevalue("s3_options") if request.param == "s3" else {}
    files = fsspec.filesystem(request.param, **options)
    root = f"{'/' if request.param == 'memory' else ''}{uuid.uuid4().hex}"
    files.mkdir(root)
    found = Store(files, root, f"{request.param}://{root}", options)
    present, fetch = marks.now_ns, found.connector._files.cat_ranges

    def count(paths, *kept, **also):
        found.fetched += [path.rpartition("/")[2] for path in paths]
        return fetch(paths, *kept, **also)

    monkeypatch.setattr(found.connector._files, "cat_ranges", count)
    monkeypatch.setattr(marks, "now_ns", lambda: present() + 3_600_000_000_000)
    return found


class Store:
    """Reads again and again, and remembers the marks as an index does."""

    def __init__(self, files, root, uri, options):
        self.files, self.root, self.fetched, self.marks = files, root, [], {}
        self.connector = ObjectStoreConnector(uri, **options)

    def put(self, **contents):
        for name, content in contents.items():
            self.files.pipe(f"{self.root}/{name.replace('_', '.')}", content)

    def read(self):
        self.fetched.clear()
        items = list(self.connector.changed_documents(dict(self.marks)))
        for item in items:
            if not isinstance(item, SourceFailure) and (isinstance(item, Document) or item.mark):
                self.marks[item.id] = item.mark
        return items

    def changed(self):
        return [item.id for item in self.read() if isinstance(item, Document)]


def test_only_changed_objects_are_fetched(store):
    """By tag where the store has one, by size and time elsewhere; the rows of one object belong together."""
    store.put(a_md=b"one", b_csv=b"id,x\n1,x\n2,y\n", c_md=b"one")
    first = store.changed()
    quiet = store.read(), list(store.fetched)
    store.put(c_md=b"two")

    assert first == ["a.md", "b.csv#1", "b.csv#2", "c.md"]
    assert quiet == ([Unchanged(id_) for id_ in first], [])
    assert store.changed() == ["c.md"]
    assert store.fetched == ["c.md"]


def test_an_object_written_again_with_the_same_bytes_keeps_its_date(store):
    """It is fetched at most once to see that, and is then known by its new time."""
    store.put(a_md=b"one", b_md=b"one")
    store.read()
    store.put(a_md=b"one")
    again = store.read()
    store.read()

    assert {type(item) for item in again} == {Unchanged}
    assert store.fetched == []


def test_an_emptied_store_gives_nothing_where_it_gave_something_before(store):
    """What was there is gone then, which is for the index to ask about; an address of nothing is still an error."""
    store.put(a_md=b"one", b_md=b"one")
    store.read()
    store.files.rm([f"{store.root}/a.md", f"{store.root}/b.md"])

    assert store.read() == []
    store.marks = {}
    with pytest.raises(ConnectorError, match="nothing at"):
        store.read()


def test_a_store_that_went_away_keeps_what_was_fetched(store, monkeypatch):
    """Single objects out of reach are told; many in a row are an outage of the whole, which may pass."""
    contents = {f"{number}_md": b"one" for number in range(MOST_OUTAGES + 2)}
    store.put(**contents)
    fetch = store.connector._files.cat_ranges

    def break_down(paths, *kept, **also):
        found = zip(paths, fetch(paths, *kept, **also), strict=True)
        return [text if path.endswith(("0.md", "1.md")) else TimeoutError() for path, text in found]

    read = []
    with monkeypatch.context() as ill:
        ill.setattr(store.connector._files, "cat_ranges", break_down)
        with pytest.raises(SourceUnavailable, match="5 objects in a row"):
            read.extend(store.connector.changed_documents({}))
    store.marks = {item.id: item.mark for item in read if isinstance(item, Document)}

    assert sorted(store.marks) == ["0.md", "1.md"]
    assert store.changed() == [f"{number}.md" for number in range(2, MOST_OUTAGES + 2)]


def test_a_store_that_cannot_be_reached_may_be_back_later(s3_options):
    """A bucket that does not exist may not."""
    dead = s3_options | {
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"retries": {"max_attempts": 1}},
    }

    with pytest.raises(SourceUnavailable, match="just now"):
        ObjectStoreConnector("s3://docs/notes", **dead).changed_documents({})
    with pytest.raises(ConnectorError) as caught:
        ObjectStoreConnector("s3://nowhere/x", **s3_options).changed_documents({})
    assert type(caught.value) is ConnectorError


def test_an_object_written_just_now_is_believed_by_its_tag_only(store, monkeypatch):
    """Without a tag, the same moment might date another content of the same size."""
    monkeypatch.setattr(marks, "now_ns", lambda: 0)
    store.put(a_md=b"one")
    store.read()
    again = store.read()

    assert [type(item) for item in again] == [Unchanged]
    assert store.fetched == ([] if store.connector.source.startswith("s3") else ["a.md"])
