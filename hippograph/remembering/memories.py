"""Memories of an index: remember and forget, in the order they happen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from hippograph.errors import GenerationError, QuestionError, StorageError
from hippograph.ports import Clock, Generator
from hippograph.remembering.operations import Decision, decide_by_model, decide_by_rules
from hippograph.remembering.records import Memory, Operation, Provenance, memory_id, memory_of
from hippograph.remembering.said import Said, is_all_read, read_said
from hippograph.remembering.store import Known, Store
from hippograph.settings import RememberingSettings
from hippograph.types import Document, DocumentId

LONGEST = 20_000
"""Characters of one memory: more is a document."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What remembering a text did."""

    operation: Operation
    why: str
    memory: Memory | None
    """What was added; None where nothing was."""
    closed: tuple[Memory, ...] = ()
    """What holds no longer, with its time closed."""
    conflicts: tuple[Memory, ...] = ()
    """What says otherwise of the very same moment: both stand."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publisher:
    """How documents get into the index and out of it: each call publishes a version."""

    add: Callable[[Iterable[Document]], object]
    remove: Callable[[Iterable[DocumentId]], object]
    documents: Callable[[], Iterable[Document]]
    near: Callable[[str], Sequence[DocumentId]]
    """The documents nearest a text, best first."""


class Memories:
    """What was remembered in one index, by `remember`, and how it ended."""

    def __init__(
        self,
        folder: Path,
        publisher: Publisher,
        settings: RememberingSettings,
        clock: Clock,
        generator: Generator | None = None,
    ) -> None:
        self.store = Store(folder)
        self._publisher = publisher
        self._settings = settings
        self._clock = clock
        self._generator = generator

    def remember(
        self,
        text: str,
        source: str,
        at: datetime | None = None,
        speaker: str = "",
        replaces: Sequence[str] = (),
        provenance: Provenance = Provenance.SAID,
        derived_from: Sequence[DocumentId] = (),
    ) -> Remembered:
        """Decide what a text does to what is known, do it, and publish one version where anything changed.

        Raises QuestionError for a text without a word or far too long, StorageError, PublishConflict.
        """
        text, at = _checked(text), in_utc(at or self._clock.now())
        self._restore()
        said = read_said(text, speaker, self._settings.functional)
        new = Memory(
            memory_id(text, source, speaker, at),
            text,
            source,
            at,
            provenance=provenance,
            derived_from=tuple(derived_from),
            speaker=speaker,
        )
        if new.id in self.store.get([new.id]) or self._is_told(new):
            return Remembered(Operation.PASS, "These very words are remembered.", None)
        decision, warnings = self._decide(new, said, [DocumentId(each) for each in replaces])
        return self._do(decision, new, said, warnings)

    def forget(self, ids: Iterable[str], at: datetime | None = None, erase: bool = False) -> list[Memory]:
        """Close the time of some memories, or take them out of the index and out of the store for good.

        What was derived from them goes with them. Versions of the index that are kept still hold what is erased, until
        they are retired. Raises StorageError for
        an id that is not remembered.
        """
        self._restore()
        wanted = [DocumentId(each) for each in ids]
        known = self.store.get(wanted)
        if missing := [each for each in wanted if each not in known]:
            raise StorageError(f"Nothing is remembered as {missing[0]}: memories() tells the ids there are.")
        known |= {each.id: each for each in self._resting_on(known)}
        wanted = list(known)
        if erase:
            self._publisher.remove(wanted)
            self.store.erase(wanted)
            return list(known.values())
        moment = in_utc(at or self._clock.now())
        closed = [_closed(each, moment, "forget", "It was to be forgotten.") for each in known.values()]
        self.store.close_said((one, moment) for each in closed for one in self._open_statements(each.id))
        self._publish(closed, {})
        return closed

    def _resting_on(self, ids: Collection[DocumentId]) -> list[Memory]:
        """The derived memories that rest on some memories, and those that rest on these."""
        derived = [each for each in self.store.all() if each.provenance is Provenance.DERIVED]
        found: dict[DocumentId, Memory] = {}
        gone = set(ids)
        while more := [each for each in derived if each.id not in gone and gone & set(each.derived_from)]:
            found |= {each.id: each for each in more}
            gone |= found.keys()
        return list(found.values())

    def all(
        self, source: str | None = None, at: datetime | None = None, closed: bool = False
    ) -> list[Memory]:
        """What holds at a moment, now where none is given; with `closed` also what does not, oldest first."""
        if not self.store.exists() and not self._restore():
            return []
        moment = in_utc(at or self._clock.now())
        return [each for each in self.store.all(source) if closed or each.holds_at(moment)]

    def _restore(self) -> bool:
        """Finish what another process began, and make the store anew where it was lost. Whether there is one."""
        if self.store.exists():
            if pending := self.store.pending():
                self._publisher.add([each.document() for each in pending])
                self.store.settle(each.id for each in pending)
            return True
        found = [memory for each in self._publisher.documents() if (memory := memory_of(each))]
        functional = self._settings.functional
        if found:
            said = {each.id: read_said(each.text, each.speaker, functional) for each in found}
            self.store.put(found, said, self._clock.now(), is_pending=False)
        return bool(found)

    def _is_told(self, new: Memory) -> bool:
        """Whether the same words of the same speaker, which the rules may not be able to read, hold already."""
        return any(each.holds_at(new.valid_from) for each in self.store.telling(new))

    def _decide(
        self, new: Memory, said: Sequence[Said], replaces: Sequence[DocumentId]
    ) -> tuple[Decision, tuple[str, ...]]:
        if replaces:
            if missing := [each for each in replaces if each not in self.store.get(replaces)]:
                raise StorageError(
                    f"Nothing is remembered as {missing[0]}: memories() tells the ids there are."
                )
            return Decision(Operation.REPLACE, "The caller said so.", closes_memories=tuple(replaces)), ()
        warnings: tuple[str, ...] = ()
        if self._settings.decided_by == "model" and self._generator is not None:
            near = self.store.get(self._publisher.near(new.text)).values()
            open_ = [each for each in near if each.holds_at(new.valid_from)]
            try:
                return decide_by_model(new.text, open_, self._generator), ()
            except GenerationError as error:
                warnings = (f"The model did not decide, so the rules did: {error}",)
        known = self.store.speaking_of(each.key() for each in said)
        is_whole = is_all_read(new.text, said)
        return decide_by_rules(said, is_whole, known, new.valid_from), warnings

    def _do(
        self, decision: Decision, new: Memory, said: Sequence[Said], warnings: tuple[str, ...]
    ) -> Remembered:
        if decision.operation is Operation.PASS:
            return Remembered(Operation.PASS, decision.why, None, warnings=warnings)
        is_added = decision.operation is not Operation.DELETE
        by = new.id if is_added else new.text
        closed = self._close(decision, new.valid_from, by)
        if decision.valid_to is not None:
            new = replace(new, valid_to=decision.valid_to, closed_by=decision.closed_by, why=decision.why)
        self._publish([*closed, *([new] if is_added else [])], {new.id: said} if is_added else {})
        others = tuple(self.store.get(decision.conflicts).values())
        added = new if is_added else None
        return Remembered(decision.operation, decision.why, added, tuple(closed), others, warnings)

    def _close(self, decision: Decision, at: datetime, by: str) -> list[Memory]:
        """End statements, and the memories of which no statement is left."""
        whole = dict.fromkeys(decision.closes_memories, at)
        ends = [*decision.closes, *((one, at) for id_ in whole for one in self._open_statements(id_))]
        self.store.close_said(ends)
        for known, moment in decision.closes:
            if self._is_spent(known.memory):
                whole.setdefault(known.memory, moment)
        memories = self.store.get(whole)
        return [_closed(memories[id_], moment, by, decision.why) for id_, moment in whole.items()]

    def _is_spent(self, id_: DocumentId) -> bool:
        statements, memory = self.store.statements_of(id_), self.store.get([id_])[id_]
        is_over = all(each.valid_to is not None for each in statements)
        return is_over and is_all_read(memory.text, read_said(memory.text, memory.speaker))

    def _open_statements(self, id_: DocumentId) -> list[Known]:
        return [each for each in self.store.statements_of(id_) if each.valid_to is None]

    def _publish(self, memories: Sequence[Memory], said: dict[DocumentId, Sequence[Said]]) -> None:
        """Write down what is about to happen, publish it, and write down that it happened."""
        self.store.put(memories, said, self._clock.now())
        self._publisher.add([each.document() for each in memories])
        self.store.settle(each.id for each in memories)


def in_utc(moment: datetime) -> datetime:
    """A moment with a time zone; one without is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _closed(memory: Memory, at: datetime, by: str, why: str) -> Memory:
    """The memory with its time closed; never before it began, nor later than it was closed already."""
    end = max(at, memory.valid_from)
    if memory.valid_to is not None and memory.valid_to <= end:
        return memory
    return replace(memory, valid_to=end, closed_by=by, why=why)


def _checked(text: str) -> str:
    if not isinstance(text, str) or not any(letter.isalnum() for letter in text):
        raise QuestionError("There is nothing to remember: give at least one sentence.")
    if len(text) > LONGEST:
        raise QuestionError(f"More than {LONGEST:,} characters are a document: add it with memory.add.")
    return text.strip()
