"""Journey 1: from documents to a published index version, in five steps that are each safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hippograph.errors import IndexDamaged, IndexMismatch
from hippograph.ports import Connector, Parts, Splitter
from hippograph.settings import Settings
from hippograph.shards import EmbedShard, ExtractShard
from hippograph.storage.changes import Changes, apply_changes, find_changes, find_copies, forget_source
from hippograph.storage.manifest import Manifest, read_manifest
from hippograph.storage.publish import Shape, current_manifest, pending_strings, publish_pending
from hippograph.storage.stage import STAGE_NAME, Stage, batches
from hippograph.types import Document, DocumentId, IndexVersion, Usage
from hippograph.upgrading import Upgrade, Upgraded, upgrade_passages

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
    usage: Usage = field(default_factory=Usage)
    """What the run's model calls cost."""
    upgraded: Upgraded | None = None
    """What a better extractor read, where one was to read."""


def _silent(step: str, done: int, total: int) -> None:
    """Nobody listens."""


def build_index(
    sources: Sequence[Connector],
    folder: Path,
    parts: Parts,
    settings: Settings,
    *,
    keep_other_sources: bool = True,
    migrate: bool = False,
    accept_loss: bool = False,
    retry_failed: bool = False,
    upgrade: Upgrade | None = None,
    progress: Progress = _silent,
) -> IndexReport:
    """Bring the index in step with its sources and publish it.

    Documents that a source no longer gives are removed; those of other sources stay unless told otherwise. An `upgrade`
    lets a better extractor read what the index's own has read; what it read stays.
    Raises ConnectorError when a source cannot be read, SourceShrunk when it lost too much (`accept_loss` takes it),
    IndexMismatch when the index was shaped by other parts (`migrate` re-shapes it), PublishConflict, StorageError,
    EmbeddingError.
    """
    with Stage(folder) as stage:
        previous = check_shape(stage, parts, settings, migrate)
        if keep_other_sources and not migrate:
            require_stage(stage, previous)
        changes = find_changes(
            stage,
            sources,
            keep_other_sources,
            settings.storage.batch_size,
            lambda count: progress("reading documents", count, 0),
            max_loss=settings.sources.max_loss,
            accept_loss=accept_loss,
        )
        return _finish(stage, changes, parts, settings, progress, retry_failed, upgrade=upgrade)


def update_index(
    folder: Path,
    parts: Parts,
    settings: Settings,
    *,
    added: Iterable[Document] = (),
    removed: Iterable[DocumentId] = (),
    upgrade: Upgrade | None = None,
    progress: Progress = _silent,
) -> IndexReport:
    """Add documents, or replace those with the same ids, and remove others, without looking at any source.

    The cost is that of what changed. Raises as `build_index`.
    """
    with Stage(folder) as stage:
        require_stage(stage, check_shape(stage, parts, settings, migrate=False))
        changes = apply_changes(stage, added, removed, settings.storage.batch_size)
        return _finish(stage, changes, parts, settings, progress, upgrade=upgrade)


def forget_documents_of(
    source: str, folder: Path, parts: Parts, settings: Settings, progress: Progress = _silent
) -> IndexReport:
    """Remove all documents of a source that is not followed any more. Raises ConnectorError for an unknown one."""
    read_manifest(folder)  # where there is no index, none is to be made
    with Stage(folder) as stage:
        require_stage(stage, check_shape(stage, parts, settings, migrate=False))
        return _finish(stage, forget_source(stage, source), parts, settings, progress)


def rewrite_index(
    folder: Path, parts: Parts, settings: Settings, progress: Progress = _silent
) -> IndexReport:
    """Write all tables anew, without what is gone: afterwards the files are those of an index built at once."""
    if not (folder / STAGE_NAME).exists():
        read_manifest(folder)  # where there is no index, none is to be made
    with Stage(folder) as stage:
        require_stage(stage, check_shape(stage, parts, settings, migrate=False))
        stage.make_all_pending()
        return _finish(stage, Changes(), parts, settings, progress, compact=True)


def _finish(
    stage: Stage,
    changes: Changes,
    parts: Parts,
    settings: Settings,
    progress: Progress,
    retry_failed: bool = False,
    compact: bool = False,
    upgrade: Upgrade | None = None,
) -> IndexReport:
    """The steps that follow once it is known what changed."""
    previous, spent_before = current_manifest(stage.folder), spent(parts)
    cut_passages(stage, parts.splitter, settings.storage.batch_size, progress)
    try:
        extract_facts(stage, parts, settings, progress, retry_failed)
        upgraded = upgrade_facts(stage, parts, upgrade, progress) if upgrade else None
        embed_strings(stage, parts, settings, progress)
    finally:
        parts.workers.close()
    changes.failures += find_copies(stage).values()
    manifest = publish_changes(stage, parts, settings, progress, compact)
    is_new = previous is None or previous.version != manifest.version
    usage = spent(parts) - spent_before
    return IndexReport(manifest.version, changes, manifest.failures, is_new, usage, upgraded)


def spent(parts: Parts) -> Usage:
    """What the language model took so far, for whatever purpose."""
    return sum(parts.generator.usage().values(), Usage()) if parts.generator else Usage()


