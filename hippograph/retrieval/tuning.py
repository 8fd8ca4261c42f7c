"""Tuning: the ranker fitted to one index by the questions its corpus asks of itself.

Half of the questions teach, the other half decide. The coefficients are held back towards those of the shipped
ranker, and what comes out is kept only where it finds more on questions it has not seen, beyond chance. Made-up
questions are not people's, so the measures below are on the side of the shipped ranker (docs/ranking.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.ports import Embedder
from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import explore
from hippograph.retrieval.learning import Lesson, learn_ranker
from hippograph.retrieval.one_thread import one_blas_thread
from hippograph.retrieval.own_questions import OwnQuestion, own_questions
from hippograph.retrieval.ranker import Ranker, load_ranker, ranker_to_json, tuned_file
from hippograph.retrieval.rankings import Ranking, Values
from hippograph.settings import RetrievalSettings
from hippograph.types import DocumentId, Row
from hippograph.vectors import on_grid

QUESTIONS = 150
"""Of each kind, for both halves together."""
FEWEST = 40
"""With fewer questions in a half nothing is tried."""
HOLD = 10.0
"""How strongly coefficients are held towards the shipped ones: a hundred times as strongly as those towards 0."""
MARGIN = 0.005
"""How much more must be found at least: as much as a ranker may gain by knowing how such questions are worded."""
CLEAR = 0.8
"""Where the shipped ranker finds less than this at 10, most questions fit many passages and teach nothing."""
CUTS = (2, 5, 10)
RESAMPLES = 2000
SEED = 0


@dataclass(frozen=True, slots=True)
class Tuning:
    """What came of it."""

    questions: int
    """How many the corpus asked."""
    held_out: int
    """How many of them decided."""
    default: tuple[float, ...]
    """Mean recall at 2, 5 and 10 of the shipped ranker on those."""
    tuned: tuple[float, ...]
    low: float
    high: float
    """The 95 % interval of the mean difference, over questions and the three cuts."""
    kept: bool
    """Whether the index is now searched by the tuned ranker."""
    why: str

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    lesson: Lesson
    documents: Sequence[DocumentId]
    keys: npt.NDArray[np.uint64]
    gold: frozenset[DocumentId]


def tune(
    root: Path,
    index: PublishedIndex,
    embedder: Embedder,
    settings: RetrievalSettings,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Tuning:
    """Fit the ranker to an index, and keep it beside the index where it finds more; else the shipped one holds.

    A ranker that was kept before is forgotten first: its questions may be of documents that are gone.
    """
    file = tuned_file(root)
    made = own_questions(index, QUESTIONS)
    asked = []
    for done, question in enumerate(made, start=1):
        asked.append(_ask(question, index, embedder, settings))
        progress("asking the corpus its own questions", done, len(made))
    found = [each for each in asked if each.lesson.labels.any()]
    teach, decide = found[::2], asked[1::2]
    if min(len(teach), len(decide)) < FEWEST:
        file.unlink(missing_ok=True)
        none = (0.0, 0.0, 0.0)
        why = f"the corpus asks too few questions of itself ({len(made)})"
        return Tuning(len(made), len(decide), none, none, 0.0, 0.0, False, why)
    default = load_ranker()
    tuned = learn_ranker([[each.lesson for each in teach]], HOLD, near=default)
    return _decide(file, index, default, tuned, decide, len(made))


def _decide(
    file: Path,
    index: PublishedIndex,
    default: Ranker,
    tuned: Ranker,
    questions: Sequence[_Asked],
    count: int,
) -> Tuning:
    """Keep the tuned ranker where it finds more of the held-out questions' passages, at no cut fewer."""
    before, after = (np.array([_recalls(ranker, each) for each in questions]) for ranker in (default, tuned))
    low, high = _interval((after - before).mean(axis=1))
    clear = float(before[:, -1].mean()) >= CLEAR
    kept = clear and low > MARGIN and bool((after.mean(axis=0) >= before.mean(axis=0)).all())
    why = "it finds more on held-out questions" if kept else "what tuning gains may be chance"
    why = why if clear else "the questions the corpus asks of itself are too vague to learn from"
    means = [tuple(round(float(value), 4) for value in each.mean(axis=0)) for each in (before, after)]
    report = Tuning(count, len(questions), means[0], means[1], low, high, kept, why)
    if kept:
        recipe = {"tuned to": index.version.id, "held towards": "default", "L2": HOLD, **report.as_dict()}
        aside = file.with_suffix(".new")
        aside.write_text(ranker_to_json(tuned, recipe), encoding="utf-8")
        aside.replace(file)
    else:
        file.unlink(missing_ok=True)
    return report


def _ask(
    question: OwnQuestion, index: PublishedIndex, embedder: Embedder, settings: RetrievalSettings
) -> _Asked:
    with one_blas_thread():
        found = explore(question.text, on_grid(embedder.embed_query(question.text)), index, settings)
    rows = found.pool.rows
    documents = [index.origin_of(Row(row)).id for row in rows.tolist()]
    labels = np.array([document in question.gold for document in documents])
    return _Asked(Lesson(found.signals, labels, found.ties), documents, index.keys_of(rows), question.gold)


def _recalls(ranker: Ranker, asked: _Asked) -> list[float]:
    """The share of the gold documents among the first 2, 5 and 10 documents."""
    scores = ranker.scores(asked.lesson.signals, asked.lesson.ties)
    order = Ranking.of(np.arange(len(scores)), scores, asked.keys).rows.tolist()
    documents = list(dict.fromkeys(asked.documents[place] for place in order))
    return [len(asked.gold.intersection(documents[:k])) / len(asked.gold) for k in CUTS]


def _interval(differences: Values) -> tuple[float, float]:
    """The 95 % interval of a mean by resampling questions."""
    chance = np.random.default_rng(SEED)
    drawn = chance.integers(0, len(differences), (RESAMPLES, len(differences)))
    low, high = np.quantile(differences[drawn].mean(axis=1), [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)
