"""The numbers that must be reached and those aimed at, with no model call, all-MiniLM-L6-v2 and one set of defaults.

They hold for a ranker that has not seen the set. A target is reached when the measured mean is at least as high; the
interval beside it says how far chance alone reaches with so few questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval.cells import UNSEEN
from eval.differences import best_single, interval
from eval.matrix import Matrix


@dataclass(frozen=True, slots=True)
class Target:
    """What recall must be, and what it should be, on one set."""

    set: str
    must: Mapping[str, float]
    aim: Mapping[str, float]


def _target(label: str, must: tuple[float, float], aim: tuple[float, float]) -> Target:
    metrics = ("recall@2", "recall@5")
    return Target(label, dict(zip(metrics, must, strict=True)), dict(zip(metrics, aim, strict=True)))


TARGETS = (
    _target("musique_train100+openie_gpt35", must=(0.54, 0.75), aim=(0.60, 0.80)),
    _target("musique_train100", must=(0.54, 0.74), aim=(0.58, 0.80)),
    _target("hotpot_train100", must=(0.82, 0.94), aim=(0.90, 0.97)),
    _target("lihua_world", must=(0.76, 0.88), aim=(0.82, 0.93)),
)
USUAL_SETS = (
    "musique_train100+openie_gpt35.jsonl",
    "musique_train100",
    "hotpot_train100",
    "lihua_world",
    "ircot_demos",
)
"""Measured where no set is named: those with targets, and one more that rankers are trained on."""
PEERS = ("dense", "bm25", "hipporag2", "hippograph")
"""What stands beside the unseen ranker in the table."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One number of the table: what was measured and what was asked for."""

    set: str
    metric: str
    measured: float
    low: float
    high: float
    must: float
    aim: float
    peers: Mapping[str, float | None]
    best_single: str

    @property
    def reached(self) -> str:
        """`aim`, `must`, or `no`."""
        # Means are of hundredths and hundreds: what they lack in the last bits of a float is not lacking.
        measured = round(self.measured, 9)
        return "aim" if measured >= self.aim else "must" if measured >= self.must else "no"

    def to_json(self) -> dict[str, Any]:
        """The row for programs."""
        return {
            "set": self.set,
            "metric": self.metric,
            "measured": round(self.measured, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "must": self.must,
            "aim": self.aim,
            "reached": self.reached,
            "best_single": self.best_single,
            **{method: None if value is None else round(value, 4) for method, value in self.peers.items()},
        }


def standings(matrix: Matrix) -> list[Standing]:
    """Where the matrix stands against every target whose set was measured with an unseen ranker."""
    rows = []
    for target in TARGETS:
        cell = matrix.cell(target.set, UNSEEN)
        if cell is None:
            continue
        for metric, must in target.must.items():
            measured = interval(cell, metric)
            if measured is None:
                continue
            others = {method: matrix.cell(target.set, method) for method in PEERS}
            peers = {method: other.mean(metric) if other else None for method, other in others.items()}
            best = best_single(matrix.of_set(target.set), metric).method
            rows.append(Standing(target.set, metric, *measured, must, target.aim[metric], peers, best))
    return rows
