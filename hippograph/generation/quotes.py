"""Quotes: words that an answer says stand in a document, found there or not shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SAME = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("‹", "<"),
    **dict.fromkeys("[", "("),
    **dict.fromkeys("]", ")"),
    "…": "...",
    "\u00ad": "",
    "\u200b": "",
    "\ufeff": "",
}
"""Signs that typists, models and word processors exchange for one another; a soft hyphen is no sign at all."""
_QUOTED = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|「([^「」]+)」')
_OUTER = "\"'() \t"


@dataclass(frozen=True, slots=True)
class _Normal:
    """A text with signs and white space made equal, and where each of its characters came from."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def find_quote(quote: str, text: str) -> tuple[int, int] | None:
    """Where a text holds the words of a quote: start and end in the text, or None where it does not.

    White space, kinds of quotation marks and dashes may differ, letters may not. A quote that begins or ends inside
    a word is none.

    >>> find_quote('the "Salt  Ledger"', "It is called the “Salt Ledger” there.")
    (13, 30)
    >>> find_quote("the Salt Tower", "It is called the “Salt Ledger” there.") is None
    True
    """
    wanted, held = _normal(quote).text.strip(), _normal(text)
    bare = wanted.strip(_OUTER)
    for words in dict.fromkeys((wanted, bare, bare.rstrip(".,;:!? "))):
        start = _place(words, held.text) if words else None
        if start is not None:
            return held.starts[start], held.ends[start + len(words) - 1]
    return None


def unproven_quotes(sentence: str, sources: list[str]) -> list[str]:
    """What stands in quotation marks, two words or more, and in none of the sources."""
    quoted = ("".join(groups) for groups in _QUOTED.findall(sentence))
    return [
        each for each in quoted if " " in each.strip() and not any(find_quote(each, text) for text in sources)
    ]


def without_marks(sentence: str, quoted: str) -> str:
    """The sentence with those words as its own: the quotation marks around them are gone."""
    return _QUOTED.sub(lambda found: quoted if quoted in found.groups() else found[0], sentence)


def _place(words: str, text: str) -> int | None:
    start = text.find(words)
    while start >= 0:
        if not _cuts_word(text, start) and not _cuts_word(text, start + len(words)):
            return start
        start = text.find(words, start + 1)
    return None


def _cuts_word(text: str, place: int) -> bool:
    """Whether a word runs across this place. Scripts without capitals often write no spaces: there none does."""
    return 0 < place < len(text) and _spells(text[place - 1]) and _spells(text[place])


def _spells(character: str) -> bool:
    return character.islower() or character.isupper() or character.isdigit()


def _normal(text: str) -> _Normal:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            if letters and letters[-1] == " ":
                ends[-1] = place + 1
                continue
            character = " "
        for letter in _SAME.get(character, character):
            letters.append(letter)
            starts.append(place)
            ends.append(place + 1)
    return _Normal("".join(letters), tuple(starts), tuple(ends))
