"""What people and programs read of a run before it is made."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from hippograph.adapters.llm_extractor import Plan, PlannedStep
from hippograph.cli.index_report import show_changes, show_skipped
from hippograph.cli.show import Screen
from hippograph.planning import IndexPlan

NOTE = "Tokens are estimates; replies that have to be asked for twice are not foreseen."
NO_PRICES = (
    "No prices are set: generator.prompt_price and generator.completion_price, for a million tokens each."
)


def show_plan(plan: IndexPlan, folder: Path) -> None:
    """What would change, what would be read, and a line a step with its calls, tokens and money."""
    screen, changes = Screen(), plan.changes
    screen.print(f"A run would bring {folder} to this. Nothing was sent, and nothing is written.")
    show_changes(screen, changes)
    screen.print(
        Text(f"{plan.passage_count:,} passages; {plan.unread_count:,} are new to the index's own extractor.")
    )
    if plan.model is not None:
        _show_model(screen, plan.model, plan.left_count)
    show_skipped(screen, changes)


def _show_model(screen: Screen, model: Plan, left: int) -> None:
    table = Table("step", box=None)
    for name in ("passages", "calls", "tokens in", "tokens out", model.currency):
        table.add_column(name, justify="right")
    for step in (*model.steps, model.total):
        table.add_row(step.name, *_cells(step))
    screen.print(table)
    for count, words in (
        (model.read, "paid for before, and free now"),
        (model.unfit, "too long for the model's window (generator.context_tokens), and not read"),
        (left, "left for another run: the budget is not expected to reach so far"),
    ):
        if count:
            screen.print(f"{count:>7,} {words}")
    screen.print(Text(NOTE if model.total.cost else f"{NOTE} {NO_PRICES}", style="dim"))


def _cells(step: PlannedStep) -> list[str]:
    counts = (step.passages, step.calls, step.prompt_tokens, step.completion_tokens)
    return [*(f"{count:,}" for count in counts), f"{step.cost:,.4f}" if step.cost else "-"]


def plan_as_json(plan: IndexPlan, folder: Path) -> dict[str, Any]:
    """The same as data."""
    changes, model = plan.changes, plan.model
    return {
        "index": str(folder),
        "added": list(changes.added),
        "changed": list(changes.changed),
        "deleted": list(changes.deleted),
        "unchanged_count": changes.unchanged,
        "skipped": [{"uri": each.uri, "reason": each.reason} for each in changes.failures],
        "passage_count": plan.passage_count,
        "unread_count": plan.unread_count,
        "model": None
        if model is None
        else {
            "passages": model.passages,
            "paid_before": model.read,
            "unfit": model.unfit,
            "left": plan.left_count,
            "currency": model.currency,
            "steps": [asdict(step) for step in model.steps],
            "total": asdict(model.total),
        },
    }
