"""How many questions a second: asked one by one, and many at once by processes on every processor."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.datasets import load_corpus
from eval.indexes import Corpus, Progress, open_index
from hippograph.graph.push import compiler
from hippograph.settings import Settings
from hippograph.types import SearchResult

COUNT = 10_000
ALONE = 300
"""So many are asked one by one."""
COMPARED = 100
WARM_UP = 20
PASSAGES = 5


def measure_questions(
    dataset: Path, questions: Sequence[str], count: int, method: str | None, progress: Progress
) -> dict[str, Any]:
    """Ask `count` questions over the index of a data set, built where it is missing; questions are asked again.

    Embedding the questions is part of both ways, starting the processes and loading their models part of the second.
    """
    from hippograph import Hippograph

    corpus = Corpus(dataset.resolve().name, load_corpus(dataset))
    alone, folder = open_index(corpus, None, progress)
    compiler().wait()
    asked = list(itertools.islice(itertools.cycle(questions), count))
    for question in asked[:WARM_UP]:
        alone.explain(question, PASSAGES, method)
    start, results = time.perf_counter(), []
    for done, question in enumerate(asked[:ALONE]):
        results.append(alone.explain(question, PASSAGES, method))
        progress("one by one", done + 1, ALONE)
    seconds_alone = time.perf_counter() - start
    settings = alone.settings.model_copy(
        update={"workers": Settings.load(workers={"kind": "processes"}).workers}
    )
    with Hippograph.open(folder, settings=settings) as memory:
        start, same = time.perf_counter(), 0
        for done, result in enumerate(memory.search_many(asked, PASSAGES, method)):
            same += done < COMPARED and _passages(result) == _passages(results[done])
            progress("many at once", done + 1, count)
        seconds_together = time.perf_counter() - start
        memory.parts.workers.close()
    alone.close()
    one, many = len(results) / seconds_alone, count / seconds_together
    return {
        "bench": "questions",
        "dataset": corpus.name,
        "questions": count,
        "a_second_alone": round(one, 1),
        "a_second_together": round(many, 1),
        "together_to_alone": round(many / one, 2),
        "same": round(same / min(COMPARED, len(results), count), 3),
    }


def _passages(result: SearchResult) -> list[tuple[str, float]]:
    return [(found.passage.id, found.score) for found in result.passages]
