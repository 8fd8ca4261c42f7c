"""Sending: in turn, at the allowed pace, again where that may help, within the budget, and with everything counted."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from hippograph.adapters.openai_generator.accounting import Ledger, Prices
from hippograph.adapters.openai_generator.asking import call_body
from hippograph.adapters.openai_generator.dialect import Dialect, KnownDialect, first_dialect
from hippograph.adapters.openai_generator.failures import Failure, failure_of
from hippograph.adapters.openai_generator.rate_limits import Pace
from hippograph.adapters.openai_generator.replies import RawReply, raw_reply
from hippograph.adapters.openai_generator.server import Server
from hippograph.adapters.openai_generator.tokens import EXPECTED_REPLY_TOKENS, prompt_tokens
from hippograph.budget import Budget
from hippograph.errors import BudgetSpent, RateLimited
from hippograph.settings import GeneratorSettings
from hippograph.types import ModelRequest, Usage

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
"""Before the first repetition where the server names no pause; doubled each time."""
MOST_CONNECTIONS = 2
"""How often at most it is tried again to reach a server at all: who forgot to start it should not wait to hear so."""
CALLS_A_CLIENT = 16
"""How many calls share one client: before each call its pool looks at every connection it holds, so that with many
connections looking takes more time than anything else."""
MOST_CLIENTS = 16
MOST_PUTTINGS = 8
"""How many ways to put one request are tried at most."""


@dataclass(slots=True)
class Turn:
    """One call's place in the queue: how long it may take, and in the end what it took."""

    timeout: float
    started: float
    used: Usage = field(default_factory=Usage)
    is_answered: bool = False


