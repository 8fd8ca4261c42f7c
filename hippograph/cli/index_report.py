"""What people read after indexing, and about an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from hippograph.cli.show import Screen, readable_uri
from hippograph.engine import IndexStatus, KeptVersion
from hippograph.errors import BudgetSpent
from hippograph.indexing import IndexReport
from hippograph.retrieval.tuning import Tuning
from hippograph.storage.changes import Changes
from hippograph.types import IndexVersion, Usage
from hippograph.upgrading import Upgraded

UNREAD = re.compile(r".+?, passage \d+: (.*)", re.DOTALL)
"""What the index says of a passage that was not read."""
BEGAN = " It began: "
MOST_NAMES = 3
MOST_FAILURES = 20


def show_report(report: IndexReport, folder: Path) -> None:
    """What a run did: a line a kind of change, what the index holds now, what was skipped and why."""
    screen, changes = Screen(), report.changes
    if report.is_new:
        number = report.version.number
        screen.print(Text.assemble(("✓ ", "green"), f"Version {number} of {folder} is published."))
    else:
        screen.print(f"Nothing changed: version {report.version.number} of {folder} stays.")
    show_changes(screen, changes)
    if report.upgraded is not None:
        _show_upgraded(screen, report.upgraded)
    if report.usage.llm_calls:
        screen.print(spent_in_words(report.usage))
    screen.print(_holdings(report.version))
    show_skipped(screen, changes)
    _show_unread(screen, report.passage_failures)


def show_changes(screen: Screen, changes: Changes) -> None:
    """A line a kind of change."""
    for kind, names in (
        ("added", changes.added),
        ("changed", changes.changed),
        ("deleted", changes.deleted),
    ):
        if names:
            screen.print(_change(len(names), kind, _some(names)))
    if changes.unchanged:
        screen.print(_change(changes.unchanged, "unchanged"))
    if changes.failures:
        screen.print(_change(len(changes.failures), "skipped", "told below", "yellow"))


def show_skipped(screen: Screen, changes: Changes) -> None:
    """What could not become a document, and why."""
    for each in changes.failures[:MOST_FAILURES]:
        uri = readable_uri(each.uri)
        screen.print(Text.assemble(("skipped ", "yellow"), (uri, "bold"), f": {each.reason}"))
    _say_more(screen, len(changes.failures))


def show_tuning(folder: Path, tuning: Tuning) -> None:
    """What tuning came to."""
    screen = Screen()
    which = "the tuned ranker" if tuning.kept else "the default ranker"
    screen.print(Text(f"{folder} is searched by {which}: {tuning.why}."))
    if tuning.held_out and any(tuning.default):
        table = Table.grid(padding=(0, 2))
        for name, means in (("default", tuning.default), ("tuned", tuning.tuned)):
            table.add_row(name, *(f"{mean:.3f}" for mean in means))
        screen.print(
            f"recall at 2, 5 and 10 on {tuning.held_out} held-out of {tuning.questions} questions of its own"
        )
        screen.print(table)
        screen.print(f"mean difference between {tuning.low:+.3f} and {tuning.high:+.3f} (95 %)")


def show_status(status: IndexStatus) -> None:
    """What an index holds."""
    version, screen = status.version, Screen()
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in (
        ("index", status.folder),
        ("version", f"{version.number} ({version.id})"),
        ("published", f"{version.published_at:%Y-%m-%d %H:%M:%S %Z}"),
        ("documents", f"{version.document_count:,}"),
        ("passages", f"{version.passage_count:,}"),
        ("entities", f"{version.entity_count:,}"),
        ("facts", f"{version.fact_count:,}"),
        ("read by a model", f"{version.upgraded_count:,} passages"),
        ("edges", f"{version.edge_count:,}"),
        ("unread passages", f"{version.failure_count:,}"),
        ("embedder", status.embedder),
        ("ranker", status.ranker),
        ("size", f"{status.bytes_on_disk / 1e6:,.1f} MB"),
    ):
        table.add_row(name, value)
    for source, count in (status.stage.sources if status.stage else {}).items():
        table.add_row("source", f"{readable_uri(source)} ({count:,})")
    screen.print(table)
    if status.stage and status.stage.pending:
        screen.print(
            Text.assemble(
                ("unfinished ", "yellow"),
                f"{status.stage.pending:,} documents wait to be published: run the index command again.",
            )
        )
    _show_unread(screen, status.failures)


def show_versions(folder: Path, versions: Sequence[KeptVersion]) -> None:
    """A line a version that is kept, the visible one marked."""
    table = Table("", "version", "published", "documents", "passages", "facts", "id", box=None)
    for kept in versions:
        version = kept.version
        table.add_row(
            Text("●", "green") if kept.is_visible else "",
            str(version.number),
            f"{version.published_at:%Y-%m-%d %H:%M:%S %Z}",
            f"{version.document_count:,}",
            f"{version.passage_count:,}",
            f"{version.fact_count:,}",
            version.id,
        )
    screen = Screen()
    screen.print(table)
    screen.print(Text(f"Go back with: hippograph rollback --index {folder} --to NUMBER", style="dim"))


def show_problems(folder: Path, problems: Sequence[str]) -> None:
    """What verifying found."""
    screen = Screen()
    if not problems:
        screen.print(Text.assemble(("✓ ", "green"), f"{folder}: every file and edge is as it was published."))
    for problem in problems:
        screen.print(Text.assemble(("✗ ", "red"), problem))


def _change(count: int, kind: str, names: str = "", style: str = "bold") -> Text:
    return Text.assemble((f"{count:>7,} ", style), f"{kind:<10}", (names, "dim"))


def _show_upgraded(screen: Screen, upgraded: Upgraded) -> None:
    screen.print(_change(upgraded.read, "upgraded", "passages by what a model found in them"))
    if upgraded.refused:
        screen.print(_change(upgraded.refused, "refused", "passages it could not read; told below", "yellow"))
    if upgraded.left:
        # What is wrong with a server or a key is told on standard error; once is enough.
        is_told = upgraded.error is not None and not isinstance(upgraded.error, BudgetSpent)
        why = "" if is_told else f": {upgraded.why_left}"
        screen.print(_change(upgraded.left, "left", f"passages for the next run{why}", "yellow"))


def spent_in_words(usage: Usage) -> Text:
    """What a model took."""
    cost = f", cost {usage.cost:,.4f}" if usage.cost else ""
    return Text(
        f"The model took {usage.llm_calls:,} calls, {usage.prompt_tokens:,} tokens in and "
        f"{usage.completion_tokens:,} out{cost}."
    )


def _holdings(version: IndexVersion) -> Text:
    return Text(
        f"It holds {version.document_count:,} documents: {version.passage_count:,} passages, "
        f"{version.entity_count:,} entities, {version.fact_count:,} facts, {version.edge_count:,} edges."
    )


def _show_unread(screen: Screen, failures: Sequence[str]) -> None:
    """A line a reason: many passages are often unread for one."""
    alike: dict[str, list[str]] = {}
    for each in failures:
        alike.setdefault(_reason(each), []).append(each)
    for reason, same in list(alike.items())[:MOST_FAILURES]:
        places = [each.partition(f": {reason}")[0] for each in same]
        words = same[0] if len(same) == 1 else f"{len(same):,} passages ({_some(places)}): {reason}"
        screen.print(Text.assemble(("unread ", "yellow"), words))
    _say_more(screen, len(alike))


def _reason(failure: str) -> str:
    """Why a passage is unread, without its name and without what its reply began with."""
    found = UNREAD.match(failure)
    return (found[1] if found else failure).partition(BEGAN)[0]


def _say_more(screen: Screen, count: int) -> None:
    if count > MOST_FAILURES:
        screen.print(Text(f"… and {count - MOST_FAILURES:,} more; --json lists them all.", style="dim"))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
