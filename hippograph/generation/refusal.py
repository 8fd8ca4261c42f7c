"""Refusal: whether the evidence supports an answer at all, and one sentence that says what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.generation.overlap import FUNCTION_WORDS, content_stems, coverage, rarity, stem
from hippograph.generation.question_types import AnswerType, Question
from hippograph.generation.sentences import EvidenceSentence
from hippograph.generation.spans import Span
from hippograph.generation.support import Support
from hippograph.text.names import words

THRESHOLD = 0.5
"""An answer whose chance of being supported is below this is refused."""

FEATURES = (
    "one",
    "best_similarity",
    "mean_similarity",
    "coverage",
    "coverage_of_one",
    "coverage_of_all",
    "missing_names",
    "relation_coverage",
    "span_fit",
    "span_share",
    "is_long",
)
WEIGHTS = np.array([-3.0, 4.0, 0.0, 2.0, 2.0, 1.0, -3.0, 2.0, 0.5, 0.5, 0.0])


@dataclass(frozen=True, slots=True)
class Judgement:
    """The chance that the evidence supports an answer, 0..1, and what it lacks."""

    chance: float
    missing_names: tuple[str, ...]
    missing_words: tuple[str, ...]


def judge(
    question: Question, sentences: Sequence[EvidenceSentence], support: Support, span: Span | None
) -> Judgement:
    """How well the evidence carries an answer, by a logistic model over a few shares and cosines."""
    features = support_features(question, sentences, support, span)
    chance = 1 / (1 + np.exp(-float(features @ WEIGHTS)))
    return Judgement(chance, missing_names(question, sentences), missing_words(question, support))


def reason(question: Question, judgement: Judgement) -> str:
    """One sentence that says what the evidence lacks."""
    if judgement.missing_names:
        return f"No passage that was found names {_listed(judgement.missing_names)}."
    if judgement.missing_words:
        return f"The passages that were found do not speak of {_listed(judgement.missing_words)}."
    kind = {
        AnswerType.PERSON: "a person",
        AnswerType.PLACE: "a place",
        AnswerType.DATE: "a date",
        AnswerType.NUMBER: "a number",
    }.get(question.type, "an answer")
    return f"No sentence that was found gives {kind} for this question."


def missing_names(question: Question, sentences: Sequence[EvidenceSentence]) -> tuple[str, ...]:
    """The names of the question that the evidence does not hold: some word of theirs stands in no sentence."""
    held = frozenset().union(*(sentence.stems for sentence in sentences))
    return tuple(name for name in question.names if set(content_stems(name)) - held)


def missing_words(question: Question, support: Support) -> tuple[str, ...]:
    """The words of the question, as written there, that no supporting sentence says; nouns that ask are left out."""
    held = frozenset().union(*(sentence.stems for sentence in support.sentences))
    asking = set(content_stems(question.head))
    return tuple(
        dict.fromkeys(
            word
            for word in words(question.text)
            if word not in FUNCTION_WORDS and stem(word) not in held and stem(word) not in asking
        )
    )


def support_features(
    question: Question, sentences: Sequence[EvidenceSentence], support: Support, span: Span | None
) -> npt.NDArray[np.float64]:
    """What speaks for an answer: shape (FEATURES,)."""
    rare = rarity(sentence.stems for sentence in sentences)
    held = frozenset().union(*(sentence.stems for sentence in support.sentences))
    everything = frozenset().union(*(sentence.stems for sentence in sentences))
    similarities = sorted((sentence.similarity for sentence in sentences), reverse=True)
    asking = set(content_stems(question.head)) if question.type is not AnswerType.ANYTHING else set()
    wanted = [word for word in question.stems if word not in asking]
    return np.array(
        [
            1.0,
            similarities[0],
            sum(similarities[:3]) / len(similarities[:3]),
            coverage(wanted, held, rare),
            max(coverage(wanted, sentence.stems, rare) for sentence in support.sentences),
            coverage(wanted, everything, rare),
            len(missing_names(question, sentences)) / max(1, len(question.names)),
            _relation_coverage(question, sentences, wanted),
            span.fit if span else -1.0,
            span.share if span else 0.0,
            min(1.0, len(question.stems) / 15),
        ]
    )


def _relation_coverage(
    question: Question, sentences: Sequence[EvidenceSentence], wanted: Sequence[str]
) -> float:
    """The share of the question's words beside its names that a sentence about one of the names says."""
    named = {stem for name in question.names for stem in content_stems(name)}
    relation = [word for word in wanted if word not in named]
    if not relation or not named:
        return 0.5
    best = 0.0
    for sentence in sentences:
        if named & sentence.stems:
            best = max(best, len([word for word in relation if word in sentence.own_stems]) / len(relation))
    return best


def _listed(things: Sequence[str]) -> str:
    quoted = [f"“{thing}”" for thing in things[:3]]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
