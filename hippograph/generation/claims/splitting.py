"""From a text to its claims: sentences, what each is about, and the statements each one makes.

The decomposition is that of FActScore (Min et al. 2023, section 3) and VeriScore (Song et al. 2024, section 3.1):
only what can be true or false is kept, one statement a claim, understandable without the sentences around it.
They ask a model; these are rules, and where the rules are not sure the sentence stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hippograph.errors import QuestionError
from hippograph.generation.claims.parts import split_sentence
from hippograph.generation.claims.subjects import Subjects, find_opening
from hippograph.generation.claims.words import (
    CONNECTIVE,
    HEDGE,
    PRONOUNS,
    UNNAMED_SOURCE,
)
from hippograph.generation.overlap import content_stems
from hippograph.text.names import title_name
from hippograph.text.sentences import split_sentences
from hippograph.types import Claim, Passage, SkippedSentence

MOST_CHARACTERS = 200_000
MOST_CLAIMS = 500

_MARKUP = re.compile(r"^\s*(?:[-*+•·–]\s+|\d{1,3}[.)]\s+|>\s*)+|\*\*|__|`|\[\d{1,3}\]|\[citation needed\]")
_HEADING = re.compile(r"\s*(?:#{1,6}\s|[\W_]*$)")
_QUESTION = re.compile(r"[?？؟]['\"”’»)\]]*\s*$")
_REQUEST = re.compile(
    r"(?:please|let us|let's|note|consider|remember|see|click|visit|check|make sure|try|do not|don't|thank you|thanks|"
    r"hello|hi|dear|sorry|welcome)\b(?!\s+(?:is|was|are|were))",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"(?<![\w-])(?:[Mm]y|[Oo]urs?|[Ww]e|us|[Yy]ou|[Yy]ours?|me|[Mm]yself|[Ww]e['’](?:re|ve|ll)"
    r"|[Yy]ou['’](?:re|ve|ll)|I['’](?:m|ve|ll|d))(?![\w-])"
    r"|(?:^|\b[a-z]+[,;]?\s)I\s+(?!of\b|and\b|to\b|in\b)[a-z]"
)
"""Capital letters count: "US" is a country, and "World War I" is not about the speaker."""
_OPINION = re.compile(
    r"\b(?:in my (?:opinion|view)|i (?:think|believe|feel|guess|hope)|should|ought to|must-see|it is (?:important|"
    r"essential|recommended|best|worth|advisable|crucial)|you can|you may)\b",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(r"\b(?:would|could have|might have|if)\b(?! also\b)", re.IGNORECASE)
_MODAL = re.compile(r"\b(?:may|might)\s+(?:have\s+been|have|be)\b", re.IGNORECASE)
_AFTER_MODAL = {"been": "was", "have": "", "be": "is"}


@dataclass(frozen=True, slots=True)
class ClaimSplit:
    """The claims of a text, its sentences without one, and how much of its end was left unread."""

    claims: tuple[Claim, ...]
    skipped: tuple[SkippedSentence, ...]
    unread_characters: int = 0


def split_claims(
    text: str, topic: str = "", most_claims: int = MOST_CLAIMS, most_characters: int = MOST_CHARACTERS
) -> ClaimSplit:
    """The claims of a text in reading order.

    `topic` is what the text is about where that is known, such as its title: an opening "he" or "it" stands
    for it. Raises QuestionError for a text without any letter or digit.

    >>> [claim.text for claim in split_claims("Ada lived in London. She wrote notes and probably died in 1852.").claims]
    ['Ada lived in London.', 'Ada wrote notes.', 'Ada died in 1852.']
    """
    if not isinstance(text, str) or not any(letter.isalnum() for letter in text):
        raise QuestionError("There is no text to check: give at least one sentence.")
    read = text[:most_characters]
    claims: list[Claim] = []
    skipped: list[SkippedSentence] = []
    topic = title_name(topic)
    subjects = Subjects(topic=topic, name=topic, person=topic)
    end_read = len(read)
    for start, end in split_sentences(read):
        if len(claims) >= most_claims:
            end_read = start
            break
        sentence = read[start:end]
        if reason := reason_to_skip(sentence):
            skipped.append(SkippedSentence(sentence, start, end, reason))
            continue
        claims += _claims_of(sentence, start, end, subjects)
    return ClaimSplit(tuple(claims[:most_claims]), tuple(skipped), len(text) - end_read)


def reason_to_skip(sentence: str) -> str:
    """Why a sentence claims nothing that sources could bear out; empty where it does.

    >>> reason_to_skip("Who designed the engine?"), reason_to_skip("Ada wrote notes.")
    ('a question', '')
    """
    if _HEADING.match(sentence):
        return "a heading"
    if _QUESTION.search(sentence):
        return "a question"
    if sentence.rstrip().endswith((":", "：")):
        return "an introduction to what follows"
    plain = _plain(sentence)
    said = plain.lower()
    if _REQUEST.match(said):
        return "a request or a greeting"
    if _OPINION.search(said):
        return "an opinion or advice"
    if _SPEAKER.search(_unquoted(plain)):
        return "about the speaker or the reader"
    if _HYPOTHETICAL.search(_unquoted(said)):
        return "a supposition"
    if not content_stems(plain):
        return "no statement"
    return "a fragment" if plain.isascii() and len(plain.split()) < 3 else ""


def _claims_of(sentence: str, start: int, end: int, subjects: Subjects) -> list[Claim]:
    """The claims of one sentence; what it is about is remembered for the next."""
    plain, hedge = _without_hedges(_plain(sentence))
    resolved = subjects.resolve(plain)
    subjects.hear(resolved)
    claims = []
    for part in split_sentence(resolved):
        opening = find_opening(part)
        subject = subjects.named_by(opening) if opening else ""
        if reason_to_skip(part) in ("no statement", "a fragment"):
            continue
        claims.append(Claim(part, sentence, start, end, subject, hedge))
    return claims


def _plain(sentence: str) -> str:
    """The sentence without list marks, emphasis, reference numbers and words that join it to others."""
    plain = " ".join(_MARKUP.sub("", sentence).split())
    for pattern in (CONNECTIVE, UNNAMED_SOURCE):
        shorter = pattern.sub("", plain, count=1)
        if shorter != plain and shorter:
            plain = shorter[0].upper() + shorter[1:]
    return plain


def _without_hedges(sentence: str) -> tuple[str, str]:
    """The sentence in plain words, and the words that were weakening it."""
    hedges = [found.group().strip(" ,") for found in HEDGE.finditer(sentence)]
    plain = HEDGE.sub("", sentence)
    if found := _MODAL.search(plain):
        hedges.append(found.group().split()[0])
        plain = (
            plain[: found.start()] + _AFTER_MODAL[found.group().split()[-1].lower()] + plain[found.end() :]
        )
    plain = " ".join(plain.split())
    return plain[:1].upper() + plain[1:], " ".join(hedges)


def _unquoted(text: str) -> str:
    return re.sub(r"[\"“«].*?[\"”»]", "", text)


def resolved_sentences(passage: Passage) -> list[str]:
    """The sentences of a passage, each with the name in place of an opening pronoun where the rules are sure."""
    topic = title_name(passage.title)
    subjects = Subjects(topic=topic, name=topic, person=topic)
    resolved = []
    for sentence in passage.sentences:
        plain = subjects.resolve(_plain(sentence.text))
        subjects.hear(plain)
        resolved.append(plain)
    return resolved


def is_unresolved(claim: Claim) -> bool:
    """Whether a claim opens with a pronoun that no name was found for."""
    words = claim.text.split()
    return bool(words) and words[0].lower() in PRONOUNS
