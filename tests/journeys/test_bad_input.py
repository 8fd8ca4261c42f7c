"""Bad input: each is one sentence with the way out, and what was published before stays."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.by_uri import connector_for
from hippograph import toy
from hippograph.engine import Hippograph, index_sources, verify_index
from hippograph.errors import (
    ConnectorError,
    IndexDamaged,
    IndexMismatch,
    IndexNotFound,
    SettingsError,
    StorageError,
)
from hippograph.storage.manifest import MANIFEST_NAME, read_manifest
from tests.fakes import CountingExtractor, OtherEmbedder


@pytest.fixture
def index_folder(toy_index):
    """The folder of the toy world's index."""
    return Path(toy_index.status().folder)


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def test_an_empty_folder_is_refused(tmp_path, settings, parts):
    """A source without a document is a mistake, not an empty index."""
    with pytest.raises(ConnectorError, match="no document"):
        index_sources(
            [connector_for(str(write(tmp_path / "docs")))], tmp_path / "index", settings=settings, parts=parts
        )

    with pytest.raises(IndexNotFound):
        read_manifest(tmp_path / "index")


def test_documents_without_text_are_refused(tmp_path, settings, parts):
    """Nothing but blank documents leaves what was published."""
    with pytest.raises(ConnectorError, match="no text"):
        Hippograph.build(
            [replace(toy.document("ada"), text=" \n")], tmp_path / "i", settings=settings, parts=parts
        )


def test_one_bad_file_is_skipped_and_told(tmp_path, settings, parts):
    """The rest is indexed, and the report names the file and what to do."""
    docs = write(tmp_path / "docs", ada_md=toy.TEXTS["ada"][1])
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing that follows is a PDF")
    report = index_sources([connector_for(str(docs))], tmp_path / "index", settings=settings, parts=parts)

    assert report.changes.added == ["ada.md"]
    assert [failure.uri.rsplit("/", 1)[-1] for failure in report.changes.failures] == ["broken.pdf"]
    assert report.version.document_count == 1


def test_a_file_that_cannot_be_read_any_more_keeps_its_last_state(tmp_path, settings, parts):
    """A file that broke since the last time is not taken for a deleted one."""
    docs = write(tmp_path / "docs", ada_md=toy.TEXTS["ada"][1], babbage_md=toy.TEXTS["babbage"][1])
    source = connector_for(str(docs))
    index_sources([source], tmp_path / "index", settings=settings, parts=parts)
    (docs / "ada.md").write_bytes(b"\x00\x01\x02\x03" * 100)
    report = index_sources([source], tmp_path / "index", settings=settings, parts=parts)

    assert report.changes.deleted == []
    assert report.version.document_count == 2


