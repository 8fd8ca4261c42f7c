"""Numbers that change: a long table in pages, of which only those that change are written again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.tables.column import Column
from hippograph.tables.files import Files

PAGE = 128
"""Rows a page. A change costs a page, a version a directory entry for each page: 128 keeps both small."""


class Pages:
    """Rows of `width` whole numbers, 0 until they are set. Versions share the pages that are the same in both.

    A persistent array by path copying (Driscoll and others, "Making data structures persistent", 1989), two deep.
    """

    def __init__(self, files: Files, name: str, width: int, dtype: str = "<i8") -> None:
        self._files = files
        self._name = name
        self._width = width
        self._pages = Column(files, name, dtype, PAGE * width)
        self._directories = Column(files, f"{name}.directory", "<i8")
        self._known: object = None
        self._pages_and_directory: tuple[npt.NDArray[Any], npt.NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        """How many rows have a page; those beyond are 0."""
        return int(self._place()[1]) * PAGE

    def __getitem__(self, rows: npt.NDArray[np.integer]) -> npt.NDArray[Any]:
        """The numbers of some rows: shape (rows, width)."""
        rows = np.asarray(rows, dtype=np.int64)
        pages, directory = self._opened()
        numbers, within = np.divmod(rows, PAGE)
        if len(rows) and int(numbers.max()) >= len(directory):
            inside = numbers < len(directory)
            places = np.zeros(len(rows), dtype=np.int64)
            places[inside] = directory[numbers[inside]]
        else:
            places = directory[numbers]
        found: npt.NDArray[Any] = pages[places, within]
        return found

    def tables(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """All pages as they lie, shape (pages, PAGE, width), and which of them holds each PAGE rows."""
        return self._opened()

    def at(self, row: int) -> list[int]:
        """The numbers of one row."""
        pages, directory = self._opened()
        number, within = divmod(row, PAGE)
        numbers: list[int] = pages[directory[number] if number < len(directory) else 0, within].tolist()
        return numbers

    def set(self, rows: npt.NDArray[np.integer], values: npt.NDArray[np.integer]) -> None:
        """Change some rows, each at most once: `values` has the shape (rows, width)."""
        rows = np.asarray(rows, dtype=np.int64)
        if not len(rows):
            return
        if not len(self._pages):  # page 0 stays empty: rows that were never set stand in it
            self._pages.extend(np.zeros((1, PAGE * self._width)))
        directory = self._directory()
        count = max(len(directory), int(rows.max()) // PAGE + 1)
        directory = np.concatenate([directory, np.zeros(count - len(directory), dtype=np.int64)])
        touched, within = np.unique(rows // PAGE, return_inverse=True)
        pages = self._pages.values[directory[touched]].reshape(-1, PAGE, self._width).copy()
        pages[within, rows % PAGE] = values
        directory[touched] = len(self._pages) + np.arange(len(touched))
        self._pages.extend(pages.reshape(len(touched), -1))
        start = len(self._directories)
        self._directories.extend(directory)
        self._files.record(self._name, [start, len(directory)])

    def add(self, rows: npt.NDArray[np.integer], amounts: npt.NDArray[np.integer]) -> None:
        """Add to the first number of some rows; a row may stand several times."""
        distinct, within = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
        sums = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(sums, within, amounts)
        values = self[distinct].copy()
        values[:, 0] += sums.astype(values.dtype)
        self.set(distinct, values)

    def _place(self) -> list[int]:
        place: list[int] = self._files.recall(self._name, [0, 0])
        return place

    def _directory(self) -> npt.NDArray[np.int64]:
        return self._opened()[1]

    def _opened(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """All pages, and which of them holds which rows, as they are now."""
        state = self._files.states.get(self._name)
        if state is not self._known or self._pages_and_directory is None:
            start, count = state or (0, 0)
            pages = self._pages.values.reshape(-1, PAGE, self._width)
            if not len(pages):  # every row is still 0
                pages = np.zeros((1, PAGE, self._width), dtype=pages.dtype)
            self._pages_and_directory = pages, self._directories.values[start : start + count]
            self._known = state
        return self._pages_and_directory
