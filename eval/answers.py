"""Answers over a data set: whether they stand in what they cite, how close they are, what is refused."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from eval.answer_metrics import answer_in_citations, exact_match, f1_score, is_span_question
from eval.datasets import Dataset, Question
from hippograph.types import Answer

METRICS = (
    "answer_in_citations",
    "exact_match",
    "f1",
    "citations_per_answer",
    "refused_answerable",
    "refused_unanswerable",
)


class Asker(Protocol):
    """What is measured: an opened index that answers questions."""

    def ask(self, question: str) -> Answer:
        """An answer with citations, or a refusal."""
        ...


def measure_answers(
    dataset: Dataset,
    asker: Asker,
    watch: Callable[[Sequence[Question], str], Iterable[Question]] = lambda questions, _: questions,
) -> dict[str, Any]:
    """The report of one run over every question that is known to have an answer, or known to have none.

    The predicted answer is the span where there is one, else the text; a refusal predicts nothing and counts
    as wrong where there was an answer. Whether an answer stands in its citations is asked of span questions.
    """
    rows = []
    for question in watch([*dataset.with_gold(), *dataset.without_answer()], "ask"):
        start = time.perf_counter()
        answer = asker.ask(question.text)
        milliseconds = (time.perf_counter() - start) * 1000
        rows.append((answer, _question_row(question, answer), milliseconds))
    per_question = [row for _, row, _ in rows]
    return {
        "dataset": dataset.name,
        "method": "+".join(sorted({answer.method for answer, _, _ in rows})),
        "questions": len(rows),
        "answerable": len(dataset.with_gold()),
        "unanswerable": len(dataset.without_answer()),
        "span_questions": sum(row["answer_in_citations"] is not None for row in per_question),
        **{name: _mean(per_question, name) for name in METRICS},
        "ask_ms_p50": round(statistics.median(ms for _, _, ms in rows), 3) if rows else None,
        "llm_calls": sum(answer.usage.llm_calls for answer, _, _ in rows),
        "dataset_hash": dataset.hash(),
        "per_question": per_question,
    }


def _question_row(question: Question, answer: Answer) -> dict[str, Any]:
    """The values of one question; those that do not apply to it are null."""
    refused = answer.refusal is not None
    prediction = "" if refused else (answer.span if answer.span is not None else answer.text)
    sentences = [] if refused else [citation.sentence for citation in answer.citations]
    judged = question.has_gold() and bool(question.answers)
    spans = judged and is_span_question(question.answers)
    answerable = question.has_gold()
    return {
        "id": question.id,
        "type": question.type,
        "answer_in_citations": answer_in_citations(question.answers, sentences) if spans else None,
        "exact_match": exact_match(prediction, question.answers) if judged else None,
        "f1": f1_score(prediction, question.answers) if judged else None,
        "citations_per_answer": len(sentences) if answerable and not refused else None,
        "refused_answerable": int(refused) if answerable else None,
        "refused_unanswerable": None if answerable else int(refused),
        "details": _details(question, answer),
    }


def _details(question: Question, answer: Answer) -> dict[str, Any]:
    """What was answered, for people who want to know why a value is what it is."""
    return {
        "question": question.text,
        "answers": list(question.answers),
        "span": answer.span,
        "confidence": answer.confidence,
        "refusal": answer.refusal,
        "citations": [
            {"document": citation.document, "sentence": citation.sentence} for citation in answer.citations
        ],
    }


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """The mean over the rows the metric applies to; None where it applies to none."""
    values = [row[name] for row in rows if row[name] is not None]
    return round(statistics.fmean(values), 4) if values else None
