"""A passage of short sentences, tokens that are words, and units made of them."""

import numpy as np
import pytest

from hippograph.text.sentences import split_sentences
from hippograph.types import (
    DocumentId,
    Evidence,
    Mention,
    MentionKind,
    Passage,
    PassageId,
    RankedPassage,
    Row,
    Sentence,
    Triple,
)
from hippograph.working_memory.units import units_of

QUERY = np.array([1.0, 0.0], dtype=np.float32)


def count_words(text):
    return len(text.split())


def passage_of(text, name="doc", offset=0, vectors=None):
    """A passage that begins `offset` characters into its document; each sentence names its own number."""
    sentences = tuple(Sentence(text[a:b], a + offset, b + offset) for a, b in split_sentences(text))
    passage = Passage(
        PassageId(f"p-{name}"), DocumentId(name), f"Title of {name}", "", text, offset, offset + len(text), 0,
        sentences,
    )  # fmt: skip
    found = RankedPassage(1, Row(0), passage, 1.0, 1, f"toy:{name}", None)
    mentions = tuple(Mention(f"name {n}", MentionKind.NAME, n) for n in range(len(sentences)))
    triples = tuple(Triple("a", "b", str(n), n) for n in range(len(sentences)))
    given = np.zeros((len(sentences), 2), dtype=np.float32) if vectors is None else np.array(vectors, "f4")
    return Evidence(found, given, mentions, triples)


@pytest.fixture
def cut():
    """Cuts a text into units of at most so many words."""

    def cut(text, max_tokens=6, **more):
        name, offset = more.pop("name", "doc"), more.pop("offset", 0)
        evidence = passage_of(text, name, offset, more.pop("vectors", None))
        return units_of(evidence, QUERY, count_words, max_tokens, **more)

    return cut


@pytest.fixture
def named(cut):
    """One unit of a document, by its name."""
    return lambda name, relevance=0.0: cut("One two three.", name=name, vectors=[[relevance, 0.0]])[0]
