"""Tables on disk, memory-mapped: arrays, and many strings with where each begins and a table to find them by."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt


def mapped(path: Path) -> npt.NDArray[Any]:
    """An array file, memory-mapped. A plain view of the pages: numpy's memmap class costs at every slice."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


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
        self._offsets = mapped(folder / f"{name}.offsets.npy")
        path = folder / f"{name}.utf8"
        with path.open("rb") as file:
            # An empty file cannot be mapped.
            size = path.stat().st_size
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""

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
        start, end = int(self._offsets[place]), int(self._offsets[place + 1])
        return self._bytes[start:end].decode("utf-8", "surrogatepass")


def save_lookup(folder: Path, name: str, strings: Sequence[str]) -> None:
    """Write `name.hashes.npy` and `name.places.npy`: where each string stands, by its hash."""
    hashes = _hashes(strings)
    order = np.argsort(hashes, kind="stable")
    np.save(folder / f"{name}.hashes.npy", hashes[order])
    np.save(folder / f"{name}.places.npy", order.astype(np.int64))


class Lookup:
    """Finds strings of a `Strings` by their words, many at once, with two searches in memory-mapped tables."""

    def __init__(self, folder: Path, name: str) -> None:
        self._strings = Strings(folder, name)
        self._hashes = mapped(folder / f"{name}.hashes.npy")
        self._places = mapped(folder / f"{name}.places.npy")

    def __len__(self) -> int:
        return len(self._strings)

    def __getitem__(self, place: int) -> str:
        return self._strings[place]

    def find(self, strings: Sequence[str]) -> list[int | None]:
        """The place of each string; None where it is absent."""
        if not strings or not len(self._hashes):
            return [None] * len(strings)
        hashes = _hashes(strings)
        firsts = np.searchsorted(self._hashes, hashes)
        hits = self._hashes[np.minimum(firsts, len(self._hashes) - 1)] == hashes
        found: list[int | None] = [None] * len(strings)
        for i in np.flatnonzero(hits).tolist():
            found[i] = self._confirmed(strings[i], int(firsts[i]), hashes[i])
        return found

    def _confirmed(self, string: str, first: int, hash_: np.uint64) -> int | None:
        """The place whose string it really is, among those that share the hash."""
        while first < len(self._hashes) and self._hashes[first] == hash_:
            place = int(self._places[first])
            if self._strings[place] == string:
                return place
            first += 1
        return None


def _hashes(strings: Sequence[str]) -> npt.NDArray[np.uint64]:
    encoded = (string.encode("utf-8", "surrogatepass") for string in strings)
    digests = b"".join(hashlib.blake2b(string, digest_size=8).digest() for string in encoded)
    return np.frombuffer(digests, dtype="<u8")
