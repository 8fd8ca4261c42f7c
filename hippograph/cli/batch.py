"""The commands `hippograph batch submit` and `collect`: reading by a model within a day, at half the price."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

batch = typer.Typer(
    help="Let a language model read at half the price, within a day: submit, collect, and again.",
    no_args_is_help=True,
)

IndexFolder = Annotated[
    Path, typer.Option("--index", metavar="DIR", envvar="HIPPOGRAPH_INDEX", help="The folder of the index.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]
INDEX = Path("index")
MOST_REASONS = 5


@batch.command()
def submit(
    folder: IndexFolder = INDEX,
    budget_tokens: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Only passages that so many tokens should be enough for."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hand in what is to be asked next. Nothing is handed in twice."""
    from hippograph.batching import submit_batches
    from hippograph.cli import as_json as json_of

    done = submit_batches(folder, budget_tokens=budget_tokens)
    if as_json:
        counts = {"questions": done.questions, "batches": done.batches, "waiting": done.waiting}
        json_of.print_json({"index": str(folder), **counts})
        return
    if done.questions:
        typer.echo(f"Handed in: {done.questions:,} questions in {done.batches:,} batches.")
    elif not done.waiting:
        typer.echo("There is nothing to ask.")
    if done.waiting:
        typer.echo(
            f"{done.waiting:,} questions wait. Take the answers with: hippograph batch collect --index {folder}"
        )


@batch.command()
def collect(
    folder: IndexFolder = INDEX,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> None:
    """Take the answers that are there, and publish the passages that are read to the end."""
    from hippograph.batching import collect_batches
    from hippograph.cli import as_json as json_of
    from hippograph.cli.index_report import show_report, spent_in_words
    from hippograph.cli.progress import Steps
    from hippograph.cli.show import Screen

    with Steps(quiet=quiet) as steps:
        done = collect_batches(folder, progress=steps)
    collected = done.collected
    if as_json:
        record = {
            "answers": collected.read,
            "failed": collected.failed,
            "waiting": collected.waiting,
            "open": done.open_questions,
            "usage": json_of.usage(collected.usage),
        }
        json_of.print_json({**record, "report": json_of.index_report(done.report, folder)})
        return
    screen = Screen()
    screen.print(f"{collected.read:,} answers are taken, {collected.waiting:,} are not there yet.")
    for reason in list(dict.fromkeys(collected.failed.values()))[:MOST_REASONS]:
        screen.print(f"No answer: {reason}")
    if collected.usage.llm_calls:
        screen.print(spent_in_words(collected.usage))
    if done.open_questions:
        screen.print(
            f"{done.open_questions:,} questions can be handed in now: hippograph batch submit --index {folder}"
        )
    show_report(done.report, folder)
