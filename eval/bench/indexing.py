"""What indexing costs beyond the embedder, which no design can avoid."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eval.datasets import load_corpus
from eval.indexes import Corpus, Progress
from hippograph.indexing import build_index
from hippograph.ports import Embedder, Parts
from hippograph.settings import Settings
from hippograph.types import Vectors

WARM_UP = "The first call loads the model."


class TimedEmbedder:
    """An embedder that counts what it is given and how long it takes."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.dimension = embedder.dimension
        self.fingerprint = embedder.fingerprint
        self.seconds = 0.0
        """Inside `embed_passages` and `embed_query`."""
        self.token_seconds = 0.0
        """Inside `token_count`, which is not embedding."""
        self.string_count = 0
        self.strings: set[str] = set()

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The embedder's own vectors, timed."""
        self.string_count += len(texts)
        self.strings.update(texts)
        start = time.perf_counter()
        try:
            return self._embedder.embed_passages(texts)
        finally:
            self.seconds += time.perf_counter() - start

    def embed_query(self, text: str) -> Vectors:
        """The embedder's own vector, timed."""
        start = time.perf_counter()
        try:
            return self._embedder.embed_query(text)
        finally:
            self.seconds += time.perf_counter() - start

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The embedder's own vectors, timed."""
        start = time.perf_counter()
        try:
            return self._embedder.embed_queries(texts)
        finally:
            self.seconds += time.perf_counter() - start

    def token_count(self, text: str) -> int:
        """The embedder's own count, timed apart."""
        start = time.perf_counter()
        try:
            return self._embedder.token_count(text)
        finally:
            self.token_seconds += time.perf_counter() - start


def measure_indexing(dataset: Path, settings: Settings, parts: Parts, progress: Progress) -> dict[str, Any]:
    """Build an index of a corpus from nothing, in a folder that is thrown away.

    The ratio is all seconds over those inside the embedder; the model is loaded before the clock starts.
    """
    corpus = Corpus(dataset.resolve().name, load_corpus(dataset))
    timed = TimedEmbedder(parts.embedder)
    timed_parts = dataclasses.replace(parts, embedder=timed)
    parts.embedder.embed_passages([WARM_UP])
    with TemporaryDirectory(prefix="hippograph-bench-") as folder:
        start = time.perf_counter()
        build_index([corpus], Path(folder) / "index", timed_parts, settings, progress=progress)
        seconds = time.perf_counter() - start
    return {
        "bench": "indexing",
        "dataset": corpus.name,
        "documents": len(corpus.given),
        "seconds": round(seconds, 2),
        "embedder_seconds": round(timed.seconds, 2),
        "ratio": round(seconds / timed.seconds, 3) if timed.seconds else None,
        "strings_embedded": timed.string_count,
        "strings_distinct": len(timed.strings),
        "llm_calls": 0,
    }
