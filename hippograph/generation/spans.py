"""One typed span: the few words of the supporting sentences that look most like the answer."""

from __future__ import annotations

import re
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
    "similarity",
    "type_fit",
    "near",
    "in_question",
    "relation",
    "relation_to_name",
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
    "demonym",
)
_OF_SENTENCE = (1.13, 0.73, -1.24)
_OF_CANDIDATE = (2.44, -0.32, -0.12, 1.27, 0.33, 0.09, -0.12, -0.37, 0.48, -1.18, -0.54, -0.03, 0.28, -0.39)
_OF_PLACE = (0.36, 1.01, 0.43, 0.07)
WEIGHTS = np.array([*_OF_SENTENCE, *_OF_CANDIDATE, *_OF_PLACE])

Features = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate of one of the supporting sentences (`place` counts from 0 among them) and its share."""

    candidate: Candidate
    place: int
    share: float
    """Its softmax share among all candidates, 0..1."""
    fit: float
    """How well its kind fits the question, -1..1."""


_DEMONYM = re.compile(r"[A-Z]\w+(?:ish|ese|ian|ean|can|an|i)")


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
    fit = fits_type(question, candidate, support.sentences[place].text)
    return Span(candidate, place, float(shares[best] / shares.sum()), fit)


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
    asked_names = {normal_name(name) for name in question.names}
    head = set(content_stems(question.head))
    rows = []
    for place, candidate in candidates:
        sentence = support.sentences[place]
        name = normal_name(candidate.text)
        stems = content_stems(candidate.text)
        before = sentence.text[max(0, candidate.start - NEAR_CHARACTERS) : candidate.start]
        after = sentence.text[candidate.end : candidate.end + NEAR_CHARACTERS]
        relation, to_name = _relation(name, sentence, asked, asked_names)
        beside = set(content_stems(before[-25:] + " " + candidate.text + " " + after[:25]))
        rows.append(
            (
                1 / (1 + place),
                support.scores[place] - best_score,
                sentence.similarity,
                fits_type(question, candidate, sentence.text),
                coverage(question.stems, frozenset(content_stems(before + " " + after)), rare),
                len([stem for stem in stems if stem in asked]) / max(1, len(stems)),
                relation,
                to_name,
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
                float(support.hops[place] > 1),
                float(bool(set(content_stems(before)[-2:]) & asked)),
                float(_DEMONYM.fullmatch(candidate.text) is not None),
            )
        )
    return np.array(rows)


def _relation(
    name: str, sentence: EvidenceSentence, asked: set[str], asked_names: set[str]
) -> tuple[float, float]:
    """For a fact the candidate is one end of: how much of its relation the question says, and whether it
    names the other end; each times the fact's confidence."""
    best, named = 0.0, 0.0
    for triple in sentence.triples:
        subject, object_ = normal_name(triple.subject), normal_name(triple.object)
        if name not in (subject, object_):
            continue
        stems = content_stems(triple.relation)
        overlap = len([stem for stem in stems if stem in asked]) / len(stems) if stems else 0.0
        best = max(best, overlap * triple.confidence)
        other = object_ if name == subject else subject
        named = max(named, float(other in asked_names) * triple.confidence)
    return best, named


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
