"""A sparse matrix of whole numbers that is added to and taken from, exactly."""

from __future__ import annotations

from typing import Any, NamedTuple

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


BLOCK = 128
"""A row of many entries lies in blocks of about this many: a change to a hub costs the blocks that it meets."""
MOST = 2 * BLOCK
"""A stretch of more entries than this is cut into blocks."""


class Tables(NamedTuple):
    """What a matrix consists of; read-only where it lies on disk."""

    pages: npt.NDArray[np.int64]
    """Where a row begins, how many entries it has, and their sum: shape (pages, PAGE, 3). A row that begins at -1 - b
    lies in blocks, which are listed from b on."""
    directory: npt.NDArray[np.int64]
    """Which page holds each PAGE rows; rows beyond are empty."""
    blocks: npt.NDArray[np.int64]
    """For each row that lies in blocks: how many, and of each where it begins, how many entries it
    has, and the first column that it may hold."""
    columns: npt.NDArray[np.int32]
    amounts: npt.NDArray[np.int32]


class Stretches(NamedTuple):
    """Where the entries of some rows lie: one or more stretches for each row, in the order of columns."""

    lower: Ints
    """The row in the upper and the first column that may stand there in the lower 32 bits."""
    starts: Ints
    counts: Ints

    def take(self, which: npt.NDArray[Any]) -> Stretches:
        """Some of them."""
        return Stretches(*(values[which] for values in self))


