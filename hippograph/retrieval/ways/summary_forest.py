"""The summary forest of an index: its passages in groups within groups, made when it is first asked for.

What is kept is which passage lies in which group, in one file in the user's cache, named by a hash of the passages and
of the way they were grouped: another version, or a look at another moment, has another file. What a group is about is
read off its most central sentences when it is shown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hippograph.graph.communities import Grouping, group_passages
from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Rows
from hippograph.types import Vectors, content_id
from hippograph.vectors import on_grid

FORMAT = "1"
"""Changes when passages are grouped in another way."""
MOST_PASSAGES = 200_000
"""Up to so many passages all are grouped; beyond, those nearest the question."""
OUTERMOST = -1
"""In the place of a group: beyond all groups."""
COMMON = 200
"""A name that more passages hold joins none of them: it would join everything."""


@dataclass(frozen=True, eq=False)
class SummaryForest:
    """Groups of passages. n passages in G groups."""

    rows: Rows
    """The passages: shape (n,)."""
    grouping: Grouping
    sizes: Rows
    """How many passages each group holds: shape (G,)."""
    vectors: Vectors
    """The unit vector of each group's middle: shape (G, d)."""
    is_joined: bool
    """Whether any two passages are joined at all."""

    @property
    def outermost(self) -> Rows:
        """The groups that lie in no other."""
        return self.within(OUTERMOST)

    def within(self, group: int) -> Rows:
        """The groups right within a group; OUTERMOST for those that lie in no other."""
        return _of(self._by_parent, self.grouping.parents, group)

    def passages_of_leaf(self, group: int) -> Rows:
        """The passages whose innermost group this is."""
        return self.rows[_of(self._by_leaf, self.grouping.leaves, group)]

    @cached_property
    def _by_parent(self) -> Rows:
        return np.argsort(self.grouping.parents, kind="stable")

    @cached_property
    def _by_leaf(self) -> Rows:
        return np.argsort(self.grouping.leaves, kind="stable")


def _of(order: Rows, values: Rows, value: int) -> Rows:
    """The places of a value, of values whose sorted order is known."""
    start, end = np.searchsorted(values, [value, value + 1], sorter=order)
    return order[start:end]


def summary_forest(index: PublishedIndex, rows: Rows, folder: Path | None) -> SummaryForest:
    """The forest over some passages, kept in a folder where one is named. Its cost grows with the passages."""
    keys = index.keys_of(rows)
    rows = rows[
        np.lexsort((rows, keys))
    ]  # by content: an index that grew gives the groups of one that was built
    passages, names, weights = _ties(index, rows)
    path = _path(folder, index, rows, names, weights)
    grouping = _read(path, len(rows))
    if grouping is None:
        grouping = group_passages(len(rows), (passages, names, weights))
        _write(path, grouping)
    sizes = np.zeros(len(grouping.parents), dtype=np.int64)
    sums = np.zeros((len(sizes), index.tables.dimension))
    vectors = index.passage_vectors.vectors(rows)
    for way in grouping.ways_up():
        inside = way >= 0
        sizes += np.bincount(way[inside], minlength=len(sizes))
        np.add.at(sums, way[inside], vectors[inside])
    middles = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return SummaryForest(rows, grouping, sizes, on_grid(middles), bool(len(passages)))


def _ties(index: PublishedIndex, rows: Rows) -> tuple[Rows, Rows, npt.NDArray[np.float64]]:
    """Passages, the names that at least two of them hold, in the order of their content, and how telling each is."""
    graph = index.graph
    lengths, neighbours, _ = graph.gather(rows)
    owners = np.repeat(np.arange(len(rows)), lengths)
    named = neighbours >= graph.first_entity
    owners, names = owners[named], neighbours[named].astype(np.int64)
    distinct, places, counts = np.unique(names, return_inverse=True, return_counts=True)
    telling = (counts > 1) & (counts <= COMMON)
    order = np.argsort(index.entity_keys_of(distinct), kind="stable") if len(distinct) else distinct
    number = np.full(len(distinct), -1, dtype=np.int64)
    kept = order[telling[order]]
    number[kept] = len(rows) + np.arange(len(kept))
    tied = number[places] >= 0
    owners, ends, weights = owners[tied], number[places[tied]], 1 / counts[places[tied]]
    sorted_ = np.lexsort((ends, owners))
    return owners[sorted_], ends[sorted_], weights[sorted_]


def _path(
    folder: Path | None, index: PublishedIndex, rows: Rows, names: Rows, weights: npt.NDArray[np.float64]
) -> Path | None:
    if folder is None:
        return None
    content = (index.keys_of(rows).tobytes().hex(), names.tobytes().hex(), weights.tobytes().hex())
    return folder / f"{index.version.id}-{content_id(FORMAT, *content)}.npz"


def _read(path: Path | None, passages: int) -> Grouping | None:
    """What is kept; None where there is nothing, or something else: it is only a cache."""
    if path is None:
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            grouping = Grouping(kept["parents"].astype(np.int64), kept["leaves"].astype(np.int64))
    except (OSError, ValueError, KeyError, EOFError):
        return None
    groups = np.arange(len(grouping.parents))
    is_whole = (
        grouping.parents.ndim == 1
        and grouping.leaves.shape == (passages,)
        and bool((grouping.parents < groups).all() and (grouping.parents >= -1).all())
        and bool((grouping.leaves >= 0).all() and (grouping.leaves < len(groups)).all())
    )
    return grouping if is_whole else None


def _write(path: Path | None, grouping: Grouping) -> None:
    """Aside first, then renamed. Where it cannot be written it is made again for the next process: only a cache."""
    if path is None:
        return
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, parents=grouping.parents, leaves=grouping.leaves)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
