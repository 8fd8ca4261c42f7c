"""Rules of every generator: the one behind a server, the scripted twin, each with and without a budget."""

import pytest

from hippograph.adapters.llama_index_llm import LlamaIndexGenerator
from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.budget import Budget, within
from hippograph.errors import ContextTooLong, GenerationError, UnreadableOutput
from hippograph.types import Message, ModelReply, ModelRequest, Usage
from tests.model_server import ModelServer, messages_text

SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}},
    "required": ["number"],
    "additionalProperties": False,
}


def says(text):
    """What the model says: JSON about a number where one is named, sense otherwise, nonsense on demand."""
    if "nonsense" in text:
        return "nonsense, no JSON"
    digits = "".join(character for character in text.splitlines()[0] if character.isdigit())
    return f'{{"number": {digits}}}' if digits else "A reply of several words."


def llama_index_llm():
    """The same model as LlamaIndex would have it."""
    llms = pytest.importorskip("llama_index.core.llms")

    class SaysLLM(llms.CustomLLM):
        @property
        def metadata(self):
            return llms.LLMMetadata(context_window=8192, model_name="says")

        def complete(self, prompt, formatted=False, **kwargs):
            return llms.CompletionResponse(text=says(prompt))

        def stream_complete(self, prompt, formatted=False, **kwargs):
            text = ""
            for number, word in enumerate(says(prompt).split(" ")):
                piece = word if number == 0 else f" {word}"
                text += piece
                yield llms.CompletionResponse(text=text, delta=piece)

    return SaysLLM()


def request(text="Why?", purpose="answer", **more):
    return ModelRequest((Message("system", "Be brief."), Message("user", text)), purpose, **more)


def numbered(number, **more):
    return ModelRequest((Message("user", f"Number {number}"),), "extract", SCHEMA, **more)


KINDS = ["scripted", "openai", "llama_index"]


@pytest.fixture(params=[*KINDS, *(f"{kind} within a budget" for kind in KINDS)])
def generator(request):
    if request.param.startswith("llama_index"):
        made = LlamaIndexGenerator(llama_index_llm())
        yield within(made, Budget(calls=100)) if "budget" in request.param else made
        return
    if request.param.startswith("scripted"):
        made = ScriptedGenerator(lambda asked: says("\n".join(message.content for message in asked.messages)))
        yield within(made, Budget(calls=100)) if "budget" in request.param else made
        return
    pytest.importorskip("openai")
    with ModelServer(lambda body: says(messages_text(body))) as server:
        made = OpenAIGenerator(server.settings())
        yield within(made, Budget(calls=100)) if "budget" in request.param else made
        made.close()


def test_text_is_answered_with_text(generator):
    """Without a schema there is no data, and something was spent."""
    reply = generator.generate(request())

    assert reply.text == "A reply of several words."
    assert reply.data is None
    assert reply.usage.llm_calls == 1
    assert reply.usage.prompt_tokens > 0


def test_a_schema_is_answered_with_data_that_fits(generator):
    """Parsed and checked."""
    assert generator.generate(numbered(42)).data == {"number": 42}


def test_what_cannot_be_read_is_an_error_and_stays_counted(generator):
    """The error is not an empty result."""
    asked = ModelRequest((Message("user", "nonsense"),), "extract", SCHEMA)

    with pytest.raises(UnreadableOutput):
        generator.generate(asked)

    assert generator.usage()["extract"].llm_calls >= 1


def test_many_requests_are_answered_in_their_order_with_errors_in_their_places(generator):
    """From an iterator, of which one request cannot be answered."""
    requests = [numbered(n) for n in range(20)]
    requests[7] = ModelRequest((Message("user", "nonsense"),), "extract", SCHEMA)

    replies = list(generator.generate_many(iter(requests)))

    assert isinstance(replies[7], GenerationError)
    assert [reply.data["number"] for reply in replies if isinstance(reply, ModelReply)] == [
        n for n in range(20) if n != 7
    ]


def test_no_requests_have_no_replies(generator):
    """And cost nothing."""
    assert list(generator.generate_many([])) == []
    assert generator.usage() == {}


def test_a_caller_may_stop_after_the_first_reply(generator):
    """The generator is as good as before."""
    replies = generator.generate_many(numbered(n) for n in range(50))
    first = next(replies)
    replies.close()

    assert first.data == {"number": 0}
    assert generator.generate(numbered(3)).data == {"number": 3}


def test_the_pieces_of_a_stream_are_the_reply(generator):
    """In order, none empty, more than one for several words."""
    pieces = list(generator.stream(request()))

    assert "".join(pieces) == "A reply of several words."
    assert len(pieces) > 1
    assert all(pieces)


def test_usage_adds_up_by_purpose(generator):
    """What replies say of themselves is what the generator says it spent."""
    replies = [generator.generate(request()), generator.generate(request("And how?"))]
    extracted = generator.generate(numbered(1))

    assert generator.usage() == {
        "answer": replies[0].usage + replies[1].usage,
        "extract": extracted.usage,
    }


def test_usage_that_was_asked_for_does_not_change_later(generator):
    """It is a record of that moment."""
    generator.generate(request())
    before = generator.usage()
    kept = dict(before)

    generator.generate(request())

    assert before == kept


def test_a_request_beyond_the_window_is_refused(generator):
    """With the error a caller can act on: take less."""
    text = "word " * generator.context_tokens

    with pytest.raises(ContextTooLong):
        generator.generate(request(text))
    (reply,) = generator.generate_many([request(text)])

    assert isinstance(reply, ContextTooLong)
    assert generator.usage().get("answer", Usage()) == Usage()


def test_tokens_are_counted_near_enough_to_plan_by(generator):
    """Nothing is nothing; more text takes more; a page of English is within a third of four characters a token."""
    page = "Ada Lovelace wrote the notes that made her known in 1843. " * 40

    assert generator.token_count("") == 0
    assert generator.token_count(page) == pytest.approx(len(page) / 4, rel=0.34)
    assert generator.token_count(page + page) > generator.token_count(page)


def test_name_and_fingerprint_are_told(generator):
    """A journal of replies is kept under them."""
    assert generator.name
    assert generator.fingerprint
    assert generator.context_tokens >= 256