class Rows:
    """Each row: the columns it has an amount for, ascending, and the amounts; an amount of zero is no entry.

    What changes is written again behind the end: a row, or the blocks of a long one. Amounts are whole numbers, so
    that adding and taking away, in any order, give the same matrix.
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
        counts, stretches = self._stretches(np.asarray(rows, dtype=np.int64))
        places = spans(stretches.starts, stretches.counts)
        return counts, self._columns.values[places], self._amounts.values[places]

    def tables(self) -> Tables:
        """The matrix as it lies, for work that reads it an entry at a time."""
        return Tables(*self._index.tables(), self._blocks.values, self._columns.values, self._amounts.values)

    def row(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The columns and amounts of one row."""
        start, count, _ = self._index.at(row)
        if start < 0:
            return self.gather(np.array([row]))[1:]
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
        rows, columns = np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64)
        amounts = np.asarray(amounts, dtype=np.int64)
        touched = np.unique(rows)
        stretches = self._stretches(touched)[1]
        keys = _key(rows, columns)
        met = np.zeros(len(stretches.lower), dtype=bool)
        met[np.searchsorted(stretches.lower, keys, side="right") - 1] = True
        changing = stretches.take(met)
        places = spans(changing.starts, changing.counts)
        old_keys = _key(np.repeat(changing.lower >> 32, changing.counts), self._columns.values[places])
        keys, sums = _added(
            np.concatenate([old_keys, keys]), np.concatenate([self._amounts.values[places], amounts])
        )
        if len(sums) and int(sums.max()) > LARGEST:
            raise StorageError(f"An entry of {self._name} is beyond {LARGEST}: lower the graph's weights.")
        totals = self.totals(touched)
        np.add.at(totals, np.searchsorted(touched, rows), amounts)
        pieces = self._write(changing.lower, keys, sums)
        self._point(touched, totals, stretches.take(~met), pieces)
        self._files.record(self._name, [self._epoch, self._live() - len(old_keys) + len(sums)])
        if len(self._columns) > max(SMALL, WASTE * self._live()):
            self._write_anew()

    def _stretches(self, rows: Ints) -> tuple[Ints, Stretches]:
        """How many entries each of some rows has, and where they lie."""
        index = self._index[rows]
        starts, counts = index[:, 0], index[:, 1]
        in_blocks = starts < 0
        if not in_blocks.any():
            return counts, Stretches(rows << 32, starts, counts)
        blocks, lists = self._blocks.values, -1 - starts[in_blocks]
        how_many = np.ones(len(rows), dtype=np.int64)
        how_many[in_blocks] = blocks[lists]
        listed = np.repeat(in_blocks, how_many)
        found = np.zeros((len(listed), 3), dtype=np.int64)
        found[~listed, :2] = index[~in_blocks, :2]
        found[listed] = blocks[spans(lists + 1, 3 * how_many[in_blocks])].reshape(-1, 3)
        return counts, Stretches(np.repeat(rows, how_many) << 32 | found[:, 2], found[:, 0], found[:, 1])

    def _write(self, lower: Ints, keys: Ints, amounts: Ints) -> Stretches:
        """Put entries behind the end, in place of the stretches that begin at `lower`, and say where they are.

        `keys` is sorted; a stretch that became long is cut, one that became empty is left out.
        """
        begins = np.searchsorted(keys, lower)
        lengths = np.append(begins[1:], len(keys)) - begins
        cuts = np.where(lengths > MOST, -(-lengths // BLOCK), np.minimum(lengths, 1))
        number = spans(np.zeros(len(cuts), dtype=np.int64), cuts)
        begins, lengths, cuts_each = (np.repeat(values, cuts) for values in (begins, lengths, cuts))
        firsts = begins + lengths * number // np.maximum(cuts_each, 1)
        ends = begins + lengths * (number + 1) // np.maximum(cuts_each, 1)
        at = np.where(number == 0, np.repeat(lower, cuts), keys[firsts] if len(keys) else firsts)
        start = len(self._columns)
        self._columns.extend(keys & 0xFFFFFFFF)
        self._amounts.extend(amounts)
        return Stretches(at, start + firsts, ends - firsts)

    def _point(self, rows: Ints, totals: Ints, kept: Stretches, pieces: Stretches) -> None:
        """Say of some rows where their entries lie now; what was kept and what is new lie anyhow."""
        lower = np.concatenate([kept.lower, pieces.lower])
        order = np.argsort(lower)
        lower = lower[order]
        starts, counts = (np.concatenate([kept[i], pieces[i]])[order] for i in (1, 2))
        firsts = np.searchsorted(lower, rows << 32)
        how_many = np.append(firsts[1:], len(lower)) - firsts
        sums = np.concatenate([[0], np.cumsum(counts)])
        begins = np.zeros(len(rows), dtype=np.int64)
        begins[how_many > 0] = starts[firsts[how_many > 0]]
        many = how_many > 1
        listed = np.stack([starts, counts, lower & 0xFFFFFFFF], axis=1)
        listed[firsts[how_many > 0], 2] = 0  # the first one takes whatever comes before it
        lists = 1 + 3 * how_many[many]
        ends = np.cumsum(lists)
        values = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
        is_count = np.zeros(len(values), dtype=bool)
        is_count[ends - lists] = True
        values[is_count] = how_many[many]
        values[~is_count] = listed[spans(firsts[many], how_many[many])].ravel()
        begins[many] = -1 - (len(self._blocks) + ends - lists)
        self._blocks.extend(values)
        self._index.set(rows, np.stack([begins, sums[firsts + how_many] - sums[firsts], totals], axis=1))

    def _write_anew(self) -> None:
        """Leave behind what rows that changed left behind."""
        rows, live, names = self.filled(), self._live(), self._names()
        lengths, columns, amounts = self.gather(rows)
        totals = self.totals(rows)
        self._files.record(self._name, [self._epoch + 1, live])
        self._open_columns()
        nothing = Stretches(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
        pieces = self._write(rows << 32, _key(np.repeat(rows, lengths), columns), amounts.astype(np.int64))
        self._point(rows, totals, nothing, pieces)
        for name in names:
            self._files.forget(name)

    def _open_columns(self) -> None:
        blocks, columns, amounts = self._names()
        self._blocks = Column(self._files, blocks, "<i8")
        self._columns = Column(self._files, columns, "<i4")
        self._amounts = Column(self._files, amounts, "<i4")

    def _names(self) -> tuple[str, str, str]:
        blocks, columns, amounts = (
            f"{self._name}.{self._epoch}.{what}" for what in ("blocks", "columns", "amounts")
        )
        return blocks, columns, amounts

    @property
    def _epoch(self) -> int:
        return int(self._files.recall(self._name, [0, 0])[0])

    def _live(self) -> int:
        return int(self._files.recall(self._name, [0, 0])[1])


def _added(keys: Ints, amounts: Ints) -> tuple[Ints, Ints]:
    """Distinct keys, ascending, and the sum of each one's amounts, where it is not zero."""
    order = np.argsort(keys, kind="stable")
    keys, amounts = keys[order], amounts[order].astype(np.int64)
    firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    sums = np.add.reduceat(amounts, firsts)
    kept = sums != 0
    return keys[firsts][kept], sums[kept]


def _key(rows: npt.NDArray[np.integer], columns: npt.NDArray[np.integer]) -> Ints:
    keys: Ints = (rows.astype(np.int64) << 32) | columns.astype(np.int64)
    return keys
