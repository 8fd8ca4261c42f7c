"""The stage: what is kept between two runs, and what happens when it cannot be."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from hippograph.adapters.plain_splitter import PlainSplitter
from hippograph.errors import IndexDamaged, PublishConflict, StorageError
from hippograph.storage.stage import LOCK_NAME, STAGE_NAME, Stage
from hippograph.toy import document, documents
from hippograph.types import Extraction, ExtractionFailure, Mention, MentionKind
from tests.conftest import REPOSITORY

HOLD_THE_LOCK = """
import os, sys, time
from pathlib import Path
from hippograph.storage.stage import Stage
with Stage(Path(sys.argv[1])):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""

SPLITTER = PlainSplitter(200, 0, lambda text: len(text.split()))


@pytest.fixture
def stage(tmp_path):
    """An empty stage."""
    with Stage(tmp_path / "index") as stage:
        yield stage


def cut(stage, splitter=SPLITTER):
    """Cut what is uncut, and give the ids of what was."""
    uncut = list(stage.uncut_documents(splitter.fingerprint))
    stage.put_passages([(document.id, mark, splitter.split(document)) for document, mark in uncut])
    return [document.id for document, _ in uncut]


def found(passage, name="Ada"):
    return Extraction(passage.id, (Mention(name, MentionKind.NAME, 0),), ())


# ---------------------------------------------------------------------- documents and passages


def test_documents_are_kept_by_id_with_source_and_hash(stage):
    """They come back as they were, in the order of their ids, wherever they were put."""
    stage.put_documents("toy", reversed(documents()))

    assert list(stage.documents()) == documents()
    assert stage.document("ada") == document("ada")
    assert stage.document_hashes() == {d.id: ("toy", d.content_hash()) for d in documents()}


def test_a_changed_document_takes_the_place_of_its_old_state(stage):
    """There is one document of an id, from the source that gave it last."""
    changed = replace(document("ada"), text="Something else.")
    stage.put_documents("one", [document("ada")])
    stage.put_documents("two", [changed])

    assert list(stage.documents()) == [changed]
    assert stage.document_hashes() == {"ada": ("two", changed.content_hash())}


def test_a_dropped_document_takes_its_passages_along(stage):
    """The others stay."""
    stage.put_documents("toy", [document("ada"), document("engine")])
    cut(stage)
    stage.drop_documents(["ada"])

    assert [d.id for d in stage.documents()] == ["engine"]
    assert {passage.document for passage in stage.passages()} == {"engine"}


def test_documents_are_cut_once_for_each_state_and_splitter(stage):
    """Only what changed is cut again, or everything by another splitter; a document without passages is not."""
    other = PlainSplitter(50, 0, SPLITTER.token_count)
    stage.put_documents("toy", [document("ada"), document("engine"), replace(document("babbage"), text=" ")])
    first, again = cut(stage), cut(stage)
    stage.put_documents("toy", [replace(document("ada"), text="New.")])
    after_change = (stage.uncut_count(SPLITTER.fingerprint), cut(stage))

    assert first == ["ada", "babbage", "engine"]
    assert again == []
    assert after_change == (1, ["ada"])
    assert cut(stage, other) == ["ada", "babbage", "engine"]


def test_passages_come_by_document_and_position(stage):
    """The order of rows and nodes does not depend on the order of arrival."""
    small = PlainSplitter(16, 0, SPLITTER.token_count)
    for name in ("engine", "ada"):
        stage.put_documents("toy", [document(name)])
        cut(stage, small)

    places = [(passage.document, passage.position) for passage in stage.passages()]
    assert places == sorted(places)
    assert len(places) > 4
    assert all(p.text == document(p.document).text[p.start : p.end] for p in stage.passages())


def test_a_document_that_shrinks_leaves_no_old_passages(stage):
    """All passages of a document are replaced together."""
    small = PlainSplitter(16, 0, SPLITTER.token_count)
    stage.put_documents("toy", [document("ada")])
    cut(stage, small)
    stage.put_documents("toy", [replace(document("ada"), text="Short.")])
    cut(stage, small)

    assert [passage.text for passage in stage.passages()] == ["Short."]


# ---------------------------------------------------------------------- extractions


@pytest.fixture
def two_of_one_text(stage):
    """Two documents with the same title and text, and one of another."""
    stage.put_documents("toy", [document("ada"), replace(document("ada"), id="twin"), document("engine")])
    cut(stage)
    return stage


def test_passages_of_one_text_are_read_once(two_of_one_text):
    """What is found in one holds for the other, under its own id."""
    stage = two_of_one_text
    unread = stage.unread_passages("rules")
    stage.put_extractions("rules", unread, [found(passage) for passage in unread])
    passages = list(stage.passages())

    assert sorted(passage.title for passage in unread) == ["Ada Lovelace", "Analytical Engine"]
    assert len(passages) == 3
    assert [stage.extraction("rules", p) for p in passages] == [found(p) for p in passages]
    assert stage.unread_passages("rules") == []


def test_another_extractor_reads_everything_anew(two_of_one_text):
    """Results belong to the extractor that gave them."""
    stage = two_of_one_text
    unread = stage.unread_passages("rules")
    stage.put_extractions("rules", unread, [found(passage) for passage in unread])

    assert stage.unread_passages("better rules") == unread


