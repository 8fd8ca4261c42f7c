"""What goes wrong with a model server, and the one sentence that says what to do."""

import json
import socket
from datetime import UTC, datetime

import pytest
from pytest_httpserver import HTTPServer

from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.adapters.openai_generator.failures import retry_after
from hippograph.errors import (
    ContextTooLong,
    GenerationError,
    MissingExtra,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    SettingsError,
    UnreadableOutput,
)
from hippograph.settings import GeneratorSettings
from hippograph.types import Message, ModelRequest
from tests.model_server import ModelServer
from tests.model_server_faults import Fault, Faults

pytest.importorskip("openai")

SCHEMA = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
QUESTION = ModelRequest((Message("user", "In which town?"),), "answer")
ASKED_FOR_JSON = ModelRequest((Message("user", "In which town?"),), "extract", SCHEMA)
MARREN = '{"town": "Marren"}'


def ask(server, request=QUESTION, **changes):
    """The reply or the error of one request."""
    generator = OpenAIGenerator(server.settings(**changes))
    (reply,) = generator.generate_many([request])
    generator.close()
    return reply


@pytest.fixture
def answered_with():
    """Asks a server whose every answer to a chat is the one given."""
    with HTTPServer() as server:

        def ask_it(content, status=200, headers=None, kind="application/json", request=QUESTION):
            server.clear()
            body = content if isinstance(content, str) else json.dumps(content)
            server.expect_request("/v1/chat/completions").respond_with_data(
                body, status, headers, content_type=kind
            )
            settings = GeneratorSettings(base_url=server.url_for("/v1"), model="m", max_retries=0)
            generator = OpenAIGenerator(settings)
            (reply,) = generator.generate_many([request])
            generator.close()
            return reply

        yield ask_it


@pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.TIME_OUT, Fault.DROPPED])
def test_what_fails_on_the_way_is_sent_again(fault):
    """A pause, an error of the server, silence and half an answer end in the reply all the same."""
    with ModelServer(MARREN, faults=Faults(script=[fault]), stall_seconds=1) as server:
        reply = ask(server, ASKED_FOR_JSON, timeout_seconds=0.3)

    assert reply.data == {"town": "Marren"}
    assert [call.fault for call in server.chats()] == [fault, None]


def test_it_is_sent_again_only_so_often():
    """Two repetitions are allowed and the server fails three times."""
    with ModelServer(faults=Faults(script=[Fault.SERVER_ERROR] * 9)) as server:
        error = ask(server, max_retries=2)

    assert isinstance(error, ModelUnavailable)
    assert len(server.chats()) == 3


def test_a_rate_limit_that_lasts_says_for_how_long():
    """The error carries the pause the server asked for."""
    faults = Faults(script=[Fault.RATE_LIMIT] * 2, retry_after_seconds=0.25)
    with ModelServer(faults=faults) as server:
        error = ask(server, max_retries=1)

    assert isinstance(error, RateLimited)
    assert error.retry_after == 0.25


def test_a_longer_pause_than_allowed_is_left_to_the_caller():
    """A server that wants an hour is not waited for."""
    with ModelServer(faults=Faults(script=[Fault.RATE_LIMIT], retry_after_seconds=3600)) as server:
        error = ask(server)

    assert isinstance(error, RateLimited)
    assert error.retry_after == 3600
    assert len(server.chats()) == 1


def test_a_lost_answer_may_be_paid_for_and_a_refused_one_is_not():
    """Silence is counted by estimate; a 500 and a 429 cost nothing."""
    faults = Faults(script=[Fault.TIME_OUT, Fault.SERVER_ERROR, Fault.RATE_LIMIT])
    with ModelServer(faults=faults, stall_seconds=1) as server:
        generator = OpenAIGenerator(server.settings(timeout_seconds=0.3))
        generator.generate(QUESTION)
        generator.close()

    usage = generator.usage()["answer"]
    assert (usage.llm_calls, usage.estimated_calls) == (2, 1)


