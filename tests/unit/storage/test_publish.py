"""Publishing: whole or not at all, only where something changed, at the cost of what changed."""

import errno
from contextlib import suppress
from dataclasses import replace

import pytest

from eval.growth import compare_folders, compare_indexes
from hippograph import index_tables, toy
from hippograph.engine import (
    Hippograph,
    add_documents,
    compact_index,
    index_sources,
    remove_documents,
    roll_back,
)
from hippograph.errors import ConnectorError, EmbeddingError, StorageError
from hippograph.storage import manifest as manifests
from hippograph.storage import publish as publishing
from hippograph.storage.manifest import read_manifest, read_versions, write_manifest
from hippograph.storage.stage import Stage
from hippograph.storage.verify import verify_version
from hippograph.tables import Files
from hippograph.types import Document
from hippograph.wiring import build_parts
from tests.fakes import FailingEmbedder

QUESTIONS = [question.question for question in toy.QUESTIONS]


@pytest.fixture
def folder(tmp_path):
    """Where the index is."""
    return tmp_path / "index"


@pytest.fixture
def named(settings, parts):
    """Settings and parts, as every call takes them."""
    return {"settings": settings, "parts": parts}


@pytest.fixture
def publish(folder, named):
    """Make an index hold exactly these documents and give the manifest."""

    def publish_(documents, at=folder, **other):
        Hippograph.build(documents, at, **{**named, **other}).close()
        return read_manifest(at)

    return publish_


@pytest.fixture
def add(folder, named):
    """Add documents, whatever else there is, and give the manifest."""

    def add_(documents):
        add_documents(documents, folder, **named)
        return read_manifest(folder)

    return add_


@pytest.fixture
def assert_is_built_from(folder, tmp_path, named):
    """Require that the index is whole and says what one built from some documents says."""

    def assert_(documents):
        with (
            Hippograph.open(folder, **named) as grown,
            Hippograph.build(documents, tmp_path / "built", **named) as built,
        ):
            assert compare_indexes(grown, built, QUESTIONS) == []
            assert grown.verify() == []

    return assert_


def keeping(settings, count):
    return settings.model_copy(
        update={"storage": settings.storage.model_copy(update={"keep_versions": count})}
    )


def ports(count, first=0):
    """Documents of one passage each that name each other."""
    return [
        Document(
            f"port-{n:03}", f"Port {n}", f"Port {n} lies near Port {n - 1}. The keeper is called Keeper {n}."
        )
        for n in range(first, first + count)
    ]


def tables_on_disk(folder):
    return sorted(f"tables/{path.name}" for path in (folder / "tables").iterdir())


def numbers(folder):
    return [manifest.version.number for manifest in read_versions(folder)]


# ---------------------------------------------------------------------- what makes a version


def test_the_same_content_is_the_same_version(folder, publish):
    """Nothing is published twice, and nothing is left aside."""
    first, again = publish(toy.documents()), publish(toy.documents())

    assert again == first
    assert numbers(folder) == [1]
    assert tables_on_disk(folder) == [first.tables]


def test_a_change_that_was_taken_back_is_no_version(folder, publish, named):
    """Changed and changed back before anything was published: the visible version says so already."""
    first = publish(toy.documents())
    with Stage(folder) as stage:
        stage.put_documents("given", [toy.document("ada")])
        pending = stage.pending()
    again = publish(toy.documents())

    assert pending == ["ada"]
    assert again == first
    with Stage(folder) as stage:
        assert stage.pending() == []


def test_the_next_version_is_written_behind_the_one_before(folder, publish, add):
    """Versions are numbered, and their ids made from what they say; they share their files and their bytes."""
    first, second = publish(toy.documents()[:4]), add(toy.documents()[4:])

    assert (first.version.number, second.version.number) == (1, 2)
    assert first.version.id != second.version.id
    assert second.tables == first.tables
    lasting = [name for name in first.lengths if not name.startswith("passages.moments")]
    assert all(second.lengths[name] >= first.lengths[name] for name in lasting)
    assert verify_version(folder, first) == verify_version(folder, second) == []


def test_a_version_costs_what_changed(publish, add):
    """One document of one passage more: a row of vectors, its words, its text; not what a hundred others take."""
    first = publish(ports(100))
    second = add(ports(1, first=100))
    grew = {name: length - first.lengths.get(name, 0) for name, length in second.lengths.items()}

    assert grew["passages.vectors"] == 256 * 4
    assert grew["sentences.vectors"] == 2 * 256 * 2
    assert grew["passages.documents"] == 4
    assert grew["passages.utf8.ends"] == 8
    for name in ("passages.utf8", "graph.0.columns", "entities.vectors", "sentences.words"):
        assert 0 < grew[name] < first.lengths[name] / 20


