"""Reset vectors: where walks restart, and how often at each place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.types import Node

Reset = Mapping[Node, float]
"""Seeds and their weights, of any sum. Weights that are negative, infinite or not numbers count as none."""


@dataclass(frozen=True, slots=True, eq=False)
class Restarts:
    """The reset vectors of walks that go together, each scaled to sum to one."""

    seeds: npt.NDArray[np.int64]
    """The seeds of all walks, in ascending order, each once."""
    masses: npt.NDArray[np.float64]
    """How much of each walk restarts at each seed, a multiple of 2^-50: shape (walks, seeds)."""


def restarts(resets: Sequence[Reset], node_count: int) -> Restarts:
    """Scale reset vectors. Raises ValueError where one has no mass or a seed is no node of the graph."""
    weights = [{node: float(each) for node, each in reset.items() if 0 < each < math.inf} for reset in resets]
    seeds = sorted(set().union(*weights))
    if seeds and not 0 <= seeds[0] <= seeds[-1] < node_count:
        raise ValueError(f"A seed is no node of the graph, which has {node_count}.")
    return Restarts(np.array(seeds, dtype=np.int64), np.array([_masses(each, seeds) for each in weights]))


def _masses(weights: Reset, seeds: Sequence[Node]) -> list[float]:
    total = math.fsum(weights.values())  # exact, so in any order the same
    if not total:
        raise ValueError("The reset vector has no mass: give at least one seed a positive weight.")
    return [on_grid(weights.get(seed, 0.0) / total) for seed in seeds]


def on_grid(mass: float) -> float:
    """A mass of at most one, rounded to a multiple of 2^-50: such masses sum exactly in any order.

    So the same graph gives the same scores however its nodes are numbered. Between 4 and 8 doubles are 2^-50 apart, so
    adding 6 rounds, and taking it away again leaves what was rounded.
    """
    return (mass + 6.0) - 6.0
