"""One cell of the matrix: one method over one data set, question by question.

`hippograph-unseen` is hippograph with a ranker that was trained on the other sets only: what to expect of a corpus
nobody has tuned on. Every other name is a method of `Hippograph.search`.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.answer_metrics import answer_in_citations, is_span_question
from eval.datasets import Question
from eval.ranker import Candidates
from eval.retrieval import RANKED_DOCUMENTS, Asked, question_values, rank_documents, time_searches
from eval.retrieval_metrics import documents_in_order
from hippograph.retrieval.explore import explore
from hippograph.retrieval.ranker import Ranker
from hippograph.retrieval.rankings import Ranking
from hippograph.retrieval.search import SCORE_DECIMALS
from hippograph.types import DocumentId, Row
from hippograph.vectors import on_grid

if TYPE_CHECKING:
    from hippograph import Hippograph

UNSEEN = "hippograph-unseen"
ANSWER = "answer@5"
"""Whether an accepted answer stands in the first five passages; None where it is yes, no, or not given."""
CONTEXT_PASSAGES = 5
METRICS = ("recall@2", "recall@5", "recall@10", "all@5", "ndcg@10", ANSWER)
HOPS = re.compile(r"(\d+)-?hop", re.IGNORECASE)

Values = dict[str, float | None]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What a method made of one question: values by metric, and the first ten documents."""

    id: str
    kind: str
    """How many hops it takes, where the set says so, else the type it gives; empty where it says nothing."""
    gold: tuple[DocumentId, ...]
    values: Values
    ranking: tuple[DocumentId, ...]

    def gold_ranks(self) -> dict[str, int | None]:
        """Where each gold document stands, counted from 1; None where it is not among the first ten."""
        places = {document: rank for rank, document in enumerate(self.ranking, start=1)}
        return {document: places.get(document) for document in self.gold}

    def to_json(self) -> dict[str, Any]:
        """One line of the file of questions."""
        return {
            "id": self.id,
            "kind": self.kind,
            "gold_ranks": self.gold_ranks(),
            **self.values,
            "ranking": list(self.ranking),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> QuestionResult:
        """What `to_json` wrote."""
        values = {name: row[name] for name in METRICS}
        gold = tuple(DocumentId(name) for name in row["gold_ranks"])
        return cls(row["id"], row["kind"], gold, values, tuple(DocumentId(name) for name in row["ranking"]))


@dataclass(frozen=True, slots=True)
class Cell:
    """One method over one set."""

    set: str
    method: str
    questions: tuple[QuestionResult, ...]
    search_ms_p50: float | None
    """The median search without embedding its question; None where the search was taken apart."""
    search_ms_p95: float | None
    passages: int

    def mean(self, metric: str, kind: str | None = None) -> float | None:
        """The mean over the questions that have a value, of one kind where one is named; None without any."""
        values = [
            value
            for question in self.questions
            if kind in (None, question.kind) and (value := question.values[metric]) is not None
        ]
        return statistics.fmean(values) if values else None

    def to_json(self) -> dict[str, Any]:
        """The cell with every question."""
        return {
            "set": self.set,
            "method": self.method,
            "search_ms_p50": self.search_ms_p50,
            "search_ms_p95": self.search_ms_p95,
            "passages": self.passages,
            "questions": [question.to_json() for question in self.questions],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Cell:
        """What `to_json` wrote."""
        return cls(
            record["set"],
            record["method"],
            tuple(QuestionResult.from_json(row) for row in record["questions"]),
            record["search_ms_p50"],
            record["search_ms_p95"],
            record["passages"],
        )


def kind_of(question: Question) -> str:
    """The number of hops that a set's type names, else the type as it stands.

    >>> kind_of(Question("q", "Who?", (), (), "3hop1")), kind_of(Question("q", "Who?", (), (), "bridge"))
    ('3 hops', 'bridge')
    """
    named = HOPS.match(question.type)
    return f"{named[1]} hops" if named else question.type


def result_of(question: Question, ranking: Sequence[DocumentId], texts: Sequence[str]) -> QuestionResult:
    """The values of one question, from its first ten documents and the texts of its first five passages."""
    values: Values = {**question_values(ranking, question)}
    values[ANSWER] = answer_in_context(question.answers, texts)
    kept = {name: values[name] for name in METRICS}
    return QuestionResult(question.id, kind_of(question), question.gold, kept, tuple(ranking))


def answer_in_context(answers: Sequence[str], texts: Sequence[str]) -> float | None:
    """1 when an accepted answer stands in one of the texts, else 0; None where the answer is no span of text."""
    return answer_in_citations(answers, texts) if is_span_question(answers) else None


def measure_cell(
    label: str, asked: Sequence[Asked], memory: Hippograph, method: str, progress: Progress
) -> Cell:
    """Search every question, first for time and then for ranks."""

    def watch(questions: Sequence[Asked], name: str) -> Any:
        for done, one in enumerate(questions):
            progress(f"{label}: {name}", done + 1, len(questions))
            yield one

    memory.searching.prepare(method, progress)
    is_dear = memory.searching.asks_a_model(method)  # then nothing is searched twice
    milliseconds = [] if is_dear else time_searches(memory, asked, method, watch)
    results = []
    for one in watch(asked, f"rank with {method}"):
        begun = time.perf_counter()
        ranking, found = rank_documents(memory, one, method)
        if is_dear:
            milliseconds.append((time.perf_counter() - begun) * 1000)
        texts = [each.passage.text for each in found.passages[:CONTEXT_PASSAGES]]
        results.append(result_of(one.question, ranking, texts))
    return Cell(
        label,
        method,
        tuple(results),
        round(statistics.median(milliseconds), 3),
        round(float(np.quantile(milliseconds, 0.95)), 3),
        memory.index.passage_count,
    )


# --------------------------------------------------------------------------- a ranker that has not seen the set


@dataclass(frozen=True, slots=True, eq=False)
class Explored:
    """What one question brought up, to be ordered by any ranker once the index is closed."""

    question: Question
    candidates: Candidates
    dense: tuple[tuple[int, DocumentId], ...]
    """Row and document of the passages nearest the question: they follow the candidates."""
    is_fallback: bool
    """Whether the graph had nothing to add, so that the dense order stands."""

    def order(self, ranker: Ranker) -> list[tuple[int, DocumentId]]:
        """Rows and documents in the order that `hippograph` gives with this ranker."""
        if self.is_fallback:
            return list(self.dense)
        found = self.candidates
        scores = np.round(ranker.scores(found.signals, found.ties), SCORE_DECIMALS)
        places = Ranking.of(np.arange(len(found.rows)), scores, found.keys).rows.tolist()
        order = [(int(found.rows[place]), found.documents[place]) for place in places]
        taken = {row for row, _ in order}
        return order + [pair for pair in self.dense if pair[0] not in taken]


@dataclass(frozen=True, slots=True, eq=False)
class ExploredSet:
    """Every question of one set, explored, and the texts of the passages they brought up."""

    label: str
    questions: tuple[Explored, ...]
    texts: Mapping[int, str]
    passages: int


def explore_set(label: str, asked: Sequence[Asked], memory: Hippograph, progress: Progress) -> ExploredSet:
    """Explore every question."""
    index, explored = memory.index, []
    texts: dict[int, str] = {}
    for done, one in enumerate(asked):
        found = explore(one.question.text, on_grid(one.vector), index, memory.settings.retrieval)
        rows = found.pool.rows
        documents = [index.origin_of(Row(row)).id for row in rows.tolist()]
        dense = [(row, index.origin_of(Row(row)).id) for row in found.dense.rows.tolist()]
        for row in {*rows.tolist(), *(row for row, _ in dense)} - texts.keys():
            texts[row] = index.load_passage(Row(row)).text
        candidates = Candidates(
            found.signals, rows, index.keys_of(rows), documents, frozenset(one.question.gold), found.ties
        )
        explored.append(Explored(one.question, candidates, tuple(dense), found.fallback is not None))
        progress(f"{label}: exploring", done + 1, len(asked))
    return ExploredSet(label, tuple(explored), texts, index.passage_count)


def rank_explored(found: ExploredSet, ranker: Ranker, method: str = UNSEEN) -> Cell:
    """The cell that a ranker makes of an explored set."""
    results = []
    for one in found.questions:
        order = one.order(ranker)
        ranking = documents_in_order(document for _, document in order)[:RANKED_DOCUMENTS]
        texts = [found.texts[row] for row, _ in order[:CONTEXT_PASSAGES]]
        results.append(result_of(one.question, ranking, texts))
    return Cell(found.label, method, tuple(results), None, None, found.passages)