def test_a_passage_that_was_never_read_says_so(two_of_one_text):
    """It counts as a failure that may be tried again."""
    passage = next(two_of_one_text.passages())

    assert two_of_one_text.extraction("rules", passage) == ExtractionFailure(
        passage.id, "it was never read", True
    )


@pytest.mark.parametrize("retryable", [True, False])
def test_failures_are_kept_and_read_again_next_time(two_of_one_text, retryable):
    """A failure is data until a later run succeeds."""
    stage = two_of_one_text
    unread = stage.unread_passages("rules")
    failed = ExtractionFailure(unread[0].id, "too odd", retryable)
    stage.put_extractions("rules", unread, [failed, *map(found, unread[1:])])
    kept, again = stage.extraction("rules", unread[0]), stage.unread_passages("rules")
    stage.put_extractions("rules", again, map(found, again))

    assert kept == failed
    assert again == unread[:1]
    assert stage.extraction("rules", unread[0]) == found(unread[0])


def test_an_extractor_that_breaks_down_is_not_taken_for_a_bad_disk(two_of_one_text):
    """Its own error passes through, and its batch is not half kept."""
    stage = two_of_one_text
    unread = stage.unread_passages("rules")

    def breaking():
        yield found(unread[0])
        raise ConnectionError("the model's server hung up")

    with pytest.raises(ConnectionError, match="hung up"):
        stage.put_extractions("rules", unread, breaking())

    assert stage.unread_passages("rules") == unread


# ---------------------------------------------------------------------- vectors


def test_missing_strings_are_distinct_and_shortest_first(stage):
    """Like lengths make full batches; what has a vector is not missing."""
    stage.put_vectors("model", ["known"], np.zeros((1, 2), np.float32))

    assert stage.missing_strings("model", ["ccc", "b", "known", "ccc", "a", ""]) == ["", "a", "b", "ccc"]
    assert stage.missing_strings("other model", ["known"]) == ["known"]


def test_vectors_come_back_to_half_precision(stage):
    """In the order asked for, and as often; rounded as numpy rounds to float16."""
    vectors = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    stage.put_vectors("model", ["a", "b", "\ud800"], vectors)
    again = stage.vectors("model", ["\ud800", "a", "a"], 5)

    assert again.dtype == np.float32
    assert again.tolist() == vectors[[2, 0, 0]].astype(np.float16).astype(np.float32).tolist()


@pytest.mark.parametrize(("string", "dimension"), [("b", 2), ("a", 3)])
def test_a_missing_vector_is_told(stage, string, dimension):
    """A vector that should be there, or is of another length, is damage; the way out is to run again."""
    stage.put_vectors("model", ["a"], np.zeros((1, 2), np.float32))

    with pytest.raises(IndexDamaged, match="run the index command again"):
        stage.vectors("model", [string], dimension)


# ---------------------------------------------------------------------- the folder and its one writer


def test_what_was_staged_is_there_the_next_time(tmp_path):
    """A stage that was left holds what it held."""
    with Stage(tmp_path / "index") as stage:
        stage.put_documents("toy", documents())
    with Stage(tmp_path / "index") as stage:
        assert list(stage.documents()) == documents()


def test_another_process_at_work_is_named(tmp_path):
    """The second writer is told the first one's process id, and is let in as soon as that one is gone."""
    folder = tmp_path / "index"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        pid = other.stdout.readline().strip()
        with pytest.raises(PublishConflict, match=f"process {pid}\\)"):
            Stage(folder)
        other.kill()
    with Stage(folder) as stage:
        assert list(stage.documents()) == []


@pytest.mark.parametrize("name", [STAGE_NAME, LOCK_NAME, "hippograph.json"])
def test_any_file_of_an_index_makes_a_folder_ours(tmp_path, name):
    """An index that lost a file is still an index."""
    (tmp_path / name).touch()
    (tmp_path / "notes.txt").touch()

    with Stage(tmp_path) as stage:
        assert list(stage.documents()) == []


def test_a_foreign_folder_is_left_alone(tmp_path):
    """A folder with other things in it is refused, and nothing is written there."""
    (tmp_path / "notes.txt").touch()

    with pytest.raises(StorageError, match="not empty and holds no index"):
        Stage(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_that_is_no_database_is_damage(tmp_path):
    """The one file to delete is named, and the lock is given back."""
    (tmp_path / STAGE_NAME).write_bytes(b"this is no database" * 100)
    for _ in range(2):
        with pytest.raises(IndexDamaged, match=rf"{STAGE_NAME} is damaged.*Delete this one file"):
            Stage(tmp_path)


def test_damage_inside_the_database_is_found_while_reading(tmp_path):
    """A database whose pages were overwritten opens, and is told as damage when it is read."""
    with Stage(tmp_path) as stage:
        stage.put_documents("toy", [replace(document("ada"), id=str(n)) for n in range(200)])
    data = bytearray((tmp_path / STAGE_NAME).read_bytes())
    data[4096 * 6 :] = b"\xff" * (len(data) - 4096 * 6)
    (tmp_path / STAGE_NAME).write_bytes(data)

    with Stage(tmp_path) as stage, pytest.raises(IndexDamaged, match="is damaged"):
        list(stage.documents())
