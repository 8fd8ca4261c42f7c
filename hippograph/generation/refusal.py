"""Refusal: whether the evidence supports an answer at all, and one sentence that says what is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.generation.overlap import FUNCTION_WORDS, content_stems, stem
from hippograph.generation.question_types import AnswerType, Question
from hippograph.generation.sentences import EvidenceSentence
from hippograph.generation.support import Support
from hippograph.text.names import normal_name, words

THRESHOLD = 0.25
"""An answer whose chance of being supported is below this is refused."""

FEATURES = (
    "one",
    "best_similarity",
    "mean_similarity",
    "missing_anywhere",
    "missing_names",
    "names_apart",
    "relation_beside_name",
    "scattered",
)
WEIGHTS = np.array([-3.22, 3.25, 1.52, -0.84, -0.81, -2.23, 2.28, -2.77])
SHORT = 4
"""A question with at most so many needed stems is about one fact, which one passage should hold."""

_ASKING = re.compile(r"\bhow (\w+)")
_GENERIC_NOUNS = "name called person man woman people kind type sort thing year time words"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The chance that the evidence supports an answer, 0..1, and what it lacks."""

    chance: float
    missing_names: tuple[str, ...]
    missing_words: tuple[str, ...]


def judge(question: Question, sentences: Sequence[EvidenceSentence], support: Support) -> Judgement:
    """How well the evidence carries an answer, by a logistic model over a few shares and cosines."""
    features = support_features(question, sentences)
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
    """The names of the question that the evidence does not hold: some word stands nowhere."""
    held = frozenset().union(*(sentence.stems for sentence in sentences))
    return tuple(name for name in question.names if set(content_stems(name)) - held)


def needed_stems(question: Question) -> list[str]:
    """The stems an answer's sentences should say: without those that only ask ("how high")."""
    asking = {stem(word) for word in (*_ASKING.findall(question.text.lower()), *_GENERIC_NOUNS.split())}
    if question.type in (AnswerType.DATE, AnswerType.NUMBER, AnswerType.PLACE):
        asking.add(stem(question.head))
    if question.type is AnswerType.DATE:
        # "(1815 – 1852)" says when someone was born and died without the words.
        asking |= {"bear", "die"}
    return [word for word in question.stems if word not in asking]


def missing_words(question: Question, support: Support) -> tuple[str, ...]:
    """The needed words of the question, as written there, that no supporting sentence says."""
    held = frozenset().union(*(sentence.stems for sentence in support.sentences))
    needed = needed_stems(question)
    return tuple(
        dict.fromkeys(
            word
            for word in re.findall(r"[\w'’-]+", question.text)
            if word.lower() not in FUNCTION_WORDS
            and any(stem(part) in needed and stem(part) not in held for part in words(word))
        )
    )


def support_features(question: Question, sentences: Sequence[EvidenceSentence]) -> npt.NDArray[np.float64]:
    """What speaks for an answer: shape (FEATURES,)."""
    everything = frozenset().union(*(sentence.stems for sentence in sentences))
    similarities = sorted((sentence.similarity for sentence in sentences), reverse=True)
    needed = needed_stems(question)
    count = max(1, len(question.names))
    return np.array(
        [
            1.0,
            similarities[0],
            sum(similarities[:3]) / len(similarities[:3]),
            _missing_share(needed, everything),
            len(missing_names(question, sentences)) / count,
            len(_names_apart(question, sentences)) / count,
            _relation_beside_name(question, sentences, needed),
            _scattered(needed, sentences),
        ]
    )


def _missing_share(needed: Sequence[str], held: frozenset[str]) -> float:
    return len([word for word in needed if word not in held]) / max(1, len(needed))


def _names_apart(question: Question, sentences: Sequence[EvidenceSentence]) -> list[str]:
    """The names of the question whose words never stand together, in a sentence or a title."""
    texts = [f" {normal_name(sentence.text)} | {normal_name(sentence.title)} " for sentence in sentences]
    return [name for name in question.names if not any(f" {normal_name(name)} " in text for text in texts)]


def _relation_beside_name(
    question: Question, sentences: Sequence[EvidenceSentence], needed: Sequence[str]
) -> float:
    """The largest share of the needed stems beside the names that one sentence about a name says."""
    named = {stem for name in question.names for stem in content_stems(name)}
    relation = [word for word in needed if word not in named]
    if not relation or not named:
        return 0.5
    return max(
        (
            len([word for word in relation if word in sentence.own_stems]) / len(relation)
            for sentence in sentences
            if named & sentence.stems
        ),
        default=0.0,
    )


def _scattered(needed: Sequence[str], sentences: Sequence[EvidenceSentence]) -> float:
    """For a short question: the share of its needed stems that the best passage lacks. 0 for a longer one."""
    if len(needed) > SHORT:
        return 0.0
    passages: dict[int, frozenset[str]] = {}
    for sentence in sentences:
        passages[sentence.evidence] = passages.get(sentence.evidence, frozenset()) | sentence.stems
    return min(_missing_share(needed, held) for held in passages.values())


def _listed(things: Sequence[str]) -> str:
    quoted = [f"“{thing}”" for thing in things[:3]]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
