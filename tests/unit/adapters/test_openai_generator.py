"""The generator against a model server on loopback, through the real client."""

import asyncio
import subprocess
import sys
import threading
from itertools import count

import pytest

from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.budget import Budget, within
from hippograph.errors import (
    BudgetSpent,
    ContextTooLong,
    GenerationError,
    ModelUnavailable,
    SettingsError,
    UnreadableOutput,
)
from hippograph.settings import Settings
from hippograph.types import Message, ModelRequest, Usage
from hippograph.wiring import build_generator
from tests.model_server import ModelServer, messages_text
from tests.model_server_faults import Fault, Faults

pytest.importorskip("openai")

SCHEMA = {
    "type": "object",
    "properties": {"entities": {"type": "array", "items": {"type": "string"}}},
    "required": ["entities"],
    "additionalProperties": False,
}
ADA = '{"entities": ["Ada Lovelace", "1843"]}'


def question(text="Which town?", purpose="answer", **more):
    return ModelRequest((Message("user", text),), purpose, **more)


def extraction(text="Ada Lovelace wrote notes in 1843.", **more):
    return question(text, "extract", schema=SCHEMA, **more)


@pytest.fixture
def generator_of():
    """Makes generators and closes them."""
    made = []

    def make(server, **changes):
        made.append(OpenAIGenerator(server.settings(**changes)))
        return made[-1]

    yield make
    for generator in made:
        generator.close()


def test_a_reply_is_what_the_model_wrote_with_what_it_took(generator_of):
    """Text, tokens as the server counts them, and money by the prices of the settings."""
    with ModelServer(reply="In Marren.") as server:
        generator = generator_of(server, prompt_price=1.5, completion_price=6)

        reply = generator.generate(question("In which town was she born?"))

    assert reply.text == "In Marren."
    assert reply.data is None
    assert reply.usage == Usage(1, 6, 2, cost=(6 * 1.5 + 2 * 6) / 1e6)


def test_the_request_is_sent_as_it_is(generator_of):
    """Messages, model, temperature and the limit of tokens reach the server unchanged."""
    turns = (Message("system", "Be brief."), Message("user", "Where?"), Message("assistant", "In M"))
    with ModelServer() as server:
        generator_of(server).generate(ModelRequest(turns, "answer", max_tokens=7, temperature=0.5))

    assert dict(server.chats()[0].body) == {
        "model": "toy-model",
        "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
        "temperature": 0.5,
        "max_tokens": 7,
    }


def test_with_a_schema_the_reply_is_data_that_fits_it(generator_of):
    """The schema is sent, in strict mode where it allows that, and the reply is parsed."""
    with ModelServer(reply=ADA) as server:
        reply = generator_of(server).generate(extraction())

    assert reply.data == {"entities": ["Ada Lovelace", "1843"]}
    assert not reply.repaired
    sent = server.chats()[0].body["response_format"]["json_schema"]
    assert sent["schema"] == SCHEMA
    assert sent["strict"] is True


def test_replies_come_in_the_order_of_their_requests(generator_of):
    """However long each takes: the first of four is the slowest."""

    def slow_first(body):
        if "0" in messages_text(body):
            server.wait(0.2)
        return messages_text(body)

    with ModelServer(reply=slow_first) as server:
        replies = list(generator_of(server).generate_many(question(str(n)) for n in range(4)))
        arrived = [call.text() for call in server.chats()]

    assert [reply.text for reply in replies] == ["0", "1", "2", "3"]
    assert arrived[-1] == "0"


def test_no_more_calls_are_under_way_than_the_limit_and_no_fewer(generator_of):
    """Twelve requests under a limit of three."""
    with ModelServer(latency_seconds=0.03) as server:
        list(generator_of(server, concurrency=3).generate_many(question(str(n)) for n in range(12)))

    assert server.peak == 3


def test_requests_are_taken_only_as_far_ahead_as_the_replies_are(generator_of):
    """A caller that stops after one reply of an endless list has not asked for all of it."""
    with ModelServer() as server:
        numbers = count()
        replies = generator_of(server, concurrency=2).generate_many(question(str(n)) for n in numbers)

        next(replies)
        replies.close()

    assert next(numbers) <= 2 * 8 + 1


def test_an_error_stands_in_its_own_place(generator_of):
    """One request that the model declines leaves its neighbours alone."""

    def declines_b(body):
        return "{}" if "b" in messages_text(body) else ADA

    with ModelServer(reply=declines_b) as server:
        replies = list(
            generator_of(server).generate_many([extraction("a"), extraction("b"), extraction("c")])
        )

    assert [isinstance(reply, GenerationError) for reply in replies] == [False, True, False]


