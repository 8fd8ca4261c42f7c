"""What people read after indexing, and about an index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from hippograph.cli.show import readable_uri, screen
from hippograph.engine import IndexStatus
from hippograph.indexing import IndexReport
from hippograph.types import IndexVersion

MOST_NAMES = 5
MOST_FAILURES = 20


def show_report(report: IndexReport, folder: Path) -> None:
    """What a run did: a line a kind of change, what was skipped and why, and what the index holds now."""
    console, changes = screen(), report.changes
    if not report.is_new:
        console.print(Text(f"Nothing changed: version {report.version.number} of {folder} stays."))
    else:
        console.print(
            Text.assemble(("✓ ", "green"), f"Version {report.version.number} of {folder} is published.")
        )
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column()
    table.add_column(style="dim", overflow="ellipsis", no_wrap=True)
    for kind, names in (("added", changes.added), ("changed", changes.changed), ("deleted", changes.deleted)):
        if names:
            table.add_row(f"{len(names):,}", kind, _some(names))
    if changes.unchanged:
        table.add_row(f"{changes.unchanged:,}", "unchanged", "")
    if changes.failures:
        table.add_row(Text(f"{len(changes.failures):,}", style="yellow"), "skipped", "see below")
    console.print(table)
    console.print(Text(_holdings(report.version), style="dim"))
    for each in changes.failures[:MOST_FAILURES]:
        console.print(
            Text.assemble(("skipped ", "yellow"), (readable_uri(each.uri), "bold"), f"\n  {each.reason}")
        )
    _say_more(len(changes.failures))
    _show_unread(report.passage_failures)


def show_status(status: IndexStatus) -> None:
    """What an index holds."""
    version = status.version
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="left", overflow="fold")
    for name, value in (
        ("index", status.folder),
        ("version", f"{version.number}  ({version.id})"),
        ("published", f"{version.published_at:%Y-%m-%d %H:%M:%S %Z}"),
        ("documents", f"{version.document_count:,}"),
        ("passages", f"{version.passage_count:,}"),
        ("entities", f"{version.entity_count:,}"),
        ("facts", f"{version.fact_count:,}"),
        ("edges", f"{version.edge_count:,}"),
        ("unread passages", f"{version.failure_count:,}"),
        ("embedder", status.embedder),
        ("size", f"{status.bytes_on_disk / 1e6:,.1f} MB"),
    ):
        table.add_row(name, value)
    screen().print(table)
    _show_unread(status.failures)


def show_problems(folder: Path, problems: list[str]) -> None:
    """What verifying found."""
    console = screen()
    if not problems:
        console.print(
            Text.assemble(("✓ ", "green"), f"{folder}: every file and every edge is as it was published.")
        )
    for problem in problems:
        console.print(Text.assemble(("✗ ", "red"), problem))


def _show_unread(failures: tuple[str, ...]) -> None:
    console = screen()
    for each in failures[:MOST_FAILURES]:
        console.print(Text.assemble(("unread ", "yellow"), each))
    _say_more(len(failures))


def _say_more(count: int) -> None:
    if count > MOST_FAILURES:
        screen().print(Text(f"… and {count - MOST_FAILURES:,} more; --json lists them all.", style="dim"))


def _holdings(version: IndexVersion) -> str:
    return (
        f"It holds {version.document_count:,} documents: {version.passage_count:,} passages, "
        f"{version.entity_count:,} entities, {version.fact_count:,} facts, {version.edge_count:,} edges."
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
