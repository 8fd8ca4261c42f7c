"""What orchestration costs: the Prefect flow beside the plain function, on the same corpus."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eval.bench.startup import BenchError
from eval.datasets import CORPUS_FILE, read_rows
from hippograph.errors import MissingExtra

ROUNDS = 3
WARM_UP_ROWS = 5
RUN = """
import json, sys, time
from pathlib import Path
from connectors.by_uri import connector_for
from flows.corpus import Corpus
from flows.index_corpus import index_corpus
from hippograph.engine import index_sources
from hippograph.settings import Settings

def by_flow(source, folder):
    index_corpus(Corpus(sources=[source], index=folder))

def plainly(source, folder):
    index_sources([connector_for(source)], folder, settings=Settings.load())

root, rounds = Path(sys.argv[1]), int(sys.argv[2])
ways = {"plain": plainly, "flow": by_flow}
seconds = {name: [] for name in ways}
for number in range(rounds + 1):
    source = str(root / ("corpus.jsonl" if number else "warm-up.jsonl"))
    for name, run in ways.items():
        start = time.perf_counter()
        run(source, root / f"{name}-{number}")
        if number:
            seconds[name].append(time.perf_counter() - start)
print("SECONDS " + json.dumps(seconds))
"""
"""Run in a process of its own, because nothing here may import flows. The first round only warms up."""


def measure_flow(dataset: Path, limit: int | None, rounds: int = ROUNDS) -> dict[str, Any]:
    """Index a corpus, or its first rows, by the flow and by the plain function in turns. The ratio is of medians.

    Starting Prefect's server, once a process, is not counted. Raises DatasetError, BenchError, MissingExtra.
    """
    if find_spec("prefect") is None:
        raise MissingExtra("prefect", "flows", "Measuring the flow")
    rows = [row for row, _ in read_rows(dataset / CORPUS_FILE)][:limit]
    with TemporaryDirectory(prefix="hippograph-flow-") as folder:
        root = Path(folder)
        _write(root / "corpus.jsonl", rows)
        _write(root / "warm-up.jsonl", rows[:WARM_UP_ROWS])
        seconds = _run(root, rounds)
    plain, flow = (statistics.median(seconds[name]) for name in ("plain", "flow"))
    return {
        "bench": "flow",
        "dataset": dataset.resolve().name,
        "documents": len(rows),
        "rounds": rounds,
        "plain_seconds": round(plain, 2),
        "flow_seconds": round(flow, 2),
        "overhead_seconds": round(flow - plain, 2),
        "overhead": round(flow / plain - 1, 4),
    }


def _run(root: Path, rounds: int) -> Mapping[str, list[float]]:
    command = [sys.executable, "-c", RUN, str(root), str(rounds)]
    own = {"PREFECT_HOME": str(root / "prefect"), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **own})
    for line in done.stdout.splitlines():
        if line.startswith("SECONDS "):
            seconds: Mapping[str, list[float]] = json.loads(line.removeprefix("SECONDS "))
            return seconds
    last = (done.stderr.strip().splitlines() or ["nothing on standard error"])[-1]
    raise BenchError(f"The flow could not be measured, exit code {done.returncode}: {last}")


def _write(path: Path, rows: list[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
