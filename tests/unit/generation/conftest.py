"""A small hand-written world: passages with real sentences, and vectors that count words."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import pytest

from hippograph.text.names import words
from hippograph.text.sentences import split_sentences
from hippograph.types import (
    DocumentId,
    Evidence,
    Passage,
    PassageId,
    RankedPassage,
    Row,
    Sentence,
    Vectors,
)

DIMENSION = 512
TEXTS = {
    "The Iron Bridge": "The Iron Bridge is a stone arch over the river Tamm. It was designed by Ada Quist in 1871.",
    "Ada Quist": "Ada Quist (3 May 1840 – 9 June 1912) was a Danish engineer. She was born in Ribe.",
    "Noor Vane": "Noor Vane (born 12 July 1852) was an English painter. She was born in Hull.",
    "The Grey Tower": "The Grey Tower is a lighthouse. It is 41 metres high and has 7 rooms.",
    "The White Tower": "The White Tower is a lighthouse. It is 29 metres high.",
    "Tamm": "The Tamm is a river of 85 kilometres. Two ferries cross it near Lund.",
}


def vector_of(text: str) -> Vectors:
    """A unit vector that counts the words of a text, each at a place made from its letters."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    for word in words(text):
        vector[zlib.crc32(word.encode()) % DIMENSION] += 1
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def evidence_of(title: str, text: str, rank: int = 1, offset: int = 0) -> Evidence:
    """A passage that begins `offset` characters into its document, as evidence."""
    sentences = tuple(
        Sentence(text[start:end], start + offset, end + offset) for start, end in split_sentences(text)
    )
    passage = Passage(
        id=PassageId(f"p-{title}"),
        document=DocumentId(f"d-{title}"),
        title=title,
        heading="",
        text=text,
        start=offset,
        end=offset + len(text),
        position=0,
        sentences=sentences,
    )
    vectors = [vector_of(passage.sentence_text(number)) for number in range(len(sentences))]
    stacked = np.stack(vectors) if vectors else np.zeros((0, DIMENSION), dtype=np.float32)
    found = RankedPassage(rank, Row(rank), passage, 1 / rank, 1, f"file:{title}", None)
    return Evidence(found, stacked, (), ())


@pytest.fixture
def question_vector() -> Callable[[str], Vectors]:
    """Turns a question into a vector."""
    return vector_of


@pytest.fixture
def passage() -> Callable[..., Evidence]:
    """Makes one passage of evidence."""
    return evidence_of


@pytest.fixture
def world() -> Callable[..., list[Evidence]]:
    """The passages with the given titles, in that order; all of them without titles."""

    def chosen(*titles: str) -> list[Evidence]:
        return [
            evidence_of(title, TEXTS[title], rank)
            for rank, title in enumerate(titles or tuple(TEXTS), start=1)
        ]

    return chosen
