"""The whole way with a model: from the toy world to sentences that cite, in every way of asking."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from hippograph import toy
from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.cli.app import app
from hippograph.engine import Hippograph
from hippograph.errors import ModelUnavailable, QuestionError, SettingsError, UnreadableOutput
from hippograph.generation.model_answer import LlmAnswerer
from hippograph.settings import AnswerSettings
from hippograph.types import Answer, CitedSentence, Usage
from tests.model_server import ModelServer, messages_text
from tests.scripted_model import RepliesInTurn, answer_data

ASKED = toy.QUESTIONS[1]
BORN = "Luigi Menabrea was born in Chambéry in 1809."
TRANSLATED = "In 1843 she translated an article by Luigi Menabrea about the Analytical Engine."
DOWN = ModelUnavailable("the server cannot be reached.")


def number_of(sentence, prompt):
    """The number under which a prompt shows a sentence."""
    (line,) = [line for line in prompt.splitlines() if line.endswith(f"] {sentence}")]
    return int(line[1 : line.index("]")])


def cited_answer(prompt, **more):
    """The reply of a model that has read the two sentences."""
    first, second = number_of(TRANSLATED, prompt), number_of(BORN, prompt)
    data = answer_data(
        ("The article was Luigi Menabrea's.", [first], ["translated an article by Luigi Menabrea"]),
        ("He was born in Chambéry.", [second]),
        short="Chambéry",
    )
    return {**data, **more}


def reply(request):
    return cited_answer("\n".join(message.content for message in request.messages))


@pytest.fixture
def asked_of(toy_index, settings, parts):
    """The toy world with a model that gives these replies, and with these settings of the answer."""
    opened = []

    def with_model(generator, **answer):
        plugged = replace(parts, generator=generator, answerer=LlmAnswerer(generator))
        changed = settings.model_copy(update={"answer": AnswerSettings(**answer)})
        opened.append(Hippograph.open(toy_index.status().folder, settings=changed, parts=plugged))
        return opened[-1]

    yield with_model
    for memory in opened:
        memory.close()


def test_an_answer_by_a_model_cites_the_documents_own_words(asked_of):
    """Text, span, citations and quotes: each with its exact place in a document, and what the call took."""
    answer = asked_of(RepliesInTurn(reply)).ask(ASKED.question)
    texts = {name: text for name, (_, text) in toy.TEXTS.items()}
    (quote,) = answer.sentences[0].quotes

    assert answer.text == "The article was Luigi Menabrea's. [1] He was born in Chambéry. [2]"
    assert (answer.span, answer.method, answer.refusal) == (ASKED.answer, "llm", None)
    assert [cited.document for cited in answer.citations] == list(ASKED.gold)
    assert [texts[cited.document][cited.start : cited.end] for cited in answer.citations] == [
        TRANSLATED,
        BORN,
    ]
    assert (
        texts[quote.document][quote.start : quote.end]
        == quote.text
        == "translated an article by Luigi Menabrea"
    )
    assert answer.usage == Usage(1, 100, 10, 1.0)
    assert answer.trace.warnings == ()


def test_a_streamed_answer_ends_as_the_whole_one(asked_of):
    """The same sentences, one by one, and the same answer, but for the times."""
    whole = asked_of(RepliesInTurn(reply)).ask(ASKED.question)
    *sentences, last = asked_of(RepliesInTurn(reply)).ask_stream(ASKED.question)

    assert isinstance(last, Answer)
    assert tuple(sentences) == last.sentences == whole.sentences
    assert (last.text, last.citations, last.confidence) == (whole.text, whole.citations, whole.confidence)
    assert last.usage.llm_calls == 1


def test_the_extractive_answer_streams_too(toy_index):
    """Without a model the sentences are those that are cited."""
    *sentences, last = toy_index.ask_stream(ASKED.question)

    assert [each.text for each in sentences] == [cited.sentence for cited in last.citations]
    assert all(isinstance(each, CitedSentence) for each in sentences)
    assert last.text == toy_index.ask(ASKED.question).text


def test_what_is_no_question_is_refused_before_the_stream_begins(toy_index):
    """The error comes from the call, not from the first sentence."""
    with pytest.raises(QuestionError):
        toy_index.ask_stream(" ")


def test_an_outage_gives_the_extractive_answer_and_a_warning(asked_of, toy_index):
    """The same answer as without a model; the trace says why."""
    answer = asked_of(RepliesInTurn(DOWN)).ask(ASKED.question)
    extractive = toy_index.ask(ASKED.question)

    assert (answer.text, answer.citations, answer.method) == (
        extractive.text,
        extractive.citations,
        "extractive",
    )
    assert answer.trace.warnings == (
        "The model gave no answer, so this one is extractive: the server cannot be reached.",
    )


def test_without_calls_nobody_is_asked(asked_of):
    """max_model_calls = 0 is the extractive answer, with a warning."""
    generator = RepliesInTurn()
    answer = asked_of(generator, max_model_calls=0).ask(ASKED.question)

    assert (generator.requests, answer.method, answer.usage) == ([], "extractive", Usage())
    assert "budget of 0 calls" in answer.trace.warnings[0]


class Birth(BaseModel):
    """Who was born where."""

    person: str
    town: str = Field(max_length=20)


def in_birth(**data):
    return lambda request: {**reply(request), "data": data}


def test_a_pydantic_model_comes_back_filled_and_cited(asked_of):
    """`data` is an instance of the class; the citations are there as ever."""
    generator = RepliesInTurn(in_birth(person="Luigi Menabrea", town="Chambéry"))
    answer = asked_of(generator).ask(ASKED.question, schema=Birth)

    assert answer.data == Birth(person="Luigi Menabrea", town="Chambéry")
    assert [cited.sentence for cited in answer.citations] == [TRANSLATED, BORN]
    assert generator.requests[0].schema["$defs"]["answer_data"]["required"] == ["person", "town"]


def test_data_that_the_class_refuses_is_an_error_that_names_the_field(asked_of):
    """What does not fit is not handed out half."""
    memory = asked_of(RepliesInTurn(in_birth(person="Luigi", town="x" * 21)))

    with pytest.raises(UnreadableOutput, match=r"does not fit Birth: town"):
        memory.ask(ASKED.question, schema=Birth)


def test_an_outage_is_an_error_where_a_shape_was_asked_for(asked_of):
    """The extractive answer has no shape."""
    with pytest.raises(ModelUnavailable):
        asked_of(RepliesInTurn(DOWN)).ask(ASKED.question, schema=Birth)


def test_a_shape_needs_a_model(toy_index):
    """The extractive answerer cannot fill one, and says what can."""
    with pytest.raises(SettingsError, match=r"models\.answerer"):
        toy_index.ask(ASKED.question, schema=Birth)


@pytest.mark.parametrize("schema", [dict, {}, {"title": "x"}, "town", 7])
def test_what_is_no_shape_is_told(asked_of, schema):
    """Neither another class nor any mapping is a schema."""
    with pytest.raises(SettingsError, match="pydantic model class or a JSON schema"):
        asked_of(RepliesInTurn()).ask(ASKED.question, schema=schema)


def test_reasoning_leads_to_passages_the_question_does_not(asked_of):
    """IRCoT in front of the answer: the thought is searched for, shown in the trace, and its cost is counted."""
    generator = RepliesInTurn(
        {"thought": "The Fontaine des Éléphants stands in Chambéry.", "has_answer": False},
        {"thought": "Menabrea was born in Chambéry.", "has_answer": True},
        reply,
    )
    answer = asked_of(generator, loop="ircot").ask(ASKED.question)

    assert answer.trace.queries == ("The Fontaine des Éléphants stands in Chambéry.",)
    assert answer.span == "Chambéry"
    assert answer.usage.llm_calls == 3


def test_a_loop_leaves_the_last_call_to_the_answer(asked_of):
    """Two calls are allowed: one thought, one answer, and the trace says that reasoning was cut short."""
    generator = RepliesInTurn(
        *({"thought": f"Thought {word}.", "has_answer": False} for word in "a"), reply, DOWN
    )
    answer = asked_of(generator, loop="ircot", max_model_calls=2, max_hops=9).ask(ASKED.question)

    assert (answer.method, answer.usage.llm_calls) == ("llm", 2)
    assert answer.trace.warnings == ("Reasoning stopped early: The budget of 1 calls is spent.",)


def test_a_loop_that_fails_still_answers(asked_of):
    """The thought could not be had; the question's own passages are answered from."""
    answer = asked_of(RepliesInTurn(DOWN, reply), loop="refine").ask(ASKED.question)

    assert answer.method == "llm"
    assert answer.trace.warnings == ("Searching stopped, as a call failed: the server cannot be reached.",)