def test_a_version_says_what_it_holds(folder, publish, named):
    """Its counts are those of what can be looked at in it."""
    publish(toy.documents())
    manifest = publish(toy.documents()[:3])
    version = manifest.version
    with Hippograph.open(folder, **named) as memory:
        index = memory.index
        entities = [node for node in index.nodes().tolist() if not index.graph.is_passage(node)]

        assert version.document_count == len(list(index.documents())) == 3
        assert version.passage_count == len(list(index.passages()))
        assert version.edge_count == len(index.named_edges())
        assert version.entity_count == len(entities)
        assert version.fact_count == len(index.facts())
        assert index.version == version


def test_documents_without_text_are_no_first_version(folder, publish):
    """The error leaves no files behind; an index that held something may come to hold nothing."""
    with pytest.raises(ConnectorError, match="no text"):
        publish([Document("blank", "Blank", " \n")])
    assert tables_on_disk(folder) == []
    publish(toy.documents()[:1])
    emptied = publish([Document("blank", "Blank", " \n")])

    assert (emptied.version.document_count, emptied.version.passage_count) == (1, 0)
    assert emptied.version.edge_count == emptied.version.entity_count == 0


def test_a_failure_that_is_gone_is_told_though_no_file_changed(folder, publish):
    """What could not be read is part of what a version says."""
    first = publish(toy.documents())
    write_manifest(
        folder, type(first)(**{**{n: getattr(first, n) for n in first.__slots__}, "failures": ("odd",)})
    )
    again = publish(toy.documents())

    assert again.version.id == first.version.id
    assert (again.failures, again.version.number, again.lengths) == ((), 2, first.lengths)


# ---------------------------------------------------------------------- versions that are kept


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_as_many_versions_are_kept_as_asked_for(folder, publish, settings, keep):
    """The newest stay, the visible one among them, and each of them is whole."""
    for count in (1, 2, 3, 4):
        publish(toy.documents()[:count], settings=keeping(settings, keep))

    assert numbers(folder) == [1, 2, 3, 4][-keep:]
    assert [problem for each in read_versions(folder) for problem in verify_version(folder, each)] == []
    assert read_manifest(folder).kept == (1, 2, 3, 4)[-keep:-1]


def test_files_that_no_kept_version_counts_are_swept(folder, publish, settings):
    """What was replaced stays as long as a version that is kept needs it, and not longer."""
    for count in (2, 3, 4, 5):
        manifest = publish(toy.documents()[:count], settings=keeping(settings, 2))
    there = {path.name for path in (folder / manifest.tables).iterdir()}

    assert there == {name for each in read_versions(folder) for name in each.lengths}
    assert len([name for name in there if name.startswith("passages.moments")]) == 2


def test_leftovers_of_a_killed_writer_are_swept(folder, publish):
    """Folders of tables that no version stands in."""
    publish(toy.documents()[:2])
    (folder / "tables" / "half").mkdir()
    (folder / "tables" / "half" / "passages.utf8").write_bytes(b"half")
    manifest = publish(toy.documents())

    assert tables_on_disk(folder) == [manifest.tables]


# ---------------------------------------------------------------------- when tables are written from nothing


@pytest.mark.parametrize("harm", ["missing folder", "missing file", "cut off"])
def test_a_damaged_version_is_written_anew(folder, publish, assert_is_built_from, harm):
    """Equal content is no reason to keep files that are not whole."""
    first = publish(toy.documents())
    victim = folder / first.tables / "graph.0.columns"
    if harm == "missing folder":
        (folder / first.tables).rename(folder / "tables" / "gone")
    elif harm == "missing file":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-4])
    again = publish(toy.documents())

    assert (again.version.id, again.version.number) == (first.version.id, 2)
    assert again.tables != first.tables
    assert_is_built_from(toy.documents())


def test_an_altered_version_is_mended_by_compacting(folder, publish, named):
    """A run without changes does not read every byte; compacting compares them and writes anew."""
    first = publish(toy.documents())
    victim = folder / first.tables / "passages.vectors"
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    report = compact_index(folder, **named)

    assert (report.is_new, report.version.number) == (True, 2)
    assert verify_version(folder, read_manifest(folder)) == []


