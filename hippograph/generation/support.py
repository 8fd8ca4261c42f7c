"""Supporting sentences: the few that answer a question, in hop order, chosen without a model call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.generation.candidates import find_candidates
from hippograph.generation.overlap import content_stems, coverage, rarity
from hippograph.generation.question_types import Question
from hippograph.generation.sentences import EvidenceSentence
from hippograph.generation.type_match import fits_type
from hippograph.text.names import normal_name
from hippograph.types import Vectors

BASES = 3
"""How many of the sentences nearest the question the others are linked to."""

FEATURES = (
    "similarity",
    "coverage",
    "rank",
    "pair",
    "uncovered",
    "named_there",
    "names_title",
    "same_passage",
    "answer_type",
    "opening",
    "shared_names",
    "title_asked",
    "likeness",
    "head",
    "length",
)
WEIGHTS = np.array([1.4, 1.4, 1.64, 0.86, 3.48, 1.37, -0.1, -0.25, 2.37, 0.73, 1.9, -0.03, -0.68, 0.59, 0.08])

Features = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Support:
    """The chosen sentences in hop order, with the score each was chosen by."""

    sentences: tuple[EvidenceSentence, ...]
    scores: tuple[float, ...]
    hops: tuple[int, ...]
    """1 for a sentence that answers to the question itself, 2 for one that follows from another."""


def choose_support(
    question: Question,
    query_vector: Vectors,
    sentences: Sequence[EvidenceSentence],
    limit: int,
    wanted: Sequence[int] = (),
) -> Support:
    """The sentence nearest the question, the wanted ones and the best others, by hop and then by score."""
    if not sentences:
        return Support((), (), ())
    bases = nearest(question, sentences)
    features = sentence_features(question, query_vector, sentences, bases)
    scores = features @ WEIGHTS
    best = (int(place) for place in np.argsort(-scores, kind="stable"))
    chosen = list(dict.fromkeys([*wanted, bases[0], *best]))[:limit]
    hops = {place: hop_of(question, sentences[place], place == bases[0]) for place in chosen}
    chosen.sort(key=lambda place: (hops[place], place != bases[0], -scores[place]))
    return Support(
        sentences=tuple(sentences[place] for place in chosen),
        scores=tuple(float(scores[place]) for place in chosen),
        hops=tuple(hops[place] for place in chosen),
    )


def nearest(question: Question, sentences: Sequence[EvidenceSentence]) -> list[int]:
    """The sentences that answer to the question itself: by cosine, covered words and the passage's rank."""
    rare = rarity(sentence.stems for sentence in sentences)
    direct = [
        sentence.similarity
        + 0.4 * coverage(question.stems, sentence.stems, rare)
        + 0.15 / (1 + sentence.evidence)
        for sentence in sentences
    ]
    return sorted(range(len(sentences)), key=lambda place: -direct[place])[:BASES]


def hop_of(question: Question, sentence: EvidenceSentence, is_nearest: bool) -> int:
    """1 where the sentence speaks of something the question names, or is nearest to it; else 2."""
    asked = {normal_name(name) for name in question.names}
    return 1 if is_nearest or asked & sentence.names else 2


def sentence_features(
    question: Question,
    query_vector: Vectors,
    sentences: Sequence[EvidenceSentence],
    bases: Sequence[int],
) -> Features:
    """What speaks for each sentence: shape (sentences, FEATURES). `bases` are those nearest it."""
    rare = rarity(sentence.stems for sentence in sentences)
    covered = sentences[bases[0]].stems
    left = [word for word in question.stems if word not in covered]
    asked_names = {normal_name(name) for name in question.names}
    head = content_stems(question.head)
    vectors = np.stack([sentence.vector for sentence in sentences])
    base_vectors = vectors[list(bases)]
    pair = _pair_cosines(vectors, base_vectors, query_vector)
    likeness = vectors @ base_vectors.T
    rows = []
    for place, sentence in enumerate(sentences):
        others = [other for other in bases if other != place]
        links = [_links(sentence, sentences[other], asked_names) for other in others] or [(0.0, 0.0, 0.0)]
        rows.append(
            (
                sentence.similarity,
                coverage(question.stems, sentence.stems, rare),
                1 / (1 + sentence.evidence),
                max((pair[place, bases.index(other)] for other in others), default=0.0),
                coverage(left, sentence.stems, rare) * len(left) / max(1, len(question.stems)),
                max(link[0] for link in links),
                max(link[1] for link in links),
                float(sentence.evidence == sentences[bases[0]].evidence),
                float(has_answer_type(question, sentence)),
                float(sentence.sentence == 0),
                max(link[2] for link in links),
                float(bool(sentence.title_stems) and sentence.title_stems <= set(question.stems)),
                max((likeness[place, bases.index(other)] for other in others), default=0.0),
                float(bool(head) and set(head) <= sentence.own_stems),
                min(1.0, len(sentence.own_stems) / 20),
            )
        )
    return np.array(rows)


def has_answer_type(question: Question, sentence: EvidenceSentence) -> bool:
    """Whether the sentence holds something of the kind that is asked for, not said by the question."""
    return any(
        fits_type(question, candidate, sentence.text) > 0
        and not set(content_stems(candidate.text)) <= set(question.stems)
        for candidate in find_candidates(sentence.text, sentence.mentions, ())
    )


def _pair_cosines(vectors: Vectors, bases: Vectors, query_vector: Vectors) -> Features:
    """Cosine of the question with the sum of each sentence and each base: shape (sentences, bases)."""
    sums = vectors[:, None, :] + bases[None, :, :]
    lengths = np.maximum(np.linalg.norm(sums, axis=2), 1e-9)
    return np.asarray((sums @ query_vector) / lengths, dtype=np.float64)


def _links(sentence: EvidenceSentence, base: EvidenceSentence, asked: set[str]) -> tuple[float, float, float]:
    """Whether the base names the sentence's title, the sentence the base's; and new names in common."""
    if sentence.title == base.title:
        return 0.0, 0.0, 0.0
    named_there = bool(sentence.title_stems) and sentence.title_stems <= base.own_stems
    names_title = bool(base.title_stems) and base.title_stems <= sentence.own_stems
    common = (sentence.names & base.names) - asked
    return float(named_there), float(names_title), min(1.0, len(common) / 2)
