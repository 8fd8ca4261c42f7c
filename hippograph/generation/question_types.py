"""What a question asks for: a person, a place, a date, a number, one of two, yes or no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hippograph.generation import question_words as nouns
from hippograph.generation.names import names_in, quotes_in
from hippograph.generation.overlap import FUNCTION_WORDS, content_stems
from hippograph.text.dates import MONTHS


class AnswerType(StrEnum):
    """The kind of answer a question asks for."""

    PERSON = "person"
    PLACE = "place"
    DATE = "date"
    NUMBER = "number"
    NAME = "name"
    """A proper name that need not be a person's or a place's: a film, a band, a company."""
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
    """The sentence that asks; one that only sets the scene is left out."""
    stems: tuple[str, ...]
    """Stems of the words that carry meaning, in reading order."""
    names: tuple[str, ...]
    """Capitalised names and quoted titles."""
    options: tuple[str, ...]
    """The two things that are compared or chosen from; empty where nothing is."""


_AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|isn't|aren't|didn't)"
)
_OPENS_WITH_AUXILIARY = re.compile(rf"\W*(?:and |but |so )?{_AUXILIARY}\b", re.IGNORECASE)
_WH = re.compile(r"\b(?:whom|whose|who|when|where|why|how|which|what)\b", re.IGNORECASE)
_HOW_NUMBER = re.compile(
    r"how (?:many|much|old|long|far|tall|high|deep|large|big|fast|wide|often|heavy|frequently)\b",
    re.IGNORECASE,
)
_ENDS_PHRASE = re.compile(
    rf"(?:{_AUXILIARY}|be|been|of|in|on|at|by|for|from|with|to|that|who|whom|whose|which|what|when|where|and|or|as"
    r"|than|after|before|during|into|near|about|not|also|both|lies|lie|\w{3,}ed)$",
    re.IGNORECASE,
)
_AGENT = re.compile(r"\w{2,}(?:[^aeiou]er|[st]or|ist|[a-z]ian|eer|man|woman|ress|crat|smith)$")
_SENTENCE_END = re.compile(r"(?<=[\w)\"”][\w)\"”][.?!])\s+(?=[A-Z\"“])")
_DATE_NAME = re.compile(rf"(?:(?:{MONTHS})\b.*\d|\d+$)")


def read_question(text: str) -> Question:
    """Read what a question asks for.

    >>> question = read_question("In which city was the director of Jaws born?")
    >>> question.type.value, question.head, question.names
    ('place', 'city', ('Jaws',))
    """
    text = " ".join(text.split())
    asked = _asking_sentence(text)
    options = _options(text, asked)
    wh, head = _wh_and_head(asked)
    return Question(
        text=text,
        type=_type_of(asked, wh, head, options),
        head=head,
        asked=asked,
        stems=tuple(dict.fromkeys(content_stems(text))),
        names=question_names(text),
        options=options,
    )


def question_names(text: str) -> tuple[str, ...]:
    """The names and quoted titles of a question; question words that open a name are left out.

    >>> question_names("Are Ada Lovelace and the film “Jaws” related?")
    ('Ada Lovelace', 'Jaws')
    """
    found: dict[str, None] = {}
    for name in (*(_without_question_words(name) for name in names_in(text)), *quotes_in(text)):
        if name and not _DATE_NAME.match(name):
            found[name] = None
    return tuple(found)


def _without_question_words(name: str) -> str:
    parts = name.split()
    while parts and parts[0].lower().strip(".,'’") in FUNCTION_WORDS | {
        "name",
        "give",
        "tell",
        "list",
        "besides",
    }:
        parts = parts[1:]
    return " ".join(parts)


def _asking_sentence(text: str) -> str:
    """The last sentence that asks."""
    parts = [part for part in _SENTENCE_END.split(text) if part.strip()]
    asking = [part for part in parts if part.rstrip().endswith("?")]
    return (asking or [part for part in parts if _WH.search(part)] or [text])[-1]


def _wh_and_head(asked: str) -> tuple[str, str]:
    """The question word that asks, and the noun of its phrase."""
    match = _asking_word(asked)
    if match is None:
        return "", ""
    wh, after = match.group().lower(), asked[match.end() :]
    if wh in ("what", "which"):
        return wh, _head_after(after)
    return wh, ""


def _asking_word(asked: str) -> re.Match[str] | None:
    """The question word that asks: the first at the start or after a preposition, else a "what".

    A "which" or "who" that follows a noun only joins a clause to it.
    """
    found = list(_WH.finditer(asked))
    if not found:
        return None
    for match in found:
        before = asked[: match.start()].rstrip().lower()
        if not before or re.search(
            r"(?:^|\W)(?:in|on|at|by|for|from|with|to|of|than|is|was|were|are|and|besides)$", before
        ):
            return match
    asks_so = [
        match for match in found if match.group().lower() not in ("who", "which", "when", "where", "whose")
    ]
    return asks_so[0] if asks_so else found[-1]


def _head_after(after: str) -> str:
    """The last noun of the phrase after "which" or "what", after "which of the", or after "what is the"."""
    phrase = _phrase(after)
    if not phrase:
        opening = re.match(r"\s*(?:of|is|was|are|were)\s+(?:the|a|an|his|her|its|their|these|one)?\s*", after)
        phrase = _phrase(after[opening.end() :]) if opening else []
    if phrase and _singular(phrase[-1]) in nouns.EMPTY_HEADS:
        of = re.search(rf"\b{re.escape(phrase[-1])}\s+of\s+(?:the|a|an|this|that|one of the)?\s*", after)
        phrase = (_phrase(after[of.end() :]) if of else []) or phrase
    heads = [_singular(word) for word in phrase]
    # A verb in the present tense may end the phrase: "which player endorses skates".
    known = [head for head in heads if head_type(head) is not AnswerType.ANYTHING]
    return (known or heads or [""])[-1]


def _phrase(after: str) -> list[str]:
    """The lower-case words up to punctuation or the first word that cannot stand inside a noun phrase."""
    phrase: list[str] = []
    for match in re.finditer(r"[\w'’-]+|[^\w\s]", after):
        word = match.group().lower()
        is_participle = word.endswith("ed")
        if not word[0].isalnum() or (_ENDS_PHRASE.match(word) and (phrase or not is_participle)):
            break
        phrase.append(word)
    return phrase


def _singular(noun: str) -> str:
    if noun in ("series", "species"):
        return noun
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith("sses"):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else noun


def _type_of(asked: str, wh: str, head: str, options: tuple[str, ...]) -> AnswerType:
    opens_closed = bool(_OPENS_WITH_AUXILIARY.match(asked)) or (
        re.match(r"both\b", asked, re.IGNORECASE) is not None and not wh
    )
    if len(options) == 2 and _offers(asked, options):
        return AnswerType.CHOICE
    if opens_closed and wh not in ("what", "which"):
        return AnswerType.YES_NO
    if _HOW_NUMBER.search(asked):
        return AnswerType.NUMBER
    simple = {
        "who": AnswerType.PERSON,
        "whom": AnswerType.PERSON,
        "whose": AnswerType.PERSON,
        "where": AnswerType.PLACE,
        "when": AnswerType.DATE,
    }
    return simple.get(wh) or head_type(head)


def head_type(head: str) -> AnswerType:
    """The kind of answer a noun asks for.

    >>> head_type("director").value, head_type("river").value, head_type("genre").value
    ('person', 'place', 'anything')
    """
    for type_, known in (
        (AnswerType.DATE, nouns.DATE_HEADS),
        (AnswerType.NUMBER, nouns.NUMBER_HEADS),
        (AnswerType.PLACE, nouns.PLACE_HEADS),
        (AnswerType.PERSON, nouns.PERSON_HEADS),
        (AnswerType.NAME, nouns.NAME_HEADS),
    ):
        if head in known:
            return type_
    if head not in nouns.NOT_AGENTS and _AGENT.match(head):
        return AnswerType.PERSON
    return AnswerType.ANYTHING


def _offers(asked: str, options: tuple[str, ...]) -> bool:
    """Whether the asking sentence lets one choose: "A or B", "between A and B", "which of the two"."""
    return bool(
        re.search(r"\bor\b", asked)
        or re.search(r"\bbetween\b.*\b(?:which|who|what)\b", asked, re.IGNORECASE)
        or re.match(
            r"\W*(?:which|who)\b.*\b(?:first|earlier|later|older|younger|oldest|youngest)\b",
            asked,
            re.IGNORECASE,
        )
    )


def _options(text: str, asked: str) -> tuple[str, ...]:
    """The two things joined by "or", or by "and": the names beside the word."""
    for scope, joiner in ((asked, "or"), (asked, "and"), (text, "and")):
        for match in re.finditer(rf"\s{joiner}\s+(?:the\s+|a\s+|an\s+)?", scope):
            left, right = _name_before(scope[: match.start()]), _name_after(scope[match.end() :])
            if left and right and left != right:
                return left, right
        if joiner == "or":
            plain = re.search(
                r"[,:]\s*(?:the |an? )?([^,:?]+?),?\s+or\s+(?:the |an? )?([^,?]+?)\s*\?*$", scope
            )
            if plain:
                return plain.group(1).strip(), plain.group(2).strip()
    return ()


def _name_before(before: str) -> str:
    before = before.rstrip(" ,")
    quotes = [quote for quote in quotes_in(before) if before.rstrip("\"”»'").endswith(quote)]
    if quotes:
        return quotes[-1]
    names = [name for name in names_in(before) if before.endswith(name)]
    return _without_question_words(names[-1]) if names else ""


def _name_after(after: str) -> str:
    quotes = [quote for quote in quotes_in(after) if after.lstrip("\"“«'").startswith(quote)]
    if quotes:
        return quotes[0]
    names = [name for name in names_in(after) if after.startswith(name)]
    return names[0] if names else ""
