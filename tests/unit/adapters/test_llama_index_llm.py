"""LlamaIndex LLMs as generators; that they keep the rules of all generators is held by the contract."""

from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    CustomLLM,
    LLMMetadata,
)

from hippograph.adapters.llama_index_llm import LlamaIndexGenerator
from hippograph.adapters.openai_generator.accounting import Prices
from hippograph.errors import ContextTooLong, ModelRefused, ModelUnavailable, RateLimited, UnreadableOutput
from hippograph.types import Message, ModelRequest, Usage

SCHEMA = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}


class ToyLLM(CustomLLM):
    """Says what it is told to say, or raises it, and keeps what it was sent."""

    says: Any = "Marren."
    raw: Any = None
    seen: list = []  # noqa: RUF012

    @property
    def metadata(self):
        return LLMMetadata(context_window=1000, model_name="toy-llm")

    def complete(self, prompt, formatted=False, **kwargs):
        return CompletionResponse(text="")

    def stream_complete(self, prompt, formatted=False, **kwargs):
        yield CompletionResponse(text="")

    def chat(self, messages, **kwargs):
        self.seen.append(([(message.role.value, message.content) for message in messages], kwargs))
        said = self.says.pop(0) if isinstance(self.says, list) else self.says
        if isinstance(said, Exception):
            raise said
        return ChatResponse(message=ChatMessage(role="assistant", content=said), raw=self.raw)

    def stream_chat(self, messages, **kwargs):
        text = ""
        for word in self.says.split(" "):
            text += word
            yield ChatResponse(message=ChatMessage(role="assistant", content=text), delta=word, raw=self.raw)


def request(**more):
    turns = (Message("system", "Be brief."), Message("user", "Which town?"))
    return ModelRequest(turns, "answer", **more)


def test_messages_and_the_limit_of_tokens_reach_the_llm():
    """In LlamaIndex's own form."""
    llm = ToyLLM(seen=[])

    reply = LlamaIndexGenerator(llm).generate(request(max_tokens=9))

    assert reply.text == "Marren."
    assert llm.seen == [([("system", "Be brief."), ("user", "Which town?")], {"max_tokens": 9})]


def test_usage_is_what_the_vendor_tells_or_an_estimate():
    """With money by the prices given."""
    told = ToyLLM(raw={"usage": {"prompt_tokens": 100, "completion_tokens": 10}})

    by_vendor = LlamaIndexGenerator(told, prices=Prices(1, 10)).generate(request()).usage
    by_estimate = LlamaIndexGenerator(ToyLLM()).generate(request()).usage

    assert by_vendor == Usage(1, 100, 10, cost=200 / 1e6)
    assert by_estimate == Usage(1, 3 + 4 + 3 + 4, 2, estimated_calls=1)


def test_json_is_asked_for_in_words_and_asked_for_again():
    """The schema stands in the prompt; both calls are in the reply's usage."""
    llm = ToyLLM(says=["It is Marren.", 'Sure: {"town": "Marren"}'], seen=[])

    reply = LlamaIndexGenerator(llm).generate(request(schema=SCHEMA))

    assert reply.data == {"town": "Marren"}
    assert reply.repaired
    assert reply.usage.llm_calls == 2
    assert '"town"' in llm.seen[0][0][-1][1]
    assert ("assistant", "It is Marren.") in llm.seen[1][0]


class RateLimitError(Exception):
    pass


class AuthenticationError(Exception):
    pass


@pytest.mark.parametrize(
    ("raised", "ours"),
    [
        (RateLimitError("slow down"), RateLimited),
        (AuthenticationError("who are you"), ModelRefused),
        (ConnectionError("nobody there"), ModelUnavailable),
        (ValueError("maximum context length is 4096 tokens"), ContextTooLong),
    ],
)
def test_the_vendors_errors_become_ours(raised, ours):
    """By the name of their class or their words; nothing was paid."""
    generator = LlamaIndexGenerator(ToyLLM(says=raised))

    with pytest.raises(ours, match="toy-llm"):
        generator.generate(request())

    assert generator.usage() == {}


def test_an_empty_stream_is_an_error():
    """Nothing is not an answer."""
    with pytest.raises(UnreadableOutput):
        list(LlamaIndexGenerator(ToyLLM(says="")).stream(request()))
