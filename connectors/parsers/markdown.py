"""Markdown: the text as it is, its front matter as metadata, its first heading as the title."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.moments import parse_moment
from connectors.parsers.entries import BrokenEntry, Entry, Scalar, one_line
from connectors.parsers.plain import TITLE_WITHIN, read_text

FRONT_MATTER = re.compile(
    r"\A---[ \t]*\n(.{0,20000}?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL
)
KEY_VALUE = re.compile(r"([^\s:#\-][^:]*):(?:\s+(.*))?$")
LIST_ITEM = re.compile(r"\s*-\s+(.*)$")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
ATX_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")
SETEXT_LINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
LONGEST_TITLE = 500
"""Characters of a heading that are kept."""
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
EMPHASIS = re.compile(r"(\*\*|__|[*`])(?=\S)(.+?)(?<=\S)\1")


def read_markdown(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """One entry whose text is the file after its front matter, unchanged."""
    whole, metadata = read_text(stream)
    stated, text = split_front_matter(whole)
    moment = parse_moment(stated.get("date"))
    if moment is not None:
        del stated["date"]
    title = str(stated.pop("title", "")) or first_heading(text)
    yield Entry(text, title=one_line(title), timestamp=moment, metadata={**stated, **metadata})


def split_front_matter(text: str) -> tuple[dict[str, Scalar], str]:
    """The `key: value` lines between two `---` at the very start, and the text after them.

    Lists become their items joined by commas. Between the lines nothing else of YAML is understood: nested
    values are passed over. A block without any `key: value` line is not front matter.

    >>> split_front_matter("---\\ntitle: 'A day'\\ntags: [sea, salt]\\n---\\nIt rained.")
    ({'title': 'A day', 'tags': 'sea, salt'}, 'It rained.')
    """
    block = FRONT_MATTER.match(text)
    values = _key_values(block[1].splitlines()) if block else {}
    if block is None or not values:
        return {}, text
    return dict(values), text[block.end() :]


def _key_values(lines: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    key = ""
    for line in lines:
        pair, item = KEY_VALUE.match(line), LIST_ITEM.match(line)
        if pair:
            key = pair[1].strip()
            values[key] = _plain_value(pair[2] or "")
        elif item and key:
            values[key] = ", ".join(part for part in (values[key], _plain_value(item[1])) if part)
    return values


def _plain_value(value: str) -> str:
    value = value.strip()
    if value[:1] == "[" and value[-1:] == "]":
        return ", ".join(_plain_value(part) for part in value[1:-1].split(",") if part.strip())
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return re.sub(r"\s#.*$", "", value).rstrip()


def first_heading(text: str) -> str:
    """The words of the first heading outside code blocks, or "" when there is none near the start."""
    fence = above = ""
    for line in text[:TITLE_WITHIN].split("\n"):
        mark = FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and line.strip() == mark[1])):
            fence, above = ("" if fence else mark[1]), ""
            continue
        if fence:
            continue
        heading = ATX_HEADING.match(line)
        if heading and (words := _without_closing_marks(heading[1])):
            return _bare_words(words)
        if above and SETEXT_LINE.match(line):
            return _bare_words(above)
        above = (
            line.strip() if line[:1] not in ("", "\t", ">", "-", "|") and not line.startswith("    ") else ""
        )
    return ""


def _without_closing_marks(heading: str) -> str:
    """`Title` of `Title ##`; marks that touch a word belong to it."""
    words = heading.strip()
    bare = words.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else words


def _bare_words(heading: str) -> str:
    words = LINK.sub(r"\1", heading[:LONGEST_TITLE])
    return EMPHASIS.sub(r"\2", EMPHASIS.sub(r"\2", words)).strip()
