"""What a change costs, beside building the same index, and beside the same change to a much larger one."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

from eval.generated import changed_document, generate_documents, generated_parts
from eval.indexes import Corpus, Progress
from hippograph.indexing import build_index, update_index
from hippograph.ports import Embedder, Extractor, Parts
from hippograph.settings import Settings
from hippograph.types import Document, DocumentId, Extraction, ExtractionFailure, Passage, Vectors

Result = TypeVar("Result")

SIZES = (11_000, 100_000)
SHARE = 0.01
"""How much of the first size a change concerns."""
KINDS = (0.4, 0.4, 0.2)
"""Shares of added, changed and deleted documents."""
ROUNDS = 5


class Seconds(NamedTuple):
    """Time on the clock, and time on a processor, which other processes do not lengthen."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> Seconds:
        """Both, counted from some moment."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, start: Seconds) -> Seconds:
        """What passed between two moments, or what one span has more than another."""
        return Seconds(self.clock - start.clock, self.processor - start.processor)


class Stopwatch:
    """Seconds of work outside the embedder and the extractor, which stand for a model's calls."""

    def __init__(self, parts: Parts) -> None:
        self._inside = Seconds(0.0, 0.0)
        self.parts = dataclasses.replace(
            parts, embedder=_Embedder(parts.embedder, self), extractor=_Extractor(parts.extractor, self)
        )

    def time(self, work: Callable[[], Any]) -> Seconds:
        """How long work took, without what it spent inside the two."""
        inside, start = self._inside, Seconds.now()
        work()
        return Seconds.now().since(start).since(self._inside.since(inside))

    def leave_out(self, work: Callable[[], Result]) -> Result:
        """Work of a model."""
        start = Seconds.now()
        try:
            return work()
        finally:
            spent = Seconds.now().since(start)
            self._inside = Seconds(self._inside.clock + spent.clock, self._inside.processor + spent.processor)


class _Extractor:
    def __init__(self, extractor: Extractor, stopwatch: Stopwatch) -> None:
        self._extractor, self._stopwatch = extractor, stopwatch
        self.fingerprint = extractor.fingerprint

    def extract(self, passages: Sequence[Passage]) -> list[Extraction | ExtractionFailure]:
        return self._stopwatch.leave_out(lambda: list(self._extractor.extract(passages)))


class _Embedder:
    def __init__(self, embedder: Embedder, stopwatch: Stopwatch) -> None:
        self._embedder, self._stopwatch = embedder, stopwatch
        self.dimension, self.fingerprint = embedder.dimension, embedder.fingerprint

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._stopwatch.leave_out(lambda: self._embedder.embed_passages(texts))

    def embed_query(self, text: str) -> Vectors:
        return self._embedder.embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_queries(texts)

    def token_count(self, text: str) -> int:
        return self._embedder.token_count(text)


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """Documents to add or replace, and ids to remove, in one publish."""

    added: tuple[Document, ...]
    removed: tuple[DocumentId, ...]


def make_change(size: int, count: int, number: int) -> Change:
    """The `number`-th change to a generated corpus of that size: every size has the same ones, but for what is new.

    Changed and deleted are documents of the beginning, other ones each time; new ones come from behind the end.
    """
    new, changed, gone = (round(count * share) for share in KINDS)
    first = number * (changed + gone)
    touched = list(generate_documents(first, first + changed + gone))
    added = generate_documents(size + number * new, size + (number + 1) * new)
    return Change(
        (*added, *(changed_document(document) for document in touched[:changed])),
        tuple(document.id for document in touched[changed:]),
    )


def measure_changes(
    sizes: Sequence[int], rounds: int, progress: Progress, settings: Settings | None = None
) -> dict[str, Any]:
    """Build generated indexes and time changes to them, sizes taking turns. Ratios are of medians.

    `build_to_change` says how many changes one build takes as long as; `to_first` is a change's seconds over those of
    the same change to the first size. Seconds inside the embedder and the extractor are taken off all of them. The same
    ratios of processor time stand beside them: they leave out waiting for the disk, and for other processes.
    """
    settings = settings or Settings.load()
    stopwatch = Stopwatch(generated_parts(settings))
    count = max(1, round(sizes[0] * SHARE))
    built: dict[int, Seconds] = {}
    changes: dict[int, list[Seconds]] = {size: [] for size in sizes}
    with TemporaryDirectory(prefix="hippograph-bench-") as root:
        for size in sizes:
            built[size] = _build(size, Path(root) / str(size), settings, stopwatch, _told_of(size, progress))
        for number in range(rounds):
            for size in sizes:
                change = make_change(size, count, number)
                changes[size].append(_apply(change, Path(root) / str(size), settings, stopwatch))
            progress("changing", number + 1, rounds)
    medians = {
        size: Seconds(*(statistics.median(times) for times in zip(*seconds, strict=True)))
        for size, seconds in changes.items()
    }
    return {
        "bench": "growth",
        "changed_documents": count,
        "rounds": rounds,
        "sizes": [_row(size, built[size], medians[size], medians[sizes[0]]) for size in sizes],
    }


def _row(size: int, built: Seconds, change: Seconds, first: Seconds) -> dict[str, Any]:
    return {
        "passages": size,
        "build_seconds": round(built.clock, 2),
        "change_seconds": round(change.clock, 4),
        "build_to_change": round(built.clock / change.clock, 1),
        "to_first": round(change.clock / first.clock, 2),
        "cpu_build_to_change": round(built.processor / change.processor, 1),
        "cpu_to_first": round(change.processor / first.processor, 2),
    }


def _build(size: int, folder: Path, settings: Settings, stopwatch: Stopwatch, progress: Progress) -> Seconds:
    corpus = Corpus("generated", list(generate_documents(0, size)))
    return stopwatch.time(lambda: build_index([corpus], folder, stopwatch.parts, settings, progress=progress))


def _apply(change: Change, folder: Path, settings: Settings, stopwatch: Stopwatch) -> Seconds:
    return stopwatch.time(
        lambda: update_index(folder, stopwatch.parts, settings, added=change.added, removed=change.removed)
    )


def _told_of(size: int, progress: Progress) -> Progress:
    return lambda step, done, total: progress(f"{size:,}: {step}", done, total)
