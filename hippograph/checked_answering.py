"""Journey 2 with a working memory: an answer that is checked against the index while it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from hippograph.answering import gather_evidence, look_into
from hippograph.budget import within
from hippograph.checking import LONGEST_QUESTION, check_claims
from hippograph.generation.citations import numbered
from hippograph.generation.cited import all_citations, composed
from hippograph.generation.claims import split_claims
from hippograph.generation.extractive import CONFIDENT, ExtractiveAnswerer
from hippograph.generation.inquiry import Inquiry
from hippograph.generation.model_answer import NOT_IN_THE_DOCUMENTS, sentences_of
from hippograph.ports import Generator, ModelAnswerer, Parts, Verifier
from hippograph.published import PublishedIndex
from hippograph.searching import USUAL, Searching
from hippograph.settings import Settings
from hippograph.text.names import words
from hippograph.types import (
    Answer,
    CheckedClaim,
    CitedSentence,
    Claim,
    Draft,
    Evidence,
    PassageId,
    RankedPassage,
)
from hippograph.working_memory.refresh import CheckedWriting, Knowledge
from hippograph.working_memory.writers import CopyingWriter, ModelWriter, Writer

MakeVerifier = Callable[[Generator | None], Verifier]
PASSAGES = 4
"""How many passages one search within an answer looks at."""
CONTEXT_SENTENCES = 3
"""How many sentences before a sentence are read for its pronouns, as in VeriScore's window."""


def ask_checked(
    question: str, searching: Searching, parts: Parts, settings: Settings, make_verifier: MakeVerifier
) -> Iterator[CitedSentence | Answer]:
    """Each sentence once it is settled, then the answer, with the refresh log in its trace.

    Raises nothing of the model's: where it fails, what was borne out stands, or else the extractive answer.
    """
    calls = settings.working_memory.most_model_calls
    limits = settings.answer.model_copy(update={"max_model_calls": calls})
    inquiry = look_into(question, searching, parts, settings.model_copy(update={"answer": limits}))
    seen = {each.passage.id: each for each in inquiry.passages}
    generator = within(parts.generator, inquiry.budget) if parts.generator else None
    writer = _writer(inquiry, generator, settings)
    knowledge = _knowledge(_Plainly(searching, seen), parts, settings, make_verifier(generator))
    writing = CheckedWriting(question, inquiry.query_vector, writer, knowledge, settings.working_memory)
    writing.fill(inquiry.evidence)
    yield from writing.run()
    draft = _draft(inquiry, writing)
    if not writing.accepted:
        yield from sentences_of(draft)
    answer = inquiry.answer(draft)
    yield replace(answer, trace=replace(answer.trace, refreshes=tuple(writing.log)))


@dataclass(frozen=True, slots=True)
class _Plainly:
    """A memory that is searched without a model, since every sentence is, and that remembers what it found."""

    searching: Searching
    seen: dict[PassageId, RankedPassage]
    cited: frozenset[PassageId] = frozenset()
    """What every search finds first, since a sentence rests on it."""

    @property
    def index(self) -> PublishedIndex:
        return self.searching.index

    def search(self, question: str, k: int = 5, method: str | None = None) -> list[RankedPassage]:
        query, method = question[:LONGEST_QUESTION], method or USUAL
        found = self.searching.search(query, self.searching.query_vector(query, method), k, method).passages
        self.seen.update((each.passage.id, each) for each in found)
        return [*(self.seen[each] for each in sorted(self.cited) if each in self.seen), *found]

    def citing(self, sentence: CitedSentence) -> _Plainly:
        """The same memory, which finds the passages that a sentence cites before all others."""
        return replace(self, cited=frozenset(each.passage for each in sentence.citations))


def _writer(inquiry: Inquiry, generator: Generator | None, settings: Settings) -> Writer:
    if generator is not None and isinstance(inquiry.answerer, ModelAnswerer):
        return ModelWriter(generator, settings.answer.style, inquiry.answerer.name)
    return CopyingWriter(inquiry.answerer)


