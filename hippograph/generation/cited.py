"""What a model wrote, read with suspicion: sentences whose citations exist, quotes that stand where they should."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hippograph.generation.numbered import NumberedEvidence
from hippograph.generation.quotes import find_quote, unproven_quotes, without_marks
from hippograph.prompts.fencing import one_line
from hippograph.types import Citation, CitedSentence, Quote

UNKNOWN_CERTAINTY = 0.5
_MARKERS = re.compile(r"\s*\[\s*\d+(?:\s*[,–-]\s*\d+)*\s*\]")
_SHOWN = 80
"""Characters of a sentence that a warning repeats."""


@dataclass(slots=True)
class Reading:
    """A reply as it is read, member by member. A sentence without a valid citation is dropped, and that is said."""

    question: str
    numbered: NumberedEvidence
    is_found: bool | None = None
    """Whether the documents hold the answer; None until the model has said."""
    short: str = ""
    certainty: float = UNKNOWN_CERTAINTY
    data: Any = None
    sentences: list[CitedSentence] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    dropped: int = 0
    _waiting: list[CitedSentence] = field(default_factory=list)

    def take(self, name: str, value: Any) -> list[CitedSentence]:
        """Read one member, or one element of the list of sentences. Gives the sentences that may be shown now."""
        if name == "in_documents" and self.is_found is None and isinstance(value, bool):
            self.is_found = value
            if value:
                return self._let_go()
        elif name == "sentences":
            return self._take_sentence(value)
        elif name == "short":
            self.short = _words(value)
        elif name == "certainty":
            self.certainty = _share(value)
        elif name == "data":
            self.data = value
        return []

    def finish(self) -> list[CitedSentence]:
        """The sentences that still waited because the model never said whether the documents hold the answer."""
        if self.is_found is None and self._waiting:
            self.is_found = True
        return self._let_go() if self.is_found else []

    def confidence(self) -> float:
        """The model's certainty, times the share of its sentences that could be kept."""
        return round(self.certainty * len(self.sentences) / max(len(self.sentences) + self.dropped, 1), 4)

    def _take_sentence(self, value: Any) -> list[CitedSentence]:
        if self.is_found is False:
            return []
        sentence, warnings = read_sentence(value, self.numbered, self.question)
        self.warnings += warnings
        if sentence is None:
            self.dropped += 1
            return []
        self._waiting.append(sentence)
        return self._let_go() if self.is_found else []

    def _let_go(self) -> list[CitedSentence]:
        ready, self._waiting = self._waiting, []
        self.sentences += ready
        return ready


def read_sentence(
    value: Any, numbered: NumberedEvidence, question: str
) -> tuple[CitedSentence | None, list[str]]:
    """One sentence of the reply with its citations resolved and its quotes found, and what was left out of it.

    None for a sentence that cites no sentence which was shown: an answer rests on the documents or is not given.
    """
    record = value if isinstance(value, dict) else {}
    text = one_line(_MARKERS.sub("", _words(record.get("text"))))
    if not text:
        return None, ["An empty sentence of the model was left out."]
    warnings: list[str] = []
    numbers = list(dict.fromkeys(_numbers(record.get("cites"))))
    known = [number for number in numbers if numbered.citation(number)]
    if foreign := [number for number in numbers if number not in known]:
        warnings.append(f"The model cited {_listed(foreign)}, which it was never shown.")
    if not known:
        return None, [*warnings, f"A sentence without a source was left out: {_start(text)}"]
    quotes: list[Quote] = []
    for words in _texts(record.get("quotes")):
        quote = verify_quote(words, known, numbered)
        if quote is None:
            warnings.append(f"A quote was left out, as no cited passage has it: {_start(words)}")
        elif quote not in quotes:
            quotes.append(quote)
    sources = [question]
    for number in known:
        passage = numbered.passage_of(number).found.passage
        sources += [passage.text, passage.context()]
    for words in unproven_quotes(text, sources):
        text = without_marks(text, words)
        warnings.append(
            f"Quotation marks were taken off, as no cited passage has these words: {_start(words)}"
        )
    citations = tuple(cited for number in known if (cited := numbered.citation(number)))
    return CitedSentence(text, citations, tuple(quotes)), warnings


def verify_quote(words: str, numbers: Sequence[int], numbered: NumberedEvidence) -> Quote | None:
    """The document's own words for a quote, from a cited sentence or else its passage; None where it has none."""
    for whole in (False, True):
        for number in numbers:
            passage = numbered.passage_of(number).found.passage
            sentence = passage.sentences[numbered.places[number - 1][1]]
            text, offset = (passage.text, passage.start) if whole else (sentence.text, sentence.start)
            if place := find_quote(words, text):
                start, end = place
                return Quote(passage.id, passage.document, text[start:end], offset + start, offset + end)
    return None


def all_citations(sentences: Iterable[CitedSentence]) -> tuple[Citation, ...]:
    """Every cited sentence once, in the order of first use: the place there, from 1, is its number in the text."""
    return tuple(dict.fromkeys(citation for sentence in sentences for citation in sentence.citations))


def with_numbers(sentence: CitedSentence, citations: Sequence[Citation]) -> str:
    """The sentence and the numbers of its citations behind it."""
    return f"{sentence.text} {''.join(f'[{citations.index(each) + 1}]' for each in sentence.citations)}"


def composed(sentences: Sequence[CitedSentence]) -> str:
    """The sentences as one text, each with its numbers."""
    citations = all_citations(sentences)
    return " ".join(with_numbers(sentence, citations) for sentence in sentences)


def _numbers(value: Any) -> list[int]:
    found = value if isinstance(value, list) else []
    digits = [
        int(each) if isinstance(each, str) and each.isdecimal() and len(each) < 9 else each for each in found
    ]
    return [each for each in digits if isinstance(each, int) and not isinstance(each, bool)]


def _texts(value: Any) -> list[str]:
    return (
        [each for each in value if isinstance(each, str) and each.strip()] if isinstance(value, list) else []
    )


def _words(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _share(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        return UNKNOWN_CERTAINTY
    return float(min(max(value, 0), 1))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"[{number}]" for number in numbers[:5]) + (" ..." if len(numbers) > 5 else "")


def _start(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."
