"""Training the ranker: a strongly regularised linear model over the candidates of some data sets.

Every set weighs the same, whatever the number of its questions; each set is also held out once, which tells what
the ranker is worth on a corpus it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eval.datasets import Dataset
from eval.retrieval_metrics import documents_in_order, recall_at_k
from hippograph.retrieval.explore import explore
from hippograph.retrieval.learning import STRENGTH, Lesson, learn_ranker
from hippograph.retrieval.ranker import Ranker, ranker_to_json
from hippograph.retrieval.rankings import Ranking
from hippograph.retrieval.search import SCORE_DECIMALS
from hippograph.retrieval.second_look import Ties
from hippograph.retrieval.signals import Signals
from hippograph.types import DocumentId, Row
from hippograph.vectors import on_grid

if TYPE_CHECKING:
    from hippograph import Hippograph

CUTS = (2, 5, 10)

SINGLE = {"dense": "dense", "bm25": "lexical", "walk": "walk"}
"""The single rankings that the ranker must not fall behind on any set, and their signals."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What one question brought up: C candidates with their features, and which of them are gold."""

    signals: Signals
    rows: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    """What decides between candidates that score alike."""
    documents: Sequence[DocumentId]
    gold: frozenset[DocumentId]
    ties: Ties | None = None
    """What the candidates say of each other, for the second look."""

    @property
    def labels(self) -> npt.NDArray[np.bool_]:
        """Whether each candidate's document is gold."""
        return np.array([document in self.gold for document in self.documents])


def gather_candidates(
    memory: Hippograph, dataset: Dataset, progress: Callable[[str, int, int], None]
) -> list[Candidates]:
    """Explore every question that has gold."""
    gathered = []
    questions, index = dataset.with_gold(), memory.index
    for done, question in enumerate(questions):
        vector = on_grid(memory.embedder.embed_query(question.text))
        found = explore(question.text, vector, index, memory.settings.retrieval)
        documents = [index.origin_of(Row(row)).id for row in found.pool.rows.tolist()]
        rows = found.pool.rows
        gathered.append(
            Candidates(
                found.signals, rows, index.keys_of(rows), documents, frozenset(question.gold), found.ties
            )
        )
        progress("exploring questions", done + 1, len(questions))
    return gathered


def train_ranker(sets: Sequence[Sequence[Candidates]], strength: float = STRENGTH) -> Ranker:
    """Fit the linear model. Raises SettingsError where no candidate is gold."""
    lessons = [[Lesson(c.signals, c.labels, c.ties) for c in questions] for questions in sets]
    return learn_ranker(lessons, strength)


def recalls(ranker: Ranker, questions: Sequence[Candidates]) -> dict[str, float]:
    """Mean recall at 2, 5 and 10 documents of the ranker's order."""
    return _means(recalls_of_each(lambda c: ranker.scores(c.signals, c.ties), questions))


def recalls_of_each(
    scored: Callable[[Candidates], npt.NDArray[np.float64]], questions: Sequence[Candidates]
) -> npt.NDArray[np.float64]:
    """Recall at 2, 5 and 10 documents of every question, its candidates in the order of some score: shape (Q, 3)."""
    values = np.zeros((len(questions), len(CUTS)))
    for place, candidates in enumerate(questions):
        scores = np.round(scored(candidates), SCORE_DECIMALS)
        order = Ranking.of(np.arange(len(candidates.rows)), scores, candidates.keys).rows
        documents = documents_in_order([candidates.documents[at] for at in order.tolist()])
        values[place] = [recall_at_k(documents, candidates.gold, k) for k in CUTS]
    return values


def _means(values: npt.NDArray[np.float64]) -> dict[str, float]:
    return {f"recall@{k}": round(float(mean), 4) for k, mean in zip(CUTS, values.mean(axis=0), strict=True)}


def measure_ranker(sets: Mapping[str, Sequence[Candidates]]) -> list[dict[str, Any]]:
    """A row for each set and each single ranking, the ranker trained on the other sets, and one trained on all.

    `below` names the cuts at which a ranker finds less than the best of the single rankings of that set does.
    """
    everything = train_ranker(list(sets.values()))
    rows = []
    for name, questions in sets.items():
        single = {
            ranking: _means(recalls_of_each(lambda c, s=signal: c.signals[s], questions))  # type: ignore[misc]
            for ranking, signal in SINGLE.items()
            if signal in questions[0].signals
        }
        rows += [{"dataset": name, "trained on": f"none: {key}", **values} for key, values in single.items()]
        others = [other for key, other in sets.items() if key != name]
        rankers = {"all sets": everything} | ({"the others": train_ranker(others)} if others else {})
        for trained_on, ranker in rankers.items():
            values = recalls(ranker, questions)
            below = [k for k, value in values.items() if any(value < one[k] for one in single.values())]
            rows.append({"dataset": name, "trained on": trained_on, **values, "below": " ".join(below)})
    return [{**row, "below": row.get("below", "")} for row in rows]


def write_ranker(
    path: Path, sets: Mapping[str, Sequence[Candidates]], measured: Sequence[Mapping[str, Any]]
) -> None:
    """Train on all sets and write the coefficients with the recipe that gave them."""
    recipe = {
        "model": "linear, softmax of each gold candidate against those that are not gold, each set weighing the same",
        "L2": STRENGTH,
        "trained on": {name: len(questions) for name, questions in sets.items()},
        "measured": [dict(row) for row in measured],
    }
    path.write_text(ranker_to_json(train_ranker(list(sets.values())), recipe), encoding="utf-8")
