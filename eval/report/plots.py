"""The two plots: quality by method, and milliseconds against passages.

matplotlib draws them: ticks, logarithmic axes and layout are what it is for, and it writes SVG with real text. The
colours of text and lines are left to the page, so that one file suits light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING, Any

from hippograph.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
"""Stands for the page's own colour of text until the SVG is written."""
OURS, PUBLISHED, SINGLE, FURTHER = "#3b82c4", "#d9822b", "#8a8f98", "#3f9c6c"
"""hippograph; the published methods and loops round them; dense and bm25; every other way in."""
PALETTE = ("#3b82c4", "#d9822b", "#3f9c6c", "#a566b8", "#c4556b", "#8a8f98")
STYLE = (
    "<style>svg.plot{color:#1f2328}@media (prefers-color-scheme:dark){svg.plot{color:#e6edf3}}"
    "svg.plot text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}</style>"
)


@dataclass(frozen=True, slots=True)
class Dot:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quality:
    """One panel: a set, its methods in order, and for each the dots of two metrics (the second is the main one)."""

    set: str
    dots: Mapping[str, tuple[Dot, Dot]]


@dataclass(frozen=True, slots=True)
class Speed:
    """One line: what was measured, and milliseconds by the number of passages."""

    name: str
    points: Sequence[tuple[int, float]]


def require_matplotlib() -> None:
    """Raises MissingExtra before minutes of work, not after them."""
    if find_spec("matplotlib") is None:
        raise MissingExtra("matplotlib", "report", "A report with plots")


def plot_quality(panels: Sequence[Quality], metrics: tuple[str, str]) -> str:
    """Dots with intervals, a panel a set: the main metric filled, the other hollow."""
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    height = sum(
        0.9 + 0.32 * max(len(p.dots) for p in panels[r * columns : (r + 1) * columns]) for r in range(rows)
    )
    figure, axes = _figure(rows, columns, (5.2 * columns, height + 0.4))
    for place, panel in zip(axes, panels, strict=False):
        _draw_quality(place, panel)
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    figure.legend(
        handles=[_key("o", INK, metrics[1]), _key("o", "none", metrics[0])],
        loc="outside lower center",
        ncols=2,
        frameon=False,
        labelcolor=INK,
    )
    return _svg(figure, "quality")


def plot_speed(lines: Sequence[Speed]) -> str:
    """Milliseconds from zero against passages on a logarithmic axis: what does not grow lies flat."""
    figure, (place,) = _figure(1, 1, (6.4, 3.8))
    for number, line in enumerate(lines):
        counts, milliseconds = zip(*sorted(line.points), strict=True)
        place.plot(counts, milliseconds, marker="o", color=PALETTE[number % len(PALETTE)], label=line.name)
    place.set(xscale="log", xlabel="passages", ylabel="milliseconds")
    place.set_ylim(bottom=0)
    place.xaxis.set_major_formatter(_thousands())
    place.yaxis.set_major_formatter(_thousands())
    place.yaxis.set_major_locator(_whole_numbers())
    place.grid(True, which="major", color=INK, alpha=0.12)
    place.legend(frameon=False, labelcolor=INK)
    return _svg(figure, "speed")


def _draw_quality(place: Axes, panel: Quality) -> None:
    methods = list(panel.dots)
    for row, method in enumerate(methods):
        first, main = panel.dots[method]
        colour = _colour(method)
        for dot, face, lift in ((first, "none", 0.13), (main, colour, -0.13)):
            place.plot([dot.low, dot.high], [row + lift] * 2, color=colour, linewidth=1.6, alpha=0.75)
            place.plot([dot.mean], [row + lift], "o", color=colour, markerfacecolor=face, markersize=6)
    place.set_yticks(range(len(methods)), methods)
    place.set_ylim(len(methods) - 0.5, -0.5)
    place.set_title(panel.set, fontsize=10, loc="left", color=INK)
    place.grid(True, axis="x", color=INK, alpha=0.12)


def _colour(method: str) -> str:
    if method.startswith("hippograph"):
        return OURS
    if method in ("dense", "bm25"):
        return SINGLE
    return PUBLISHED if method.rpartition("+")[2].startswith("hipporag") else FURTHER


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    """A figure without a window, whatever the machine has."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Drawn

    colours = dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    )
    shape: dict[str, Any] = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 9}
    with rc_context({**colours, **shape}):
        figure = Drawn(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    return figure, list(axes.flat)


def _key(marker: str, face: str, label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], marker=marker, linestyle="", color=INK, markerfacecolor=face, label=label)


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def _thousands() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")


def _svg(figure: Figure, name: str) -> str:
    """The figure as SVG: text as text, the same bytes every time, ids that no other figure has."""
    from matplotlib import rc_context

    written = StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = written.getvalue().replace(INK, "currentColor").replace('id="', f'id="{name}-')
    svg = svg.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    start = svg.index("<svg")
    opened = svg.index(">", start) + 1
    return f'{svg[start : opened - 1]} class="plot">{STYLE}{svg[opened:]}'
