"""Texts: one a row, and names that are found again by their words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hippograph.tables.column import Column
from hippograph.tables.files import Files
from hippograph.tables.ragged import Ragged


class Strings:
    """A text a row, read one by one when asked for; opening costs the same for any number."""

    def __init__(self, files: Files, name: str) -> None:
        self._bytes = Ragged(files, f"{name}.utf8", "u1")

    def __len__(self) -> int:
        return len(self._bytes)

    def __getitem__(self, row: int) -> str:
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self._bytes.row(row).tobytes().decode("utf-8", "surrogatepass")

    def extend(self, strings: Iterable[str]) -> None:
        """Append texts."""
        encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
        lengths = np.array([len(each) for each in encoded], dtype=np.int64)
        self._bytes.extend(lengths, np.frombuffer(b"".join(encoded), np.uint8))


class Names:
    """Distinct texts, numbered from 0 in the order they came, and found by their words, many at once.

    The hashes of each batch are one sorted run; a run that is no longer twice as long as the next is merged with it,
    so n names stand in about log n runs and each is copied as often (O'Neil and others, "The log-structured
    merge-tree", 1996).
    """

    def __init__(self, files: Files, name: str) -> None:
        self._files = files
        self._name = name
        self._strings = Strings(files, name)
        self._hashes = Column(files, f"{name}.hashes", "<u8")
        self._places = Column(files, f"{name}.places", "<i4")

    def __len__(self) -> int:
        return len(self._strings)

    def __getitem__(self, place: int) -> str:
        return self._strings[place]

    def find(self, strings: Sequence[str]) -> npt.NDArray[np.int64]:
        """The number of each text; -1 where it is absent."""
        found = np.full(len(strings), -1, dtype=np.int64)
        hashes = _hashes(strings)
        for start, count in self._runs():
            run = self._hashes.values[start : start + count]
            firsts = np.searchsorted(run, hashes)
            for i in np.flatnonzero(run[np.minimum(firsts, count - 1)] == hashes).tolist():
                place = self._confirmed(strings[i], start + int(firsts[i]), start + count)
                found[i] = place if place >= 0 else found[i]
        return found

    def add(self, strings: Sequence[str]) -> npt.NDArray[np.int64]:
        """The number of each text; those that are absent are added in the order they stand."""
        found = self.find(strings)
        new = list(dict.fromkeys(string for string, at in zip(strings, found, strict=True) if at < 0))
        if new:
            first = len(self)
            number = {string: first + i for i, string in enumerate(new)}
            self._strings.extend(new)
            self._merge_in(_hashes(new), np.arange(first, first + len(new), dtype=np.int64))
            for i in np.flatnonzero(found < 0).tolist():
                found[i] = number[strings[i]]
        return found

    def _runs(self) -> list[list[int]]:
        runs: list[list[int]] = self._files.recall(self._name, [])
        return runs

    def _merge_in(self, hashes: npt.NDArray[np.uint64], places: npt.NDArray[np.int64]) -> None:
        runs = [list(run) for run in self._runs()]
        while runs and runs[-1][1] <= 2 * len(hashes):
            start, count = runs.pop()
            hashes = np.concatenate([self._hashes.values[start : start + count], hashes])
            places = np.concatenate([self._places.values[start : start + count], places])
        order = np.lexsort((places, hashes))
        runs.append([len(self._hashes), len(hashes)])
        self._hashes.extend(hashes[order])
        self._places.extend(places[order])
        self._files.record(self._name, runs)

    def _confirmed(self, string: str, at: int, end: int) -> int:
        """The number whose text it really is, among those that share the hash."""
        hashes = self._hashes.values
        hash_ = hashes[at]
        while at < end and hashes[at] == hash_:
            place = int(self._places.values[at])
            if self._strings[place] == string:
                return place
            at += 1
        return -1


def _hashes(strings: Sequence[str]) -> npt.NDArray[np.uint64]:
    encoded = (string.encode("utf-8", "surrogatepass") for string in strings)
    digests = b"".join(hashlib.blake2b(string, digest_size=8).digest() for string in encoded)
    return np.frombuffer(digests, dtype="<u8")
