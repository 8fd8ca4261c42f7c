"""Extraction by a model as an index does it: faults, a kill in the middle, a second run, and how near to the limit.

The model is the tests' server on loopback, in a process of its own, which answers what was recorded of a real one. The
runs are those of `index --grade llm`, by rules, hashed vectors and plain cuts: all but the model's part is cheap.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eval.bench.generator import REPOSITORY, model_server, read_json
from eval.bench.startup import BenchError
from eval.datasets import CORPUS_FILE, load_corpus, require_file
from eval.extraction import EXTRACTIONS
from hippograph.adapters.llm_extractor.asking import whole
from hippograph.adapters.llm_extractor.steps import Step, StepName, Types
from hippograph.settings import Settings
from hippograph.text.passages import make_passages
from hippograph.types import ModelRequest
from hippograph.wiring import build_generator

Progress = Callable[[str, int, int], None]

RUN = """
import json, sys, time
from pathlib import Path
import openai  # loading the client takes most of a second, once, and is no part of a pace
from connectors.by_uri import connector_for
from hippograph import indexing
from hippograph.engine import index_sources
from hippograph.adapters.llm_extractor.asking import whole
from hippograph.adapters.llm_extractor.steps import Step, StepName, Types
from hippograph.settings import Settings
from hippograph.text.passages import make_passages
from hippograph.types import ModelRequest
from hippograph.wiring import build_generator
from hippograph.types import Grade

seconds, upgrade_facts = [], indexing.upgrade_facts

def timed(*arguments):
    start, cpu = time.perf_counter(), time.process_time()
    done = upgrade_facts(*arguments)
    seconds.append((time.perf_counter() - start, time.process_time() - cpu))
    return done

