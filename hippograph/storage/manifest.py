"""The manifest: the small file whose replacement makes a version visible, and what it says."""

from __future__ import annotations

import hashlib
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
VERSIONS = "versions"
FORMAT = "hippograph index"
SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Manifest:
    """One published version: which files it stands in, how far each counts, and which parts shaped it."""

    version: IndexVersion
    tables: str
    """The folder of the version's files, relative to the index directory. Versions share it and its bytes."""
    lengths: Mapping[str, int]
    """How many bytes of each file belong to the version."""
    states: Mapping[str, Any]
    """What the tables know besides their bytes."""
    parts: Mapping[str, str]
    """Fingerprints: splitter, extractor, embedder, vectors."""
    settings: Mapping[str, Any]
    """The settings that shaped it."""
    dimension: int
    failures: tuple[str, ...] = ()
    """Passages that could not be read: "document: reason"."""
    kept: tuple[int, ...] = ()
    """The numbers of the versions that were kept beside it when it was published."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index directory. Raises IndexNotFound, IndexDamaged, StorageError."""
    path = folder / MANIFEST_NAME
    try:
        return _read(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexNotFound(
            f"{folder} holds no index. Make one with: hippograph index SOURCE --index {folder}"
        ) from error


def read_versions(folder: Path) -> list[Manifest]:
    """Every version that is kept and whose manifest can be read, oldest first. Raises IndexNotFound for none."""
    found: dict[int, Manifest] = {}
    for path in [folder / MANIFEST_NAME, *(folder / VERSIONS).glob("[0-9]*.json")]:
        try:
            manifest = _read(path)
        except (OSError, StorageError):
            continue
        found.setdefault(manifest.version.number, manifest)
    if not found:
        read_manifest(folder)  # says what is wrong
    return [found[number] for number in sorted(found)]


def wrong_versions(folder: Path) -> list[str]:
    """The manifests of versions that should be kept and cannot be read; empty when all is well."""
    visible, problems = read_manifest(folder), []
    for number in visible.kept:
        path = folder / VERSIONS / f"{number:06d}.json"
        try:
            _read(path)
        except FileNotFoundError:
            problems.append(f"{path} is missing: version {number} cannot be gone back to.")
        except StorageError as error:
            problems.append(str(error))
    return problems


def visible_number(folder: Path) -> int | None:
    """The number of the visible version; None where its manifest is missing or damaged."""
    try:
        return read_manifest(folder).version.number
    except (IndexNotFound, IndexDamaged):
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make a version visible: written aside, flushed, renamed over the old one. A copy is kept by its number."""
    replace_file(folder / MANIFEST_NAME, _text(manifest))
    keep_copy(folder, manifest)


def keep_copy(folder: Path, manifest: Manifest) -> None:
    """Keep a version's manifest among all versions'."""
    (folder / VERSIONS).mkdir(exist_ok=True)
    path = folder / VERSIONS / f"{manifest.version.number:06d}.json"
    if not path.exists() or path.read_text(encoding="utf-8") != _text(manifest):
        replace_file(path, _text(manifest))


def replace_file(path: Path, text: str) -> None:
    """Write a file aside, flush it, and rename it over the one that is there."""
    aside = path.with_name(path.name + ".new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> Manifest:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except PermissionError as error:
        raise StorageError(f"{path} may not be read by this user. Change its permissions.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise IndexDamaged(f"{path} cannot be read ({error}). {_WAY_OUT}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise IndexNotFound(f"{path} is not the manifest of a hippograph index.")
    if record.get("schema") != SCHEMA:
        raise IndexDamaged(
            f"{path} was written in format {record.get('schema')}; this release reads format {SCHEMA}. "
            "Use the release that wrote it, or index again into a new folder."
        )
    if record.pop("checksum", None) != _checksum(record):
        raise IndexDamaged(f"{path} was altered: its checksum is not the one it was written with. {_WAY_OUT}")
    try:
        version = record["version"]
        moment = datetime.fromisoformat(version["published_at"])
        return Manifest(
            version=IndexVersion(**{**version, "id": VersionId(version["id"]), "published_at": moment}),
            tables=record["tables"],
            lengths=record["lengths"],
            states=record["states"],
            parts=record["parts"],
            settings=record["settings"],
            dimension=record["dimension"],
            failures=tuple(record["failures"]),
            kept=tuple(record["kept"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IndexDamaged(f"{path} is incomplete ({error}). {_WAY_OUT}") from error


_WAY_OUT = "Go back to a version that is kept with: hippograph rollback --index DIR; or index again."


def _text(manifest: Manifest) -> str:
    record = {"format": FORMAT, "schema": SCHEMA, **asdict(manifest)}
    record["version"]["published_at"] = manifest.version.published_at.isoformat()
    record["checksum"] = _checksum(record)
    return json.dumps(record, indent=1, sort_keys=True) + "\n"


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
