"""The Batch API: the same requests in one file, answered within a day at half the price.

A batch lives at the server under its id, so it can be collected by another process, days later. What it answers is
known by the names the caller gave the requests.
"""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from hippograph.adapters.openai_generator.asking import call_body
from hippograph.adapters.openai_generator.background import BackgroundLoop
from hippograph.adapters.openai_generator.calls import Calls
from hippograph.adapters.openai_generator.failures import Failure, failure_of, status_failure
from hippograph.adapters.openai_generator.readable import read_reply
from hippograph.adapters.openai_generator.replies import raw_reply
from hippograph.budget import Budget
from hippograph.errors import GenerationError, ModelRefused, ModelUnavailable
from hippograph.types import ModelReply, ModelRequest

PRICE_SHARE = 0.5
"""Of the price of a call of its own."""
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
"""What one file may hold."""
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
PURPOSE = "batch"
NO_BATCH = "{} has no such batch, or no Batch API ({}): leave batches away, or see to generator.base_url."

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is."""

    id: str
    state: str
    """As the server says: validating, in_progress, finalizing, completed, failed, expired, cancelled ..."""
    total: int
    answered: int
    failed: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ENDED


class BatchApi:
    """Sends and collects batches by the connections of a generator. Every method raises leaves of GenerationError."""

    def __init__(self, calls: Calls, loop: BackgroundLoop) -> None:
        self._calls = calls
        self._loop = loop

    def submit(self, requests: Mapping[str, ModelRequest]) -> list[str]:
        """Hand in requests by name; the ids of the batches that were made, several where one file is too small."""
        return [self._submit(content) for content in self._files(requests)]

    def state(self, batch: str) -> BatchState:
        """How far it is."""
        found = self._ask(lambda client: client.batches.retrieve(batch))
        counts = found.request_counts
        total, done, failed = (counts.total, counts.completed, counts.failed) if counts else (0, 0, 0)
        return BatchState(batch, found.status, total, done, failed)

    def collect(
        self, batch: str, requests: Mapping[str, ModelRequest]
    ) -> Iterator[tuple[str, ModelReply | GenerationError]]:
        """What came of each request of a batch that has ended, by name, in no order.

        `requests` are those that were handed in, or some of them: what a batch answers beside them is left out.
        A request without an answer, as when the batch expired, is a ModelUnavailable and may be handed in again.
        """
        found = self._ask(lambda client: client.batches.retrieve(batch))
        if found.status not in ENDED:
            raise ModelUnavailable(f"The batch {batch} is not done yet: it is {found.status}.")
        missing = dict(requests)
        for file in (found.output_file_id, found.error_file_id):
            for name, line in self._lines(file):
                request = missing.pop(name, None)
                if request is not None:
                    yield name, self._read(line, request)
        for name in missing:
            yield name, ModelUnavailable(f"The batch {batch} has {found.status} without an answer to {name}.")

    def cancel(self, batch: str) -> None:
        """Stop it; what was answered until then can be collected."""
        self._ask(lambda client: client.batches.cancel(batch))

    def _submit(self, content: bytes) -> str:
        file = self._ask(
            lambda client: client.files.create(file=("requests.jsonl", io.BytesIO(content)), purpose="batch")
        )
        made = self._ask(
            lambda client: client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
            )
        )
        return str(made.id)

    def _files(self, requests: Mapping[str, ModelRequest]) -> Iterator[bytes]:
        dialect, model = self._calls.dialect.current, self._calls.server.model
        lines: list[bytes] = []
        size = 0
        for name, request in requests.items():
            body = call_body(request, model, dialect)
            row = {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}
            line = json.dumps(row).encode() + b"\n"
            if lines and (len(lines) >= MOST_REQUESTS or size + len(line) > MOST_BYTES):
                yield b"".join(lines)
                lines, size = [], 0
            lines.append(line)
            size += len(line)
        if lines:
            yield b"".join(lines)

    def _lines(self, file: str | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not file:
            return
        content = self._ask(lambda client: client.files.content(file))
        for line in content.text.splitlines():
            if line.strip():
                row = json.loads(line)
                yield str(row.get("custom_id")), row

    def _read(self, row: Mapping[str, Any], request: ModelRequest) -> ModelReply | GenerationError:
        calls, response = self._calls, row.get("response") or {}
        if response.get("status_code") != 200:
            body = response.get("body") or row.get("error")
            status = int(response.get("status_code") or 500)
            return status_failure(status, {}, body, "no reason given", calls.server, datetime.now(UTC)).error
        outcome = raw_reply(json.dumps(response.get("body")), request, calls.prices, calls.server)
        if isinstance(outcome, Failure):
            return outcome.error
        outcome = replace(outcome, usage=replace(outcome.usage, cost=outcome.usage.cost * PRICE_SHARE))
        calls.ledger.paid(request.purpose, outcome.usage)
        return read_reply(outcome, request, calls)

    def _ask(self, call: Callable[[Any], Awaitable[Result]]) -> Result:
        outcome = self._loop.run(self._asked(call))
        if isinstance(outcome, Failure):
            raise outcome.error
        return outcome

    async def _asked(self, call: Callable[[Any], Awaitable[Result]]) -> Result | Failure:
        retries = 0
        while True:
            try:
                return await call(self._calls.client())
            except Exception as error:
                failure = failure_of(error, self._calls.server)
            if failure.status in (404, 405):
                return Failure(ModelRefused(NO_BATCH.format(self._calls.server.address, failure.said)))
            if not await self._calls.pause_before_retry(failure, PURPOSE, retries, Budget()):
                return failure
            retries += 1
