"""The extractor by a language model: entities and facts of passages, with everything that was paid for kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from hippograph.adapters.llm_extractor.asking import (
    Asker,
    KeepsReadings,
    Outcome,
    Refusal,
    joined,
    not_asked,
    whole,
)
from hippograph.adapters.llm_extractor.halting import Halt
from hippograph.adapters.llm_extractor.journal import MemoryJournal
from hippograph.adapters.llm_extractor.steps import Piece, Step, StepName, Types, within_types
from hippograph.errors import BudgetSpent, GenerationError
from hippograph.ports import Generator
from hippograph.settings import ExtractionSettings
from hippograph.text.alignment import align, founded_share
from hippograph.text.readings import Reading
from hippograph.types import Extraction, ExtractionFailure, Passage, content_id

RULES_VERSION = 2
"""Raise it whenever the way a reply becomes an extraction changes."""


class LlmExtractor:
    """Reads passages by a language model.

    Several calls are under way at once, and each passage goes through its steps without waiting for others.

    - A passage the model cannot read, or answers with what does not stand in it, is a failure with its reason.
    - Calls that fail for reasons outside the passage make retryable failures. Once a budget is spent, or the
      server has failed many times in a row, no more calls are made and the passages left are retryable failures
      (their reason begins with "budget" where that is it); `halted` then holds the error. The next `extract`
      tries one call before it tries all.
    - Where nothing at all was answered, the error itself is raised: an outage must not look like empty results.
    """

    stays_here = True
    """Workers of other processes leave it where its budget, its account and its limit of calls are."""

    def __init__(
        self,
        generator: Generator,
        settings: ExtractionSettings,
        journal: KeepsReadings | None = None,
        at_once: int = 16,
    ) -> None:
        self._types = Types(settings.entity_types, settings.relation_types)
        self.every_step = {name: Step(name, self._types) for name in StepName}
        self._settings = settings
        self._at_once = at_once
        self.asker = Asker(generator, journal or MemoryJournal(), settings.passages_per_call)
        self.fingerprint = self._fingerprint(generator)
        self.halted: GenerationError | None = None
        self._has_answers = False

    def within(self, generator: Generator) -> LlmExtractor:
        """The same extractor over another generator, such as the same one under a budget. The journal is shared."""
        return LlmExtractor(generator, self._settings, self.asker.journal, self._at_once)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The calls a passage takes, in order; the last is repeated for each round of gleaning."""
        first = (
            (StepName.BOTH,) if self._settings.variant == "one-call" else (StepName.ENTITIES, StepName.FACTS)
        )
        rounds = (StepName.MISSED,) * self._settings.gleanings
        return tuple(self.every_step[name] for name in (*first, *rounds))

    def extract(self, passages: Sequence[Passage]) -> list[Extraction | ExtractionFailure]:
        """One result a passage, in order.

        Raises a leaf of GenerationError when no call was answered, ExtractionError when the journal fails.
        """
        found = list(self.read(passages))
        has_read = self._has_answers or any(isinstance(result, Extraction) for result in found)
        if self.halted is not None and not has_read and not isinstance(self.halted, BudgetSpent):
            raise self.halted
        return found

    def read(self, passages: Sequence[Passage]) -> Iterator[Extraction | ExtractionFailure]:
        """One result a passage, in order, each as soon as it and those before it are there.

        When the model serves no more, the passages left are retryable failures and `halted` says why. Raises
        ExtractionError when the journal fails. When the caller stops early, what is under way is finished and kept.
        """
        halt = Halt(cautious=self.halted is not None)
        size = self._settings.passages_per_call
        chunks = [list(passages[start : start + size]) for start in range(0, len(passages), size)]
        first = 1 if self.halted is not None else 0
        for chunk in chunks[:first]:
            yield from self._read(chunk, halt)
        yield from self._read_at_once(chunks[first:], halt)
        self._has_answers = halt.answers > 0
        # A few passages are over before so many calls fail in a row; an outage is one all the same.
        self.halted = halt.error if self._has_answers else halt.error or halt.last_error

    def next_question(self, passage: Passage) -> tuple[Step, list[Piece]] | None:
        """The step whose reading of a passage is not in the journal yet, with the pieces to ask; None when all are.

        What a batch asks: it is collected into the journal, and the next `extract` finds it there.
        """
        if not passage.sentences:
            return None
        reading = Reading()
        for step in self.steps:
            parts = self.asker.parts(step, whole(passage, reading))
            if isinstance(parts, Refusal):
                return None
            kept = [self.asker.journal.get(self.asker.key(step, part)) for part in parts]
            missing = [part for part, found in zip(parts, kept, strict=True) if found is None]
            if missing:
                return step, missing
            found = joined([each for each in kept if each is not None])
            if not isinstance(found, Reading) or (
                step.name is StepName.MISSED and _adds_nothing(reading, found)
            ):
                return None
            reading += found
        return None

    def _read_at_once(
        self, chunks: Sequence[list[Passage]], halt: Halt
    ) -> Iterator[Extraction | ExtractionFailure]:
        with ThreadPoolExecutor(self._at_once, "hippograph-extract") as pool:
            futures: list[Future[list[Extraction | ExtractionFailure]]] = []
            try:
                futures = [pool.submit(self._read, chunk, halt) for chunk in chunks]
                for future in futures:
                    yield from future.result()
            except BaseException:
                for future in futures:
                    future.cancel()  # what is under way is finished and kept, the rest is not begun
                raise

    def _read(self, passages: Sequence[Passage], halt: Halt) -> list[Extraction | ExtractionFailure]:
        """The passages of one pack, through all steps; none of them once the run has halted."""
        if halt.error is not None:
            return [self._result(passage, not_asked(halt.error)) for passage in passages]
        outcomes: dict[int, Outcome] = {i: Reading() for i, p in enumerate(passages) if p.sentences}
        reading = list(outcomes)
        for step in self.steps:
            if not reading:
                break
            pieces = [whole(passages[i], _reading(outcomes[i])) for i in reading]
            found = self.asker.ask(step, pieces, halt)
            reading = self._take(step, reading, found, outcomes)
        return [self._result(passage, outcomes.get(i, Reading())) for i, passage in enumerate(passages)]

    def _take(
        self, step: Step, asked: Sequence[int], found: Sequence[Outcome], outcomes: dict[int, Outcome]
    ) -> list[int]:
        """Add what a step found; gives those that go on to the next one."""
        going_on = []
        for place, outcome in zip(asked, found, strict=True):
            before = _reading(outcomes[place])
            if isinstance(outcome, Refusal):
                # A failed second look must not lose what the first one found, unless it can be had later.
                if step.name is not StepName.MISSED or outcome.retryable:
                    outcomes[place] = outcome
                continue
            outcomes[place] = before + outcome
            if step.name is not StepName.MISSED or not _adds_nothing(before, outcome):
                going_on.append(place)
        return going_on

    def _result(self, passage: Passage, outcome: Outcome) -> Extraction | ExtractionFailure:
        if isinstance(outcome, Refusal):
            return ExtractionFailure(passage.id, outcome.reason, outcome.retryable)
        wanted = within_types(outcome, self._types)
        extraction = align(passage, wanted, f"llm-{self._settings.variant}")
        if not extraction.triples and founded_share(passage, wanted) == 0:
            example = " | ".join(wanted.facts[0]) if wanted.facts else wanted.names[0]
            reason = f"Nothing of what the model found stands in it, for example {example!r}."
            return ExtractionFailure(passage.id, reason, retryable=False)
        return extraction

    def _fingerprint(self, generator: Generator) -> str:
        parts = [generator.fingerprint, self._settings.variant]
        parts += [step.fingerprint for step in self.steps]
        return f"llm-{RULES_VERSION}:{content_id(*parts)}"


def _reading(outcome: Outcome) -> Reading:
    return outcome if isinstance(outcome, Reading) else Reading()


def _adds_nothing(before: Reading, found: Reading) -> bool:
    after = before + found
    return len(after.names) == len(before.names) and len(after.facts) == len(before.facts)
