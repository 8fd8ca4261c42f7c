"""What held when, and what changed, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from hippograph.cli.exits import wrong_call
from hippograph.cli.show import Screen, readable_uri
from hippograph.types import Change, Interval, Statement

if TYPE_CHECKING:
    from hippograph.engine import Hippograph


def side_of(written: str, kept: Sequence[int]) -> str | int:
    """A date as it is written; the number of a version where a kept one has it."""
    bare = written.removeprefix("v")
    return int(bare) if bare.isdigit() and (written != bare or int(bare) in kept) else written


def diff(memory: Hippograph, folder: Path, first: str, last: str, subject: str | None) -> list[Change]:
    """What changed between two dates or two kept versions. Raises typer.BadParameter for one of each."""
    from hippograph.engine import list_versions

    kept = [each.version.number for each in list_versions(folder)]
    sides = [side_of(each, kept) for each in (first, last)]
    if len({type(side) for side in sides}) > 1:
        raise wrong_call("A B", "two dates or two versions are compared, not one of each.")
    return memory.diff(sides[0], sides[1], subject)


def show_history(name: str, intervals: Sequence[Interval]) -> None:
    """The intervals of a subject by relation, each with what says so and what ended it."""
    from hippograph.validity.answers import day

    screen = Screen()
    if not intervals:
        screen.print(f"Nothing is stated of {name}.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("relation", "value", "from", "until", "why it ended", "source"):
        table.add_column(column, overflow="fold")
    for each in intervals:
        style = "" if each.is_open() else "dim"
        value = Text(each.object, style="yellow" if each.conflicts else "green" if each.is_open() else "")
        table.add_row(
            each.relation,
            value,
            day(each.valid_from) if each.valid_from else "?",
            day(each.valid_to) if each.valid_to else "",
            each.reason,
            _source(each.closed_by or each.evidence[0]),
            style=style,
        )
    screen.print(table)
    for note in dict.fromkeys(note for each in intervals for note in each.notes):
        screen.print(Text(note, style="yellow"))


def show_changes(changes: Sequence[Change]) -> None:
    """A line a change, and the document that tells of it."""
    from hippograph.validity.answers import change_in_words

    screen = Screen()
    if not changes:
        screen.print("Nothing changed.")
    for each in changes:
        screen.print(Text(change_in_words(each)))
        telling = each.after[0].evidence[0] if each.after else each.before[0].closed_by
        if telling is not None:
            screen.print(Text(f"    {_source(telling)}", style="dim"))


def interval_record(each: Interval) -> dict[str, Any]:
    """An interval for programs."""
    return {
        "subject": each.subject,
        "relation": each.relation,
        "object": each.object,
        "valid_from": each.valid_from.isoformat() if each.valid_from else None,
        "valid_to": each.valid_to.isoformat() if each.valid_to else None,
        "is_open": each.is_open(),
        "is_functional": each.is_functional,
        "reason": each.reason,
        "evidence": [_statement(said) for said in each.evidence],
        "closed_by": _statement(each.closed_by) if each.closed_by else None,
        "conflicts": [_statement(said) for said in each.conflicts],
        "notes": list(each.notes),
    }


def change_record(each: Change) -> dict[str, Any]:
    """A change for programs."""
    return {
        "subject": each.subject,
        "relation": each.relation,
        "before": [interval_record(interval) for interval in each.before],
        "after": [interval_record(interval) for interval in each.after],
    }


def _statement(said: Statement) -> dict[str, Any]:
    cited = said.citation
    return {
        "object": said.object,
        "document_id": cited.document,
        "passage_id": cited.passage,
        "uri": cited.uri,
        "sentence": cited.sentence,
        "start": cited.start,
        "end": cited.end,
        "observed": said.observed.isoformat() if said.observed else None,
    }


def _source(said: Statement) -> str:
    return readable_uri(said.citation.uri) or said.citation.document
