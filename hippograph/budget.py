"""A budget: how many calls, tokens, how much money and time may still go to a language model."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from hippograph.errors import BudgetSpent, GenerationError, UnreadableOutput
from hippograph.ports import Generator
from hippograph.types import ModelReply, ModelRequest, Usage

EXPECTED_REPLY_TOKENS = 512
"""What a reply is expected to take where the request sets no limit."""


class Budget:
    """Limits that hold together; None sets none. A call is reserved before it is made and settled after it.

    >>> budget = Budget(calls=1)
    >>> budget.settle(budget.reserve(Usage(1, 200, 50)), Usage(1, 180, 20))
    >>> budget.spent().prompt_tokens
    180
    >>> budget.reserve(Usage(1, 200, 50))
    Traceback (most recent call last):
    hippograph.errors.BudgetSpent: The budget of 1 calls is spent.
    """

    def __init__(
        self,
        *,
        calls: int | None = None,
        tokens: int | None = None,
        money: float | None = None,
        seconds: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls, self._tokens, self._money, self._seconds = calls, tokens, money, seconds
        self._now = now
        self._deadline = None if seconds is None else now() + seconds
        self._lock = threading.Lock()
        self._spent = Usage()
        self._reserved: dict[int, Usage] = {}
        self._next = 0

    def reserve(self, expected: Usage) -> int:
        """Set aside what a call is expected to take. Raises BudgetSpent when that, or the time, is not left."""
        with self._lock:
            after = sum(self._reserved.values(), self._spent) + expected
            self._refuse_beyond(after)
            self._next += 1
            self._reserved[self._next] = expected
            return self._next

    def settle(self, reservation: int, used: Usage) -> None:
        """Replace a reservation by what the call took: nothing, when it was not paid for."""
        with self._lock:
            del self._reserved[reservation]
            self._spent += used

    def spent(self) -> Usage:
        """What was settled so far."""
        with self._lock:
            return self._spent

    def seconds_left(self) -> float | None:
        """Time until the deadline, at least 0; None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - self._now())

    def _refuse_beyond(self, after: Usage) -> None:
        if self._calls is not None and after.llm_calls > self._calls:
            raise BudgetSpent(f"The budget of {self._calls} calls is spent.")
        tokens = after.prompt_tokens + after.completion_tokens
        if self._tokens is not None and tokens > self._tokens:
            raise BudgetSpent(f"The next call might exceed the budget of {self._tokens} tokens.")
        if self._money is not None and after.cost > self._money:
            raise BudgetSpent(f"The next call might exceed the budget of {self._money:g} in money.")
        if self.seconds_left() == 0:
            raise BudgetSpent(f"The {self._seconds:g} seconds allowed are over.")


def within(generator: Generator, budget: Budget) -> Generator:
    """The same generator under a budget: every call is reserved first, and refused with BudgetSpent beyond it.

    A generator that has a method `within` of its own looks at the budget before each call it makes, repeated
    ones included; any other is charged request by request.
    """
    own: Callable[[Budget], Generator] | None = getattr(generator, "within", None)
    return own(budget) if own is not None else _Budgeted(generator, budget)


class _Budgeted:
    """A generator whose requests are charged to a budget, one by one."""

    def __init__(self, inner: Generator, budget: Budget) -> None:
        self.name = inner.name
        self.fingerprint = inner.fingerprint
        self.context_tokens = inner.context_tokens
        self._inner = inner
        self._budget = budget

    def generate(self, request: ModelRequest) -> ModelReply:
        (reply,) = self.generate_many([request])
        if isinstance(reply, GenerationError):
            raise reply
        return reply

    def generate_many(self, requests: Iterable[ModelRequest]) -> Iterator[ModelReply | GenerationError]:
        """As the generator does; from the first request that the budget refuses on, one request after the other."""
        source, reserved = iter(requests), deque[tuple[int, Usage]]()
        refused: list[BudgetSpent] = []

        def admitted() -> Iterator[ModelRequest]:
            for request in source:
                try:
                    reserved.append(self._reserve(request))
                except BudgetSpent as error:
                    refused.append(error)
                    return
                yield request

        try:
            while True:
                for reply in self._inner.generate_many(admitted()):
                    reservation, expected = reserved.popleft()
                    self._budget.settle(reservation, _paid(reply, expected))
                    yield reply
                if not refused:
                    return
                yield refused.pop()
        finally:
            for reservation, expected in reserved:
                self._budget.settle(reservation, expected)

    def stream(self, request: ModelRequest) -> Iterator[str]:
        reservation, expected = self._reserve(request)
        written: list[str] = []
        try:
            for piece in self._inner.stream(request):
                written.append(piece)
                yield piece
        finally:
            tokens = self._inner.token_count("".join(written))
            self._budget.settle(reservation, Usage(1, expected.prompt_tokens, tokens, 0.0, 1))

    def token_count(self, text: str) -> int:
        return self._inner.token_count(text)

    def usage(self) -> Mapping[str, Usage]:
        return self._inner.usage()

    def _reserve(self, request: ModelRequest) -> tuple[int, Usage]:
        prompt = sum(self._inner.token_count(message.content) for message in request.messages)
        reply = EXPECTED_REPLY_TOKENS if request.max_tokens is None else request.max_tokens
        expected = Usage(1, prompt, reply, 0.0, 1)
        return self._budget.reserve(expected), expected


def _paid(reply: ModelReply | GenerationError, expected: Usage) -> Usage:
    """What a request took: as the reply says; by estimate where it came and could not be read; else nothing."""
    if isinstance(reply, ModelReply):
        return reply.usage
    return expected if isinstance(reply, UnreadableOutput) else Usage()
