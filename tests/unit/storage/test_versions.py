"""Versions: which are kept, going back to one of them, and readers who keep the one they opened."""

import shutil
from pathlib import Path

import pytest

from eval.growth import compare_indexes
from hippograph import toy
from hippograph.engine import (
    Hippograph,
    add_documents,
    compact_index,
    index_sources,
    list_versions,
    remove_documents,
    roll_back,
    verify_index,
)
from hippograph.errors import IndexDamaged, IndexNotFound, PublishConflict
from hippograph.settings import Settings
from hippograph.storage.manifest import MANIFEST_NAME, read_manifest, read_versions
from hippograph.storage.reader import open_version
from hippograph.storage.stage import Stage
from hippograph.storage.versions import bytes_on_disk
from hippograph.wiring import build_parts
from tests.conftest import WITHOUT_A_MODEL

QUESTIONS = [question.question for question in toy.QUESTIONS]

THREE_KEPT = Settings(models=WITHOUT_A_MODEL, storage={"keep_versions": 3})


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """An index of which three versions are kept: with two, with four and with all five documents."""
    at = tmp_path_factory.mktemp("grown") / "index"
    parts = build_parts(THREE_KEPT)
    for count in (2, 4, 5):
        Hippograph.build(toy.documents()[:count], at, settings=THREE_KEPT, parts=parts).close()
    return at


@pytest.fixture
def folder(grown, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(grown, tmp_path / "index"))


@pytest.fixture
def named(parts):
    """Settings and parts, as every call takes them."""
    return {"settings": THREE_KEPT, "parts": parts}


@pytest.fixture
def document_count(folder, named):
    """How many documents the visible version shows, once it is found to be whole."""

    def count():
        with Hippograph.open(folder, **named) as memory:
            assert memory.verify() == []
            return len(list(memory.index.documents()))

    return count


def listed(folder):
    return [(kept.version.number, kept.is_visible) for kept in list_versions(folder)]


# ---------------------------------------------------------------------- going back


def test_going_back_shows_the_version_before(folder, document_count):
    """And that before it, the next time; all stay kept."""
    first, second = roll_back(folder), document_count()
    again, third = roll_back(folder), document_count()

    assert (first.number, second, again.number, third) == (2, 4, 1, 2)
    assert listed(folder) == [(1, True), (2, False), (3, False)]


def test_any_version_that_is_kept_can_be_gone_to(folder, document_count):
    """By its number, forward as well."""
    shown = [(roll_back(folder, number).number, document_count()) for number in (1, 3, 2, 2)]

    assert shown == [(1, 2), (3, 5), (2, 4), (2, 4)]


@pytest.mark.parametrize("number", [0, 4, 99])
def test_a_version_that_is_not_kept_is_told_with_those_that_are(folder, number):
    """And how many are kept is set."""
    with pytest.raises(
        IndexNotFound, match=rf"no version {number}; it keeps 1, 2, 3\..*storage\.keep_versions"
    ):
        roll_back(folder, number)
    assert listed(folder) == [(1, False), (2, False), (3, True)]


def test_before_the_oldest_there_is_nothing(folder):
    """The error says so."""
    roll_back(folder, 1)

    with pytest.raises(IndexNotFound, match="no earlier version"):
        roll_back(folder)


def test_where_no_index_is_none_is_made(tmp_path):
    """Going back in an empty folder leaves it empty."""
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nothing"):
        with pytest.raises(IndexNotFound):
            roll_back(folder)

    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_version_whose_files_are_not_whole_is_not_gone_to(folder):
    """The visible one stays."""
    target = read_versions(folder)[1]
    (moments,) = [name for name in target.lengths if name.startswith("passages.moments")]
    (folder / target.tables / moments).unlink()

    with pytest.raises(IndexDamaged, match=r"passages\.moments"):
        roll_back(folder, 2)
    assert listed(folder)[-1] == (3, True)


