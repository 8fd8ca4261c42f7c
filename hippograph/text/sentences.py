"""Sentences: where each one starts and ends, for prose, lists, chats and scripts other than Latin."""

from __future__ import annotations

import importlib.util
import itertools
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

Span = tuple[int, int]

LONGEST = 1000
"""Characters; a longer sentence is cut at white space, so that a line without full stops stays readable."""

_WIDEST_WRAP = 120
"""A line longer than this was not broken by hand: its newline ends it."""

_LINE = re.compile(r"[^\n]*\n?")
# List items, headings, table rows, quotes, and the speaker of a chat line.
_OPENS_LINE = re.compile(
    r"\s*(?:[-*+•·–]\s|\d{1,3}[.)]\s|[a-zA-Z][.)]\s|#{1,6}\s|\||>|```|~~~|\w[\w .'-]{0,40}:\s)"
)
_CLOSES_LINE = re.compile(r"\s*(?:#{1,6}\s|\||```|~~~|[-=_*]{3,}\s*$)")
# Full stops that need no space after them, with the quotes and brackets that close behind them.
_FOREIGN_END = re.compile(r"[。！？｡؟۔।॥։።]+[」』”’»)）\"']*\s*")
_LATIN_END = re.compile(r"[.?!…]+[\"'”’»)\]]*\s+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“])(?:[A-Za-z]|[A-Za-z](?:\.[A-Za-z])+|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Mt|Ft|No|Vol|vs|etc"
    r"|Gen|Col|Lt|Sgt|Capt|Rev|Hon|Gov|Sen|Rep|Inc|Ltd|Co|Corp|Bros|approx|ca|cf|ed|eds|fig|Fig|pp|Jan|Feb|Mar|Apr|Jun|Jul|Aug"
    r"|Sep|Sept|Oct|Nov|Dec)$"
)


_MORE_ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "cf",
        "ca",
        "approx",
        "fig",
        "figs",
        "eq",
        "vol",
        "pp",
        "ed",
        "eds",
        "vs",
        "fl",
        "al",
        "op",
        "cit",
        "dept",
        "univ",
        "est",
    ]
)
"""What the model, trained on newspapers, does not know."""


def split_sentences(text: str) -> list[Span]:
    """Offsets of the sentences, without the white space around them; they hold every visible character.

    Ends of paragraphs, list items and chat lines end a sentence; full stops of any script do; in Latin text
    the Punkt model decides (Kiss and Strunk 2006, Computational Linguistics 32:4). No sentence is above
    `LONGEST`.
    """
    spans: list[Span] = []
    for block in _blocks(text):
        for sentence in _sentences_of(text, block):
            spans.extend(_short_enough(text, *_trimmed(text, *sentence)))
    return spans


def _blocks(text: str) -> Iterator[Span]:
    """Stretches that no sentence crosses: paragraphs, list items, chat lines."""
    lines = [match.span() for match in _LINE.finditer(text) if match.end() > match.start()]
    paragraph: list[Span] = []
    for start, end in lines:
        if text[start:end].isspace():
            yield from _unwrapped(text, paragraph)
            paragraph = []
        else:
            paragraph.append((start, end))
    yield from _unwrapped(text, paragraph)


def _unwrapped(text: str, lines: list[Span]) -> Iterator[Span]:
    """Join the lines of a paragraph that were broken only because the next word did not fit."""
    if not lines:
        return
    width = max(end - start for start, end in lines)
    begin, end = lines[0]
    for previous, (start, stop) in itertools.pairwise(lines):
        if not _is_wrapped(text[previous[0] : previous[1]].rstrip(), text[start:stop], width):
            yield begin, end
            begin = start
        end = stop
    yield begin, end


def _is_wrapped(line: str, following: str, width: int) -> bool:
    if width > _WIDEST_WRAP or _OPENS_LINE.match(following) or _CLOSES_LINE.match(line):
        return False
    first = following.split(None, 1)[0]
    return first[:1].islower() or len(line) + 1 + len(first) >= width


def _sentences_of(text: str, block: Span) -> Iterator[Span]:
    start, end = block
    for match in _FOREIGN_END.finditer(text, start, end):
        yield from _latin_sentences(text, start, match.end())
        start = match.end()
    if start < end:
        yield from _latin_sentences(text, start, end)


def _latin_sentences(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    if not _LATIN_END.search(piece.rstrip()):
        yield start, end
        return
    for left, right in _punkt()(piece):
        yield start + left, start + right


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _short_enough(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > LONGEST:
        cut = _last_space(text, start, start + LONGEST)
        yield _trimmed(text, start, cut)
        start = _trimmed(text, cut, end)[0]
    if start < end:
        yield start, end


def _last_space(text: str, start: int, end: int) -> int:
    """The last white space in the second half of the stretch; `end` itself where there is none."""
    for place in range(end, start + (end - start) // 2, -1):
        if text[place].isspace():
            return place
    return end


@cache
def _punkt() -> Callable[[str], list[Span]]:
    """The sentence finder of Latin text: Punkt with the model that llama-index-core ships, or plain rules."""
    folder = _punkt_folder()
    if folder is None:
        return _by_rules
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    tokenizer = PunktSentenceTokenizer()
    tokenizer._params = _punkt_parameters(folder)

    def spans(text: str) -> list[Span]:
        found = list(tokenizer.span_tokenize(text))
        # Punkt leaves white space out: each sentence is taken up to the next, so that nothing is lost.
        starts = [0] + [start for start, _ in found[1:]] if found else [0]
        return list(zip(starts, [*starts[1:], len(text)], strict=True))

    return spans


def _punkt_parameters(folder: Path) -> Any:
    """The four tables of the model. NLTK's own loader takes only folders on its global search path."""
    from nltk.tokenize.punkt import PunktParameters

    parameters = PunktParameters()
    parameters.abbrev_types = set(_rows(folder / "abbrev_types.txt")) | _MORE_ABBREVIATIONS
    parameters.sent_starters = set(_rows(folder / "sent_starters.txt"))
    parameters.collocations = {tuple(row.split("\t")) for row in _rows(folder / "collocations.tab")}
    for row in _rows(folder / "ortho_context.tab"):
        word, flags = row.split("\t")
        parameters.ortho_context[word] = int(flags)
    return parameters


def _rows(file: Path) -> list[str]:
    return [row for row in file.read_text(encoding="utf-8").split("\n") if row]


def _punkt_folder() -> Path | None:
    try:
        spec = importlib.util.find_spec("llama_index.core")
    except ModuleNotFoundError:
        return None
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "_static" / "nltk_cache" / "tokenizers" / "punkt_tab" / "english"
        if folder.is_dir():
            return folder
    return None


def _by_rules(text: str) -> list[Span]:
    """Plain rules: a full stop, a space and a capital, unless an abbreviation or initial precedes."""
    starts = [0]
    for match in _LATIN_END.finditer(text):
        before, after = text[starts[-1] : match.start()], text[match.end() : match.end() + 1]
        if not after or after.islower():
            continue
        if match.group().startswith(".") and _ABBREVIATION.search(before):
            continue
        starts.append(match.end())
    return list(zip(starts, [*starts[1:], len(text)], strict=True))
