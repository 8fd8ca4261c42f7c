"""`hippograph watch`: index, wait, index again, on one machine and without a server.

Waiting goes by the monotonic clock, so a wall clock that is set back or forward neither stalls nor hurries it.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from hippograph.cli.progress import Steps, skips_untold
from hippograph.cli.sources import open_sources
from hippograph.engine import index_sources
from hippograph.errors import BudgetSpent, ConnectorError, HippographError, SettingsError
from hippograph.indexing import IndexReport
from hippograph.ports import Connector, Parts
from hippograph.settings import Settings
from hippograph.types import SourceFailure
from hippograph.wiring import build_parts

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
A_YEAR = 366 * SECONDS["d"]
INTERVAL = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Run:
    """One round of a watch: what it did, and what went wrong."""

    number: int
    """1 for the first."""
    started_at: datetime
    seconds: float
    reports: tuple[IndexReport, ...]
    """One; or one a source, where the sources had to be indexed by themselves because one of them failed."""
    errors: tuple[HippographError, ...] = ()


def seconds_of(interval: str) -> float:
    """The length of an interval such as 30s, 10m, 1h30m, 1d or 2w. Raises SettingsError.

    >>> seconds_of("10m"), seconds_of("1h30m")
    (600.0, 5400.0)
    """
    words = interval.strip().lower()
    found = INTERVAL.findall(words)
    if not found or INTERVAL.sub("", words):
        raise SettingsError(
            f"{interval!r} is no interval. Write numbers with their units, such as 30s, 10m, 6h, 1d or 1h30m."
        )
    seconds = sum(float(number) * SECONDS[unit] for number, unit in found)
    if not 1 <= seconds <= A_YEAR:
        raise SettingsError(
            f"The interval {interval!r} is too short or too long: from 1s to 366d is possible."
        )
    return seconds


def watch_sources(
    sources: Sequence[str],
    folder: Path,
    every_seconds: float,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    how: Mapping[str, Any] | None = None,
    times: int | None = None,
    as_json: bool = False,
    quiet: bool = False,
) -> bool:
    """Keep an index in step with its sources until it is stopped, or `times` rounds are done; one line a round.

    `how` holds further arguments of `index_sources`. Gives whether the last round went well.

    Raises the errors that the next round would meet again.
    """
    settings = Settings.load()
    parts = build_parts(settings)

    def index_once() -> tuple[list[IndexReport], list[HippographError]]:
        with Steps(quiet=quiet) as steps, skips_untold():
            return index_what_can_be_read(
                sources, folder, parts, settings, include, exclude, {**(how or {}), "progress": steps}
            )

    tell = _json_line if as_json else _line
    went_well = True
    try:
        with _sigterm_as_interrupt():
            for run in rounds(index_once, every_seconds, times):
                went_well = not run.errors
                _print(tell(run, folder, every_seconds))
    except KeyboardInterrupt:
        if not quiet:
            sys.stderr.write("Stopped. Nothing that was finished is lost.\n")
    return went_well


def rounds(
    index_once: Callable[[], tuple[Sequence[IndexReport], Sequence[HippographError]]],
    every_seconds: float,
    times: int | None = None,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
) -> Iterator[Run]:
    """A round now and one at every multiple of `every_seconds` from now; those that a long round missed are dropped.

    Errors that may pass are part of the round; any other passes through.
    """
    first, number = monotonic(), 0
    while times is None or number < times:
        number += 1
        began_at, began = now(), monotonic()
        try:
            reports, errors = index_once()
        except HippographError as error:
            reports, errors = (), (error,)
        stays = next((each for each in errors if not may_pass(each)), None)
        if stays is None or reports:
            yield Run(number, began_at, monotonic() - began, tuple(reports), tuple(errors))
        if stays is not None:
            raise stays
        if number != times:
            passed = monotonic() - first
            sleep((passed // every_seconds + 1) * every_seconds - passed)


def may_pass(error: HippographError) -> bool:
    """Whether the next round may go well though nobody did anything about this one."""
    return error.retryable or isinstance(error, ConnectorError | BudgetSpent)


def index_what_can_be_read(
    sources: Sequence[str],
    folder: Path,
    parts: Parts,
    settings: Settings,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    how: Mapping[str, Any] | None = None,
) -> tuple[list[IndexReport], list[HippographError]]:
    """Index the sources; one that fails keeps its documents of last time, and does not hold up the others.

    What ended the reading by a model is among the errors, unless that is the round's budget.
    """
    connectors: list[Connector] = []
    errors: list[HippographError] = []
    for source in sources:
        try:
            connectors += open_sources([source], include, exclude, folder, settings=settings)
        except ConnectorError as error:
            errors.append(error)

    def index(some: Sequence[Connector]) -> IndexReport:
        report = index_sources(some, folder, settings=settings, parts=parts, **(how or {}))
        ended_by = report.upgraded.error if report.upgraded else None
        if ended_by is not None and not isinstance(ended_by, BudgetSpent):
            errors.append(ended_by)
        return report

    if not connectors:
        return [], errors
    try:
        return [index(connectors)], errors
    except ConnectorError as error:
        if len(connectors) == 1:
            return [], [*errors, error]
    reports = []
    for connector in connectors:
        try:
            reports.append(index([connector]))
        except ConnectorError as error:
            errors.append(error)
    return reports, errors


# --------------------------------------------------------------------------- what is told


def _line(run: Run, folder: Path, every_seconds: float) -> str:
    said = [_what_was_done(run)] if run.reports else []
    said += [f"{'failed' if not run.reports else 'a source failed'}: {error}" for error in run.errors]
    skipped = _skipped(run)
    if skipped:
        said.append(f"skipped {len(skipped):,}, such as {skipped[0].uri}: {skipped[0].reason}")
    return f"{run.started_at:%Y-%m-%d %H:%M:%S}  {'; '.join(said)} ({run.seconds:.1f} s)"


def _what_was_done(run: Run) -> str:
    number = run.reports[-1].version.number
    done = {**_counts(run), "upgraded": _upgraded(run)}
    counts = ", ".join(f"{count:,} {kind}" for kind, count in done.items() if count)
    if any(report.is_new for report in run.reports):
        return f"version {number} is published: {counts or 'nothing added, changed or deleted'}"
    return f"nothing changed, version {number} stays"


def _json_line(run: Run, folder: Path, every_seconds: float) -> str:
    version = run.reports[-1].version if run.reports else None
    record: dict[str, Any] = {
        "run": run.number,
        "started_at": run.started_at.isoformat(),
        "seconds": round(run.seconds, 3),
        "every_seconds": every_seconds,
        "index": str(folder),
        "version": version.number if version else None,
        "is_new_version": any(report.is_new for report in run.reports),
        **{f"{kind}_count": count for kind, count in _counts(run).items()},
        "upgraded_count": _upgraded(run),
        "tokens": sum(r.usage.prompt_tokens + r.usage.completion_tokens for r in run.reports),
        "cost": sum(report.usage.cost for report in run.reports),
        "skipped": [{"uri": each.uri, "reason": each.reason} for each in _skipped(run)],
        "errors": [
            {"kind": type(error).__name__, "message": str(error), "retryable": error.retryable}
            for error in run.errors
        ],
    }
    return json.dumps(record, allow_nan=False)


def _counts(run: Run) -> dict[str, int]:
    return {
        kind: sum(len(getattr(report.changes, kind)) for report in run.reports)
        for kind in ("added", "changed", "deleted")
    }


def _upgraded(run: Run) -> int:
    return sum(report.upgraded.read for report in run.reports if report.upgraded)


def _skipped(run: Run) -> list[SourceFailure]:
    return [failure for report in run.reports for failure in report.changes.failures]


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """A service manager's request to stop is met as the one from the keyboard is."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
