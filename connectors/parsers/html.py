"""HTML: what a reader of the page sees; headings as Markdown headings, blank lines between paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from connectors.moments import parse_moment
from connectors.parsers.entries import BrokenEntry, Entry, one_line, storable
from connectors.parsers.plain import read_text
from hippograph.errors import MissingExtra

UNSEEN = frozenset(
    {
        *("script", "style", "nav", "noscript", "template", "head", "title", "svg", "math", "canvas"),
        *("iframe", "object", "embed", "audio", "video", "select", "button", "input", "textarea"),
    }
)
PARAGRAPHS = frozenset(
    {
        *("body", "p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote", "pre"),
        *("ul", "ol", "dl", "table", "figure", "figcaption", "form", "fieldset", "address", "details"),
        *("summary", "hr", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
LINES = frozenset(("br", "li", "tr", "dt", "dd", "caption"))
CELLS = frozenset(("td", "th"))
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_:.\-]+)""", re.IGNORECASE)
MOMENTS = 'meta[name="date" i], meta[name="dcterms.date" i], meta[property="article:published_time" i]'


def read_html(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """One entry; its title is `<title>`, else the first `<h1>`, its moment the page's own date."""
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
    writing = Writing()
    stack: list[tuple[Any, bool]] = [(body, True)] if body is not None else []
    while stack:
        node, is_entering = stack.pop()
        if not is_entering:
            writing.leave(node.tag)
        elif node.tag == "-text":
            writing.add(node.text_content or "")
        elif node.tag not in UNSEEN and "hidden" not in node.attributes:
            writing.enter(node.tag)
            stack.append((node, False))
            stack.extend((child, True) for child in reversed(list(node.iter(include_text=True))))
    return writing.text()


class Writing:
    """Text as it is written down: the pieces so far, and what has to stand before the next one."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._gap = ""
        """A space or a cell's border, owed to the next piece on this line."""
        self._newlines = 0
        """1 for a new line and 2 for a new paragraph, owed to the next piece."""
        self._prefix = ""
        self._open = {"pre": 0, "heading": 0}
        self._cells: list[int] = []
        """How many pieces stood when each open cell of a table began."""

    def add(self, text: str) -> None:
        """Write words; outside `<pre>` any white space is one space."""
        if self._open["pre"]:
            self._write(text)
            return
        words = " ".join(text.split())
        if not words or text[0].isspace():
            self._gap = self._gap or " "
        if words:
            self._write(words)
            self._gap = " " if text[-1].isspace() else ""

    def enter(self, tag: str) -> None:
        """Open an element."""
        self._break(tag)
        self._open["pre"] += tag == "pre"
        self._open["heading"] += tag in HEADINGS
        self._prefix = HEADINGS.get(tag, "- " if tag == "li" else self._prefix)
        if tag in CELLS:
            self._cells.append(len(self._pieces))

    def leave(self, tag: str) -> None:
        """Close an element."""
        self._open["pre"] -= tag == "pre"
        self._open["heading"] -= tag in HEADINGS
        if tag in HEADINGS or tag == "li":
            self._prefix = ""
        if tag in CELLS and self._cells:
            self._leave_cell(self._cells.pop())
        elif tag != "br":
            self._break(tag)

    def text(self) -> str:
        """Everything written: no white space at the ends of lines, one blank line between two of them."""
        lines = (line.rstrip() for line in storable("".join(self._pieces)).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def _write(self, text: str) -> None:
        before = "\n" * self._newlines if self._newlines else self._gap
        self._pieces.append((before if self._pieces else "") + self._prefix + text)
        self._gap, self._newlines, self._prefix = "", 0, ""

    def _break(self, tag: str) -> None:
        newlines = 2 if tag in PARAGRAPHS else 1 if tag in LINES else 0
        is_cell_start = bool(self._cells) and self._cells[-1] == len(self._pieces)
        if not newlines or is_cell_start:
            return
        if self._open["heading"]:
            self._gap = " "
        else:
            self._gap, self._newlines = "", max(self._newlines, newlines)

    def _leave_cell(self, start: int) -> None:
        """A cell of one line is set off by a border; one of several, as in layout tables, is paragraphs."""
        if len(self._pieces) == start:
            self._gap = self._gap if self._newlines else " | "
        elif any(piece.startswith("\n") for piece in self._pieces[start + 1 :]):
            self._newlines = 2
        else:
            self._gap, self._newlines = " | ", 0
