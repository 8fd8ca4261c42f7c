"""A statement read for comparison: its names, dates, numbers and telling words, in order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from hippograph.generation.candidates import number_spans
from hippograph.generation.claims.words import LIGHT_WORDS, NEGATIONS, is_verb, word_set
from hippograph.generation.names import name_spans, quote_spans
from hippograph.generation.overlap import FUNCTION_WORDS, stem
from hippograph.text.dates import MONTHS, find_dates
from hippograph.text.names import normal_name, words

Span = tuple[int, int]

_TOKEN = re.compile(r"\w+(?:[.'’-]\w+)*")
_FIRST_WORD = re.compile(r"[\w'’]+\s*")
_ROUGH = word_set("about around approximately nearly almost roughly circa ca over some")
_NO_NAME = FUNCTION_WORDS | NEGATIONS
_MONTH_NUMBERS = {month[:3].lower(): number for number, month in enumerate(MONTHS.split("|"), start=1)}
_COUNT = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty
"""
_OTHER_NUMBERS = {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "once": 1, "twice": 2, "thrice": 3, "dozen": 12,
}  # fmt: skip
_NUMBER_WORDS = {word: value for value, word in enumerate(_COUNT.split())} | _OTHER_NUMBERS
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_RANKS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_ORDINALS = {word: value for value, word in enumerate(_RANKS.split())}


class ItemKind(StrEnum):
    """What an item of a statement is."""

    NAME = "name"
    DATE = "date"
    NUMBER = "number"
    WORD = "word"
    SMALL = "small"
    """A function word: it tells where things stand, and nothing by itself."""

    def is_slot(self) -> bool:
        """Whether another value in the same place makes another statement."""
        return self in (ItemKind.NAME, ItemKind.DATE, ItemKind.NUMBER)


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is told: 0 where the month or the day is not."""

    year: int
    month: int = 0
    day: int = 0
    span: int = 1
    """How many years it may stand for: 10 for "the 1920s", 100 for a century."""

    def agrees(self, told: Day) -> bool:
        """Whether what `told` says bears this out: the same, or more precise."""
        if not (told.year and self.year):
            return (self.month, self.day) == (told.month, told.day)
        if self.span > 1:
            return self.year <= told.year < self.year + self.span and told.span <= self.span
        same_year = told.span == 1 and self.year == told.year
        return same_year and self.month in (0, told.month) and self.day in (0, told.day)

    def may_agree(self, told: Day) -> bool:
        """Whether the two may be the same moment, one being told less precisely."""
        return self.agrees(told) or told.agrees(self)


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its text, and what it is compared by."""

    kind: ItemKind
    text: str
    key: str
    """Normal name, stem, or the plain word."""
    value: float | Day | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement as items in reading order."""

    text: str
    items: tuple[Item, ...]
    plain: str
    """Its words, folded and with single spaces around each, so that a name can be looked for."""

    @property
    def slots(self) -> list[int]:
        """The places of its names, dates and numbers."""
        return [place for place, item in enumerate(self.items) if item.kind.is_slot()]

    def stems(self) -> frozenset[str]:
        """The stems of its telling words, those of its names among them."""
        return frozenset(
            stem(word)
            for item in self.items
            if item.kind is not ItemKind.SMALL
            for word in (words(item.text) or [item.key])
        )

    def is_caseless(self) -> bool:
        """Whether it is written in a script without capitals, so that names look like any other word."""
        letters = [letter for letter in self.text if letter.isalpha()]
        return sum(letter.lower() == letter.upper() for letter in letters) > len(letters) / 3

    def is_about(self, place: int) -> bool:
        """Whether a number is told as a rough one: "about 40"."""
        return place > 0 and self.items[place - 1].text.lower() in _ROUGH

    def count(self, name: Item) -> int:
        """How often the statement holds the words of a name."""
        return self.plain.count(f" {' '.join(words(name.text)) or name.key} ")


@lru_cache(maxsize=4096)
def read_statement(text: str) -> Reading:
    """The items of a statement.

    >>> [(item.kind.value, item.key) for item in read_statement("Ada wrote 7 notes in 1843.").items]
    [('name', 'ada'), ('word', 'write'), ('number', '7'), ('word', 'note'), ('small', 'in'), ('date', '1843')]
    """
    items: list[Item] = []
    end = 0
    for span, kind in _slots(text):
        items += _words(text, end, span[0])
        items.append(_slot(text[span[0] : span[1]], kind))
        end = span[1]
    items += _words(text, end, len(text))
    plain = f" {' '.join(words(text))} " if text.isascii() else f" {_folded(text)} "
    return Reading(text, tuple(items), plain)


def _folded(text: str) -> str:
    return " ".join(normal_name(word) for word in _TOKEN.findall(text))


def _slots(text: str) -> list[tuple[Span, ItemKind]]:
    """Dates, quotes, numbers and names, none within another, in reading order."""
    taken: list[tuple[Span, ItemKind]] = []
    groups = (
        (find_dates(text), ItemKind.DATE),
        ((span for span in quote_spans(text) if _is_title(text[span[0] : span[1]])), ItemKind.NAME),
        ((piece for span in name_spans(text) for piece in _name_pieces(text, span)), ItemKind.NAME),
        ((span for span in number_spans(text) if not text[span[1] : span[1] + 1].isalpha()), ItemKind.NUMBER),
    )
    for spans, kind in groups:
        for start, end in spans:
            if all(end <= first or last <= start for (first, last), _ in taken) and text[start:end].strip():
                taken.append(((start, end), kind))
    return sorted(taken)


def _is_title(quoted: str) -> bool:
    return quoted[:1].isupper() or quoted[:1].isdigit()


def _name_pieces(text: str, span: Span) -> Iterator[Span]:
    """A run of capitals without the dates in it and without function words at its start: "In 1843 Ada" is Ada."""
    start, end = span
    for date in find_dates(text[start:end]):
        if start + date[0] > start:
            yield from _name_pieces(text, (start, start + date[0] - 1))
        start = start + date[1]
        yield from _name_pieces(text, _stripped(text, start, end))
        return
    start, end = _stripped(text, start, end)
    opening = _FIRST_WORD.match(text, start, end)
    while (
        opening and opening.group().strip().lower() in _NO_NAME and opening.group() != opening.group().strip()
    ):
        start = opening.end()
        opening = _FIRST_WORD.match(text, start, end)
    rest = text[start:end].strip()
    if start == 0 and " " not in rest and (is_verb(rest.lower()) or rest.endswith("ly")):
        return  # "Born in Ribe": any word has a capital at the start of a sentence
    if rest and rest.lower() not in FUNCTION_WORDS and any(letter.isalpha() for letter in rest):
        yield start, end


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _slot(text: str, kind: ItemKind) -> Item:
    if kind is ItemKind.DATE:
        return Item(kind, text, " ".join(text.lower().split()), read_date(text))
    if kind is ItemKind.NUMBER:
        value = read_number(text)
        return Item(kind, text, f"{value:g}" if value is not None else text.lower(), value)
    return Item(kind, text, normal_name(text))


def _words(text: str, start: int, end: int) -> Iterator[Item]:
    for match in _TOKEN.finditer(text, start, end):
        word = match.group().lower().replace("’", "'")
        if word in NEGATIONS and (_is_in_title(match) or _is_number_sign(match)):
            yield Item(ItemKind.SMALL, match.group(), f"{match.group()}.")
        elif word.removesuffix("'s") in FUNCTION_WORDS or word in NEGATIONS or word in LIGHT_WORDS:
            yield Item(ItemKind.SMALL, match.group(), word)
        elif word in _ORDINALS or re.fullmatch(r"\d+(?:st|nd|rd|th)", word):
            value = float(_ORDINALS.get(word, 0) or re.sub(r"\D", "", word) or 0)
            yield Item(ItemKind.NUMBER, match.group(), f"{value:g}th", value + 0.5)
        else:
            for part in words(match.group()):
                if part.isdigit():  # digits need no space around them in scripts written without
                    yield Item(ItemKind.NUMBER, part, part, float(part))
                    continue
                yield Item(ItemKind.WORD, match.group(), stem(part))


def _is_in_title(word: re.Match[str]) -> bool:
    """The "No" of "No Good, Very Bad Day" denies nothing."""
    return word.start() > 0 and word.group()[0].isupper()


def _is_number_sign(word: re.Match[str]) -> bool:
    """Nor does that of "no. 765", after which a sentence may have been cut off."""
    return (
        word.group().lower() == "no"
        and re.match(r"\.\s*(?:\d|$)|\s*\d", word.string[word.end() :]) is not None
    )


def read_number(text: str) -> float | None:
    """The value of a number in digits or words; None where it is not one that can be compared.

    >>> read_number("1.5 million"), read_number("forty-one"), read_number("7")
    (1500000.0, 41.0, 7.0)
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace(",", "")
    digits = re.search(r"\d+(?:\.\d+)?", plain)
    total, current = 0.0, float(digits.group()) if digits else 0.0
    is_number = digits is not None
    for word in re.findall(r"[a-z]+", plain):
        word = word.removesuffix("s") if word.removesuffix("s") in _SCALES else word
        if word in _NUMBER_WORDS:
            current, is_number = current + _NUMBER_WORDS[word], True
        elif word in _SCALES:
            current, is_number = (current or 1.0) * _SCALES[word], True
            if _SCALES[word] > 100:
                total, current = total + current, 0.0
    return total + current if is_number else None


