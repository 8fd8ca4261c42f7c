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

    def __len__(self) -> int:
        """How many rows have a page; those beyond are 0."""
        return int(self._place()[1]) * PAGE

    def __getitem__(self, rows: npt.NDArray[np.integer]) -> npt.NDArray[Any]:
        """The numbers of some rows: shape (rows, width)."""
        rows = np.asarray(rows, dtype=np.int64)
        if not len(self._pages):
            return np.zeros((len(rows), self._width), dtype=self._pages.values.dtype)
        pages = self._pages.values.reshape(-1, PAGE, self._width)
        directory = self._directory()
        numbers = rows // PAGE
        inside = numbers < len(directory)
        if inside.all():
            places = directory[numbers]
        else:
            places = np.where(inside, directory[np.minimum(numbers, len(directory) - 1)], 0)
        found: npt.NDArray[Any] = pages[places, rows % PAGE]
        return found

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
        self._files.record(self._name, [len(self._directories), len(directory)])
        self._directories.extend(directory)

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
        start, count = self._place()
        directory: npt.NDArray[np.int64] = self._directories.values[start : start + count]
        return directory
