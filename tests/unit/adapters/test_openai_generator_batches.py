"""The Batch API: requests by name go in, replies by name come out, also in another process and days later."""

import json

import pytest

from hippograph.adapters.openai_generator import OpenAIGenerator, batch_api
from hippograph.errors import ContextTooLong, ModelRefused, ModelUnavailable, UnreadableOutput
from hippograph.types import Message, ModelRequest, Usage
from tests.model_server import ModelServer, messages_text
from tests.model_server_faults import Fault, Faults

pytest.importorskip("openai")

SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}},
    "required": ["number"],
    "additionalProperties": False,
}


def requests(count):
    return {
        f"n{number}": ModelRequest((Message("user", f"Number {number}"),), "extract", SCHEMA, max_tokens=20)
        for number in range(count)
    }


def number_of(body):
    return json.dumps({"number": int(messages_text(body).split()[-1])})


@pytest.fixture
def server():
    with ModelServer(number_of) as running:
        yield running


@pytest.fixture
def batches_of():
    """Batch APIs of generators that are closed in the end."""
    made = []

    def make(server, **changes):
        made.append(OpenAIGenerator(server.settings(**changes)))
        return made[-1], made[-1].batch_api()

    yield make
    for generator in made:
        generator.close()


def test_every_request_is_answered_under_its_name(server, batches_of):
    """Whatever the order in which the server gives the results."""
    asked = requests(5)
    _, batches = batches_of(server)

    (batch,) = batches.submit(asked)
    states = [batches.state(batch).state, batches.state(batch).state]
    replies = dict(batches.collect(batch, asked))

    assert states == ["in_progress", "completed"]
    assert {name: reply.data["number"] for name, reply in replies.items()} == {f"n{n}": n for n in range(5)}
    assert batches.state(batch).answered == 5
    assert batches.state(batch).has_ended


def test_a_batch_asks_what_single_calls_ask(server, batches_of):
    """The same body, to the same endpoint."""
    asked = requests(1)
    generator, batches = batches_of(server)
    generator.generate(asked["n0"])

    batches.submit(asked)

    (line,) = next(iter(server.batches.files.values())).splitlines()
    row = json.loads(line)
    assert row["custom_id"] == "n0"
    assert (row["method"], row["url"]) == ("POST", "/v1/chat/completions")
    assert row["body"] == server.chats()[0].body


def test_a_batch_costs_half(server, batches_of):
    """Tokens are counted in full, money by half, under the purpose of the request."""
    asked = requests(2)
    generator, batches = batches_of(server, prompt_price=10, completion_price=30)
    (batch,) = batches.submit(asked)
    batches.state(batch)

    replies = dict(batches.collect(batch, asked))

    assert replies["n0"].usage == Usage(1, 2, 2, cost=(2 * 10 + 2 * 30) / 1e6 / 2)
    assert generator.usage() == {"extract": replies["n0"].usage + replies["n1"].usage}


def test_another_process_collects_what_was_submitted(server, batches_of):
    """It needs the id of the batch and the requests."""
    asked = requests(3)
    (batch,) = batches_of(server)[1].submit(asked)
    _, later = batches_of(server)
    later.state(batch)

    assert len(dict(later.collect(batch, asked))) == 3


def test_a_batch_that_is_not_done_says_so(server, batches_of):
    """It can be asked again later."""
    _, batches = batches_of(server)
    (batch,) = batches.submit(requests(1))

    with pytest.raises(ModelUnavailable, match="in_progress"):
        list(batches.collect(batch, requests(1)))


def test_what_failed_in_a_batch_is_told_apart(server, batches_of):
    """An error of the server, a reply nobody can read, a request that is too long; the rest is good."""
    server.context_tokens = 5
    asked = requests(4)
    asked["n3"] = ModelRequest((Message("user", "one two three four five six 3"),), "extract", SCHEMA)
    server.batches.failing = frozenset({"n0"})
    server.reply = lambda body: "nonsense" if "Number 1" in messages_text(body) else number_of(body)
    generator, batches = batches_of(server)
    (batch,) = batches.submit(asked)
    batches.state(batch)

    replies = dict(batches.collect(batch, asked))

    assert isinstance(replies["n0"], ModelUnavailable)
    assert isinstance(replies["n1"], UnreadableOutput)
    assert replies["n2"].data == {"number": 2}
    assert isinstance(replies["n3"], ContextTooLong)
    assert generator.usage()["extract"].llm_calls == 2  # the unreadable one was paid for


def test_requests_without_an_answer_are_not_lost(server, batches_of):
    """A batch that was cancelled, or expired, leaves them to be handed in again."""
    asked = requests(2)
    _, batches = batches_of(server)
    (batch,) = batches.submit(asked)
    batches.cancel(batch)

    replies = dict(batches.collect(batch, asked))

    assert sorted(replies) == ["n0", "n1"]
    assert all(isinstance(reply, ModelUnavailable) and reply.retryable for reply in replies.values())


def test_many_requests_go_into_several_files(server, batches_of, monkeypatch):
    """As many as the limits of a file, by number and by size, make necessary."""
    monkeypatch.setattr(batch_api, "MOST_REQUESTS", 4)
    _, batches = batches_of(server)

    by_number = batches.submit(requests(10))
    monkeypatch.setattr(batch_api, "MOST_BYTES", 700)
    by_size = batches.submit(requests(3))

    sizes = [len(content) for content in server.batches.files.values()]
    assert len(by_number) == 3
    assert len(by_size) == 3 if max(sizes[3:]) > 350 else 2
    assert max(sizes[3:]) <= 700


def test_nothing_is_submitted_of_nothing(server, batches_of):
    """No file, no batch."""
    assert batches_of(server)[1].submit({}) == []
    assert server.batches.files == {}


def test_a_server_without_batches_is_told_in_a_sentence(server, batches_of):
    """As most local ones are."""
    _, batches = batches_of(server)

    with pytest.raises(ModelRefused, match="no Batch API"):
        batches.state("batch_99")


def test_single_calls_are_as_good_after_a_fault_as_batches(server, batches_of):
    """The two ways share connections and counts."""
    server.faults = Faults(script=[Fault.SERVER_ERROR])
    generator, batches = batches_of(server)
    asked = requests(1)
    (batch,) = batches.submit(asked)
    batches.state(batch)

    dict(batches.collect(batch, asked))
    generator.generate(asked["n0"])

    assert generator.usage()["extract"].llm_calls == 2