def test_rows_of_a_file_that_broke_keep_their_last_state(tmp_path, settings, parts):
    """Rows are not taken for deleted ones when their file breaks, whatever URIs they have."""
    docs = write(tmp_path / "docs", ada_md=toy.TEXTS["ada"][1])
    rows = [
        {"id": "own", "text": "It has a URI.", "uri": "https://e.org/1"},
        {"id": "none", "text": "It has none."},
    ]
    (docs / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    source = connector_for(str(docs))
    index_sources([source], tmp_path / "index", settings=settings, parts=parts)
    (docs / "rows.jsonl").write_bytes(b"\x00\x01\x02\x03" * 100)
    report = index_sources([source], tmp_path / "index", settings=settings, parts=parts)

    assert report.changes.deleted == []
    assert report.version.document_count == 3


def test_documents_of_other_sources_stay(tmp_path, settings, parts):
    """Indexing a second folder adds to the first; emptying one removes only its own."""
    first = write(tmp_path / "first", ada_md=toy.TEXTS["ada"][1])
    second = write(tmp_path / "second", babbage_md=toy.TEXTS["babbage"][1], engine_md=toy.TEXTS["engine"][1])
    index_sources([connector_for(str(first))], tmp_path / "index", settings=settings, parts=parts)
    index_sources([connector_for(str(second))], tmp_path / "index", settings=settings, parts=parts)
    (second / "engine.md").unlink()
    report = index_sources([connector_for(str(second))], tmp_path / "index", settings=settings, parts=parts)

    assert report.changes.deleted == ["engine.md"]
    assert report.version.document_count == 2


def test_a_folder_with_other_things_in_it_is_not_written_to(tmp_path, settings, parts):
    """A directory that is not an index is refused before anything is written."""
    folder = write(tmp_path / "photos", cat_txt="meow")
    with pytest.raises(StorageError, match="holds no index"):
        Hippograph.build(toy.documents(), folder, settings=settings, parts=parts)

    assert [path.name for path in folder.iterdir()] == ["cat.txt"]


def test_a_file_in_place_of_the_index_is_refused(tmp_path, settings, parts):
    """Naming a file where the index should be is told."""
    write(tmp_path, notes_txt="x")
    with pytest.raises(StorageError, match="is a file"):
        Hippograph.build(toy.documents(), tmp_path / "notes.txt", settings=settings, parts=parts)
    with pytest.raises(IndexNotFound, match="hippograph index"):
        Hippograph.open(tmp_path / "nothing here", settings=settings, parts=parts)


def test_another_embedder_is_refused_with_the_way_out(index_folder, settings, parts):
    """Opening and growing an index with another embedder both say how to go on."""
    other = replace(parts, embedder=OtherEmbedder(parts.embedder))
    with pytest.raises(IndexMismatch, match="--migrate"):
        Hippograph.open(index_folder, settings=settings, parts=other)
    with pytest.raises(IndexMismatch, match=r"embedder.*--migrate"):
        Hippograph.build(toy.documents(), index_folder, settings=settings, parts=other)

    assert verify_index(index_folder) == []


def test_an_embedder_is_swapped_without_extracting_again(tmp_path, settings, parts):
    """Migrating embeds everything anew and reads nothing."""
    source = connector_for(str(write(tmp_path / "docs", ada_md=toy.TEXTS["ada"][1])))
    index_sources([source], tmp_path / "index", settings=settings, parts=parts)
    read = list(parts.extractor.read)
    other = replace(parts, embedder=OtherEmbedder(parts.embedder))
    report = index_sources([source], tmp_path / "index", settings=settings, parts=other, migrate=True)

    assert report.is_new
    assert parts.extractor.read == read
    assert read_manifest(tmp_path / "index").parts["embedder"] == other.embedder.fingerprint


def test_other_shaping_settings_are_refused(index_folder, settings, parts):
    """An index is not grown with another threshold than it was made with."""
    other = settings.model_copy(
        update={"graph": settings.graph.model_copy(update={"synonymy_threshold": 0.9})}
    )
    with pytest.raises(IndexMismatch, match=r"settings.*--migrate"):
        Hippograph.build(toy.documents(), index_folder, settings=other, parts=parts)


@pytest.mark.parametrize("harm", ["truncated", "missing"])
def test_a_damaged_file_is_named(index_folder, settings, parts, harm):
    """A file of the index that lost its end, or is gone, stops opening with its name."""
    victim = index_folder / read_manifest(index_folder).tables / "graph.index"
    if harm == "missing":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-8])

    with pytest.raises(IndexDamaged, match=r"graph\.index"):
        Hippograph.open(index_folder, settings=settings, parts=parts)


def test_an_altered_file_is_found_by_verifying(index_folder):
    """One flipped bit leaves the size and changes the checksum."""
    victim = index_folder / read_manifest(index_folder).tables / "graph.index"
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)

    assert [problem for problem in verify_index(index_folder) if "graph.index was altered" in problem]


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": "something else"}', '{"format": "hippograph index", "schema": 1}']
)
def test_a_manifest_that_is_none_is_told(index_folder, settings, parts, content):
    """Broken, foreign and incomplete manifests are each one of our errors."""
    (index_folder / MANIFEST_NAME).write_text(content)

    with pytest.raises((IndexDamaged, IndexNotFound)):
        Hippograph.open(index_folder, settings=settings, parts=parts)


def test_a_damaged_index_is_mended_by_indexing_again(index_folder, settings, parts):
    """The work in progress is all there, so a damaged version is written again without embedding."""
    victim = index_folder / read_manifest(index_folder).tables / "graph.index"
    victim.unlink()
    embedded = parts.embedder.embedded.copy()
    Hippograph.build(toy.documents(), index_folder, settings=settings, parts=parts).close()

    assert verify_index(index_folder) == []
    assert parts.embedder.embedded == embedded


def test_an_unreadable_passage_is_kept_and_counted(tmp_path, settings, parts):
    """A passage the extractor fails on is still found, and is tried again at the next run."""
    failing = replace(parts, extractor=CountingExtractor(parts.extractor, unreadable="Savoy"))
    with Hippograph.build(toy.documents(), tmp_path / "i", settings=settings, parts=failing) as memory:
        assert memory.status().version.failure_count == 1
        assert memory.status().failures == ("chambery, passage 1: the extractor cannot read it",)
        assert "chambery" in {each.passage.document for each in memory.search("a town in Savoy", k=2)}
    with Hippograph.build(toy.documents(), tmp_path / "i", settings=settings, parts=parts) as memory:
        assert memory.status().version.failure_count == 0


def test_two_documents_of_one_id_are_told(tmp_path, settings, parts):
    """The first is kept, the other is reported."""
    twins = [toy.document("ada"), replace(toy.document("ada"), text="Something else entirely.")]
    with Hippograph.build(twins, tmp_path / "i", settings=settings, parts=parts) as memory:
        found = memory.search("mathematician", k=1)

    assert memory.status().version.document_count == 1
    assert found[0].passage.text == toy.TEXTS["ada"][1]


