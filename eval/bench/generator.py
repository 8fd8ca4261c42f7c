"""How near a generator comes to what its limit of calls allows, against a model server on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from eval.bench.startup import BenchError
from hippograph.errors import GenerationError
from hippograph.ports import Generator
from hippograph.settings import GeneratorSettings, ModelSettings, Settings
from hippograph.types import Message, ModelRequest
from hippograph.wiring import build_generator

REPOSITORY = Path(__file__).resolve().parents[2]
SERVER = "tests.model_server"
START_SECONDS = 30
REPLY = '{"entities": ["Ada Lovelace", "Luigi Menabrea"]}'
SCHEMA = {
    "type": "object",
    "properties": {"entities": {"type": "array", "items": {"type": "string"}}},
    "required": ["entities"],
    "additionalProperties": False,
}
PASSAGE = "Ada Lovelace translated an article by Luigi Menabrea and added notes of her own to it. " * 8


def measure_generator(
    latency_ms: int = 200, at_once: int = 32, rounds: int = 30, faults: float = 0.0
) -> dict[str, Any]:
    """Calls a second over the most that so many calls at once allow when each takes so long.

    The server runs in a process of its own and answers each call after the latency. A round is as many calls as
    may be under way at once. Raises BenchError when the server cannot be started or a reply is missing.
    """
    calls = at_once * rounds
    with model_server(latency_ms / 1000, faults) as address:
        generator = _generator(address, at_once)
        _ask(generator, at_once, "warm")
        cpu, start = time.process_time(), time.perf_counter()
        failures = _ask(generator, calls, "bench")
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = read_json(f"{address}/calls")["peak"]
    most = at_once / (latency_ms / 1000)
    if failures and not faults:
        raise BenchError(f"{failures} of {calls} calls failed.")
    return {
        "bench": "generator",
        "calls": calls,
        "at_once": at_once,
        "latency_ms": latency_ms,
        "faults": faults,
        "failures": failures,
        "calls_per_second": round(calls / seconds, 1),
        "most_per_second": round(most, 1),
        "share_of_most": round(calls / seconds / most, 3),
        "peak_at_server": peak,
        "client_cpu_ms_per_call": round(1000 * cpu / calls, 2),
    }


@contextmanager
def model_server(latency_seconds: float, faults: float = 0.0, dataset: Path | None = None) -> Iterator[str]:
    """The tests' model server in a process of its own, by its address.

    With a data set it answers what was found in its passages, else always the same.
    """
    if not (REPOSITORY / SERVER.replace(".", "/")).with_suffix(".py").is_file():
        raise BenchError(
            "The model server is part of the tests: run this benchmark from a clone of the repository."
        )
    command = [
        sys.executable, "-m", SERVER,
        "--latency", str(latency_seconds), "--faults", str(faults), "--reply", REPLY,
        *(["--dataset", str(dataset)] if dataset else []),
    ]  # fmt: skip
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise BenchError("The model server did not start; see its words on standard error.")
            yield str(json.loads(line)["base_url"])
        finally:
            process.stdin.close()


def _generator(address: str, at_once: int) -> Generator:
    settings = Settings(
        models=ModelSettings(generator="openai"),
        generator=GeneratorSettings(base_url=address, model="toy-model", concurrency=at_once),
    )
    made = build_generator(settings)
    assert made is not None
    return made


def _ask(generator: Generator, calls: int, purpose: str) -> int:
    """Ask so many different questions; how many brought no reply."""
    requests = (
        ModelRequest((Message("user", f"{number}: {PASSAGE}"),), purpose, SCHEMA, max_tokens=300)
        for number in range(calls)
    )
    replies = list(generator.generate_many(requests))
    if len(replies) != calls:
        raise BenchError(f"{calls} calls brought {len(replies)} replies.")
    return sum(isinstance(reply, GenerationError) for reply in replies)


def read_json(address: str) -> Any:
    """What the server says there. Raises BenchError."""
    try:
        with urlopen(address, timeout=START_SECONDS) as answer:
            return json.load(answer)
    except URLError as error:
        raise BenchError(f"The model server is gone: {error}.") from error
