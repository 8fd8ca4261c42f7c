"""The extractive answerer: copies the sentences that answer a question, cites them, adds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hippograph.generation.citations import cite, numbered
from hippograph.generation.comparison import Comparison, compare
from hippograph.generation.question_types import AnswerType, read_question
from hippograph.generation.refusal import THRESHOLD, judge, reason
from hippograph.generation.sentences import read_sentences
from hippograph.generation.spans import Span, best_span, span_of_option
from hippograph.generation.support import Support, choose_support
from hippograph.types import Draft, Evidence, Vectors

NOTHING_FOUND = "No passage was found for this question."
CONFIDENT = 0.25
"""A span below this confidence is left out of the text; the draft still carries it."""


class ExtractiveAnswerer:
    """Answers with sentences of the evidence in hop order, each cited; no language model."""

    name = "extractive"

    def __init__(self, most_sentences: int = 5, threshold: float = THRESHOLD) -> None:
        """An answer whose chance of being supported is below `threshold` is refused."""
        self._most_sentences = most_sentences
        self._threshold = threshold

    def answer(self, question: str, query_vector: Vectors, evidence: Sequence[Evidence]) -> Draft:
        """The sentences that answer the question, or a refusal when the evidence supports none."""
        asked = read_question(question)
        sentences = read_sentences(query_vector, evidence)
        if not sentences:
            return _refused(NOTHING_FOUND, 0.0)
        compared = compare(asked, sentences)
        wanted = compared.places if compared else ()
        support = choose_support(asked, query_vector, sentences, self._most_sentences, wanted)
        span = best_span(asked, support)
        judgement = judge(asked, sentences, support)
        if judgement.chance < self._threshold:
            return _refused(reason(asked, judgement), judgement.chance)
        citations = tuple(cite(evidence[chosen.evidence], chosen.sentence) for chosen in support.sentences)
        words, certainty = _shortest(asked.type, compared, span, support)
        draft = Draft("", words, citations, refusal=None, confidence=round(judgement.chance * certainty, 4))
        return replace(draft, text=_composed(draft))


def _shortest(
    type_: AnswerType, compared: Comparison | None, span: Span | None, support: Support
) -> tuple[str | None, float]:
    """The span and how sure it is: what a comparison says, else the likeliest candidate."""
    if type_ is AnswerType.YES_NO:
        return (compared.answer, 0.6 if compared.is_sure else 0.4) if compared else (None, 0.3)
    if type_ is AnswerType.CHOICE and compared:
        return span_of_option(compared.answer, support), 0.7 if compared.is_sure else 0.5
    return (span.candidate.text, span.share) if span else (None, 0.3)


def _composed(draft: Draft) -> str:
    """The span, where it is likely enough, and the numbered sentences; nothing that is not in the sources."""
    head = f"{draft.span}\n\n" if draft.span and draft.confidence >= CONFIDENT else ""
    return f"{head}From the sources:\n{numbered(draft.citations)}"


def _refused(why: str, chance: float) -> Draft:
    return Draft(text=why, span=None, citations=(), refusal=why, confidence=round(1 - chance, 4))
