"""Graph-based retrieval-augmented generation: a memory for language models that grows with its documents."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hippograph.engine import Hippograph
    from hippograph.settings import Settings
    from hippograph.types import Answer, Citation, Document, Passage, RankedPassage

__all__ = ["Answer", "Citation", "Document", "Hippograph", "Passage", "RankedPassage", "Settings"]

_HOMES = {"Hippograph": "engine", "Settings": "settings"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: importing the package itself costs next to nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'hippograph' has no attribute {name!r}")
    return getattr(import_module(f"hippograph.{_HOMES.get(name, 'types')}"), name)


def __dir__() -> list[str]:
    return __all__
