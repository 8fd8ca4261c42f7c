"""Where connectors keep copies of what they fetched, unless told otherwise."""

from __future__ import annotations

from pathlib import Path


def default_cache_folder(kind: str) -> Path:
    """The user's folder for one kind of copies; it may be deleted at any time, and costs a transfer then."""
    return Path.home() / ".cache" / "hippograph" / kind


def writable_cache_folder(kind: str) -> Path | None:
    """The same, made; None where the user may not write there."""
    folder = default_cache_folder(kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder
