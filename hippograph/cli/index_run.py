"""The command `index`: a run or its plan, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hippograph.cli import as_json as json_of
from hippograph.cli.exits import wrong_call
from hippograph.cli.index_plan import plan_as_json, show_plan
from hippograph.cli.index_report import show_report
from hippograph.cli.progress import Steps, skips_untold
from hippograph.errors import BudgetSpent
from hippograph.indexing import IndexReport
from hippograph.planning import plan_index
from hippograph.ports import Connector
from hippograph.types import Grade

How = dict[str, Any]
"""Arguments of index_sources and plan_index."""


def how_to_index(grade: str, budget_tokens: int | None, reread: bool) -> How:
    """What the options of the grade llm come to. Raises typer.BadParameter where they stand without it."""
    if grade == Grade.LITE and (budget_tokens is not None or reread):
        option = "--reread" if reread else "--budget-tokens"
        raise wrong_call(option, "the grade lite asks no model; add --grade llm, or leave this out.")
    return {"grade": Grade(grade), "budget_tokens": budget_tokens, "reread": reread}


def index_and_tell(
    connectors: Sequence[Connector], folder: Path, how: How, *, as_json: bool, quiet: bool
) -> None:
    """Index, and print the report. Raises what ended the reading by a model, once all else is published and told."""
    from hippograph.engine import index_sources

    with Steps(quiet=quiet) as steps, skips_untold():
        report = index_sources(connectors, folder, **how, progress=steps)
    tell_report(report, folder, as_json)


def tell_report(report: IndexReport, folder: Path, as_json: bool) -> None:
    """Print what a run did. Raises what ended the reading by a model, unless that is the budget."""
    if as_json:
        json_of.print_json(json_of.index_report(report, folder))
    else:
        show_report(report, folder)
    error = report.upgraded.error if report.upgraded else None
    if error is not None and not isinstance(error, BudgetSpent):
        raise error


def plan_and_tell(
    connectors: Sequence[Connector], folder: Path, how: How, *, as_json: bool, quiet: bool
) -> None:
    """Print what a run would do."""
    with Steps(quiet=quiet) as steps, skips_untold():
        plan = plan_index(connectors, folder, **how, progress=steps)
    if as_json:
        json_of.print_json(plan_as_json(plan, folder))
    else:
        show_plan(plan, folder)
