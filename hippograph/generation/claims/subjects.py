"""Who a sentence is about, and which name its "he" or "it" stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from hippograph.generation.claims.words import (
    HE_SHE,
    POSSESSIVES,
    PRONOUNS,
    is_person_noun,
    is_verb,
)
from hippograph.generation.names import name_spans
from hippograph.generation.overlap import FUNCTION_WORDS

_WORD = re.compile(r"[\w'’.-]*\w")
_PREPOSITION = re.compile(
    r"(?:In|On|At|After|Before|During|Since|From|By|Until|Under|Between|Following|As|With|Despite|While|When|For|Upon|"
    r"Throughout|Along|Among|Through|Within|Of|To|Over|Around|Near|Although|Though|Because|If|Unlike|Like|Born|Based|"
    r"Located|Originally|Initially|Later|Currently|Today|Formerly|Eventually)\b"
)
_ADVERB_AT_END = re.compile(
    r"(?:,?\s+(?:also|later|then|now|still|once|often|soon|first|subsequently|currently|never|always|eventually|[a-z]+ly))+,?$"
)
_WHEN = re.compile(
    r"(?:In|On|By|Since|During|Around|From|Until|After)\s+(?:the\s+)?(?:early\s+|late\s+|mid-?\s*)?(?:\d{1,2}\s+)?"
    r"(?:[A-Z][a-z]+\s+)?(?:\d{1,2},\s+)?\d{4}s?,?\s+"
)
_OPENING_PRONOUN = re.compile(r"(?P<word>He|She|It|They|His|Her|Its|Their)\b(?!['’])")
_COPULA = re.compile(
    r"\b(?:is|was|are|were)\s+(?:also\s+|still\s+|once\s+)?(?:a|an|the|one of the)\s+([^,.;()]+)",
    re.IGNORECASE,
)
_PHRASE_END = re.compile(
    r"\b(?:of|in|on|at|from|by|for|with|who|which|that|and|or|to|best|known|based|located|born|near|whose|where|"
    r"directed|written|released|starring|produced|published|founded|set|between|as|under|about|about)\b"
)
_BRACKET = re.compile(r"\s*\([^()]*\)")
_LONGEST_SUBJECT = 90
"""Characters; what stands further from its verb is no simple subject."""


class Sort(StrEnum):
    """What a subject is known to be."""

    PERSON = "person"
    THING = "thing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Opening:
    """The subject of a sentence as it is written: `text == sentence[start:end]`, its verb begins at `verb`."""

    text: str
    start: int
    end: int
    verb: int


@dataclass(slots=True)
class Subjects:
    """What was spoken of so far in a paragraph, to resolve pronouns by."""

    topic: str = ""
    """What the whole text is about; empty where nobody said."""
    name: str = ""
    """The current subject; empty where the rules are not sure."""
    sort: Sort = Sort.UNKNOWN
    kind: str = ""
    """The noun that says what the subject is: "town" after "Chambéry is a town in Savoy"."""
    person: str = ""
    """The last subject that may be a person: things come between "Ada" and "she" without harm."""
    known: dict[str, Sort] = field(default_factory=dict)

    def resolve(self, sentence: str) -> str:
        """The sentence with the name in place of an opening pronoun, where one name fits it."""
        return self._with_full_name(self._without_kind(self._without_pronoun(sentence)))

    def hear(self, sentence: str) -> None:
        """Remember what a resolved sentence is about."""
        opening = find_opening(sentence)
        if opening is None:
            return
        name = self.named_by(opening)
        if name:
            sort, kind = _sort_of(sentence, opening)
            if sort is Sort.UNKNOWN:
                sort = self.known.get(name, Sort.UNKNOWN)
            if name != self.name or kind:
                self.kind = kind
            self.known[name] = sort
            self.name, self.sort = name, sort
            if sort is not Sort.THING:
                self.person = name
        elif opening.text.lower() not in PRONOUNS and not _is_plural(opening.text):
            self.name, self.kind = "", ""

    def named_by(self, opening: Opening) -> str:
        """The name a subject is; the topic counts as one whatever its letters."""
        told = opening.text.lower()
        if self.topic and (
            told == self.topic.lower()
            or told.startswith((f"{self.topic.lower()}(", f"{self.topic.lower()} ("))
        ):
            return self.topic
        return name_of(opening.text)

    def _with_full_name(self, sentence: str) -> str:
        """ "Lovelace wrote" is said of Ada Lovelace, once she was named."""
        opening = find_opening(sentence)
        if opening is None or opening.start or " " in opening.text or opening.text != name_of(opening.text):
            return sentence
        for name in (self.name, self.person):
            if " " in name and name.split()[-1] == opening.text and "of" not in name.split():
                return name + sentence[opening.end :]
        return sentence

    def _without_pronoun(self, sentence: str) -> str:
        opening = find_opening(sentence)
        pronoun = _OPENING_PRONOUN.match(sentence)
        if pronoun is None and opening is not None and opening.text.lower() in PRONOUNS:
            pronoun = _OPENING_PRONOUN.match(opening.text.capitalize())
            start = opening.start
        elif pronoun is not None:
            start = 0
        if pronoun is None:
            return sentence
        word = pronoun.group().lower()
        plain = POSSESSIVES.get(word, word)
        name = self._fitting(plain)
        if not name:
            return sentence
        self.known[name] = self.sort = _sort_of_pronoun(plain)
        replaced = possessive(name) if word in POSSESSIVES else name
        return f"{sentence[:start]}{replaced}{sentence[start + len(word) :]}"

    def _fitting(self, pronoun: str) -> str:
        """The one subject a pronoun can stand for; empty where none or more than one can."""
        if pronoun in HE_SHE:
            return self.name if self.name and self.sort is not Sort.THING else self.person
        if pronoun == "they":
            return self.name if _is_plural(self.name) else ""
        return self.name if self.sort is not Sort.PERSON else ""

    def _without_kind(self, sentence: str) -> str:
        """ "The town has a fountain" is said of Chambéry, which is a town."""
        if not (self.kind and self.name):
            return sentence
        opening = find_opening(sentence)
        start = opening.start if opening and sentence[: opening.start].endswith(", ") else 0
        found = re.compile(rf"(?:[Tt]he|[Tt]his)\s+{re.escape(self.kind)}\b(['’]s)?(?!\s+of\b)").match(
            sentence, start
        )
        if found is None:
            return sentence
        name = possessive(self.name) if found.group(1) else self.name
        return sentence[:start] + name + sentence[found.end() :]


def find_opening(sentence: str) -> Opening | None:
    """The subject of a sentence: what stands before its first verb, without a fronted "In 1843".

    >>> find_opening("In 1843 she translated an article.").text
    'she'
    """
    verb = first_verb(sentence)
    if verb is None:
        return None
    before = sentence[:verb].rstrip()
    start = 0
    if _PREPOSITION.match(before) or before.count(","):
        start = _after_adverbial(before)
    words = list(_WORD.finditer(before))
    if words and words[-1].group().lower() in PRONOUNS:
        start = words[-1].start()
    while start < len(before) and before[start].isspace():
        start += 1
    text = _ADVERB_AT_END.sub("", before[start:].rstrip(" ,"))
    if not text or len(_BRACKET.sub("", text)) > _LONGEST_SUBJECT:
        return None
    return Opening(text, start, start + len(text), verb)


def first_verb(sentence: str, start: int = 0) -> int | None:
    """Where the first finite verb or participle begins; None where no word looks like one."""
    depth = 0
    place = start
    for match in re.finditer(r"[()\[\]]|[\w'’-]+", sentence[start:]):
        word = match.group()
        if word in "([":
            depth += 1
        elif word in ")]":
            depth = max(0, depth - 1)
        elif not depth and match.start() > 0 and word.islower() and is_verb(word):
            place = start + match.start()
            previous = sentence[:place].split()
            if previous and previous[-1].lower() in (
                "a",
                "an",
                "the",
                "his",
                "her",
                "its",
                "their",
                "and",
                "or",
            ):
                continue
            return place
    return None


def name_of(phrase: str) -> str:
    """The name a noun phrase is: all of it, but an article, titles in brackets and what sets it off.

    >>> name_of("The Analytical Engine"), name_of("Her notes"), name_of("The capital of France")
    ('The Analytical Engine', '', '')
    """
    plain = _BRACKET.sub("", phrase).split(",")[0].strip(" \"“”'")
    spans = name_spans(plain)
    if len(spans) != 1:
        return ""
    start, end = spans[0]
    name = plain[start:end]
    if end != len(plain) or plain[:start].strip() or name.lower() in FUNCTION_WORDS:
        return ""
    rest = re.sub(r"^(?:The|A|An)\s+", "", name)
    return name if rest and rest.split()[0].lower() not in FUNCTION_WORDS | POSSESSIVES.keys() else ""


def possessive(name: str) -> str:
    """A name as an owner."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _after_adverbial(before: str) -> int:
    """Where the subject begins after a fronted adverbial: behind its comma, or at the last name."""
    if not _PREPOSITION.match(before):
        return 0
    if when := _WHEN.match(before):
        return when.end()
    comma = before.find(", ")
    if comma >= 0:
        return comma + 2
    spans = name_spans(before)
    words = list(_WORD.finditer(before))
    if words and words[-1].group().lower() in PRONOUNS:
        return words[-1].start()
    return spans[-1][0] if spans and spans[-1][1] == len(before) and spans[-1][0] > 0 else 0


def _sort_of(sentence: str, opening: Opening) -> tuple[Sort, str]:
    """What the sentence says its subject is, and the noun it says it by."""
    if re.search(r"\((?:born|b\.)|\(\D{0,12}\d{3,4}\D{0,12}[–-]", sentence[: opening.verb]):
        return Sort.PERSON, ""
    found = _COPULA.match(sentence, opening.verb)
    if found is None:
        return Sort.UNKNOWN, ""
    phrase = _PHRASE_END.split(found.group(1))[0].split()
    if not phrase or not phrase[-1].isalpha() or not phrase[-1].islower():
        return Sort.UNKNOWN, ""
    noun = phrase[-1]
    return (Sort.PERSON if is_person_noun(noun) else Sort.THING), noun


def _sort_of_pronoun(pronoun: str) -> Sort:
    return Sort.PERSON if pronoun in HE_SHE else Sort.THING


def _is_plural(phrase: str) -> bool:
    words = phrase.split()
    return bool(words) and (" and " in phrase or (words[-1].endswith("s") and not words[-1].endswith("ss")))
