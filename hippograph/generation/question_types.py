"""What a question asks for: a person, a place, a date, a number, one of two, a yes or no, told by rules of English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hippograph.generation.overlap import content_stems, stem


class AnswerType(StrEnum):
    """The kind of answer a question asks for."""

    PERSON = "person"
    PLACE = "place"
    DATE = "date"
    NUMBER = "number"
    NAME = "name"
    """A proper name that is neither a person's nor, surely, a place's: a film, a band, a company."""
    CHOICE = "choice"
    """One of the options that the question itself gives."""
    YES_NO = "yes_no"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the answerer reads it."""

    text: str
    type: AnswerType
    head: str
    """The noun that says what is asked for ("city" of "in which city"); empty where there is none."""
    asked: str
    """The clause that asks: the question without a sentence that only sets the scene."""
    stems: tuple[str, ...]
    """Stems of the words that carry meaning, without the head of a which- or what-phrase, in reading order."""
    names: tuple[str, ...]
    """Capitalised names and quoted titles."""
    options: tuple[str, ...]
    """What may be chosen or compared: the names joined by "or", or by "and" in a question for yes or no."""


_AUXILIARIES = frozenset(
    "is are was were do does did has have had can could will would should may might must am".split(" ")
)
_FUNCTION_STOP = frozenset(
    "is are was were be been do does did has have had can could will would should of in on at by for from with to that "
    "who whom whose which what when where and or as than after before during into near about not also both".split(" ")
)
_EMPTY_HEADS = frozenset("name title kind type sort identity full first last word term real other".split(" "))

_DATE_HEADS = "year years date dates day month decade century season time era birthday birthdate weekday".split(" ")
_NUMBER_HEADS = (
    "number population percentage percent amount price cost age height length weight distance score total share width depth "
    "size salary area temperature duration quantity rate sum capacity"
).split(" ")
_PLACE_HEADS = (
    "city town village country nation state province county region district island continent river lake mountain sea "
    "ocean place location area street capital municipality territory borough suburb neighborhood neighbourhood "
    "prefecture port valley hometown birthplace venue stadium building bay peninsula department harbour harbor"
).split(" ")
_PERSON_HEADS = (
    "person man woman people king queen prince princess emperor actress wife husband mother father son daughter "
    "brother sister spouse child parent grandfather grandmother uncle aunt cousin politician musician comedian historian "
    "president minister mayor general captain pope saint bishop poet chef coach star friend character figure monarch duke earl "
    "boss host hostess heir guitarist vocalist drummer athlete scientist philosopher physician guest guard champion"
).split(" ")
_NAME_HEADS = (
    "band group company film movie album song single book novel series show magazine newspaper team club label school university "
    "college game war battle party organization organisation airline brand studio network channel station award medal church "
    "language ship aircraft museum franchise restaurant league institution religion tribe festival programme program publisher "
    "episode role orchestra airport hotel theatre theater play opera"
).split(" ")
_HEAD_TYPES: dict[str, AnswerType] = {
    **dict.fromkeys(_NAME_HEADS, AnswerType.NAME),
    **dict.fromkeys(_PERSON_HEADS, AnswerType.PERSON),
    **dict.fromkeys(_PLACE_HEADS, AnswerType.PLACE),
    **dict.fromkeys(_NUMBER_HEADS, AnswerType.NUMBER),
    **dict.fromkeys(_DATE_HEADS, AnswerType.DATE),
}
# Agents: the one who directs, writes, paints. Not all words that end so are people.
_AGENT = re.compile(r"(?:[^aeiou]er|[^aeiou]or|[st]or|ist|ian|eer|man|woman|ress)s?$")
_NOT_AGENTS = frozenset("number river order chapter member letter water weather color colour summer winter tower paper".split(" "))

_WH = re.compile(r"\b(who|whom|whose|when|where|why|how|which|what)\b", re.IGNORECASE)
_HOW_NUMBER = re.compile(r"\bhow (?:many|much|old|long|far|tall|high|deep|large|big|fast|wide|often|heavy)\b", re.IGNORECASE)
_NAME_WORD = r"[^\W\d_a-z][\w.'’&-]*"
_NAME = re.compile(
    rf"{_NAME_WORD}(?:\s+(?:{_NAME_WORD}|\d+|(?:of|the|de|la|van|von|der|du|del|da|di|al|bin|ap|and|in|for|&)(?=\s+(?:(?:the|la)\s+)?{_NAME_WORD})))*"
)
_QUOTE = re.compile(r"[\"“«]([^\"”»]{2,80})[\"”»]")
_OPENING = re.compile(r"(?:^|[.?!]\s+)(\w+)")


def read_question(text: str) -> Question:
    """Read what a question asks for.

    >>> question = read_question("In which city was the director of Jaws born?")
    >>> question.type.value, question.head, question.names
    ('place', 'city', ('Jaws',))
    """
    text = " ".join(text.split())
    asked = _asking_clause(text)
    names = question_names(text)
    options = _options(asked)
    first = (re.findall(r"\w+", asked.lower()) or [""])[0]
    wh, head = _wh_and_head(asked)
    if len(options) > 1 and re.search(r"\bor\b", asked):
        type_ = AnswerType.CHOICE
    elif first in _AUXILIARIES and not (wh and wh != "who" and False):
        type_ = AnswerType.YES_NO
    else:
        type_ = _type_of(asked, wh, head)
    stems = tuple(dict.fromkeys(content_stems(text)))
    return Question(text, type_, head, asked, stems, names, options)
