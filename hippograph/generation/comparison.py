"""Comparisons: which of two, and yes or no, by rules over dates, numbers and shared attributes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hippograph.generation.candidates import date_spans, number_spans
from hippograph.generation.overlap import content_stems, coverage, rarity
from hippograph.generation.question_types import AnswerType, Question
from hippograph.generation.sentences import EvidenceSentence
from hippograph.text.names import normal_name

_EARLIER = re.compile(r"\b(?:first|older|oldest|earlier|earliest|before)\b", re.IGNORECASE)
_LATER = re.compile(r"\b(?:younger|youngest|later|latest|last|recently|recent|newer|newest)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:more|most|larger|largest|bigger|biggest|higher|highest|taller|tallest|longer|longest|greater|greatest|heavier|"
    r"deeper|wider)\b",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\b(?:fewer|fewest|less|least|smaller|smallest|lower|lowest|shorter|shortest|lighter)\b", re.IGNORECASE
)
_SAME = re.compile(r"\b(?:same|share|in common|each other)\b", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:not|never|no longer|refused|declined|n't)\b|n['’]t\b", re.IGNORECASE)
_COMPARING = frozenset(
    content_stems(
        "first older oldest earlier earliest before younger youngest later latest last recently recent newer"
        " newest larger largest bigger biggest higher highest taller tallest longer longest greater greatest"
        " fewer less smaller lower shorter two following"
    )
)
_GENTLE_COVERAGE = 0.6
"""The share of a closed question's words that a sentence must say for a yes."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer of a comparison and the places of the sentences it was read from."""

    answer: str
    """ "yes", "no", or the option that wins, as the question writes it."""
    places: tuple[int, ...]
    is_sure: bool
    """Whether a rule decided on dates, numbers or shared attributes, rather than on likeness alone."""


def compare(question: Question, sentences: Sequence[EvidenceSentence]) -> Comparison | None:
    """Decide a which-of-two or a yes-no question; None where the evidence does not speak of its subjects."""
    if question.type is AnswerType.CHOICE:
        return _choose(question, sentences)
    if question.type is AnswerType.YES_NO:
        return _yes_or_no(question, sentences)
    return None


def about(option: str, sentences: Sequence[EvidenceSentence]) -> list[int]:
    """The sentences about a thing: of documents whose title holds its name, else those that name it.

    Where several titles hold it, the shortest is the thing itself.
    """
    wanted = set(content_stems(option))
    if not wanted:
        return []
    titled = [
        place for place, sentence in enumerate(sentences) if wanted <= set(content_stems(sentence.title))
    ]
    if titled:
        shortest = min(len(sentences[place].title) for place in titled)
        return [place for place in titled if len(sentences[place].title) == shortest]
    name = normal_name(option)
    return [
        place
        for place, sentence in enumerate(sentences)
        if name in sentence.names or wanted <= sentence.own_stems
    ]


def _choose(question: Question, sentences: Sequence[EvidenceSentence]) -> Comparison | None:
    sides = [about(option, sentences) for option in question.options]
    if not all(sides):
        return None
    asked = _property(question)
    for says, sign, read in (
        (_EARLIER, -1, _year),
        (_LATER, 1, _year),
        (_MORE, 1, _number),
        (_LESS, -1, _number),
    ):
        if not says.search(question.asked):
            continue
        left, right = (read(asked, side, sentences) for side in sides)
        if left is not None and right is not None and left[0] != right[0]:
            winner = 0 if sign * left[0] > sign * right[0] else 1
            places = (left[1], right[1])
            return _won(question.options[winner], places, sides[winner], sentences, is_sure=True)
    best = [_nearest(asked, side, sentences) for side in sides]
    winner = 0 if best[0][1] >= best[1][1] else 1
    places = (best[0][0], best[1][0])
    return _won(question.options[winner], places, sides[winner], sentences, is_sure=False)


def _won(
    option: str,
    places: tuple[int, int],
    side: Sequence[int],
    sentences: Sequence[EvidenceSentence],
    *,
    is_sure: bool,
) -> Comparison:
    """The verdict, with one sentence more where none of those it was read from writes the winner's name."""
    name = normal_name(option)
    if any(name in normal_name(sentences[place].text) for place in places):
        return Comparison(option, places, is_sure)
    naming = [place for place in side if name in normal_name(sentences[place].text)]
    elsewhere = [place for place, sentence in enumerate(sentences) if name in normal_name(sentence.text)]
    return Comparison(option, (*places, *(naming or elsewhere)[:1]), is_sure)


