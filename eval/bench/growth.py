"""What a change costs, beside building the same index, and beside the same change to a much larger one."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eval.bench.indexing import TimedEmbedder
from eval.generated import changed_document, generate_documents, generated_parts
from eval.indexes import Corpus, Progress
from hippograph.indexing import build_index, update_index
from hippograph.ports import Extractor, Parts
from hippograph.settings import Settings
from hippograph.types import Document, DocumentId, Extraction, ExtractionFailure, Passage

SIZES = (11_000, 100_000)
SHARE = 0.01
"""How much of the first size a change concerns."""
KINDS = (0.4, 0.4, 0.2)
"""Shares of added, changed and deleted documents."""
ROUNDS = 5


class TimedExtractor:
    """An extractor whose own seconds are counted."""

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor
        self.fingerprint = extractor.fingerprint
        self.seconds = 0.0

    def extract(self, passages: Sequence[Passage]) -> list[Extraction | ExtractionFailure]:
        """The extractor's own results, timed."""
        start = time.perf_counter()
        try:
            return list(self._extractor.extract(passages))
        finally:
            self.seconds += time.perf_counter() - start


class Stopwatch:
    """Seconds of work outside the embedder and the extractor, which stand for a model's calls."""

    def __init__(self, parts: Parts) -> None:
        self._embedder, self._extractor = TimedEmbedder(parts.embedder), TimedExtractor(parts.extractor)
        self.parts = dataclasses.replace(parts, embedder=self._embedder, extractor=self._extractor)

    def time(self, work: Callable[[], Any]) -> float:
        """How long work took, without what it spent inside the two."""
        inside, start = self._inside(), time.perf_counter()
        work()
        return time.perf_counter() - start - (self._inside() - inside)

    def _inside(self) -> float:
        return self._embedder.seconds + self._extractor.seconds


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
    the same change to the first size. Seconds inside the embedder and the extractor are taken off all of them.
    """
    settings = settings or Settings.load()
    stopwatch = Stopwatch(generated_parts(settings))
    count = round(sizes[0] * SHARE)
    built: dict[int, float] = {}
    changes: dict[int, list[float]] = {size: [] for size in sizes}
    with TemporaryDirectory(prefix="hippograph-bench-") as root:
        for size in sizes:
            built[size] = _build(size, Path(root) / str(size), settings, stopwatch, _told_of(size, progress))
        for number in range(rounds):
            for size in sizes:
                change = make_change(size, count, number)
                changes[size].append(_apply(change, Path(root) / str(size), settings, stopwatch))
            progress("changing", number + 1, rounds)
    medians = {size: statistics.median(seconds) for size, seconds in changes.items()}
    return {
        "bench": "growth",
        "changed_documents": count,
        "rounds": rounds,
        "sizes": [
            {
                "passages": size,
                "build_seconds": round(built[size], 2),
                "change_seconds": round(medians[size], 4),
                "slowest_change": round(max(changes[size]), 4),
                "build_to_change": round(built[size] / medians[size], 1),
                "to_first": round(medians[size] / medians[sizes[0]], 2),
            }
            for size in sizes
        ],
    }


def _build(size: int, folder: Path, settings: Settings, stopwatch: Stopwatch, progress: Progress) -> float:
    corpus = Corpus("generated", list(generate_documents(0, size)))
    return stopwatch.time(lambda: build_index([corpus], folder, stopwatch.parts, settings, progress=progress))


def _apply(change: Change, folder: Path, settings: Settings, stopwatch: Stopwatch) -> float:
    return stopwatch.time(
        lambda: update_index(folder, stopwatch.parts, settings, added=change.added, removed=change.removed)
    )


def _told_of(size: int, progress: Progress) -> Progress:
    return lambda step, done, total: progress(f"{size:,}: {step}", done, total)
