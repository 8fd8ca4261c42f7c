"""How long a search takes without embedding its question, and how that grows with the corpus."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.datasets import QUESTIONS_FILE, load_corpus, load_questions
from eval.indexes import Corpus, Progress, open_index
from eval.retrieval import WARM_UP_SEARCHES, Asked, Searcher, embed_each, time_search

QUESTION_LIMIT = 100
"""More questions than this of a data set are not embedded: they would only cost time."""
SEARCHES = 200
"""Of each data set; questions are asked again from the first when there are fewer."""


def measure_search_of(
    datasets: Sequence[Path], questions: Path | None, method: str, progress: Progress
) -> dict[str, Any]:
    """Open the index of each data set, built where it is missing, and measure them in one run.

    A corpus without questions of its own is asked those of the data set `questions`. Raises DatasetError.
    """
    from hippograph.settings import Settings
    from hippograph.wiring import build_parts

    parts = build_parts(Settings.load())
    searchers, asked = {}, {}
    for folder in datasets:
        name = folder.resolve().name
        own = folder / QUESTIONS_FILE
        source = own if own.exists() or questions is None else questions / QUESTIONS_FILE
        asked[name] = embed_each(load_questions(source)[:QUESTION_LIMIT], parts.embedder)
        corpus = Corpus(name, load_corpus(folder))
        searchers[name], _ = open_index(corpus, None, progress, parts)
    report = measure_search(searchers, asked, method)
    sizes = {name: searcher.index.passage_count for name, searcher in searchers.items()}
    rows = [
        {"dataset": row["dataset"], "passages": sizes[row["dataset"]], **row} for row in report["datasets"]
    ]
    return {**report, "datasets": rows}


def measure_search(
    searchers: Mapping[str, Searcher],
    questions: Mapping[str, Sequence[Asked]],
    method: str,
    searches: int = SEARCHES,
) -> dict[str, Any]:
    """Search every data set in turn, one question each, so that a busy moment of the machine falls on all.

    Ratios are of medians, over that of the first data set.
    """
    for name, searcher in searchers.items():
        for asked in questions[name][:WARM_UP_SEARCHES]:
            time_search(searcher, asked, method)
    turns = {name: itertools.cycle(questions[name]) for name in searchers}
    times: dict[str, list[float]] = {name: [] for name in searchers}
    for _ in range(searches):
        for name, searcher in searchers.items():
            times[name].append(time_search(searcher, next(turns[name]), method))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    first = next(iter(medians.values()))
    return {
        "bench": "search",
        "method": method,
        "searches": searches,
        "datasets": [
            {
                "dataset": name,
                "search_ms_p50": round(medians[name], 3),
                "search_ms_p95": round(float(np.quantile(values, 0.95)), 3),
                "ratio": round(medians[name] / first, 3),
            }
            for name, values in times.items()
        ],
    }
