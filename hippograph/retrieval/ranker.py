"""The ranker: a linear model that orders candidates by their signals.

Its coefficients are shipped as readable JSON beside this file, with how they were trained. A linear model, because it
carries over to corpora it has not seen; boosted trees did better within a set and worse across sets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from hippograph.errors import SettingsError
from hippograph.retrieval.rankings import Values
from hippograph.retrieval.signals import Signals, feature_matrix


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Logistic regression over standardised features: score = (x - mean) / scale . coefficients + intercept."""

    features: tuple[str, ...]
    mean: Values
    scale: Values
    coefficients: Values
    intercept: float

    def scores(self, signals: Signals) -> Values:
        """The log-odds that each candidate answers the question: shape (C,)."""
        names, matrix = feature_matrix(signals)
        if tuple(names) != self.features:
            raise SettingsError("The ranker was trained on other features. Train it again.")
        scores: npt.NDArray[np.float64] = (
            matrix - self.mean
        ) / self.scale @ self.coefficients + self.intercept
        return scores

    def contributions(self, signals: Signals, candidate: int) -> dict[str, float]:
        """What each feature adds to one candidate's score."""
        _, matrix = feature_matrix(signals)
        parts = (matrix[candidate] - self.mean) / self.scale * self.coefficients
        return dict(zip(self.features, parts.tolist(), strict=True))


def ranker_from_json(text: str) -> Ranker:
    """A ranker as `ranker_to_json` wrote it. Raises SettingsError where the text is something else."""
    try:
        record = json.loads(text)
        table = record["features"]
        columns = ([row[key] for row in table] for key in ("mean", "scale", "coefficient"))
        mean, scale, coefficients = (np.array(column, dtype=np.float64) for column in columns)
        names = tuple(row["name"] for row in table)
        return Ranker(names, mean, scale, coefficients, float(record["intercept"]))
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"The ranker's file cannot be read: {error!r}. Train it again.") from error


def ranker_to_json(ranker: Ranker, recipe: dict[str, object]) -> str:
    """Readable coefficients, and how they were trained."""
    rows = zip(
        ranker.features,
        ranker.mean.tolist(),
        ranker.scale.tolist(),
        ranker.coefficients.tolist(),
        strict=True,
    )
    table = [
        {"name": name, "mean": _rounded(m), "scale": _rounded(s), "coefficient": _rounded(c)}
        for name, m, s, c in rows
    ]
    record = {"recipe": recipe, "intercept": _rounded(ranker.intercept), "features": table}
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _rounded(value: float) -> float:
    """Six significant digits: a scale, however small, never becomes zero."""
    return float(f"{value:.6g}")


@cache
def load_ranker() -> Ranker:
    """The ranker that is shipped."""
    return ranker_from_json((files("hippograph.retrieval") / "ranker.json").read_text(encoding="utf-8"))
