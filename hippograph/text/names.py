"""Names: the normal form under which two spellings are one entity, and the words a text is ranked by."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ARTICLES = frozenset({"the", "a", "an"})

_POSSESSIVE = re.compile(r"(?<=\w)['’](?:s\b|(?=\s|$))")
_ATTACHED_SIGNS = re.compile(r"(?<=[^\W_])[+#]++(?![^\W_])")
_QUALIFIER = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")

# Scripts whose vowels and tones are combining marks, which `\w` leaves out. Dandas (U+0964, U+0965) end
# sentences.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u0900-\u0963\u0966-\u0df3\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
)
_WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_ASCII_SIGN = re.compile(r"[^A-Za-z0-9]")
_ASCII_POSSESSIVE = re.compile(r"(?<=[a-z0-9])'s\b")
# Scripts written without spaces: Thai, Lao, Myanmar, Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]+")


@lru_cache(maxsize=65536)
def normal_name(name: str) -> str:
    """The form under which names are one entity: case, width, punctuation and a leading article do not count.

    Letters, digits and combining marks of every script stay; `+` and `#` stay at the end of a word; a name
    made of symbols alone keeps its symbols. Applying it twice changes nothing.

    >>> normal_name("The  Beatles'"), normal_name("C++"), normal_name("C#"), normal_name("Zürich")
    ('beatles', 'c++', 'c#', 'zürich')
    """
    folded = _fold(name)
    while (again := _fold(folded)) != folded:  # Unicode folding and composing may need a second round
        folded = again
    return folded


def title_name(title: str) -> str:
    """The name a title gives its subject: without the qualifier that tells it from its namesakes.

    >>> title_name("Hamlet (1996 film)")
    'Hamlet'
    """
    name = " ".join(title.split())
    while (shorter := _QUALIFIER.sub("", name)) not in ("", name):
        name = shorter
    return name


def words(text: str) -> list[str]:
    """The tokens of lexical ranking: casefolded words, and character bigrams where a script has no spaces.

    >>> words("Ada's 2nd engine"), words("北京大学")
    (['ada', '2nd', 'engine'], ['北京', '京大', '大学'])
    """
    if text.isascii():
        lowered = text.lower()
        return _ASCII_WORD.findall(_ASCII_POSSESSIVE.sub("", lowered) if "'" in lowered else lowered)
    folded = _POSSESSIVE.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    found = _WORD.findall(folded)
    if not _UNSPACED_RUN.search(folded):
        return found
    return [token for word in found for token in _tokens_of_word(word)]


def _tokens_of_word(word: str) -> list[str]:
    tokens: list[str] = []
    last = 0
    for run in _UNSPACED_RUN.finditer(word):
        if run.start() > last:
            tokens.append(word[last : run.start()])
        tokens.extend(_bigrams(run.group()))
        last = run.end()
    if last < len(word):
        tokens.append(word[last:])
    return tokens


def _bigrams(run: str) -> list[str]:
    return [run] if len(run) < 3 else [run[i : i + 2] for i in range(len(run) - 1)]


def _fold(name: str) -> str:
    """One round of folding; `normal_name` repeats it until nothing changes."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kept = _letters(_POSSESSIVE.sub(" ", text)).split()
    if not kept:
        return " ".join(text.split())
    while len(kept) > 1 and kept[0] in ARTICLES and (kept[0] == "the" or len(kept[1]) > 1):
        kept = kept[1:]
    return unicodedata.normalize("NFKC", " ".join(kept))


def _letters(text: str) -> str:
    """The characters of a name: punctuation becomes a space, invisible format characters go."""
    if text.isascii() and "+" not in text and "#" not in text:
        return _ASCII_SIGN.sub(" ", text)
    signs = {place for match in _ATTACHED_SIGNS.finditer(text) for place in range(*match.span())}
    kept: list[str] = []
    for place, char in enumerate(text):
        category = unicodedata.category(char)
        if category[0] in "LNM" or place in signs:
            kept.append(char)
        elif category != "Cf":
            kept.append(" ")
    return "".join(kept)
