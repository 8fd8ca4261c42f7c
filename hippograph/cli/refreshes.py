"""The refresh log on a terminal: what entered and left the working memory, and what became of each sentence."""

from __future__ import annotations

import textwrap

from rich.text import Text

from hippograph.cli.show import Screen
from hippograph.types import Answer, Refresh, RefreshKind

WIDTH = 100
STYLES = {
    RefreshKind.ACCEPTED: "green",
    RefreshKind.REMOVED: "red",
    RefreshKind.UNCHECKED: "yellow",
    RefreshKind.WRITTEN: "bold",
}


def show_refreshes(answer: Answer) -> None:
    """One line an event, under the number of the sentence it belongs to."""
    screen = Screen()
    screen.print()
    if not answer.trace.refreshes:
        screen.print(Text("No working memory was kept: ask with --check-while-writing.", style="dim"))
    for line in answer.trace.refreshes:
        screen.print(_line(line))


def _line(line: Refresh) -> Text:
    told = line.unit.folded or line.unit.text if line.unit else line.sentence.text if line.sentence else ""
    shown = textwrap.shorten(f"{line.unit.title}: {told}" if line.unit else told, WIDTH, placeholder=" …")
    text = Text(f"{line.step:>3}  ")
    text.append(f"{line.kind.value:<10}", style=STYLES.get(line.kind, "dim"))
    text.append(shown, style="dim" if line.unit else "")
    text.append(f"{'  ' if shown else ''}({line.why})", style="dim")
    return text
