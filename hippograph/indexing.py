"""Journey 1: from documents to a published index version, in five steps that are each safe to repeat."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from hippograph.errors import ConnectorError, IndexMismatch, IndexNotFound
from hippograph.graph.linking import Linked, link_corpus
from hippograph.ports import Connector, Embedder, Extractor, Parts, Splitter
from hippograph.settings import Settings
from hippograph.storage.manifest import Manifest, read_manifest
from hippograph.storage.publish import publish, write_version
from hippograph.storage.stage import Stage
from hippograph.types import (
    Document,
    DocumentId,
    Extraction,
    ExtractionFailure,
    IndexVersion,
    Passage,
    SourceFailure,
    Vectors,
    content_id,
)

log = logging.getLogger(__name__)

Item = TypeVar("Item")

CHARACTERS_PER_BATCH = 16_000
"""How much text is embedded between two saves: seconds of work on a processor."""

Progress = Callable[[str, int, int], None]
"""Called as (step, done, total); a total of 0 means that nobody knows it yet."""


@dataclass(slots=True)
class Changes:
    """What the sources gave this time, against what was seen before."""

    added: list[DocumentId] = field(default_factory=list)
    changed: list[DocumentId] = field(default_factory=list)
    deleted: list[DocumentId] = field(default_factory=list)
    unchanged: int = 0
    failures: list[SourceFailure] = field(default_factory=list)


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
        changes = find_changes(stage, sources, keep_other_sources, settings.storage.batch_size, progress)
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
    shapes = shape_of(parts, settings)
    differing = [name for name, value in shapes.items() if manifest.parts.get(name) != value]
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


def find_changes(
    stage: Stage, sources: Sequence[Connector], keep_other_sources: bool, batch_size: int, progress: Progress
) -> Changes:
    """Read the sources into the stage: new, changed and gone documents, by content hash."""
    changes, before = Changes(), stage.document_hashes()
    seen: dict[DocumentId, str] = {}
    for source in sources:
        found = len(seen)
        for batch in _batches(source.documents(), batch_size):
            stage.put_documents(source.source, _sort_out(batch, source.source, stage, before, seen, changes))
            progress("reading documents", len(seen), 0)
        if len(seen) == found:
            reasons = "".join(f" {failure.uri}: {failure.reason}" for failure in changes.failures[:3])
            raise ConnectorError(f"{source.source} holds no document that can be read.{reasons}")
    unreadable = tuple(failure.uri for failure in changes.failures)
    mine = {source.source for source in sources}
    for id_, (source_name, _) in before.items():
        gone = id_ not in seen and (source_name in mine or not keep_other_sources)
        if gone and not _is_unreadable(stage.document(id_).uri, unreadable):
            changes.deleted.append(id_)
    stage.drop_documents(changes.deleted)
    return changes


def _is_unreadable(uri: str, unreadable: Sequence[str]) -> bool:
    """Whether a document could not be read just now, itself or its file or folder: then it has not been deleted."""
    return any(uri == failed or uri.startswith((f"{failed}/", f"{failed}#")) for failed in unreadable)


def cut_passages(stage: Stage, splitter: Splitter, batch_size: int, progress: Progress) -> None:
    """Cut every document that is new or changed."""
    done, waiting = 0, stage.uncut_count(splitter.fingerprint)
    for batch in _batches(stage.uncut_documents(splitter.fingerprint), batch_size):
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


def find_copies(stage: Stage) -> dict[DocumentId, SourceFailure]:
    """Documents whose title and text stand already in one with a smaller id, which is the one that is indexed.

    Decided by the documents that are there, not by their order of arrival.
    """
    first: dict[str, DocumentId] = {}
    copies: dict[DocumentId, SourceFailure] = {}
    for document in stage.documents():
        original = first.setdefault(content_id(document.title, document.text), document.id)
        if original != document.id:
            reason = f"it has the same title and text as {original!r}; the two are indexed once"
            copies[document.id] = SourceFailure(document.uri or document.id, reason)
    return copies


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


def _sort_out(
    batch: Iterable[Document | SourceFailure],
    source: str,
    stage: Stage,
    before: dict[DocumentId, tuple[str, str]],
    seen: dict[DocumentId, str],
    changes: Changes,
) -> list[Document]:
    """The documents of a batch that are new or changed; the rest is counted."""
    to_store = []
    for item in batch:
        if isinstance(item, SourceFailure):
            changes.failures.append(item)
            log.warning("%s was skipped: %s", item.uri, item.reason)
        elif item.id in seen:
            reason = f"another document of this run has the same id {item.id!r}; only the first was kept"
            changes.failures.append(SourceFailure(item.uri or item.id, reason))
        elif (
            (known := before.get(item.id)) and known[0] != source and _differs(stage.document(item.id), item)
        ):
            reason = (
                f"the id {item.id!r} is taken by another text, from {known[0]}; index both under one folder"
            )
            changes.failures.append(SourceFailure(item.uri or item.id, reason))
        else:
            seen[item.id] = source
            if known == (source, item.content_hash()):
                changes.unchanged += 1
                continue
            (changes.changed if known else changes.added).append(item.id)
            to_store.append(item)
    return to_store


def _differs(known: Document, document: Document) -> bool:
    """Whether two documents with one id are two documents, not one that moved."""
    return (known.title, known.text) != (document.title, document.text)


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


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
