"""Generated corpora of any size, and parts that read them fast: for measuring how work grows with an index.

Documents are paragraphs of a few template sentences about people, places and works. Which names they use follows a
Zipf-Mandelbrot law (Mandelbrot 1953), so that a few names stand in a good share of all paragraphs while new names keep
turning up (Heaps 1978). A document depends on the seed and its number alone: a longer corpus begins with the shorter.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import cast

import numpy as np

from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.types import Document, DocumentId, Extraction, Mention, MentionKind, Passage, Triple, Vectors

BLOCK = 1000
"""Documents drawn together, from a generator of their own."""
EXPONENT = 0.25
"""How slowly the frequency of names falls: ranks follow 1 / (rank + SHIFT) ** (1 + EXPONENT)."""
SHIFT = 8.0
NAME_COUNT = 50_000_017
"""How many ranks have a name of their own."""
SCATTER = 7_654_321
"""Neighbouring ranks are this far apart among the names, so that they do not look alike."""
SENTENCES = (3, 6)
"""The fewest and the most sentences of a paragraph."""
NAMES_PER_SENTENCE = 2
INITIAL_SHARE = 20
"""One mention of a person in so many carries a middle initial: nearly the same name, and not the same."""

SYLLABLES = (
    "ba", "be", "bi", "bo", "bra", "bre", "da", "de", "di", "dor", "dra", "el", "en", "er", "fa", "fen",
    "fi", "ga", "gal", "gor", "gra", "ha", "hel", "ho", "il", "in", "ja", "jor", "ka", "kel", "ki", "kor",
    "la", "len", "lin", "lo", "lu", "ma", "mar", "mel", "mi", "mor", "na", "nel", "ni", "nor", "o", "ol",
    "pa", "pel", "pi", "ra", "ren", "ri", "ro", "sa", "sel", "si", "sol", "ta", "tel", "ti", "tor", "u",
    "va", "vel", "vi",
)  # fmt: skip
GIVEN = [
    (a + b).capitalize() for a in SYLLABLES[:24] for b in ("ra", "len", "vin", "mo", "sa", "rik", "ta", "nor")
]
WORKS = (
    "Song of",
    "Treatise on",
    "Journey to",
    "Ledger of",
    "Portrait of",
    "Atlas of",
    "History of",
    "Letters from",
)

TEMPLATES = (
    "{person} was born in {place} in {year}.",
    "{person} wrote {work} in {year}, a year after it was announced.",
    "{place} lies on the road between the old harbour and {other_place}.",
    "{person} and {other_person} met in {year} and worked together for many years.",
    "{work} was printed in {place} and sold {number} copies.",
    "The archive of {place} keeps the first draft of {work}.",
    "{person} studied under {other_person}, who had little patience with beginners.",
    "In {year} {person} moved to {place}, where the rents were lower.",
    "{person} is best known for {work}.",
    "A bridge of {number} metres joins {place} and {other_place}.",
    "Critics compared {work} with {other_work}, which appeared in {year}.",
    "The council of {place} honoured {person} with a medal in {year}.",
    "{person} sold the rights of {work} and never spoke of it again.",
    "About {number} people lived in {place} when {person} arrived.",
)
QUESTIONS = (
    "When was {0} honoured, and who was compared with {1}?",
    "What joins {1} and {0}?",
    "Who sold the rights of {0} before moving to {1}?",
)
SLOTS = [re.findall(r"{(\w+)}", template) for template in TEMPLATES]
KIND_OF_FIRST = [next(slot for slot in slots if slot not in ("year", "number")) for slots in SLOTS]
"""What the first name of each template is: a person, a place or a work."""
NAME = re.compile(r"[A-Z]\w+(?:(?: of| on| to| from)? (?:[A-Z]\. )?[A-Z]\w+)*")
FIRST_WORDS = ("A ", "About ", "Critics ", "In ", "The ")


def generate_documents(start: int, stop: int, seed: int = 0) -> Iterator[Document]:
    """Documents number `start` to `stop` - 1 of the corpus of that seed, one passage each.

    >>> [document.id for document in generate_documents(998, 1001)]
    ['doc-0000998', 'doc-0000999', 'doc-0001000']
    """
    for block in range(start // BLOCK, -(-stop // BLOCK)):
        rng = np.random.default_rng((seed, block))
        counts = rng.integers(SENTENCES[0], SENTENCES[1] + 1, BLOCK)
        total = int(counts.sum())
        templates = rng.integers(0, len(TEMPLATES), total).tolist()
        ranks = _ranks(rng, total * NAMES_PER_SENTENCE)
        numbers = rng.integers(0, 10_000, (total, 2)).tolist()
        ends = np.cumsum(counts).tolist()
        for number in range(max(start, block * BLOCK), min(stop, (block + 1) * BLOCK)):
            last = ends[number % BLOCK]
            first = last - int(counts[number % BLOCK])
            about = _rank_of_title(number)
            sentences = [
                _sentence(templates[i], about if i == first else ranks[2 * i], ranks[2 * i + 1], *numbers[i])
                for i in range(first, last)
            ]
            title = name_of(about, KIND_OF_FIRST[templates[first]])
            yield Document(DocumentId(f"doc-{number:07d}"), title, " ".join(sentences))


def generate_questions(size: int, count: int) -> Iterator[tuple[str, DocumentId]]:
    """Questions about two names that stand together in a document, from documents all over a corpus; and which."""
    for i in range(count):
        number = i * size // count
        (document,) = generate_documents(number, number + 1)
        names = [match.group() for match in NAME.finditer(document.text, _first_name(document.text))]
        yield QUESTIONS[i % len(QUESTIONS)].format(names[-1], document.title), document.id


def changed_document(document: Document, seed: int = 0) -> Document:
    """The same document with one more sentence, as an edit would leave it."""
    rng = np.random.default_rng((seed, zlib.crc32(document.id.encode())))
    ranks, numbers = _ranks(rng, NAMES_PER_SENTENCE), rng.integers(0, 10_000, 2).tolist()
    added = _sentence(int(rng.integers(len(TEMPLATES))), *ranks, *numbers)
    return replace(document, text=f"{document.text} {added}")


@lru_cache(maxsize=1 << 18)
def name_of(rank: int, kind: str) -> str:
    """The name of that rank as a person, a place or a work: other ranks have other names."""
    rank = rank * SCATTER % NAME_COUNT
    if kind == "person":
        return f"{GIVEN[rank % len(GIVEN)]} {_word(rank // len(GIVEN))}"
    if kind == "work":
        return f"{WORKS[rank % len(WORKS)]} {_word(rank // len(WORKS))}"
    return _word(rank) + "stad"


class GeneratedExtractor:
    """Reads names and triples back from generated sentences: capitals, and the words between two names."""

    fingerprint = "generated-1"

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        """One extraction a passage, in order."""
        for passage in passages:
            mentions, triples = [], []
            if passage.title:
                mentions.append(Mention(passage.title, MentionKind.TITLE, 0))
            for place, sentence in enumerate(passage.sentences):
                found = list(NAME.finditer(sentence.text, _first_name(sentence.text)))
                mentions += [Mention(match.group(), MentionKind.NAME, place) for match in found]
                for left, right in pairwise(found):
                    relation = sentence.text[left.end() : right.start()].strip(" ,.")
                    triples.append(Triple(left.group(), relation, right.group(), place))
            yield Extraction(passage.id, tuple(mentions), tuple(triples))


class WordVectors:
    """Unit vectors that are sums of a random direction a word: texts that share words are close. Very fast."""

    BUCKETS = 1 << 16

    def __init__(self, dimension: int = 128) -> None:
        self.dimension = dimension
        self.fingerprint = f"word-vectors-1:{dimension}"
        shape = (self.BUCKETS, dimension)
        self._directions = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors: shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        words = [text.split() or [""] for text in texts]
        buckets = [
            zlib.crc32(word.encode("utf-8", "replace")) % self.BUCKETS for row in words for word in row
        ]
        starts = np.cumsum([0, *(len(row) for row in words[:-1])])
        sums = np.add.reduceat(self._directions[buckets], starts, axis=0)
        return cast(Vectors, sums / np.linalg.norm(sums, axis=1, keepdims=True))

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question: shape (dimension,)."""
        return cast(Vectors, self.embed_passages([text])[0])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The unit vectors of questions: shape (len(texts), dimension)."""
        return self.embed_passages(texts)

    def token_count(self, text: str) -> int:
        """How many words the text has."""
        return len(text.split())


def generated_parts(settings: Settings) -> Parts:
    """The parts of the settings, with the extractor and the embedder for generated text in their places."""
    from hippograph.wiring import build_parts

    models = settings.models.model_copy(update={"splitter": "plain", "embedder": "hashing"})
    quick = settings.model_copy(update={"models": models})
    return replace(build_parts(quick), extractor=GeneratedExtractor(), embedder=WordVectors())


def _ranks(rng: np.random.Generator, count: int) -> list[int]:
    """Ranks of names: a Lomax distribution, whose tail is the law's."""
    drawn = np.minimum(rng.pareto(EXPONENT, count) * SHIFT, 2.0**62).astype(np.int64)
    return cast(list[int], (drawn % NAME_COUNT).tolist())