def _property(question: Question) -> list[str]:
    """The stems that say what is compared: without the options and the words of comparison."""
    said = {stem for option in question.options for stem in content_stems(option)}
    return [stem for stem in content_stems(question.asked) if stem not in said | _COMPARING]


def _year(
    asked: Sequence[str], side: Sequence[int], sentences: Sequence[EvidenceSentence]
) -> tuple[float, int] | None:
    """The year of the event that is asked for and its sentence; else the first year."""
    found = []
    for order, place in enumerate(side):
        text = sentences[place].text
        for start, end in date_spans(text):
            year = re.search(r"(?:1\d|20)\d\d", text[start:end])
            if year:
                near = set(content_stems(text[max(0, start - 50) : end + 20]))
                found.append((-len(near & set(asked)), order, start, float(year.group()), place))
    return (min(found)[3], min(found)[4]) if found else None


def _number(
    asked: Sequence[str], side: Sequence[int], sentences: Sequence[EvidenceSentence]
) -> tuple[float, int] | None:
    """The number with most of the asked words beside it, years left out; None where none has any."""
    found = []
    for order, place in enumerate(side):
        text = sentences[place].text
        dates = date_spans(text)
        for start, end in number_spans(text):
            digits = re.match(r"\d[\d,]*(?:\.\d+)?", text[start:end])
            inside = any(first <= start and end <= last for first, last in dates)
            near = set(content_stems(text[max(0, start - 50) : end + 50])) & set(asked)
            if digits and not inside and near:
                found.append((-len(near), order, start, float(digits.group().replace(",", "")), place))
    return (min(found)[3], min(found)[4]) if found else None


def _nearest(
    asked: Sequence[str], side: Sequence[int], sentences: Sequence[EvidenceSentence]
) -> tuple[int, float]:
    """The sentence of one side that says most of what is asked, and how much."""
    rare = rarity(sentence.stems for sentence in sentences)
    return max(
        (
            (place, coverage(asked, sentences[place].stems, rare) + sentences[place].similarity)
            for place in side
        ),
        key=lambda found: found[1],
    )


def _yes_or_no(question: Question, sentences: Sequence[EvidenceSentence]) -> Comparison | None:
    if len(question.options) == 2:
        sides = [about(option, sentences) for option in question.options]
        if not all(sides):
            return None
        if _SAME.search(question.asked):
            return _same(question, sides, sentences)
        return _both(question, sides, sentences)
    return _stated(question, sentences)


def _both(question: Question, sides: list[list[int]], sentences: Sequence[EvidenceSentence]) -> Comparison:
    """Yes where the sentences about each side say what is asked of both."""
    asked = frozenset(_property(question))
    places, said = [], []
    for side in sides:
        place, _ = _nearest(list(asked), side, sentences)
        everything = frozenset().union(*(sentences[other].stems for other in side))
        places.append(place)
        said.append(not asked or len(asked & everything) / len(asked) > 0.5)
    return Comparison("yes" if all(said) else "no", tuple(places), bool(asked))


def _same(question: Question, sides: list[list[int]], sentences: Sequence[EvidenceSentence]) -> Comparison:
    """Yes where the two sides name something in common, other than what the question names."""
    asked = {normal_name(name) for name in (*question.names, *question.options)}
    names = [{name for place in side for name in sentences[place].names} - asked for side in sides]
    places = tuple(_nearest(_property(question), side, sentences)[0] for side in sides)
    return Comparison("yes" if names[0] & names[1] else "no", places, bool(names[0] and names[1]))


def _stated(question: Question, sentences: Sequence[EvidenceSentence]) -> Comparison | None:
    """Yes where one sentence says most of the question, no where it denies it."""
    rare = rarity(sentence.stems for sentence in sentences)
    best = max(
        range(len(sentences)),
        key=lambda place: (
            coverage(question.stems, sentences[place].stems, rare) + sentences[place].similarity
        ),
        default=None,
    )
    if best is None:
        return None
    share = coverage(question.stems, sentences[best].stems, rare)
    denied = _NEGATION.search(sentences[best].text) is not None
    asks_denial = _NEGATION.search(question.asked) is not None
    return Comparison("no" if denied != asks_denial else "yes", (best,), share >= _GENTLE_COVERAGE)
