"""The stage: what is kept between two runs, and what happens when it cannot be."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from hippograph.adapters.plain_splitter import PlainSplitter
from hippograph.errors import IndexDamaged, IndexMismatch, PublishConflict, StorageError
from hippograph.storage.stage import FORMAT, LOCK_NAME, STAGE_NAME, Known, Stage, wrong_stage
from hippograph.toy import document, documents
from hippograph.types import Extraction, ExtractionFailure, Grade, Mention, MentionKind
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
SMALL = PlainSplitter(16, 0, SPLITTER.token_count)


@pytest.fixture
def stage(tmp_path):
    """An empty stage."""
    with Stage(tmp_path / "index") as stage:
        yield stage


def cut(stage, splitter=SPLITTER):
    """Cut what is uncut, and give the ids of what was."""
    uncut = stage.uncut_documents(splitter.fingerprint)
    stage.put_passages([(id_, mark, splitter.split(stage.document(id_))) for id_, mark in uncut])
    return [id_ for id_, _ in uncut]


def read(stage, extractor="rules"):
    """Read what is unread, and give the titles of what was."""
    unread = stage.unread_passages(extractor)
    stage.put_extractions(extractor, unread, map(found, unread))
    return [passage.title for passage in unread]


def publish(stage, version="v1"):
    """What is staged becomes a version that is visible."""
    stage.about_to_publish(version)
    stage.settle(version)


def found(passage, name="Ada"):
    return Extraction(passage.id, (Mention(name, MentionKind.NAME, 0),), ())


def staged(stage):
    """Every document, by id."""
    return [stage.document(id_) for id_ in sorted(stage.known_documents())]


def passages_of(stage, *ids):
    return [passage for id_ in ids for passage in stage.passages_of(id_)]


# ---------------------------------------------------------------------- documents


def test_documents_are_kept_by_id_with_source_hash_and_mark(stage):
    """They come back as they were; only their marks are kept beside them."""
    stage.put_documents("toy", [replace(each, mark=f"m-{each.id}") for each in reversed(documents())])

    assert staged(stage) == documents()
    assert stage.known_documents() == {d.id: Known("toy", d.content_hash(), f"m-{d.id}") for d in documents()}
    assert stage.known_documents(["ada", "nobody"]).keys() == {"ada"}
    assert (stage.document_count(), stage.sources()) == (5, {"toy": 5})
    assert stage.document("nobody") is None


def test_a_changed_document_takes_the_place_of_its_old_state(stage):
    """There is one document of an id, from the source that gave it last."""
    changed = replace(document("ada"), text="Something else.")
    stage.put_documents("one", [document("ada")])
    stage.put_documents("two", [changed])

    assert staged(stage) == [changed]
    assert stage.known_documents() == {"ada": Known("two", changed.content_hash(), "")}


def test_a_dropped_document_takes_its_passages_along(stage):
    """The others stay."""
    stage.put_documents("toy", [document("ada"), document("engine")])
    cut(stage)
    stage.drop_documents(["ada"])

    assert staged(stage) == [document("engine")]
    assert stage.passages_of("ada") == []
    assert stage.passage_count() == len(stage.passages_of("engine")) == 1


def test_new_marks_change_nothing_but_the_marks(stage):
    """A file that was touched is the same document, and nothing is to be published for it."""
    stage.put_documents("toy", documents())
    publish(stage)
    stage.put_marks({"ada": "touched"})

    assert stage.known_documents(["ada"])["ada"].mark == "touched"
    assert stage.document("ada") == document("ada")
    assert stage.pending() == []


def test_of_documents_with_one_title_and_text_the_smallest_id_stands_for_all(stage):
    """Whichever came first; what differs in anything else is a copy all the same."""
    ada = document("ada")
    for id_ in ("c", "a", "b"):
        stage.put_documents("toy", [replace(ada, id=id_, uri=id_)])
    stage.put_documents("toy", [replace(ada, id="0", title="Ada, Countess of Lovelace")])

    assert [stage.original_of(id_) for id_ in ("0", "a", "b", "c")] == ["0", "a", "a", "a"]
    assert stage.original_of("nobody") is None


# ---------------------------------------------------------------------- what is pending


def test_what_changes_is_pending_until_it_is_visible(stage):
    """New, changed and dropped documents, by id; nothing once the planned version is the visible one."""
    stage.put_documents("toy", [document("ada"), document("engine"), document("babbage")])
    publish(stage)
    after_publishing = stage.pending()
    stage.put_documents("toy", [replace(document("babbage"), text="New."), document("chambery")])
    stage.drop_documents(["ada"])

    assert after_publishing == []
    assert stage.pending() == ["ada", "babbage", "chambery"]
    assert stage.published() == "v1"


def test_a_version_that_did_not_become_visible_settles_nothing(stage):
    """A writer that dies before the rename leaves everything pending; one that dies after it, nothing."""
    stage.put_documents("toy", [document("ada")])
    stage.about_to_publish("v1")
    stage.settle("v0")
    before_the_rename = (stage.pending(), stage.published())
    stage.settle("v1")

    assert before_the_rename == (["ada"], "")
    assert (stage.pending(), stage.published()) == ([], "v1")


def test_settling_twice_forgets_no_change(stage):
    """What changed since a version became visible stays pending, however often one looks."""
    stage.put_documents("toy", [document("ada")])
    publish(stage)
    stage.put_documents("toy", [document("engine")])
    stage.settle("v1")

    assert stage.pending() == ["engine"]


def test_everything_can_be_made_pending(stage):
    """Those that were dropped and are pending already among them."""
    stage.put_documents("toy", [document("ada"), document("engine")])
    publish(stage)
    stage.drop_documents(["ada"])
    stage.make_all_pending()

    assert stage.pending() == ["ada", "engine"]


@pytest.mark.parametrize("change", ["drop", "replace"])
def test_copies_are_pending_when_the_original_goes(stage, change):
    """Another document stands for them from then on, so all of one title and text are looked at again."""
    twins = [replace(document("ada"), id=id_) for id_ in ("a", "b", "c")]
    stage.put_documents("toy", [*twins, document("engine")])
    publish(stage)
    if change == "drop":
        stage.drop_documents(["a"])
    else:
        stage.put_documents("toy", [replace(document("ada"), id="a", text="Something else.")])

    assert stage.pending() == ["a", "b", "c"]
    assert [stage.original_of(id_) for id_ in ("b", "c")] == ["b", "b"]


def test_copies_are_pending_when_another_comes(stage):
    """A smaller id takes over from the one that stood for all."""
    stage.put_documents("toy", [replace(document("ada"), id="b")])
    publish(stage)
    stage.put_documents("toy", [replace(document("ada"), id="a")])

    assert stage.pending() == ["a", "b"]


# ---------------------------------------------------------------------- passages


def test_documents_are_cut_once_for_each_state_and_splitter(stage):
    """Only what changed is cut again, or everything by another splitter; a document without passages is not."""
    stage.put_documents("toy", [document("ada"), document("engine"), replace(document("babbage"), text=" ")])
    first, again = cut(stage), cut(stage)
    stage.put_documents("toy", [replace(document("ada"), text="New.")])
    after_change = cut(stage)

    assert first == ["ada", "babbage", "engine"]
    assert again == []
    assert after_change == ["ada"]
    assert cut(stage, SMALL) == ["ada", "babbage", "engine"]


def test_only_what_is_pending_is_looked_at(stage):
    """What is published already was cut and read: a run costs what changed."""
    stage.put_documents("toy", [document("ada")])
    publish(stage)
    stage.put_documents("toy", [document("engine")])

    assert cut(stage) == ["engine"]
    assert read(stage) == ["Analytical Engine"]


def test_passages_come_in_their_order(stage):
    """Each as it stands in its document."""
    stage.put_documents("toy", [document("engine"), document("ada")])
    cut(stage, SMALL)
    passages = stage.passages_of("ada")

    assert [passage.position for passage in passages] == list(range(len(passages)))
    assert len(passages) > 1
    assert all(p.text == document("ada").text[p.start : p.end] for p in passages)
    assert stage.passage_count() == len(passages) + len(stage.passages_of("engine"))


def test_a_document_that_shrinks_leaves_no_old_passages(stage):
    """All passages of a document are replaced together."""
    stage.put_documents("toy", [document("ada")])
    cut(stage, SMALL)
    stage.put_documents("toy", [replace(document("ada"), text="Short.")])
    cut(stage, SMALL)

    assert [passage.text for passage in stage.passages_of("ada")] == ["Short."]


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
    titles = read(stage)
    passages = passages_of(stage, "ada", "twin", "engine")

    assert sorted(titles) == ["Ada Lovelace", "Analytical Engine"]
    assert len({passage.id for passage in passages}) == 3
    assert [stage.extraction("rules", p) for p in passages] == [found(p) for p in passages]
    assert stage.unread_passages("rules") == []


def test_another_extractor_reads_everything_anew(two_of_one_text):
    """Results belong to the extractor that gave them."""
    stage = two_of_one_text
    unread = stage.unread_passages("rules")
    read(stage)

    assert stage.unread_passages("better rules") == unread


def test_a_passage_that_was_never_read_says_so(two_of_one_text):
    """It counts as a failure that may be tried again."""
    (passage,) = two_of_one_text.passages_of("ada")

    assert two_of_one_text.extraction("rules", passage) == ExtractionFailure(
        passage.id, "it was never read", True
    )


@pytest.mark.parametrize("retryable", [True, False])
def test_failures_are_kept_and_read_again_where_it_may_help(two_of_one_text, retryable):
    """A failure is data until a later run succeeds; one that trying cannot mend is tried where it is asked for."""
    stage = two_of_one_text
    unread = stage.unread_passages("rules")
    failed = ExtractionFailure(unread[0].id, "too odd", retryable)
    stage.put_extractions("rules", unread, [failed, *map(found, unread[1:])])
    publish(stage)
    kept = stage.extraction("rules", unread[0])
    by_itself, asked_for = stage.unread_passages("rules"), stage.unread_passages("rules", retry_failed=True)
    stage.put_extractions("rules", asked_for, map(found, asked_for))

    assert kept == failed
    assert by_itself == (unread[:1] if retryable else [])
    assert asked_for == unread[:1]
    assert stage.extraction("rules", unread[0]) == found(unread[0])
    assert unread[0].document in stage.pending()
    assert stage.failures("rules") == []


def test_failures_are_told_by_document_and_position(two_of_one_text):
    """Every passage with the text that could not be read is named; those of another extractor are not."""
    stage = two_of_one_text
    for passage in stage.unread_passages("rules"):
        stage.put_extractions("rules", [passage], [ExtractionFailure(passage.id, "too odd", True)])

    assert stage.failures("rules") == [
        "ada, passage 1: too odd",
        "engine, passage 1: too odd",
        "twin, passage 1: too odd",
    ]
    assert stage.failures("other rules") == []


def test_a_failure_whose_document_went_is_neither_told_nor_tried(two_of_one_text):
    """Nobody can read what is not there any more."""
    stage = two_of_one_text
    unread = stage.unread_passages("rules")
    stage.put_extractions("rules", unread, [ExtractionFailure(p.id, "too odd", True) for p in unread])
    stage.drop_documents(["ada", "twin", "engine"])

    assert (stage.failures("rules"), stage.unread_passages("rules")) == ([], [])


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


# ---------------------------------------------------------------------- upgrades


def upgraded(passage, name="Ada Lovelace"):
    """What a better extractor finds, as the stage gives it back."""
    return replace(found(passage, name), grade=Grade.LLM)


def titles(passages):
    return [passage.title for passage in passages]


@pytest.fixture
def read_and_published(two_of_one_text):
    """The same, read by rules and published."""
    read(two_of_one_text)
    publish(two_of_one_text)
    return two_of_one_text


def test_what_a_better_extractor_found_stands_in_for_the_first_ones_finds(read_and_published):
    """For every passage of that text, whichever extractor is asked about; the others keep what they have."""
    stage = read_and_published
    ada, twin, engine = passages_of(stage, "ada", "twin", "engine")
    stage.put_upgrades("model", [ada], [found(ada, "Ada Lovelace")])

    assert stage.extraction("rules", ada) == upgraded(ada)
    assert stage.extraction("other rules", twin) == upgraded(twin)
    assert stage.extraction("rules", engine) == found(engine)
    assert stage.pending() == ["ada", "twin"]
    assert stage.upgraded_count() == 1
    assert titles(stage.passages_to_upgrade("model")) == ["Analytical Engine"]


def test_a_failure_that_may_pass_leaves_the_passage_for_the_next_run(read_and_published):
    """Nothing is noted: not what failed, and no document becomes pending."""
    stage = read_and_published
    (ada,) = stage.passages_of("ada")
    stage.put_upgrades("model", [ada], [ExtractionFailure(ada.id, "the model was down", True)])

    assert stage.extraction("rules", ada) == found(ada)
    assert (stage.failures("rules"), stage.pending()) == ([], [])
    assert len(stage.passages_to_upgrade("model")) == 2
    assert stage.upgraded_count() == 0


def test_a_passage_that_cannot_be_read_better_is_kept_with_its_reason(read_and_published):
    """It keeps the first one's finds and is not read again, unless it is to be, or by another model."""
    stage = read_and_published
    (ada,) = stage.passages_of("ada")
    stage.put_upgrades("model", [ada], [ExtractionFailure(ada.id, "it declined", False)])

    assert stage.extraction("rules", ada) == found(ada)
    assert stage.failures("rules") == [
        "ada, passage 1: not upgraded: it declined",
        "twin, passage 1: not upgraded: it declined",
    ]
    assert titles(stage.passages_to_upgrade("model")) == ["Analytical Engine"]
    assert len(stage.passages_to_upgrade("model", retry_refused=True)) == 2
    assert len(stage.passages_to_upgrade("other model")) == 2