def test_while_another_writer_is_at_work_nobody_goes_back(folder):
    """It is told who that is."""
    with Stage(folder), pytest.raises(PublishConflict):
        roll_back(folder)

    assert listed(folder)[-1] == (3, True)


def test_a_damaged_manifest_is_left_by_going_back(folder, document_count):
    """The newest version that can be read becomes the visible one."""
    (folder / MANIFEST_NAME).write_text("{")

    assert roll_back(folder).number == 3
    assert document_count() == 5
    assert verify_index(folder) == []


def test_what_a_version_gone_back_to_says_is_kept_beside_the_others(folder, named):
    """Its manifest names those that are kept, the later ones too, and publishing goes on with the next number."""
    roll_back(folder, 1)
    kept = read_manifest(folder).kept
    report = add_documents(toy.documents()[2:3], folder, **named)

    assert kept == (2, 3)
    assert report.version.number == 4
    assert report.version.document_count == 5  # the stage still holds all that was indexed
    assert listed(folder) == [(2, False), (3, False), (4, True)]


def test_after_going_back_a_source_brings_the_index_in_step(folder, named, document_count):
    """What was rolled back is not held against its source."""

    class Source:
        source = "documents"

        def documents(self, since=None):
            return iter(toy.documents())

    roll_back(folder, 1)
    report = index_sources([Source()], folder, **named)

    assert (report.is_new, report.version.number, document_count()) == (True, 4, 5)


# ---------------------------------------------------------------------- what they take


def test_versions_share_their_bytes(folder):
    """Three versions take little more than the last, and what each takes is what its files do."""
    manifests = read_versions(folder)
    last = bytes_on_disk(folder, manifests[-1])
    on_disk = sum(path.stat().st_size for path in (folder / manifests[-1].tables).iterdir())
    moments = 257 * 256 * 8

    assert len({manifest.tables for manifest in manifests}) == 1
    assert on_disk == last + 2 * moments
    assert last == sum(
        (folder / manifests[-1].tables / name).stat().st_size for name in manifests[-1].lengths
    )


def test_what_cannot_be_measured_is_damage(folder):
    """A file that is gone."""
    manifest = read_manifest(folder)
    (folder / manifest.tables / "passages.utf8").unlink()

    with pytest.raises(IndexDamaged, match="cannot be read"):
        bytes_on_disk(folder, manifest)


# ---------------------------------------------------------------------- readers


@pytest.fixture
def move_on(folder, named):
    """Publish several versions that add, remove, change and compact."""

    def move_on_():
        add_documents(toy.documents()[:1], folder, **named)
        remove_documents(["ada", "babbage"], folder, **named)
        compact_index(folder, **named)
        Hippograph.build(toy.documents()[:1], folder, **named).close()
        Hippograph.build(toy.documents()[1:], folder, **named).close()

    return move_on_


@pytest.mark.parametrize("number", [1, 2, 3])
def test_readers_keep_the_version_they_opened(folder, tmp_path, named, move_on, number):
    """Whatever is published and retired while they read, they see what an index of their documents shows."""
    roll_back(folder, number)
    with Hippograph.open(folder, **named) as reader:
        move_on()
        documents = list(reader.index.documents())
        with Hippograph.build(documents, tmp_path / "built", **named) as built:
            assert compare_indexes(reader, built, QUESTIONS) == []

    assert [document.id for document in documents] == sorted(
        d.id for d in toy.documents()[: (2, 4, 5)[number - 1]]
    )
    assert len(list_versions(folder)) == 3


def test_a_version_can_be_opened_as_long_as_it_is_kept(folder, parts, move_on):
    """Afterwards its files are gone, and opening says which."""
    first = read_versions(folder)[0]
    before = open_version(folder, first, parts.vectors).passage_count
    move_on()

    assert before == 2
    with pytest.raises(IndexDamaged, match="is missing"):
        open_version(folder, first, parts.vectors)
