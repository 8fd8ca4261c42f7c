"""Milliseconds by the number of passages, as benchmarks wrote them with --json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.datasets import DatasetError
from eval.formats.reading import read_json
from eval.report.plots import Speed

COUNT = "passages"
MEDIAN = "_ms_p50"
"""What the name of a median time ends in."""


def read_speeds(files: Sequence[Path]) -> list[Speed]:
    """Every median time that stands beside a number of passages, one line a file, method and name.

    Raises DatasetError for a file that holds none.
    """
    lines: dict[str, list[tuple[int, float]]] = {}
    for file in files:
        report = read_json(file)
        points = list(_points(report, _name(report, file)))
        if not points:
            raise DatasetError(
                f"{file} holds no {COUNT!r} with a time beside them: write it with bench ... --json."
            )
        for name, count, milliseconds in points:
            lines.setdefault(name, []).append((count, milliseconds))
    return [Speed(name, points) for name, points in lines.items()]


def _points(record: Any, name: str) -> Iterator[tuple[str, int, float]]:
    """Rows are looked for at any depth: each benchmark groups its own in its own way."""
    if isinstance(record, list):
        for each in record:
            yield from _points(each, name)
    elif isinstance(record, Mapping):
        here = _name(record, None) or name
        count = record.get(COUNT)
        for key, value in record.items():
            if isinstance(count, int) and key.endswith(MEDIAN) and isinstance(value, int | float):
                yield f"{here}: {key.removesuffix(MEDIAN)}", count, float(value)
            yield from _points(value, here)


def _name(record: Any, file: Path | None) -> str:
    told = [record.get(key) for key in ("bench", "method")] if isinstance(record, Mapping) else []
    words = " ".join(word for word in told if isinstance(word, str))
    return words or (file.stem if file else "")
