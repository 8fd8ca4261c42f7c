"""Writing a matrix: the report for people, the numbers for programs, and a line a question for whoever looks closer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.cells import METRICS
from eval.differences import best_single, differences, fallen_behind
from eval.matrix import Matrix
from eval.report.blocks import to_html, to_markdown, write_figures
from eval.report.contents import contents
from eval.report.plots import Speed
from eval.targets import standings

NUMBERS = "matrix.json"
QUESTIONS = "questions.jsonl"
TITLE = "How well each method finds the documents that answer"


def write_report(folder: Path, matrix: Matrix, speeds: Sequence[Speed] = ()) -> list[Path]:
    """`report.md`, `report.html`, the plots, `matrix.json` and `questions.jsonl`, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = contents(matrix, speeds)
    texts = {
        "report.md": to_markdown(blocks),
        "report.html": to_html(TITLE, blocks),
        NUMBERS: json.dumps(as_json(matrix), indent=1) + "\n",
        QUESTIONS: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in question_rows(matrix)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [*(folder / name for name in texts), *write_figures(folder, blocks)]


def as_json(matrix: Matrix) -> dict[str, Any]:
    """Everything but the single questions."""
    return {
        "code": {
            "package": matrix.code.package,
            "commit": matrix.code.commit,
            "sources": matrix.code.sources,
        },
        "settings": matrix.settings,
        "embedder": matrix.embedder,
        "sets": [
            {
                "set": each.label,
                "format": each.format,
                "data": each.data,
                "questions": len(each.dataset.with_gold()),
            }
            for each in matrix.sets
        ],
        "numbers": [row.to_json() for row in standings(matrix)],
        "below_best_single": [
            {"set": label, "method": method, "metric": metric, "by": round(gap, 4)}
            for label, method, metric, gap in fallen_behind(matrix)
        ],
        "cells": [
            {
                "set": cell.set,
                "method": cell.method,
                "questions": len(cell.questions),
                "passages": cell.passages,
                **{metric: _rounded(cell.mean(metric)) for metric in METRICS},
                "search_ms_p50": cell.search_ms_p50,
                "search_ms_p95": cell.search_ms_p95,
                "kinds": {
                    kind: {metric: _rounded(cell.mean(metric, kind)) for metric in METRICS}
                    for kind in sorted({question.kind for question in cell.questions} - {""})
                },
            }
            for cell in matrix.cells
        ],
        "differences": [
            {
                "set": each.set,
                "method": each.method,
                "against": each.against,
                "is_best_single": each.is_best_single,
                "metric": each.comparison.metric,
                "difference": round(each.comparison.difference, 4),
                "low": round(each.comparison.low, 4),
                "high": round(each.comparison.high, 4),
                "p": round(each.comparison.p, 5),
                "wins": each.comparison.wins,
                "ties": each.comparison.ties,
                "losses": each.comparison.losses,
            }
            for each in differences(matrix)
        ],
    }


def question_rows(matrix: Matrix) -> Iterator[dict[str, Any]]:
    """A row a set, method and question: ranks of the gold, values, and what differs from dense and the best single."""
    for each in matrix.sets:
        cells = matrix.of_set(each.label)
        best = {metric: best_single(cells, metric).method for metric in METRICS}
        values = {cell.method: {q.id: q.values for q in cell.questions} for cell in cells}
        for cell in cells:
            for question in cell.questions:
                gaps = {
                    f"minus_{name}": {
                        metric: _gap(question.values[metric], values[method][question.id][metric])
                        for metric, method in others.items()
                    }
                    for name, others in (("dense", dict.fromkeys(METRICS, "dense")), ("best_single", best))
                }
                yield {"set": cell.set, "method": cell.method, **question.to_json(), **gaps}


def _gap(here: float | None, there: float | None) -> float | None:
    return None if here is None or there is None else round(here - there, 6)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
