"""The extractive answerer: copies the sentences that answer a question, cites them, adds nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hippograph.generation.citations import cite, numbered
from hippograph.generation.support import choose_support, read_sentences
from hippograph.types import Draft, Evidence, Vectors

NOTHING_FOUND = "The index holds no passage for this question."


class ExtractiveAnswerer:
    """Answers with sentences of the evidence in hop order, each cited; no language model."""

    name = "extractive"

    def __init__(self, most_sentences: int = 5) -> None:
        self._most_sentences = most_sentences

    def answer(self, question: str, query_vector: Vectors, evidence: Sequence[Evidence]) -> Draft:
        """The sentences that answer the question, or a refusal when there are none."""
        sentences = read_sentences(query_vector, evidence)
        if not sentences:
            return Draft(text=NOTHING_FOUND, span=None, citations=(), refusal=NOTHING_FOUND, confidence=0.0)
        support = choose_support(question, query_vector, sentences, self._most_sentences)
        citations = tuple(cite(evidence[chosen.evidence], chosen.sentence) for chosen in support.sentences)
        confidence = min(1.0, max(0.0, support.sentences[0].similarity))
        return Draft(
            text=f"From the sources:\n{numbered(citations)}",
            span=None,
            citations=citations,
            refusal=None,
            confidence=confidence,
        )