def test_a_server_that_is_not_there_is_named():
    """The sentence says the address and what to look at; nobody waits long for it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        generator = OpenAIGenerator(GeneratorSettings(base_url=address, model="m", max_retries=0))
        with pytest.raises(ModelUnavailable, match="cannot be reached") as caught:
            generator.generate(QUESTION)

    assert address in str(caught.value)
    assert "base_url" in str(caught.value)
    assert generator.usage() == {}


def test_a_wrong_key_is_told_with_where_it_comes_from(monkeypatch):
    """The sentence names the settings, and the call is not repeated."""
    monkeypatch.setenv("TOY_KEY", "not-the-key")
    with ModelServer(key="the-key") as server:
        error = ask(server, key_env="TOY_KEY")

    assert isinstance(error, ModelRefused)
    assert server.base_url in str(error)
    assert "generator.key_env" in str(error)
    assert len(server.chats()) == 1


def test_a_server_that_wants_a_key_says_where_to_put_it():
    """No key was set, because most local servers need none."""
    with ModelServer(key="the-key") as server:
        error = ask(server)

    assert isinstance(error, ModelRefused)
    assert "wants a key" in str(error)


def test_a_right_key_is_taken_from_the_environment_or_a_file(monkeypatch, tmp_path):
    """With the line's end that editors leave in files."""
    monkeypatch.setenv("TOY_KEY", "the-key")
    (tmp_path / "key").write_text("the-key\n")
    with ModelServer(key="the-key") as server:
        by_name = ask(server, key_env="TOY_KEY")
        by_file = ask(server, key_file=tmp_path / "key")

    assert (by_name.text, by_file.text) == ("Yes.", "Yes.")


def test_an_unknown_model_is_named():
    """With the server that does not have it."""
    with ModelServer(model="small-model") as server:
        error = ask(server, model="large-model")

    assert isinstance(error, ModelRefused)
    assert "'large-model'" in str(error)
    assert server.base_url in str(error)


def test_a_server_of_another_protocol_is_recognised():
    """A web page is not a reply, and asking again would not help."""
    with ModelServer(is_compatible=False) as server:
        error = ask(server, max_retries=3)

    assert isinstance(error, ModelRefused)
    assert "generator.base_url" in str(error)
    assert "/v1" in str(error)


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        ("<h1>404</h1>", 404, "text/html"),
        ({"detail": "Not Found"}, 404, "application/json"),
        ({"message": "Hello"}, 200, "application/json"),
        ([1, 2], 200, "application/json"),
        ("", 200, "text/plain"),
        ({"choices": "none"}, 200, "application/json"),
    ],
)
def test_whatever_else_answers_there_is_no_model_server(answered_with, content, status, kind):
    """A wrong path, another service, nothing at all."""
    error = answered_with(content, status, kind=kind)

    assert isinstance(error, ModelRefused)
    assert "does not answer as OpenAI's" in str(error)


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
        "the request exceeds the available context size, try increasing it",
        "Input is too long for requested model: prompt is too long",
        "Please reduce the length of the messages or completion.",
    ],
)
def test_a_request_beyond_the_servers_window_is_told_apart(answered_with, said):
    """In the words of several servers."""
    error = answered_with({"error": {"message": said}}, 400, request=ASKED_FOR_JSON)

    assert isinstance(error, ContextTooLong)


def test_an_account_without_quota_is_refused_rather_than_waited_for(answered_with):
    """OpenAI sends 429 for both."""
    error = answered_with(
        {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}, 429
    )

    assert isinstance(error, ModelRefused)
    assert "billing" in str(error)


def test_a_filter_that_declines_a_prompt_is_about_that_prompt(answered_with):
    """Azure says so with status 400; the model reads the next one."""
    error = answered_with(
        {"error": {"message": "The response was filtered", "code": "content_filter", "status": 400}}, 400
    )

    assert isinstance(error, UnreadableOutput)
    assert "declines the request: The response was filtered" in str(error)


def test_an_error_inside_a_good_status_is_an_error(answered_with):
    """Some routers answer 200 and put the error of the server behind them into the body."""
    error = answered_with({"error": {"message": "upstream overloaded", "code": 502}})

    assert isinstance(error, ModelUnavailable)
    assert "upstream overloaded" in str(error)


@pytest.mark.parametrize("fault", [Fault.FENCED, Fault.PROSE])
def test_what_stands_around_the_json_is_left_out(fault):
    """And the reply is marked as repaired."""
    with ModelServer(MARREN, faults=Faults(script=[fault])) as server:
        reply = ask(server, ASKED_FOR_JSON)

    assert reply.data == {"town": "Marren"}
    assert reply.repaired
    assert len(server.chats()) == 1


