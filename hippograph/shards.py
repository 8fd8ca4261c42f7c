"""Shards of work: what a worker does with a list of passages or texts, in this process or in another.

A part in hand (a loaded model, a lexicon) does not travel. What travels is the recipe it was made by, and its
fingerprint: the process that gets the work makes the part anew, once, and refuses when it came out as another one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, Self

from hippograph.errors import SettingsError
from hippograph.ports import Embedder, Extractor, Parts
from hippograph.settings import Settings
from hippograph.types import Extraction, ExtractionFailure, Passage, Vectors


class ShardWork(Protocol):
    """Work that leans on one part."""

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """The same work by these parts."""
        ...

    def fingerprint(self) -> str:
        """That of the part: another one would give other results."""
        ...

    def __call__(self, shard: list[Any]) -> Any:
        """What the part makes of the shard."""
        ...


@dataclass(frozen=True, slots=True)
class ExtractShard:
    """Finds the entities and facts of passages: one result a passage, in order."""

    extractor: Extractor

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """By the extractor of these parts."""
        return cls(parts.extractor)

    def fingerprint(self) -> str:
        """The extractor's."""
        return self.extractor.fingerprint

    def __call__(self, shard: list[Passage]) -> list[Extraction | ExtractionFailure]:
        """Raises ExtractionError, MissingExtra and whatever else fails an extractor as a whole."""
        return list(self.extractor.extract(shard))


@dataclass(frozen=True, slots=True)
class EmbedShard:
    """Embeds texts that are stored: unit vectors of shape (len(shard), dimension)."""

    embedder: Embedder

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """By the embedder of these parts."""
        return cls(parts.embedder)

    def fingerprint(self) -> str:
        """The embedder's."""
        return self.embedder.fingerprint

    def __call__(self, shard: list[str]) -> Vectors:
        """Raises EmbeddingError."""
        return self.embedder.embed_passages(shard)


@dataclass(frozen=True)
class Recipe:
    """How the parts in hand were made, so that another process can make them too."""

    make: Callable[[Settings], Parts]
    """A function of a module: it travels by its name."""
    settings: Settings

    def __hash__(self) -> int:
        return hash(self.settings.model_dump_json())


@dataclass(frozen=True)
class RemadeWork:
    """Work on its way: it makes its part where it runs, once a process."""

    kind: type[ShardWork]
    fingerprint: str
    recipe: Recipe

    def __call__(self, shard: list[Any]) -> Any:
        """What the part made here makes of the shard. Raises SettingsError when it is not the same part."""
        with _one_at_a_time:
            work = _made_here(self)
        return work(shard)


def stays_here(work: Callable[[list[Any]], Any]) -> bool:
    """Whether the part it leans on says so (`stays_here = True`): it keeps what another process could not share.

    A budget, an account of what calls cost, a limit on calls under way: one that asks a language model has them.
    """
    part = work.extractor if isinstance(work, ExtractShard) else getattr(work, "embedder", None)
    return bool(getattr(part, "stays_here", False))


def that_travels(work: Callable[[list[Any]], Any], recipe: Recipe | None) -> Callable[[list[Any]], Any]:
    """The work in a form that can be sent to another process. Work that leans on no part goes as it is.

    Raises SettingsError when the recipe of its part is not known.
    """
    if not isinstance(work, ExtractShard | EmbedShard):
        return work
    if recipe is None:
        raise SettingsError(
            "These workers do not know how the parts were made, so the parts cannot be made again elsewhere. "
            "Let the settings make the workers, or use workers of the kind 'here' or 'threads'."
        )
    return RemadeWork(type(work), work.fingerprint(), recipe)


# Two threads of one Dask worker would otherwise load two copies of a model.
_one_at_a_time = threading.Lock()


@lru_cache(maxsize=4)
def _made_here(travelled: RemadeWork) -> ShardWork:
    work = travelled.kind.of(travelled.recipe.make(travelled.recipe.settings))
    if work.fingerprint() != travelled.fingerprint:
        raise SettingsError(
            f"A worker would use {work.fingerprint()!r} where the index is made with {travelled.fingerprint!r}. "
            "Install the same release of hippograph and the same models there; a part that was handed in, "
            "and not made from the settings, works only with workers of the kind 'here' or 'threads'."
        )
    return work
