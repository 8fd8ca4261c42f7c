"""Damage and bad moments: broken files are noticed, what was published stays, and there is a way back."""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from eval.growth import compare_indexes
from hippograph import toy
from hippograph.engine import (
    Hippograph,
    add_documents,
    compact_index,
    index_sources,
    list_versions,
    read_status,
    remove_documents,
    roll_back,
    verify_index,
)
from hippograph.errors import (
    HippographError,
    IndexDamaged,
    PublishConflict,
    SourceUnavailable,
    StorageError,
)
from hippograph.storage.manifest import MANIFEST_NAME, read_manifest
from hippograph.storage.stage import Stage

QUESTIONS = [question.question for question in toy.QUESTIONS]

DAMAGES = {
    "cut off": lambda content: content[: len(content) // 2],
    "altered in the middle": lambda content: flipped(content, len(content) // 2),
    "zeroed": lambda content: bytes(len(content)),
    "deleted": None,
}


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def bit_flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@contextmanager
def damaged(path, damage):
    """A file as it is after some damage; whole again afterwards. Gives whether the damage changed anything."""
    whole = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(whole))
    try:
        yield damage is None or damage(whole) != whole
    finally:
        path.write_bytes(whole)


@dataclass
class Toy:
    """An index of the toy world that has grown and shrunk, and what may be done with it."""

    folder: object
    settings: object
    parts: object

    def open(self):
        return Hippograph.open(self.folder, settings=self.settings, parts=self.parts)

    def add(self, *documents):
        return add_documents(documents, self.folder, settings=self.settings, parts=self.parts)

    def compact(self):
        return compact_index(self.folder, settings=self.settings, parts=self.parts)

    def differences_from(self, documents, folder):
        with (
            self.open() as memory,
            Hippograph.build(documents, folder, settings=self.settings, parts=self.parts) as built,
        ):
            return [*compare_indexes(memory, built, QUESTIONS), *memory.verify()]

    def published_files(self):
        manifest = read_manifest(self.folder)
        names = [name for name, length in manifest.lengths.items() if length]
        return [self.folder / MANIFEST_NAME, *(self.folder / manifest.tables / name for name in names)]


@pytest.fixture
def grown(tmp_path, settings, parts):
    """The toy world, of which some documents came later and one is gone."""
    index = Toy(tmp_path / "index", settings, parts)
    Hippograph.build(toy.documents()[:3], index.folder, settings=settings, parts=parts).close()
    index.add(*toy.documents()[3:])
    remove_documents(["ada"], index.folder, settings=settings, parts=parts)
    return index


REMAINING = [document for document in toy.documents() if document.id != "ada"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_any_published_file_is_noticed(grown, damage):
    """Whichever file of the visible version is cut off, altered or gone: verify tells, or refuses a manifest."""
    unnoticed = []
    for path in grown.published_files():
        with damaged(path, DAMAGES[damage]) as changed:
            if changed and not notices(grown.folder):
                unnoticed.append(path.name)

    assert unnoticed == []
    assert verify_index(grown.folder) == []


def notices(folder):
    try:
        return bool(verify_index(folder))
    except StorageError:
        return True


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_opens_or_is_refused_in_words(grown, damage):
    """Opening one with any file broken works or raises an error that says what to do; it never crashes."""
    crashes = []
    for path in grown.published_files():
        with damaged(path, DAMAGES[damage]):
            try:
                grown.open().close()
            except StorageError:
                continue
            except Exception as error:
                crashes.append((path.name, repr(error)))

    assert crashes == []


@pytest.mark.parametrize("damage", ["altered in the middle", "zeroed"])
def test_a_search_in_a_damaged_index_says_that_it_is_damaged(grown, damage):
    """Searching works or raises IndexDamaged, whichever file is broken."""
    crashes = []
    for path in grown.published_files():
        with damaged(path, DAMAGES[damage]):
            try:
                with grown.open() as memory:
                    memory.search(QUESTIONS[0])
                    memory.ask(QUESTIONS[0])
            except HippographError:
                continue
            except Exception as error:
                crashes.append((path.name, repr(error)[:80]))

    assert crashes == []


@pytest.mark.parametrize("damage", ["cut off", "zeroed", "deleted"])
def test_damage_to_the_stage_is_noticed(grown, damage):
    """The file of what was seen is part of the index: verify tells when it is broken."""
    with damaged(grown.folder / "stage.db", DAMAGES[damage]):
        noticed = notices(grown.folder)
        with grown.open() as memory:
            found = memory.search(QUESTIONS[0])

    assert noticed
    assert found


@pytest.mark.parametrize(
    "query",
    [
        "SELECT record FROM documents WHERE id = 'menabrea'",
        "SELECT record FROM passages WHERE document = 'menabrea'",
        "SELECT record FROM extractions WHERE record LIKE '%Italy%' LIMIT 1",
        "SELECT vector FROM vectors ORDER BY length(key), key",
    ],
)
def test_one_flipped_bit_of_the_stage_is_noticed(grown, query):
    """SQLite keeps no checksums: what was published tells what a document, a passage or its vector should be."""
    path = grown.folder / "stage.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        values = [
            value if isinstance(value, bytes) else value.encode() for (value,) in database.execute(query)
        ]
    whole, content = notices(grown.folder), path.read_bytes()
    places = [content.find(value) + len(value) // 2 for value in values if value in content]
    noticed = []
    for place in places:
        with damaged(path, lambda content, place=place: bit_flipped(content, place)):
            noticed.append(bool(notices(grown.folder)))

    assert not whole
    assert any(noticed) if "vectors" in query else noticed == [True]


@pytest.mark.parametrize("damage", ["cut off", "altered in the middle", "deleted"])
def test_damage_to_a_kept_version_is_noticed(grown, damage):
    """A version one could go back to is part of the index: verify tells when its manifest is broken."""
    earlier = grown.folder / "versions" / f"{list_versions(grown.folder)[0].version.number:06d}.json"
    with damaged(earlier, DAMAGES[damage]):
        noticed = notices(grown.folder)

    assert noticed


@pytest.mark.parametrize("damage", DAMAGES)
def test_compacting_mends_damaged_tables(grown, tmp_path, damage):
    """Whatever became of the tables' bytes, writing them anew gives the index that would be built at once."""
    for path in grown.published_files()[1::15]:
        whole = path.read_bytes()
        path.write_bytes(DAMAGES[damage](whole)) if DAMAGES[damage] else path.unlink()
        grown.compact()

        assert grown.differences_from(REMAINING, tmp_path / "built") == []


def test_a_damaged_manifest_is_mended_by_going_back(grown):
    """With the manifest gone bad, a kept version is made visible again."""
    newest = read_manifest(grown.folder).version
    (grown.folder / MANIFEST_NAME).write_text("{")
    with pytest.raises(IndexDamaged, match="rollback"):
        grown.open()
    version = roll_back(grown.folder)

    assert version.number <= newest.number
    with grown.open() as memory:
        assert memory.verify() == []
        assert memory.search(QUESTIONS[0])


def test_an_index_of_a_newer_release_is_refused_and_left_alone(grown):
    """Reading, checking and writing all say which release it needs; not a byte is changed."""
    manifest = grown.folder / MANIFEST_NAME
    record = json.loads(manifest.read_text()) | {"schema": 99, "something": "new"}
    manifest.write_text(json.dumps(record))
    before = contents(grown.folder)
    for work in (
        grown.open,
        grown.compact,
        lambda: grown.add(toy.document("ada")),
        lambda: read_status(grown.folder),
        lambda: verify_index(grown.folder),
    ):
        with pytest.raises(StorageError, match=r"format 99.*release"):
            work()

    assert contents(grown.folder) == before


def contents(folder):
    """The bytes of an index, without the lock and what SQLite keeps beside its file."""
    passing = ("writer.lock", "stage.db-wal", "stage.db-shm")
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in passing}


def test_a_clock_that_jumps_back_changes_nothing_but_the_time_told(grown, tmp_path):
    """Versions are counted, not dated: the newest is the newest although it says it is older."""
    before = read_manifest(grown.folder).version

    class Back:
        def now(self):
            return datetime(1999, 12, 31, tzinfo=UTC)

    grown.parts = replace(grown.parts, clock=Back())
    grown.add(toy.document("ada"))
    after = read_manifest(grown.folder).version

    assert after.published_at == datetime(1999, 12, 31, tzinfo=UTC)
    assert after.number == before.number + 1
    assert list_versions(grown.folder)[-1].version.number == after.number
    assert grown.differences_from(toy.documents(), tmp_path / "built") == []
    assert roll_back(grown.folder).number == before.number


def test_a_document_dated_in_the_future_is_kept_as_it_is(grown):
    """A source's clock is its own affair."""
    far = datetime.now(UTC) + timedelta(days=10_000)
    grown.add(replace(toy.document("ada"), timestamp=far))
    with grown.open() as memory:
        found = memory.search("What did Ada Lovelace translate?", k=5)

    assert far in [ranked.timestamp for ranked in found]


@pytest.mark.parametrize("limit", [0, 5_000, 20_000, 60_000, 100_000, 300_000])
def test_a_file_that_may_not_grow_leaves_what_was_published(grown, tmp_path, limit):
    """When writing fails at any size, it is told in words, readers see what they saw, and the next run carries on."""
    before = read_manifest(grown.folder)
    with files_up_to(limit), pytest.raises(StorageError, match=r"is full|cannot be written"):
        grown.add(toy.document("ada"))

    assert read_manifest(grown.folder) == before
    assert verify_index(grown.folder) == []
    grown.add(toy.document("ada"))

    assert grown.differences_from(toy.documents(), tmp_path / "built") == []


@contextmanager
def files_up_to(size):
    """No file may grow beyond a size: what a quota, or a full disk, does to a writer."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if (
        os.geteuid()
        or not shutil.which("mount")
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("lefts", [(0, 8_192), (40_960, 131_072, 262_144)])
def test_a_full_disk_leaves_what_was_published(small_disk, tmp_path, settings, parts, lefts):
    """With no room left the run says so and readers go on; with room again the same call carries on."""
    index = Toy(small_disk / "index", settings, parts)
    Hippograph.build(toy.documents()[:2], index.folder, settings=settings, parts=parts).close()
    before = read_manifest(index.folder)
    room = shutil.disk_usage(small_disk).free
    for left in lefts:
        (small_disk / "ballast").write_bytes(bytes(max(0, room - left)))
        with pytest.raises(StorageError, match=r"is full.*Free some space"):
            index.add(*toy.documents()[2:])

        assert read_manifest(index.folder) == before
        with index.open() as memory:
            assert memory.verify() == []
            assert memory.search(QUESTIONS[0])
        (small_disk / "ballast").unlink()
    index.add(*toy.documents()[2:])

    assert index.differences_from(toy.documents(), tmp_path / "built") == []


@pytest.mark.parametrize("work", ["add", "remove", "compact", "roll back"])
def test_a_second_writer_is_told_who_is_at_work(grown, work):
    """Every way of writing is refused while another process writes, names it, and changes nothing."""
    before = read_manifest(grown.folder)
    calls = {
        "add": lambda: grown.add(toy.document("ada")),
        "remove": lambda: remove_documents(
            ["babbage"], grown.folder, settings=grown.settings, parts=grown.parts
        ),
        "compact": grown.compact,
        "roll back": lambda: roll_back(grown.folder),
    }
    with Stage(grown.folder), pytest.raises(PublishConflict, match=str(os.getpid())) as caught:
        calls[work]()

    assert caught.value.retryable
    assert read_manifest(grown.folder) == before


class BreaksOff:
    """A source that gives some documents and then cannot be reached any more."""

    source = "documents"

    def __init__(self, documents):
        self._documents = documents

    def documents(self, since=None):
        yield from self._documents
        raise SourceUnavailable("The source does not answer any more. Try again later.")


def test_a_source_that_breaks_off_half_way_removes_nothing(grown, tmp_path):
    """What it did not give is not taken for gone; readers see what they saw until a run gets through."""
    before = read_manifest(grown.folder)
    changed = replace(toy.document("babbage"), text="Charles Babbage hated organ grinders.")
    with pytest.raises(SourceUnavailable) as caught:
        index_sources([BreaksOff([changed])], grown.folder, settings=grown.settings, parts=grown.parts)
    after = read_manifest(grown.folder)
    grown.add(toy.document("ada"))

    assert caught.value.retryable
    assert after == before
    kept = [changed if document.id == "babbage" else document for document in toy.documents()]
    assert grown.differences_from(kept, tmp_path / "built") == []
