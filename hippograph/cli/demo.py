"""The demo: an invented archipelago is indexed and asked three questions."""

from __future__ import annotations

import json
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from rich.rule import Rule
from rich.text import Text

import hippograph
from hippograph.cli.index_report import show_report
from hippograph.cli.progress import Steps, waiting
from hippograph.cli.show import Screen, answer_block
from hippograph.cli.sources import open_sources
from hippograph.engine import Hippograph, index_sources
from hippograph.errors import ConnectorError
from hippograph.types import Answer, Citation, Node

DEMO = Path("examples") / "demo"

HOPS = {
    "1hop": "one document says it",
    "unanswerable": "no document says it",
    "2hop": "no single document says it",
}
"""The kinds of question that are shown, in order: the best comes last."""


def run_demo(folder: Path, quiet: bool = False) -> None:
    """Index the demo corpus and ask the three questions that show what hippograph does."""
    home = demo_folder()
    screen = Screen()
    screen.print(Text.assemble(("hippograph", "bold cyan"), " reads about islands that do not exist"))
    _index(screen, home, folder, quiet)
    with waiting("opening the index"):
        memory = Hippograph.open(folder)
    with memory:
        for asked in showcase(home):
            screen.print(Rule(Text(HOPS.get(asked["type"], asked["type"])), style="dim", align="left"))
            screen.print(Text(asked["question"] + "\n", style="bold"))
            with waiting("looking for an answer"):
                answer = memory.ask(asked["question"])
            if asked["type"] != "1hop" and answer.refusal is None:
                _show_hops(screen, memory, answer)
            screen.print(answer_block(answer))
            screen.print()
    command = f'hippograph ask "Who designed the Sorrel Viaduct?" --index {folder}'
    screen.print(Text.assemble("Ask your own: ", (command, "bold")))


def demo_folder() -> Path:
    """Where the demo lies beside the code. Raises ConnectorError where only the package is installed."""
    home = Path(hippograph.__file__).resolve().parent.parent / DEMO
    if not (home / "corpus").is_dir():
        raise ConnectorError(
            "The demo's documents come with the source code, not with the installed package. "
            "Clone the repository and run there: make demo"
        )
    return home


def showcase(home: Path) -> list[dict[str, Any]]:
    """The questions marked for showing, in the order of `HOPS`."""
    lines = (home / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    marked = [record for line in lines if (record := json.loads(line)).get("showcase")]
    return sorted(marked, key=lambda record: list(HOPS).index(record["type"]))


def _index(screen: Screen, home: Path, folder: Path, quiet: bool) -> None:
    started = time.monotonic()
    with Steps(quiet=quiet) as steps:
        sources = open_sources([str(home / "corpus")], (), (), folder)
        # The demo's own index may be of an older release: it is re-shaped, not complained about.
        report = index_sources(sources, folder, migrate=True, progress=steps)
    show_report(report, folder)
    spent = time.monotonic() - started
    screen.print(Text(f"{spent:.0f} seconds, no language model, no key, no network.\n", style="dim"))


def _show_hops(screen: Screen, memory: Hippograph, answer: Answer) -> None:
    """The way from the first cited document to the next that shares a name with it, and that name."""
    for first, second in combinations(answer.citations, 2):
        if first.document != second.document and (name := _shared_name(memory, answer, first, second)):
            way = f"{first.title or first.document} → {name} → {second.title or second.document}"
            screen.print(Text.assemble(("two hops:  ", "dim"), (way, "magenta"), "\n"))
            return


def _shared_name(memory: Hippograph, answer: Answer, first: Citation, second: Citation) -> str | None:
    """The rarest entity that both sentences name."""
    index = memory.index
    rows = {each.passage.id: each.row for each in answer.passages}
    here, there = (index.entities_of_passage(rows[each.passage]) for each in (first, second))
    named = [
        (int(index.passages_naming(np.array([node]))[0]), name)
        for node in np.intersect1d(here, there).tolist()
        if (name := index.entity_name(Node(node))) in first.sentence and name in second.sentence
    ]
    return min(named)[1] if named else None