def test_compacting_gives_the_files_of_an_index_built_at_once(folder, tmp_path, publish, add, named):
    """Byte for byte, whatever came and went; compacting what is compact is no new version."""
    publish(toy.documents()[2:])
    add(toy.documents())
    remove_documents(["engine"], folder, **named)
    add([Document("engine", "Analytical Engine", "It was never finished.")])
    first = compact_index(folder, **named)
    again = compact_index(folder, **named)
    left = [d for d in toy.documents() if d.id != "engine"]
    publish([*left, Document("engine", "Analytical Engine", "It was never finished.")], at=tmp_path / "built")

    assert compare_folders(folder, tmp_path / "built") == []
    assert (first.is_new, again.is_new) == (True, False)
    assert again.version == first.version
    assert tables_on_disk(folder) == sorted({each.tables for each in read_versions(folder)})


@pytest.mark.parametrize(
    ("few", "removed", "compacts"), [(0, 2, False), (0, 3, True), (3, 3, False), (2, 3, True)]
)
def test_an_index_is_compacted_when_a_quarter_of_it_is_gone(
    folder, publish, named, add, monkeypatch, assert_is_built_from, few, removed, compacts
):
    """More than one passage in four, and more than a few: the next run writes all tables anew."""
    monkeypatch.setattr(publishing, "FEW", few)
    first = publish(ports(8))
    remove_documents([f"port-{n:03}" for n in range(removed)], folder, **named)
    after_removing = read_manifest(folder)
    after = add(ports(1, first=8))

    assert after_removing.tables == first.tables
    assert (after.tables != first.tables) == compacts
    assert (after.states.get("gone", [0, 0])[1] == 0) == compacts
    assert_is_built_from(ports(9 - removed, first=removed))


@pytest.mark.parametrize("steps", [(1,) * 16, (40,), (13, 3, 50)])
def test_an_index_that_runs_out_of_room_is_written_with_more(
    publish, add, monkeypatch, assert_is_built_from, steps
):
    """Entities' nodes begin behind room for passages: one at a time or all at once, passages never reach them."""
    monkeypatch.setattr(index_tables, "SMALLEST_ROOM", 16)
    first = publish(ports(2))
    count, folders = 2, {first.tables}
    for step in steps:
        manifest = add(ports(step, first=count))
        count += step
        folders.add(manifest.tables)
        assert manifest.states["room"] >= manifest.version.passage_count

    assert first.states["room"] == 16
    assert len(folders) == {16: 2, 1: 2, 3: 3}[len(steps)]
    assert_is_built_from(ports(count))


def test_after_a_rollback_the_next_run_brings_the_index_in_step(folder, publish, add, assert_is_built_from):
    """The tables of the version gone back to are not written behind: another version stands there."""
    publish(ports(3))
    second = add(ports(2, first=3))
    roll_back(folder)
    third = add(ports(1, first=5))

    assert (third.version.number, third.tables == second.tables) == (3, False)
    assert verify_version(folder, second) == []
    assert_is_built_from(ports(6))


def test_after_a_rollback_a_run_without_changes_brings_the_index_in_step(
    folder, publish, assert_is_built_from
):
    """Going back lasts until the sources are looked at again."""
    publish(ports(3))
    publish(ports(4))
    roll_back(folder)
    third = publish(ports(4))

    assert third.version.number == 3
    assert_is_built_from(ports(4))


class Toy:
    """The toy world as a source."""

    source = "documents"

    def documents(self, since=None):
        return iter(toy.documents())


@pytest.fixture
def finely(settings, parts):
    """Settings and parts that cut the same documents into more passages."""
    fine = settings.model_copy(update={"passage": settings.passage.model_copy(update={"max_tokens": 16})})
    return {"settings": fine, "parts": replace(parts, splitter=build_parts(fine).splitter)}


def test_another_shape_is_written_anew(folder, tmp_path, publish, finely):
    """Every passage is cut again, and the index is that of its new shape."""
    first = publish(toy.documents())
    index_sources([Toy()], folder, migrate=True, **finely)
    second = read_manifest(folder)
    publish(toy.documents(), at=tmp_path / "built", **finely)

    assert second.version.passage_count > first.version.passage_count
    assert compare_folders(folder, tmp_path / "built") == []


