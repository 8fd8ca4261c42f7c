"""The generator: requests in, replies out, over any server that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future

from hippograph.adapters.openai_generator.accounting import PurposeReport
from hippograph.adapters.openai_generator.background import BackgroundLoop
from hippograph.adapters.openai_generator.batch_api import BatchApi
from hippograph.adapters.openai_generator.calls import Calls
from hippograph.adapters.openai_generator.readable import readable_reply
from hippograph.adapters.openai_generator.server import Server
from hippograph.adapters.openai_generator.streaming import stream_text
from hippograph.adapters.openai_generator.tokens import count_tokens, prompt_tokens
from hippograph.budget import Budget
from hippograph.errors import ContextTooLong, GenerationError
from hippograph.settings import GeneratorSettings
from hippograph.types import ModelReply, ModelRequest, Usage

LOOK_AHEAD = 8
"""How many requests are taken in advance for each call that may be under way: one that is slow, or sent again,
holds back the replies after it, and must not hold back their calls."""


class OpenAIGenerator:
    """A model behind a server. Synchronous outside; inside, many calls are under way at once in a thread of its own.

    Raises SettingsError when no model is named or a needed key is missing, MissingExtra without the package.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        server = Server(settings)
        self.name = settings.model
        self.fingerprint = server.fingerprint()
        self.context_tokens = settings.context_tokens
        self._concurrency = settings.concurrency
        self._calls = Calls(server, settings)
        self._loop = BackgroundLoop()
        self._budget = Budget()

    def __repr__(self) -> str:
        return f"OpenAIGenerator({self._calls.server!r})"

    def within(self, budget: Budget) -> OpenAIGenerator:
        """The same generator, with the same connections, limits and counts, under a budget."""
        other = object.__new__(OpenAIGenerator)
        other.__dict__.update(self.__dict__, _budget=budget)
        return other

    def generate(self, request: ModelRequest) -> ModelReply:
        """One reply. Raises a leaf of GenerationError; what was paid for an unreadable reply stays counted."""
        reply = self._loop.run(self._reply(request))
        if isinstance(reply, GenerationError):
            raise reply
        return reply

    def generate_many(self, requests: Iterable[ModelRequest]) -> Iterator[ModelReply | GenerationError]:
        """The replies in the order of the requests, several under way at once; an error stands in its own place.

        When the caller stops early, calls that are under way are given up and counted by estimate.
        """
        waiting: deque[Future[ModelReply | GenerationError]] = deque()
        try:
            for request in requests:
                waiting.append(self._loop.submit(self._reply(request)))
                while waiting and (waiting[0].done() or len(waiting) >= self._concurrency * LOOK_AHEAD):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def stream(self, request: ModelRequest) -> Iterator[str]:
        """The reply's text as it is written. Raises a leaf of GenerationError."""
        too_long = self._too_long(request)
        if too_long is not None:
            raise too_long
        return stream_text(self._calls, self._loop, request, self._budget)

    def token_count(self, text: str) -> int:
        """How many tokens a text takes, near enough to plan by."""
        return count_tokens(text)

    def usage(self) -> Mapping[str, Usage]:
        """What was spent so far, by purpose."""
        return self._calls.ledger.usage()

    def report(self) -> Mapping[str, PurposeReport]:
        """Usage, latency and how replies had to be treated, by purpose."""
        return self._calls.ledger.report()

    def batch_api(self) -> BatchApi:
        """The same model by the Batch API: within a day, at half the price."""
        return BatchApi(self._calls, self._loop)

    def close(self) -> None:
        """Give up what is under way and close the connections. The next call opens them again."""
        self._loop.run(self._calls.close())
        self._loop.close()

    async def _reply(self, request: ModelRequest) -> ModelReply | GenerationError:
        return self._too_long(request) or await readable_reply(self._calls, request, self._budget)

    def _too_long(self, request: ModelRequest) -> ContextTooLong | None:
        """Told before anything is sent, as some servers cut a long request without a word."""
        needed = prompt_tokens(request.messages) + (request.max_tokens or 0)
        if needed <= self.context_tokens:
            return None
        return ContextTooLong(
            f"The request takes about {needed} tokens with its reply, and {self.name} has a window of "
            f"{self.context_tokens} (generator.context_tokens)."
        )