def test_a_passage_that_is_read_at_last_is_no_failure_any_more(read_and_published):
    """Not of the better extractor, and not of the first one either."""
    stage = read_and_published
    ada, engine = passages_of(stage, "ada", "engine")
    stage.put_extractions("rules", [engine], [ExtractionFailure(engine.id, "too odd", False)])
    stage.put_upgrades("model", [ada], [ExtractionFailure(ada.id, "it declined", False)])
    before = len(stage.failures("rules"))
    stage.put_upgrades("other model", [ada, engine], [found(ada), found(engine)])

    assert before == 3
    assert stage.failures("rules") == []


def test_what_another_model_read_is_read_again_only_where_that_is_asked_for(read_and_published):
    """What this one has read is not, even then; a refusal does not take away what was read before."""
    stage = read_and_published
    ada, engine = passages_of(stage, "ada", "engine")
    stage.put_upgrades("model", [ada, engine], [found(ada), found(engine)])
    stage.put_upgrades("new model", [ada], [found(ada, "Countess")])
    stage.put_upgrades("new model", [engine], [ExtractionFailure(engine.id, "it declined", False)])

    assert stage.passages_to_upgrade("new model") == []
    assert stage.passages_to_upgrade("new model", reread=True) == []
    assert titles(stage.passages_to_upgrade("new model", reread=True, retry_refused=True)) == [
        "Analytical Engine"
    ]
    assert len(stage.passages_to_upgrade("third model", reread=True)) == 2
    assert stage.extraction("rules", ada) == upgraded(ada, "Countess")
    assert stage.extraction("rules", engine) == upgraded(engine, "Ada")
    assert stage.failures("rules") == []


