"""Recognition memory on the whole way: settings, the real client, a server on loopback, the trace."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hippograph import toy
from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.engine import Hippograph
from hippograph.generation.model_answer import LlmAnswerer
from hippograph.retrieval.hipporag_methods import NOTHING_RELEVANT
from hippograph.settings import AnswerSettings
from tests.model_server import ModelServer, messages_text
from tests.model_server_faults import Fault, Faults
from tests.recorded_replies import schema_of
from tests.scripted_model import answer_data

pytest.importorskip("openai", reason="the extra llm is not installed")

ASKED = toy.QUESTIONS[1]


@pytest.fixture(autouse=True)
def _a_cache_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def replies(relevant):
    """A model that recognises these facts, reasons once, and answers with the first sentence it is shown."""

    def reply(body):
        wanted = schema_of(body).get("properties", {})
        if "relevant" in wanted:
            return relevant if isinstance(relevant, str) else json.dumps({"relevant": relevant})
        if "thought" in wanted:
            return json.dumps({"thought": "Luigi Menabrea was born in Chambéry.", "has_answer": False})
        return json.dumps(answer_data(("So it is told.", [1]), short="Chambéry"))

    return reply


@pytest.fixture
def opened(toy_index, settings, parts):
    """The toy world by the method hipporag2, with a model behind a server."""
    generators = []

    def open_(server, method="hipporag2", **answer):
        generators.append(OpenAIGenerator(server.settings(max_retries=1)))
        plugged = replace(parts, generator=generators[-1], answerer=LlmAnswerer(generators[-1]))
        retrieval = settings.retrieval.model_copy(update={"method": method})
        changed = settings.model_copy(update={"retrieval": retrieval, "answer": AnswerSettings(**answer)})
        return Hippograph.open(toy_index.status().folder, settings=changed, parts=plugged)

    yield open_
    for generator in generators:
        generator.close()


def asked_for(server, name):
    """The requests whose reply was to have this member."""
    return [call for call in server.chats() if name in schema_of(call.body).get("properties", {})]


def test_the_model_numbers_facts_before_the_walk_and_then_answers(opened):
    """One call looks at numbered facts, one writes; the walk starts from the facts that were named."""
    with ModelServer(reply=replies([1])) as server:
        answer = opened(server).ask(ASKED.question)
        (looked,) = asked_for(server, "relevant")

    shown = [line for line in messages_text(looked.body).splitlines() if line.startswith("[1] ")]
    assert answer.trace.method == "hipporag2"
    assert answer.trace.seeds.facts == (shown[0].removeprefix("[1] "),)
    assert (answer.trace.fallback, answer.trace.warnings) == (None, ())
    assert (answer.method, answer.usage.llm_calls) == ("llm", 2)


def test_nothing_relevant_is_dense_ranking_without_a_warning(opened):
    """The model looked and found no help: passages by meaning alone, and the trace says so."""
    with ModelServer(reply=replies([])) as server:
        memory = opened(server)
        found = memory.explain(ASKED.question, 5)
        dense = memory.search(ASKED.question, 5, "dense")

    assert found.trace.fallback == NOTHING_RELEVANT
    assert found.trace.warnings == ()
    assert [each.passage.id for each in found.passages] == [each.passage.id for each in dense]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault.SERVER_ERROR, "500"),
        (Fault.WRONG_SCHEMA, "does not fit the schema"),
        (Fault.REFUSAL, "declined"),
        (Fault.EMPTY_CHOICES, "toy-model"),
        (Fault.TRUNCATED, "cannot be used"),
    ],
)
def test_a_failed_call_leaves_the_facts_unfiltered_and_warns(opened, fault, why):
    """It is never taken for "nothing relevant": the same passages as without a model, with a warning in the trace."""
    with ModelServer(reply=replies([1]), faults=Faults(script=[fault] * 9)) as server:
        found = opened(server).explain(ASKED.question, 5)
    with ModelServer() as server:
        memory = opened(server)
        memory._parts = replace(memory._parts, generator=None)
        unfiltered = memory.explain(ASKED.question, 5)

    assert found.trace.fallback is None
    assert found.trace.seeds == unfiltered.trace.seeds
    assert [each.passage.id for each in found.passages] == [each.passage.id for each in unfiltered.passages]
    (warning,) = found.trace.warnings
    assert warning.startswith("The facts that seed the walk were not filtered by the model: ")
    assert why in warning


def test_a_server_that_is_gone_is_told_in_the_answer(opened):
    """Both the recognition and the answer do without it, and the trace says both."""
    with ModelServer() as server:
        memory = opened(server)
    answer = memory.ask(ASKED.question)

    assert answer.method == "extractive"
    assert [warning.partition(":")[0] for warning in answer.trace.warnings] == [
        "The facts that seed the walk were not filtered by the model",
        "The model gave no answer, so this one is extractive",
    ]


def test_a_loop_of_the_method_holds_for_answers_too(opened):
    """`ircot+hipporag2` as the method: the thought is searched for, with recognition in both searches."""
    with ModelServer(reply=replies([1])) as server:
        answer = opened(server, "ircot+hipporag2", max_hops=2).ask(ASKED.question)

        assert answer.trace.queries == ("Luigi Menabrea was born in Chambéry.",)
        assert (len(asked_for(server, "relevant")), len(asked_for(server, "thought"))) == (2, 1)
        assert answer.usage.llm_calls == len(server.chats()) == 4


def test_recognition_leaves_the_last_call_to_the_answer(opened):
    """One call is allowed: the facts stay unfiltered, with a warning, and the model answers."""
    with ModelServer(reply=replies([1])) as server:
        answer = opened(server, max_model_calls=1).ask(ASKED.question)

        assert (answer.method, len(server.chats())) == ("llm", 1)
        assert "The budget of 0 calls is spent" in answer.trace.warnings[0]
