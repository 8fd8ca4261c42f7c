"""Publishing and opening versions: whole or not at all, and only where something changed."""

import errno
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.errors import IndexDamaged, StorageError
from hippograph.storage import publish as publishing
from hippograph.storage.manifest import MANIFEST_NAME, read_manifest, write_manifest
from hippograph.storage.reader import open_version, read_contributions, verify_version, wrong_files


@pytest.fixture
def publish(tmp_path, settings, parts):
    """Index documents into one folder and give the manifest."""

    def publish_(documents, settings=settings, parts=parts):
        Hippograph.build(documents, tmp_path / "index", settings=settings, parts=parts).close()
        return read_manifest(tmp_path / "index")

    return publish_


@pytest.fixture
def folder(tmp_path):
    """Where the index is."""
    return tmp_path / "index"


def versions(folder):
    return sorted(path.name for path in (folder / "versions").iterdir())


def alter(path, at=-1):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_the_same_content_is_the_same_version(folder, publish):
    """Nothing is published twice, and nothing is left aside."""
    first, again = publish(toy.documents()), publish(toy.documents())

    assert again == first
    assert versions(folder) == [f"000001-{first.version.id}"]


def test_other_content_is_the_next_version(folder, publish):
    """Versions are numbered, and their ids are made from their files."""
    first, second = publish(toy.documents()[:2]), publish(toy.documents())

    assert (first.version.number, second.version.number) == (1, 2)
    assert first.version.id != second.version.id
    assert second.folder == f"versions/000002-{second.version.id}"


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_as_many_versions_are_kept_as_asked_for(folder, publish, settings, keep):
    """The newest stay, the visible one among them."""
    settings = settings.model_copy(
        update={"storage": settings.storage.model_copy(update={"keep_versions": keep})}
    )
    manifests = [publish(toy.documents()[:count], settings) for count in (1, 2, 3, 4)]

    assert versions(folder) == [Path(manifest.folder).name for manifest in manifests[-keep:]]


def test_leftovers_are_swept_and_never_push_out_a_version(folder, publish, settings):
    """What a killed writer left, aside or under a number no manifest names, goes at the next run."""
    publish(toy.documents()[:2])
    for name in (".half-written", "000002-zzzz"):
        (folder / "versions" / name).mkdir()
        (folder / "versions" / name / "graph.weights.npy").touch()
    settings = settings.model_copy(
        update={"storage": settings.storage.model_copy(update={"keep_versions": 1})}
    )
    manifest = publish(toy.documents(), settings)

    assert versions(folder) == [Path(manifest.folder).name]


@pytest.mark.parametrize("harm", ["missing folder", "missing file", "cut off", "altered"])
def test_a_damaged_version_is_published_anew(folder, publish, harm):
    """Equal content is no reason to keep files that are not whole."""
    first = publish(toy.documents())
    victim = folder / first.folder / "graph.weights.npy"
    if harm == "missing folder":
        (folder / first.folder).rename(folder / "versions" / ".gone")
    elif harm == "missing file":
        victim.unlink()
    elif harm == "cut off":
        victim.write_bytes(victim.read_bytes()[:-4])
    else:
        alter(victim)
    again = publish(toy.documents())

    assert (again.version.id, again.version.number) == (first.version.id, 2)
    assert verify_version(folder, again) == []


def test_a_failure_that_is_gone_is_told_though_no_file_changed(folder, publish):
    """What could not be read is part of what a version says."""
    first = publish(toy.documents())
    write_manifest(folder, type(first)(**{**fields(first), "failures": ("ada, passage 1: odd",)}))
    again = publish(toy.documents())

    assert again.version.id == first.version.id
    assert again.failures == ()


def fields(manifest):
    return {name: getattr(manifest, name) for name in manifest.__dataclass_fields__}