def read_date(text: str) -> Day | None:
    """A date as year, month and day; None for what is none, such as "AD" alone.

    >>> read_date("May 5, 1900"), read_date("the 1920s")
    (Day(year=1900, month=5, day=5, span=1), Day(year=1920, month=0, day=0, span=10))
    """
    lowered = text.lower()
    if found := re.search(r"(\d{1,2})(?:st|nd|rd|th)[\s-]centur", lowered):
        return Day((int(found.group(1)) - 1) * 100, span=101)
    if found := re.search(r"\b(\d{4})-(\d{2})-(\d{2})", lowered):
        return Day(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    if found := re.search(r"\b(\d{3}0)['’]?s\b", lowered):
        return Day(int(found.group(1)), span=100 if found.group(1).endswith("00") else 10)
    year = re.search(r"\b(\d{4})\b", lowered) or re.search(
        r"\b(?:ad\s+)?(\d{1,4})\s*(?:ad|bce?|ce)?\b(?!.*\d)", lowered
    )
    month = next((n for name, n in _MONTH_NUMBERS.items() if re.search(rf"\b{name}", lowered)), 0)
    day = re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b(?!\d)", lowered) if month else None
    four = re.search(r"\b\d{4}\b", lowered)
    if month and not four:
        return Day(0, month, int(day.group(1)) if day else 0)
    if year is None:
        return None
    number = int(year.group(1)) * (-1 if re.search(r"\bb\.?c", lowered) else 1)
    return Day(number, month, int(day.group(1)) if day else 0)
