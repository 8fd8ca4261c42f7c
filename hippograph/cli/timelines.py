"""Timelines on a terminal: entries under their dates, and between them what each is to the next."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hippograph.cli.show import Screen, answer_block, readable_uri
from hippograph.prompts.fencing import one_line
from hippograph.types import Answer, Relation, Timeline

WORDS = {
    Relation.CHANGED: "changed",
    Relation.CAUSE: "brought about",
    Relation.REASON: "is why",
    Relation.HINDERED_BY: "stood in the way",
    Relation.REACT: "in response",
    Relation.WANT: "wanted, and so",
    Relation.SAME_TOPIC: "same topic",
}
"""What a relation is called between two entries."""
STYLES = {Relation.CHANGED: "bold yellow", Relation.SAME_TOPIC: "dim"}


def show_timelines(answer: Answer) -> None:
    """The answer, then each timeline; entries that the search itself found are marked."""
    screen = Screen()
    screen.print(answer_block(answer))
    screen.print()
    if not answer.timelines:
        screen.print(Text("Nothing that was found has a date, so there is no order to tell.", style="yellow"))
    for number, told in enumerate(answer.timelines, start=1):
        screen.print(Text(f"Timeline {number}", style="bold"))
        screen.print(Padding(timeline_block(told), (0, 0, 1, 0)))


def timeline_block(told: Timeline) -> RenderableType:
    """One timeline: a line an entry with its date, its sentence and its document, and the relations between."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=16)
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for place, entry in enumerate(told.entries):
        cited = entry.citation
        line = Text(one_line(cited.sentence), style="bold" if entry.is_retrieved else "")
        where = readable_uri(cited.uri) or cited.title or cited.document
        grid.add_row(
            Text(entry.moment.strftime("%Y-%m-%d %H:%M"), style="cyan"),
            Text("●" if entry.is_retrieved else "○", style="cyan"),
            Group(line, Text(where, style="dim")),
        )
        if place < len(told.relations):
            relation, why = told.relations[place], told.why[place]
            named = Text(WORDS[relation], style=STYLES.get(relation, "magenta"))
            grid.add_row("", Text("│", style="dim"), named.append(f"  {why}" if why else "", style="dim"))
    return Group(grid, Text(told.refined)) if told.refined else grid