# ------------------------------------------------------------------------------------------ over a server


def served(**more):
    return ModelServer(reply=lambda body: json.dumps(cited_answer(messages_text(body), **more)))


def test_a_server_streams_a_cited_answer(asked_of):
    """Through the real client: sentences as they come, tokens counted, the same answer as in one piece."""
    pytest.importorskip("openai", reason="the extra llm is not installed")
    with served() as server:
        generator = OpenAIGenerator(server.settings(prompt_price=1_000_000, completion_price=1_000_000))
        try:
            memory = asked_of(generator)
            *sentences, streamed = memory.ask_stream(ASKED.question)
            whole = memory.ask(ASKED.question)
        finally:
            generator.close()

    assert [each.text for each in sentences] == [
        "The article was Luigi Menabrea's.",
        "He was born in Chambéry.",
    ]
    assert (streamed.text, streamed.citations) == (whole.text, whole.citations)
    assert streamed.usage.llm_calls == whole.usage.llm_calls == 1
    assert streamed.usage.prompt_tokens == whole.usage.prompt_tokens > 0
    assert whole.usage.cost == whole.usage.prompt_tokens + whole.usage.completion_tokens


@pytest.fixture
def command_line(environment_without_a_model, tmp_path, monkeypatch, toy_index):
    """Runs `hippograph ask` on the toy world against a model server."""
    pytest.importorskip("openai", reason="the extra llm is not installed")
    folder = toy_index.status().folder

    def run(server, *arguments):
        monkeypatch.setenv("HIPPOGRAPH_MODELS__GENERATOR", "openai")
        monkeypatch.setenv("HIPPOGRAPH_GENERATOR__BASE_URL", server.base_url)
        monkeypatch.setenv("HIPPOGRAPH_GENERATOR__MODEL", server.model)
        return CliRunner().invoke(app, ["ask", ASKED.question, "--index", folder, *arguments])

    return run