def check_shape(stage: Stage, parts: Parts, settings: Settings, migrate: bool) -> Manifest | None:
    """Refuse to mix two shapes in one index: other cuts, other rules or another embedder.

    Gives what is published so far. Where that is nothing to build on, every document is pending from now on. Raises
    IndexMismatch.
    """
    manifest = current_manifest(stage.folder)
    if manifest:
        stage.settle(manifest.version.id)
    differing = differing_parts(manifest, parts, settings) if manifest else []
    if differing and not migrate:
        raise IndexMismatch(
            f"The index in {stage.folder} was made with another {' and '.join(differing)}. Use the settings it was "
            "made with, name another folder, or pass --migrate to re-shape it (unchanged steps are not repeated)."
        )
    if manifest is None or differing or stage.published() != manifest.version.id:
        stage.make_all_pending()
    return manifest


def require_stage(stage: Stage, published: Manifest | None) -> None:
    """Refuse to publish from a stage that was lost: it would take everything out of the index. Raises IndexDamaged."""
    if published and published.version.document_count and not (stage.published() or stage.document_count()):
        raise IndexDamaged(
            f"{stage.folder / STAGE_NAME}, which says what came from where, was lost. What is published can still be "
            "asked. To go on, index all sources together with --migrate: they are read anew."
        )


def shape_of(parts: Parts, settings: Settings) -> dict[str, str]:
    """Fingerprints of everything that shapes an index."""
    return {
        "splitter": parts.splitter.fingerprint,
        "extractor": parts.extractor.fingerprint,
        "embedder": parts.embedder.fingerprint,
        "settings": settings.index_fingerprint(),
    }


def differing_parts(manifest: Manifest, parts: Parts, settings: Settings) -> list[str]:
    """What shapes an index and is not what shaped this one."""
    shape = shape_of(parts, settings)
    return [name for name, value in shape.items() if manifest.parts.get(name) != value]


def cut_passages(stage: Stage, splitter: Splitter, batch_size: int, progress: Progress) -> None:
    """Cut every document that is new or changed."""
    uncut = stage.uncut_documents(splitter.fingerprint)
    done = 0
    for batch in batches(uncut, batch_size):
        documents = ((id_, mark, stage.document(id_)) for id_, mark in batch)
        stage.put_passages(
            [(id_, mark, splitter.split(document)) for id_, mark, document in documents if document]
        )
        done += len(batch)
        progress("cutting passages", done, len(uncut))


def extract_facts(
    stage: Stage, parts: Parts, settings: Settings, progress: Progress, retry_failed: bool = False
) -> None:
    """Read every passage text that was not read before, shard by shard. Failures are kept as data."""
    extractor = parts.extractor.fingerprint
    unread = stage.unread_passages(extractor, retry_failed)
    shards = list(batches(unread, settings.storage.batch_size))
    done = 0
    for shard, results in zip(shards, parts.workers.map(ExtractShard(parts.extractor), shards), strict=True):
        stage.put_extractions(extractor, shard, results)
        done += len(shard)
        progress("extracting facts", done, len(unread))


def upgrade_facts(stage: Stage, parts: Parts, upgrade: Upgrade, progress: Progress) -> Upgraded:
    """Let a better extractor read what it is to read, best first. What it finds stands in for what was found before."""
    return upgrade_passages(
        stage,
        parts.extractor.fingerprint,
        upgrade,
        lambda done, total: progress("upgrading passages", done, total),
    )


def embed_strings(stage: Stage, parts: Parts, settings: Settings, progress: Progress) -> None:
    """Give every distinct name, passage and sentence that has none its vector, once in the life of the index."""
    names, texts, sentences = pending_strings(stage, parts.extractor.fingerprint)
    for step, strings in (("names", names), ("passages", texts), ("sentences", sentences)):
        _embed(stage, strings, f"embedding {step}", parts, settings.storage.batch_size, progress)


def publish_changes(
    stage: Stage, parts: Parts, settings: Settings, progress: Progress, compact: bool = False
) -> Manifest:
    """Everything pending becomes a version, at the cost of what changed. Gives the version that is visible then."""
    shape = Shape(
        shape_of(parts, settings),
        settings,
        parts.extractor.fingerprint,
        parts.embedder.fingerprint,
        parts.embedder.dimension,
        parts.vectors,
    )
    return publish_pending(
        stage, shape, parts.clock.now(), lambda done, total: progress("publishing", done, total), compact
    )


def _embed(
    stage: Stage, strings: Iterable[str], step: str, parts: Parts, batch_size: int, progress: Progress
) -> None:
    embedder = parts.embedder.fingerprint
    missing, done = stage.missing_strings(embedder, strings), 0
    if missing:
        progress(step, 0, len(missing))
    shards = list(_batches_of_like_cost(missing, batch_size))
    for shard, vectors in zip(shards, parts.workers.map(EmbedShard(parts.embedder), shards), strict=True):
        stage.put_vectors(embedder, shard, vectors)
        done += len(shard)
        progress(step, done, len(missing))


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
