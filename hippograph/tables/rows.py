"""A sparse matrix of whole numbers that is added to and taken from, exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hippograph.errors import StorageError
from hippograph.tables.column import Column
from hippograph.tables.files import Files
from hippograph.tables.pages import Pages
from hippograph.tables.ragged import Ints, spans

LARGEST = 2**31 - 1
WASTE = 3
"""How many times its live entries the matrix may take on disk before it is written anew."""
SMALL = 1 << 20
"""A matrix of fewer entries than this is left as it is."""


class Tables(NamedTuple):
    """What a matrix consists of; read-only where it lies on disk."""

    pages: npt.NDArray[np.int64]
    """Where a row begins, how many entries it has, and their sum: shape (pages, PAGE, 3)."""
    directory: npt.NDArray[np.int64]
    """Which page holds each PAGE rows; rows beyond are empty."""
    columns: npt.NDArray[np.int32]
    amounts: npt.NDArray[np.int32]


class Rows:
    """Each row: the columns it has an amount for, ascending, and the amounts; an amount of zero is no entry.

    A row that changes is written again behind the end. Amounts are whole numbers, so that adding and taking away, in
    any order, give the same matrix.
    """

    def __init__(self, files: Files, name: str) -> None:
        self._files = files
        self._name = name
        self._index = Pages(files, f"{name}.index", 3)
        """Where each row begins, how many entries it has, and their sum."""
        self._open_columns()

    def gather(
        self, rows: npt.NDArray[np.integer]
    ) -> tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """How many entries each of some rows has, and their columns and amounts end to end."""
        index = self._index[rows]
        places = spans(index[:, 0], index[:, 1])
        return index[:, 1], self._columns.values[places], self._amounts.values[places]

    def tables(self) -> Tables:
        """The matrix as it lies, for work that reads it an entry at a time."""
        return Tables(*self._index.tables(), self._columns.values, self._amounts.values)

    def row(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The columns and amounts of one row."""
        start, count, _ = self._index.at(row)
        return self._columns.values[start : start + count], self._amounts.values[start : start + count]

    def totals(self, rows: npt.NDArray[np.integer]) -> Ints:
        """The sum of each of some rows."""
        totals: Ints = self._index[rows][:, 2]
        return totals

    @property
    def entry_count(self) -> int:
        """How many entries all rows have."""
        return self._live()

    def filled(self) -> Ints:
        """The rows that have an entry, ascending. It grows with the matrix."""
        rows = np.arange(len(self._index), dtype=np.int64)
        kept: Ints = rows[self._index[rows][:, 1] > 0]
        return kept

    def add(
        self,
        rows: npt.NDArray[np.integer],
        columns: npt.NDArray[np.integer],
        amounts: npt.NDArray[np.integer],
    ) -> None:
        """Add amounts to entries, each of which may stand several times. Raises StorageError beyond 2^31."""
        if not len(rows):
            return
        touched = np.unique(np.asarray(rows, dtype=np.int64))
        lengths, old_columns, old_amounts = self.gather(touched)
        keys = np.concatenate(
            [_key(np.repeat(touched, lengths), old_columns), _key(np.asarray(rows), np.asarray(columns))]
        )
        values = np.concatenate([old_amounts.astype(np.int64), np.asarray(amounts, dtype=np.int64)])
        order = np.argsort(keys, kind="stable")
        keys, values = keys[order], values[order]
        firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        sums = np.add.reduceat(values, firsts)
        kept = sums != 0
        keys, sums = keys[firsts][kept], sums[kept]
        if len(sums) and int(sums.max()) > LARGEST:
            raise StorageError(f"An entry of {self._name} is beyond {LARGEST}: lower the graph's weights.")
        self._write(touched, keys >> 32, keys & 0xFFFFFFFF, sums)
        self._files.record(self._name, [self._epoch, self._live() - len(old_columns) + len(sums)])
        if len(self._columns) > max(SMALL, WASTE * self._live()):
            self._write_anew()

    def _write(self, touched: Ints, rows: Ints, columns: Ints, amounts: Ints) -> None:
        """Put rows behind the end; `rows` is sorted and within `touched`, of which some may be left without entries."""
        firsts = np.searchsorted(rows, touched)
        counts = np.searchsorted(rows, touched, side="right") - firsts
        sums = np.concatenate([[0], np.cumsum(amounts)])
        totals = sums[firsts + counts] - sums[firsts]
        self._index.set(touched, np.stack([len(self._columns) + firsts, counts, totals], axis=1))
        self._columns.extend(columns)
        self._amounts.extend(amounts)

    def _write_anew(self) -> None:
        """Leave behind what rows that changed left behind."""
        rows, live, names = self.filled(), self._live(), self._names()
        lengths, columns, amounts = self.gather(rows)
        self._files.record(self._name, [self._epoch + 1, live])
        self._open_columns()
        self._write(rows, np.repeat(rows, lengths), columns.astype(np.int64), amounts.astype(np.int64))
        for name in names:
            self._files.forget(name)

    def _open_columns(self) -> None:
        columns, amounts = self._names()
        self._columns = Column(self._files, columns, "<i4")
        self._amounts = Column(self._files, amounts, "<i4")

    def _names(self) -> tuple[str, str]:
        return f"{self._name}.{self._epoch}.columns", f"{self._name}.{self._epoch}.amounts"

    @property
    def _epoch(self) -> int:
        return int(self._files.recall(self._name, [0, 0])[0])

    def _live(self) -> int:
        return int(self._files.recall(self._name, [0, 0])[1])


def _key(rows: npt.NDArray[np.integer], columns: npt.NDArray[np.integer]) -> Ints:
    keys: Ints = (rows.astype(np.int64) << 32) | columns.astype(np.int64)
    return keys
