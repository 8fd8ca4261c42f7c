"""Any LlamaIndex LLM as a generator: for models that no server speaks OpenAI's protocol for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from hippograph.adapters.openai_generator.accounting import Ledger, Prices
from hippograph.adapters.openai_generator.asking import ask_again, call_body
from hippograph.adapters.openai_generator.dialect import Dialect, Rung
from hippograph.adapters.openai_generator.failures import TOO_LONG
from hippograph.adapters.openai_generator.readable import TIMES_ASKED, check_of, data_of
from hippograph.adapters.openai_generator.replies import RawReply, counted_usage
from hippograph.adapters.openai_generator.tokens import count_tokens, prompt_tokens
from hippograph.errors import (
    ContextTooLong,
    GenerationError,
    MissingExtra,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    UnreadableOutput,
)
from hippograph.types import ModelReply, ModelRequest, Usage, content_id

IN_WORDS = Dialect(rung=Rung.PLAIN)
"""What all LlamaIndex LLMs have in common: a schema is asked for in the prompt."""


class LlamaIndexGenerator:
    """A generator around an object with LlamaIndex's `chat`, `stream_chat` and `metadata`.

    Retries and time-outs are the LLM's own, as it was made. Usage is what its raw reply tells, else an estimate.
    """

    def __init__(self, llm: Any, at_once: int = 8, prices: Prices | None = None) -> None:
        about = llm.metadata
        self.name = str(about.model_name)
        self.fingerprint = content_id("llama-index-llm", type(llm).__qualname__, self.name)
        self.context_tokens = int(about.context_window)
        self._llm = llm
        self._at_once = at_once
        self._prices = prices or Prices()
        self._ledger = Ledger()

    def generate(self, request: ModelRequest) -> ModelReply:
        """One reply. Raises a leaf of GenerationError; what was paid for an unreadable reply stays counted."""
        self._require_fit(request)
        try:
            check = None if request.schema is None else check_of(request.schema)
        except ValueError as error:
            raise ModelRefused(str(error)) from None
        asked, usage, problem = request, Usage(), ""
        for _ in range(TIMES_ASKED):
            raw = self._chat(asked)
            usage += raw.usage
            try:
                data, repaired = data_of(raw, check)
            except UnreadableOutput as error:
                problem = str(error)
                asked = ask_again(request, raw.text, problem) if check is not None else request
            else:
                return ModelReply(raw.text, data, usage, repaired)
        raise UnreadableOutput(f"The reply of {self.name} cannot be used, because {problem}.")

    def generate_many(self, requests: Iterable[ModelRequest]) -> Iterator[ModelReply | GenerationError]:
        """The replies in the order of the requests, several under way in threads; an error in its own place."""
        waiting: deque[Future[ModelReply | GenerationError]] = deque()
        with ThreadPoolExecutor(self._at_once, "hippograph-llm") as pool:
            try:
                for request in requests:
                    waiting.append(pool.submit(self._tried, request))
                    if len(waiting) > 2 * self._at_once:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def stream(self, request: ModelRequest) -> Iterator[str]:
        """The reply's text as it is written. Raises a leaf of GenerationError."""
        self._require_fit(request)
        return self._stream(request)

    def token_count(self, text: str) -> int:
        """How many tokens a text takes, near enough to plan by."""
        return count_tokens(text)

    def usage(self) -> Mapping[str, Usage]:
        """What was spent so far, by purpose."""
        return self._ledger.usage()

    def _tried(self, request: ModelRequest) -> ModelReply | GenerationError:
        try:
            return self.generate(request)
        except GenerationError as error:
            return error

    def _chat(self, request: ModelRequest) -> RawReply:
        try:
            reply = self._llm.chat(_messages(request), **_options(request))
        except Exception as error:
            # LlamaIndex passes the errors of some forty vendors through; what they have in common is their words.
            raise self._our_error(error) from error
        text = str(reply.message.content or "")
        usage = counted_usage(_told_usage(reply.raw), request, text, self._prices)
        self._ledger.paid(request.purpose, usage)
        return RawReply(text, "", "stop", usage)

    def _stream(self, request: ModelRequest) -> Iterator[str]:
        written: list[str] = []
        raw: Any = None
        try:
            for piece in self._llm.stream_chat(_messages(request), **_options(request)):
                raw = piece.raw
                if piece.delta:
                    written.append(piece.delta)
                    yield piece.delta
        except Exception as error:
            raise self._our_error(error) from error
        finally:
            if raw is not None or written:
                usage = counted_usage(_told_usage(raw), request, "".join(written), self._prices)
                self._ledger.paid(request.purpose, usage)
        if not written:
            raise UnreadableOutput(f"The reply of {self.name} is empty.")

    def _require_fit(self, request: ModelRequest) -> None:
        needed = prompt_tokens(request.messages) + (request.max_tokens or 0)
        if needed > self.context_tokens:
            raise ContextTooLong(
                f"The request takes about {needed} tokens with its reply, and {self.name} has a window of "
                f"{self.context_tokens}."
            )

    def _our_error(self, error: Exception) -> GenerationError:
        kind, said = type(error).__name__, " ".join(str(error).split())[:300]
        message = f"{self.name} failed ({kind}: {said})."
        if TOO_LONG.search(said):
            return ContextTooLong(message)
        if "RateLimit" in kind or "TooManyRequests" in kind:
            return RateLimited(message)
        if any(word in kind for word in ("Authentication", "Permission", "NotFound", "BadRequest")):
            return ModelRefused(message)
        return ModelUnavailable(message)


def _messages(request: ModelRequest) -> list[Any]:
    try:
        from llama_index.core.llms import ChatMessage
    except ImportError as error:
        raise MissingExtra("llama-index-core", "all", "A LlamaIndex LLM") from error
    turns = call_body(request, "", IN_WORDS)["messages"]
    return [ChatMessage(role=turn["role"], content=turn["content"]) for turn in turns]


def _options(request: ModelRequest) -> dict[str, Any]:
    return {} if request.max_tokens is None else {"max_tokens": request.max_tokens}


def _told_usage(raw: Any) -> Any:
    """The usage in a vendor's own reply, where it is one that looks like OpenAI's."""
    usage: Any = raw.get("usage") if isinstance(raw, Mapping) else getattr(raw, "usage", None)
    return usage.model_dump() if hasattr(usage, "model_dump") else usage
