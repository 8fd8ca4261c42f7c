"""The manifest: what it says, and what is said of one that is none."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hippograph.errors import IndexDamaged, IndexNotFound
from hippograph.storage import manifest as manifests
from hippograph.storage.manifest import (
    MANIFEST_NAME,
    VERSIONS,
    Manifest,
    read_manifest,
    read_versions,
    visible_number,
    write_manifest,
    wrong_versions,
)
from hippograph.types import IndexVersion

MANIFEST = Manifest(
    version=IndexVersion("abc", 3, datetime(2026, 1, 1, tzinfo=UTC), 1, 2, 3, 4, 5, 1),
    tables="tables/00ff",
    lengths={"passages.utf8": 128},
    states={"room": 1024, "gone": [0, 2]},
    parts={"embedder": "hashing-1:256"},
    settings={"passage": {"max_tokens": 200}},
    dimension=256,
    failures=("ada, passage 1: it cannot be read",),
    kept=(2,),
)


def numbered(number):
    return replace(MANIFEST, version=replace(MANIFEST.version, number=number), kept=tuple(range(1, number)))


def test_a_manifest_comes_back_as_it_was(tmp_path):
    """What is written is what is read, and beside it only the copy among all versions' is left."""
    write_manifest(tmp_path, MANIFEST)

    assert read_manifest(tmp_path) == MANIFEST
    assert read_versions(tmp_path) == [MANIFEST]
    assert visible_number(tmp_path) == 3
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["000003.json", MANIFEST_NAME, VERSIONS]


def test_versions_are_kept_by_number_oldest_first(tmp_path):
    """The visible one is that written last, whatever its number."""
    for number in (2, 1, 3, 2):
        write_manifest(tmp_path, numbered(number))

    assert [each.version.number for each in read_versions(tmp_path)] == [1, 2, 3]
    assert visible_number(tmp_path) == 2


def test_a_version_without_its_copy_is_still_known(tmp_path):
    """A writer that was killed after the rename has not written the copy yet."""
    write_manifest(tmp_path, numbered(1))
    write_manifest(tmp_path, numbered(2))
    (tmp_path / VERSIONS / "000002.json").unlink()

    assert [each.version.number for each in read_versions(tmp_path)] == [1, 2]


def test_a_damaged_manifest_leaves_the_other_versions_to_go_back_to(tmp_path):
    """What can be read is told; nothing is visible."""
    write_manifest(tmp_path, numbered(1))
    write_manifest(tmp_path, numbered(2))
    (tmp_path / MANIFEST_NAME).write_text("{")
    (tmp_path / VERSIONS / "000002.json").write_text("{")

    assert read_versions(tmp_path) == [numbered(1)]
    assert visible_number(tmp_path) is None


@pytest.mark.parametrize("harm", ["missing", "altered"])
def test_a_kept_version_that_cannot_be_read_is_told(tmp_path, harm):
    """The visible manifest says which others should be there."""
    write_manifest(tmp_path, numbered(1))
    write_manifest(tmp_path, numbered(2))
    well = wrong_versions(tmp_path)
    copy = tmp_path / VERSIONS / "000001.json"
    if harm == "missing":
        copy.unlink()
    else:
        copy.write_text(copy.read_text().replace("256", "257"))

    assert well == []
    assert [harm in problem and "000001.json" in problem for problem in wrong_versions(tmp_path)] == [True]


def test_no_version_that_can_be_read_is_told_as_the_visible_one_is(tmp_path):
    """Damage stays damage, and nothing at all is no index."""
    with pytest.raises(IndexNotFound):
        read_versions(tmp_path)
    (tmp_path / MANIFEST_NAME).write_text("{")
    with pytest.raises(IndexDamaged):
        read_versions(tmp_path)


def test_a_writer_that_dies_before_the_rename_leaves_the_version_before(tmp_path, monkeypatch):
    """The new manifest is written aside first."""
    write_manifest(tmp_path, numbered(1))

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(manifests.os, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            write_manifest(tmp_path, numbered(2))

    assert read_manifest(tmp_path) == numbered(1)


def test_a_folder_without_a_manifest_holds_no_index(tmp_path):
    """The error names the folder and the command that makes an index; a file in its place is the same."""
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(IndexNotFound, match="hippograph index SOURCE"):
            read_manifest(folder)
        assert visible_number(folder) is None


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"format": "photo album", "schema": 2}'])
def test_another_programs_file_is_no_index(tmp_path, content):
    """JSON that is not ours is not a damaged index."""
    (tmp_path / MANIFEST_NAME).write_text(content)

    with pytest.raises(IndexNotFound, match="not the manifest"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_manifest_that_cannot_be_read_is_damage(tmp_path, content):
    """A cut off or garbled file is told apart from none."""
    (tmp_path / MANIFEST_NAME).write_bytes(content)

    with pytest.raises(IndexDamaged, match="cannot be read"):
        read_manifest(tmp_path)


def altered(at, changes, checksum=True):
    """A manifest with other entries, and with the checksum they should have where asked for."""
    write_manifest(at, MANIFEST)
    record = json.loads((at / MANIFEST_NAME).read_text())
    record = {name: value for name, value in {**record, **changes}.items() if value is not ...}
    if checksum:
        record.pop("checksum")
        record["checksum"] = manifests._checksum(record)
    (at / MANIFEST_NAME).write_text(json.dumps(record))


@pytest.mark.parametrize("schema", [1, 3, None])
def test_another_format_is_left_to_the_release_that_wrote_it(tmp_path, schema):
    """The message says which format it is and which this release reads."""
    altered(tmp_path, {"schema": schema})

    with pytest.raises(
        IndexDamaged, match=rf"format {schema}; this release reads format 2.*release that wrote it"
    ):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "changes", [{"dimension": 257}, {"lengths": {"passages.utf8": 127}}, {"failures": []}, {"checksum": ...}]
)
def test_an_altered_manifest_is_damage(tmp_path, changes):
    """It carries a checksum of all it says."""
    altered(tmp_path, changes, checksum=False)

    with pytest.raises(IndexDamaged, match="was altered"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["version", "tables", "lengths", "states", "parts", "settings", "dimension", "failures", "kept"],
)
def test_an_incomplete_manifest_is_damage(tmp_path, name):
    """A manifest without one of its entries is not half an index."""
    altered(tmp_path, {name: ...})

    with pytest.raises(IndexDamaged, match="incomplete"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "abc"},
        {"version": {"id": "abc", "published_at": "2026-01-01T00:00:00+00:00"}},
        {"version": {"id": "abc", "published_at": "yesterday"}},
        {"failures": None},
        {"kept": 3},
    ],
)
def test_entries_of_another_form_are_damage(tmp_path, change):
    """Whatever stands in the place of an entry, the error is ours."""
    altered(tmp_path, change)

    with pytest.raises(IndexDamaged, match="incomplete"):
        read_manifest(tmp_path)
