"""Inquiry: a question with what was found for it, from the search to the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hippograph.budget import Budget
from hippograph.errors import SettingsError
from hippograph.ports import Answerer, ModelAnswerer
from hippograph.types import Answer, Draft, Evidence, RankedPassage, SearchTrace, Usage, Vectors


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question with what was found for it, and who writes the answer."""

    question: str
    query_vector: Vectors
    passages: tuple[RankedPassage, ...]
    evidence: tuple[Evidence, ...]
    trace: SearchTrace
    answerer: Answerer
    search_usage: Usage
    """What the search took."""
    budget: Budget
    """What writing the answer may take, and has taken."""

    def model_answerer(self) -> ModelAnswerer:
        """The answerer, where it has a model. Raises SettingsError where it has none."""
        if isinstance(self.answerer, ModelAnswerer):
            return self.answerer
        raise SettingsError(
            "An answer in a shape is written by a language model. Set models.answerer to 'llm', and "
            "models.generator to 'openai' or a class of your own."
        )

    def answer(self, draft: Draft) -> Answer:
        """The draft with all that led to it."""
        return Answer(
            question=self.question,
            text=draft.text,
            span=draft.span,
            citations=draft.citations,
            refusal=draft.refusal,
            confidence=draft.confidence,
            method=draft.method or self.answerer.name,
            passages=self.passages,
            trace=replace(self.trace, warnings=(*self.trace.warnings, *draft.warnings)),
            usage=self.search_usage + self.budget.spent(),
            sentences=draft.sentences,
            data=draft.data,
        )
