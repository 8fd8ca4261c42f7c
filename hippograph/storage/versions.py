"""Versions: which are kept, and going back to one of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hippograph.errors import IndexDamaged, IndexNotFound
from hippograph.storage.manifest import Manifest, keep_copy, read_versions, visible_number, write_manifest
from hippograph.storage.reader import open_tables
from hippograph.storage.stage import Stage


def go_back(folder: Path, number: int | None = None) -> Manifest:
    """Make a version that is kept the visible one: the one before the visible one, or one by its number.

    The next run of an index command brings the index in step with its sources again. Raises IndexNotFound where the
    version is not kept, IndexDamaged where a file of it is missing, PublishConflict.
    """
    read_versions(folder)  # where there is no index, none is to be made
    with Stage(folder) as stage:
        versions = read_versions(folder)
        visible = visible_number(folder)
        for current in (each for each in versions if each.version.number == visible):
            # A writer that was killed right after it published has not noted so.
            stage.settle(current.version.id)
            keep_copy(folder, current)
        earlier = [each for each in versions if visible is None or each.version.number < visible]
        if number is None and not earlier:
            raise _not_kept(folder, "earlier version", versions)
        wanted = earlier[-1] if number is None else kept_version(folder, number)
        open_tables(folder, wanted)
        others = tuple(each.version.number for each in versions if each != wanted)
        chosen = replace(wanted, kept=others)
        write_manifest(folder, chosen)
        return chosen


def kept_version(folder: Path, number: int) -> Manifest:
    """A version that is kept, by its number. Raises IndexNotFound."""
    versions = read_versions(folder)
    for manifest in versions:
        if manifest.version.number == number:
            return manifest
    raise _not_kept(folder, f"version {number}", versions)


def _not_kept(folder: Path, wanted: str, versions: Sequence[Manifest]) -> IndexNotFound:
    kept = ", ".join(str(each.version.number) for each in versions)
    return IndexNotFound(
        f"{folder} keeps no {wanted}; it keeps {kept}. How many are kept is set by storage.keep_versions."
    )


def bytes_on_disk(folder: Path, manifest: Manifest) -> int:
    """What the files of a version take, those it shares with other versions included. Raises IndexDamaged."""
    try:
        return sum(os.path.getsize(folder / manifest.tables / name) for name in manifest.lengths)
    except OSError as error:
        raise IndexDamaged(f"{folder / manifest.tables} cannot be read: {error}.") from error
