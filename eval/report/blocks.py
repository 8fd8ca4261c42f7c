"""Blocks a report is made of, and how they look as Markdown and as one self-contained HTML page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

CODE = re.compile(r"`([^`]+)`")

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --page: #ffffff; --band: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --page: #0d1117; --band: #151b23; }
}
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.5rem 4rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.4rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin-top: 1.6rem; }
code { background: var(--band); padding: .1em .3em; border-radius: 4px; font-size: .92em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } th.text, td.text { text-align: left; white-space: normal; }
tbody tr:hover { background: var(--band); }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; } figcaption { color: var(--soft); }
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; level 1 is that of the page."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain words; what stands in backticks is code."""

    text: str


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Columns and rows of text; `texts` names the columns that hold words, the rest holds numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as SVG, the file it is written to beside the Markdown, and what it shows."""

    file: str
    svg: str
    caption: str


Block = Heading | Paragraph | TableBlock | Figure


def to_markdown(blocks: Sequence[Block]) -> str:
    """The report as Markdown; figures are links to their files."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """The report as one page that loads nothing: style and figures are inside."""
    body = "\n".join(_html(block) for block in blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def write_figures(folder: Path, blocks: Sequence[Block]) -> list[Path]:
    """Every figure in its own file."""
    written = []
    for block in blocks:
        if isinstance(block, Figure):
            path = folder / block.file
            path.write_text(block.svg, encoding="utf-8")
            written.append(path)
    return written


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Paragraph(text):
            return text
        case Figure(file, _, caption):
            return f"![{caption}]({file})"
        case TableBlock(columns, rows, texts):
            lines = [
                f"| {' | '.join(map(_bar_free, columns))} |",
                f"|{'|'.join('---' if column in texts else '---:' for column in columns)}|",
            ]
            return "\n".join(lines + [f"| {' | '.join(map(_bar_free, row))} |" for row in rows])


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_inline(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{_inline(text)}</p>"
        case Figure(_, svg, caption):
            return f"<figure>{svg[svg.index('<svg') :]}<figcaption>{_inline(caption)}</figcaption></figure>"
        case TableBlock(columns, rows, texts):
            kinds = ["text" if column in texts else "number" for column in columns]
            head = "".join(f'<th class="{k}">{_inline(c)}</th>' for k, c in zip(kinds, columns, strict=True))
            lines = (
                "".join(f'<td class="{k}">{_inline(c)}</td>' for k, c in zip(kinds, row, strict=True))
                for row in rows
            )
            body = "\n".join(f"<tr>{line}</tr>" for line in lines)
            return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _inline(text: str) -> str:
    return CODE.sub(r"<code>\1</code>", escape(text))


def _bar_free(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
