"""The index and the verifier that claims are measured with."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from eval.datasets import load_corpus
from eval.indexes import Corpus, open_index
from hippograph.settings import Settings

if TYPE_CHECKING:
    from hippograph import Hippograph
    from hippograph.ports import Verifier


def open_for_claims(
    dataset: Path,
    index: Path | None,
    documents: int,
    seed: int,
    verifier: str | None,
    progress: Callable[[str, int, int], None],
) -> tuple[Hippograph, Verifier]:
    """An index of the corpus, or of so many documents drawn by the seed, and the verifier that is named."""
    from hippograph.wiring import build_generator, build_verifier

    corpus = list(load_corpus(dataset))
    name = dataset.resolve().name
    if 0 < documents < len(corpus):
        corpus = sorted(random.Random(seed).sample(corpus, documents), key=lambda document: document.id)
        name = f"{name}-{documents}-{seed}"
    memory, _ = open_index(Corpus(name, corpus), index, progress)
    settings = _naming(verifier, memory.settings)
    return memory, build_verifier(settings, memory.embedder, build_generator(settings))


def verifier_named(verifier: str | None) -> Verifier:
    """The verifier by itself, where the evidence is given."""
    from hippograph.wiring import build_generator, build_parts, build_verifier

    settings = _naming(verifier, Settings.load())
    return build_verifier(settings, build_parts(settings).embedder, build_generator(settings))


def _naming(verifier: str | None, settings: Settings) -> Settings:
    if verifier is None:
        return settings
    models = settings.models.model_copy(update={"verifier": verifier})
    return settings.model_copy(update={"models": models})
