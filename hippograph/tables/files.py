"""A folder of files that only grow. A version of it is how far each file counts, and a few small numbers.

What was written stays where it is, so versions share their bytes, a reader keeps the version it opened while the next
is written behind its end, and what a killed writer left beyond the last version is cut off by the next one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.errors import IndexDamaged

CHECKSUMS = "checksums"
"""The file of checksums: one line a version, which names the line before it."""


class Files:
    """The files of a folder up to some lengths, in bytes; without a folder, in memory.

    A table writes down with `record` what it needs to know besides its bytes, and finds it again with `recall`.
    """

    def __init__(
        self,
        folder: Path | None = None,
        lengths: Mapping[str, int] | None = None,
        states: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises IndexDamaged where a file is missing or shorter than it should be."""
        self.folder = folder
        self.lengths = dict(lengths or {})
        self.states = dict(states or {})
        self._started = dict(self.lengths)
        self._hashes: dict[str, Any] = {}
        self._handles: dict[str, int] = {}
        self._memory: dict[str, bytearray] = {}
        self._mapped: dict[str, tuple[int, npt.NDArray[np.uint8]]] = {}
        for problem in self.wrong_sizes():
            raise IndexDamaged(f"{problem} Rebuild with: hippograph compact --index DIR, or restore a copy.")

    def append(self, name: str, values: npt.NDArray[Any] | bytes) -> int:
        """Write values behind the end of a file and say where they begin, in bytes."""
        data = values if isinstance(values, bytes) else np.ascontiguousarray(values).tobytes()
        start = self.lengths.get(name, 0)
        if self.folder is None:
            self._memory.setdefault(name, bytearray()).extend(data)
        else:
            _write(self._handle(name), data, start)
        self._hashes.setdefault(name, hashlib.sha256()).update(data)
        self.lengths[name] = start + len(data)
        return start

    def array(self, name: str, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """All values of a file, mapped into memory; read-only."""
        length = self.lengths.get(name, 0)
        known, raw = self._mapped.get(name, (-1, np.zeros(0, np.uint8)))
        if known != length:
            raw = self._map(name, length)
            self._mapped[name] = (length, raw)
        return raw.view(dtype)

    def hold(self) -> None:
        """Map every file now: what is mapped stays readable after its file is removed."""
        for name in self.lengths:
            self.array(name, np.uint8)

    def record(self, name: str, state: Any) -> None:
        """Keep a table's own small numbers, as JSON can hold them."""
        self.states[name] = state

    def recall(self, name: str, default: Any) -> Any:
        """What was recorded under the name."""
        return self.states.get(name, default)

    def forget(self, name: str) -> None:
        """Leave a file out of this and all later versions; its bytes go when no version counts it any more."""
        self.lengths.pop(name, None)
        self._hashes.pop(name, None)
        self._started.pop(name, None)

    def commit(self) -> None:
        """Write down the checksum of everything appended, and flush it all to the disk."""
        extents = {
            name: [self._started.get(name, 0), self.lengths[name], sha.hexdigest()]
            for name, sha in sorted(self._hashes.items())
        }
        if not extents or self.folder is None:
            return
        line = json.dumps({"before": self.recall(CHECKSUMS, ""), "extents": extents}, sort_keys=True)
        self.record(CHECKSUMS, hashlib.sha256(line.encode()).hexdigest())
        self.append(CHECKSUMS, line.encode() + b"\n")
        for handle in self._handles.values():
            os.fsync(handle)
        _flush_folder(self.folder)
        self._hashes.clear()
        self._started = dict(self.lengths)

    def close(self) -> None:
        """Let go of what was opened for writing; mapped arrays live as long as somebody holds them."""
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()
        self._mapped.clear()

    def wrong_sizes(self) -> Iterator[str]:
        """The files that are missing or cut off."""
        if self.folder is None:
            return
        for name, length in self.lengths.items():
            path = self.folder / name
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                if length:
                    yield f"{path} is missing."
                continue
            if size < length:
                yield f"{path} has {size} bytes and should have {length}."

    def wrong_checksums(self) -> Iterator[str]:
        """The stretches of files that are not as they were written, the file of checksums first."""
        if self.folder is None or CHECKSUMS not in self.lengths:
            return
        raw = bytes(self.array(CHECKSUMS, "u1"))
        before = ""
        for line in raw.splitlines():
            try:
                record = json.loads(line)
                chained, extents = record["before"] == before, record["extents"]
            except (ValueError, KeyError, TypeError):
                chained, extents = False, {}
            before = hashlib.sha256(line).hexdigest()
            if not chained:
                yield f"{self.folder / CHECKSUMS} was altered."
                return
            yield from self._wrong_extents(extents)
        if before != self.recall(CHECKSUMS, ""):
            yield f"{self.folder / CHECKSUMS} was altered."

    def _wrong_extents(self, extents: Mapping[str, tuple[int, int, str]]) -> Iterator[str]:
        for name, (start, end, sha256) in extents.items():
            if name in self.lengths and name != CHECKSUMS:
                digest = hashlib.sha256(self.array(name, "u1")[start:end].data).hexdigest()
                if digest != sha256:
                    yield f"{self._path(name)} was altered between bytes {start} and {end}."

    def _path(self, name: str) -> Path:
        return (self.folder or Path()) / name

    def _handle(self, name: str) -> int:
        if name not in self._handles:
            handle = os.open(self._path(name), os.O_RDWR | os.O_CREAT, 0o644)
            # What lies beyond was written by a writer that never got to publish it.
            os.ftruncate(handle, self.lengths.get(name, 0))
            self._handles[name] = handle
        return self._handles[name]

    def _map(self, name: str, length: int) -> npt.NDArray[np.uint8]:
        if not length:  # nothing can be mapped
            return np.zeros(0, np.uint8)
        if self.folder is None:
            return np.frombuffer(bytes(self._memory[name]), np.uint8)
        # A plain view of the pages: numpy's memmap class costs at every slice.
        return np.asarray(np.memmap(self._path(name), np.uint8, "r", shape=(length,)))


def _write(handle: int, data: bytes, start: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, start)
        view, start = view[written:], start + written


def _flush_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
