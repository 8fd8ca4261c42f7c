"""Whether quality fell since a report that was kept: paired, question by question, and beyond chance.

Several numbers are watched at once, and some fall by chance alone; Holm's step-down rule (1979) keeps the chance of any
false alarm in a run at the level that is named.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.compare import Comparison, paired_bootstrap
from eval.datasets import DatasetError, read_rows
from eval.formats.reading import read_json
from eval.matrix import Matrix
from eval.report.writing import NUMBERS, QUESTIONS

WATCHED_METHODS = ("hippograph", "hippograph-unseen")
WATCHED_METRICS = ("recall@2", "recall@5")
"""What decides; the report shows all the others."""
LEVEL = 0.05
"""The chance of a false alarm in a whole run."""

Key = tuple[str, str]
"""A set and a method."""


@dataclass(frozen=True, slots=True)
class Change:
    """One watched number, then and now."""

    set: str
    method: str
    comparison: Comparison
    """The first is what was kept, the second what is measured now."""
    fell: bool
    """Whether it fell beyond chance, all that is watched taken together."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A report that was kept: what its sets held, and every question's values."""

    data: Mapping[str, str]
    values: Mapping[Key, Mapping[str, Mapping[str, Any]]]


def read_baseline(folder: Path) -> Baseline | None:
    """The report in a folder; None where there is none yet. Raises DatasetError for one that cannot be read."""
    if not (folder / NUMBERS).is_file():
        return None
    try:
        data = {str(each["set"]): str(each["data"]) for each in read_json(folder / NUMBERS)["sets"]}
        values: dict[Key, dict[str, Mapping[str, Any]]] = {}
        for row, _ in read_rows(folder / QUESTIONS):
            values.setdefault((row["set"], row["method"]), {})[row["id"]] = row
    except (KeyError, TypeError) as error:
        raise DatasetError(f"{folder} is no report of the matrix: write one with --out.") from error
    return Baseline(data, values)


def keep_baseline(report: Path, folder: Path) -> None:
    """Make a report the one that is compared with."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (QUESTIONS, NUMBERS):  # the numbers last: without them there is no baseline
        shutil.copyfile(report / name, folder / name)


def changes_since(
    baseline: Baseline,
    matrix: Matrix,
    methods: Sequence[str] = WATCHED_METHODS,
    metrics: Sequence[str] = WATCHED_METRICS,
    level: float = LEVEL,
) -> list[Change]:
    """Every watched number that both hold, over the same data. Sets that changed since are left out."""
    data = {each.label: each.data for each in matrix.sets}
    found: list[tuple[Key, Comparison]] = []
    for cell in matrix.cells:
        before = baseline.values.get((cell.set, cell.method))
        if cell.method not in methods or before is None or baseline.data.get(cell.set) != data[cell.set]:
            continue
        for metric in metrics:
            pairs = [
                (then, now)
                for question in cell.questions
                if (now := question.values[metric]) is not None
                and (then := before.get(question.id, {}).get(metric)) is not None
            ]
            if pairs:
                first, second = np.array(pairs, dtype=np.float64).T
                found.append(((cell.set, cell.method), paired_bootstrap(metric, first, second)))
    fallen = _beyond_chance([comparison for _, comparison in found], level)
    return [Change(*key, comparison, place in fallen) for place, (key, comparison) in enumerate(found)]


def not_compared(baseline: Baseline, matrix: Matrix) -> list[str]:
    """The sets that cannot be compared: they are new, or their data changed."""
    return [each.label for each in matrix.sets if baseline.data.get(each.label) != each.data]


def changes_as_markdown(changes: Sequence[Change], left_out: Sequence[str]) -> str:
    """The changes as a table, what fell first."""
    lines = [
        "| set | method | metric | kept | now | difference | 95 % | |",
        "|---|---|---|---:|---:|---:|---:|---|",
    ]
    for change in sorted(changes, key=lambda change: (not change.fell, change.comparison.difference)):
        found = change.comparison
        lines.append(
            f"| {change.set} | {change.method} | {found.metric} | {found.first:.3f} | {found.second:.3f} | "
            f"{found.difference:+.3f} | {found.low:+.3f} to {found.high:+.3f} | {'**fell**' if change.fell else ''} |"
        )
    if left_out:
        lines += ["", f"Not compared, because they are new or their data changed: {', '.join(left_out)}."]
    return "\n".join(lines)


def _beyond_chance(comparisons: Sequence[Comparison], level: float) -> set[int]:
    """The places of those that fell, by Holm's rule: the smallest p against level / m, the next against m - 1 ...

    p is two-sided, so a fall's own chance is half of it.
    """
    fallen: set[int] = set()
    falls = [(c.p / 2 if c.difference < 0 else 1.0, place) for place, c in enumerate(comparisons)]
    for rank, (chance, place) in enumerate(sorted(falls)):
        if chance > level / (len(comparisons) - rank):
            break
        fallen.add(place)
    return fallen
