"""Refresh: an answer written sentence by sentence against a memory that is renewed by what each sentence needs.

After each sentence (EWE, Chen et al. 2024, section 3.2): the index is searched for the question and the sentence, and
what is found enters; the claims of the sentence are held against the index; where one is not borne out, its evidence
enters, the sentence is removed, and what comes next is written once more. A stream is read on as long as the memory it
was written from stands; otherwise it is left and another begun, so that each sentence is written from what is known by
then.

Every step is bounded: sentences, rewrites of each, removals, model calls (by the generator's budget). A verifier that
fails leaves its sentence in place and says so; a model that fails ends the answer with what was borne out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from hippograph.errors import EmbeddingError, GenerationError
from hippograph.generation.pool import same_words
from hippograph.settings import WorkingMemorySettings
from hippograph.types import (
    CheckedClaim,
    CitedSentence,
    Evidence,
    Refresh,
    RefreshKind,
    Vectors,
    VerdictKind,
)
from hippograph.working_memory.eviction import EVICTIONS
from hippograph.working_memory.log import without_passages
from hippograph.working_memory.units import (
    Held,
    TokenCount,
    WorkingMemory,
    admit,
    best_sentence,
    fold,
    units_of,
)
from hippograph.working_memory.writers import Ending, Writer, Written, grounding

AT_THE_START = "found for the question"
ADMIT, EVICT, WRITE = RefreshKind.ADMITTED, RefreshKind.EVICTED, RefreshKind.WRITTEN
ACCEPT, REMOVE = RefreshKind.ACCEPTED, RefreshKind.REMOVED


class Knowledge:
    """What the loop asks of the index."""

    def __init__(
        self,
        look: Callable[[str], Sequence[Evidence]],
        check: Callable[[Sequence[CitedSentence], CitedSentence], Sequence[CheckedClaim]],
        evidence_of: Callable[[Sequence[CheckedClaim]], Sequence[Evidence]],
        token_count: TokenCount,
    ) -> None:
        self.look = look
        """Searches; what answers best comes first."""
        self.check = check
        """Holds the claims of a sentence against the index; given what stands before it, for its "he" and "it"."""
        self.evidence_of = evidence_of
        """What some claims were held against, the deciding passage first."""
        self.token_count = token_count


@dataclass(slots=True)
class CheckedWriting:
    """One answer on its way. `run` gives each sentence that stays, once it is settled; then all is told here."""

    question: str
    query_vector: Vectors
    writer: Writer
    knowledge: Knowledge
    settings: WorkingMemorySettings
    log: list[Refresh] = field(default_factory=list)
    accepted: list[CitedSentence] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ending: Ending = field(default_factory=Ending)
    failure: GenerationError | None = None
    """Why the writer gave up, where it did."""
    removed: int = 0
    step: int = 0
    memory: WorkingMemory = field(init=False)
    _pending: list[Written] = field(default_factory=list)
    _known_false: set[str] = field(default_factory=set)
    _has_ended: bool = False
    _rewrites: int = 0
    _unchecked: int = 0
    _settled: list[CitedSentence] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.settings.form == "consolidated":  # a unit has a token or more
            self.memory = WorkingMemory(self.settings.state_tokens, self.settings.state_tokens)
        else:
            self.memory = WorkingMemory(self.settings.capacity)

    def fill(self, evidence: Sequence[Evidence]) -> None:
        """Take in what was found for the question, best first, as far as there is room."""
        self._admit([unit for each in evidence for unit in self._units(each, self.question)], AT_THE_START)

    def run(self) -> Iterator[CitedSentence]:
        """Write until nothing is missing or a bound is reached; each sentence as soon as it is settled."""
        goes_on = True
        while goes_on and self._may_go_on():
            goes_on = False
            try:
                with closing(self._stream()) as stream:
                    for written in stream:
                        if isinstance(written, Ending):
                            self.ending = self._later(written)
                            break
                        is_stale = self._take(written)
                        yield from self._let_go()
                        goes_on = goes_on or is_stale
                        if not self._may_go_on() or (is_stale and not self.writer.is_copying):
                            break
            except GenerationError as error:
                self.failure = error
            goes_on = self._check_rest(goes_on) or goes_on
            yield from self._let_go()
        self._tell_end()

    def _stream(self) -> Generator[Written | Ending, None, None]:
        yield from self.writer.write(self.question, self.query_vector, self.memory, self._so_far())

    def _later(self, ending: Ending) -> Ending:
        """Of two endings the later, but for one that only says that there is nothing more.

        Where sentences are copied the first stays: its short answer is that of the question's own evidence.
        """
        is_settled = self.accepted and (not ending.is_found or (self.writer.is_copying and self._has_ended))
        self._has_ended = self._has_ended or ending.is_found
        return self.ending if is_settled else ending

    def _check_rest(self, goes_on: bool) -> bool:
        """Check what is left where nothing more will be written. Whether a sentence fell that may be written anew."""
        if not self._pending or (goes_on and self._may_go_on()):
            return False
        return self._check()

    # ------------------------------------------------------------------ one sentence

    def _take(self, written: Written) -> bool:
        """Add a sentence, and refresh the memory by it. Whether the rest of the stream is out of date now."""
        sentence, words = written.sentence, same_words(written.sentence.text)
        if words in {same_words(each.text) for each in self._so_far()}:
            return False  # written already: some models begin again from the start
        self.step += 1
        self.warnings += written.warnings
        self._tell(WRITE, f"confidence {written.confidence:.2f}", sentence)
        if not sentence.citations:
            self._remove(sentence, "It names no sentence that was shown.")
            return False
        if words in self._known_false:
            self._tell(REMOVE, "It was removed before.", sentence)
            return False
        self._pending.append(written)
        has_changed = self._is_due(self.settings.search_every, written) and self._search(sentence)
        if self._is_due(self.settings.check_every, written):
            is_to_be_rewritten = self._check()
            is_kept = bool(self.accepted) and self.accepted[-1] is sentence
            return is_to_be_rewritten or (has_changed and (is_kept or bool(self._pending)))
        if not self.settings.check_every or self.settings.trigger == "low_confidence":
            self._pending.clear()
            self._accept(sentence, why="not checked")
        return has_changed

    def _is_due(self, every: int, written: Written) -> bool:
        """Whether to act after this sentence: at intervals, or where the writer is not sure."""
        if every == 0:
            return False
        if self.settings.trigger == "low_confidence":
            return written.confidence < self.settings.low_confidence
        return self.step % every == 0

    def _search(self, sentence: CitedSentence) -> bool:
        """Look for more that belongs to the sentence (retrieval feedback). Whether anything entered."""
        try:
            found = self.knowledge.look(f"{self.question} {sentence.text}")
        except (GenerationError, EmbeddingError) as error:
            self.warnings.append(f"The search for a sentence failed: {error}")
            return False
        return self._bring_in(found, sentence.text, "found for the sentence just written")

    # ------------------------------------------------------------------ verdicts

    def _check(self) -> bool:
        """Check what is written and not checked yet. Whether a sentence fell, and it may be written anew."""
        pending, self._pending = self._pending, []
        for place, written in enumerate(pending):
            claims = self._claims(written.sentence)
            is_copy = self.writer.is_copying or is_copied(written.sentence)
            if claims is None:
                self._accept(written.sentence, why="not checked")
                continue
            bad = [each for each in claims if speaks_against(each, is_copy)]
            if not bad and (claims or grounding(written.sentence) == 1):
                self._accept(written.sentence, claims)
                continue
            is_rewritten = self._rewrites >= self.settings.most_rewrites
            if is_rewritten and self.settings.unsupported == "keep":
                self._accept(
                    written.sentence, claims, "kept as it was written anew, though it is not borne out"
                )
                continue
            self._fall(written.sentence, claims, bad)
            if not is_rewritten and self._may_go_on():
                self._rewrites += 1
                for later in pending[place + 1 :]:
                    self._tell(REMOVE, "It came after a sentence that is not borne out.", later.sentence)
                return True
        return False

    def _claims(self, sentence: CitedSentence) -> tuple[CheckedClaim, ...] | None:
        """What the verifier makes of a sentence's claims; None where there was not even evidence to be had."""
        try:
            claims = tuple(self.knowledge.check(self.accepted, sentence))
        except (GenerationError, EmbeddingError) as error:
            self._unchecked += 1
            self._tell(RefreshKind.UNCHECKED, f"The search for evidence failed: {error}", sentence)
            return None
        for failed in [each for each in claims if each.failure]:
            self._unchecked += 1
            self._tell(RefreshKind.UNCHECKED, f"The verifier failed: {failed.failure}", sentence)
        return claims

    def _fall(
        self, sentence: CitedSentence, claims: Sequence[CheckedClaim], bad: Sequence[CheckedClaim]
    ) -> None:
        """Remove a sentence and take in the evidence on what it claimed."""
        whys = [f"{each.verdict.kind.value}: {each.verdict.why}" for each in bad]
        why = (
            "; ".join(dict.fromkeys(whys))
            or "It claims nothing, and not all its words stand in what it cites."
        )
        self._remove(sentence, why, claims)
        self._known_false.add(same_words(sentence.text))
        evidence = self.knowledge.evidence_of(bad)
        self._bring_in(evidence, sentence.text, "evidence on a claim that is not borne out")

    def _accept(
        self, sentence: CitedSentence, claims: Sequence[CheckedClaim] = (), why: str | None = None
    ) -> None:
        if why is None:
            checked = [each for each in claims if not each.failure]
            why = "borne out" if checked else "not checked" if claims else "nothing in it can be checked"
        self.accepted.append(sentence)
        self._settled.append(sentence)
        self._rewrites = 0
        self._tell(ACCEPT, why, sentence, claims)
        if self.settings.fold_uncited:
            self._fold_uncited(sentence)

    def _remove(self, sentence: CitedSentence, why: str, claims: Sequence[CheckedClaim] = ()) -> None:
        self.removed += 1
        self._tell(REMOVE, why, sentence, claims)

    # ------------------------------------------------------------------ the memory

    def _bring_in(self, evidence: Sequence[Evidence], goal: str, why: str) -> bool:
        fresh: list[Held] = []
        for each in evidence:
            fresh += [unit for unit in self._units(each, goal) if unit.unit.id not in self.memory]
        return self._admit(fresh[: self.settings.refresh_units], why)

    def _admit(self, new: Sequence[Held], why: str) -> bool:
        self.memory, entered, left = admit(self.memory, new, EVICTIONS[self._eviction()])
        for each in left:
            self.log.append(Refresh(self.step, EVICT, f"makes room ({self._eviction()})", each.unit))
        for each in entered:
            self.log.append(Refresh(self.step, ADMIT, why, each.unit))
        return bool(entered)

    def _eviction(self) -> str:
        return "relevance" if self.settings.form == "consolidated" else self.settings.eviction

    def _units(self, evidence: Evidence, goal: str) -> list[Held]:
        return units_of(
            evidence,
            self.query_vector,
            self.knowledge.token_count,
            self.settings.unit_tokens,
            goal,
            single_sentences=self.settings.form == "consolidated",
        )

    def _fold_uncited(self, sentence: CitedSentence) -> None:
        """What was found for a finished sentence and is not cited gives way to its best sentence."""
        cited = {(each.document, each.start) for each in sentence.citations}
        for each in self.memory.held:
            unit = each.unit
            is_cited = any(unit.document == doc and unit.start <= start < unit.end for doc, start in cited)
            if unit.goal != sentence.text or unit.folded is not None or is_cited:
                continue
            summary = best_sentence(each, self.query_vector)
            self.memory = fold(self.memory, unit.id, summary, self.knowledge.token_count)
            (changed,) = [held.unit for held in self.memory.held if held.unit.id == unit.id]
            self.log.append(Refresh(self.step, RefreshKind.FOLDED, "its sentence is finished", changed))

    # ------------------------------------------------------------------ bounds and words

    def _may_go_on(self) -> bool:
        has_room = len(self.accepted) + len(self._pending) < self.settings.most_sentences
        return has_room and self.removed < self.settings.most_removed and self.failure is None

    def _so_far(self) -> list[CitedSentence]:
        return [*self.accepted, *(each.sentence for each in self._pending)]

    def _let_go(self) -> Iterator[CitedSentence]:
        ready, self._settled = self._settled, []
        yield from ready

    def _tell(
        self, kind: RefreshKind, why: str, sentence: CitedSentence, claims: Sequence[CheckedClaim] = ()
    ) -> None:
        self.log.append(Refresh(self.step, kind, why, sentence=sentence, claims=without_passages(claims)))

    def _tell_end(self) -> None:
        why = ""
        if self.failure is not None:
            why = f"the writer failed: {self.failure}"
        elif self.removed >= self.settings.most_removed:
            why = f"{self.removed} sentences were removed"
        elif len(self.accepted) >= self.settings.most_sentences:
            why = f"the answer has {len(self.accepted)} sentences"
        if self._unchecked:
            self.warnings.append(
                f"The verifier failed on {self._unchecked} claims or sentences, which stay unchecked."
            )
        self.log.append(Refresh(self.step, RefreshKind.STOPPED, why or "nothing is missing"))


def speaks_against(checked: CheckedClaim, is_copy: bool) -> bool:
    """Whether a verdict removes a sentence: of words that a document has, only what another document refutes."""
    if checked.failure:
        return False
    kind = checked.verdict.kind
    return kind is VerdictKind.REFUTED if is_copy else kind is not VerdictKind.SUPPORTED


def is_copied(sentence: CitedSentence) -> bool:
    """Whether a sentence is the whole of one that it cites, letter by letter but for case and white space."""
    return same_words(sentence.text) in {same_words(each.sentence) for each in sentence.citations}
