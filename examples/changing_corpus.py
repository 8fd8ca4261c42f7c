"""A corpus that changes, asked as of three dates: notices about six ferries of islands that do not exist.

    python examples/changing_corpus.py

It needs no model, no key and no network. The same with the command line: hippograph ask QUESTION --as-of DATE,
hippograph history NAME, hippograph diff DATE DATE.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hippograph import Document, Hippograph
from hippograph.settings import Settings

FERRIES = ("Selkie", "Brent Goose", "Marram", "Tern", "Samphire", "Old Tom")
QUESTION = "What is the status of the Selkie?"
DATES = ("1 February 2021", "1 July 2022", "1 December 2023")


def notice(ferry: str, date: str, lines: str, place: str = "harbour") -> Document:
    """A dated notice about one ferry."""
    moment = datetime.fromisoformat(date).replace(tzinfo=UTC)
    return Document(f"{place}/{ferry} {date}", ferry, f"Date: {date}\n{lines}\n", timestamp=moment)


def first_notices() -> list[Document]:
    """Every ferry at the beginning: what is learned from them is that a ferry has one status and one master."""
    masters = ("Ada Quist", "Bo Ark", "Ida Holm", "Ola Venn", "Una Strand", "Per Lode")
    return [
        notice(ferry, "2021-01-04", f"Status: in service\nMaster: {master}")
        for ferry, master in zip(FERRIES, masters, strict=True)
    ]


def later_notices() -> list[Document]:
    """What became of two of them."""
    return [
        notice("Selkie", "2022-03-12", "Status: laid up"),
        notice("Selkie", "2023-10-02", "Status: in service\nMaster: Una Strand"),
        notice("Tern", "2023-05-20", "Status: sold"),
    ]


def main(folder: Path, settings: Settings | None = None) -> None:
    """Index the first notices, add the later ones, and ask."""
    with Hippograph.build(first_notices(), folder, settings=settings) as memory:
        memory.add(later_notices())

        print(QUESTION)
        for date in DATES:
            answer = memory.ask(QUESTION, as_of=date)
            print(f"  as of {date}: {answer.span}  [{answer.citations[0].document}]")
        before = memory.ask(QUESTION, as_of="2020")
        print(f"  as of 2020: {before.refusal}")

        print("\nThe timeline behind the answers")
        for interval in memory.history("Selkie", "status"):
            last = interval.valid_to.date() if interval.valid_to else "now"
            why = f"  ({interval.reason})" if interval.reason else ""
            print(f"  {interval.valid_from:%Y-%m-%d} to {last}: {interval.object}{why}")

        print()
        for question in (
            "When did the status of the Selkie change to laid up?",
            "What was the status of the Selkie before it was laid up?",
            "Who was the previous master of the Selkie?",
        ):
            print(f"{question}  {memory.ask(question).span}")

        print("\nWhat changed between 2022 and July 2023")
        for change in memory.diff("2022-01-01", "2023-07-01"):
            then, now = (
                "; ".join(each.object for each in side) or "nothing" for side in (change.before, change.after)
            )
            if change.relation != "Date":
                print(f"  {change.subject}, {change.relation}: {then} -> {now}")

        print("\nAn answer that is checked while it is written, and what its working memory held")
        checked = memory.ask("Who is the master of the Selkie?", working_memory=True)
        print(f"  {checked.text.splitlines()[0]}")
        for line in checked.trace.refreshes:
            about = line.unit or line.sentence
            text = f"{' '.join(about.text.split())}: " if about else ""
            print(f"  {line.step}  {line.kind:<8}  {text}{line.why}")

        memory.add([notice("Tern", "2023-05-20", "Status: in repair", place="shipyard")])
        disputed = memory.ask("What is the status of the Tern?", as_of="2024")
        print(f"\n{disputed.text.splitlines()[0]}")
        memory.remove(["shipyard/Tern 2023-05-20", "harbour/Tern 2023-05-20"])
        reopened = memory.ask("What is the status of the Tern?", as_of="2024")
        print(f"Without both notices the Tern is {reopened.span} again.")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch) / "index")
