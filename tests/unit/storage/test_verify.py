"""Verifying: an altered byte, and every disagreement under right checksums."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hippograph import toy
from hippograph.engine import Hippograph, add_documents, remove_documents
from hippograph.errors import IndexDamaged
from hippograph.settings import Settings
from hippograph.storage.manifest import read_manifest
from hippograph.storage.reader import open_tables, open_version
from hippograph.storage.verify import damage_told, verify_version
from hippograph.wiring import build_parts
from tests.conftest import WITHOUT_A_MODEL

EDGES = "The graph's edges are not the sum of what passages and synonyms contribute."
NAMES = "The entities' counts are not those of the passages that name them."
VECTORS = "The vectors' mean and covariance are not those of the passages."


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """An index of which a document came later and another one is gone."""
    at, settings = tmp_path_factory.mktemp("grown") / "index", Settings(models=WITHOUT_A_MODEL)
    named = {"settings": settings, "parts": build_parts(settings)}
    Hippograph.build(toy.documents()[:4], at, **named).close()
    add_documents(toy.documents()[4:], at, **named)
    remove_documents(["engine"], at, **named)
    return at


@pytest.fixture
def folder(grown, tmp_path):
    """A copy of it, to be harmed."""
    return Path(shutil.copytree(grown, tmp_path / "index"))


def forged(folder, change):
    """What a version says of itself when a wrong writer has changed its tables, with right checksums."""
    manifest = read_manifest(folder)
    tables = open_tables(folder, manifest)
    change(tables)
    tables.files.commit()
    tables.files.close()
    return replace(manifest, lengths=dict(tables.files.lengths), states=dict(tables.files.states))


def first_edge(tables):
    (left, right, _), *_ = tables.graph.edges()
    return np.array([left, right]), np.array([right, left])


def heavier(tables):
    ends = first_edge(tables)
    tables.edges.add(*ends, np.array([1, 1]))


def without(tables):
    left, right = first_edge(tables)
    _, weights = tables.edges.row(int(left[0]))
    tables.edges.add(left, right, -np.array([weights[0], weights[0]]))


def lopsided(tables):
    left, right = first_edge(tables)
    tables.edges.add(left[:1], right[:1], np.array([5]))


def test_an_index_that_grew_and_shrank_is_well(folder):
    """Nothing is wrong with it."""
    assert verify_version(folder, read_manifest(folder)) == []


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (lambda t: t.extractions.extend(["{}"]), ["There are 6 extractions for 5 passages."]),
        (
            lambda t: t.passage_documents.extend(np.array([0])),
            ["There are 6 documents of passages for 5 passages."],
        ),
        (lambda t: t.passage_vectors.extend(np.zeros((1, 256))), ["There are 6 passage vectors for 5 passages."]),
        (lambda t: t.entity_vectors.extend(np.zeros((1, 256))), ["There are {more} vectors for {entities} entities."]),
        (
            lambda t: t.sentence_vectors.extend(np.zeros((1, 256))),
            ["There are {more_sentences} vectors for {sentences} sentences."],
        ),
        (heavier, [EDGES]),
        (without, ["There are {fewer_edges} edges, and the manifest says {edges}.", EDGES]),
        (lopsided, [EDGES]),
        (lambda t: t.entity_counts.add(np.array([0]), np.array([1])), [NAMES]),
        (lambda t: t.add_to_moments(np.eye(257, 256, dtype=np.int64)), [VECTORS]),
        (
            lambda t: t.document_states.set(np.array([0]), np.array([[0]])),
            ["There are 3 documents, and the manifest says 4."],
        ),
        (
            lambda t: t.files.record("room", 4),
            ["There are 5 rows of passages, and the entities' nodes begin at 4."],
        ),
    ],
    ids=[
        "extractions", "documents of passages", "passage vectors", "entity vectors", "sentence vectors",
        "a heavier edge", "an edge less", "an edge from one end", "entity counts", "moments", "documents", "room",
    ],
)  # fmt: skip
def test_every_disagreement_is_found_under_right_checksums(folder, change, problems):
    """What a wrong writer wrote is found as well as what a bad disk made of it."""
    manifest = read_manifest(folder)
    tables = open_tables(folder, manifest)
    known = {
        "entities": len(tables.entities),
        "more": len(tables.entities) + 1,
        "sentences": len(tables.sentence_vectors),
        "more_sentences": len(tables.sentence_vectors) + 1,
        "edges": manifest.version.edge_count,
        "fewer_edges": manifest.version.edge_count - 1,
    }
    found = verify_version(folder, forged(folder, change))

    assert found[: len(problems)] == [problem.format(**known) for problem in problems]
    if "rows of passages" not in problems[0]:  # then nothing else is where it should be either
        assert len(found) == len(problems)


@pytest.mark.parametrize(
    "name", ["document_count", "passage_count", "entity_count", "fact_count", "edge_count", "upgraded_count"]
)
def test_a_count_that_is_not_that_of_the_tables_is_told(folder, name):
    """The manifest's counts are counted again."""
    manifest = read_manifest(folder)
    told = getattr(manifest.version, name) + 1
    (problem,) = verify_version(folder, replace(manifest, version=replace(manifest.version, **{name: told})))

    assert problem.startswith(f"There are {told - 1} ")
    assert problem.endswith(f"and the manifest says {told}.")


