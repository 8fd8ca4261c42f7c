"""Work for workers: what it does, how it dies and how it fails. A module, so that it can be sent elsewhere."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.wiring import build_parts
from tests.fakes import FailingEmbedder


def squares(shard):
    """Each number squared."""
    return [number * number for number in shard]


def process_and_threads(shard):
    """Which process this is, and how many threads it allows for numbers."""
    time.sleep(0.02)
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def a_lock(shard):
    """A result that cannot be sent."""
    return Lock()


@dataclass(frozen=True)
class Recorded:
    """Squares, and leaves a file a run in `folder`."""

    folder: Path

    def __call__(self, shard):
        (self.folder / f"{shard[0]}-{os.getpid()}-{time.monotonic_ns()}").touch()
        return squares(shard)

    def runs(self):
        """How often each shard was run, by its first number."""
        begun = [int(path.name.partition("-")[0]) for path in self.folder.iterdir()]
        return {number: begun.count(number) for number in sorted(set(begun))}


@dataclass(frozen=True)
class Dying(Recorded):
    """The same; the process that meets shard `victim` is killed, `times` times."""

    victim: int
    times: int = 1

    def __call__(self, shard):
        result = super().__call__(shard)
        if shard[0] == self.victim and self.runs()[self.victim] <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


@dataclass(frozen=True)
class Failing(Recorded):
    """The same; raises at shard `victim`."""

    victim: int
    error: Exception

    def __call__(self, shard):
        result = super().__call__(shard)
        if shard[0] == self.victim:
            raise self.error
        return result


class OddError(Exception):
    """An error that cannot be copied: its constructor takes something else than its message."""

    def __init__(self, passage, reason):
        super().__init__(f"{passage}: {reason}")


class OddlyFailing(Failing):
    """Raises an error that is made where the work is done."""

    def __init__(self, folder, victim):
        super().__init__(folder, victim, ValueError())

    def __call__(self, shard):
        result = Recorded.__call__(self, shard)
        if shard[0] == self.victim:
            raise OddError("passage 3", "odd")
        return result


def parts_whose_embedder_fails(settings: Settings) -> Parts:
    """The parts of the settings with an embedder that raises EmbeddingError."""
    parts = build_parts(settings)
    return replace(parts, embedder=FailingEmbedder(parts.embedder, allowed=0))


@dataclass(frozen=True)
class Deadly:
    """An extractor or embedder; the first process that gives it a text with `word` in it is killed."""

    inner: object
    word: str
    folder: Path

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def extract(self, passages):
        self._die_once(passage.text for passage in passages)
        return self.inner.extract(passages)

    def embed_passages(self, texts):
        self._die_once(texts)
        return self.inner.embed_passages(texts)

    def _die_once(self, texts):
        marker = self.folder / type(self.inner).__name__
        if any(self.word in text for text in texts) and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class DeadlyParts:
    """Parts of the settings whose extractor and embedder are deadly once each."""

    word: str
    folder: Path

    def __call__(self, settings: Settings) -> Parts:
        parts = build_parts(settings)
        return replace(
            parts,
            extractor=Deadly(parts.extractor, self.word, self.folder),
            embedder=Deadly(parts.embedder, self.word, self.folder),
        )


class OnceDeadlyRules(Deadly):
    """The rules as a part of one's own: the process that reads of Mill 21 is killed once, while a folder is named."""

    def __init__(self):
        folder = Path(os.environ.get("FOLDER_OF_DEATHS", "/nowhere"))
        super().__init__(build_parts(Settings()).extractor, "Mill 21", folder)

    def _die_once(self, texts):
        if self.folder.is_dir():
            super()._die_once(texts)
