"""The demo: an invented archipelago is indexed and asked three questions."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from rich.text import Text

import hippograph
from hippograph.cli.index_report import show_report
from hippograph.cli.progress import Steps, waiting
from hippograph.cli.show import answer_block, question_rule, screen
from hippograph.cli.sources import open_sources
from hippograph.engine import Hippograph, index_sources
from hippograph.errors import ConnectorError
from hippograph.types import Answer

DEMO = Path("examples") / "demo"


def run_demo(folder: Path, quiet: bool = False) -> None:
    """Index the demo corpus and ask the three questions that show what hippograph does."""
    home = demo_folder()
    console, questions = screen(), showcase(home)
    console.print(
        Text.assemble(("hippograph", "bold cyan"), " · forty-odd documents about islands that do not exist\n")
    )
    started = time.monotonic()
    with Steps(quiet=quiet) as steps:
        # The demo's own index may be of an older release: it is re-shaped, not complained about.
        sources = open_sources([str(home / "corpus")], (), (), folder)
        report = index_sources(sources, folder, migrate=True, progress=steps)
    show_report(report, folder)
    console.print(
        Text(f"{time.monotonic() - started:.0f} seconds, no language model, no network.\n", style="dim")
    )
    with waiting("opening the index"):
        memory = Hippograph.open(folder)
    with memory:
        for number, asked in enumerate(questions, start=1):
            console.print(question_rule(number, len(questions), asked["question"]))
            with waiting("looking for an answer"):
                answer = memory.ask(asked["question"])
            if asked["type"] == "2hop":
                _show_hops(answer)
            console.print(answer_block(answer))
            console.print()
    console.print(Text.assemble("Ask your own: ", (f'hippograph ask "…" --index {folder}', "bold")))


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
    """The questions marked for showing."""
    lines = (home / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for line in lines if (record := json.loads(line)).get("showcase")]


def _show_hops(answer: Answer) -> None:
    """The way from the question to the answer: the documents of the citations, in the order they lead on."""
    console = screen()
    titles = list(dict.fromkeys(cited.title for cited in answer.citations))
    if len(titles) > 1:
        console.print(
            Text.assemble(("No single document answers this. ", "dim"), (" → ".join(titles), "magenta"))
        )
        console.print()