def test_a_passage_that_is_gone_and_was_not_withdrawn_is_found(folder):
    """Its edges, names and vectors are still there."""
    found = verify_version(folder, forged(folder, lambda tables: tables.bury(np.array([0]))))

    assert {EDGES, NAMES, VECTORS} <= set(found)
    assert "There are 3 passages, and the manifest says 4." in found


def test_an_altered_byte_is_found_in_any_file(folder):
    """Every stretch of every file that counts has its checksum, whatever its size."""
    manifest = read_manifest(folder)
    filled = [name for name, length in manifest.lengths.items() if length]
    for name in filled:
        path = folder / manifest.tables / name
        whole = path.read_bytes()
        for place in (0, manifest.lengths[name] - 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            problems = verify_version(folder, manifest)
            path.write_bytes(whole)

            assert problems
            assert all(f"{name} was altered" in problem for problem in problems)
    assert len(filled) > 40
    assert verify_version(folder, manifest) == []


def test_every_file_is_needed_and_named_when_missing(folder, parts):
    """Whichever file of a version is gone, opening and verifying name it."""
    manifest = read_manifest(folder)
    for name in (name for name, length in manifest.lengths.items() if length):
        path = folder / manifest.tables / name
        path.rename(folder / "elsewhere")
        with pytest.raises(IndexDamaged, match="is missing") as caught:
            open_version(folder, manifest, parts.vectors)
        problems = verify_version(folder, manifest)
        (folder / "elsewhere").rename(path)

        assert f"{name} is missing" in str(caught.value)
        assert problems == [str(caught.value)]
    assert open_version(folder, manifest, parts.vectors).passage_count == 4


def test_a_cut_off_file_is_told_with_its_sizes(folder, parts):
    """The name, how long it is and how long it should be."""
    manifest = read_manifest(folder)
    path = folder / manifest.tables / "passages.utf8"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(IndexDamaged, match=f"passages.utf8 has {size - 1} bytes and should have {size}"):
        open_version(folder, manifest, parts.vectors)


def test_what_a_reader_trips_over_is_told_as_damage_only_where_there_is_some(folder, parts):
    """Another error of a search passes through as it is."""
    manifest = read_manifest(folder)
    index = open_version(folder, manifest, parts.vectors)
    with pytest.raises(ZeroDivisionError), damage_told(index):
        raise ZeroDivisionError
    path = folder / manifest.tables / "passages.utf8"
    path.write_bytes(b"\xff" + path.read_bytes()[1:])

    with pytest.raises(IndexDamaged, match=r"passages\.utf8 was altered.*compact"), damage_told(index):
        raise ZeroDivisionError
