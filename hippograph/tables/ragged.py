"""A ragged table: several values a row, as many as each row needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.tables.column import Column
from hippograph.tables.files import Files

Ints = npt.NDArray[np.int64]


class Ragged:
    """Rows of values, appended and never changed: where each row ends, and all values end to end."""

    def __init__(self, files: Files, name: str, dtype: npt.DTypeLike) -> None:
        self._ends = Column(files, f"{name}.ends", "<i8")
        self._values = Column(files, name, dtype)

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def total(self) -> int:
        """How many values all rows hold."""
        return len(self._values)

    @property
    def ends(self) -> Ints:
        """Where each row ends among all values."""
        ends: Ints = self._ends.values
        return ends

    @property
    def values(self) -> npt.NDArray[Any]:
        """All values, end to end."""
        return self._values.values

    def extend(self, lengths: npt.NDArray[np.integer], values: npt.NDArray[Any]) -> None:
        """Append rows: how many values each has, and the values."""
        self._ends.extend(len(self._values) + np.cumsum(np.asarray(lengths, dtype=np.int64)))
        self._values.extend(values)

    def bounds(self, rows: npt.NDArray[np.integer]) -> tuple[Ints, Ints]:
        """Where each of some rows begins among all values, and how many it has."""
        ends = self._ends.values
        rows = np.asarray(rows, dtype=np.int64)
        starts: Ints = np.zeros(len(rows), dtype=np.int64)
        starts[rows > 0] = ends[rows[rows > 0] - 1]
        return starts, ends[rows] - starts

    def row(self, row: int) -> npt.NDArray[Any]:
        """The values of one row."""
        ends = self._ends.values
        return self._values.values[int(ends[row - 1]) if row else 0 : int(ends[row])]

    def gather(self, rows: npt.NDArray[np.integer]) -> tuple[Ints, npt.NDArray[Any]]:
        """How many values each of some rows has, and all of them end to end."""
        starts, lengths = self.bounds(rows)
        return lengths, self._values.values[spans(starts, lengths)]

    def owners(self, places: npt.NDArray[np.integer]) -> Ints:
        """The row that each of some places among all values belongs to."""
        return np.searchsorted(self._ends.values, places, side="right").astype(np.int64)


def spans(starts: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer]) -> Ints:
    """The places of several stretches, end to end.

    >>> spans(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: Ints = np.arange(total, dtype=np.int64) + np.repeat(starts - ends + lengths, lengths)
    return places
