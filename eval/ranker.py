"""Training the ranker: a strongly regularised logistic regression over the candidates of some data sets.

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
from hippograph.errors import SettingsError
from hippograph.retrieval.explore import explore
from hippograph.retrieval.ranker import Ranker, ranker_to_json
from hippograph.retrieval.rankings import Ranking
from hippograph.retrieval.signals import Signals, feature_matrix
from hippograph.types import DocumentId, Row
from hippograph.vectors import on_grid

if TYPE_CHECKING:
    from hippograph import Hippograph

REGULARISATION = 0.003
"""scikit-learn's C: small, because what carries over to another corpus is coarse."""

CUTS = (2, 5, 10)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What one question brought up: C candidates with their features, and which of them are gold."""

    signals: Signals
    rows: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    """What decides between candidates that score alike."""
    documents: Sequence[DocumentId]
    gold: frozenset[DocumentId]

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
            Candidates(found.signals, rows, index.keys_of(rows), documents, frozenset(question.gold))
        )
        progress("exploring questions", done + 1, len(questions))
    return gathered


def train_ranker(sets: Sequence[Sequence[Candidates]], regularisation: float = REGULARISATION) -> Ranker:
    """Fit the linear model. Raises SettingsError where no candidate is gold."""
    from sklearn.linear_model import LogisticRegression

    names, _ = feature_matrix(sets[0][0].signals)
    matrix = np.vstack([feature_matrix(c.signals)[1] for questions in sets for c in questions])
    labels = np.concatenate([c.labels for questions in sets for c in questions])
    if not labels.any():
        raise SettingsError("No gold document is among the candidates, so there is nothing to learn from.")
    weights = np.concatenate(
        [np.full(len(c.rows), 1 / len(questions)) for questions in sets for c in questions]
    )
    mean, scale = matrix.mean(axis=0), matrix.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=regularisation, max_iter=5000)
    model.fit((matrix - mean) / scale, labels, sample_weight=weights / weights.mean())
    return Ranker(tuple(names), mean, scale, model.coef_[0], float(model.intercept_[0]))


def recalls(ranker: Ranker, questions: Sequence[Candidates]) -> dict[str, float]:
    """Mean recall at 2, 5 and 10 documents of the ranker's order."""
    values: dict[str, float] = {}
    for k in CUTS:
        each = []
        for candidates in questions:
            places = np.arange(len(candidates.rows))
            order = Ranking.of(places, ranker.scores(candidates.signals), candidates.keys).rows
            documents = documents_in_order([candidates.documents[place] for place in order.tolist()])
            each.append(recall_at_k(documents, candidates.gold, k))
        values[f"recall@{k}"] = round(float(np.mean(each)), 4)
    return values


def measure_ranker(sets: Mapping[str, Sequence[Candidates]]) -> list[dict[str, Any]]:
    """A row a set: the recalls of a ranker trained on the other sets, and of one trained on all of them."""
    everything = train_ranker(list(sets.values()))
    rows = []
    for name, questions in sets.items():
        others = [other for key, other in sets.items() if key != name]
        rows.append({"dataset": name, "trained on": "all sets", **recalls(everything, questions)})
        if others:
            rows.append(
                {"dataset": name, "trained on": "the others", **recalls(train_ranker(others), questions)}
            )
    return rows


def write_ranker(
    path: Path, sets: Mapping[str, Sequence[Candidates]], measured: Sequence[Mapping[str, Any]]
) -> None:
    """Train on all sets and write the coefficients with the recipe that gave them."""
    recipe = {
        "model": "logistic regression, L2, each set weighing the same",
        "C": REGULARISATION,
        "trained on": {name: len(questions) for name, questions in sets.items()},
        "measured": [dict(row) for row in measured],
    }
    path.write_text(ranker_to_json(train_ranker(list(sets.values())), recipe), encoding="utf-8")
