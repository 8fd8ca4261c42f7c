"""Journey 1: from documents to a published index version, in five steps that are each safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hippograph.errors import ConnectorError, IndexMismatch, IndexNotFound
from hippograph.graph.linking import Linked, link_corpus
from hippograph.ports import Connector, Embedder, Extractor, Parts, Splitter
from hippograph.settings import Settings
from hippograph.storage.changes import Changes, find_changes, find_copies
from hippograph.storage.manifest import Manifest, read_manifest
from hippograph.storage.publish import publish, write_version
from hippograph.storage.stage import Stage, batches
from hippograph.types import (
    DocumentId,
    Extraction,
    ExtractionFailure,
    IndexVersion,
    Passage,
    Vectors,
)

CHARACTERS_PER_BATCH = 16_000
"""How much text is embedded between two saves: seconds of work on a processor."""

Progress = Callable[[str, int, int], None]
"""Called as (step, done, total); a total of 0 means that nobody knows it yet."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did."""

    version: IndexVersion
    changes: Changes
    passage_failures: tuple[str, ...]
    is_new: bool
    """Whether a version was published; False when the one there already holds exactly this."""


def build_index(
    sources: Sequence[Connector],
    folder: Path,
    parts: Parts,
    settings: Settings,
    *,
    keep_other_sources: bool = True,
    migrate: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> IndexReport:
    """Bring the index in step with its sources and publish it.

    Documents that a source no longer gives are removed; those of other sources stay unless told otherwise.
    Raises ConnectorError when a source gives nothing, IndexMismatch when the index was shaped by other parts
    (`migrate` re-shapes it), PublishConflict, StorageError, EmbeddingError.
    """
    with Stage(folder) as stage:
        previous = check_shape(folder, parts, settings, migrate)
        changes = find_changes(
            stage,
            sources,
            keep_other_sources,
            settings.storage.batch_size,
            lambda count: progress("reading documents", count, 0),
        )
        cut_passages(stage, parts.splitter, settings.storage.batch_size, progress)
        extract_facts(stage, parts.extractor, settings.storage.batch_size, progress)
        copies = find_copies(stage)
        changes.failures += copies.values()
        linked, failures = link(stage, copies.keys(), parts, settings, progress)
        manifest = embed_and_publish(stage, linked, failures, parts, settings, progress)
        is_new = previous is None or previous.version != manifest.version
        return IndexReport(manifest.version, changes, failures, is_new)


def check_shape(folder: Path, parts: Parts, settings: Settings, migrate: bool) -> Manifest | None:
    """Refuse to mix two shapes in one index: other cuts, other rules or another embedder.

    Gives what is published so far. Raises IndexMismatch.
    """
    try:
        manifest = read_manifest(folder)
    except IndexNotFound:
        return None
    differing = differing_parts(manifest, parts, settings)
    if differing and not migrate:
        raise IndexMismatch(
            f"The index in {folder} was made with another {' and '.join(differing)}. Use the settings it was "
            "made with, name another folder, or pass --migrate to re-shape it (unchanged steps are not repeated)."
        )
    return manifest


def shape_of(parts: Parts, settings: Settings) -> dict[str, str]:
    """Fingerprints of everything that shapes an index."""
    return {
        "splitter": parts.splitter.fingerprint,
        "extractor": parts.extractor.fingerprint,
        "embedder": parts.embedder.fingerprint,
        "vectors": parts.vectors.fingerprint,
        "settings": settings.index_fingerprint(),
    }


def differing_parts(manifest: Manifest, parts: Parts, settings: Settings) -> list[str]:
    """What shapes an index and is not what shaped this one."""
    shape = shape_of(parts, settings)
    return [name for name, value in shape.items() if manifest.parts.get(name) != value]


def cut_passages(stage: Stage, splitter: Splitter, batch_size: int, progress: Progress) -> None:
    """Cut every document that is new or changed."""
    done, waiting = 0, stage.uncut_count(splitter.fingerprint)
    for batch in batches(stage.uncut_documents(splitter.fingerprint), batch_size):
        stage.put_passages([(document.id, mark, splitter.split(document)) for document, mark in batch])
        done += len(batch)
        progress("cutting passages", done, waiting)


def extract_facts(stage: Stage, extractor: Extractor, batch_size: int, progress: Progress) -> None:
    """Read every passage text that was not read before. Failures are kept as data."""
    unread = stage.unread_passages(extractor.fingerprint)
    for start in range(0, len(unread), batch_size):
        batch = unread[start : start + batch_size]
        stage.put_extractions(extractor.fingerprint, batch, extractor.extract(batch))
        progress("extracting facts", start + len(batch), len(unread))


def link(
    stage: Stage, copies: Collection[DocumentId], parts: Parts, settings: Settings, progress: Progress
) -> tuple[Linked, tuple[str, ...]]:
    """Passages, mentions, facts and synonyms become the graph; passages of copies are left out."""
    passages = [passage for passage in stage.passages() if passage.document not in copies]
    if not passages:
        raise ConnectorError("The documents hold no text to index. What was published before is untouched.")
    extractions, failures = _extractions(stage, parts.extractor, passages)

    def name_vectors(names: Sequence[str]) -> Vectors:
        embed(stage, parts.embedder, names, "embedding names", settings.storage.batch_size, progress)
        return stage.vectors(parts.embedder.fingerprint, names, parts.embedder.dimension)

    return link_corpus(passages, extractions, settings.graph, name_vectors), failures


def embed_and_publish(
    stage: Stage,
    linked: Linked,
    failures: tuple[str, ...],
    parts: Parts,
    settings: Settings,
    progress: Progress,
) -> Manifest:
    """Vectors of passages and sentences, then the version's files, then the one rename that shows them."""
    embedder, size = parts.embedder, settings.storage.batch_size
    texts = [passage.embedding_text() for passage in linked.passages]
    sentences = [p.sentence_text(i) for p in linked.passages for i in range(len(p.sentences))]
    embed(stage, embedder, texts, "embedding passages", size, progress)
    embed(stage, embedder, sentences, "embedding sentences", size, progress)
    progress("publishing", 0, 1)
    documents = list(stage.documents())
    folder = write_version(
        stage,
        linked,
        documents,
        texts,
        stage.vectors(embedder.fingerprint, texts, embedder.dimension),
        sentences,
        stage.vectors(embedder.fingerprint, sentences, embedder.dimension),
        parts.vectors,
    )
    counts = {
        "document_count": len(documents),
        "passage_count": len(linked.passages),
        "entity_count": len(linked.entity_keys),
        "fact_count": linked.fact_count,
        "edge_count": linked.graph.edge_count,
        "failure_count": len(failures),
    }
    shape, now = shape_of(parts, settings), parts.clock.now()
    manifest = publish(stage, folder, counts, failures, shape, settings, embedder.dimension, now)
    progress("publishing", 1, 1)
    return manifest


def embed(
    stage: Stage, embedder: Embedder, strings: Iterable[str], step: str, batch_size: int, progress: Progress
) -> None:
    """Give every distinct string that has none its vector, once in the life of the index."""
    missing, done = stage.missing_strings(embedder.fingerprint, strings), 0
    if missing:
        progress(step, 0, len(missing))
    for batch in _batches_of_like_cost(missing, batch_size):
        stage.put_vectors(embedder.fingerprint, batch, embedder.embed_passages(batch))
        done += len(batch)
        progress(step, done, len(missing))


def _extractions(
    stage: Stage, extractor: Extractor, passages: Sequence[Passage]
) -> tuple[list[Extraction], tuple[str, ...]]:
    """What was found in each passage; an unread one keeps text and vectors and adds nothing to the graph."""
    extractions, failures = [], []
    for passage in passages:
        result = stage.extraction(extractor.fingerprint, passage)
        if isinstance(result, ExtractionFailure):
            failures.append(f"{passage.document}, passage {passage.position + 1}: {result.reason}")
            result = Extraction(passage.id, (), ())
        extractions.append(result)
    return extractions, tuple(failures)


def _batches_of_like_cost(strings: Sequence[str], size: int) -> Iterator[list[str]]:
    """At most `size` strings, fewer where they are long: what a stop loses, and what a bar waits for, stays small.

    >>> [len(batch) for batch in _batches_of_like_cost(["x"] * 3 + ["x" * CHARACTERS_PER_BATCH] * 2, 2)]
    [2, 1, 1, 1]
    """
    batch: list[str] = []
    volume = 0
    for string in strings:
        if batch and (len(batch) == size or volume + len(string) > CHARACTERS_PER_BATCH):
            yield batch
            batch, volume = [], 0
        batch.append(string)
        volume += len(string)
    if batch:
        yield batch