@pytest.mark.parametrize("step", ["write", "flush"])
def test_a_full_disk_leaves_the_old_version_open(folder, publish, settings, parts, monkeypatch, step):
    """One sentence with the way out; the version before opens, and with room again the same call succeeds."""
    first = publish(toy.documents()[:2])

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        target = (publishing.np, "save") if step == "write" else (publishing.os, "fsync")
        patch.setattr(*target, full)
        with pytest.raises(StorageError, match=r"is full.*Free some space"):
            publish(toy.documents())
    between = read_manifest(folder)
    with Hippograph.open(folder, settings=settings, parts=parts) as memory:
        between_problems = memory.verify()

    assert (between, between_problems) == (first, [])
    assert publish(toy.documents()).version.document_count == 5
    assert not [name for name in versions(folder) if name.startswith(".")]


# ---------------------------------------------------------------------- reading


def test_every_file_is_needed_and_named_when_missing(folder, publish, parts):
    """Whichever file of a version is gone, opening names it."""
    manifest = publish(toy.documents())
    for name in manifest.files:
        path = folder / manifest.folder / name
        path.rename(folder / "elsewhere")
        with pytest.raises(IndexDamaged) as caught:
            open_version(folder, manifest, parts.vectors)
        assert f"{name} is missing" in str(caught.value)
        (folder / "elsewhere").rename(path)

    assert open_version(folder, manifest, parts.vectors).passage_count == 5


def test_a_cut_off_file_is_told_with_its_sizes(folder, publish, parts):
    """The message says how many bytes there are and how many there should be."""
    manifest = publish(toy.documents())
    path = folder / manifest.folder / "passages.utf8"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(IndexDamaged, match=f"passages.utf8 has {size - 1} bytes and should have {size}"):
        open_version(folder, manifest, parts.vectors)


def test_a_file_that_is_no_array_any_more_is_damage(folder, publish, parts):
    """Right size, wrong content: numpy's error becomes ours."""
    manifest = publish(toy.documents())
    path = folder / manifest.folder / "graph.starts.npy"
    path.write_bytes(b"\0" * path.stat().st_size)

    with pytest.raises(IndexDamaged, match="cannot be opened"):
        open_version(folder, manifest, parts.vectors)


def test_an_altered_byte_is_found_in_any_file(folder, publish):
    """Verifying compares the checksum of every file, whatever its size."""
    manifest = publish(toy.documents())
    filled = [name for name, (size, _) in manifest.files.items() if size]
    for name in filled:
        alter(folder / manifest.folder / name)
        problems = wrong_files(folder, manifest)
        alter(folder / manifest.folder / name)

        assert len(problems) == 1
        assert f"{name} was altered" in problems[0]
    assert len(filled) > 25
    assert verify_version(folder, manifest) == []


@pytest.mark.parametrize("name", ["weights", "neighbours", "degrees"])
def test_a_wrong_edge_is_found_under_right_checksums(folder, publish, name):
    """Edges are compared with what the passages contribute, so a wrong writer is found as well as a bad disk."""
    manifest = publish(toy.documents())
    path = folder / manifest.folder / f"graph.{name}.npy"
    array = np.load(path)
    array[0] += 1
    np.save(path, array)
    entry = (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    forged = type(manifest)(**{**fields(manifest), "files": {**manifest.files, path.name: entry}})

    assert wrong_files(folder, forged) == []
    assert verify_version(folder, forged) == [
        f"{folder / manifest.folder}: the graph's edges are not the sum of their contributions."
    ]


def test_contributions_are_kept_beside_the_edges(folder, publish):
    """Every edge has at least one, and synonymy is the only kind that no passage gives."""
    manifest = publish(toy.documents())
    parts = read_contributions(folder / manifest.folder)

    assert (
        len(set(zip(parts.left.tolist(), parts.right.tolist(), strict=True))) == manifest.version.edge_count
    )
    assert ((parts.passage < 0) == (parts.kind == 3)).all()


def test_nothing_in_a_version_is_a_pickle(folder, publish):
    """Arrays, text and JSON: nothing that runs when it is read."""
    manifest = publish(toy.documents())
    suffixes = {Path(name).suffix for name in manifest.files}

    assert suffixes == {".npy", ".utf8", ".vectors"}
    assert json.loads((folder / MANIFEST_NAME).read_text())["format"] == "hippograph index"
