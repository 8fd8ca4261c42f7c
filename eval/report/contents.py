"""What the report of a matrix says, in order: where it stands, quality by method, differences, hops, speed, losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from eval.cells import METRICS, UNSEEN, Cell
from eval.differences import (
    NEVER_BELOW,
    PUBLISHED,
    Difference,
    best_single,
    differences,
    fallen_behind,
    interval,
)
from eval.matrix import SINGLE, Matrix
from eval.report.blocks import Block, Figure, Heading, Paragraph, TableBlock
from eval.report.plots import Dot, Quality, Speed, plot_quality, plot_speed
from eval.targets import standings

PLOTTED = ("recall@2", "recall@5")
COMPARED = ("recall@2", "recall@5", "recall@10")
BY_KIND = ("recall@5", "all@5")
BEST = "the best single ranking"
MOST_LOSSES = 5
"""How many questions of a set are named where the best single ranking does better."""


def contents(matrix: Matrix, speeds: Sequence[Speed] = ()) -> list[Block]:
    """The whole report."""
    found = differences(matrix)
    return [
        Heading("How well each method finds the documents that answer", 1),
        *_head(matrix),
        *_numbers(matrix),
        *_quality(matrix),
        *_differences(matrix, found),
        *_kinds(matrix),
        *_speed(matrix, speeds),
        *_losses(matrix),
        *_provenance(matrix),
    ]


def _head(matrix: Matrix) -> list[Block]:
    words = (
        f"{len(matrix.sets)} sets, {len(matrix.cells)} cells, no model call unless a method says so. `{UNSEEN}` orders "
        "with a ranker that was trained on the other sets only: what to expect of a corpus nobody tuned on. "
        "`hippograph` is as it is shipped, and its ranker, which also orders `clues` and `contiguous`, has seen these "
        "very questions. Every measure is of documents but `answer@5`, which asks whether an accepted answer stands "
        "in the first five passages."
    )
    return [Paragraph(words)]


def _numbers(matrix: Matrix) -> list[Block]:
    rows = standings(matrix)
    if not rows:
        return []
    table = [
        [
            row.set,
            row.metric,
            *(_share(row.peers[method]) for method in ("dense", "bm25", "hipporag2")),
            f"{row.measured:.3f} [{row.low:.3f}, {row.high:.3f}]",
            _share(row.peers["hippograph"]),
            f"{row.must:.2f}",
            _reached(row.measured, row.must),
            f"{row.aim:.2f}",
            _reached(row.measured, row.aim),
        ]
        for row in rows
    ]
    columns = (
        "set", "metric", "dense", "bm25", "hipporag2", "unseen [95 %]", "shipped", "must", "reached", "aim", "reached ",
    )  # fmt: skip
    behind = [
        f"{method} on {label}, {metric}: {gap:.3f}" for label, method, metric, gap in fallen_behind(matrix)
    ]
    promise = (
        f"hippograph is at or above the best single ranking on every set at {', '.join(NEVER_BELOW)}."
        if not behind
        else f"Below the best single ranking: {'; '.join(behind)}."
    )
    return [
        Heading("Numbers"),
        Paragraph(
            "Targets are for the ranker that has not seen the set; a mean that reaches one may do so by chance."
        ),
        TableBlock(columns, table, frozenset({"set", "metric", "reached", "reached "})),
        Paragraph(promise),
    ]


def _quality(matrix: Matrix) -> list[Block]:
    panels = [
        Quality(each.label, {cell.method: _dots(cell) for cell in matrix.of_set(each.label)})
        for each in matrix.sets
    ]
    caption = (
        f"{PLOTTED[1]} (filled) and {PLOTTED[0]} (hollow) of documents, with the 95 % interval that comes from which "
        "questions were asked. Intervals of two methods may overlap although one is better on nearly every question."
    )
    blocks: list[Block] = [
        Heading("Quality by method"),
        Figure("quality.svg", plot_quality(panels, PLOTTED), caption),
    ]
    for each in matrix.sets:
        cells = matrix.of_set(each.label)
        rows = [[cell.method, *(_share(cell.mean(metric)) for metric in METRICS)] for cell in cells]
        count = len(cells[0].questions)
        blocks += [
            Heading(f"{each.label}: {count} questions over {cells[0].passages:,} passages", 3),
            TableBlock(["method", *METRICS], rows, frozenset({"method"})),
        ]
    return blocks


def _differences(matrix: Matrix, found: Sequence[Difference]) -> list[Block]:
    legend = (
        "Mean difference with the 95 % interval of a paired bootstrap over the questions (10,000 resamples): ▲ better "
        "beyond chance, ▼ worse beyond chance, · not told apart. The best single ranking is the better of "
        f"{' and '.join(SINGLE)} by the very metric of the column."
    )
    blocks: list[Block] = [Heading("Differences question by question"), Paragraph(legend)]
    published = [(name, False) for name in PUBLISHED if any(d.against == name for d in found)]
    for against, is_best in (("dense", False), (BEST, True), *published):
        rows = []
        for each in matrix.sets:
            for cell in matrix.of_set(each.label):
                told = {
                    d.comparison.metric: d
                    for d in found
                    if (d.set, d.method, d.is_best_single) == (cell.set, cell.method, is_best)
                    and (is_best or d.against == against)
                }
                if told:
                    rows.append([cell.set, cell.method, *(_told(told.get(metric)) for metric in COMPARED)])
        blocks += [
            Heading(f"Against {against}", 3),
            TableBlock(["set", "method", *COMPARED], rows, frozenset({"set", "method"})),
        ]
    return blocks


def _kinds(matrix: Matrix) -> list[Block]:
    blocks: list[Block] = []
    for each in matrix.sets:
        cells = matrix.of_set(each.label)
        kinds = sorted({question.kind for question in cells[0].questions} - {""})
        if len(kinds) < 2:
            continue
        counts = {kind: sum(q.kind == kind for q in cells[0].questions) for kind in kinds}
        columns = [f"{metric}, {kind} ({counts[kind]})" for kind in kinds for metric in BY_KIND]
        rows = [
            [cell.method, *(_share(cell.mean(metric, kind)) for kind in kinds for metric in BY_KIND)]
            for cell in cells
        ]
        blocks += [Heading(each.label, 3), TableBlock(["method", *columns], rows, frozenset({"method"}))]
    return [Heading("By the number of hops, or the kind the set tells"), *blocks] if blocks else []


def _speed(matrix: Matrix, speeds: Sequence[Speed]) -> list[Block]:
    rows = [
        [cell.set, cell.method, f"{cell.passages:,}", _time(cell.search_ms_p50), _time(cell.search_ms_p95)]
        for cell in matrix.cells
        if cell.search_ms_p50 is not None
    ]
    words = (
        "Milliseconds of a search without embedding its question, as the machine was when the cell was measured: for "
        "comparisons within a set, not between machines."
    )
    blocks: list[Block] = [
        Heading("Time"),
        Paragraph(words),
        TableBlock(["set", "method", "passages", "p50 ms", "p95 ms"], rows, frozenset({"set", "method"})),
    ]
    if speeds:
        caption = (
            "Median milliseconds against the number of passages, from the benchmarks that were handed over."
        )
        blocks.append(Figure("speed.svg", plot_speed(speeds), caption))
    return blocks


def _losses(matrix: Matrix) -> list[Block]:
    blocks: list[Block] = []
    for each in matrix.sets:
        cells = matrix.of_set(each.label)
        ours = next((cell for cell in cells if cell.method == UNSEEN), None) or matrix.cell(
            each.label, "hippograph"
        )
        if ours is None:
            continue
        best = best_single(cells, "recall@5")
        rows = _lost(each.label, ours, best, {q.id: q.text for q in each.dataset.questions})
        if rows:
            columns = ["question", "gold ranks", f"gold ranks, {best.method}"]
            blocks += [
                Heading(f"{each.label}: {ours.method} against {best.method}", 3),
                TableBlock(columns, rows, frozenset(columns)),
            ]
    return [Heading("Where a single ranking does better at 5"), *blocks] if blocks else []


def _lost(label: str, ours: Cell, best: Cell, texts: Mapping[str, str]) -> list[list[str]]:
    theirs = {question.id: question for question in best.questions}
    losses = []
    for question in ours.questions:
        other = theirs[question.id]
        gap = (other.values["recall@5"] or 0.0) - (question.values["recall@5"] or 0.0)
        if gap > 0:
            losses.append((gap, question, other))
    losses.sort(key=lambda each: (-each[0], each[1].id))
    return [
        [texts[question.id], _ranks(question.gold_ranks().values()), _ranks(other.gold_ranks().values())]
        for _, question, other in losses[:MOST_LOSSES]
    ]


def _provenance(matrix: Matrix) -> list[Block]:
    code = matrix.code
    rows = [
        ["package", code.package],
        ["commit", code.commit or "-"],
        ["sources", code.sources],
        ["settings", matrix.settings],
        ["embedder", matrix.embedder],
        *([f"data of {each.label}", f"{each.data} ({each.format})"] for each in matrix.sets),
    ]
    return [
        Heading("What was measured with what"),
        Paragraph("Hashes: equal ones mean equal sources, settings and data, and then equal rankings."),
        TableBlock(["what", "which"], rows, frozenset({"what", "which"})),
    ]


def _dots(cell: Cell) -> tuple[Dot, Dot]:
    first, second = (interval(cell, metric) for metric in PLOTTED)
    nothing = (0.0, 0.0, 0.0)
    return Dot(*(first or nothing)), Dot(*(second or nothing))


def _told(difference: Difference | None) -> str:
    if difference is None:
        return "-"
    found = difference.comparison
    sign = "·" if not difference.is_sure() else "▲" if found.difference > 0 else "▼"
    return f"{sign} {found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _reached(measured: float, wanted: float) -> str:
    gap = round(measured - wanted, 9)
    return "yes" if gap >= 0 else f"no ({gap:+.3f})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _time(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _ranks(ranks: Iterable[int | None]) -> str:
    return ", ".join("-" if rank is None else str(rank) for rank in ranks)
