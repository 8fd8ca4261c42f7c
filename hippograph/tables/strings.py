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

    def raw(self) -> RaggedBytes:
        """The bytes of all texts, for many look-ups in a row."""
        return RaggedBytes(self._bytes)

    def extend(self, strings: Iterable[str]) -> None:
        """Append texts."""
        encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
        lengths = np.array([len(each) for each in encoded], dtype=np.int64)
        self._bytes.extend(lengths, np.frombuffer(b"".join(encoded), np.uint8))


class RaggedBytes:
    """The bytes of each text of a table, as it is now."""

    def __init__(self, table: Ragged) -> None:
        self._ends = table.ends
        self._values = table.values.data

    def bytes_of(self, row: int) -> bytes:
        """The text of a row, encoded."""
        start = int(self._ends[row - 1]) if row else 0
        return bytes(self._values[start : int(self._ends[row])])


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
        encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
        hashes, texts = _hashes(encoded), self._strings.raw()
        all_hashes, all_places = self._hashes.values, self._places.values
        for start, count in self._runs():
            run, places = all_hashes[start : start + count], all_places[start : start + count]
            firsts = np.searchsorted(run, hashes)
            hits = np.flatnonzero(run[np.minimum(firsts, count - 1)] == hashes)
            for i, place in zip(hits.tolist(), places[firsts[hits]].tolist(), strict=True):
                if texts.bytes_of(place) == encoded[i]:
                    found[i] = place
                else:  # another text with the same hash: look at those that share it
                    found[i] = max(found[i], _among(encoded[i], int(firsts[i]), run, places, texts))
        return found

    def add(self, strings: Sequence[str]) -> npt.NDArray[np.int64]:
        """The number of each text; those that are absent are added in the order they stand."""
        found = self.find(strings)
        new = list(dict.fromkeys(string for string, at in zip(strings, found, strict=True) if at < 0))
        if new:
            first = len(self)
            number = {string: first + i for i, string in enumerate(new)}
            self._strings.extend(new)
            encoded = [string.encode("utf-8", "surrogatepass") for string in new]
            self._merge_in(_hashes(encoded), np.arange(first, first + len(new), dtype=np.int64))
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


def _among(
    string: bytes,
    at: int,
    run: npt.NDArray[np.uint64],
    places: npt.NDArray[np.int32],
    texts: RaggedBytes,
) -> int:
    """The number of a text among those of a run that share the hash at a place; -1 where it is none of them."""
    hash_ = run[at]
    while at < len(run) and run[at] == hash_:
        if texts.bytes_of(int(places[at])) == string:
            return int(places[at])
        at += 1
    return -1


def _hashes(encoded: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(string, digest_size=8).digest() for string in encoded)
    return np.frombuffer(digests, dtype="<u8")
