"""Parts that count, fail or stop: stand-ins for the real ones, around the real ones."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hippograph.errors import EmbeddingError
from hippograph.types import ExtractionFailure


@dataclass
class CountingEmbedder:
    """Embeds as `inner` does and remembers how often each stored text was embedded."""

    inner: object
    embedded: Counter = field(default_factory=Counter)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def embed_passages(self, texts):
        self.embedded.update(texts)
        return self.inner.embed_passages(texts)


@dataclass
class FailingEmbedder:
    """Embeds `allowed` batches and raises from then on."""

    inner: object
    allowed: int
    dies: bool = False
    """Whether the process ends on the spot, as it does when it is killed."""

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def embed_passages(self, texts):
        if self.allowed == 0:
            if self.dies:
                os._exit(9)
            raise EmbeddingError("the embedder has broken down")
        self.allowed -= 1
        return self.inner.embed_passages(texts)


@dataclass
class OtherEmbedder:
    """The same vectors under another name, as another model would have."""

    inner: object
    fingerprint: str = "another-model:1"

    def __getattr__(self, name):
        return getattr(self.inner, name)


@dataclass
class CountingExtractor:
    """Extracts as `inner` does and remembers the texts it was given; fails on those that hold `unreadable`."""

    inner: object
    unreadable: str | None = None
    read: list[str] = field(default_factory=list)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def extract(self, passages):
        self.read += [passage.text for passage in passages]
        for passage, result in zip(passages, self.inner.extract(passages), strict=True):
            if self.unreadable and self.unreadable in passage.text:
                result = ExtractionFailure(passage.id, "the extractor cannot read it", retryable=True)
            yield result


@dataclass
class TickingClock:
    """A minute later at every look."""

    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(minutes=1)
        return self.moment
