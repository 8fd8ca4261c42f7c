"""Pictures of small graphs: columns of boxes and the lines between them, as SVG that needs nothing else.

The columns tell the story from left to right; within a column igraph orders the boxes so that few lines cross
(Sugiyama, Tagawa and Toda 1981). Nothing is drawn by chance, so the same graph gives the same bytes. Details show on
hover, by tooltips and style alone: no script runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTHS = {"entity": 176, "passage": 236}
GAP_ACROSS = 104
GAP_DOWN = 14
MARGIN = 24
TOP = 34
"""Room for the names of the columns."""
LINE_HEIGHT = 17
PADDING = 10
CHARACTER = 7.3
"""About how wide a character is at 13 pixels; labels are cut where they would leave their box."""
MOST_LINES = 3
THINNEST, THICKEST = 1.4, 4.5
BULGE = 46
"""How far a line within a column bends out of it."""


@dataclass(frozen=True, slots=True)
class Box:
    """Something in a column: what stands in it, and what is told on hover."""

    id: int
    column: int
    kind: str
    """`entity` or `passage`."""
    label: str
    note: str = ""
    """A small line above the label."""
    detail: str = ""
    is_strong: bool = False
    """Drawn with the strong border: what an answer cites."""


@dataclass(frozen=True, slots=True)
class Line:
    """A tie between two boxes."""

    left: int
    right: int
    weight: float
    kind: str
    """A word that is its class in the style: mention, fact, synonymy or sentence."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.y + self.height / 2


STYLE = """
.picture { --entity: #e8f1fb; --entity-line: #4a86c5; --passage: #ffffff; --passage-line: #9aa4af; --strong: #2e8b57;
  --ink: #1f2328; --soft: #59636e; --tie: #8a94a0; --fact: #c9742b; --synonymy: #8d62b5; }
@media (prefers-color-scheme: dark) {
  .picture { --entity: #14263a; --entity-line: #5b9bd8; --passage: #161b22; --passage-line: #5c6670;
    --strong: #4fbf83; --ink: #e6edf3; --soft: #9198a1; --tie: #6e7883; --fact: #e0954f; --synonymy: #b48ad6; }
}
.picture text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); }
.picture .note, .picture .column { font-size: 11px; fill: var(--soft); }
.picture .column { text-anchor: middle; letter-spacing: .04em; }
.picture .entity rect { fill: var(--entity); stroke: var(--entity-line); }
.picture .passage rect { fill: var(--passage); stroke: var(--passage-line); }
.picture .strong rect { stroke: var(--strong); stroke-width: 2.5; }
.picture .tie path { fill: none; stroke: var(--tie); opacity: .62; }
.picture .tie .reach { stroke-width: 12; opacity: 0; pointer-events: stroke; }
.picture .fact path { stroke: var(--fact); } .picture .synonymy path { stroke: var(--synonymy); stroke-dasharray: 5 4; }
.picture .sentence path:not(.reach) { stroke-dasharray: 2 4; stroke-width: 1.2px; }
.picture .tie:hover path:not(.reach) { opacity: 1; }
"""


def draw(boxes: Sequence[Box], lines: Sequence[Line], columns: Sequence[str]) -> str:
    """An SVG element; `columns` are the names above the columns, and those without a box are left out."""
    used = sorted({box.column for box in boxes})
    places = _places(boxes, lines, used)
    width = max((place.x + place.width for place in places.values()), default=0.0) + MARGIN + BULGE
    height = max((place.y + place.height for place in places.values()), default=0.0) + MARGIN
    by_id = {box.id: box for box in boxes}
    parts = [
        *_headings(boxes, places, used, columns),
        *(_line(line, by_id, places, _thickness(line, lines)) for line in lines),
        *(_box(box, places[box.id]) for box in boxes),
    ]
    focus = "\n".join(_focus(box.id) for box in boxes)
    return (
        f'<svg class="picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{len(boxes)} nodes, {len(lines)} edges">\n'
        f"<style>{STYLE}{focus}</style>\n" + "\n".join(parts) + "\n</svg>"
    )


def wrapped(text: str, width: float) -> list[str]:
    """A label in at most three lines that fit a box; what is cut ends in an ellipsis.

    >>> wrapped("one two three", 80)
    ['one two', 'three']
    """
    import textwrap

    room = max(4, int((width - 2 * PADDING) / CHARACTER))
    return textwrap.wrap(" ".join(text.split()), room, max_lines=MOST_LINES, placeholder=" …") or [""]


def _places(boxes: Sequence[Box], lines: Sequence[Line], used: Sequence[int]) -> dict[int, Place]:
    """Where each box stands: its column from left to right, its order from igraph, every column centred."""
    across = _order(boxes, lines, used)
    stacks: dict[int, list[Box]] = {
        column: sorted((box for box in boxes if box.column == column), key=lambda box: across[box.id])
        for column in used
    }
    tallest = max((_stack_height(stack) for stack in stacks.values()), default=0.0)
    places: dict[int, Place] = {}
    x = float(MARGIN + BULGE)
    for stack in stacks.values():
        y = TOP + MARGIN + (tallest - _stack_height(stack)) / 2
        wide = max(WIDTHS[box.kind] for box in stack)
        for box in stack:
            places[box.id] = Place(x, y, WIDTHS[box.kind], _height(box))
            y += _height(box) + GAP_DOWN
        x += wide + GAP_ACROSS
    return places


