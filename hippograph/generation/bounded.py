"""A generator with an end: so many calls and so many seconds for one answer, and what the answer took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

from hippograph.errors import BudgetSpent, GenerationError
from hippograph.ports import Generator
from hippograph.types import ModelReply, ModelRequest, Usage


class BoundedGenerator:
    """Asks as `inner` does until the calls or the seconds are used up, then raises BudgetSpent.

    `spent` is what went through here: the usage of one answer, where `inner` serves many. A call under way is not
    cut off at the deadline, which is the inner generator's own time limit; a stream is, between two pieces.
    """

    def __init__(
        self,
        inner: Generator,
        max_calls: int,
        deadline_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """The seconds count from here. `now` gives a moment in seconds."""
        self.name = inner.name
        self.fingerprint = inner.fingerprint
        self.context_tokens = inner.context_tokens
        self.spent = Usage()
        self._inner = inner
        self._calls_left = max_calls
        self._max_calls = max_calls
        self._seconds = deadline_seconds
        self._now = now
        self._end = now() + deadline_seconds

    def generate(self, request: ModelRequest) -> ModelReply:
        """One reply. Raises BudgetSpent when no call or no second is left, and what `inner` raises."""
        self._begin_call()
        with self._paid_on_failure(request.purpose):
            reply = self._inner.generate(request)
        self.spent += reply.usage
        return reply

    def generate_many(self, requests: Iterable[ModelRequest]) -> Iterator[ModelReply | GenerationError]:
        """The replies in order; BudgetSpent in the place of each request that came too late or too often."""
        waiting = iter(requests)
        allowed = list(islice(waiting, self._calls_left)) if self._now() < self._end else []
        self._calls_left -= len(allowed)
        for outcome in self._inner.generate_many(allowed):
            if isinstance(outcome, ModelReply):
                self.spent += outcome.usage
            yield outcome
        for _ in waiting:
            yield self._too_many()

    def stream(self, request: ModelRequest) -> Iterator[str]:
        """The reply as it is written. Raises BudgetSpent at the deadline, also in the middle."""
        self._begin_call()
        before = self._inner.usage().get(request.purpose, Usage())
        try:
            for piece in self._inner.stream(request):
                yield piece
                if self._now() >= self._end:
                    raise self._too_many()
        finally:
            self.spent += _since(before, self._inner.usage().get(request.purpose, Usage()))

    def token_count(self, text: str) -> int:
        """As the inner generator counts."""
        return self._inner.token_count(text)

    def usage(self) -> Mapping[str, Usage]:
        """All that the inner generator spent, by purpose, for whomever."""
        return self._inner.usage()

    def _begin_call(self) -> None:
        if self._calls_left < 1 or self._now() >= self._end:
            raise self._too_many()
        self._calls_left -= 1

    def _too_many(self) -> BudgetSpent:
        if self._now() >= self._end:
            return BudgetSpent(f"the {self._seconds:g} seconds of answer.deadline_seconds are over")
        return BudgetSpent(f"the {self._max_calls} calls of answer.max_model_calls are used up")

    @contextmanager
    def _paid_on_failure(self, purpose: str) -> Iterator[None]:
        """Count what a failed call took; where other answers are written at once, some of theirs may be counted."""
        before = self._inner.usage().get(purpose, Usage())
        try:
            yield
        except GenerationError:
            self.spent += _since(before, self._inner.usage().get(purpose, Usage()))
            raise


def _since(before: Usage, after: Usage) -> Usage:
    return Usage(
        after.llm_calls - before.llm_calls,
        after.prompt_tokens - before.prompt_tokens,
        after.completion_tokens - before.completion_tokens,
        after.cost - before.cost,
    )