def test_going_back_across_a_change_of_shape_brings_the_shape_back(
    folder, publish, named, finely, assert_is_built_from
):
    """What was cut otherwise since is cut again: the version gone back to holds just that, or is built on."""
    publish(toy.documents())
    index_sources([Toy()], folder, migrate=True, **finely)
    roll_back(folder)
    same = index_sources([Toy()], folder, **named)
    other = add_documents(ports(1), folder, **named)

    assert (same.is_new, same.version.number) == (False, 1)
    assert other.version.number == 3
    assert_is_built_from([*toy.documents(), *ports(1)])


def test_a_change_of_shape_that_breaks_off_leaves_the_old_shape_in_step(
    folder, publish, named, finely, assert_is_built_from
):
    """Killed after everything was cut anew: a run in the old shape cuts it back."""
    first = publish(toy.documents())
    broken = replace(finely["parts"], embedder=FailingEmbedder(finely["parts"].embedder, allowed=1))
    with pytest.raises(EmbeddingError):
        index_sources([Toy()], folder, migrate=True, **{**finely, "parts": broken})
    report = index_sources([Toy()], folder, **named)

    assert (report.is_new, report.version) == (False, first.version)
    assert_is_built_from(toy.documents())


# ---------------------------------------------------------------------- killed, or out of room


def dies(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("again", [4, 5, 2])
def test_a_writer_killed_before_the_rename_shows_nothing(
    folder, publish, monkeypatch, assert_is_built_from, again
):
    """The version before stays visible; the next run, with the same documents or others, ends where it should."""
    first = publish(ports(3))
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "write_manifest", dies)
        with pytest.raises(KeyboardInterrupt):
            publish(ports(4))
    between = read_manifest(folder)
    publish(ports(again))

    assert between == first
    assert_is_built_from(ports(again))


@pytest.mark.parametrize("again", [4, 5, 2])
def test_a_writer_killed_after_the_rename_has_published(
    folder, publish, monkeypatch, assert_is_built_from, again
):
    """The new version is visible; what changed since is not lost, and what did not is not published twice."""
    publish(ports(3))
    with monkeypatch.context() as patch:
        patch.setattr(manifests, "keep_copy", dies)
        with pytest.raises(KeyboardInterrupt):
            publish(ports(4))
    second = read_manifest(folder)
    third = publish(ports(again))

    assert second.version.number == 2
    assert (third == second) == (again == 4)
    assert numbers(folder) == ([1, 2] if again == 4 else [2, 3])
    assert_is_built_from(ports(again))


def test_a_rollback_after_a_kill_keeps_both_versions(folder, publish, monkeypatch, assert_is_built_from):
    """Going back from a version whose writer died after the rename leaves it there, whatever is published next."""
    first = publish(ports(3))
    with monkeypatch.context() as patch:
        patch.setattr(manifests, "keep_copy", dies)
        with pytest.raises(KeyboardInterrupt):
            publish(ports(4))
    second = read_manifest(folder)
    back = roll_back(folder)
    kept = numbers(folder)
    publish(ports(5))

    assert (back.id, kept) == (first.version.id, [1, 2])
    assert verify_version(folder, second) == []
    assert_is_built_from(ports(5))


@pytest.mark.parametrize(
    "step", ["hippograph.tables.files._write", "os.fsync", "os.replace"], ids=["write", "flush", "rename"]
)
def test_a_full_disk_leaves_the_old_version_open(folder, publish, named, monkeypatch, step):
    """One sentence with the way out; the version before opens, and with room again the same call succeeds."""
    first = publish(toy.documents()[:2])

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(step, full)
        with pytest.raises(StorageError, match=r"is full.*Free some space"):
            publish(toy.documents())
    between = read_manifest(folder)
    with Hippograph.open(folder, **named) as memory:
        problems = memory.verify()

    assert (between, problems) == (first, [])
    assert publish(toy.documents()).version.document_count == 5


def test_any_write_may_be_the_last(folder, publish, named, monkeypatch, assert_is_built_from):
    """Killed at one write after the other: readers see the version before, and the run after ends where it should."""
    write = Files.append
    publish(ports(3))
    place = 0
    while True:
        left = place

        def append(files, name, values):
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return write(files, name, values)

        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            patch.setattr(Files, "append", append)
            add_documents(ports(1, first=3), folder, **named)
        assert verify_version(folder, read_manifest(folder)) == []
        if left >= 0:
            break
        place += 7

    assert place > 50
    assert_is_built_from(ports(4))
