"""What the sources give now, against what the stage holds: new, changed, gone, unfit and copied documents."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hippograph.errors import ConnectorError
from hippograph.ports import Connector
from hippograph.storage.stage import Known, Stage, batches
from hippograph.types import Document, DocumentId, SourceFailure

log = logging.getLogger(__name__)

GIVEN = "documents"
"""The source of documents that were handed over one by one."""


@dataclass(slots=True)
class Changes:
    """What the sources gave this time, against what was seen before."""

    added: list[DocumentId] = field(default_factory=list)
    changed: list[DocumentId] = field(default_factory=list)
    deleted: list[DocumentId] = field(default_factory=list)
    unchanged: int = 0
    failures: list[SourceFailure] = field(default_factory=list)


def find_changes(
    stage: Stage,
    sources: Sequence[Connector],
    keep_other_sources: bool,
    batch_size: int,
    told: Callable[[int], None] = lambda count: None,
) -> Changes:
    """Read the sources into the stage: new, changed and gone documents, by content hash.

    `told` hears after each batch how many documents were read. Raises ConnectorError where a source gives none.
    """
    changes, before = Changes(), stage.known_documents()
    seen: set[DocumentId] = set()
    for source in sources:
        name, found = _writable_name(source), len(seen)
        for batch in batches(source.documents(), batch_size):
            stage.put_documents(name, _sort_out(batch, name, stage, before, seen, changes))
            told(len(seen))
        if len(seen) == found:
            reasons = "".join(f" {failure.uri}: {failure.reason}" for failure in changes.failures[:3])
            raise ConnectorError(
                f"{name} holds no document that can be read; what was published before is untouched. "
                f"{reasons.strip() or 'Name a source with documents, and check what is included and excluded.'}"
            )
    unreadable = tuple(failure.uri for failure in changes.failures)
    mine = {source.source for source in sources}
    for id_, known in before.items():
        gone = id_ not in seen and (known.source in mine or not keep_other_sources)
        if gone and not (unreadable and _is_unreadable(stage.document(id_), unreadable)):
            changes.deleted.append(id_)
    stage.drop_documents(changes.deleted)
    return changes


def apply_changes(
    stage: Stage, added: Iterable[Document], removed: Iterable[DocumentId], batch_size: int
) -> Changes:
    """Put documents into the stage and take others out. An id that is not there is a failure, and said so."""
    changes = Changes()
    seen: set[DocumentId] = set()
    for batch in batches(added, batch_size):
        before = stage.known_documents([document.id for document in batch if isinstance(document, Document)])
        stage.put_documents(GIVEN, _sort_out(batch, GIVEN, stage, before, seen, changes))
    for id_ in removed:
        if stage.known_documents([id_]):
            changes.deleted.append(id_)
        else:
            changes.failures.append(SourceFailure(str(id_), "there is no document with this id"))
    stage.drop_documents(changes.deleted)
    return changes


def find_copies(stage: Stage) -> dict[DocumentId, SourceFailure]:
    """Pending documents whose title and text stand already in one with a smaller id, which is the one indexed."""
    copies: dict[DocumentId, SourceFailure] = {}
    for id_ in stage.pending():
        original = stage.original_of(id_)
        if original is not None and original != id_:
            reason = f"it has the same title and text as {original!r}; the two are indexed once"
            copies[id_] = SourceFailure(id_, reason)
    return copies


def _writable_name(source: Connector) -> str:
    """What the stage knows a source by. Raises ConnectorError where it is no source, or its name no Unicode."""
    name = getattr(source, "source", None)
    if not isinstance(name, str):
        raise ConnectorError(
            f"A source is a connector, and {type(source).__name__} is none. Make one of connectors."
        )
    if not _is_unicode(name):
        raise ConnectorError(f"The name of {name!r} is not valid UTF-8. Rename the folder or file.")
    return name


def _sort_out(
    batch: Iterable[Document | SourceFailure],
    source: str,
    stage: Stage,
    before: Mapping[DocumentId, Known],
    seen: set[DocumentId],
    changes: Changes,
) -> list[Document]:
    """The documents of a batch that are new or changed; the rest is counted."""
    to_store = []
    for item in batch:
        if not isinstance(item, SourceFailure):
            item = _refused(item, source, stage, before, seen) or item
        if isinstance(item, SourceFailure):
            changes.failures.append(item)
            log.warning("%s was skipped: %s", item.uri, item.reason)
            continue
        seen.add(item.id)
        known = before.get(item.id)
        if known and (known.source, known.hash) == (source, item.content_hash()):
            changes.unchanged += 1
            continue
        (changes.changed if known else changes.added).append(item.id)
        to_store.append(item)
    return to_store


def _refused(
    document: Document,
    source: str,
    stage: Stage,
    before: Mapping[DocumentId, Known],
    seen: Collection[DocumentId],
) -> SourceFailure | None:
    """Why a document is not taken: it cannot be kept, or its id is another's. Raises ConnectorError for no document."""
    if not isinstance(document, Document):
        raise ConnectorError(
            f"The source {source!r} gave {type(document).__name__} where a Document is expected. "
            "Make one of each text: Document(id, title, text)."
        )
    reason = _flaw(document)
    if reason is None and document.id in seen:
        reason = f"another document of this run has the same id {document.id!r}; only the first was kept"
    elif reason is None and (owner := _owner(before, document.id, source)) != source:
        known = stage.document(document.id)
        # The same text under the same id is a document that moved from one source to another.
        if known and (known.title, known.text) != (document.title, document.text):
            reason = (
                f"the id {document.id!r} is taken by another text, from {owner}; index both under one folder"
            )
    return SourceFailure(str(document.uri or document.id), reason) if reason else None


def _owner(before: Mapping[DocumentId, Known], id_: DocumentId, source: str) -> str:
    """The source a document came from when it was last seen; this one where it is new."""
    return before[id_].source if id_ in before else source


def _flaw(document: Document) -> str | None:
    """What keeps a document from being written down; types are hints only, and sources are of many makes."""
    for name in ("id", "title", "text", "uri", "media_type"):
        value = getattr(document, name)
        if not isinstance(value, str):
            return f"its {name} is {type(value).__name__} and should be str"
    if not _is_unicode(document.id):
        return "its id holds half of a surrogate pair, which is no character; give it another id"
    if not isinstance(document.timestamp, datetime | None):
        return f"its timestamp is {type(document.timestamp).__name__} and should be datetime"
    try:
        json.dumps(dict(document.metadata), sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        return f"its metadata cannot be written as JSON ({error})"
    return None


def _is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8, as the stage's keys are."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_unreadable(document: Document | None, unreadable: Sequence[str]) -> bool:
    """Whether a document could not be read just now, itself or its file or folder: then it has not been deleted.

    A row of a file may have a URI of its own; then `file_uri` of its metadata says which file it stands in.
    """
    if document is None:
        return False
    places = (document.uri or document.id, str(document.metadata.get("file_uri") or ""))
    return any(
        place == failed or place.startswith((f"{failed}/", f"{failed}#"))
        for failed in unreadable
        for place in places
    )
