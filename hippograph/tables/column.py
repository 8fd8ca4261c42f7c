"""A column: one value, or one vector, a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.tables.files import Files


class Column:
    """Rows of one width, appended and never changed."""

    def __init__(self, files: Files, name: str, dtype: npt.DTypeLike, width: int | None = None) -> None:
        """`width` is the length of a row's vector; without it a row is one value."""
        self._files = files
        self._name = name
        self._dtype = dtype
        self._width = width
        self._row_bytes = np.dtype(dtype).itemsize * (width or 1)
        self._known = -1
        self._values: npt.NDArray[Any] = np.zeros(0, dtype)

    def __len__(self) -> int:
        return self._files.lengths.get(self._name, 0) // self._row_bytes

    @property
    def values(self) -> npt.NDArray[Any]:
        """Every row: shape (rows,) or (rows, width), mapped into memory."""
        length = self._files.lengths.get(self._name, 0)
        if length != self._known:
            array = self._files.array(self._name, self._dtype)
            self._values = array if self._width is None else array.reshape(-1, self._width)
            self._known = length
        return self._values

    def extend(self, values: npt.NDArray[Any]) -> None:
        """Append rows."""
        if len(values):
            self._files.append(self._name, np.asarray(values).astype(self._dtype, copy=False))