def test_an_upgrade_that_says_the_same_changes_nothing(read_and_published):
    """No document becomes pending for it."""
    stage = read_and_published
    (ada,) = stage.passages_of("ada")
    stage.put_upgrades("model", [ada], [found(ada)])
    publish(stage)
    stage.put_upgrades("new model", [ada], [found(ada)])

    assert stage.pending() == []
    assert titles(stage.passages_to_upgrade("new model", reread=True)) == ["Analytical Engine"]


def test_what_was_found_in_every_text_comes_once_a_text(read_and_published):
    """The better finds where there are some; what nobody has read is passed over."""
    stage = read_and_published
    (ada,) = stage.passages_of("ada")
    stage.put_upgrades("model", [ada], [found(ada, "Countess")])
    names = {each.mentions[0].name for _, each in stage.found_by_text("rules")}

    assert names == {"Countess", "Ada"}
    assert [each.mentions[0].name for _, each in stage.found_by_text("other rules")] == ["Countess"]


# ---------------------------------------------------------------------- vectors


def test_missing_strings_are_distinct_and_shortest_first(stage):
    """Like lengths make full batches; what has a vector is not missing."""
    stage.put_vectors("model", ["known"], np.zeros((1, 2), np.float32))

    assert stage.missing_strings("model", ["ccc", "b", "known", "ccc", "a", ""]) == ["", "a", "b", "ccc"]
    assert stage.missing_strings("other model", ["known"]) == ["known"]


