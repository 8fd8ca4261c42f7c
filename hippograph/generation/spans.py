"""One typed span: the few words of the supporting sentences that look most like the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.generation.candidates import Candidate, CandidateKind, find_candidates
from hippograph.generation.overlap import content_stems, coverage, rarity
from hippograph.generation.question_types import AnswerType, Question
from hippograph.generation.sentences import EvidenceSentence
from hippograph.generation.support import Support
from hippograph.generation.type_match import fits_type
from hippograph.text.names import normal_name, title_name

NEAR_CHARACTERS = 60
"""How far to either side of a candidate the question's words are looked for."""

FEATURES = (
    "order",
    "sentence_score",
    "type_fit",
    "near",
    "in_question",
    "relation",
    "is_title",
    "sentences_naming_it",
    "name",
    "quote",
    "phrase",
    "phrase_asked",
    "words",
    "head",
    "inside_another",
    "opens_sentence",
    "second_hop",
    "before",
)
_OF_SENTENCE = (0.4, 0.77)
_OF_CANDIDATE = (2.49, -0.37, -0.17, 1.36, 0.12, -0.14, -0.08, 0.73, -0.95, -0.5, 0.04, 0.27, -0.29)
_OF_PLACE = (0.29, 1.27, 0.3)
WEIGHTS = np.array([*_OF_SENTENCE, *_OF_CANDIDATE, *_OF_PLACE])

Features = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate of one of the supporting sentences (`place` counts from 0 among them) and its share."""

    candidate: Candidate
    place: int
    share: float
    """Its softmax share among all candidates, 0..1."""


def best_span(question: Question, support: Support) -> Span | None:
    """The likeliest candidate of the supporting sentences; None where the question says them all."""
    candidates = support_candidates(question, support)
    if not candidates:
        return None
    features = span_features(question, support, candidates)
    scores = features @ WEIGHTS
    shares = np.exp(scores - scores.max())
    best = int(np.argmax(scores))
    place, candidate = candidates[best]
    return Span(candidate, place, float(shares[best] / shares.sum()))


def support_candidates(question: Question, support: Support) -> list[tuple[int, Candidate]]:
    """Every candidate of the supporting sentences that says something the question does not."""
    asked = set(question.stems)
    return [
        (place, candidate)
        for place, sentence in enumerate(support.sentences)
        for candidate in find_candidates(sentence.text, sentence.mentions, sentence.triples)
        if normal_name(candidate.text) and not _is_said(candidate, asked)
    ]


def _is_said(candidate: Candidate, asked: set[str]) -> bool:
    stems = content_stems(candidate.text)
    if candidate.kind in (CandidateKind.NUMBER, CandidateKind.DATE):
        return bool(stems) and set(stems) <= asked
    return set(stems) <= asked


def span_features(
    question: Question, support: Support, candidates: Sequence[tuple[int, Candidate]]
) -> Features:
    """What speaks for each candidate: shape (candidates, FEATURES)."""
    rare = rarity(sentence.stems for sentence in support.sentences)
    best_score = max(support.scores)
    asked = set(question.stems)
    head = set(content_stems(question.head))
    left_open = len(asked - support.sentences[0].stems) / max(1, len(asked))
    rows = []
    for place, candidate in candidates:
        sentence = support.sentences[place]
        name = normal_name(candidate.text)
        stems = content_stems(candidate.text)
        before = sentence.text[max(0, candidate.start - NEAR_CHARACTERS) : candidate.start]
        after = sentence.text[candidate.end : candidate.end + NEAR_CHARACTERS]
        beside = set(content_stems(before[-25:] + " " + candidate.text + " " + after[:25]))
        rows.append(
            (
                1 / (1 + place),
                support.scores[place] - best_score,
                fits_type(question, candidate, sentence.text),
                coverage(question.stems, frozenset(content_stems(before + " " + after)), rare),
                len([stem for stem in stems if stem in asked]) / max(1, len(stems)),
                _relation(name, sentence, asked),
                float(name == normal_name(title_name(sentence.title))),
                min(3, sum(name in other.names for other in support.sentences)) / 3,
                float(candidate.kind is CandidateKind.NAME),
                float(candidate.kind is CandidateKind.QUOTE),
                float(candidate.kind is CandidateKind.PHRASE),
                float(candidate.kind is CandidateKind.PHRASE and question.type is AnswerType.ANYTHING),
                min(8, len(candidate.text.split())) / 8,
                float(bool(head & beside)),
                float(_is_inside_another(candidate, place, candidates)),
                float(candidate.start < 5),
                left_open * float(support.hops[place] > 1),
                float(bool(set(content_stems(before)[-2:]) & asked)),
            )
        )
    return np.array(rows)


def _relation(name: str, sentence: EvidenceSentence, asked: set[str]) -> float:
    """How much of a fact's relation the question says, times its confidence, where the candidate is one end of it."""
    best = 0.0
    for triple in sentence.triples:
        if name in (normal_name(triple.subject), normal_name(triple.object)):
            stems = content_stems(triple.relation)
            said = len([stem for stem in stems if stem in asked]) / max(1, len(stems))
            best = max(best, said * triple.confidence)
    return best


def _is_inside_another(candidate: Candidate, place: int, candidates: Sequence[tuple[int, Candidate]]) -> bool:
    return any(
        other_place == place
        and (other.start, other.end) != (candidate.start, candidate.end)
        and other.start <= candidate.start
        and candidate.end <= other.end
        for other_place, other in candidates
    )


def span_of_option(option: str, support: Support) -> str | None:
    """An option of the question as a supporting sentence writes it; None where none does."""
    for sentence in support.sentences:
        place = sentence.text.casefold().find(option.casefold())
        if place >= 0:
            return sentence.text[place : place + len(option)]
    wanted = set(content_stems(option))
    for sentence in support.sentences:
        for candidate in find_candidates(sentence.text, sentence.mentions, ()):
            stems = set(content_stems(candidate.text))
            if candidate.kind is CandidateKind.NAME and stems and (wanted <= stems or stems <= wanted):
                return candidate.text
    return None