def test_it_works_inside_a_running_loop(generator_of):
    """As in a notebook: the caller's own loop is running while it waits for a reply."""
    with ModelServer(reply="Yes.") as server:
        generator = generator_of(server)

        async def cell():
            return generator.generate(question()).text, list(generator.stream(question()))

        assert asyncio.run(cell()) == ("Yes.", ["Yes."])


def test_many_threads_share_one_generator_and_its_limit(generator_of):
    """Eight threads ask at once, two calls are under way, everything is counted once."""
    with ModelServer(latency_seconds=0.01) as server:
        generator = generator_of(server, concurrency=2)
        threads = [threading.Thread(target=lambda: generator.generate(question())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert server.peak == 2
    assert generator.usage()["answer"].llm_calls == 8


def test_a_stream_gives_the_text_as_it_is_written(generator_of):
    """The first piece is there before the last is written, and the usage is the server's."""
    with ModelServer(reply="She was born in Marren.", piece_seconds=0.05) as server:
        generator = generator_of(server)
        pieces = generator.stream(question())

        first = next(pieces)
        usage_before = dict(generator.usage())
        rest = list(pieces)

    assert usage_before == {}
    assert first + "".join(rest) == "She was born in Marren."
    assert generator.usage() == {"answer": Usage(1, 2, 5)}


def test_who_stops_a_stream_early_pays_for_what_came_by_estimate(generator_of):
    """The call ends, the server's place is free, and one estimated call is counted."""
    with ModelServer(reply="word " * 500, piece_seconds=0.01) as server:
        generator = generator_of(server, concurrency=1)
        pieces = generator.stream(question())
        next(pieces)

        pieces.close()
        after = generator.generate(question(max_tokens=5))

    assert after.text
    assert generator.usage()["answer"].estimated_calls == 1


def test_a_stream_that_breaks_off_says_so_after_what_it_gave(generator_of):
    """Half a reply is never taken for a whole one, and it stays counted."""
    with ModelServer(reply="She was born in Marren.", faults=Faults(script=[Fault.DROPPED])) as server:
        generator = generator_of(server)
        pieces = generator.stream(question())
        given = [next(pieces), next(pieces)]
        with pytest.raises(ModelUnavailable, match="broke off"):
            next(pieces)

    assert given == ["She", " was"]
    assert generator.usage()["answer"].estimated_calls == 1


def test_what_fails_before_the_first_word_of_a_stream_is_tried_again(generator_of):
    """A pause the server asks for, and a refused parameter, are not the caller's business."""
    faults = Faults(script=[Fault.RATE_LIMIT, Fault.SERVER_ERROR])
    with ModelServer(reply="Marren.", faults=faults, refused_parameters=("stream_options",)) as server:
        generator = generator_of(server)

        text = "".join(generator.stream(question()))

    assert text == "Marren."
    assert generator.usage()["answer"].estimated_calls == 1  # no stream_options, no usage


@pytest.mark.parametrize("fault", [Fault.REFUSAL, Fault.EMPTY_CHOICES])
def test_a_stream_without_a_word_is_an_error(generator_of, fault):
    """Nothing is not an answer."""
    with (
        ModelServer(faults=Faults(script=[fault])) as server,
        pytest.raises(UnreadableOutput, match=r"declined|empty"),
    ):
        list(generator_of(server).stream(question()))


def test_usage_is_counted_by_purpose(generator_of):
    """Two questions and one extraction."""
    with ModelServer(reply=ADA) as server:
        generator = generator_of(server)
        generator.generate(question())
        generator.generate(question())
        generator.generate(extraction())

    assert generator.usage()["answer"].llm_calls == 2
    assert generator.usage()["extract"].llm_calls == 1
    assert generator.report()["answer"].seconds_longest >= generator.report()["answer"].seconds_p50 > 0


def test_without_usage_from_the_server_it_is_estimated_and_marked(generator_of):
    """By the generator's own count of tokens."""
    with ModelServer(reply="In Marren.", sends_usage=False) as server:
        generator = generator_of(server, completion_price=1)
        reply = generator.generate(question("Where was she born?"))

    assert reply.usage == Usage(1, 5 + 4, 3, cost=3 / 1e6, estimated_calls=1)


def test_what_an_unreadable_reply_cost_stays_counted(generator_of):
    """Two replies nobody can read: an error, and both are paid for."""
    with ModelServer(reply="I would rather talk about cats.") as server:
        generator = generator_of(server)
        with pytest.raises(UnreadableOutput, match="holds no JSON object"):
            generator.generate(extraction())

    assert generator.usage()["extract"].llm_calls == len(server.chats()) == 2
    assert generator.report()["extract"].events == {"asked_again": 1, "unreadable": 1}


def test_a_request_beyond_the_window_is_refused_before_it_is_sent(generator_of):
    """Some servers cut a long request without a word."""
    with ModelServer() as server:
        generator = generator_of(server, context_tokens=256)
        with pytest.raises(ContextTooLong, match="window of 256"):
            generator.generate(question("word " * 400))
        with pytest.raises(ContextTooLong, match="window of 256"):
            generator.stream(question("short", max_tokens=300))

    assert server.chats() == []


def test_a_budget_of_calls_lets_no_more_through(generator_of):
    """Five of eight, though all eight start at once; the rest say why."""
    with ModelServer(latency_seconds=0.02) as server:
        generator = within(generator_of(server), Budget(calls=5))
        replies = list(generator.generate_many(question(str(n)) for n in range(8)))

    assert len(server.chats()) == 5
    assert sum(isinstance(reply, BudgetSpent) for reply in replies) == 3


def test_a_budget_counts_repetitions_too(generator_of):
    """A reply that has to be asked for again is two calls: with one allowed, the second is not made."""
    with ModelServer(reply="no JSON") as server:
        generator = within(generator_of(server), Budget(calls=1))
        with pytest.raises(UnreadableOutput):
            generator.generate(extraction())

    assert len(server.chats()) == 1


def test_calls_that_are_not_paid_for_are_given_back_to_the_budget(generator_of):
    """Two failures on the way and one reply are one call."""
    faults = Faults(script=[Fault.RATE_LIMIT, Fault.SERVER_ERROR])
    with ModelServer(faults=faults) as server:
        budget = Budget(calls=1)
        within(generator_of(server), budget).generate(question())

    assert budget.spent().llm_calls == 1
    assert len(server.chats()) == 3


def test_a_budget_of_nothing_asks_nothing(generator_of):
    """Zero tokens, zero calls, zero money at a price, zero seconds."""
    budgets = [Budget(calls=0), Budget(tokens=0), Budget(money=0), Budget(seconds=0)]
    with ModelServer() as server:
        for budget in budgets:
            generator = within(generator_of(server, prompt_price=1), budget)
            with pytest.raises(BudgetSpent):
                generator.generate(question())
            with pytest.raises(BudgetSpent):
                list(generator.stream(question()))

    assert server.chats() == []


def test_a_deadline_ends_a_call_that_is_under_way(generator_of):
    """The server would answer after five seconds, the budget has a tenth of one."""
    with ModelServer() as server:
        generator = generator_of(server)
        generator.generate(question())  # so that importing the package is done
        server.latency_seconds = 5
        with pytest.raises(BudgetSpent, match="time allowed"):
            within(generator, Budget(seconds=0.1)).generate(question())
        with pytest.raises(BudgetSpent, match="time allowed"):
            list(within(generator, Budget(seconds=0.1)).stream(question()))


def test_a_closed_generator_opens_again(generator_of):
    """Closing gives the connections back; counts stay."""
    with ModelServer() as server:
        generator = generator_of(server)
        generator.generate(question())
        generator.close()

        generator.generate(question())

    assert generator.usage()["answer"].llm_calls == 2


def test_settings_choose_the_generator():
    """None by default, the one behind a server by its name, any other by its place."""
    server = {"base_url": "http://localhost:1/v1", "model": "toy-model"}

    assert build_generator(Settings()) is None
    assert build_generator(Settings(models={"generator": "openai"}, generator=server)).name == "toy-model"
    with pytest.raises(SettingsError, match="Known are none, openai"):
        build_generator(Settings(models={"generator": "shiny"}))


def test_a_process_ends_quietly_with_calls_under_way():
    """No complaint of an unfinished task, and no waiting for the server."""
    with ModelServer(latency_seconds=60) as server:
        program = f"""
import hippograph.types as t
from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.settings import GeneratorSettings
generator = OpenAIGenerator(GeneratorSettings(base_url={server.base_url!r}, model="toy-model"))
request = t.ModelRequest((t.Message("user", "?"),), "answer")
generator._loop.submit(generator._reply(request))
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")


def test_openai_is_imported_at_the_first_call_only():
    """It takes a second, which a command that asks no model should not pay."""
    program = """
import sys
from hippograph.settings import GeneratorSettings
from hippograph.adapters.openai_generator import OpenAIGenerator
OpenAIGenerator(GeneratorSettings(base_url="http://localhost:1/v1", model="m"))
print([name for name in ("openai", "jsonschema", "json_repair") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)

    assert done.stdout.strip() == "[]", done.stderr
