"""Remembering and forgetting: what is published, what is closed, who is found, and what survives an accident."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hippograph.engine import Hippograph
from hippograph.errors import ModelUnavailable, PublishConflict, QuestionError, StorageError
from hippograph.remembering.records import Operation, Provenance
from hippograph.remembering.store import STORE_NAME, Store
from hippograph.searching import Searching
from hippograph.settings import RememberingSettings
from hippograph.types import Answer, Citation, CitedSentence
from tests.scripted_model import RepliesInTurn

JANUARY, MARCH, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 5))
RIBE, HULL = "Ada Quist lives in Ribe.", "Ada Quist moved to Hull."


class SetClock:
    """Shows the moment it is set to."""

    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


@pytest.fixture
def memory(toy_index):
    return toy_index


@pytest.fixture
def opened(toy_index, settings, parts):
    """The toy world, opened with other settings of remembering, a clock or a model."""
    made = []

    def open_with(clock=None, generator=None, **knobs):
        changed = settings.model_copy(update={"remembering": RememberingSettings(**knobs)})
        plugged = replace(parts, clock=clock or SetClock(MAY), generator=generator)
        made.append(Hippograph.open(toy_index._folder, settings=changed, parts=plugged))
        return made[-1]

    yield open_with
    for each in made:
        each.close()


def documents(memory):
    return {each.id: each for each in memory.index.documents()}


# ----------------------------------------------------------------- the four operations


def test_a_memory_is_found_like_any_document(memory):
    """It is published, dated, and says where it is from."""
    done = memory.remember(RIBE, source="chat with Ada", at=JANUARY)

    found = memory.search("Where does Ada Quist live?", 1)[0]
    assert done.operation is Operation.APPEND
    assert (found.passage.document, found.passage.text, found.timestamp) == (done.memory.id, RIBE, JANUARY)
    assert found.passage.title == "chat with Ada"
    assert memory.verify() == []


def test_what_is_said_again_is_passed_over(memory):
    """In the same or in other words: nothing is added and no version published."""
    memory.remember(RIBE, source="chat", at=JANUARY)
    version = memory.index.version.number

    same = memory.remember(RIBE, source="chat", at=MARCH)
    other = memory.remember("Ada Quist still lives in Ribe", source="mail", at=MARCH)

    assert (same.operation, other.operation) == (Operation.PASS, Operation.PASS)
    assert memory.index.version.number == version


def test_what_is_replaced_stays_with_its_time_closed(memory):
    """Both are in the index; the older one says until when it held, by what it was closed and why; one version."""
    old = memory.remember(RIBE, source="chat", at=JANUARY).memory
    version = memory.index.version.number

    done = memory.remember(HULL, source="chat", at=MARCH)

    held = documents(memory)[old.id]
    assert (done.operation, [each.id for each in done.closed]) == (Operation.REPLACE, [old.id])
    assert (held.text, held.timestamp) == (RIBE, JANUARY)
    assert held.metadata["valid_to"] == MARCH.isoformat()
    assert held.metadata["closed_by"] == done.memory.id
    assert "live in" in held.metadata["why"]
    assert memory.index.version.number == version + 1
    assert [each.text for each in memory.memories(at=JANUARY)] == [RIBE]
    assert [each.text for each in memory.memories(at=MAY)] == [HULL]
    assert [each.text for each in memory.memories(closed=True)] == [RIBE, HULL]


def test_what_ends_is_closed_and_nothing_is_added(memory):
    """DELETE: the old memory stays, closed by the words that ended it."""
    old = memory.remember("Ada Quist works for Siemens.", source="chat", at=JANUARY).memory

    done = memory.remember("Ada Quist no longer works for Siemens.", source="chat", at=MARCH)

    assert (done.operation, done.memory) == (Operation.DELETE, None)
    (closed,) = done.closed
    assert (closed.id, closed.valid_to) == (old.id, MARCH)
    assert closed.closed_by == "Ada Quist no longer works for Siemens."
    assert memory.memories(at=MAY) == []


def test_what_speaks_of_something_else_stands_beside(memory):
    """Another subject, another relation, a relation of several objects: nothing is closed."""
    memory.remember(RIBE, source="chat", at=JANUARY)
    memory.remember("Ada Quist likes tea.", source="chat", at=JANUARY)

    for text in ("Noor Vane lives in Hull.", "Ada Quist works for Siemens.", "Ada Quist likes coffee."):
        assert memory.remember(text, source="chat", at=MARCH).operation is Operation.APPEND

    assert len(memory.memories(at=MAY)) == 5


def test_older_news_that_arrives_late_is_closed_by_what_is_known(memory):
    """Clocks out of order: the intervals are those of telling in order."""
    newer = memory.remember("Ada Quist lives in Hull.", source="chat", at=MARCH).memory

    late = memory.remember(RIBE, source="letter", at=JANUARY)

    assert (late.memory.valid_to, late.memory.closed_by) == (MARCH, newer.id)
    assert [each.text for each in memory.memories(at=MAY)] == ["Ada Quist lives in Hull."]
    assert [each.text for each in memory.memories(at=JANUARY)] == [RIBE]


def test_news_between_two_is_closed_by_the_later_and_closes_the_earlier(memory):
    """Three homes, told first, last, middle."""
    memory.remember(RIBE, source="chat", at=JANUARY)
    memory.remember("Ada Quist lives in Hull.", source="chat", at=MAY)

    memory.remember("Ada Quist lives in Lund.", source="letter", at=MARCH)

    held = [(each.text[-5:-1], each.valid_from, each.valid_to) for each in memory.memories(closed=True)]
    assert held == [("Ribe", JANUARY, MARCH), ("Lund", MARCH, MAY), ("Hull", MAY, None)]


def test_an_end_that_was_heard_first_closes_what_arrives_late(memory):
    """She had left in March; that she worked there in January is told afterwards."""
    memory.remember("Ada Quist left Siemens.", source="chat", at=MARCH)

    late = memory.remember("Ada Quist works for Siemens.", source="letter", at=JANUARY)

    assert late.memory.valid_to == MARCH


def test_two_truths_of_one_moment_both_stand_and_are_told(memory):
    """Nobody picks silently."""
    first = memory.remember(RIBE, source="chat", at=JANUARY).memory

    done = memory.remember("Ada Quist lives in Hull.", source="letter", at=JANUARY)

    assert (done.operation, done.closed) == (Operation.APPEND, ())
    assert [each.id for each in done.conflicts] == [first.id]
    assert len(memory.memories(at=MAY)) == 2


def test_a_memory_of_two_statements_ends_when_both_have(memory):
    """The first that ends leaves the other standing."""
    both = memory.remember(
        "Ada Quist lives in Ribe. Ada Quist works for Siemens.", source="chat", at=JANUARY
    ).memory

    assert memory.remember(HULL, source="chat", at=MARCH).closed == ()
    assert both.id in {each.id for each in memory.memories(at=MARCH)}
    (closed,) = memory.remember("Ada Quist left Siemens.", source="chat", at=MAY).closed
    assert (closed.id, closed.valid_to) == (both.id, MAY)


def test_the_caller_may_say_what_is_replaced(memory):
    """Whatever the rules can read."""
    old = memory.remember("The user prefers dark mode.", source="agent", at=JANUARY).memory

    done = memory.remember("Light mode, please.", source="agent", at=MARCH, replaces=[old.id])

    assert (done.operation, done.closed[0].id) == (Operation.REPLACE, old.id)
    with pytest.raises(StorageError, match="memory:none"):
        memory.remember("Dark mode.", source="agent", replaces=["memory:none"])


def test_a_model_may_decide(opened):
    """It is shown what is remembered, numbered; what it names is closed."""
    model = RepliesInTurn({"why": "Another taste.", "operation": "replace", "numbers": [1]})
    memory = opened(generator=model)
    old = memory.remember("The user prefers dark mode.", source="agent", at=JANUARY).memory
    memory = opened(generator=model, decided_by="model")

    done = memory.remember("The user prefers light mode.", source="agent", at=MARCH)

    assert (done.operation, done.why) == (Operation.REPLACE, "Another taste.")
    assert done.closed[0].id == old.id
    assert "[1] 2026-01-01: The user prefers dark mode." in model.requests[0].messages[-1].content


@pytest.mark.parametrize(
    "reply",
    [ModelUnavailable("down"), {"why": "", "operation": "burn", "numbers": []}],
)
def test_where_the_model_fails_the_rules_decide_and_that_is_said(opened, reply):
    """An outage never looks like a decision."""
    memory = opened(generator=RepliesInTurn(*[reply] * 2), decided_by="model")
    memory.remember(RIBE, source="chat", at=JANUARY)

    done = memory.remember(HULL, source="chat", at=MARCH)

    assert done.operation is Operation.REPLACE
    assert "rules did" in done.warnings[0]


def test_a_model_that_names_nothing_it_was_shown_closes_nothing(opened):
    """Number seven of one."""
    model = RepliesInTurn(*[{"why": "x", "operation": "delete", "numbers": [7]}] * 2)
    memory = opened(generator=model, decided_by="model")
    memory.remember(RIBE, source="chat", at=JANUARY)

    assert memory.remember(HULL, source="chat", at=MARCH).operation is Operation.APPEND


# ----------------------------------------------------------------- forgetting


def test_what_is_forgotten_is_closed_and_still_there(memory):
    """Softly: it does not hold any more, and the index still has its words."""
    kept = memory.remember(RIBE, source="chat", at=JANUARY).memory

    (forgotten,) = memory.forget(kept.id, at=MARCH)

    assert (forgotten.valid_to, memory.memories(at=MAY)) == (MARCH, [])
    assert kept.id in documents(memory)
    assert memory.remember(RIBE, source="chat", at=MAY).operation is Operation.APPEND


def test_what_is_erased_is_gone(memory):
    """Out of the index and out of the store."""
    kept = memory.remember(RIBE, source="chat", at=JANUARY).memory

    memory.forget([kept.id], erase=True)

    assert kept.id not in documents(memory)
    assert memory.memories(closed=True) == []
    with pytest.raises(StorageError, match=kept.id):
        memory.forget(kept.id)


@pytest.mark.parametrize("text", ["", " ... ", "x" * 20_001])
def test_nothing_and_far_too_much_are_no_memories(memory, text):
    """A QuestionError that says what to do instead."""
    with pytest.raises(QuestionError):
        memory.remember(text, source="chat")


def test_a_moment_without_a_zone_is_in_utc(memory):
    """As everywhere."""
    assert memory.remember(RIBE, source="chat", at=datetime(2026, 1, 1)).memory.valid_from == JANUARY


# ----------------------------------------------------------------- the store beside the index


def test_a_lost_store_is_made_again_from_the_index(memory):
    """Words, intervals and reasons are documents; only recalls are gone."""
    memory.remember(RIBE, source="chat", at=JANUARY)
    memory.remember(HULL, source="chat", at=MARCH)
    before = memory.memories(closed=True)
    folder = memory.status().folder
    for name in (STORE_NAME, f"{STORE_NAME}-wal", f"{STORE_NAME}-shm"):
        (file := Path(folder) / name).unlink(missing_ok=True)
        assert not file.exists()

    assert memory.memories(closed=True) == before
    assert memory.remember("Ada Quist lives in Lund.", source="chat", at=MAY).closed[0].text == HULL


def test_what_was_written_down_and_not_published_is_published_next_time(memory, monkeypatch):
    """A process that ends between the two loses nothing and does nothing twice."""

    def broken(documents):
        raise StorageError("the disk is full")

    monkeypatch.setattr(memory, "add", broken)
    with pytest.raises(StorageError, match="full"):
        memory.remember(RIBE, source="chat", at=JANUARY)
    monkeypatch.undo()

    memory.remember("Noor Vane lives in Hull.", source="chat", at=MARCH)

    texts = [each.text for each in documents(memory).values()]
    assert texts.count(RIBE) == 1
    assert len(memory.memories(at=MAY)) == 2


def test_nothing_is_written_until_something_is_remembered(memory):
    """Asking for what is remembered makes no file."""
    assert memory.memories() == []
    assert not (Path(memory.status().folder) / STORE_NAME).exists()


# ----------------------------------------------------------------- fading


def fade_pair(opened, **knobs):
    """Two memories that answer alike; the first is recalled after forty days, and asked for after fifty."""
    clock = SetClock(JANUARY)
    memory = opened(clock, retention=True, days=10.0, **knobs)
    first = memory.remember("The ferry pier is at Ribe harbour.", source="a", at=JANUARY).memory
    second = memory.remember("The ferry pier is at Hull harbour.", source="b", at=JANUARY).memory
    clock.moment = JANUARY + timedelta(days=40)
    assert memory.recall([first.id])
    clock.moment = JANUARY + timedelta(days=50)
    return memory, first, second


def test_a_memory_that_was_recalled_stands_above_one_that_was_not(opened):
    """R is exp(-10 / 20) for the one and exp(-50 / 10) for the other."""
    memory, first, second = fade_pair(opened, forget_below=0.0)

    found = [each.passage.document for each in memory.search("Where is the ferry pier?", 9)]

    assert found.index(first.id) < found.index(second.id)


def test_what_has_faded_is_left_out_and_that_is_said(opened):
    """It is still in the index and can be listed."""
    memory, first, second = fade_pair(opened, forget_below=0.05)

    result = memory.explain("Where is the ferry pier?", 9)

    found = [each.passage.document for each in result.passages]
    assert first.id in found
    assert second.id not in found
    assert any("1 memories" in warning for warning in result.trace.warnings)
    assert second.id in {each.id for each in memory.memories()}


def test_what_was_said_long_ago_fades_from_when_it_was_remembered(opened):
    """An old letter that is handed over today is fresh today."""
    memory = opened(SetClock(MAY), retention=True, days=1.0, forget_below=0.5)

    kept = memory.remember("The ferry pier is at Ribe harbour.", source="letter", at=JANUARY).memory

    assert kept.id in {each.passage.document for each in memory.search("Where is the ferry pier?", 9)}


def test_what_is_closed_comes_after_what_holds(opened):
    """The old home is the last of the candidates."""
    memory = opened(SetClock(MAY), retention=True, forget_below=0.0)
    old = memory.remember(RIBE, source="chat", at=JANUARY).memory
    new = memory.remember("Ada Quist lives in Hull.", source="chat", at=MARCH).memory

    found = [each.passage.document for each in memory.search("Where does Ada Quist live?", 9)]

    assert found.index(new.id) < found.index(old.id) == len(found) - 1


def test_off_a_search_is_the_plain_one(opened):
    """Nothing looks at memories: the searching is that of an index that knows none, and nothing is left out."""
    fade_pair(opened)
    memory = opened()

    found = [each.passage.document for each in memory.search("Where is the ferry pier?", 9)]

    assert type(memory.searching) is Searching
    assert len(found) == 7


def test_a_writer_at_work_blocks_no_reader(opened):
    """While another process holds the store, searching goes on and a recall is only not noted."""
    memory, first, _ = fade_pair(opened)
    other = sqlite3.connect(memory._folder / STORE_NAME)
    other.execute("begin immediate")

    assert memory.search("Where is the ferry pier?", 3)
    assert memory.recall([first.id]) is False
    other.rollback()
    other.close()
    assert memory.recall([first.id]) is True


# ----------------------------------------------------------------- derived thoughts


@pytest.fixture
def thinking(opened):
    """A memory that keeps thoughts, and one of them."""
    memory = opened(thoughts=True)
    cited = next(each for each in documents(memory).values() if each.id == "menabrea")
    sentence = cited.text.split(". ")[0] + "."
    citation = Citation("p", "menabrea", cited.title, "", sentence, 0, len(sentence))
    thought = CitedSentence("The prime minister came from Chambéry.", (citation,))
    answer = replace(memory.ask("Who was Luigi Menabrea?"), sentences=(thought,), refusal=None)
    return memory, answer


def test_a_thought_is_kept_as_derived_from_what_it_cites(thinking):
    """Source, provenance and the documents it rests on; the same thought is kept once."""
    memory, answer = thinking

    (kept,) = memory.derive(answer)

    assert (kept.memory.provenance, kept.memory.derived_from) == (Provenance.DERIVED, ("menabrea",))
    assert memory.derive(answer) == []


def test_a_thought_leads_to_its_sources_and_is_never_one_itself(thinking):
    """A search that meets it shows the document it rests on in its place; an answer cites that."""
    memory, answer = thinking
    (kept,) = memory.derive(answer)

    found = [each.passage.document for each in memory.search("The prime minister came from Chambéry.", 6)]
    asked = memory.ask("Did the prime minister come from Chambéry?")

    assert kept.memory.id not in found
    assert "menabrea" in found
    assert len(found) == len(set(found))
    assert kept.memory.id not in {each.document for each in asked.citations}
    assert isinstance(asked, Answer)


@pytest.mark.parametrize("erase", [True, False])
def test_what_was_derived_from_a_memory_goes_with_it(thinking, erase):
    """Erased or closed: a thought does not outlive what it rests on."""
    memory, answer = thinking
    told = memory.remember("Ada Quist has a secret harbour.", source="chat", at=JANUARY).memory
    cited = Citation("p", told.id, "chat", "", told.text, 0, len(told.text))
    about = CitedSentence("There is a harbour that Ada Quist hides.", (cited,))
    (thought,) = memory.derive(replace(answer, sentences=(about,)))

    memory.forget(told.id, erase=erase)

    assert memory.memories() == []
    assert (thought.memory.id in documents(memory)) is not erase


def test_a_refusal_leaves_no_thought(thinking):
    """Nor does an answer whose sentences the index did not write."""
    memory, answer = thinking

    assert memory.derive(replace(answer, refusal="none")) == []
    assert memory.derive(replace(answer, sentences=())) == []


def test_an_answer_that_cites_a_memory_recalls_it(opened):
    """S grows by one; a search alone does not."""
    clock = SetClock(JANUARY)
    memory = opened(clock, retention=True)
    kept = memory.remember("Ada Quist designed the ferry pier of Ribe.", source="a", at=JANUARY).memory
    clock.moment = MARCH
    store = Store(memory._folder)

    memory.search("Who designed the ferry pier of Ribe?")
    before = store.strengths([kept.id])[kept.id]
    *_, answer = memory.ask_stream("Who designed the ferry pier of Ribe?")

    assert kept.id in {each.document for each in answer.citations}
    after = store.strengths([kept.id])[kept.id]
    assert (before.recalls, after.recalls, after.strength, after.last_recall) == (0, 1, 2.0, MARCH)


def test_what_cannot_be_kept_after_an_answer_is_a_warning(thinking, monkeypatch):
    """The answer is given all the same."""
    memory, answer = thinking

    def busy(documents):
        raise PublishConflict("another writer is at work")

    monkeypatch.setattr(memory, "add", busy)
    noted = memory._after(answer)

    assert noted.text == answer.text
    assert "another writer" in noted.trace.warnings[-1]
