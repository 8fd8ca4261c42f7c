"""Marks: what an item of a source is known by, so that one which is as it was is not read again.

An item is what is read as one: a file, a page, an object of a store. Every document made of it carries its mark, the
last one also how many there are. So a reading that broke off half-way, or of which something was refused, does not
pass for a whole one: such an item is read again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hippograph.types import Document, DocumentId, SourceFailure, Unchanged

READING = "1"
"""Counted up when the same bytes are read into other documents: then everything is read once more."""
SETTLED_NANOSECONDS = 2_000_000_000
"""The coarsest clock that dates files is FAT's, of two seconds."""


@dataclass(frozen=True, slots=True)
class State:
    """What an item is known by."""

    said: str
    """What its source says of it without giving it: size and times, an ETag. Empty where that may not be trusted."""
    content: str = ""
    """A hash of what was read; empty where the source's word is enough."""

    def mark(self, document_count: int | None = None) -> str:
        """The mark in writing; the count stands on the last document only."""
        count = "" if document_count is None else document_count
        return f"{READING}\t{self.said}\t{self.content}\t{count}"


@dataclass(frozen=True, slots=True)
class ReadItem:
    """An item that was read as a whole: its state then, and its documents, of which the last one has the count."""

    state: State
    documents: tuple[DocumentId, ...]

    def unchanged(self, state: State | None = None) -> Iterator[Unchanged]:
        """All its documents, under a new mark where the same content is known by another state now."""
        if state is None or state == self.state:
            yield from map(Unchanged, self.documents)
            return
        for id_ in self.documents[:-1]:
            yield Unchanged(id_, state.mark())
        yield Unchanged(self.documents[-1], state.mark(len(self.documents)))


def items_read(
    marks: Mapping[DocumentId, str], item_of: Callable[[DocumentId], str | None]
) -> dict[str, ReadItem]:
    """The items that were read as a whole, by name. `item_of` tells which item a document was made of."""
    documents: dict[str, list[DocumentId]] = {}
    for id_ in marks:
        item = item_of(id_)
        if item is not None:
            documents.setdefault(item, []).append(id_)
    found = ((item, _read_item(ids, marks)) for item, ids in documents.items())
    return {item: read for item, read in found if read}


def named_item(names: Container[str]) -> Callable[[DocumentId], str | None]:
    """Finds the item of a document among these names: the id itself, or what stands before one of its `#`."""

    def item_of(id_: DocumentId) -> str | None:
        if id_ in names:
            return id_
        end = id_.find("#")
        while end >= 0:
            if id_[:end] in names:
                return id_[:end]
            end = id_.find("#", end + 1)
        return None

    return item_of


def marked(
    items: Iterable[Document | SourceFailure], state: State, is_still_so: Callable[[], bool] = lambda: True
) -> Iterator[Document | SourceFailure]:
    """The documents of one item with their marks. Only a whole item gets a count: one without failures.

    `is_still_so` is asked at the end whether the item kept its state while it was read.
    """
    last: Document | None = None
    after_last: list[SourceFailure] = []
    count, has_failures = 0, False
    for item in items:
        if isinstance(item, SourceFailure):
            has_failures = True
            after_last.append(item)
            continue
        if last is not None:
            yield replace(last, mark=state.mark())
        yield from after_last
        last, after_last, count = item, [], count + 1
    if last is not None:
        is_whole = not has_failures and is_still_so()
        yield replace(last, mark=state.mark(count if is_whole else None))
    yield from after_last


def file_state(status: os.stat_result) -> str:
    """What a file system says of a file: its size, when it was written, and when anything of it was changed.

    Tools set the first time back, but not the second. Both can stay as they are when a file of the same size is
    written twice within one tick of the clock that dates it; so a file that was changed just now is not believed,
    and is compared by its content the next time (as git does with its index, "racy git").
    """
    latest = max(status.st_mtime_ns, status.st_ctime_ns)
    if is_recent(latest):
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def is_recent(moment_ns: int) -> bool:
    """Whether a moment, in nanoseconds of Unix time, is so near that another change might bear the same date."""
    return now_ns() - moment_ns < SETTLED_NANOSECONDS


def now_ns() -> int:
    """The present, in nanoseconds of Unix time."""
    return time.time_ns()


def _read_item(ids: list[DocumentId], marks: Mapping[DocumentId, str]) -> ReadItem | None:
    states, last = set(), []
    for id_ in ids:
        state, _, count = marks[id_].rpartition("\t")
        states.add(state)
        if count:
            last.append((id_, count))
    if len(states) != 1 or len(last) != 1 or last[0][1] != str(len(ids)):
        return None
    fields, ending = states.pop().split("\t"), last[0][0]
    if len(fields) != 3 or fields[0] != READING:
        return None
    return ReadItem(State(fields[1], fields[2]), (*(id_ for id_ in ids if id_ != ending), ending))
