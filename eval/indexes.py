"""The index a data set is measured on: built once, kept, and used again while nothing changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hippograph.errors import IndexDamaged, IndexMismatch, IndexNotFound
from hippograph.settings import Settings
from hippograph.storage.manifest import MANIFEST_NAME, Manifest, read_manifest
from hippograph.types import Document, content_id

if TYPE_CHECKING:
    from hippograph import Hippograph
    from hippograph.ports import Extractor, Parts

CODE_STAMP = "eval-code.txt"
"""Which code published the cached index."""
SHAPING_CODE = (
    "text/*.py",
    "graph/*.py",
    "storage/*.py",
    "tables/*.py",
    "indexing.py",
    "lexical.py",
    "index_tables.py",
    "vectors.py",
)

WHOLE_TOKENS = 8192
"""The longest passage that the settings allow."""

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Corpus:
    """The documents to index, as a source that gives them all."""

    name: str
    given: Sequence[Document]
    source: str = "documents"

    def documents(self, since: datetime | None = None) -> Iterator[Document]:
        """Every document."""
        return iter(self.given)

    def hash(self) -> str:
        """Changes when a document changes."""
        return content_id(*(document.content_hash() for document in self.given))


def open_index(
    corpus: Corpus,
    folder: Path | None,
    progress: Progress,
    parts: Parts | None = None,
    extractor: Extractor | None = None,
    keep_whole: bool = False,
) -> tuple[Hippograph, Path]:
    """The index of a corpus and where it is: in the folder named, else in the user's cache.

    An extractor takes the place of the one in the settings. `keep_whole` makes every document one passage, as the
    published methods were measured, where an index is made. A folder that holds an index already must hold the one
    of this corpus: it is never changed. Raises IndexMismatch when it does not.
    """
    from hippograph import Hippograph
    from hippograph.wiring import build_parts

    def with_extractor(settings: Settings) -> Parts:
        made = parts or build_parts(settings)
        return made if extractor is None else replace(made, extractor=extractor)

    if folder is not None and (manifest := _manifest(folder)) is not None:
        settings = Settings.recorded(manifest.settings)
        plugged = with_extractor(settings)
        _require_unchanged(corpus, folder, manifest, settings, plugged)
        return Hippograph.open(folder, settings=settings, parts=plugged), folder
    settings = Settings.load()
    if keep_whole:
        longest = settings.passage.model_copy(update={"max_tokens": WHOLE_TOKENS})
        settings = settings.model_copy(update={"passage": longest})
    plugged = with_extractor(settings)
    if folder is not None:
        memory = Hippograph.build(corpus.given, folder, settings=settings, parts=plugged, progress=progress)
        return memory, folder
    folder = cache_folder(corpus, settings, extractor)
    return _open_cached(corpus, folder, settings, plugged, progress), folder


def cache_folder(corpus: Corpus, settings: Settings, extractor: Extractor | None = None) -> Path:
    """Where the index of a corpus is kept when no folder is named: one for each corpus, settings and models."""
    # A language model that only searches and answers shapes no index.
    shaping = settings.models.model_copy(update={"generator": "none"})
    models = shaping.model_dump_json(exclude={"answerer", "device"})
    given = (extractor.fingerprint,) if extractor else ()
    shape = content_id(corpus.hash(), settings.index_fingerprint(models), *given)
    return user_folder() / f"{corpus.name}-{shape[:12]}"


def user_folder() -> Path:
    """Where indexes to measure are kept: under $XDG_CACHE_HOME, or ~/.cache where that is not set."""
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "hippograph" / "eval"


def describe_index(folder: Path) -> dict[str, Any]:
    """What the index holds and which parts shaped it, for a report."""
    manifest = read_manifest(folder)
    version = manifest.version
    return {
        "folder": str(folder),
        "version": version.id,
        "documents": version.document_count,
        "passages": version.passage_count,
        "entities": version.entity_count,
        "facts": version.fact_count,
        "edges": version.edge_count,
        "failures": version.failure_count,
        "parts": dict(manifest.parts),
    }


def _open_cached(
    corpus: Corpus, folder: Path, settings: Settings, parts: Parts, progress: Progress
) -> Hippograph:
    """The cached index, built again when it is not just what these parts and this code would build."""
    from hippograph import Hippograph
    from hippograph.indexing import build_index, rewrite_index, shape_of

    code, manifest = folder / CODE_STAMP, None
    try:
        manifest = _manifest(folder)
        if manifest and manifest.parts == shape_of(parts, settings) and _read(code) == shaping_code():
            return Hippograph.open(folder, settings=settings, parts=parts)
    except IndexDamaged:
        (folder / MANIFEST_NAME).unlink()  # it is only a cache: what is damaged is published anew
    # Migrating keeps the vectors and extractions that still hold, so that a new rule costs seconds.
    build_index([corpus], folder, parts, settings, keep_other_sources=False, migrate=True, progress=progress)
    if manifest is not None:
        rewrite_index(
            folder, parts, settings, progress
        )  # documents are as they were, how they are linked is not
    code.write_text(shaping_code(), encoding="utf-8")
    return Hippograph.open(folder, settings=settings, parts=parts)


def shaping_code() -> str:
    """Changes when the code that links and publishes changes: fingerprints cover settings and parts only."""
    import hippograph

    root = Path(hippograph.__file__).parent
    files = sorted(file for pattern in SHAPING_CODE for file in root.glob(pattern))
    return content_id(*(file.read_text(encoding="utf-8") for file in files))


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _require_unchanged(
    corpus: Corpus, folder: Path, manifest: Manifest, settings: Settings, parts: Parts
) -> None:
    from hippograph.indexing import differing_parts

    differing = differing_parts(manifest, parts, settings)
    if differing:
        raise IndexMismatch(
            f"The index in {folder} was made with another {' and '.join(differing)}: name a new folder, or "
            "leave --index out to use the cache."
        )
    if _indexed_texts(folder, manifest, parts) != {(d.title, d.text) for d in corpus.given}:
        raise IndexMismatch(
            f"The index in {folder} holds other documents than {corpus.name}: name a new folder, or leave "
            "--index out to use the cache."
        )


def _indexed_texts(folder: Path, manifest: Manifest, parts: Parts) -> set[tuple[str, str]]:
    from hippograph.storage.reader import open_version

    index = open_version(folder, manifest, parts.vectors)
    return {(document.title, document.text) for document in index.documents()}


def _manifest(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except IndexNotFound:
        return None
