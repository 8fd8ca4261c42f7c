"""Batches: handed in once, collected whenever somebody comes back, and what they bring is what extract finds."""

import json
import re

import pytest

pytest.importorskip("openai", reason="the extra llm is not installed")

from hippograph.adapters.llm_extractor import Journal, LlmExtractor
from hippograph.adapters.llm_extractor.batch_api import BatchExtraction
from hippograph.adapters.llm_extractor.batch_state import FILE, read_lines
from hippograph.adapters.llm_extractor.steps import StepName
from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.errors import ExtractionError, ModelRefused
from hippograph.settings import ExtractionSettings
from hippograph.text.sentences import split_sentences
from hippograph.types import DocumentId, Extraction, Passage, PassageId, Sentence
from tests.model_server import ModelServer
from tests.model_server_faults import Fault
from tests.recorded_extractions import RecordedExtractions

TEXTS = [f"Person {n} met Guest {n} in Marren." for n in range(6)]
FOUND = {text: ([f"Person {n}"], [[f"Person {n}", "met", f"Guest {n}"]]) for n, text in enumerate(TEXTS)}


def passages(texts=TEXTS):
    rows = []
    for text in texts:
        sentences = tuple(Sentence(text[a:b], a, b) for a, b in split_sentences(text))
        rows.append(Passage(PassageId(text), DocumentId("d"), "", "", text, 0, len(text), 0, sentences))
    return rows


@pytest.fixture
def server():
    with ModelServer(RecordedExtractions(FOUND).answer) as running:
        yield running


class Work:
    """A process that works with batches: its own extractor and state, over one folder."""

    def __init__(self, server, folder, **settings):
        self.generator = server.settings(prompt_price=2, completion_price=4)
        self.extractor = LlmExtractor(
            OpenAIGenerator(self.generator), ExtractionSettings(**settings), Journal(folder / "replies.db")
        )
        self.batches = BatchExtraction(self.extractor, self.generator, folder / "batches")

    def collect_all(self):
        while (collected := self.batches.collect()).waiting:
            pass
        return collected


def test_a_batch_for_each_step_reads_everything_and_extract_asks_nothing(server, tmp_path):
    """Entities, then facts; results come unordered; the usage costs half."""
    work = Work(server, tmp_path)

    first = work.batches.submit(passages())
    entities = work.collect_all()
    second = work.batches.submit(passages())
    facts = work.collect_all()
    third = work.batches.submit(passages())
    results = work.extractor.extract(passages())

    assert [[(b.step, b.requests) for b in round] for round in (first, second, third)] == [
        [("entities", 6)],
        [("facts", 6)],
        [],
    ]
    assert (entities.read, facts.read, entities.failed) == (6, 6, {})
    assert [[t.object for t in r.triples] for r in results] == [[f"Guest {n}"] for n in range(6)]
    assert server.chats() == []
    usage = facts.usage
    assert usage.cost == pytest.approx((2 * usage.prompt_tokens + 4 * usage.completion_tokens) / 2e6)


def test_another_day_and_another_process_carry_on(server, tmp_path):
    """What was handed in is not handed in again, and whoever comes back collects it."""
    Work(server, tmp_path, variant="one-call").batches.submit(passages())

    tomorrow = Work(server, tmp_path, variant="one-call")
    again = tomorrow.batches.submit(passages())
    more = tomorrow.batches.submit(passages([*TEXTS, "Ada left."]))
    collected = tomorrow.collect_all()

    assert again == []
    assert [batch.requests for batch in more] == [1]
    assert collected.waiting == 0
    assert tomorrow.batches.submit(passages([*TEXTS, "Ada left."])) == []
    assert len(server.batches.batches) == 2


def test_a_run_that_died_after_starting_a_batch_finds_it_again(server, tmp_path):
    """The server knows the batch by its name, so it is not paid twice."""
    Work(server, tmp_path, variant="one-call").batches.submit(passages())
    path = tmp_path / "batches" / FILE
    saved = json.loads(path.read_text())
    saved["batches"][0] |= {"batch_id": "", "status": "prepared"}
    path.write_text(json.dumps(saved))

    work = Work(server, tmp_path, variant="one-call")
    work.collect_all()

    assert len(server.batches.batches) == 1
    assert work.batches.submit(passages()) == []


