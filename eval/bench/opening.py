"""How long opening an index takes before it can be asked, and how that grows with the index."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.generated import generate_documents, generated_parts
from eval.indexes import Corpus, Progress, open_index
from hippograph.ports import Parts
from hippograph.settings import Settings

SIZES = (1_000, 100_000)
ROUNDS = 30
QUESTION = "Who wrote the Song of Babe?"


def measure_opening(sizes: Sequence[int], rounds: int, progress: Progress) -> dict[str, Any]:
    """Milliseconds of opening generated indexes, which are kept in the user's cache, sizes taking turns.

    The parts are loaded already, and the files are in the system's cache. The first search after opening is timed
    apart, since it reads what opening left alone. `more_ms` is what opening takes beyond that of the first size.
    """
    settings = Settings.load()
    parts = generated_parts(settings)
    folders = {size: _built(size, parts, progress) for size in sizes}
    opening: dict[int, list[float]] = {size: [] for size in sizes}
    asking: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size, folder in folders.items():
            opened, asked = _open_and_ask(folder, parts, settings)
            opening[size].append(opened)
            asking[size].append(asked)
    medians = {size: float(np.median(times)) for size, times in opening.items()}
    return {
        "bench": "open",
        "rounds": rounds,
        "sizes": [
            {
                "passages": size,
                "open_ms_p50": round(medians[size], 2),
                "open_ms_p95": round(float(np.quantile(opening[size], 0.95)), 2),
                "first_search_ms_p50": round(float(np.median(asking[size])), 2),
                "more_ms": round(medians[size] - medians[sizes[0]], 2),
            }
            for size in sizes
        ],
    }


def _built(size: int, parts: Parts, progress: Progress) -> Path:
    corpus = Corpus(f"generated-{size}", tuple(generate_documents(0, size)))
    memory, folder = open_index(corpus, None, progress, parts)
    memory.close()
    return folder


def _open_and_ask(folder: Path, parts: Parts, settings: Settings) -> tuple[float, float]:
    from hippograph import Hippograph

    begun = time.perf_counter()
    with Hippograph.open(folder, settings=settings, parts=parts) as memory:
        opened = time.perf_counter()
        memory.search(QUESTION)
        return (opened - begun) * 1000, (time.perf_counter() - opened) * 1000