def _knowledge(memory: _Plainly, parts: Parts, settings: Settings, verifier: Verifier) -> Knowledge:
    def look(query: str) -> Sequence[Evidence]:
        return gather_evidence(memory.index, memory.search(query, PASSAGES))

    def check(before: Sequence[CitedSentence], sentence: CitedSentence) -> Sequence[CheckedClaim]:
        claims = claims_of(before, sentence)
        return tuple(check_claims(claims, memory.citing(sentence), verifier, settings.check))

    def evidence_of(claims: Sequence[CheckedClaim]) -> Sequence[Evidence]:
        deciding = {each.verdict.citation.passage for each in claims if each.verdict.citation}
        passages = {found.passage.id: found for each in claims for found in each.passages}
        ordered = sorted(passages.values(), key=lambda found: found.passage.id not in deciding)
        return gather_evidence(memory.index, ordered[:PASSAGES])

    count = parts.generator.token_count if parts.generator else parts.embedder.token_count
    return Knowledge(look, check, evidence_of, count)


def claims_of(before: Sequence[CitedSentence], sentence: CitedSentence) -> list[Claim]:
    """The claims of a sentence; what "he" and "it" stand for is read from the sentences before it, or its source."""
    context = "".join(f"{each.text} " for each in before[-CONTEXT_SENTENCES:])
    topic = sentence.citations[0].title if sentence.citations else ""
    if not words(sentence.text):
        return []
    split = split_claims(context + sentence.text, topic)
    return [claim for claim in split.claims if claim.end > len(context)]


def _draft(inquiry: Inquiry, writing: CheckedWriting) -> Draft:
    warnings = tuple(writing.warnings)
    if not writing.accepted:
        return _without_sentences(inquiry, writing, warnings)
    if writing.failure is not None:
        warnings = (*warnings, f"The answer ends here, as the model failed: {writing.failure}")
    sentences, ending = tuple(writing.accepted), writing.ending
    kept = len(sentences) / (len(sentences) + writing.removed)
    is_held = _is_held(ending.short, sentences) or (not writing.removed and _is_yes_or_no(ending.short))
    span = ending.short if is_held else None
    citations, confidence = all_citations(sentences), round(ending.certainty * kept, 4)
    text = composed(sentences)
    if writing.writer.is_copying:
        head = f"{span}\n\n" if span and confidence >= CONFIDENT else ""
        text, sentences = f"{head}From the sources:\n{numbered(citations)}", ()
    return Draft(text, span, citations, None, confidence, sentences, warnings=warnings)


def _without_sentences(inquiry: Inquiry, writing: CheckedWriting, warnings: tuple[str, ...]) -> Draft:
    """Not in the documents, where nothing that was written is borne out; the extractive answer where nothing was."""
    if writing.failure is not None and not writing.removed:
        draft = ExtractiveAnswerer().answer(inquiry.question, inquiry.query_vector, inquiry.evidence)
        told = f"The model gave no answer, so this one is extractive: {writing.failure}"
        return replace(draft, warnings=(*warnings, told), method=ExtractiveAnswerer.name)
    why = writing.ending.refusal if not writing.removed and writing.ending.refusal else NOT_IN_THE_DOCUMENTS
    return Draft(
        why, None, (), why, writing.ending.certainty if not writing.removed else 0.0, warnings=warnings
    )


def _is_held(short: str, sentences: Sequence[CitedSentence]) -> bool:
    """Whether the short answer survived: it stands in a sentence that was kept."""
    wanted = " ".join(words(short))
    return wanted != "" and any(f" {wanted} " in f" {' '.join(words(each.text))} " for each in sentences)


def _is_yes_or_no(short: str) -> bool:
    """Whether it is an answer that no sentence would hold; it stands where nothing fell that it may rest on."""
    return words(short) in (["yes"], ["no"])
