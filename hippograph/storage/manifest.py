"""The manifest: the small file whose replacement makes a version visible, and what it says."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hippograph.errors import IndexDamaged, IndexNotFound, StorageError
from hippograph.types import IndexVersion, VersionId

MANIFEST_NAME = "hippograph.json"
FORMAT = "hippograph index"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """One published version: where its files are, what they weigh, and which parts shaped it."""

    version: IndexVersion
    folder: str
    """The version's folder, relative to the index directory."""
    files: Mapping[str, tuple[int, str]]
    """Bytes and SHA-256 of each file of the version."""
    parts: Mapping[str, str]
    """Fingerprints: splitter, extractor, embedder, vectors."""
    settings: Mapping[str, Any]
    """The settings that shaped it."""
    dimension: int
    failures: tuple[str, ...] = ()
    """Passages that could not be read: "document: reason"."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index directory. Raises IndexNotFound, IndexDamaged, StorageError."""
    path = folder / MANIFEST_NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexNotFound(
            f"{folder} holds no index. Make one with: hippograph index SOURCE --index {folder}"
        ) from error
    except PermissionError as error:
        raise StorageError(f"{path} may not be read by this user. Change its permissions.") from error
    except (OSError, ValueError) as error:
        raise IndexDamaged(f"{path} cannot be read ({error}). Index again into a new folder.") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise IndexNotFound(f"{path} is not the manifest of a hippograph index.")
    if record.get("schema") != SCHEMA:
        raise IndexDamaged(
            f"{folder} was written in format {record.get('schema')}; this release reads format {SCHEMA}. "
            "Use the release that wrote it, or index again into a new folder."
        )
    try:
        version = record["version"]
        moment = datetime.fromisoformat(version["published_at"])
        return Manifest(
            version=IndexVersion(**{**version, "id": VersionId(version["id"]), "published_at": moment}),
            folder=record["folder"],
            files={name: (size, sha) for name, (size, sha) in record["files"].items()},
            parts=record["parts"],
            settings=record["settings"],
            dimension=record["dimension"],
            failures=tuple(record["failures"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IndexDamaged(f"{path} is incomplete ({error}). Index again into a new folder.") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make a version visible: written aside, flushed to disk, renamed over the old one."""
    record = {"format": FORMAT, "schema": SCHEMA, **asdict(manifest)}
    record["version"]["published_at"] = manifest.version.published_at.isoformat()
    aside = folder / (MANIFEST_NAME + ".new")
    with aside.open("w", encoding="utf-8") as file:
        json.dump(record, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, folder / MANIFEST_NAME)
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
