"""Searching among memories that fade and thoughts that were derived: the usual search, its results weighed again.

What a memory stands above the last candidate is multiplied by its retention, and by nothing where its time is closed.
What has faded below a threshold is left out, and still there: a soft forgetting (MemoryBank). A derived thought leads
to the passages that it rests on and is no evidence itself (Think-in-Memory), so that nothing is ever its own source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hippograph.ports import Clock, Generator, Parts
from hippograph.published import PublishedIndex
from hippograph.remembering.records import PREFIX, Provenance
from hippograph.remembering.store import Store
from hippograph.searching import USUAL, Searching
from hippograph.settings import Settings
from hippograph.types import DocumentId, RankedPassage, SearchResult, Vectors

DEEPER = 20
"""How many more candidates are looked at, since some may be left out."""
MOST_THOUGHTS = 2
"""How many derived thoughts one search follows to their sources."""


class LivingSearching(Searching):
    """The same methods of search, by what memories are worth now."""

    def __init__(self, index: PublishedIndex, parts: Parts, settings: Settings, store: Store) -> None:
        super().__init__(index, parts, settings)
        self._clock: Clock = parts.clock
        self._remembering = settings.remembering
        self._store = store

    def once(
        self, question: str, query_vector: Vectors, k: int, method: str, generator: Generator | None
    ) -> SearchResult:
        """One search, weighed again where it found memories."""
        found = super().once(question, query_vector, k + DEEPER, method, generator)
        if not any(each.passage.document.startswith(PREFIX) for each in found.passages):
            return replace(found, passages=found.passages[:k])
        passages = self._sources_of_thoughts(found.passages, k)
        warnings = found.trace.warnings
        if self._remembering.retention:
            passages, faded = self._weighed(passages, self._clock.now())
            told = f"{faded} memories that were long not recalled were left out."
            warnings = (*warnings, told) if faded else warnings
        ranked = tuple(replace(each, rank=rank) for rank, each in enumerate(passages[:k], start=1))
        return SearchResult(ranked, replace(found.trace, warnings=warnings))

    def _weighed(self, passages: Sequence[RankedPassage], now: datetime) -> tuple[list[RankedPassage], int]:
        """In the order of what they are worth now, without the faded ones; and how many these are."""
        ids = {each.passage.document for each in passages}
        known, strengths = self._store.get(ids), self._store.strengths(ids)
        lowest = min(each.score for each in passages)
        kept: list[tuple[bool, RankedPassage]] = []
        faded = 0
        for each in passages:
            memory = known.get(each.passage.document)
            is_over = memory is not None and not memory.holds_at(now)
            worth = 0.0 if is_over else 1.0
            if memory is not None and not is_over:
                worth = strengths[memory.id].retention(now, self._remembering.days)
                if worth < self._remembering.forget_below:
                    faded += 1
                    continue
            kept.append((is_over, replace(each, score=lowest + (each.score - lowest) * worth)))
        kept.sort(key=lambda weighed: (-weighed[1].score, weighed[0]))
        return [each for _, each in kept], faded

    def _sources_of_thoughts(self, passages: Sequence[RankedPassage], k: int) -> list[RankedPassage]:
        """Each derived thought's place is taken by passages that it rests on, where the index still holds any."""
        derived = {
            each.id: each
            for each in self._store.get({found.passage.document for found in passages}).values()
            if each.provenance is Provenance.DERIVED
        }
        if not derived:
            return list(passages)
        placed: list[RankedPassage] = []
        followed = 0
        for each in passages:
            thought = derived.get(each.passage.document)
            if thought is None:
                placed.append(each)
            elif followed < MOST_THOUGHTS and len(placed) < k:
                followed += 1
                placed += [
                    replace(source, score=each.score, hop=each.hop + 1)
                    for source in self._resting_on(each.passage.text, thought.derived_from)
                ]
        once = {each.passage.id: each for each in reversed(placed)}
        return [each for each in placed if once.pop(each.passage.id, None) is not None]

    def _resting_on(self, words: str, sources: Sequence[DocumentId]) -> list[RankedPassage]:
        found = super().once(words, self.query_vector(words, USUAL), DEEPER, USUAL, None)
        return [each for each in found.passages if each.passage.document in sources][: len(sources)]
