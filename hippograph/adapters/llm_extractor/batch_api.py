"""OpenAI's Batch API as a second way to extract: half the price, within a day, and carried on by whoever comes back.

A batch asks what `extract` would ask next, one passage a request, and its replies go into the same journal. So the
round is `submit`, `collect` until nothing is waiting, again `submit` (the facts, after the entities), and in the end
`extract`, which finds everything read. Nothing is asked twice: questions that are waiting are not handed in again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hippograph.adapters.llm_extractor.batch_state import Batch, BatchState, read_lines, write_lines
from hippograph.adapters.llm_extractor.extractor import LlmExtractor
from hippograph.adapters.llm_extractor.planning import BATCH_DISCOUNT
from hippograph.adapters.llm_extractor.steps import Piece, Step, StepName
from hippograph.adapters.openai_generator.asking import call_body
from hippograph.adapters.openai_generator.dialect import first_dialect
from hippograph.adapters.openai_generator.failures import failure_of
from hippograph.adapters.openai_generator.reading import read_json
from hippograph.adapters.openai_generator.schema_check import SchemaCheck
from hippograph.adapters.openai_generator.server import Server
from hippograph.errors import UnreadableOutput
from hippograph.settings import GeneratorSettings
from hippograph.text.readings import Reading
from hippograph.types import Passage, Usage, content_id

ENDPOINT = "/v1/chat/completions"
MOST_REQUESTS, MOST_BYTES = 50_000, 190_000_000
"""Of one file: the server takes 50,000 requests and 200 MB."""
TIMES_ASKED = 2
"""A question that failed so often is not put into a batch again; `extract` still asks it."""
FINISHED = frozenset({"completed", "failed", "expired", "cancelled"})
TAG = "hippograph"
"""Under this key a batch carries its name, by which one is found whose id was never written down."""

Result = TypeVar("Result")


@dataclass(slots=True)
class Collected:
    """What a look at the batches brought."""

    read: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Why questions have no answer, by custom_id."""
    waiting: int = 0
    """Questions in batches that are still at work."""
    usage: Usage = field(default_factory=Usage)


