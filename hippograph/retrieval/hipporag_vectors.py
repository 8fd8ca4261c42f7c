"""Vectors of strings that only a comparison needs, embedded once and kept as .npy files outside of any index."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hippograph.errors import StorageError
from hippograph.ports import Embedder
from hippograph.types import Vectors, content_id
from hippograph.vectors import on_grid

BATCH = 256


def kept_vectors(
    texts: Sequence[str],
    embedder: Embedder,
    folder: Path,
    kind: str,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Vectors:
    """The vectors of some texts on the grid: shape (texts, d). Made once for a list of texts and an embedder.

    The file's name holds a hash of both, so that another list or embedder has another file. Raises EmbeddingError,
    StorageError where the file cannot be written.
    """
    path = folder / f"{kind}-{content_id(embedder.fingerprint, *texts)}.npy"
    kept = _read(path, (len(texts), embedder.dimension))
    if kept is not None:
        return kept
    vectors = _embedded(texts, embedder, lambda done: progress(f"embedding {kind}", done, len(texts)))
    _write(path, vectors)
    return vectors


def _embedded(texts: Sequence[str], embedder: Embedder, progress: Callable[[int], None]) -> Vectors:
    """Texts of like length go together: a batch costs what its longest text costs."""
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        vectors[places] = on_grid(embedder.embed_passages([texts[place] for place in places]))
        progress(start + len(places))
    return vectors


def _read(path: Path, shape: tuple[int, int]) -> Vectors | None:
    """What is kept; None where there is nothing, or something else: it is only a cache."""
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.shape == shape and vectors.dtype == np.float32 else None


def _write(path: Path, vectors: Vectors) -> None:
    """Aside first, then renamed: a reader sees all of it or nothing."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.save(file, vectors, allow_pickle=False)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