@pytest.mark.parametrize(
    "fault", [Fault.TRUNCATED, Fault.WRONG_SCHEMA, Fault.DUPLICATE_KEYS, Fault.EMPTY_CHOICES]
)
def test_what_cannot_be_read_is_asked_for_once_more(fault):
    """Both calls are counted in the reply's usage."""
    with ModelServer(MARREN, faults=Faults(script=[fault])) as server:
        reply = ask(server, ASKED_FOR_JSON)

    assert reply.data == {"town": "Marren"}
    assert reply.usage.llm_calls == 2


@pytest.mark.parametrize(
    "fault", [Fault.TRUNCATED, Fault.WRONG_SCHEMA, Fault.DUPLICATE_KEYS, Fault.EMPTY_CHOICES]
)
def test_what_cannot_be_read_twice_is_an_error(fault):
    """It is not asked for a third time."""
    with ModelServer(MARREN, faults=Faults(script=[fault] * 9)) as server:
        error = ask(server, ASKED_FOR_JSON)

    assert isinstance(error, UnreadableOutput)
    assert len(server.chats()) == 2


def test_the_model_is_told_what_was_wrong_with_its_reply():
    """Its own words and the reason stand in the second request."""
    with ModelServer(MARREN, faults=Faults(script=[Fault.WRONG_SCHEMA])) as server:
        ask(server, ASKED_FOR_JSON)

    roles = [message["role"] for message in server.chats()[1].body["messages"]]
    said = server.chats()[1].text()
    assert roles == ["user", "assistant", "user"]
    assert '{"result": {"ok": true}}' in said
    assert "'town' is a required property" in said


@pytest.mark.parametrize(("fault", "words"), [(Fault.REFUSAL, "declined"), (Fault.CUT_OFF, "cut off")])
def test_what_would_come_again_is_not_asked_for_again(fault, words):
    """A refusal stays one, and a reply that was too long stays too long."""
    with ModelServer(MARREN, faults=Faults(script=[fault])) as server:
        error = ask(server, ASKED_FOR_JSON)

    assert isinstance(error, UnreadableOutput)
    assert words in str(error)
    assert len(server.chats()) == 1


def test_numbers_where_strings_belong_are_written_as_strings():
    """Nothing is lost by it, and the reply is marked as repaired."""
    with ModelServer('{"town": 1843}') as server:
        reply = ask(server, ASKED_FOR_JSON)

    assert reply.data == {"town": "1843"}
    assert reply.repaired


def test_a_schema_that_is_none_is_refused_before_anything_is_sent():
    """It is the caller's mistake."""
    wrong = ModelRequest((Message("user", "?"),), "extract", {"type": "nonsense"})
    with ModelServer() as server:
        error = ask(server, wrong)

    assert isinstance(error, ModelRefused)
    assert "schema" in str(error)
    assert server.chats() == []


def test_every_fault_ends_in_a_reply_or_an_error_of_ours():
    """A hundred requests to a server of which a third of the answers go wrong: one outcome each."""
    requests = [
        ModelRequest((Message("user", f"Which town is number {n}?"),), "extract", SCHEMA) for n in range(100)
    ]
    with ModelServer(MARREN, faults=Faults(0.33, seed=7)) as server:
        generator = OpenAIGenerator(server.settings(concurrency=16))
        replies = list(generator.generate_many(requests))
        generator.close()

    assert len(replies) == 100
    errors = [reply for reply in replies if isinstance(reply, GenerationError)]
    assert all(reply.data == {"town": "Marren"} for reply in replies if reply not in errors)
    assert all(isinstance(error, UnreadableOutput) for error in errors)
    assert 0 < len(errors) < 20
    seen = {call.fault for call in server.chats()}
    assert len(seen) == len(server.faults.kinds) + 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "150", "retry-after": "1"}, 0.15),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_the_pause_is_read_in_every_form_servers_send(headers, seconds):
    """Milliseconds, seconds, or a date."""
    assert retry_after(headers, datetime(2026, 11, 21, 12, 0, tzinfo=UTC)) == seconds


def test_a_model_must_be_named():
    """There is no default that every server has."""
    with pytest.raises(SettingsError, match=r"generator\.model"):
        OpenAIGenerator(GeneratorSettings(base_url="http://localhost:1/v1"))


def test_a_missing_package_is_told_with_its_extra(monkeypatch):
    """Before anything is asked."""
    monkeypatch.setattr("hippograph.adapters.openai_generator.server.find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match=r"hippograph\[llm\]"):
        OpenAIGenerator(GeneratorSettings(base_url="http://localhost:1/v1", model="m"))
