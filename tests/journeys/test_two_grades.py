"""Two grades in one index: what a model reads stands in for what rules found, under a budget, and stays."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="the extra llm is not installed")

from eval.growth import compare_indexes
from hippograph.engine import Hippograph, add_documents, index_sources, remove_documents, verify_index
from hippograph.errors import BudgetSpent, ModelRefused, ModelUnavailable, SettingsError
from hippograph.settings import Settings
from hippograph.storage.records import passage_from_json
from hippograph.types import Document, DocumentId, Grade
from hippograph.wiring import build_parts
from tests.model_server import ModelServer, messages_text
from tests.recorded_extractions import RecordedExtractions

REPOSITORY = Path(__file__).resolve().parents[2]
TEXTS = {
    f"d{n:02}": f"Person {n} met Guest {n} in the harbour of Marren. Nobody wrote it down." for n in range(12)
}
"""Every text names Marren, which ties it to all others."""
LONELY = {f"x{n}": f"The hut of Hermit {n} burnt down." for n in range(3)}
"""Texts that share nothing with any other."""
FOUND = {
    text: ([f"Person {n}", "Marren"], [[f"Person {n}", "met", f"Guest {n}"]])
    for n, text in enumerate(TEXTS.values())
} | {text: ([f"Hermit {n}"], [[f"Hermit {n}", "lost", "hut"]]) for n, text in enumerate(LONELY.values())}


class Texts:
    source = "texts"

    def __init__(self, texts=None):
        self.texts = {**TEXTS, **LONELY} if texts is None else texts

    def documents(self, since=None):
        return (Document(DocumentId(key), "", text) for key, text in self.texts.items())


def settings_for(server, folder, **generator):
    return Settings(
        models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy", "generator": "openai"},
        generator=server.settings(concurrency=4, **generator).model_dump(),
        storage={"batch_size": 4, "replies": folder / "replies.db"},
    )


def index(settings, folder, texts=None, grade=Grade.LLM, **changes):
    return index_sources(
        [Texts(texts)],
        folder / "index",
        settings=settings,
        parts=build_parts(settings),
        grade=grade,
        **changes,
    )


def read_by_a_model(settings, folder):
    """The documents whose passage a model has read, by their titles in the index."""
    with Hippograph.open(folder / "index", settings=settings) as memory:
        tables = memory.index.tables
        return {
            passage_from_json(tables.passages[row]).document
            for row in tables.live_passages().tolist()
            if '"grade":"llm"' in tables.extractions[row]
        }


def declining(to):
    """A model that will not speak of one person."""
    answer = RecordedExtractions(FOUND).answer

    def reply(body):
        return "I must not speak of that." if f"{to} met" in messages_text(body) else answer(body)

    return reply


@pytest.fixture
def server():
    """A model that reads."""
    with ModelServer(RecordedExtractions(FOUND).answer) as server:
        yield server


def test_a_model_upgrades_what_rules_have_read(tmp_path, server):
    """The index keeps the shape of the rules; calls, tokens and money are told; a later run keeps what was read."""
    settings = settings_for(server, tmp_path, prompt_price=1.0)
    lite = index(settings, tmp_path, grade=Grade.LITE)

    report = index(settings, tmp_path)
    later = index(settings, tmp_path, grade=Grade.LITE)

    assert lite.version.upgraded_count == 0
    assert (report.upgraded.read, report.upgraded.left, report.upgraded.error) == (15, 0, None)
    assert report.version.upgraded_count == 15
    assert report.usage.llm_calls == len(server.chats()) == 30, "two calls a passage"
    assert report.usage.cost == pytest.approx(report.usage.prompt_tokens / 1e6)
    assert not later.is_new
    assert verify_index(tmp_path / "index") == []


def test_what_a_model_read_is_not_read_again(tmp_path, server):
    """Only a document that is new, or changed, is; one that went takes what was read of it along."""
    settings = settings_for(server, tmp_path)
    index(settings, tmp_path)
    texts = {**TEXTS, "d00": "Person 0 left the harbour of Marren.", "new": "Somebody sailed to Marren."}

    report = index(settings, tmp_path, texts, accept_loss=True)

    assert report.upgraded.read == 2
    assert len(server.chats()) == 30 + 4
    assert report.version.upgraded_count == report.version.passage_count == 13


def test_a_budget_is_spent_where_it_brings_most_and_never_exceeded(tmp_path, server):
    """Passages that share something with others come first; the next run carries on with what is left."""
    settings = settings_for(server, tmp_path)
    budget = 3_000

    first = index(settings, tmp_path, budget_tokens=budget)
    after_first = read_by_a_model(settings, tmp_path)
    second = index(settings, tmp_path)

    assert first.usage.prompt_tokens + first.usage.completion_tokens <= budget
    assert 1 <= first.upgraded.read < 12
    assert isinstance(first.upgraded.error, BudgetSpent)
    assert after_first <= set(TEXTS), "what shares nothing waits"
    assert first.upgraded.read + second.upgraded.read == 15
    assert second.version.upgraded_count == 15


def test_a_budget_of_zero_reads_nothing_and_indexes_all(tmp_path, server):
    """It is told how many are left, and why."""
    settings = settings_for(server, tmp_path)

    report = index(settings, tmp_path, budget_tokens=0)

    assert (report.upgraded.read, report.upgraded.left) == (0, 15)
    assert "budget of 0 tokens" in report.upgraded.why_left
    assert (report.version.passage_count, len(server.chats())) == (15, 0)


def test_a_passage_the_model_declines_keeps_what_rules_found(tmp_path):
    """It is told with its reason, not asked about again, and tried anew where that is asked for."""
    with ModelServer(declining("Person 3")) as server:
        settings = settings_for(server, tmp_path)
        report = index(settings, tmp_path)
        calls = len(server.chats())
        again = index(settings, tmp_path)
        calls_again = len(server.chats())
        server.reply = RecordedExtractions(FOUND).answer
        retried = index(settings, tmp_path, retry_failed=True)

    assert (report.upgraded.read, report.upgraded.refused) == (14, 1)
    assert len(report.passage_failures) == 1
    assert report.passage_failures[0].startswith("d03, passage 1: not upgraded: The reply of toy-model")
    assert report.version.failure_count == 1
    assert (calls_again, again.is_new) == (calls, False)
    assert (retried.upgraded.read, retried.passage_failures) == (1, ())
    assert retried.version.upgraded_count == 15


@pytest.mark.parametrize("fault", [{"key": "right"}, {"is_compatible": False}, {"model": "another"}])
def test_a_model_that_serves_nothing_leaves_an_index_of_rules(tmp_path, fault):
    """All else is published; the error is told, nothing is taken for unreadable, and the next run goes on."""
    with ModelServer(RecordedExtractions(FOUND).answer, **fault) as server:
        settings = settings_for(server, tmp_path).model_copy(
            update={"generator": server.settings(model="toy-model")}
        )
        report = index(settings, tmp_path)
        server.key, server.is_compatible, server.model = None, True, "toy-model"
        mended = index(settings, tmp_path)

    assert isinstance(report.upgraded.error, ModelRefused)
    assert (report.upgraded.left, report.upgraded.refused, report.passage_failures) == (15, 0, ())
    assert (report.version.passage_count, report.version.upgraded_count) == (15, 0)
    assert mended.version.upgraded_count == 15


def test_an_outage_in_the_middle_keeps_what_was_read(tmp_path, server):
    """The server goes away after some passages; nothing of what was paid for is asked again."""
    settings = settings_for(server, tmp_path, max_retries=0)
    answer, spoken = server.reply, []

    def then_gone(body):
        spoken.append(1)
        if len(spoken) > 11:
            server.key = "nobody has it"
        return answer(body)

    server.reply = then_gone
    report = index(settings, tmp_path)
    server.reply, server.key = answer, None
    later = index(settings, tmp_path)

    assert 0 < report.version.upgraded_count < 15
    assert isinstance(report.upgraded.error, ModelRefused)
    assert later.version.upgraded_count == 15
    assert max(asked(server).values()) == 1


def test_a_server_that_is_away_is_told_as_what_it_is(tmp_path):
    """And may be tried again."""
    with ModelServer() as server:
        settings = settings_for(server, tmp_path, max_retries=0)

    report = index(settings, tmp_path)

    assert isinstance(report.upgraded.error, ModelUnavailable)
    assert report.upgraded.error.retryable
    assert report.version.passage_count == 15


def test_another_model_reads_only_what_none_has_read_unless_told(tmp_path, server):
    """With reread it reads all that the other has read, and its finds stand from then on."""
    settings = settings_for(server, tmp_path)
    index(settings, tmp_path)
    server.model = "new-model"
    newer = settings.model_copy(update={"generator": server.settings(model="new-model")})

    kept = index(newer, tmp_path)
    calls = len(server.chats())
    reread = index(newer, tmp_path, reread=True)
    again = index(newer, tmp_path, reread=True)

    assert (kept.upgraded.read, kept.is_new, calls) == (0, False, 30)
    assert (reread.upgraded.read, reread.is_new) == (15, False), "it found the same"
    assert (again.upgraded.read, len(server.chats())) == (0, 60)


def test_the_grade_is_the_same_however_it_was_reached(tmp_path, server):
    """Facts, edges, counts and rankings: read in slices of a budget, with documents that came and went, or at once."""
    settings = settings_for(server, tmp_path)
    slices, once = tmp_path / "slices", tmp_path / "once"
    parts = build_parts(settings)
    half = dict(list(TEXTS.items())[:6])
    index(settings, slices, {**half, "gone": "Somebody passed Marren."}, budget_tokens=3_000)
    index(settings, slices, budget_tokens=6_000, accept_loss=True)
    gone = Document(DocumentId("passing"), "", "Nobody stayed in Marren.")
    add_documents([gone], slices / "index", settings=settings, parts=parts, grade=Grade.LLM)
    remove_documents([gone.id], slices / "index", settings=settings, parts=parts)
    index(settings, slices)
    index(settings, once)

    with (
        Hippograph.open(slices / "index", settings=settings) as grown,
        Hippograph.open(once / "index", settings=settings) as built,
    ):
        assert grown.status().version.upgraded_count == 15
        assert compare_indexes(grown, built, ["Whom did Person 3 meet?", "What lost Hermit 1?"]) == []


def test_what_a_model_read_weighs_in_the_graph(tmp_path, server):
    """A fact of rules weighs nothing by default; one that a model read ties its two ends."""
    settings = settings_for(server, tmp_path)
    heavy = settings.model_copy(
        update={"graph": settings.graph.model_copy(update={"model_fact_weight": 3.0})}
    )
    weights = {}
    for name, chosen in (("usual", settings), ("heavy", heavy)):
        index(chosen, tmp_path / name)
        with Hippograph.open(tmp_path / name / "index", settings=chosen) as memory:
            weights[name] = memory.index.named_edges()

    gained = [weight - weights["usual"][pair] for pair, weight in weights["heavy"].items()]
    assert [gain for gain in gained if gain] == [pytest.approx(2.0)] * 15, (
        "of 15 facts, each twice as heavy again"
    )


def test_rules_that_read_by_a_model_leave_nothing_to_upgrade(tmp_path, server):
    """The call is wrong, and says so; so it is without a model."""
    settings = settings_for(server, tmp_path)
    by_model = settings.model_copy(update={"models": settings.models.model_copy(update={"extractor": "llm"})})
    without = settings.model_copy(update={"models": settings.models.model_copy(update={"generator": "none"})})

    with pytest.raises(SettingsError, match="nothing to upgrade"):
        index(by_model, tmp_path)
    with pytest.raises(SettingsError, match="grade llm needs a language model"):
        index(without, tmp_path)
    with pytest.raises(SettingsError, match="asks no model"):
        index(settings, tmp_path, grade=Grade.LITE, budget_tokens=100)
    assert not (tmp_path / "index").exists()


KILLED = """
import sys
from pathlib import Path
from hippograph.settings import Settings
from tests.journeys.test_two_grades import index
index(Settings.model_validate_json(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_killed_run_repeats_no_call_it_had_an_answer_to(tmp_path):
    """SIGKILL while the model reads: afterwards only calls that were under way were made twice."""
    with ModelServer(RecordedExtractions(FOUND).answer, latency_seconds=0.05) as server:
        settings = settings_for(server, tmp_path)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, settings.model_dump_json(), str(tmp_path)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        while len(server.chats()) < 14 and process.poll() is None:
            server.wait(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()

        report = index(settings, tmp_path)
        times = asked(server)

    assert process.returncode == -signal.SIGKILL
    assert report.version.upgraded_count == 15
    assert len(times) == 30
    assert times.total() - len(times) <= 4, "at most the four calls that were under way"


def asked(server):
    """How often each conversation was answered."""
    return Counter(json.dumps(call.body["messages"]) for call in server.chats() if call.status == 200)
