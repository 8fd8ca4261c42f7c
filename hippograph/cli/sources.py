"""The sources a call names, without the index itself where it lies among them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from hippograph.ports import Connector
from hippograph.settings import Settings

CONNECTORS = "connectors.by_uri"
"""Connectors stand above the core and are plugged in by name, as every other part is."""


def open_sources(
    sources: Sequence[str],
    include: Sequence[str],
    exclude: Sequence[str],
    index: Path,
    allow_private: Sequence[str] = (),
    settings: Settings | None = None,
) -> list[Connector]:
    """One connector a source, made as the settings say; `allow_private` names further address ranges.

    Raises ConnectorError when there is nothing at a source, SettingsError for a range that is none.
    """
    connector_for = import_module(CONNECTORS).connector_for
    how = (settings or Settings.load()).sources
    if allow_private:
        ranges = (*how.allow_private, *allow_private)
        how = Settings.load(sources={"allow_private": ranges}).sources
    return [
        connector_for(source, include, [*exclude, *_index_within(source, index)], **how.for_connectors())
        for source in sources
    ]


def _index_within(source: str, index: Path) -> list[str]:
    """The glob that leaves the index directory out of a folder that contains it."""
    try:
        inside = index.resolve().relative_to(Path(source.removeprefix("file://")).expanduser().resolve())
    except (ValueError, OSError, RuntimeError):
        return []
    return [f"{_literal(inside.as_posix())}/**"] if inside.parts else []


def _literal(path: str) -> str:
    """The path as a glob that matches itself only."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)
