"""Coverage: how much of a whole corpus the passages stand for that are listed for a question about all of it.

Such questions have no gold. What is measured is how near each passage of the corpus is to the nearest of those listed
(facility location, as in summarisation: Lin and Bilmes 2011): 1 where all is said, low where a list repeats itself.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hippograph.errors import SettingsError
from hippograph.types import Row

if TYPE_CHECKING:
    from hippograph import Hippograph

QUESTIONS = (
    "What is this collection about?",
    "What are the main themes of these documents?",
    "Give an overview of everything that is told here.",
    "Which people, places and events are mentioned most?",
    "Summarise the whole corpus.",
    "What do these texts have in common?",
    "What subjects are covered, and how do they differ?",
    "What would a reader learn from all of this?",
)
"""They name nothing, so that they can be asked of any corpus."""
MOST_PASSAGES = 5_000
"""A larger corpus is represented by so many of its passages, evenly spread over its rows."""


def measure_coverage(memory: Hippograph, methods: Sequence[str], k: int = 20) -> list[dict[str, Any]]:
    """A row a method: the mean cosine of the corpus with the nearest of k listed passages, and their documents."""
    index = memory.index
    rows = index.nodes()
    rows = rows[rows < index.graph.first_entity].astype(np.int64)
    if not len(rows):
        raise SettingsError("The index holds no passage, so nothing can be covered.")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_PASSAGES)).astype(np.int64)]
    corpus = index.passage_vectors.vectors(rows)
    asked = [(question, memory.embedder.embed_query(question)) for question in QUESTIONS]
    reports = []
    for method in methods:
        memory.searching.prepare(method)
        memory.search_vector(*asked[0], k, method)  # what is made at a first search is not timed
        covered, documents, spent = [], [], []
        for question, vector in asked:
            start = time.perf_counter()
            found = memory.search_vector(question, vector, k, method).passages
            spent.append((time.perf_counter() - start) * 1000)
            documents.append(len({each.passage.document for each in found}))
            covered.append(_coverage(corpus, index.passage_vectors.vectors(_rows([e.row for e in found]))))
        reports.append(
            {
                "method": method,
                "questions": len(asked),
                "passages": k,
                "coverage": round(statistics.fmean(covered), 4),
                "documents": round(statistics.fmean(documents), 1),
                "search_ms_p50": round(statistics.median(spent), 3),
            }
        )
    return reports


def _rows(rows: Sequence[Row]) -> Any:
    return np.array(rows, dtype=np.int64)


def _coverage(corpus: Any, listed: Any) -> float:
    """The mean over the corpus of the cosine with the nearest listed passage; 0 where none is listed.

    >>> _coverage(np.eye(2), np.eye(2)[:1])
    0.5
    """
    return float((corpus @ listed.T).max(axis=1).mean()) if len(listed) else 0.0
