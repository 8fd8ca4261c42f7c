"""The part of an open index that agents and chats talk to: remember, forget, what is remembered, and recall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hippograph.errors import StorageError
from hippograph.remembering.memories import Memories, Publisher, Remembered
from hippograph.remembering.records import PREFIX, Memory, Operation, Provenance
from hippograph.types import Answer, CitedSentence, Document, DocumentId

if TYPE_CHECKING:
    from hippograph.ports import Parts
    from hippograph.published import PublishedIndex
    from hippograph.settings import Settings
    from hippograph.types import RankedPassage

THOUGHTS = "thoughts"
"""The source of derived memories."""
NEAR = 20


class Remembering:
    """What `Hippograph` can do with memories. Nothing here is loaded or written until it is used."""

    if TYPE_CHECKING:
        _folder: Path
        _parts: Parts
        _settings: Settings

        @property
        def index(self) -> PublishedIndex: ...  # noqa: D102

        def add(self, documents: Iterable[Document]) -> object: ...  # noqa: D102

        def remove(self, ids: Iterable[DocumentId | str]) -> object: ...  # noqa: D102

        def search(self, question: str, k: int = 5) -> list[RankedPassage]: ...  # noqa: D102

    def remember(
        self,
        text: str,
        *,
        source: str,
        at: datetime | None = None,
        speaker: str = "",
        replaces: Sequence[str] = (),
    ) -> Remembered:
        """Remember a text and publish a version; what it replaces or ends stays, with its time closed.

        `source` names where it is from, such as a chat; `at` is when it was said, now where nothing is given; `speaker`
        is who "I" is. A text that says nothing new is passed over. `replaces` names memories that it takes the place
        of; otherwise rules, or the model of the settings, decide. Raises QuestionError for a text without a word.
        """
        return self._memories().remember(text, source, at, speaker, replaces)

    def forget(
        self, ids: str | Iterable[str], *, at: datetime | None = None, erase: bool = False
    ) -> list[Memory]:
        """Close the time of memories, by their ids; with `erase`, take them out of the index for good.

        Raises StorageError for an id that is not remembered.
        """
        wanted = [ids] if isinstance(ids, str) else list(ids)
        return self._memories().forget(wanted, at, erase)

    def memories(
        self, source: str | None = None, *, at: datetime | None = None, closed: bool = False
    ) -> list[Memory]:
        """What is remembered and holds at a moment, by default now; with `closed` also what holds no longer."""
        return self._memories().all(source, at, closed)

    def recall(self, ids: Iterable[str]) -> bool:
        """Note that memories were of use, so that they fade more slowly. False where another writer was at work."""
        wanted = [DocumentId(each) for each in ids]
        return self._memories().store.recall(wanted, self._parts.clock.now()) if wanted else True

    def derive(self, answer: Answer) -> list[Remembered]:
        """Remember an answer's sentences as thoughts derived from what they cite (Think-in-Memory's post-thinking).

        A thought leads later searches to its sources and is never cited. One that rests on thoughts alone, or on
        nothing, is not kept.
        """
        kept = []
        for sentence in answer.sentences if answer.refusal is None else ():
            sources = dict.fromkeys(each.document for each in sentence.citations)
            if sources:
                kept.append(
                    self._memories().remember(
                        sentence.text, THOUGHTS, provenance=Provenance.DERIVED, derived_from=list(sources)
                    )
                )
        return [each for each in kept if each.operation is not Operation.PASS]

    def _after(self, answer: Answer) -> Answer:
        """What an answer does to what is remembered, where the settings say so; a failure of that is a warning."""
        remembering = self._settings.remembering
        try:
            if remembering.retention:
                self.recall(sorted({c.document for c in answer.citations if c.document.startswith(PREFIX)}))
            if remembering.thoughts:
                self.derive(answer)
        except StorageError as error:
            told = (*answer.trace.warnings, f"What was learned from this answer could not be kept: {error}")
            return replace(answer, trace=replace(answer.trace, warnings=told))
        return answer

    def _noting(self, stream: Iterator[CitedSentence | Answer]) -> Iterator[CitedSentence | Answer]:
        for each in stream:
            yield self._after(each) if isinstance(each, Answer) else each

    def _memories(self) -> Memories:
        def near(text: str) -> list[DocumentId]:
            found = [each.passage.document for each in self.search(text[:1000], NEAR)]
            return [each for each in dict.fromkeys(found) if each.startswith(PREFIX)]

        publisher = Publisher(self.add, self.remove, lambda: self.index.documents(), near)
        return Memories(
            self._folder, publisher, self._settings.remembering, self._parts.clock, self._parts.generator
        )
