"""How long a fresh process takes: to import, to print its help, to answer a search."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hippograph.errors import HippographError

RUNS = 5
TIMEOUT_SECONDS = 120
QUESTION = "Who wrote the first notes about the engine?"


class BenchError(HippographError):
    """A benchmark that could not run to its end."""


def measure_startup(index: Path | None = None, runs: int = RUNS) -> dict[str, Any]:
    """Median seconds of each command over fresh processes, Python's own start-up beside them.

    The commands take turns, so that a busy moment of the machine falls on all. Without an index nothing is
    searched. Raises BenchError when a command fails.
    """
    commands = startup_commands(index)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds[name].append(_run(name, command))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "bench": "startup",
        "runs": runs,
        "seconds": {name: round(value, 3) for name, value in medians.items()},
        "beyond_python": {
            name: round(value - medians["python"], 3) for name, value in medians.items() if name != "python"
        },
    }


def startup_commands(index: Path | None) -> Mapping[str, Sequence[str]]:
    """What is run, by the name it is reported under."""
    commands: dict[str, Sequence[str]] = {
        "python": [sys.executable, "-c", "pass"],
        "import": [sys.executable, "-c", "import hippograph"],
        "help": [sys.executable, "-m", "hippograph", "--help"],
    }
    if index is not None:
        commands["search"] = [
            sys.executable, "-m", "hippograph", "search", QUESTION, "--index", str(index), "--json",
        ]  # fmt: skip
    return commands


def _run(name: str, command: Sequence[str]) -> float:
    start = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"The command {name!r} took longer than {TIMEOUT_SECONDS} seconds.") from error
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["nothing on standard error"])[-1]
        raise BenchError(f"The command {name!r} failed with exit code {done.returncode}: {last}")
    return seconds