def test_the_command_line_asks_another_answerer(command_line):
    """`--answerer llm` for one question, whatever the index was made with."""
    with served() as server:
        told = command_line(server, "--answerer", "llm", "--json")
        plain = command_line(server, "--json")

    answer = json.loads(told.stdout)
    assert (answer["method"], answer["span"], answer["usage"]["llm_calls"]) == ("llm", "Chambéry", 1)
    assert [each["citations"] for each in answer["sentences"]] == [[0], [1]]
    assert answer["sentences"][0]["quotes"][0]["text"] == "translated an article by Luigi Menabrea"
    assert json.loads(plain.stdout)["method"] == "extractive"


def test_the_command_line_streams(command_line):
    """Sentences with their numbers first, then the sources they rest on and what it took."""
    with served() as server:
        told = command_line(server, "--answerer", "llm", "--stream")

    lines = told.stdout.splitlines()
    assert lines[:2] == ["The article was Luigi Menabrea's. [1]", "He was born in Chambéry. [2]"]
    assert f" [2] {BORN}" in lines
    assert "1 model call" in " ".join(lines[-2:])


def test_the_command_line_fills_a_shape_from_a_file(command_line, tmp_path):
    """The schema is a file of JSON; the data are on the screen and in the JSON document."""
    file = tmp_path / "town.json"
    file.write_text(json.dumps({"type": "object", "properties": {"town": {"type": "string"}}}), "utf-8")
    with served(data={"town": "Chambéry"}) as server:
        told = command_line(server, "--answerer", "llm", "--schema", str(file), "--json")
        shown = command_line(server, "--answerer", "llm", "--schema", str(file))

    assert json.loads(told.stdout)["data"] == {"town": "Chambéry"}
    assert '"town": "Chambéry"' in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["--answerer", "shiny"], 2, "answerer 'shiny' is unknown"),
        (["--schema", "nowhere.json"], 2, "cannot be read"),
        (["--stream", "--json"], 2, "--schema the answer comes in"),
        (["--schema", "list.json"], 2, "no JSON schema"),
        (["--schema", "town.json"], 2, "models.answerer"),
        (["--schema", "odd.json", "--answerer", "llm"], 1, "JSON schema is wrong"),
    ],
)
def test_wrong_calls_are_told_in_a_sentence(command_line, tmp_path, arguments, exit_code, words):
    """What is wrong, and exit code 2 where it is seen before the work begins."""
    (tmp_path / "list.json").write_text("[]", "utf-8")
    (tmp_path / "town.json").write_text('{"type": "object"}', "utf-8")
    (tmp_path / "odd.json").write_text('{"type": "town"}', "utf-8")
    with served() as server:
        told = command_line(server, *arguments)

    assert told.exit_code == exit_code
    assert words in " ".join(told.output.split())


def test_no_model_at_all_is_told(environment_without_a_model, toy_index):
    """`--answerer llm` without a generator names the setting."""
    told = CliRunner().invoke(
        app, ["ask", ASKED.question, "--index", toy_index.status().folder, "--answerer", "llm"]
    )

    assert told.exit_code == 2
    assert "models.generator" in told.output