def test_more_strings_than_fit_one_query_are_looked_up(stage):
    """SQLite takes some hundred values at a time."""
    strings = [f"string {number:04d}" for number in range(1201)]
    stage.put_vectors("model", strings[:1100], np.zeros((1100, 2), np.float32))

    assert stage.missing_strings("model", strings) == strings[1100:]


def test_vectors_come_back_in_whole_steps(stage):
    """In the order asked for, and as often: each coordinate to the nearest 1/4096."""
    vectors = np.random.default_rng(1).uniform(-1, 1, size=(3, 5)).astype(np.float32)
    stage.put_vectors("model", ["a", "b", "\ud800"], vectors)
    again = stage.steps("model", ["\ud800", "a", "a"], 5)

    assert again.dtype == np.int16
    assert again.tolist() == np.rint(vectors[[2, 0, 0]].astype(float) * 4096).astype(int).tolist()


@pytest.mark.parametrize(("string", "dimension"), [("b", 2), ("a", 3)])
def test_a_missing_vector_is_told(stage, string, dimension):
    """A vector that should be there, or is of another length, is damage; the way out is to run again."""
    stage.put_vectors("model", ["a"], np.zeros((1, 2), np.float32))

    with pytest.raises(IndexDamaged, match="run the index command again"):
        stage.steps("model", [string], dimension)


