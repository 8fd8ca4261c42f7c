"""A session with a language model, from facts to an answer that is streamed and cited. It needs no key and no network:

    python examples/with_a_model.py

A server on loopback (replay_model.py) answers as a model once might have; everything else is what you would type.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from replay_model import NUMBERED, ReplayServer, replaying
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = (
    "culture/the-salt-ledger-film.md",
    "culture/the-salt-ledger-novel.md",
    "culture/ash-on-the-water.md",
    "islands/marren.md",
)
QUESTION = "In which town was the director of the film The Salt Ledger born?"
PURPOSES = {
    "passages": "reading passages, two calls each",
    "relevant": "recognising facts",
    "thought": "reasoning between searches",
    "sentences": "writing the answer",
}
"""What a request was for, by a member of the reply it asked for."""

screen = Console(highlight=False, width=None if sys.stdout.isatty() else 100)


def main() -> None:
    """The session."""
    with replaying() as server, tempfile.TemporaryDirectory(prefix="hippograph-") as folder:
        session = Session(server, Path(folder))
        session.title("What it would take")
        session.run("index", "films", "--grade", "llm", "--dry-run", "--quiet")
        session.title("Extraction: the model reads every passage, entities first, then facts among them")
        session.run("index", "films", "--grade", "llm", "--quiet")
        session.show_facts("is a film of 1957")
        session.title("Recognition: of the facts nearest the question, the model names those that help")
        session.run("search", QUESTION, "--method", "hipporag2", "-k", "3")
        session.show_recognition()
        session.title(
            "Two hops and an answer: a thought is searched for, sentences come as they are written and checked"
        )
        session.set(RETRIEVAL__METHOD="hipporag2", ANSWER__LOOP="ircot")
        session.run("ask", QUESTION, "--stream")
        session.show_recognition("the second search started from what the model named here:")
        session.title("What was asked of the model")
        session.show_calls()
        session.say_how_to_go_on()


class Session:
    """Commands of one shell, each shown before it runs."""

    def __init__(self, server: ReplayServer, folder: Path) -> None:
        self._server, self._folder = server, folder
        (folder / "films").mkdir()
        for name in DOCUMENTS:
            shutil.copy(REPOSITORY / "examples" / "demo" / "corpus" / name, folder / "films")
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("HIPPOGRAPH_GENERATOR__")
        }
        path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
        self._environment = {**kept, "PYTHONPATH": path, "XDG_CACHE_HOME": str(folder / "cache")}
        screen.print(Text("hippograph with a language model", style="bold cyan"))
        screen.print(
            Text(
                "A server on this machine replays what a model might say: no key, no network.\n", style="dim"
            )
        )
        self.set(MODELS__GENERATOR="openai", MODELS__ANSWERER="llm")
        self.set(GENERATOR__BASE_URL=server.base_url, GENERATOR__MODEL="replay")

    def title(self, words: str) -> None:
        """What comes next."""
        screen.print()
        screen.print(Rule(Text(words, style="bold"), style="dim", align="left"))

    def set(self, **values: str) -> None:
        """Environment variables, all of hippograph's."""
        named = {f"HIPPOGRAPH_{name}": value for name, value in values.items()}
        self._environment |= named
        self._show("export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in named.items()))

    def run(self, *arguments: str) -> None:
        """A command of hippograph. The session ends where it fails."""
        self._show(f"hippograph {shlex.join(arguments)}")
        sys.stdout.flush()
        command = [sys.executable, "-m", "hippograph", *arguments]
        done = subprocess.run(command, cwd=self._folder, env=self._environment, check=False)
        if done.returncode:
            sys.exit(done.returncode)

    def show_facts(self, words: str) -> None:
        """The facts of the passage that holds these words, as the model gave them."""
        screen.print(Text("\nof one passage it told:", style="dim"))
        for asked, reply in self._server.requests_for("passages"):
            for subject, relation, object_ in reply["passages"][0].get("facts", ()) if words in asked else ():
                screen.print(Text.assemble(f"  {subject} ", (relation, "magenta"), f" {object_}"))

    def show_recognition(self, words: str = "the model was shown, and named those with a mark:") -> None:
        """The facts as the model saw them the last time, with a mark at those it named."""
        screen.print(Text(f"\n{words}", style="dim"))
        asked, reply = self._server.requests_for("relevant")[-1]
        for number, fact in NUMBERED.findall(asked):
            is_kept = int(number) in reply["relevant"]
            screen.print(
                Text(f"  {'✓' if is_kept else '·'} [{number}] {fact}", style="green" if is_kept else "dim")
            )

    def show_calls(self) -> None:
        """Calls by purpose."""
        for member, purpose in PURPOSES.items():
            screen.print(f"  {len(self._server.requests_for(member)):3d}  {purpose}")

    def say_how_to_go_on(self) -> None:
        """The lines that take another server."""
        screen.print(Text("\nWith a model of yours, hosted or local, the same commands:", style="bold"))
        self._show("export OPENAI_API_KEY=... HIPPOGRAPH_GENERATOR__MODEL=gpt-4o-mini")
        self._show(
            "export HIPPOGRAPH_GENERATOR__BASE_URL=http://localhost:11434/v1 HIPPOGRAPH_GENERATOR__MODEL=llama3.1"
        )

    def _show(self, line: str) -> None:
        screen.print(Text.assemble(("$ ", "dim"), (line, "cyan")), soft_wrap=True)


if __name__ == "__main__":
    main()
