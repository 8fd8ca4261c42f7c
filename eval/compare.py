"""Two methods side by side: a paired bootstrap over the questions both were measured on.

Two bare means over a hundred questions say little: most of their spread is that of the questions. The
differences question by question are resampled instead (Efron and Tibshirani 1993, algorithm 16.2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.errors import HippographError

RESAMPLES = 10_000
SEED = 20_260_101
CHUNK_VALUES = 4_000_000
"""How many resampled differences are held at once: 32 MB."""
ROUNDING = 1e-12
"""Sums of the same differences in another order differ by less than this."""


class ComparisonError(HippographError):
    """Two reports that cannot be compared, and why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of two reports over the same questions; the difference is the second minus the first."""

    metric: str
    questions: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    """The 95 % interval of the mean difference."""
    p: float
    """Two-sided: how often chance alone gives a difference at least this large."""
    wins: int
    """Questions where the second report is better."""
    ties: int
    losses: int


def compare_reports(first: Path, second: Path, metric: str | None = None) -> list[Comparison]:
    """Every metric both reports hold for each question, or the one asked for.

    Raises ComparisonError when a file is no report, or the two are over different data sets or questions.
    """
    left, right = _load(first), _load(second)
    _require_same_dataset(left, right)
    ours, theirs = _by_question(left, first), _by_question(right, second)
    _require_same_questions(ours, theirs, first, second)
    metrics = _shared_metrics(ours, theirs)
    if metric is not None:
        if metric not in metrics:
            raise ComparisonError(
                f"{metric!r} is not a metric of both reports; these are: {', '.join(metrics)}."
            )
        metrics = [metric]
    return [_compare_metric(name, ours, theirs) for name in metrics]


def paired_bootstrap(
    name: str,
    first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Comparison:
    """Compare two values a question, both of shape (questions,) and in the same order.

    Under the hypothesis of no difference the mean of n drawn differences lies around 0 as it now lies around
    its own mean d: p = (1 + #{|d* - d| >= |d|}) / (1 + resamples), which is never 0.
    """
    differences = second - first
    mean = float(differences.mean())
    means = _resampled_means(differences, resamples, np.random.default_rng(seed))
    extreme = int(np.count_nonzero(np.abs(means - mean) >= abs(mean) - ROUNDING))
    low, high = np.quantile(means, [0.025, 0.975])
    wins, losses = int((differences > ROUNDING).sum()), int((differences < -ROUNDING).sum())
    return Comparison(
        metric=name,
        questions=len(differences),
        first=float(first.mean()),
        second=float(second.mean()),
        difference=mean,
        low=float(low),
        high=float(high),
        p=(1 + extreme) / (1 + resamples),
        wins=wins,
        ties=len(differences) - wins - losses,
        losses=losses,
    )


def _resampled_means(
    differences: npt.NDArray[np.float64], resamples: int, chance: np.random.Generator
) -> npt.NDArray[np.float64]:
    count = len(differences)
    chunk = max(1, CHUNK_VALUES // count)
    parts = []
    for start in range(0, resamples, chunk):
        drawn = chance.integers(count, size=(min(chunk, resamples - start), count))
        parts.append(differences[drawn].mean(axis=1))
    return np.concatenate(parts)


def _compare_metric(
    metric: str, first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]
) -> Comparison:
    judged = [name for name in first if first[name][metric] is not None and second[name][metric] is not None]
    if not judged:
        raise ComparisonError(f"No question has a value of {metric!r} in both reports.")
    left = np.array([first[name][metric] for name in judged], dtype=np.float64)
    right = np.array([second[name][metric] for name in judged], dtype=np.float64)
    return paired_bootstrap(metric, left, right)


def _load(path: Path) -> Mapping[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ComparisonError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ComparisonError(f"{path} is not JSON: {error}.") from error
    if isinstance(report, list):
        raise ComparisonError(f"{path} holds {len(report)} reports: compare takes one method a file.")
    if not isinstance(report, dict) or not isinstance(report.get("per_question"), list):
        raise ComparisonError(f"{path} is no report with values per question: write one with --json.")
    return report


def _require_same_dataset(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    if first.get("dataset") != second.get("dataset"):
        names = f"{first.get('dataset')!r} and {second.get('dataset')!r}"
        raise ComparisonError(f"The reports are over different data sets: {names}.")
    hashes = first.get("dataset_hash"), second.get("dataset_hash")
    if None not in hashes and hashes[0] != hashes[1]:
        raise ComparisonError(
            f"The data set {first.get('dataset')!r} changed between the reports: measure both again."
        )


def _by_question(report: Mapping[str, Any], path: Path) -> dict[str, Mapping[str, Any]]:
    rows = report["per_question"]
    if not rows or not all(isinstance(row, dict) and "id" in row for row in rows):
        raise ComparisonError(f"{path} holds no values per question.")
    return {str(row["id"]): row for row in rows}


def _require_same_questions(
    first: Mapping[str, Any], second: Mapping[str, Any], first_path: Path, second_path: Path
) -> None:
    for one, other, missing_in in ((first, second, second_path), (second, first, first_path)):
        missing = [name for name in one if name not in other]
        if missing:
            raise ComparisonError(
                f"The reports are over different questions: {missing_in} lacks {len(missing)} of them, "
                f"such as {missing[0]!r}."
            )


def _shared_metrics(
    first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Names that are a number, or null where they do not apply, for every question of both reports."""
    rows = [*first.values(), *second.values()]
    return [
        name
        for name in rows[0]
        if all(name in row and (row[name] is None or _is_number(row[name])) for row in rows)
        and any(_is_number(row[name]) for row in rows)
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
