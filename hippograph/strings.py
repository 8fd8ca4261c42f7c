"""Many strings in two memory-mapped files: their UTF-8 bytes end to end, and where each begins."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

import numpy as np


def save_strings(folder: Path, name: str, strings: Iterable[str]) -> None:
    """Write `name.utf8` and `name.offsets.npy` into the folder."""
    offsets = [0]
    with (folder / f"{name}.utf8").open("wb") as file:
        for string in strings:
            offsets.append(offsets[-1] + file.write(string.encode("utf-8", "surrogatepass")))
    np.save(folder / f"{name}.offsets.npy", np.array(offsets, dtype=np.int64))


class Strings(Sequence[str]):
    """The strings of `save_strings`, read one by one when asked for; opening costs the same for any number."""

    def __init__(self, folder: Path, name: str) -> None:
        self._offsets = np.load(folder / f"{name}.offsets.npy", mmap_mode="r", allow_pickle=False)
        path = folder / f"{name}.utf8"
        # An empty file cannot be mapped.
        empty = np.zeros(0, dtype=np.uint8)
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else empty

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        start, end = self._offsets[place], self._offsets[place + 1]
        return self._bytes[start:end].tobytes().decode("utf-8", "surrogatepass")

    def find(self, string: str) -> int | None:
        """The place of a string among sorted strings, by bisection; None where it is absent."""
        place = bisect.bisect_left(self, string)
        return place if place < len(self) and self[place] == string else None
