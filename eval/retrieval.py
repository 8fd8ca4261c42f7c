"""Retrieval over a data set: every question that has gold, the metrics, and the time of a search."""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eval.datasets import Dataset, DatasetError, Question
from eval.retrieval_metrics import all_at_k, documents_in_order, ndcg_at_k, recall_at_k, reciprocal_rank
from hippograph.ports import Embedder
from hippograph.types import DocumentId, SearchResult, Vectors

RANKED_DOCUMENTS = 10
FIRST_PASSAGES = 50
"""Asked for first; twice as many when their documents are fewer than ten."""
USUAL_PASSAGES = 5
"""What a search is timed with: the k of `Hippograph.search` unless another is asked for."""
WARM_UP_SEARCHES = 5
MOST_WARNINGS = 10
"""How many different warnings a report shows, each with how often it was given."""


class Searcher(Protocol):
    """What is measured: an opened index that can be searched with a question already embedded."""

    @property
    def embedder(self) -> Embedder:
        """What turns a question into the vector that is searched with."""
        ...

    def search_vector(self, question: str, query_vector: Vectors, k: int, method: str | None) -> SearchResult:
        """The first k passages for a question already embedded."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its vector, embedded once for all methods and never timed."""

    question: Question
    vector: Vectors


def embed_questions(dataset: Dataset, embedder: Embedder) -> list[Asked]:
    """The questions that have gold. Raises DatasetError when there are none."""
    questions = dataset.with_gold()
    if not questions:
        raise DatasetError(f"The data set {dataset.name!r} has no question with gold to measure.")
    return embed_each(questions, embedder)


def embed_each(questions: Iterable[Question], embedder: Embedder) -> list[Asked]:
    """Questions with their vectors."""
    listed = list(questions)
    vectors = embedder.embed_queries([question.text for question in listed])
    return [Asked(question, vector) for question, vector in zip(listed, vectors, strict=True)]


def measure_retrieval(
    dataset: Dataset,
    asked: Sequence[Asked],
    searcher: Searcher,
    method: str,
    watch: Callable[[Sequence[Asked], str], Iterable[Asked]] = lambda asked, _: asked,
    model_calls: Callable[[], int] | None = None,
) -> dict[str, Any]:
    """The report of one method: means over the questions, and every question's values and ranking.

    `watch` hands the questions through and may show how far the run is. `model_calls` counts a language model's calls
    so far, for a method that makes some: then no question is searched twice, and the time is that of the one search.
    """
    search_ms = [] if model_calls else time_searches(searcher, asked, method, watch)
    calls_before = model_calls() if model_calls else 0
    fallbacks = 0
    warnings: list[str] = []
    steps: dict[str, list[float]] = defaultdict(list)
    per_question = []
    for one in watch(asked, f"rank with {method}"):
        start = time.perf_counter()
        ranking, result = rank_documents(searcher, one, method)
        if model_calls:
            search_ms.append((time.perf_counter() - start) * 1000)
        fallbacks += result.trace.fallback is not None
        warnings += result.trace.warnings
        for step, milliseconds in result.trace.timings_ms.items():
            steps[step].append(milliseconds)
        values = question_values(ranking, one.question)
        per_question.append({"id": one.question.id, **values, "ranking": ranking})
    return {
        "dataset": dataset.name,
        "method": method,
        "questions": len(asked),
        **{name: _mean(per_question, name) for name in question_values([], asked[0].question)},
        "search_ms_p50": round(statistics.median(search_ms), 3),
        "llm_calls": model_calls() - calls_before if model_calls else 0,
        "fallbacks": fallbacks,
        "warnings": dict(Counter(warnings).most_common(MOST_WARNINGS)),
        "steps_ms_p50": {step: round(statistics.median(values), 3) for step, values in steps.items()},
        "dataset_hash": dataset.hash(),
        "per_question": per_question,
    }


def time_searches(
    searcher: Searcher,
    asked: Sequence[Asked],
    method: str,
    watch: Callable[[Sequence[Asked], str], Iterable[Asked]] = lambda asked, _: asked,
) -> list[float]:
    """Milliseconds of each search without embedding its question, after a few that are not counted."""
    for one in asked[:WARM_UP_SEARCHES]:
        searcher.search_vector(one.question.text, one.vector, USUAL_PASSAGES, method)
    return [time_search(searcher, one, method) for one in watch(asked, f"time {method}")]


def time_search(searcher: Searcher, asked: Asked, method: str | None) -> float:
    """Milliseconds of one search for the usual number of passages, its question already embedded."""
    start = time.perf_counter()
    searcher.search_vector(asked.question.text, asked.vector, USUAL_PASSAGES, method)
    return (time.perf_counter() - start) * 1000


def rank_documents(searcher: Searcher, asked: Asked, method: str) -> tuple[list[DocumentId], SearchResult]:
    """The first ten documents, from as many passages as that takes."""
    k = FIRST_PASSAGES
    while True:
        result = searcher.search_vector(asked.question.text, asked.vector, k, method)
        ranking = documents_in_order(found.passage.document for found in result.passages)
        if len(ranking) >= RANKED_DOCUMENTS or len(result.passages) < k:
            return ranking[:RANKED_DOCUMENTS], result
        k *= 2


def question_values(ranking: Sequence[DocumentId], question: Question) -> dict[str, float]:
    """Every metric of one question."""
    gold = question.gold
    return {
        "recall@2": recall_at_k(ranking, gold, 2),
        "recall@5": recall_at_k(ranking, gold, 5),
        "recall@10": recall_at_k(ranking, gold, 10),
        "all@5": all_at_k(ranking, gold, 5),
        "ndcg@10": ndcg_at_k(ranking, gold, 10),
        "rr@10": reciprocal_rank(ranking[:10], gold),
    }


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    return round(statistics.fmean(row[name] for row in rows), 4)
