"""One source read into the stage: what it gives is told from what it gave before, at the cost of what changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.ports import Connector
from hippograph.storage.fitness import checked_document, flaw_of, writable_name
from hippograph.storage.stage import Known, Stage
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged, content_id

log = logging.getLogger(__name__)

FEWEST = 10
"""A source of fewer documents may lose any share of them, but not all, without a question."""

Item = Document | Unchanged | SourceFailure


@dataclass(slots=True)
class Changes:
    """What the sources gave this time, against what was seen before."""

    added: list[DocumentId] = field(default_factory=list)
    changed: list[DocumentId] = field(default_factory=list)
    deleted: list[DocumentId] = field(default_factory=list)
    unchanged: int = 0
    failures: list[SourceFailure] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """What is known while all sources of one call are read."""

    before: Mapping[DocumentId, Known]
    is_exact: bool
    """Whether the sources state all that there is: then no other one has a say in ids, and no loss is asked about."""
    max_loss: float
    changes: Changes = field(default_factory=Changes)
    waiting: set[str] = field(default_factory=set)
    """The sources that were not read yet."""
    owners: dict[DocumentId, str] = field(default_factory=dict)
    """The source of each document that was given so far."""
    texts: set[str] = field(default_factory=set)
    """Title and text, as a hash, of each added document: what is gone elsewhere may only have moved."""


class SourceReading:
    """What one source gave before, and what it gives now.

    What it gives is held back until it is plain that the source has not shrunk beyond what is allowed, so that a source
    which did leaves nothing behind.
    """

    def __init__(self, stage: Stage, name: str, run: Run) -> None:
        self.name = name
        self._stage, self._run = stage, run
        mine = [id_ for id_, known in run.before.items() if known.source == name]
        self.before = frozenset(mine)
        """What it gave before."""
        self._kept_ids = {_own_id(id_, name): id_ for id_ in mine}
        """The source's own ids, and those under which its documents are kept."""
        self.given = 0
        self._still_there = 0
        self._documents: list[Document] = []
        self._marks: dict[DocumentId, str] = {}

    def read(self, source: Connector, batch_size: int) -> Iterator[int]:
        """Take in what the source gives, batch by batch; gives how many documents it gave so far.

        What was taken in when the source breaks off is kept, and with its marks it will not be read again. Raises
        ConnectorError, and SourceUnavailable where trying again may help.
        """
        try:
            for batch in self._batches(source, batch_size):
                self._sort_out(batch)
                if self.is_safe():
                    self.apply()
                yield self.given
        except BaseException:
            self.apply()
            raise

    def is_safe(self, lost: int | None = None) -> bool:
        """Whether the source is too little diminished to be asked about, if it lost so many documents.

        Without a number, all that it has not given yet are taken for lost.
        """
        if self._run.is_exact:
            return True
        if lost is None:
            lost = len(self.before) - self._still_there
        share = self._run.max_loss if len(self.before) >= FEWEST else 1.0
        return (self.given > 0 or not lost) and lost <= share * len(self.before)

    def apply(self) -> None:
        """Write down what was held back."""
        if self._documents:
            self._stage.put_documents(self.name, self._documents)
        if self._marks:
            self._stage.put_marks(self._marks)
        self._documents, self._marks = [], {}

    def _batches(self, source: Connector, size: int) -> Iterator[list[Item]]:
        """What the source gives, so many at a time; what came before an error is given before it is raised."""
        items, batch = self._items(source), list[Item]()
        failure: BaseException | None = None
        while True:
            try:
                item = next(items, None)
            except (TimeoutError, ConnectionError) as error:
                failure = SourceUnavailable(
                    f"{self.name} went out of reach ({error or type(error).__name__}). Try again later; what was "
                    "read of it stays, and nothing of it is removed."
                )
                failure.__cause__ = error
            except BaseException as error:
                failure = error
            if failure is not None or item is None:
                yield batch
                break
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
        if failure is not None:
            raise failure

    def _items(self, source: Connector) -> Iterator[Item]:
        changed_documents = getattr(source, "changed_documents", None)
        if changed_documents is None:
            return iter(source.documents())
        marks = {own: self._run.before[id_].mark for own, id_ in self._kept_ids.items()}
        found: Iterator[Item] = iter(changed_documents({own: mark for own, mark in marks.items() if mark}))
        return found

    def _sort_out(self, batch: list[Item]) -> None:
        for item in batch:
            if isinstance(item, Unchanged):
                self._take_unchanged(item)
                continue
            found = item if isinstance(item, SourceFailure) else self._take(checked_document(item, self.name))
            if found is not None:
                self._run.changes.failures.append(found)
                log.warning("%s was skipped: %s", found.uri, found.reason)

    def _take_unchanged(self, item: Unchanged) -> None:
        id_ = self._kept_ids.get(item.id)
        if id_ is None:
            raise ConnectorError(
                f"{self.name} says that {item.id!r} is as it was, but it never gave it. This is an error of the "
                "connector."
            )
        if id_ in self._run.owners:
            return
        self._see(id_)
        self._run.changes.unchanged += 1
        if item.mark:
            self._marks[id_] = item.mark

    def _take(self, document: Document) -> SourceFailure | None:
        """Sort out one document; a failure where it is not taken."""
        place = str(document.uri or document.id)
        if reason := flaw_of(document):
            return SourceFailure(place, reason)
        own = document.id
        id_ = self._id_for(document)
        if id_ in self._run.owners:
            reason = f"another document of this run has the same id {own!r}; only the first was kept"
            return SourceFailure(place, reason)
        document = document if id_ == own else replace(document, id=id_)
        known, changes = self._run.before.get(id_), self._run.changes
        self._see(id_)
        if known and (known.source, known.hash) == (self.name, document.content_hash()):
            changes.unchanged += 1
            if known.mark != document.mark:
                self._marks[id_] = document.mark
            return None
        if known is None:
            self._run.texts.add(content_id(document.title, document.text))
        (changes.changed if known else changes.added).append(id_)
        self._documents.append(document)
        return None

    def _see(self, id_: DocumentId) -> None:
        self._run.owners.setdefault(id_, self.name)
        self.given += 1
        self._still_there += id_ in self.before

    def _id_for(self, document: Document) -> DocumentId:
        """The id under which a document is kept: the source's own, unless it belongs to a document of another source.

        A source that is new takes over what another one gave with the same id and the same text, and does not give any
        more as far as is known: it is that source under another name, such as a folder that was moved.
        """
        own = document.id
        if own in self._kept_ids:
            return self._kept_ids[own]
        giver, known = self._run.owners.get(own), self._run.before.get(own)
        if giver in (None, self.name) and (known is None or self._run.is_exact):
            return own
        is_left_behind = giver is None and known is not None and known.source not in self._run.waiting
        if is_left_behind and not self.before and self._is_same_text(document):
            return own
        return DocumentId(f"{own}{_mark_of(self.name)}")

    def _is_same_text(self, document: Document) -> bool:
        known = self._stage.document(document.id)
        return known is not None and (known.title, known.text) == (document.title, document.text)


def open_reading(
    stage: Stage, source: Connector, run: Run, others: Mapping[str, SourceReading]
) -> SourceReading:
    """The reading of a source; two connectors of one name are one source."""
    name = writable_name(source)
    return others[name] if name in others else SourceReading(stage, name, run)


def _own_id(id_: DocumentId, source: str) -> DocumentId:
    return DocumentId(id_.removesuffix(_mark_of(source)))


def _mark_of(source: str) -> str:
    """What stands behind the id of a document whose own one is another source's."""
    return f" @ {source}"