indexing.upgrade_facts = timed
settings = Settings.model_validate_json(sys.argv[3])
report = index_sources([connector_for(sys.argv[1])], Path(sys.argv[2]), settings=settings, grade=Grade.LLM)
upgraded = report.upgraded
print("REPORT " + json.dumps({
    "seconds": seconds[0][0], "cpu_seconds": seconds[0][1], "calls": report.usage.llm_calls,
    "passages": report.version.passage_count, "extracted": report.version.upgraded_count,
    "failures": list(report.passage_failures), "left": upgraded.left, "why_left": upgraded.why_left,
}))
"""
"""A run of its own, so that it can be killed."""

ALONE = 960
"""How many calls show the pace of the generator alone."""
MOST_RUNS = 5
"""A passage whose calls failed on the way is left for the next run: so many runs may pass until none is."""


def measure_extraction_by_model(
    dataset: Path, faults: float, latency_ms: int, at_once: int, told: Progress = lambda *_: None
) -> dict[str, Any]:
    """What becomes of every passage, what is asked twice, what a second run costs, and calls a second.

    Raises DatasetError, BenchError.
    """
    dataset = dataset.resolve()
    require_file(dataset / EXTRACTIONS, "it holds what a language model found in the corpus")
    count = len(load_corpus(dataset))
    with TemporaryDirectory(prefix="hippograph-extraction-") as folder:
        root = Path(folder)
        told("faults and a kill", 0, 3)
        reliable = _through_faults(dataset, root / "faults", faults, at_once, count)
        told("throughput and a second run", 1, 3)
        fast = _at_full_speed(dataset, root / "speed", latency_ms, at_once)
        told("throughput and a second run", 3, 3)
    return {"bench": "extraction-by-model", "dataset": dataset.name, **reliable, **fast}


def _through_faults(dataset: Path, folder: Path, faults: float, at_once: int, count: int) -> dict[str, Any]:
    """A run that is killed half-way, and runs after it until no passage is left.

    Answered twice are the calls whose answers were on their way when the run was killed: `at_once` of them at most, as
    nobody had them to keep.
    """
    with model_server(0.02, faults, dataset) as address:
        settings = _settings(address, at_once, folder)
        with _started(dataset / CORPUS_FILE, folder / "index", settings) as process:
            while (seen := read_json(f"{address}/calls"))["chats"] < count and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
        if process.returncode != -signal.SIGKILL:
            raise BenchError("The run ended before it could be killed.")
        report, runs = _finished(dataset / CORPUS_FILE, folder / "index", settings), 1
        while report["left"] and runs < MOST_RUNS:
            report, runs = _finished(dataset / CORPUS_FILE, folder / "index", settings), runs + 1
        calls = read_json(f"{address}/calls") | read_json(f"{address}/repeated")
    quarantined = [each for each in report["failures"] if "not upgraded" in each]
    lost = report["passages"] - report["extracted"] - len(quarantined) - report["left"]
    return {
        "passages": report["passages"],
        "faults": faults,
        "extracted": report["extracted"],
        "quarantined": len(quarantined),
        "quarantined_for": dict(Counter(map(_reason, quarantined)).most_common()),
        "left": report["left"],
        "lost": lost,
        "runs_after_the_kill": runs,
        "calls": calls["chats"],
        "calls_at_the_kill": seen["chats"],
        "calls_gone_wrong": calls["faults"],
        "at_once": at_once,
        "answered_twice": calls["repeated"],
    }


def _at_full_speed(dataset: Path, folder: Path, latency_ms: int, at_once: int) -> dict[str, Any]:
    """A run without faults, the same again, and once more into another index beside the same journal.

    What a busy machine takes away shows in the generator alone, measured before and after with like requests.
    """
    with model_server(latency_ms / 1000, 0.0, dataset) as address:
        settings = _settings(address, at_once, folder)
        alone = [_alone(dataset, settings)]
        cold = _finished(dataset / CORPUS_FILE, folder / "index", settings)
        alone.append(_alone(dataset, settings))
        warm = _finished(dataset / CORPUS_FILE, folder / "index", settings)
        from_journal = _finished(dataset / CORPUS_FILE, folder / "other", settings)
        peak = read_json(f"{address}/calls")["peak"]
    most = at_once / (latency_ms / 1000)
    rate = cold["calls"] / cold["seconds"]
    return {
        "latency_ms": latency_ms,
        "cold_calls": cold["calls"],
        "cold_seconds": round(cold["seconds"], 2),
        "calls_per_second": round(rate, 1),
        "most_per_second": round(most, 1),
        "share_of_most": round(rate / most, 3),
        "generators_share_of_most": [round(each / most, 3) for each in alone],
        "share_of_the_generator": round(2 * rate / sum(alone), 3),
        "peak_at_server": peak,
        "client_cpu_ms_per_call": round(1000 * cold["cpu_seconds"] / cold["calls"], 2),
        "warm_calls": warm["calls"],
        "warm_share_of_cold": round(warm["seconds"] / cold["seconds"], 5),
        "journal_calls": from_journal["calls"],
        "journal_share_of_cold": round(from_journal["seconds"] / cold["seconds"], 5),
    }


def _alone(dataset: Path, settings: Settings) -> float:
    """Calls a second of the generator, handed the first calls of some passages all at once."""
    step = Step(StepName.ENTITIES, Types())
    pieces = [
        whole(make_passages(document, [(0, len(document.text))], [""])[0])
        for document in load_corpus(dataset)[:ALONE]
    ]
    requests = [
        ModelRequest(step.messages([piece]), "alone", step.schema(), max_tokens=900) for piece in pieces
    ]
    generator = build_generator(settings)
    assert generator is not None
    list(generator.generate_many(requests[: settings.generator.concurrency]))
    start = time.perf_counter()
    list(generator.generate_many(requests))
    return len(requests) / (time.perf_counter() - start)


def _settings(address: str, at_once: int, folder: Path) -> Settings:
    return Settings(
        models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy", "generator": "openai"},
        passage={"max_tokens": 8192},
        generator={"base_url": address, "model": "toy-model", "concurrency": at_once},
        storage={"replies": folder / "replies.db"},
    )


def _started(corpus: Path, folder: Path, settings: Settings) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(corpus), str(folder), settings.model_dump_json()]
    return subprocess.Popen(command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE)


def _finished(corpus: Path, folder: Path, settings: Settings) -> Mapping[str, Any]:
    """What a whole run reports. Raises BenchError when it fails."""
    with _started(corpus, folder, settings) as process:
        said, _ = process.communicate()
    lines = [line.removeprefix("REPORT ") for line in said.splitlines() if line.startswith("REPORT ")]
    if process.returncode or not lines:
        raise BenchError(f"A run ended with code {process.returncode}; see its words on standard error.")
    report: Mapping[str, Any] = json.loads(lines[0])
    return report


def _reason(failure: str) -> str:
    """Why a passage was not read, without what is its own."""
    reason = failure.partition("not upgraded: ")[2]
    return reason.partition(". It began")[0].partition(": I'm")[0][:90]