def _rank_of_title(number: int) -> int:
    """Which name a document is about: a different one each, and not the most frequent ones in a row."""
    return number * 7919 % 10_000_019


def _sentence(template: int, first: int, second: int, year: int, number: int) -> str:
    values, ranks = {}, iter((first, second))
    for slot in SLOTS[template]:
        if slot == "year":
            values[slot] = str(1500 + year % 500)
        elif slot == "number":
            values[slot] = str(number + 10)
        else:
            kind = slot.removeprefix("other_")
            name = name_of(next(ranks), kind)
            values[slot] = (
                _with_initial(name, number) if kind == "person" and number % INITIAL_SHARE == 0 else name
            )
    return TEMPLATES[template].format_map(values)


def _with_initial(name: str, number: int) -> str:
    given, _, family = name.partition(" ")
    return f"{given} {chr(ord('A') + number // INITIAL_SHARE % 26)}. {family}"


def _word(rank: int) -> str:
    """A pronounceable word, a different one for each number."""
    syllables = []
    rank += len(SYLLABLES)
    while rank:
        rank, place = divmod(rank, len(SYLLABLES))
        syllables.append(SYLLABLES[place])
    return "".join(syllables).capitalize()


def _first_name(sentence: str) -> int:
    """Where to look for names: behind a word that is only large because it comes first."""
    return next((len(word) for word in FIRST_WORDS if sentence.startswith(word)), 0)
