"""Streaming: the pieces of one reply, handed from the event loop to a synchronous caller as they come."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hippograph.adapters.openai_generator.asking import call_body
from hippograph.adapters.openai_generator.background import BackgroundLoop
from hippograph.adapters.openai_generator.calls import MOST_PUTTINGS, Calls, Turn, as_given, out_of_time
from hippograph.adapters.openai_generator.dialect import Dialect
from hippograph.adapters.openai_generator.failures import Failure, failure_of, not_compatible
from hippograph.adapters.openai_generator.replies import counted_usage
from hippograph.budget import Budget
from hippograph.errors import BudgetSpent, GenerationError, ModelUnavailable, UnreadableOutput
from hippograph.types import ModelRequest

Pieces = queue.SimpleQueue[str | GenerationError | None]
"""What was written, in pieces; an error where it ended badly; None at the end."""


def stream_text(calls: Calls, loop: BackgroundLoop, request: ModelRequest, budget: Budget) -> Iterator[str]:
    """The reply's text as it is written. Raises a leaf of GenerationError.

    What fails before the first word is tried again; what breaks off later is not, as words cannot be taken back.
    A caller that stops early ends the call, and what had come is counted by estimate.
    """
    pieces: Pieces = queue.SimpleQueue()
    work = loop.submit(_stream(calls, request, budget, pieces))
    work.add_done_callback(lambda _: pieces.put(None))
    try:
        while (piece := pieces.get()) is not None:
            if isinstance(piece, GenerationError):
                raise piece
            yield piece
        work.result()
    finally:
        work.cancel()


async def _stream(calls: Calls, request: ModelRequest, budget: Budget, pieces: Pieces) -> None:
    dialect, puttings, retries = calls.dialect.current, 1, 0
    first: Failure | None = None
    while True:
        stream = _Stream(pieces)
        failure = await _once(calls, request, dialect, budget, stream)
        if failure is None:
            if first is not None:
                calls.dialect.worked(dialect, first.said)
            return
        other = None if stream.written else calls.other_dialect(failure, request, dialect)
        if other is not None and puttings < MOST_PUTTINGS:
            first, dialect, puttings = first or failure, other, puttings + 1
        elif stream.written or not await calls.pause_before_retry(failure, request.purpose, retries, budget):
            pieces.put(failure.error)
            return
        else:
            retries += 1


@dataclass(slots=True)
class _Stream:
    """What came so far."""

    pieces: Pieces
    written: list[str] = field(default_factory=list)
    usage: Mapping[str, Any] | None = None
    is_protocol: bool = False
    is_complete: bool = False
    refusal: str = ""

    def take(self, chunk: Any) -> None:
        """One event of the stream."""
        if chunk.usage is not None:
            self.usage = chunk.usage.model_dump()
        self.is_protocol = self.is_protocol or chunk.choices is not None
        for choice in (chunk.choices or ())[:1]:
            self.is_complete = self.is_complete or choice.finish_reason is not None
            if choice.finish_reason == "content_filter":
                self.refusal = self.refusal or "its filter"
            if choice.delta is not None:
                self.refusal += getattr(choice.delta, "refusal", None) or ""
                if choice.delta.content:
                    self.written.append(choice.delta.content)
                    self.pieces.put(choice.delta.content)


async def _once(
    calls: Calls, request: ModelRequest, dialect: Dialect, budget: Budget, stream: _Stream
) -> Failure | None:
    """One call; None when it came to a good end."""
    try:
        async with calls.turn(request, budget) as turn:
            failure = await _receive(calls, request, dialect, budget, turn, stream)
    except BudgetSpent as error:
        return Failure(error)
    if failure is not None:
        return out_of_time(failure, budget)
    model = calls.server.model
    if stream.refusal:
        said = calls.server.clean(stream.refusal)
        return Failure(UnreadableOutput(f"{model} declined to answer: {said}"))
    if not stream.is_protocol:
        return not_compatible(calls.server, "no event of a stream came")
    if stream.written and not stream.is_complete:
        return Failure(ModelUnavailable(f"{calls.server.address} broke off in the middle of a reply."))
    return None if stream.written else Failure(UnreadableOutput(f"The reply of {model} is empty."))


async def _receive(
    calls: Calls, request: ModelRequest, dialect: Dialect, budget: Budget, turn: Turn, stream: _Stream
) -> Failure | None:
    body = call_body(request, calls.server.model, dialect)
    if dialect.takes_stream_usage:
        body["stream_options"] = {"include_usage": True}
    failure = None
    try:
        async with asyncio.timeout(budget.seconds_left()):
            # The time-out of the settings is how long the stream may be silent, which the client watches.
            async with await calls.completions().create(**as_given(body), stream=True) as events:
                async for chunk in events:
                    stream.take(chunk)
        turn.is_answered = stream.is_protocol
        return None
    except asyncio.CancelledError:
        raise
    except Exception as error:
        failure = failure_of(error, calls.server)
        return failure
    finally:
        if stream.is_protocol:
            turn.used = counted_usage(stream.usage, request, "".join(stream.written), calls.prices)
        elif failure is None or failure.may_be_paid:
            turn.used = calls.estimated(request, 0)