# ---------------------------------------------------------------------- the folder and its one writer


def test_what_was_staged_is_there_the_next_time(tmp_path):
    """A stage that was left holds what it held."""
    with Stage(tmp_path / "index") as stage:
        stage.put_documents("toy", documents())
    with Stage(tmp_path / "index") as stage:
        assert staged(stage) == documents()


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
        assert stage.document_count() == 0


@pytest.mark.parametrize("name", [STAGE_NAME, LOCK_NAME, "hippograph.json"])
def test_any_file_of_an_index_makes_a_folder_ours(tmp_path, name):
    """An index that lost a file is still an index."""
    (tmp_path / name).touch()
    (tmp_path / "notes.txt").touch()

    with Stage(tmp_path) as stage:
        assert stage.document_count() == 0


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
        staged(stage)


def test_damage_that_nobody_has_read_yet_is_found_by_looking_for_it(tmp_path):
    """Verifying reads every page; a stage that is whole, or that another process is writing, is well."""
    with Stage(tmp_path) as stage:
        stage.put_documents("toy", [replace(document("ada"), id=str(n)) for n in range(200)])
        while_writing = wrong_stage(tmp_path)
    well = wrong_stage(tmp_path)
    data = bytearray((tmp_path / STAGE_NAME).read_bytes())
    data[4096 * 6 :] = b"\xff" * (len(data) - 4096 * 6)
    (tmp_path / STAGE_NAME).write_bytes(data)

    assert (while_writing, well) == ([], [])
    assert any("Delete this one file" in problem for problem in wrong_stage(tmp_path))
    (tmp_path / STAGE_NAME).unlink()
    assert [f"{STAGE_NAME} is missing" in problem for problem in wrong_stage(tmp_path)] == [True]


def test_a_stage_of_another_format_is_refused(tmp_path):
    """One that another release wrote is left as it is, and the lock is given back."""
    Stage(tmp_path).__exit__(None, None, None)
    with closing(sqlite3.connect(tmp_path / STAGE_NAME)) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    for _ in range(2):
        with pytest.raises(IndexMismatch, match=f"format {FORMAT + 1}; this release writes format {FORMAT}"):
            Stage(tmp_path)
