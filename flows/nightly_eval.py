"""`python -m flows.nightly_eval SET... --baseline DIR`: measure every night, and fail when quality fell.

The flow runs the matrix, leaves its report as an artifact, and compares every question with a report that was kept. The
first run keeps its own; `--keep` takes the present numbers as those to hold. `--cron "0 3 * * *"` serves it on a
schedule, for which a Prefect server must be running (`prefect server start`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from eval.kept_results import KeptResults
from eval.matrix import Matrix, open_sets, run_matrix
from eval.regression import (
    Change,
    changes_as_markdown,
    changes_since,
    keep_baseline,
    not_compared,
    read_baseline,
)
from eval.report.plots import require_matplotlib
from eval.report.writing import write_report
from eval.targets import USUAL_SETS
from hippograph.errors import HippographError
from hippograph.settings import user_cache

ARTIFACT = "nightly-eval"
REPORT = "latest"
"""The folder below the baseline's in which each run leaves its report."""


class QualityFell(HippographError):
    """A watched number is lower than it was, beyond chance."""


@dataclass(frozen=True, slots=True)
class Night:
    """What a run found."""

    report: Path
    changes: tuple[Change, ...]
    left_out: tuple[str, ...]
    is_kept: bool
    """Whether this run's numbers are now the ones to hold."""


@flow(name="nightly-eval", persist_result=False)
def nightly_eval(
    sets: list[str] | None = None,
    data: Path = Path("../shared/data"),
    baseline: Path = Path("eval-baseline"),
    methods: list[str] | None = None,
    keep: bool = False,
    fresh: bool = False,
) -> Night:
    """Run the matrix and compare it with the baseline. Raises QualityFell, DatasetError, SettingsError."""
    matrix = measure(sets or list(USUAL_SETS), data, methods, fresh)
    night = compare(matrix, baseline, keep)
    create_markdown_artifact(markdown_of(night, matrix), ARTIFACT, "Quality, compared with what was kept")
    if fallen := [change for change in night.changes if change.fell]:
        raise QualityFell(complaint(fallen, night.report))
    return night


def measure(sets: Sequence[str], data: Path, methods: Sequence[str] | None, fresh: bool) -> Matrix:
    """The matrix; cells that nothing changed for are read from the user's cache."""
    require_matplotlib()
    return run_matrix(open_sets(sets, data), methods, KeptResults(user_cache() / "eval" / "results", fresh))


def compare(matrix: Matrix, baseline: Path, keep: bool) -> Night:
    """Write the report, compare it, and keep it where there was none, or where that is asked for."""
    before, report = read_baseline(baseline), baseline / REPORT
    write_report(report, matrix)
    changes = changes_since(before, matrix) if before and not keep else []
    left_out = not_compared(before, matrix) if before else []
    if before is None or keep:
        keep_baseline(report, baseline)
    return Night(report, tuple(changes), tuple(left_out), before is None or keep)


def markdown_of(night: Night, matrix: Matrix) -> str:
    """The artifact: what changed, and then the whole report."""
    report = (night.report / "report.md").read_text(encoding="utf-8")
    head = (
        "These numbers are now the ones to hold."
        if night.is_kept
        else changes_as_markdown(night.changes, night.left_out)
    )
    shown = "\n".join(line for line in report.splitlines() if not line.startswith("!["))  # plots are files
    return f"# Against what was kept\n\n{head}\n\n{shown}\n\nThe page with plots: {night.report / 'report.html'}\n"


def complaint(fallen: Sequence[Change], report: Path) -> str:
    """What fell and by how much, in one sentence, and what to do."""
    told = "; ".join(
        f"{c.comparison.metric} of {c.method} on {c.set} from {c.comparison.first:.3f} to {c.comparison.second:.3f}"
        for c in fallen
    )
    return (
        f"Quality fell beyond chance: {told}. {report / 'questions.jsonl'} has every question. Run again with --keep "
        "if that is what the change was meant to cost."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Gives the exit code: 0 held, 1 fell or failed."""
    call = _parser().parse_args(arguments)
    parameters = {
        "sets": call.sets or None,
        "data": call.data,
        "baseline": call.baseline,
        "methods": call.methods.split(",") if call.methods else None,
    }
    if call.cron:
        nightly_eval.serve(name="nightly-eval", cron=call.cron, parameters=parameters)
        return 0
    try:
        night = nightly_eval(**parameters, keep=call.keep, fresh=call.fresh)
    except HippographError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{night.report / 'report.html'}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m flows.nightly_eval", description="Measure, and fail when quality fell."
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help="data sets, as for python -m eval matrix")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="where sets are that are only named"
    )
    parser.add_argument("--baseline", type=Path, default=Path("eval-baseline"), help="the report to hold")
    parser.add_argument(
        "--methods", metavar="NAME,...", help="which methods; dense and bm25 are always measured"
    )
    parser.add_argument("--keep", action="store_true", help="make the present numbers the ones to hold")
    parser.add_argument("--fresh", action="store_true", help="measure again what is kept already")
    parser.add_argument(
        "--cron", metavar="CRON", help="serve the flow on this schedule instead of running it now"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
