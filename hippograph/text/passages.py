"""Passages: how spans of a document become records with stable ids, sentences and the headings above them."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hippograph.text.sentences import Span, split_sentences
from hippograph.types import Document, Passage, PassageId, Sentence, content_id

TokenCount = Callable[[str], int]

WITH_HEADINGS = frozenset(
    {
        "text/markdown",
        "text/html",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
"""Media types whose text carries headings as Markdown lines: connectors write those of HTML and Word so."""

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\r?\n?$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
_WORD = re.compile(r"\S+")

_LONGEST_TOKEN = 32
"""Characters. Word-piece models call a longer word one unknown token; a blob must still be cut."""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document under one heading: `heading` is the path of headings, outermost first."""

    start: int
    end: int
    heading: str


def make_passages(document: Document, spans: Sequence[Span], headings: Sequence[str]) -> list[Passage]:
    """Records of the spans, in order; `headings` holds one path of headings a span.

    The id is made from document, heading, text and the count of equal passages before it, not from the place:
    what stays when a document changes keeps its id.
    """
    seen: Counter[tuple[str, str]] = Counter()
    passages = []
    for position, ((start, end), heading) in enumerate(zip(spans, headings, strict=True)):
        text = document.text[start:end]
        occurrence = seen[heading, text]
        seen[heading, text] += 1
        passages.append(
            Passage(
                id=PassageId(content_id(document.id, heading, text, str(occurrence))),
                document=document.id,
                title=document.title,
                heading=heading,
                text=text,
                start=start,
                end=end,
                position=position,
                sentences=tuple(
                    Sentence(text[left:right], start + left, start + right)
                    for left, right in split_sentences(text)
                ),
            )
        )
    return passages


def cut_document(
    document: Document,
    max_tokens: int,
    overlap_tokens: int,
    count: TokenCount,
    cut: Callable[[str, int], list[Span]],
) -> list[Passage]:
    """What every splitter does around its own way of cutting: `cut(text, max_tokens)` gives spans.

    A blank document has no passage and a short one is one passage. Sections of a longer Markdown document are
    cut one by one. With an overlap, a passage begins with the last sentences of the one before it.
    """
    text = document.text
    whole = visible(text, 0, len(text))
    if whole is None:
        return []
    if count_up_to(text, max_tokens, count) <= max_tokens:
        return make_passages(document, [whole], [""])
    spans: list[Span] = []
    headings: list[str] = []
    for section in sections(document):
        found = _cut_section(text, section, max_tokens - overlap_tokens, count, cut)
        spans += overlapped(text, found, overlap_tokens, count)
        headings += [section.heading] * len(found)
    return make_passages(document, spans, headings)


def _cut_section(
    text: str, section: Section, max_tokens: int, count: TokenCount, cut: Callable[[str, int], list[Span]]
) -> list[Span]:
    piece = text[section.start : section.end]
    fits = count_up_to(piece, max_tokens, count) <= max_tokens
    spans = [(0, len(piece))] if fits else cut(piece, max_tokens)
    shifted = (visible(text, section.start + start, section.start + end) for start, end in spans)
    return [span for span in shifted if span is not None]


def overlapped(text: str, spans: Sequence[Span], overlap_tokens: int, count: TokenCount) -> list[Span]:
    """Each span begins with as many last sentences of the one before as fit in `overlap_tokens`."""
    if overlap_tokens <= 0:
        return list(spans)
    grown = list(spans[:1])
    for before, (start, end) in itertools.pairwise(spans):
        begin, budget = start, overlap_tokens
        for left, right in reversed(split_sentences(text[before[0] : before[1]])):
            budget -= count(text[before[0] + left : before[0] + right])
            if budget < 0:
                break
            begin = before[0] + left
        grown.append((begin, end))
    return grown


def sections(document: Document) -> list[Section]:
    """The sections of a Markdown document, heading lines included; any other document is one section.

    A heading with nothing below it but another heading opens the section of that other one.
    """
    if document.media_type not in WITH_HEADINGS:
        return [Section(0, len(document.text), "")]
    found: list[Section] = []
    path: list[tuple[int, str]] = []
    start, has_body = 0, False
    for begin, end, level, title in _lines(document.text):
        if level == 0:
            has_body = has_body or not document.text[begin:end].isspace()
            continue
        if has_body:
            found.append(Section(start, begin, _joined(path)))
            start, has_body = begin, False
        path = [(above, name) for above, name in path if above < level] + [(level, title)]
    found.append(Section(start, len(document.text), _joined(path)))
    return found


def _joined(path: list[tuple[int, str]]) -> str:
    return " > ".join(name for _, name in path if name)


def _lines(text: str) -> list[tuple[int, int, int, str]]:
    """Start, end, heading level (0 for other lines) and heading of each line, fenced code left aside."""
    rows = []
    fence = ""
    for match in _LINE.finditer(text):
        line = match.group()
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark.group(1)
        elif mark and mark.group(1).startswith(fence) and not line[mark.end() :].strip():
            fence = ""
        heading = None if fence or mark else _HEADING.match(line)
        level = len(heading.group(1)) if heading else 0
        rows.append((match.start(), match.end(), level, heading.group(2) if heading else ""))
    return rows


def visible(text: str, start: int, end: int) -> Span | None:
    """The span without the white space around it; None where nothing is left."""
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return None
    begin = start + len(piece) - len(piece.lstrip())
    return begin, begin + len(stripped)


def count_up_to(text: str, limit: int, count: TokenCount) -> int:
    """Tokens of a text; above the limit any larger number will do, so that long texts are never tokenised."""
    at_least = len(text) // _LONGEST_TOKEN
    if at_least > limit:
        return at_least
    if len(text) > 2 * limit:
        for number, _ in enumerate(_WORD.finditer(text), start=1):
            if number > limit:
                return number
    return max(at_least, count(text))
