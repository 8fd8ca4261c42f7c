"""Matrices whose values are written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.cells import METRICS, Cell, QuestionResult
from eval.datasets import Dataset, Question
from eval.kept_results import CodeVersion
from eval.matrix import Matrix, MatrixSet
from hippograph.types import Document, DocumentId

GOLD = DocumentId("d0")


def matrix_of(
    values: Mapping[str, Mapping[str, Sequence[float | None]]], data: str = "same", kinds: Sequence[str] = ()
) -> Matrix:
    """A matrix of {set: {method: [value of every metric, a question each]}}; one document, gold of all questions."""
    sets, cells = [], []
    for label, methods in values.items():
        count = len(next(iter(methods.values())))
        document = Document(GOLD, "d0", f"{label} {data}")
        questions = tuple(Question(f"q{n}", f"Question {n} of {label}?", (), (GOLD,)) for n in range(count))
        sets.append(MatrixSet(Dataset(label, (document,), questions), "hippograph"))
        cells += [_cell(label, method, each, kinds) for method, each in methods.items()]
    return Matrix(tuple(sets), tuple(cells), CodeVersion("0", None, "abc"), "settings", "embedder", 0)


def _cell(label: str, method: str, values: Sequence[float | None], kinds: Sequence[str]) -> Cell:
    results = tuple(
        QuestionResult(
            f"q{n}",
            kinds[n % len(kinds)] if kinds else "",
            (GOLD,),
            dict.fromkeys(METRICS, value),
            (GOLD,) if value else (),
        )
        for n, value in enumerate(values)
    )
    return Cell(label, method, results, 1.5, 2.5, 1200)
