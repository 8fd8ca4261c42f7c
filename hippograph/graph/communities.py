"""Communities: groups of passages that name the same things, and groups within them, by Leiden.

Traag, Waltman and van Eck, "From Louvain to Leiden" (2019), as igraph has it. A group that is larger than wanted is
parted again by the edges within it, so that the groups form trees; what no edge joins to anything stands apart.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]

LARGEST_LEAF = 12
"""A group of more passages is parted again where it can be."""
DEEPEST = 8
"""How many groups may lie within each other."""
ITERATIONS = 4
SEED = 20_190_326

_chance = threading.Lock()
"""igraph has one source of chance for the whole process: whoever seeds it must be alone with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Groups in trees. G groups over n passages."""

    parents: Places
    """The group each group lies in; -1 for the outermost. A parent comes before its children: shape (G,)."""
    leaves: Places
    """The innermost group of each passage: shape (n,)."""

    def ways_up(self) -> list[Places]:
        """The groups each passage lies in: its leaf, that one's parent and so on, -1 beyond the outermost."""
        ways, here = [], self.leaves
        while (here >= 0).any():
            ways.append(here)
            here = np.where(here >= 0, self.parents[np.maximum(here, 0)], -1)
        return ways


def group_passages(
    passage_count: int, ties: tuple[Places, Places, npt.NDArray[np.float64]], largest: int = LARGEST_LEAF
) -> Grouping:
    """Part passages into groups by what they name: ties are passages 0 to n - 1, names from n on, and weights.

    The same ties in the same order give the same groups. Passages without a tie to another lie in one last group.
    """
    import igraph

    passages, names, weights = ties
    alone = np.ones(passage_count, dtype=bool)
    alone[passages] = False
    size = int(max(passage_count, names.max(initial=-1) + 1))
    graph = igraph.Graph(n=size, edges=np.stack([passages, names], axis=1).tolist())
    graph.es["weight"] = weights.tolist()
    graph.vs["place"] = range(size)
    parents: list[int] = []
    leaves = np.full(passage_count, -1, dtype=np.int64)
    with _chance:
        igraph.set_random_number_generator(random.Random(SEED))
        try:
            waiting = [(graph.subgraph(np.flatnonzero(_tied(graph, alone)).tolist()), -1, 0)]
            while waiting:
                part, parent, depth = waiting.pop()
                groups = _parts(part)
                for group in groups if len(groups) > 1 or parent < 0 else ():
                    held = [place for place in group.vs["place"] if place < passage_count]
                    if not held:
                        continue
                    number = len(parents)
                    parents.append(parent)
                    leaves[held] = number
                    if len(held) > largest and depth + 1 < DEEPEST:
                        waiting.append((group, number, depth + 1))
        finally:
            igraph.set_random_number_generator(random)
    if (leaves < 0).any():
        leaves[leaves < 0] = len(parents)
        parents.append(-1)
    return _plain(np.array(parents, dtype=np.int64), leaves)


def _tied(graph: Any, alone: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    kept = np.ones(graph.vcount(), dtype=bool)
    kept[: len(alone)] = ~alone
    return kept


def _parts(graph: Any) -> Sequence[Any]:
    """The communities of a graph as graphs of their own; those of a graph that is one community are no parts of it."""
    if not graph.vcount():
        return ()
    found = graph.community_leiden(objective_function="modularity", weights="weight", n_iterations=ITERATIONS)
    parts: Sequence[Any] = found.subgraphs()
    return parts


def _plain(parents: Places, leaves: Places) -> Grouping:
    """The groups without those that hold all of their parent's passages, which part nothing, numbered anew."""
    grouping = Grouping(parents, leaves)
    sizes = np.zeros(len(parents), dtype=np.int64)
    for way in grouping.ways_up():
        sizes += np.bincount(way[way >= 0], minlength=len(parents))
    same = (parents >= 0) & (sizes == sizes[np.maximum(parents, 0)])
    stands_for = np.arange(len(parents))
    for group in np.flatnonzero(same).tolist():
        stands_for[group] = stands_for[parents[group]]  # parents come first, so theirs is settled
    kept = np.flatnonzero(~same)
    number = np.full(len(parents), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    above = parents[kept]
    return Grouping(
        np.where(above >= 0, number[stands_for[np.maximum(above, 0)]], -1), number[stands_for[leaves]]
    )
