"""HTML: what a reader of the page sees, with headings as Markdown headings and blank lines between paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from connectors.moments import parse_moment
from connectors.parsers.entries import BrokenEntry, Entry, one_line
from connectors.parsers.plain import read_text
from hippograph.errors import MissingExtra

UNSEEN = frozenset(
    "script style nav noscript template svg math iframe object embed canvas audio video select button input "
    "textarea head title -comment".split()
)
PARAGRAPHS = frozenset(
    "p div section article main header footer aside blockquote pre ul ol dl table figure figcaption form fieldset "
    "address details summary h1 h2 h3 h4 h5 h6 hr body".split()
)
LINES = frozenset("br li tr dt dd caption option".split())
CELLS = frozenset(("td", "th"))
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_:.\-]+)""", re.IGNORECASE)
MOMENTS = 'meta[name="date" i], meta[name="dcterms.date" i], meta[property="article:published_time" i]'


def read_html(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """One entry; its title is `<title>`, else the first `<h1>`, and its moment the one the page says it was published."""
    try:
        from selectolax.lexbor import LexborHTMLParser
    except ImportError as error:
        raise MissingExtra("selectolax", "files", "Reading HTML") from error
    declared = DECLARED.search(stream.read(4096))
    markup, metadata = read_text(stream, declared[1].decode("ascii") if declared else None)
    page = LexborHTMLParser(markup)
    titles = (one_line(node.text()) for node in page.css("head title, h1"))
    moments = (parse_moment(node.attributes.get("content")) for node in page.css(MOMENTS))
    yield Entry(
        text=visible_text(page.body),
        title=next((title for title in titles if title), ""),
        timestamp=next((moment for moment in moments if moment), None),
        metadata=metadata,
    )


def visible_text(body: Any) -> str:
    """The text of a lexbor node and all below it. Walks without recursion: pages may nest without end."""
    written = Lines()
    stack: list[tuple[Any, bool]] = [(body, True)] if body is not None else []
    while stack:
        node, is_entering = stack.pop()
        if not is_entering:
            written.leave(node.tag)
        elif node.tag == "-text":
            written.add(node.text_content or "")
        elif node.tag not in UNSEEN and "hidden" not in node.attributes:
            written.enter(node.tag)
            stack.append((node, False))
            stack.extend((child, True) for child in reversed(_children(node)))
    return written.text()


def _children(node: Any) -> list[Any]:
    return list(node.iter(include_text=True))


class Lines:
    """Text as it is written down: pieces of one line, lines of one paragraph, paragraphs."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.prefix = ""
        self.preformatted = 0

    def add(self, text: str) -> None:
        """Write words; outside `<pre>` any white space is one space."""
        words = text if self.preformatted else re.sub(r"[ \t\n\r\f]+", " ", text)
        if not words.strip() and not self.pieces:
            return
        if words.strip() and self.prefix:
            words, self.prefix = self.prefix + words.lstrip(), ""
        self.pieces.append(words)

    def enter(self, tag: str) -> None:
        """Open an element."""
        self._break(tag)
        self.preformatted += tag == "pre"
        self.prefix = HEADINGS.get(tag, "- " if tag == "li" else self.prefix)

    def leave(self, tag: str) -> None:
        """Close an element."""
        self.preformatted -= tag == "pre"
        if tag in CELLS:
            self.pieces.append(" | ")
        elif tag != "br":
            self._break(tag)
        if tag in HEADINGS or tag == "li":
            self.prefix = ""

    def text(self) -> str:
        """Everything written: one blank line between paragraphs, no space at the ends of lines."""
        text = re.sub(r"[ \t]*(?:\| )?[ \t]*\n[ \t]*", "\n", "".join(self.pieces))
        return re.sub(r"\n{3,}", "\n\n", re.sub(r"  +", " ", text)).strip()

    def _break(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self.pieces.append("\n\n")
        elif tag in LINES:
            self.pieces.append("\n")
