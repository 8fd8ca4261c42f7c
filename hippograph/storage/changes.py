"""What the sources give now, against what the stage holds: new, changed, gone, unfit and copied documents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from hippograph.errors import ConnectorError, SourceShrunk
from hippograph.ports import Connector
from hippograph.storage.fitness import checked_document, flaw_of
from hippograph.storage.source_reading import Changes, Run, SourceReading, open_reading
from hippograph.storage.stage import Known, Stage, batches
from hippograph.types import Document, DocumentId, SourceFailure, content_id

__all__ = [
    "GIVEN",
    "Changes",
    "apply_changes",
    "find_changes",
    "find_copies",
    "forget_source",
]

GIVEN = "documents"
"""The source of documents that were handed over one by one."""
NAMES_TOLD = 3


def find_changes(
    stage: Stage,
    sources: Sequence[Connector],
    keep_other_sources: bool,
    batch_size: int,
    told: Callable[[int], None] = lambda count: None,
    *,
    max_loss: float = 0.5,
    accept_loss: bool = False,
) -> Changes:
    """Read the sources into the stage: new, changed and gone documents, by their source's mark, else by content hash.

    A source that knows what changed is read at the cost of that. `told` hears after each batch how many documents there
    were so far. A source that gives nothing any more, or lost more than the share `max_loss` of ten documents or more,
    raises SourceShrunk unless `accept_loss`, and leaves nothing behind; what moved to another id is not lost. Without
    `keep_other_sources` the sources state all that there is, and are taken at their word.

    Raises ConnectorError where a source gives nothing that can be read, SourceUnavailable where it broke off: what it
    gave before that is kept, and nothing is removed.
    """
    run = Run(stage.known_documents(), is_exact=not keep_other_sources, max_loss=max_loss)
    run.waiting |= {name for source in sources if isinstance(name := getattr(source, "source", None), str)}
    readings: dict[str, SourceReading] = {}
    count = 0
    for source in sources:
        reading = open_reading(stage, source, run, readings)
        readings[reading.name] = reading
        told_before = len(run.changes.failures)
        for given in reading.read(source, batch_size):
            told(count + given)
        count += reading.given
        run.waiting.discard(reading.name)
        failures = run.changes.failures[told_before:]
        may_be_empty = keep_other_sources and (reading.before or accept_loss) and not failures
        if not reading.given and not may_be_empty:
            raise _nothing_read(reading.name, failures)
    gone = _gone(stage, run, readings)
    if not accept_loss:
        _ask_about_losses(stage, run, readings, gone)
    for reading in readings.values():
        reading.apply()
    run.changes.deleted += gone
    stage.drop_documents(gone)
    return run.changes


def apply_changes(
    stage: Stage, added: Iterable[Document], removed: Iterable[DocumentId], batch_size: int
) -> Changes:
    """Put documents into the stage and take others out. An id that is not there is a failure, and said so.

    A document that takes the place of a source's stays that source's, which says at its next reading what it is.
    """
    changes, seen = Changes(), set[DocumentId]()
    for batch in batches(added, batch_size):
        known = stage.known_documents([document.id for document in batch if isinstance(document, Document)])
        by_source: dict[str, list[Document]] = {}
        for document in _fit(batch, known, seen, changes):
            owner = known[document.id].source if document.id in known else GIVEN
            by_source.setdefault(owner, []).append(document)
        for source, documents in by_source.items():
            stage.put_documents(source, documents)
    for id_ in removed:
        if stage.known_documents([id_]):
            changes.deleted.append(id_)
        else:
            changes.failures.append(SourceFailure(str(id_), "there is no document with this id"))
    stage.drop_documents(changes.deleted)
    return changes


def forget_source(stage: Stage, source: str) -> Changes:
    """Take all documents of a source out of the stage: named as the stage knows it, or by its path.

    Raises ConnectorError where the index holds nothing of it, with the names of the sources that it holds.
    """
    names = stage.sources()
    found = [name for name in _names_of(source) if name in names]
    if len(found) != 1:
        known = "".join(f"\n  {name} ({_counted(count)})" for name, count in names.items())
        what = "more than one source" if found else "nothing"
        raise ConnectorError(
            f"The index holds {what} of the name {source!r}. Name one of these:{known or ' none'}"
        )
    gone = [id_ for id_, known in stage.known_documents().items() if known.source == found[0]]
    stage.drop_documents(gone)
    return Changes(deleted=gone)


def find_copies(stage: Stage) -> dict[DocumentId, SourceFailure]:
    """Pending documents whose title and text stand already in one with a smaller id, which is the one indexed."""
    copies: dict[DocumentId, SourceFailure] = {}
    for id_ in stage.pending():
        original = stage.original_of(id_)
        if original is not None and original != id_:
            reason = f"it has the same title and text as {original!r}; the two are indexed once"
            copies[id_] = SourceFailure(id_, reason)
    return copies


# --------------------------------------------------------------------------- what is gone


def _gone(stage: Stage, run: Run, readings: Mapping[str, SourceReading]) -> list[DocumentId]:
    """The documents that are not given any more, without those that could not be read just now."""
    unreadable = {failure.uri for failure in run.changes.failures}
    return [
        id_
        for id_, known in run.before.items()
        if id_ not in run.owners
        and (run.is_exact or known.source in readings)
        and not (unreadable and _is_unreadable(stage.document(id_), unreadable))
    ]


def _ask_about_losses(
    stage: Stage, run: Run, readings: Mapping[str, SourceReading], gone: Sequence[DocumentId]
) -> None:
    """Raises SourceShrunk, with all that shrank, where a source lost too much."""
    questions = []
    for name, reading in readings.items():
        if reading.is_safe():
            continue
        lost = [id_ for id_ in gone if id_ in reading.before and not _has_moved(stage.document(id_), run)]
        if not reading.is_safe(len(lost)):
            questions.append(_question(name, reading, lost))
    if questions:
        raise SourceShrunk(
            f"{' '.join(questions)} Nothing of that was taken over, and the index is as it was. If the documents are "
            "only out of reach, bring them back; if they are gone for good, run the same command with --accept-loss "
            "(from Python: accept_loss=True)."
        )


def _question(name: str, reading: SourceReading, lost: Sequence[DocumentId]) -> str:
    names = ", ".join(sorted(lost)[:NAMES_TOLD]) + (", …" if len(lost) > NAMES_TOLD else "")
    now = _counted(reading.given) if reading.given else "no documents"
    is_gone = "1 is gone" if len(lost) == 1 else f"{len(lost):,} are gone"
    return f"{name} gives {now} now and gave {len(reading.before):,} before: {is_gone} ({names})."


def _counted(count: int) -> str:
    return "1 document" if count == 1 else f"{count:,} documents"


def _nothing_read(name: str, failures: Sequence[SourceFailure]) -> ConnectorError:
    reasons = " ".join(f"{failure.uri}: {failure.reason}" for failure in failures[:3])
    return ConnectorError(
        f"{name} holds no document that can be read; what was published before is untouched. "
        f"{reasons or 'Name a source with documents, and check what is included and excluded.'}"
    )


def _has_moved(document: Document | None, run: Run) -> bool:
    """Whether the same title and text came in under another id."""
    return document is not None and content_id(document.title, document.text) in run.texts


def _is_unreadable(document: Document | None, unreadable: Collection[str]) -> bool:
    """Whether a document could not be read just now, itself or its file or folder: then it has not been deleted.

    A row of a file may have a URI of its own; then `file_uri` of its metadata says which file it stands in.
    """
    if document is None:
        return False
    places = (document.uri or document.id, str(document.metadata.get("file_uri") or ""))
    return any(part in unreadable for place in places for part in _place_and_above(place))


def _place_and_above(place: str) -> Iterable[str]:
    """A URI, and what it is below: folders, and files of rows.

    >>> list(_place_and_above("file:///a/b#1"))
    ['file:///a/b#1', 'file:///a/b', 'file:///a', 'file://', 'file:/', 'file:']
    """
    yield place
    for end in range(len(place) - 1, 0, -1):
        if place[end] in "/#":
            yield place[:end]


# --------------------------------------------------------------------------- what is handed over


def _fit(
    batch: Iterable[object], known: Mapping[DocumentId, Known], seen: set[DocumentId], changes: Changes
) -> Iterable[Document]:
    """The documents that are new or say something else, each id once; the rest is counted."""
    for item in batch:
        if isinstance(item, SourceFailure):
            changes.failures.append(item)
            continue
        document = checked_document(item, GIVEN)
        reason = flaw_of(document)
        if reason is None and document.id in seen:
            reason = f"another document of this run has the same id {document.id!r}; only the first was kept"
        if reason:
            changes.failures.append(SourceFailure(str(document.uri or document.id), reason))
            continue
        seen.add(document.id)
        if document.id not in known:
            changes.added.append(document.id)
        elif known[document.id].hash != document.content_hash():
            changes.changed.append(document.id)
        else:
            changes.unchanged += 1
            continue
        yield document


def _names_of(source: str) -> list[str]:
    """What a source may be known by that somebody names: as it is, or by the path of a folder or file."""
    try:
        path = Path(source.removeprefix("file://")).expanduser().resolve()
    except (OSError, ValueError, RuntimeError):
        return [source]
    kinds = (f"folder:{path}", f"file:{path}", f"jsonl:{path}", f"git+{path.as_uri()}")
    return [source, *(kind for kind in kinds if kind != source)]
