"""Names in running text: runs of capitalised words, joined by small words, and quoted titles."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"&|\w+(?:[.'’&-]\w+)*\.?")
_JOINTS = frozenset(
    [
        "of",
        "the",
        "de",
        "la",
        "le",
        "les",
        "van",
        "von",
        "der",
        "den",
        "du",
        "del",
        "della",
        "da",
        "di",
        "do",
        "dos",
        "al",
        "el",
        "bin",
        "ibn",
        "ap",
        "ben",
        "y",
        "e",
    ]
)
_ABBREVIATION = re.compile(r"(?:[^\W\d_]|Dr|Mr|Mrs|Ms|St|Jr|Sr|Mt|Ft|No|Prof|Lt|Col|Gen|\w(?:\.\w)+)\.$")
_QUOTE = re.compile(r"[\"“«„]([^\"“”»„]{2,120})[\"”»“]|(?<!\w)'([^']{2,80})'(?!\w)")

Span = tuple[int, int]


def name_spans(text: str) -> list[Span]:
    """Where the names of a text stand: runs of capitalised words, "of" and its like between two.

    >>> text = "He studied at the University of Vienna in Austria."
    >>> [text[start:end] for start, end in name_spans(text)]
    ['He', 'University of Vienna', 'Austria']
    """
    return [(run[0][0], run[-1][1]) for run in _runs(text)]


def names_in(text: str) -> list[str]:
    """The names of a text, in reading order."""
    return [text[start:end] for start, end in name_spans(text)]


def quote_spans(text: str) -> list[Span]:
    """Where quoted stretches stand, without their quotation marks."""
    return [match.span(1) if match.group(1) else match.span(2) for match in _QUOTE.finditer(text)]


def quotes_in(text: str) -> list[str]:
    """The quoted stretches of a text, in reading order."""
    return [text[start:end] for start, end in quote_spans(text)]


def _runs(text: str) -> Iterator[list[Span]]:
    run: list[Span] = []
    joints: list[Span] = []
    for start, end in _tokens(text):
        token = text[start:end]
        last = (joints or run or [(0, 0)])[-1][1]
        adjoins = bool(run) and text[last:start].isspace()
        if run and not adjoins:
            yield run
            run, joints = [], []
        if token[0].isupper() or (run and not joints and token[0].isdigit()):
            run, joints = [*run, *joints, (start, end)], []
        elif run and token.lower() in _JOINTS:
            joints.append((start, end))
        elif run:
            yield run
            run, joints = [], []
    if run:
        yield run


def _tokens(text: str) -> Iterator[Span]:
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        # A full stop belongs to an initial or a title such as "Dr.", not to the last word of a sentence.
        if match.group().endswith(".") and not (
            match.group()[0].isupper() and _ABBREVIATION.match(match.group())
        ):
            end -= 1
        if match.group()[: end - start].endswith(("'s", "’s")):
            end -= 2
        yield start, end