@pytest.mark.parametrize(
    "documents",
    [
        None,
        3,
        "Ada was here.",
        {"ada": "Ada was here."},
        [{"id": "ada", "text": "Ada was here."}],
        toy.document("ada"),
    ],
    ids=["none", "number", "text", "mapping", "list of mappings", "one document"],
)
def test_what_is_no_document_is_refused(index_folder, settings, parts, documents):
    """Anything but an iterable of documents is a ConnectorError that says what is needed."""
    with pytest.raises(ConnectorError, match=r"Documents are needed|a Document is expected"):
        Hippograph.build(documents, index_folder, settings=settings, parts=parts)

    assert read_manifest(index_folder).version.document_count == len(toy.TEXTS)


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ({"id": 7}, "its id is int and should be str"),
        ({"id": "ada\ud800"}, "half of a surrogate pair"),
        ({"text": None}, "its text is NoneType"),
        ({"title": b"Ada"}, "its title is bytes"),
        ({"timestamp": "1843"}, "its timestamp is str"),
        ({"metadata": {"author": object()}}, "its metadata cannot be written as JSON"),
        ({"metadata": None}, "its metadata cannot be written as JSON"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_document_that_cannot_be_kept_is_skipped_and_told(tmp_path, settings, parts, flaw, reason):
    """One flawed document costs itself only, and the log says why."""
    source = _Source([toy.document("babbage"), replace(toy.document("ada"), **flaw)])
    report = index_sources([source], tmp_path / "index", settings=settings, parts=parts)

    assert report.changes.added == ["babbage"]
    assert [reason in failure.reason for failure in report.changes.failures] == [True]


def test_a_document_that_broke_keeps_its_last_state(tmp_path, settings, parts):
    """A document without a URI that comes without its text is not taken for a deleted one."""
    ada = replace(toy.document("ada"), uri="")
    index_sources([_Source([ada, toy.document("babbage")])], tmp_path / "i", settings=settings, parts=parts)
    broken = _Source([replace(ada, text=None), toy.document("babbage")])
    report = index_sources([broken], tmp_path / "i", settings=settings, parts=parts)

    assert report.changes.deleted == []
    assert report.version.document_count == 2


def test_what_is_no_source_is_refused(tmp_path, settings, parts):
    """A path is not a connector, and the error says that one is needed."""
    with pytest.raises(ConnectorError, match="connector"):
        index_sources(["docs"], tmp_path / "index", settings=settings, parts=parts)


def test_a_closed_memory_says_that_it_is_closed(toy_index):
    """Asking after closing is told with the way out."""
    toy_index.close()

    for use in (toy_index.search, toy_index.ask, toy_index.export):
        with pytest.raises(StorageError, match=r"closed.*Hippograph\.open"):
            use("Who designed the Analytical Engine?")


def test_a_damaged_stage_is_told(index_folder, settings, parts):
    """It remembers every source, so that all of them are indexed again once it is deleted."""
    for path in index_folder.glob("stage.db*"):
        path.write_bytes(b"no database " * 1000)
    with pytest.raises(IndexDamaged, match=r"stage\.db is damaged.*index all sources again"):
        Hippograph.build(toy.documents(), index_folder, settings=settings, parts=parts)

    assert [
        ("stage.db is damaged" in problem, "published is untouched" in problem)
        for problem in verify_index(index_folder)
    ] == [(True, True)]
    with Hippograph.open(index_folder, settings=settings, parts=parts) as memory:
        assert memory.verify() == []


def test_a_version_that_is_retired_is_still_exported_by_who_has_it_open(toy_index, tmp_path, settings, parts):
    """An index that has moved on by several versions shows its readers what they opened."""
    toy_index.export(tmp_path / "before.graphml")
    for id_ in ("chambery", "menabrea", "engine"):
        documents = [document for document in toy.documents() if document.id != id_]
        Hippograph.build(documents, tmp_path / "index", settings=settings, parts=parts).close()
    toy_index.export(tmp_path / "after.graphml")

    assert (tmp_path / "after.graphml").read_bytes() == (tmp_path / "before.graphml").read_bytes()
    assert toy_index.search("Who designed the Analytical Engine?")


def test_an_index_that_may_not_be_read_is_told(index_folder, monkeypatch):
    """Missing rights are not damage: the way out is to change them."""

    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(StorageError, match="Change its permissions"):
        read_manifest(index_folder)


def test_an_index_that_may_not_be_written_is_told(tmp_path, settings, parts, monkeypatch):
    """So too where a folder may be read only."""

    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match="may not be written by this user"):
        Hippograph.build(toy.documents(), tmp_path / "index", settings=settings, parts=parts)


@pytest.mark.parametrize("k", [0, -1, 2.5, "3", None])
def test_a_count_of_passages_is_a_whole_number(toy_index, k):
    """Whatever else is asked for is a SettingsError."""
    with pytest.raises(SettingsError, match="whole number"):
        toy_index.search("Who designed the Analytical Engine?", k)


class _Source:
    """Documents as a connector of another make."""

    source = "given"

    def __init__(self, documents):
        self.given = documents

    def documents(self, since=None):
        return iter(self.given)