class BatchExtraction:
    """Extraction through batches, with its state in a folder. Raises what Server raises, and ExtractionError."""

    def __init__(self, extractor: LlmExtractor, settings: GeneratorSettings, folder: Path) -> None:
        self._extractor = extractor
        self._settings = settings
        self._server = Server(settings)
        self._state = BatchState.load(folder)

    @property
    def batches(self) -> list[Batch]:
        """Every batch so far."""
        return list(self._state.batches.values())

    def export(self, passages: Sequence[Passage], path: Path) -> int:
        """Write the requests that are to be made next, for the server or for vLLM's run-batch. Gives their number."""
        rows = [row for _, rows in self._requests(passages) for row in rows]
        path.write_bytes(write_lines(rows))
        return len(rows)

    def submit(self, passages: Sequence[Passage]) -> list[Batch]:
        """Hand in what is to be asked next and is not waiting already. Raises a leaf of GenerationError."""
        handed_in = [self._hand_in(batch, is_new=False) for batch in self._unstarted()]
        for step, rows in self._requests(passages):
            for part in _parts(rows):
                turn = str(len(self._state.batches))
                name = content_id(turn, *(row["custom_id"] for row in part))[:16]
                batch = Batch(name, step.name.value, len(part))
                self._state.folder.mkdir(parents=True, exist_ok=True)
                self._state.lines_path(batch).write_bytes(write_lines(part))
                self._state.put(batch)
                handed_in.append(self._hand_in(batch, is_new=True))
        return handed_in

    def open_questions(self, passages: Sequence[Passage]) -> int:
        """How many questions `submit` would hand in."""
        return sum(len(rows) for _, rows in self._requests(passages))

    def collect(self) -> Collected:
        """Take the results of all batches that are done. Raises a leaf of GenerationError."""
        collected = Collected()
        for batch in self._unstarted():
            self._hand_in(batch, is_new=False)
        for batch in self._state.under_way():
            seen = self._look_at(batch)
            batch = replace(batch, status=str(seen.status))
            if batch.status not in FINISHED:
                collected.waiting += batch.requests
                self._state.put(batch)
                continue
            self._take(batch, seen, collected)
            self._state.put(replace(batch, is_collected=True))
        return collected

    def import_results(self, step: StepName, content: bytes) -> Collected:
        """Take results of an exported file that was worked off elsewhere, as vLLM's run-batch writes them."""
        collected = Collected()
        self._read_lines(self._extractor.every_step[step], content, collected)
        self._state.save()
        return collected

    def _requests(self, passages: Sequence[Passage]) -> list[tuple[Step, list[dict[str, Any]]]]:
        """Step by step, a line for each question that is open and not waiting."""
        asked = self._state.waiting_keys()
        found: dict[StepName, list[dict[str, Any]]] = {}
        for passage in passages:
            question = self._extractor.next_question(passage)
            if question is None:
                continue
            step, pieces = question
            for piece in pieces:
                key = self._extractor.asker.key(step, piece)
                if key not in asked and len(self._state.failures.get(key, [])) < TIMES_ASKED:
                    asked.add(key)
                    found.setdefault(step.name, []).append(self._line(step, piece, key))
        return [(self._extractor.every_step[name], rows) for name, rows in found.items()]

    def _line(self, step: Step, piece: Piece, key: str) -> dict[str, Any]:
        request = self._extractor.asker.request(step, [piece])
        body = call_body(request, self._settings.model, first_dialect(self._server.address))
        return {"custom_id": key, "method": "POST", "url": ENDPOINT, "body": body}

    def _unstarted(self) -> list[Batch]:
        """Batches of a run that did not live to hand them in, or to write down that it had."""
        return [batch for batch in self._state.under_way() if not batch.batch_id]

    def _look_at(self, batch: Batch) -> Any:
        async def look(client: Any) -> Any:
            return await client.batches.retrieve(batch.batch_id)

        return self._ask(look)

    def _hand_in(self, batch: Batch, is_new: bool) -> Batch:
        """Upload and start, unless a run before had started it."""
        content = self._state.lines_path(batch).read_bytes()

        async def hand_in(client: Any) -> Any:
            if not is_new and (known := await _started(client, batch.name)):
                return known
            file = await client.files.create(file=(f"{batch.name}.jsonl", content), purpose="batch")
            return await client.batches.create(
                input_file_id=file.id,
                endpoint=ENDPOINT,
                completion_window="24h",
                metadata={TAG: batch.name, "step": batch.step},
            )

        started = self._ask(hand_in)
        handed_in = replace(batch, batch_id=str(started.id), status=str(started.status))
        self._state.put(handed_in)
        return handed_in

    def _take(self, batch: Batch, seen: Any, collected: Collected) -> None:
        step = self._extractor.every_step[StepName(batch.step)]
        keys = set(self._state.keys(batch))
        answered: set[str] = set()
        for file in (seen.output_file_id, seen.error_file_id):
            if file:
                answered |= self._read_lines(step, self._content(file), collected, keys)
        reason = f"The batch {batch.batch_id} is {batch.status} without an answer to it{_told(seen)}."
        for key in keys - answered:
            self._fail(key, reason, collected)

    def _content(self, file: str) -> bytes:
        async def content(client: Any) -> bytes:
            answer = await client.files.content(file)
            found: bytes = answer.content
            return found

        return self._ask(content)

    def _read_lines(
        self, step: Step, content: bytes, collected: Collected, keys: set[str] | None = None
    ) -> set[str]:
        """The lines of a file of results, into the journal; gives the custom_ids they answer."""
        check = SchemaCheck(step.schema())
        readings: dict[str, Reading] = {}
        answered = set()
        for row in read_lines(content):
            key = str(row.get("custom_id"))
            if keys is not None and key not in keys:
                continue
            answered.add(key)
            try:
                body = _body(row)
                collected.usage += self._usage(body)
                data, _ = check.check(read_json(_text(body))[0])
                reading = step.read(data, 1).get(0)
                if reading is None:
                    raise UnreadableOutput("it says nothing of the passage")
                readings[key] = reading
            except UnreadableOutput as error:
                self._fail(key, self._server.clean(f"The reply cannot be used, because {error}."), collected)
        self._extractor.asker.journal.put(readings)
        collected.read += len(readings)
        return answered

    def _fail(self, key: str, reason: str, collected: Collected) -> None:
        collected.failed[key] = reason
        self._state.failures.setdefault(key, []).append(reason)

    def _usage(self, body: Mapping[str, Any]) -> Usage:
        told = body.get("usage")
        told = told if isinstance(told, Mapping) else {}
        prompt, completion = (_count(told.get(name)) for name in ("prompt_tokens", "completion_tokens"))
        prices = self._settings
        cost = (prompt * prices.prompt_price + completion * prices.completion_price) / 1_000_000
        return Usage(1, prompt, completion, BATCH_DISCOUNT * cost)

    def _ask(self, question: Callable[[Any], Awaitable[Result]]) -> Result:
        """Ask the server. Raises a leaf of GenerationError."""

        async def asked() -> Result:
            async with self._server.client() as client:
                return await question(client)

        import openai

        try:
            return asyncio.run(asked())
        except (openai.OpenAIError, TimeoutError) as error:
            raise failure_of(error, self._server).error from error


async def _started(client: Any, name: str) -> Any:
    """The batch that the server knows by our name; None where there is none."""
    async for known in client.batches.list():
        if (known.metadata or {}).get(TAG) == name:
            return known
    return None


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in files of at most as many requests and bytes as the server takes."""
    part: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = len(write_lines([row]))
        if part and (len(part) == MOST_REQUESTS or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def _body(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The chat completion in a line of results. Raises UnreadableOutput with what the server says instead."""
    response = row.get("response")
    response = response if isinstance(response, Mapping) else {}
    body = response.get("body")
    if response.get("status_code") != 200 or not isinstance(body, Mapping):
        said = row.get("error") or (body.get("error") if isinstance(body, Mapping) else None) or "no answer"
        raise UnreadableOutput(f"the server answers {response.get('status_code', 'nothing')}: {said}")
    return body


def _text(body: Mapping[str, Any]) -> str:
    try:
        choice = body["choices"][0]
        message = choice["message"]
    except (KeyError, IndexError, TypeError):
        raise UnreadableOutput("it holds no choice") from None
    if not isinstance(message, Mapping) or message.get("refusal"):
        raise UnreadableOutput("the model declined")
    if choice.get("finish_reason") == "length":
        raise UnreadableOutput("it was cut off")
    content = message.get("content")
    if not isinstance(content, str):
        raise UnreadableOutput("it is empty")
    return content


def _told(seen: Any) -> str:
    """What the server says of a batch that failed as a whole."""
    errors = getattr(seen, "errors", None)
    told = [str(each.message) for each in (getattr(errors, "data", None) or [])[:3]]
    return f" ({'; '.join(told)})" if told else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