def _order(boxes: Sequence[Box], lines: Sequence[Line], used: Sequence[int]) -> dict[int, float]:
    """A place within its column for each box. Lines within a column cross nothing and are left out."""
    import igraph

    numbers = {box.id: number for number, box in enumerate(boxes)}
    columns = {box.id: used.index(box.column) for box in boxes}
    ties = [
        (numbers[line.left], numbers[line.right])
        for line in lines
        if columns[line.left] != columns[line.right]
    ]
    graph = igraph.Graph(n=len(boxes), edges=ties)
    made = graph.layout_sugiyama(layers=[columns[box.id] for box in boxes], maxiter=500)
    layout = made[0] if isinstance(made, tuple) else made
    return {box.id: float(layout[numbers[box.id]][0]) for box in boxes}


def _height(box: Box) -> float:
    return 2 * PADDING + LINE_HEIGHT * (len(wrapped(box.label, WIDTHS[box.kind])) + bool(box.note)) - 3


def _stack_height(stack: Sequence[Box]) -> float:
    return sum(_height(box) for box in stack) + GAP_DOWN * (len(stack) - 1)


def _headings(
    boxes: Sequence[Box], places: Mapping[int, Place], used: Sequence[int], columns: Sequence[str]
) -> Iterator[str]:
    for column in used:
        place = next(places[box.id] for box in boxes if box.column == column)
        x = place.x + place.width / 2
        yield f'<text class="column" x="{x:.0f}" y="{MARGIN:.0f}">{escape(columns[column])}</text>'


def _box(box: Box, place: Place) -> str:
    classes = f"box {box.kind} n{box.id}{' strong' if box.is_strong else ''}"
    rounded = place.height / 2 if box.kind == "entity" else 8
    y = place.y + PADDING + 11
    rows = []
    for row, (kind, words) in enumerate(_words(box)):
        if box.kind == "entity":
            at = f'x="{place.x + place.width / 2:.1f}" text-anchor="middle"'
        else:
            at = f'x="{place.x + PADDING + 2:.1f}"'
        rows.append(f'<text class="{kind}" {at} y="{y + row * LINE_HEIGHT:.1f}">{escape(words)}</text>')
    told = "\n".join(part for part in (box.label, box.detail) if part)
    return (
        f'<g class="{classes}"><title>{escape(told)}</title>'
        f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" height="{place.height:.1f}" '
        f'rx="{min(rounded, 18):.1f}"/>{"".join(rows)}</g>'
    )


def _words(box: Box) -> Iterator[tuple[str, str]]:
    if box.note:
        yield "note", box.note
    for line in wrapped(box.label, WIDTHS[box.kind]):
        yield "label", line


def _line(line: Line, boxes: Mapping[int, Box], places: Mapping[int, Place], thickness: float) -> str:
    path = _path(line, boxes, places)
    return (
        f'<g class="tie {escape(line.kind)} n{line.left} n{line.right}"><title>{escape(line.detail)}</title>'
        f'<path d="{path}" stroke-width="{thickness:.2f}"/><path class="reach" d="{path}"/></g>'
    )


def _path(line: Line, boxes: Mapping[int, Box], places: Mapping[int, Place]) -> str:
    """A curve from the right side of the left box to the left side of the right one; within a column, beside it."""
    first, second = sorted((line.left, line.right), key=lambda id_: (boxes[id_].column, places[id_].y))
    here, there = places[first], places[second]
    if boxes[first].column == boxes[second].column:
        x = min(here.x, there.x)
        out = x - BULGE
        return (
            f"M{x:.1f},{here.middle:.1f} C{out:.1f},{here.middle:.1f} "
            f"{out:.1f},{there.middle:.1f} {x:.1f},{there.middle:.1f}"
        )
    start, end = here.x + here.width, there.x
    bend = min((end - start) / 2, 150)
    return (
        f"M{start:.1f},{here.middle:.1f} C{start + bend:.1f},{here.middle:.1f} "
        f"{end - bend:.1f},{there.middle:.1f} {end:.1f},{there.middle:.1f}"
    )


def _thickness(line: Line, lines: Sequence[Line]) -> float:
    """Between the thinnest for the lightest line and the thickest for the heaviest; thin where all weigh the same."""
    weights = [each.weight for each in lines]
    lightest, range_ = min(weights), max(weights) - min(weights)
    share = ((line.weight - lightest) / range_) ** 0.5 if range_ > 0 else 0.0
    return THINNEST + (THICKEST - THINNEST) * share


def _focus(id_: int) -> str:
    """While a box is pointed at, the lines that do not touch it fade."""
    return f".picture:has(.box.n{id_}:hover) .tie:not(.n{id_}) path:not(.reach) {{ opacity: .08; }}"
