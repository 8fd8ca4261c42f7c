"""The ranker: a linear model that orders candidates by their signals, and looks at them again in that order.

The second look adds to the score of the first what a candidate gains from the passages the first order puts on top.
Its coefficients are shipped as readable JSON beside this file, with how they were trained. A linear model, because it
carries over to corpora it has not seen; boosted trees did better within a set and worse across sets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.errors import SettingsError
from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Values
from hippograph.retrieval.second_look import Ties, look_again
from hippograph.retrieval.signals import Signals, feature_matrix

DEFAULT = "default"
"""The ranker that is shipped."""
TUNED = "tuned"
"""One that was fitted to an index by questions of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Linear over standardised features: score = (x - mean) / scale . coefficients + intercept."""

    features: tuple[str, ...]
    mean: Values
    scale: Values
    coefficients: Values
    intercept: float
    second: Ranker | None = None
    """What a second look adds, by features of its own; it has no second look itself."""
    name: str = DEFAULT
    """Whether it is the one that is shipped or one made for an index."""

    def scores(self, signals: Signals, ties: Ties | None = None) -> Values:
        """How well each candidate answers, in log-odds: shape (C,). Without ties by the first look alone."""
        return sum((look.added(seen) for look, seen in self._looks(signals, ties)), np.zeros(()))

    def contributions(self, signals: Signals, candidate: int, ties: Ties | None = None) -> dict[str, float]:
        """What each feature adds to one candidate's score."""
        parts: dict[str, float] = {}
        for look, seen in self._looks(signals, ties):
            values = (look._matrix(seen)[candidate] - look.mean) / look.scale * look.coefficients
            parts |= dict(zip(look.features, values.tolist(), strict=True))
        return parts

    def all_signals(self, signals: Signals, ties: Ties | None) -> Signals:
        """The signals of both looks."""
        return {name: values for _, seen in self._looks(signals, ties) for name, values in seen.items()}

    def added(self, signals: Signals) -> Values:
        """What this look alone says of each candidate."""
        scores: Values = (self._matrix(signals) - self.mean) / self.scale @ self.coefficients + self.intercept
        return scores

    def _looks(self, signals: Signals, ties: Ties | None) -> Iterator[tuple[Ranker, Signals]]:
        yield self, signals
        if self.second is not None and ties is not None:
            yield self.second, look_again(ties, self.added(signals))

    def _matrix(self, signals: Signals) -> npt.NDArray[np.float64]:
        names, matrix = feature_matrix(signals)
        if tuple(names) != self.features:
            raise SettingsError("The ranker was trained on other features. Train it again.")
        return matrix


def ranker_from_json(text: str, name: str = DEFAULT) -> Ranker:
    """A ranker as `ranker_to_json` wrote it. Raises SettingsError where the text is something else."""
    try:
        record = json.loads(text)
        second = _from_table(record["second"], 0.0) if "second" in record else None
        return replace(_from_table(record["features"], float(record["intercept"])), second=second, name=name)
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"The ranker's file cannot be read: {error!r}. Train it again.") from error


def ranker_to_json(ranker: Ranker, recipe: Mapping[str, object]) -> str:
    """Readable coefficients, and how they were trained."""
    record = {"recipe": recipe, "intercept": _rounded(ranker.intercept), "features": _table(ranker)}
    if ranker.second is not None:
        record["second"] = _table(ranker.second)
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _from_table(table: Sequence[Mapping[str, Any]], intercept: float) -> Ranker:
    columns = ([row[key] for row in table] for key in ("mean", "scale", "coefficient"))
    mean, scale, coefficients = (np.array(column, dtype=np.float64) for column in columns)
    return Ranker(tuple(row["name"] for row in table), mean, scale, coefficients, intercept)


def _table(ranker: Ranker) -> list[dict[str, object]]:
    columns = (ranker.mean.tolist(), ranker.scale.tolist(), ranker.coefficients.tolist())
    return [
        {"name": name, "mean": _rounded(m), "scale": _rounded(s), "coefficient": _rounded(c)}
        for name, m, s, c in zip(ranker.features, *columns, strict=True)
    ]


def _rounded(value: float) -> float:
    """Six significant digits: a scale, however small, never becomes zero."""
    return float(f"{value:.6g}")


@cache
def load_ranker() -> Ranker:
    """The ranker that is shipped."""
    return ranker_from_json((files("hippograph.retrieval") / "ranker.json").read_text(encoding="utf-8"))


def ranker_of(index: PublishedIndex) -> Ranker:
    """The ranker that was tuned to an index, where one was; else, or where it is of other features, the shipped one."""
    folder = index.tables.files.folder
    return load_ranker() if folder is None else tuned_ranker(folder.parents[1])


def tuned_ranker(root: Path) -> Ranker:
    """The same for the folder of an index. Raises SettingsError where its file is something else."""
    file = tuned_file(root)
    try:
        written = file.stat()
    except OSError:
        return load_ranker()
    return _read_tuned(file, written.st_mtime_ns, written.st_size)


def tuned_file(root: Path) -> Path:
    """Where the ranker tuned to an index is kept: beside its versions, for it serves them all."""
    return root / "ranker.json"


@lru_cache(maxsize=64)
def _read_tuned(file: Path, written: int, size: int) -> Ranker:
    default = load_ranker()
    tuned = ranker_from_json(file.read_text(encoding="utf-8"), TUNED)
    looks = [(default, tuned), (default.second, tuned.second)]
    same = all((a and a.features) == (b and b.features) for a, b in looks)
    return tuned if same else default
