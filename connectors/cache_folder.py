"""Where connectors keep copies of what they fetched, unless told otherwise."""

from __future__ import annotations

from pathlib import Path

from hippograph.errors import ConnectorError


def cache_folder_for(kind: str, within: Path | None) -> Path:
    """The folder for one kind of copies, in the user's own cache or in another one.

    It may be deleted at any time, and costs a transfer then.
    """
    return (within.expanduser() if within else Path.home() / ".cache" / "hippograph") / kind


def writable_cache_folder(kind: str, within: Path | None) -> Path | None:
    """The same, made; None where the user's own cache may not be written. Raises ConnectorError for another one."""
    folder = cache_folder_for(kind, within)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if within is None:
            return None
        raise ConnectorError(
            f"The cache folder {str(folder)!r} cannot be made ({error.strerror}). Name another one."
        ) from error
    return folder
