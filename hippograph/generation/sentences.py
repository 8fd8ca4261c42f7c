"""The sentences of the evidence, read once: names, stems, and how near the question each is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hippograph.generation.names import names_in
from hippograph.generation.overlap import FUNCTION_WORDS, content_stems
from hippograph.text.names import normal_name, title_name
from hippograph.types import Evidence, Mention, Triple, Vectors

_HEADING = re.compile(r"#{1,6}\s|[\W_]*$")
"""A Markdown heading names things and says nothing of them; a rule or a row of dots does not even name."""


@dataclass(frozen=True, slots=True)
class EvidenceSentence:
    """A sentence of the evidence: where it stands, what it says and names."""

    evidence: int
    sentence: int
    title: str
    text: str
    stems: frozenset[str]
    """Stems of the sentence and of its document's title, which says what its "he" or "it" is about."""
    own_stems: frozenset[str]
    title_stems: frozenset[str]
    """Stems of the title without its qualifier."""
    names: frozenset[str]
    """Normal names of the things it names, its title's among them."""
    vector: Vectors
    similarity: float
    """Cosine with the question."""
    mentions: tuple[Mention, ...]
    triples: tuple[Triple, ...]


def read_sentences(query_vector: Vectors, evidence: Sequence[Evidence]) -> list[EvidenceSentence]:
    """Every sentence but headings, in rank and reading order. One without a vector counts as unlike."""
    found: list[EvidenceSentence] = []
    for place, item in enumerate(evidence):
        passage = item.found.passage
        title = title_name(passage.title)
        title_stems = frozenset(content_stems(title))
        whole_title = frozenset(content_stems(passage.context()))
        for number, sentence in enumerate(passage.sentences):
            if _HEADING.match(sentence.text):
                continue
            has_vector = number < len(item.sentence_vectors)
            vector = item.sentence_vectors[number] if has_vector else np.zeros_like(query_vector)
            own = frozenset(content_stems(sentence.text))
            mentions = tuple(mention for mention in item.mentions if mention.sentence == number)
            found.append(
                EvidenceSentence(
                    evidence=place,
                    sentence=number,
                    title=passage.title,
                    text=sentence.text,
                    stems=own | whole_title,
                    own_stems=own,
                    title_stems=title_stems,
                    names=_names(title, sentence.text),
                    vector=vector,
                    similarity=float(vector @ query_vector),
                    mentions=mentions,
                    triples=tuple(triple for triple in item.triples if triple.sentence == number),
                )
            )
    return found


def _names(title: str, text: str) -> frozenset[str]:
    named = {normal_name(name) for name in (title, *names_in(text))}
    return frozenset(name for name in named if name and name not in FUNCTION_WORDS)
