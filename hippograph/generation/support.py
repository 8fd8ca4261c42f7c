"""Supporting sentences: the few that answer to a question, in hop order, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hippograph.generation.overlap import content_stems, coverage, rarity
from hippograph.types import Evidence, Vectors


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the evidence: which passage, which of its sentences, and what it says."""

    evidence: int
    sentence: int
    title: str
    text: str
    stems: frozenset[str]
    """The stems of the sentence and of its document's title: what the sentence is understood to say."""
    title_stems: frozenset[str]
    own_stems: frozenset[str]
    vector: Vectors
    similarity: float
    """Cosine with the question."""


@dataclass(frozen=True, slots=True)
class Support:
    """The chosen sentences in hop order and how well each fits, best possible about 1."""

    sentences: tuple[Sentence, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SupportWeights:
    """What counts when sentences are chosen. Every part is a cosine or a share, so the weights compare."""

    similarity: float = 1.0
    coverage: float = 0.4
    rank: float = 0.15
    pair: float = 0.6
    uncovered: float = 0.4
    link: float = 0.25
    answer_type: float = 0.2
    repeated: float = 0.3


WEIGHTS = SupportWeights()


def read_sentences(query_vector: Vectors, evidence: Sequence[Evidence]) -> list[Sentence]:
    """Every sentence of the evidence, in rank and reading order. One without a vector counts as unlike."""
    found = []
    for place, item in enumerate(evidence):
        passage = item.found.passage
        title_stems = frozenset(content_stems(passage.title))
        for number, sentence in enumerate(passage.sentences):
            has_vector = number < len(item.sentence_vectors)
            vector = item.sentence_vectors[number] if has_vector else np.zeros_like(query_vector)
            own = frozenset(content_stems(sentence.text))
            found.append(
                Sentence(
                    evidence=place,
                    sentence=number,
                    title=passage.title,
                    text=sentence.text,
                    stems=own | title_stems,
                    title_stems=title_stems,
                    own_stems=own,
                    vector=vector,
                    similarity=float(vector @ query_vector),
                )
            )
    return found


def choose_support(
    question: str,
    query_vector: Vectors,
    sentences: Sequence[Sentence],
    limit: int = 5,
    weights: SupportWeights = WEIGHTS,
) -> Support:
    """Choose sentences one by one: first what answers to the question, then what the chosen ones leave open.

    After the first, a sentence counts by the cosine of the question with the sum of its vector and a chosen
    one's (a pair that says the question together), by question words nobody has covered, and by a link to a
    chosen sentence: its title is named there, or the other way round.
    """
    wanted = list(dict.fromkeys(content_stems(question)))
    rare = rarity(sentence.stems for sentence in sentences)
    chosen: list[int] = []
    scores: list[float] = []
    base = [
        weights.similarity * sentence.similarity
        + weights.coverage * coverage(wanted, sentence.stems, rare)
        + weights.rank / (1 + sentence.evidence)
        for sentence in sentences
    ]
    while len(chosen) < min(limit, len(sentences)):
        best = max(
            (place for place in range(len(sentences)) if place not in chosen),
            key=lambda place: (
                base[place] + _gain(place, chosen, sentences, query_vector, wanted, rare, weights)
            ),
        )
        scores.append(base[best] + _gain(best, chosen, sentences, query_vector, wanted, rare, weights))
        chosen.append(best)
    return Support(tuple(sentences[place] for place in chosen), tuple(scores))


def _gain(
    place: int,
    chosen: Sequence[int],
    sentences: Sequence[Sentence],
    query_vector: Vectors,
    wanted: Sequence[str],
    rare: dict[str, float],
    weights: SupportWeights,
) -> float:
    if not chosen:
        return 0.0
    sentence = sentences[place]
    others = [sentences[other] for other in chosen]
    covered = frozenset().union(*(other.stems for other in others))
    left = [word for word in wanted if word not in covered]
    return (
        weights.pair * max(_pair_cosine(query_vector, sentence, other) for other in others)
        + weights.uncovered * coverage(left, sentence.stems, rare) * (len(left) / max(1, len(wanted)))
        + weights.link * max(_linked(sentence, other) for other in others)
    )


def _pair_cosine(query_vector: Vectors, left: Sentence, right: Sentence) -> float:
    total = left.vector + right.vector
    return float(total @ query_vector / max(float(np.linalg.norm(total)), 1e-9))


def _linked(left: Sentence, right: Sentence) -> float:
    """1 when one's title is named in the other's text, and they are of different documents."""
    if left.title_stems == right.title_stems:
        return 0.0
    named = (left.title_stems and left.title_stems <= right.own_stems) or (
        right.title_stems and right.title_stems <= left.own_stems
    )
    return float(bool(named))
