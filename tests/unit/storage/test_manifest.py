"""The manifest: what it says, and what is said of one that is none."""

import json
from datetime import UTC, datetime

import pytest

from hippograph.errors import IndexDamaged, IndexNotFound
from hippograph.storage.manifest import MANIFEST_NAME, Manifest, read_manifest, write_manifest
from hippograph.types import IndexVersion

MANIFEST = Manifest(
    version=IndexVersion("abc", 3, datetime(2026, 1, 1, tzinfo=UTC), 1, 2, 3, 4, 5, 1),
    folder="versions/000003-abc",
    files={"graph.npy": (128, "00ff")},
    parts={"embedder": "hashing-1:256"},
    settings={"passage": {"max_tokens": 200}},
    dimension=256,
    failures=("ada, passage 1: it cannot be read",),
)


def test_a_manifest_comes_back_as_it_was(tmp_path):
    """What is written is what is read, and nothing else is left in the folder."""
    write_manifest(tmp_path, MANIFEST)

    assert read_manifest(tmp_path) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]


def test_a_folder_without_a_manifest_holds_no_index(tmp_path):
    """The error names the folder and the command that makes an index; a file in its place is the same."""
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(IndexNotFound, match="hippograph index SOURCE"):
            read_manifest(folder)


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"format": "photo album", "schema": 1}'])
def test_another_programs_file_is_no_index(tmp_path, content):
    """JSON that is not ours is not a damaged index."""
    (tmp_path / MANIFEST_NAME).write_text(content)

    with pytest.raises(IndexNotFound, match="not the manifest"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00"])
def test_a_manifest_that_cannot_be_read_is_damage(tmp_path, content):
    """A cut off or garbled file is told apart from none."""
    (tmp_path / MANIFEST_NAME).write_bytes(content)

    with pytest.raises(IndexDamaged, match="cannot be read"):
        read_manifest(tmp_path)


def altered(at, changes):
    write_manifest(at, MANIFEST)
    record = json.loads((at / MANIFEST_NAME).read_text())
    record = {name: value for name, value in {**record, **changes}.items() if value is not ...}
    (at / MANIFEST_NAME).write_text(json.dumps(record))


def test_a_newer_format_is_left_to_the_release_that_wrote_it(tmp_path):
    """The message says which format it is and which this release reads."""
    altered(tmp_path, {"schema": 2})

    with pytest.raises(IndexDamaged, match=r"format 2; this release reads format 1.*release that wrote it"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["version", "folder", "files", "parts", "settings", "dimension", "failures"])
def test_an_incomplete_manifest_is_damage(tmp_path, name):
    """A manifest without one of its entries is not half an index."""
    altered(tmp_path, {name: ...})

    with pytest.raises(IndexDamaged, match="incomplete"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"files": ["graph.npy"]},
        {"files": {"graph.npy": 128}},
        {"version": "abc"},
        {"version": {"id": "abc", "published_at": "2026-01-01T00:00:00+00:00"}},
        {"version": {"id": "abc", "published_at": "yesterday"}},
        {"failures": None},
    ],
)
def test_entries_of_another_form_are_damage(tmp_path, change):
    """Whatever stands in the place of an entry, the error is ours."""
    altered(tmp_path, change)

    with pytest.raises(IndexDamaged, match="incomplete"):
        read_manifest(tmp_path)