class Calls:
    """The calls to one server, of all threads together. Its coroutines run in one event loop at a time."""

    def __init__(self, server: Server, settings: GeneratorSettings, seed: int = 0) -> None:
        self.server = server
        self.prices = Prices.of(settings)
        self.ledger = Ledger()
        self.dialect = KnownDialect(first_dialect(server.address))
        self._settings = settings
        self._chance = random.Random(seed)
        self._pace = Pace(settings.requests_per_minute, settings.tokens_per_minute)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: ModelRequest, budget: Budget) -> RawReply | Failure:
        """One reply; what was refused is put another way, what failed on the way is sent again after a pause."""
        dialect, first, said, retries = self.dialect.current, None, "", 0
        tried = {dialect}
        while True:
            outcome = await self._once(request, dialect, budget)
            if isinstance(outcome, RawReply):
                if first is not None:
                    self.dialect.worked(dialect, said)
                return outcome
            other = self.other_dialect(outcome, request, dialect)
            if other is not None and other not in tried and len(tried) < MOST_PUTTINGS:
                first, said, dialect = first or outcome, outcome.said, other
                tried.add(other)
                continue
            if not await self.pause_before_retry(outcome, request.purpose, retries, budget):
                return outcome if outcome.is_retried else first or outcome
            retries += 1

    def other_dialect(self, failure: Failure, request: ModelRequest, sent: Dialect) -> Dialect | None:
        """Another way to put a request that was refused for how it was put."""
        if not failure.is_about_request:
            return None
        return sent.after_refusal(failure.said, request.schema is not None)

    async def pause_before_retry(self, failure: Failure, purpose: str, retries: int, budget: Budget) -> bool:
        """Wait as long as the server asks, or a little longer each time. False when it is not worth trying again."""
        most = self._settings.max_retries
        if failure.is_unreached:
            most = min(most, MOST_CONNECTIONS)
        if not failure.is_retried or retries >= most:
            self.ledger.happened(purpose, "failed")
            return False
        pause = failure.retry_after
        if pause is None:
            pause = FIRST_PAUSE_SECONDS * 2**retries * (1 + self._chance.random())
            pause = min(pause, self._settings.max_pause_seconds)
        left = budget.seconds_left()
        if pause > self._settings.max_pause_seconds or (left is not None and pause >= left):
            self.ledger.happened(purpose, "failed")
            return False
        self.ledger.happened(purpose, "retried")
        log.debug("%s: again in %.2f seconds, because %s", purpose, pause, failure.error)
        if isinstance(failure.error, RateLimited):
            self._pace.pause(_now(), pause)  # for all: the limit belongs to the key
        await asyncio.sleep(pause)
        return True

    async def _once(self, request: ModelRequest, dialect: Dialect, budget: Budget) -> RawReply | Failure:
        try:
            async with self.turn(request, budget) as turn:
                outcome = await self._post(call_body(request, self.server.model, dialect), request, turn)
                turn.is_answered = isinstance(outcome, RawReply)
                turn.used = outcome.usage if isinstance(outcome, RawReply) else self.lost(outcome, request)
        except BudgetSpent as error:
            return Failure(error)
        return out_of_time(outcome, budget) if isinstance(outcome, Failure) else outcome

    async def _post(self, body: dict[str, Any], request: ModelRequest, turn: Turn) -> RawReply | Failure:
        try:
            async with asyncio.timeout(turn.timeout):
                answer = await self.completions().with_raw_response.create(**as_given(body))
                text = answer.text
        except asyncio.CancelledError:
            turn.used = self.estimated(request, 0)
            raise
        except Exception as error:
            return failure_of(error, self.server)
        return raw_reply(text, request, self.prices, self.server)

    @asynccontextmanager
    async def turn(self, request: ModelRequest, budget: Budget) -> AsyncIterator[Turn]:
        """A free place, at the allowed pace, with the expected tokens set aside. Raises BudgetSpent."""
        self._open_clients()
        expected = self.estimated(request, request.max_tokens or EXPECTED_REPLY_TOKENS)
        tokens = expected.prompt_tokens + expected.completion_tokens
        async with self._slot(budget):
            reservation = budget.reserve(expected)
            turn = Turn(self._settings.timeout_seconds, _now())
            try:
                await self._wait(tokens, budget)
                left = budget.seconds_left()
                turn.timeout = min(turn.timeout, turn.timeout if left is None else left)
                turn.started = _now()
                yield turn
            finally:
                budget.settle(reservation, turn.used)
                self._count(turn, request.purpose, tokens)

    @asynccontextmanager
    async def _slot(self, budget: Budget) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(budget.seconds_left()):
                await self._slots.acquire()
        except TimeoutError:
            raise BudgetSpent("The time allowed ended while other calls were under way.") from None
        try:
            yield
        finally:
            self._slots.release()

    async def _wait(self, tokens: int, budget: Budget) -> None:
        wait = self._pace.wait(_now(), tokens)
        while wait > 0:
            left = budget.seconds_left()
            if left is not None and wait >= left:
                raise BudgetSpent("The time allowed ends before the server may be asked again.")
            await asyncio.sleep(wait)
            wait = self._pace.pause_left(_now())

    def _count(self, turn: Turn, purpose: str, expected_tokens: int) -> None:
        used, seconds = turn.used, _now() - turn.started
        self._pace.used(expected_tokens, used.prompt_tokens + used.completion_tokens)
        if used.llm_calls:
            self.ledger.paid(purpose, used, seconds if turn.is_answered else None)
        outcome = "answered" if turn.is_answered else "no answer"
        sizes = (used.prompt_tokens, used.completion_tokens)
        log.debug("%s: %s, %d + %d tokens, %.3f seconds", purpose, outcome, *sizes, seconds)

    def lost(self, failure: Failure, request: ModelRequest) -> Usage:
        """What a call without a reply is counted as: its prompt where the model may have worked, else nothing."""
        return self.estimated(request, 0) if failure.may_be_paid else Usage()

    def estimated(self, request: ModelRequest, completion: int) -> Usage:
        """A call's usage before, or without, the server's own count."""
        return self.prices.usage(prompt_tokens(request.messages), completion, estimated=True)

    def client(self) -> Any:
        """One of the clients of the running loop, in turn."""
        self._open_clients()
        return next(self._in_turn)

    def _open_clients(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop = loop
        self._slots = asyncio.Semaphore(self._settings.concurrency)
        count = min(-(-self._settings.concurrency // CALLS_A_CLIENT), MOST_CLIENTS)
        self._clients = [self.server.client() for _ in range(count)]
        self._in_turn = cycle(self._clients)

    def completions(self) -> Any:
        """The chat completions of the running loop's client."""
        return self.client().chat.completions

    async def close(self) -> None:
        """Close the connections."""
        if self._loop is asyncio.get_running_loop():
            for client in self._clients:
                await client.close()
            self._loop = None


def as_given(body: dict[str, Any]) -> dict[str, Any]:
    """The body as arguments of the client that go out as they are: walking through each for types is a quarter
    of a call's work, and what was built here has none to convert."""
    return {"model": body["model"], "messages": [], "extra_body": body}


def out_of_time(failure: Failure, budget: Budget) -> Failure:
    """The failure, or that the time allowed is over, when that is what ended the call."""
    if failure.status is None and failure.is_retried and budget.seconds_left() == 0:
        return Failure(BudgetSpent("The time allowed ended while the model was being asked."))
    return failure


def _now() -> float:
    return asyncio.get_running_loop().time()
