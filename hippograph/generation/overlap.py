"""Words in common: how much of a question a sentence covers, counted by stems and weighted by rarity."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from hippograph.text.names import words

_FUNCTION_WORDS = """
a an the of in on at to is was were are be been being am by for with and or nor but not no if then than
as from into onto out off over under about after before during between among through per via also too
very just only both either neither each every any some all such same other another it its he him his she
her they them their we us our you your i my me who whom whose what which when where why how that this
these those there here do does did done has have had having can could will would shall should may might
must s t so up down more most much many few one
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())

_ENDINGS = "ations ation ments ment ings ing ors ers ions ies ied ion ess ed es or er ly al s e y"
_SUFFIXES = tuple(_ENDINGS.split())


_IRREGULAR = """
win won, write wrote written, build built, make made, keep kept, lead led, teach taught, bear born
birth, sing sang sung, sell sold, buy bought, give gave given, hold held, lose lost, leave left, speak
spoke spoken, steal stole stolen, know knew known, begin began begun, come came, become became, grow
grew grown, draw drew drawn, fly flew flown flight, fight fought, think thought, bring brought, take
took taken, see saw seen, drive drove driven, ride rode ridden, rise rose risen, fall fell fallen, break
broke broken, choose chose chosen, wear wore worn, swim swam swum, sink sank sunk, shoot shot, meet met,
pay paid, say said, tell told, spend spent, send sent, stand stood, die died dies dying death, succeed
success, marry married marriage, feed fed, go went gone, run ran, sit sat, throw threw thrown, strike
struck, bury buried burial, catch caught, lay laid, lie lay lain, light lit, live lived life, child
children, wife wives, man men, woman women, person people
"""
_BASE_FORMS = {form: forms.split()[0] for forms in _IRREGULAR.split(",") for form in forms.split()}


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The word without its most common English endings, so that "directed" and "director" meet.

    >>> stem("directed"), stem("director"), stem("won"), stem("北京")
    ('direct', 'direct', 'win', '北京')
    """
    if not word.isascii() or word.isdigit():
        return word
    if word in _BASE_FORMS:
        return _BASE_FORMS[word]
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            shorter = word[: -len(suffix)]
            return _BASE_FORMS.get(shorter, shorter)
    return word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith("ss") else word


@lru_cache(maxsize=4096)
def content_stems(text: str) -> tuple[str, ...]:
    """The stems of the words that carry meaning, in reading order.

    >>> content_stems("Who directed the films?")
    ('direct', 'film')
    """
    return tuple(stem(word) for word in words(text) if word not in FUNCTION_WORDS)


def rarity(sentences: Iterable[frozenset[str]]) -> dict[str, float]:
    """How much a stem tells sentences apart: ln(1 + n / n that hold it), over the sentences at hand."""
    held: Counter[str] = Counter()
    count = 0
    for stems in sentences:
        held.update(stems)
        count += 1
    return {word: math.log(1 + count / holding) for word, holding in held.items()}


def coverage(wanted: Iterable[str], held: frozenset[str], weights: Mapping[str, float]) -> float:
    """The share of the wanted stems that is held, each counted by its weight; 0 of none wanted."""
    wanted = set(wanted)
    highest = max(weights.values(), default=1.0)
    total = sum(weights.get(word, highest) for word in wanted)
    return sum(weights.get(word, highest) for word in wanted & held) / total if total else 0.0