def test_a_request_that_failed_is_asked_once_more_and_then_left_to_extract(server, tmp_path):
    """Its reason is told; the others are read."""
    work = Work(server, tmp_path, variant="one-call")
    keys = exported_keys(work, tmp_path)
    server.batches.failing = frozenset(keys[:1])

    work.batches.submit(passages())
    first = work.collect_all()
    again = work.batches.submit(passages())
    work.collect_all()
    third = work.batches.submit(passages())

    assert first.read == 5
    assert list(first.failed) == keys[:1]
    assert "server answers 500" in first.failed[keys[0]]
    assert [batch.requests for batch in again] == [1]
    assert third == []
    assert all(isinstance(result, Extraction) for result in work.extractor.extract(passages()))
    assert len(server.chats()) == 1


def exported_keys(work, folder):
    work.batches.export(passages(), folder / "requests.jsonl")
    return [row["custom_id"] for row in read_lines((folder / "requests.jsonl").read_bytes())]


def test_an_exported_file_is_worked_off_elsewhere(server, tmp_path):
    """The lines are those of the Batch API, which vLLM's run-batch reads; its results are taken in."""
    work = Work(server, tmp_path, variant="one-call")
    count = work.batches.export(passages(), tmp_path / "requests.jsonl")
    rows = read_lines((tmp_path / "requests.jsonl").read_bytes())
    results = [
        {
            "custom_id": row["custom_id"],
            "response": {"status_code": 200, "body": server.completion(row["body"])},
        }
        for row in rows
    ]

    collected = work.batches.import_results(
        StepName.BOTH, b"\n".join(json.dumps(row).encode() for row in results) + b"\nnot JSON\n"
    )

    assert count == 6
    assert {row["url"] for row in rows} == {"/v1/chat/completions"}
    assert all(row["body"]["response_format"]["json_schema"]["strict"] for row in rows)
    assert collected.read == 6
    assert all(isinstance(result, Extraction) for result in work.extractor.extract(passages()))
    assert server.chats() == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.TRUNCATED, "breaks off|not JSON"),
        (Fault.WRONG_SCHEMA, "schema"),
        (Fault.REFUSAL, "declined"),
        (Fault.EMPTY_CHOICES, "no choice"),
        (Fault.CUT_OFF, "cut off"),
    ],
)
def test_a_reply_that_is_no_use_is_a_failure_with_its_reason(server, tmp_path, monkeypatch, fault, reason):
    """It is paid for and told, and never taken as an empty reading."""
    completion = server.completion
    monkeypatch.setattr(server, "completion", lambda body: completion(body, fault))
    work = Work(server, tmp_path, variant="one-call")
    work.batches.submit(passages(TEXTS[:1]))

    collected = work.collect_all()

    (told,) = collected.failed.values()
    assert re.search(reason, told)
    assert collected.read == 0
    assert collected.usage.llm_calls == 1


@pytest.mark.parametrize("status", ["expired", "failed", "cancelled"])
def test_a_batch_that_ends_without_results_is_asked_again(server, tmp_path, status):
    """Its questions are failures that say why, and go into the next batch."""
    work = Work(server, tmp_path, variant="one-call")
    work.batches.submit(passages())
    (batch,) = server.batches.batches.values()
    batch["status"] = status

    collected = work.collect_all()

    assert len(collected.failed) == 6
    assert all(status in reason for reason in collected.failed.values())
    assert [each.requests for each in work.batches.submit(passages())] == [6]


def test_a_wrong_key_is_told_and_nothing_is_lost(tmp_path):
    """The batch stays prepared and is handed in with the right key."""
    with ModelServer(RecordedExtractions(FOUND).answer) as server:
        work = Work(server, tmp_path, variant="one-call")
        post = server.batches.post
        server.batches.post = lambda *_: (401, {"error": {"message": "wrong key", "code": "invalid_api_key"}})
        with pytest.raises(ModelRefused, match="wants a key"):
            work.batches.submit(passages())
        server.batches.post = post

        started = work.batches.submit(passages())

    assert [batch.requests for batch in started] == [6]


def test_a_state_that_cannot_be_read_is_told(server, tmp_path):
    """It must not be taken for no batches at all."""
    (tmp_path / "batches").mkdir()
    (tmp_path / "batches" / FILE).write_text("{")

    with pytest.raises(ExtractionError, match="look at them with the server"):
        Work(server, tmp_path)
