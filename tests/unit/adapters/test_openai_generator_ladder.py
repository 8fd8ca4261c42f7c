"""Servers differ in how they take JSON and parameters: what one refuses is put another way, and remembered."""

import pytest

from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.adapters.openai_generator.dialect import Dialect, KnownDialect, Rung, first_dialect
from hippograph.adapters.openai_generator.schema_check import fits_strict_mode
from hippograph.errors import ModelRefused
from hippograph.types import Message, ModelRequest
from tests.model_server import ModelServer
from tests.recorded_replies import schema_of

pytest.importorskip("openai")

SCHEMA = {
    "type": "object",
    "properties": {"town": {"type": "string"}},
    "required": ["town"],
    "additionalProperties": False,
}
MARREN = '{"town": "Marren"}'


def request(number=1, **more):
    return ModelRequest((Message("user", f"Which town has number {number}?"),), "extract", SCHEMA, **more)


def ask_thrice(server, **more):
    """Three requests, one after the other, and the replies."""
    generator = OpenAIGenerator(server.settings())
    replies = [generator.generate(request(number, **more)) for number in range(3)]
    generator.close()
    return replies


def formats(server):
    return [call.body.get("response_format", {}).get("type") for call in server.chats()]


def test_a_server_without_json_schemas_is_asked_for_json_objects():
    """The schema then stands in the prompt, and the first refusal is remembered."""
    with ModelServer(MARREN, formats=frozenset({"text", "json_object"})) as server:
        replies = ask_thrice(server)

    assert [reply.data for reply in replies] == [{"town": "Marren"}] * 3
    assert formats(server) == ["json_schema", "json_object", "json_object", "json_object"]
    assert schema_of({"messages": server.chats()[1].body["messages"]}) == SCHEMA


def test_a_server_without_any_json_is_asked_in_words():
    """Two refusals, once; then every request is put in words alone."""
    with ModelServer(f"Certainly!\n```json\n{MARREN}\n```", formats=frozenset({"text"})) as server:
        replies = ask_thrice(server)

    assert [reply.data for reply in replies] == [{"town": "Marren"}] * 3
    assert all(reply.repaired for reply in replies)
    assert formats(server) == ["json_schema", "json_object", None, None, None]


@pytest.mark.parametrize("name", ["temperature", "max_tokens"])
def test_a_refused_parameter_is_left_out_or_named_anew(name):
    """Newer models refuse the temperature and the older name of the limit; JSON schemas stay."""
    with ModelServer(MARREN, refused_parameters=(name,)) as server:
        ask_thrice(server, max_tokens=50)

    assert len(server.chats()) == 4
    assert all(name not in call.body for call in server.chats()[1:])
    assert all(
        call.body.get("max_tokens", call.body.get("max_completion_tokens")) == 50 for call in server.chats()
    )
    assert set(formats(server)) == {"json_schema"}


def test_several_refusals_are_learned_in_one_request():
    """Temperature, limit and JSON schema: the fourth way is the one that works."""
    with ModelServer(
        MARREN, refused_parameters=("temperature", "max_tokens"), formats=frozenset({"text", "json_object"})
    ) as server:
        ask_thrice(server, max_tokens=50)

    assert len(server.chats()) == 4 + 2


def test_what_is_refused_in_every_way_is_an_error_with_the_first_reason():
    """And nothing is remembered: the next request starts from the top."""
    with ModelServer(MARREN, refused_parameters=("messages",)) as server:
        generator = OpenAIGenerator(server.settings())
        for _ in range(2):
            with pytest.raises(ModelRefused, match="'messages' is not supported"):
                generator.generate(request())
        generator.close()

    assert formats(server) == ["json_schema", "json_object", None] * 2


def test_a_server_that_ignores_the_schema_silently_is_found_out():
    """Five unreadable first replies in a row lead one rung down, where the schema is in the prompt."""

    def ignores_formats(body):
        return MARREN if schema_of({"messages": body["messages"]}) else "It is Marren."

    with ModelServer(ignores_formats) as server:
        generator = OpenAIGenerator(server.settings())
        replies = [generator.generate(request(number)) for number in range(7)]
        generator.close()

    assert [reply.data for reply in replies] == [{"town": "Marren"}] * 7
    assert formats(server) == ["json_schema"] * 9 + ["json_object"] * 3
    assert [reply.usage.llm_calls for reply in replies] == [2, 2, 2, 2, 2, 1, 1]


def test_a_plain_request_has_nothing_of_the_ladder():
    """No format, no schema, and a refusal is a refusal."""
    with ModelServer(refused_parameters=("messages",)) as server:
        generator = OpenAIGenerator(server.settings())
        with pytest.raises(ModelRefused):
            generator.generate(ModelRequest((Message("user", "Which town?"),), "answer"))
        generator.close()

    assert formats(server) == [None]


def test_one_schema_that_a_server_rejects_says_nothing_of_others():
    """Strict mode knows fewer words than JSON schema: it is left out for that request alone."""
    known = KnownDialect(Dialect())
    said = "Invalid schema for response_format 'reply': 'pattern' is not permitted."

    lax = known.current.after_refusal(said, had_schema=True)
    lower = lax.after_refusal(said, had_schema=True)
    known.worked(lower, said)

    assert (lax.rung, lax.is_strict) == (Rung.JSON_SCHEMA, False)
    assert lower.rung is Rung.JSON_OBJECT
    assert known.current == Dialect()


def test_a_good_reply_between_bad_ones_keeps_the_rung():
    """A model that fails now and then is not a server that ignores formats."""
    known = KnownDialect(Dialect())

    for readable in [False] * 4 + [True] + [False] * 4:
        known.read(known.current, readable)

    assert known.current.rung is Rung.JSON_SCHEMA


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://mine.openai.azure.com", "max_completion_tokens"),
        ("http://localhost:11434/v1", "max_tokens"),
        ("https://api.openai.com.example/v1", "max_tokens"),
    ],
)
def test_the_limit_of_tokens_has_the_name_the_server_knows(address, name):
    """A server that does not know a name may ignore it without a word."""
    assert first_dialect(address).limit_name == name


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        (SCHEMA, True),
        ({**SCHEMA, "additionalProperties": True}, False),
        ({**SCHEMA, "required": []}, False),
        ({**SCHEMA, "properties": {"town": {"type": "object", "properties": {}}}}, False),
        ({**SCHEMA, "properties": {"town": {"type": "array", "items": SCHEMA}}}, True),
    ],
)
def test_strict_mode_is_asked_for_only_where_the_schema_allows_it(schema, fits):
    """Every object closed, every property required, all the way down."""
    assert fits_strict_mode(schema) is fits
