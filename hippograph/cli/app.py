"""The commands: `hippograph index|search|ask|status|verify|export|demo`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from hippograph.cli.batch import batch
from hippograph.cli.exits import Guarded, wrong_call

if TYPE_CHECKING:
    from hippograph.engine import Hippograph

app = typer.Typer(
    cls=Guarded,
    help="A memory for language models that grows with its documents: index a folder, ask it questions, "
    "get answers that cite their sentences.",
    epilog="Exit codes: 0 done, 1 the work failed, 2 the call was wrong.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(batch, name="batch")

IndexFolder = Annotated[
    Path,
    typer.Option(
        "--index",
        metavar="DIR",
        envvar="HIPPOGRAPH_INDEX",
        help="The folder of the index.",
        show_default=True,
    ),
]
Question = Annotated[str, typer.Argument(metavar="QUESTION", help="In quotation marks.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="As far as was known by then: a day, month or year to its end, or a moment.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
INDEX = Path("index")
Result = TypeVar("Result")


@app.command()
def index(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Folders, files or file:// URIs.", show_default=False),
    ],
    folder: IndexFolder = INDEX,
    grade: Annotated[
        Literal["lite", "llm"],
        typer.Option(
            help="lite: rules find the facts. llm: then a language model reads what it has not yet."
        ),
    ] = "lite",
    budget_tokens: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Grade llm: at most so many tokens, where they bring most."),
    ] = None,
    reread: Annotated[
        bool,
        typer.Option("--reread", help="Grade llm: also what another model, prompt or system has read."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what a run would change, read and cost."),
    ] = False,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Read only these files of a folder, such as '*.md'."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Leave these files or folders out.")
    ] = None,
    migrate: Annotated[
        bool,
        typer.Option("--migrate", help="Re-shape an index made with other settings or another embedder."),
    ] = False,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Believe a source that lost most of its documents, or all."),
    ] = False,
    allow_private: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RANGE",
            help="Let web sources use these addresses of a private network, such as 10.1.0.0/16.",
        ),
    ] = None,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="Read passages again that could not be read, whatever the reason."
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring an index in step with its sources. Run it again whenever they change: only changes cost."""
    from hippograph.cli.index_run import how_to_index, index_and_tell, plan_and_tell
    from hippograph.cli.sources import open_sources

    how = how_to_index(grade, budget_tokens, reread)
    how |= {"migrate": migrate, "accept_loss": accept_loss, "retry_failed": retry_failed}
    connectors = open_sources(sources, include or (), exclude or (), folder, allow_private or ())
    run = plan_and_tell if dry_run else index_and_tell
    run(connectors, folder, how, as_json=as_json, quiet=quiet)


@app.command()
def watch(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Folders, files or URIs.", show_default=False)
    ],
    every: Annotated[
        str, typer.Option(metavar="INTERVAL", help="How often: 30s, 10m, 6h, 1d.", show_default=False)
    ],
    folder: IndexFolder = INDEX,
    times: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after N rounds.", show_default="never")
    ] = None,
    include: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="As for index.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="As for index.")] = None,
    grade: Annotated[Literal["lite", "llm"], typer.Option(help="As for index.")] = "lite",
    budget_tokens: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Grade llm: at most so many tokens a round.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line and round.")] = False,
    quiet: Quiet = False,
) -> None:
    """Index now and again at every interval, until Ctrl-C or SIGTERM; one line a round."""
    from hippograph.cli.index_run import how_to_index
    from hippograph.cli.watch import seconds_of, watch_sources

    went_well = watch_sources(
        sources,
        folder,
        seconds_of(every),
        include=include or (),
        exclude=exclude or (),
        how=how_to_index(grade, budget_tokens, reread=False),
        times=times,
        as_json=as_json,
        quiet=quiet,
    )
    if not went_well and times:
        raise typer.Exit(1)


@app.command("import")
def import_(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="What HippoRAG, LightRAG or GraphRAG wrote, or GraphML.", show_default=False
        ),
    ],
    folder: IndexFolder = INDEX,
    migrate: Annotated[
        bool,
        typer.Option("--migrate", help="Import into an index made with other settings or another extractor."),
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on although most of what was imported is gone there.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring the texts and facts of another system into an index, and tell what could not be carried."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.import_report import import_as_json, show_import
    from hippograph.cli.index_report import show_report
    from hippograph.cli.progress import Steps
    from hippograph.importing.into_index import import_into

    with Steps(quiet=quiet) as steps:
        imported, report = import_into(path, folder, migrate=migrate, accept_loss=accept_loss, progress=steps)
    if as_json:
        json_of.print_json({**import_as_json(imported), "index": json_of.index_report(report, folder)})
    else:
        show_import(imported)
        show_report(report, folder)


@app.command()
def search(
    question: Question,
    folder: IndexFolder = INDEX,
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages.")] = 5,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="hippograph, dense, bm25, hybrid, structural, forest, clues, contiguous, hipporag1 or hipporag2; with "
            "a language model ircot, refine or decompose, also around another method, as in ircot+dense.",
            show_default="hippograph",
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="What was walked, and what put each passage above the next.")
    ] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """The passages that answer a question best, and why each was found."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.show import show_passages

    if explain and as_of is not None:
        raise wrong_call("--as-of", "what --explain tells is of the index as it is now.")
    with _memory(folder) as memory:
        if explain:
            from hippograph.cli import explain as explaining

            told = _waiting("searching", lambda: explaining.explain(memory, question, k, method))
            if as_json:
                json_of.print_json(explaining.explanation_record(told))
            else:
                explaining.show_explanation(told)
            return
        found = _waiting("searching", lambda: memory.explain(question, k, method, as_of=as_of))
        if as_json:
            json_of.print_json([json_of.passage(each) for each in found.passages])
        else:
            show_passages(found)


@app.command()
def ask(
    question: Question,
    folder: IndexFolder = INDEX,
    answerer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="extractive, or llm: a language model.", show_default="as in the settings"
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How it is searched for, as in search.", show_default="hippograph"),
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Sentence by sentence, as it is written.")] = False,
    schema: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A JSON schema: the answer's data in that shape (with a model)."),
    ] = None,
    check_while_writing: Annotated[
        bool,
        typer.Option(
            "--check-while-writing",
            help="Hold each sentence against the index as it is written; what is not borne out is written once more, "
            "or left out.",
        ),
    ] = False,
    show_conflicts: Annotated[
        bool,
        typer.Option("--show-conflicts", help="And where documents say otherwise, each side with its dates."),
    ] = False,
    show_refreshes: Annotated[
        bool, typer.Option("--show-refreshes", help="And what was read, checked and left out on the way.")
    ] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """An answer that cites the sentences it rests on, or a refusal that says why."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli import conflicts, refreshes
    from hippograph.cli.answers import open_with_answerer, read_schema, show_stream
    from hippograph.cli.show import show_answer

    if stream and (as_json or schema):
        raise wrong_call("--stream", "with --json or --schema the answer comes in one piece.")
    if check_while_writing and schema:
        raise wrong_call("--check-while-writing", "with --schema the answer is written in one piece.")
    shape = read_schema(schema) if schema else None
    checked = True if check_while_writing else None
    opened = _memory(folder) if answerer is None else open_with_answerer(folder, answerer)
    with opened as memory:
        if stream:
            answer = show_stream(memory, question, checked, method, as_of)
        else:
            answer = _waiting(
                "looking for an answer",
                lambda: memory.ask(question, shape, method=method, as_of=as_of, working_memory=checked),
            )
        differing = memory.conflicts(answer) if show_conflicts else ()
    if as_json:
        more = {"conflicts": conflicts.conflict_records(differing)} if show_conflicts else {}
        json_of.print_json({**json_of.answer(answer), **more})
        return
    if not stream:
        show_answer(answer)
    if show_conflicts:
        conflicts.show_conflicts(differing)
    if show_refreshes:
        refreshes.show_refreshes(answer)


@app.command()
def timeline(question: Question, folder: IndexFolder = INDEX, as_json: AsJson = False) -> None:
    """How what answers a question came about: its memories in order of time, and what each is to the next."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.timelines import show_timelines

    with _memory(folder) as memory:
        answer = _waiting("looking back", lambda: memory.ask(question, timelines=True))
        if as_json:
            json_of.print_json(json_of.answer(answer))
        else:
            show_timelines(answer)


@app.command()
def check(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help="In quotation marks, or a file, or - for standard input.", show_default=False
        ),
    ],
    folder: IndexFolder = INDEX,
    verifier: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who judges: rules, or llm.", show_default="rules")
    ] = None,
    about: Annotated[
        str, typer.Option(metavar="NAME", help="What the text is about, for its first 'he' or 'it'.")
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 unless every claim is supported.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hold a text against an index, claim by claim: supported, refuted, or not enough evidence, and why."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli import check as checks
    from hippograph.types import VerdictKind

    given = checks.read_text(text)
    with _waiting(f"opening {folder}", lambda: checks.open_with_verifier(folder, verifier)) as memory:
        report = _waiting("checking", lambda: checks.check(memory, given, about))
    if as_json:
        json_of.print_json(checks.check_record(report))
    else:
        checks.show_check(report)
    is_borne_out = report.verdict() is VerdictKind.SUPPORTED
    if any(each.failure for each in report.claims) or (strict and not is_borne_out):
        raise typer.Exit(1)


@app.command()
def history(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose history.", show_default=False)],
    folder: IndexFolder = INDEX,
    relation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only this relation, as it is stated: status, lives in."),
    ] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """What held of a thing from when to when, what says so, and what ended it."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli import times

    with _memory(folder) as memory:
        found = _waiting("reading", lambda: memory.history(name, relation, as_of=as_of))
    if as_json:
        json_of.print_json([times.interval_record(each) for each in found])
    else:
        times.show_history(name, found)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A date, or the number of a kept version: v3.")],
    last: Annotated[str, typer.Argument(metavar="B", help="A later one.")],
    folder: IndexFolder = INDEX,
    subject: Annotated[str | None, typer.Option(metavar="NAME", help="Only what is said of this.")] = None,
    as_json: AsJson = False,
) -> None:
    """What held at one date, or in one kept version, and not at another, with what says so."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli import times

    with _memory(folder) as memory:
        found = _waiting("comparing", lambda: times.diff(memory, folder, first, last, subject))
    if as_json:
        json_of.print_json([times.change_record(each) for each in found])
    else:
        times.show_changes(found)


@app.command()
def status(folder: IndexFolder = INDEX, as_json: AsJson = False) -> None:
    """What an index holds, and what could not be read."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.index_report import show_status
    from hippograph.engine import read_status

    found = read_status(folder)
    if as_json:
        json_of.print_json(json_of.status(found))
    else:
        show_status(found)


@app.command()
def verify(folder: IndexFolder = INDEX, as_json: AsJson = False) -> None:
    """Check every file of an index against its checksum, and every edge against its passages."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.index_report import show_problems
    from hippograph.engine import verify_index

    problems = verify_index(folder)
    if as_json:
        json_of.print_json({"index": str(folder), "ok": not problems, "problems": problems})
    else:
        show_problems(folder, problems)
    if problems:
        raise typer.Exit(1)


@app.command()
def versions(folder: IndexFolder = INDEX, as_json: AsJson = False) -> None:
    """The versions that are kept: the newest few, and the one that is visible."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.index_report import show_versions
    from hippograph.engine import list_versions

    found = list_versions(folder)
    if as_json:
        json_of.print_json([json_of.kept_version(each) for each in found])
    else:
        show_versions(folder, found)


@app.command()
def rollback(
    folder: IndexFolder = INDEX,
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="NUMBER", help="Which version.", show_default="the one before"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an earlier version visible again. The next index run brings the index in step with its sources."""
    from hippograph.cli import as_json as json_of
    from hippograph.engine import roll_back

    version = roll_back(folder, to)
    if as_json:
        json_of.print_json({"index": str(folder), "version": json_of.version(version)})
    else:
        typer.echo(f"Version {version.number} of {folder} is visible again.")


@app.command()
def forget(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="As it was indexed.", show_default=False)],
    folder: IndexFolder = INDEX,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Remove all documents of a source that is not to be followed any more."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.index_report import show_report
    from hippograph.cli.progress import Steps
    from hippograph.engine import forget_source

    with Steps(quiet=quiet) as steps:
        report = forget_source(source, folder, progress=steps)
    if as_json:
        json_of.print_json(json_of.index_report(report, folder))
    else:
        show_report(report, folder)


@app.command()
def tune(folder: IndexFolder = INDEX, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Fit the order of what is found to an index, by questions made of its own facts; kept only where it helps."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.index_report import show_tuning
    from hippograph.cli.progress import Steps
    from hippograph.engine import tune_index

    with Steps(quiet=quiet) as steps:
        tuning = tune_index(folder, progress=steps)
    if as_json:
        json_of.print_json({"index": str(folder), **tuning.as_dict()})
    else:
        show_tuning(folder, tuning)


@app.command()
def compact(folder: IndexFolder = INDEX, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Write an index anew, without what is gone. It also mends an index whose files are damaged."""
    from hippograph.cli import as_json as json_of
    from hippograph.cli.index_report import show_report
    from hippograph.cli.progress import Steps
    from hippograph.engine import compact_index

    with Steps(quiet=quiet) as steps:
        report = compact_index(folder, progress=steps)
    if as_json:
        json_of.print_json(json_of.index_report(report, folder))
    else:
        show_report(report, folder)


@app.command()
def export(
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The file to write: .graphml, or with --question .html.", show_default=False
        ),
    ],
    folder: IndexFolder = INDEX,
    question: Annotated[
        str | None,
        typer.Option("--question", metavar="QUESTION", help="Only the small graph behind its answer."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages that graph shows.")] = 6,
    as_json: AsJson = False,
) -> None:
    """Write the graph as GraphML, for Gephi, yEd, Cytoscape or igraph; or the graph behind one answer, as a page."""
    from hippograph.cli import as_json as json_of

    with _memory(folder) as memory:
        if question is not None:
            from hippograph.cli.export_answer import export_answer

            nodes, edges = _waiting(f"writing {out}", lambda: export_answer(memory, question, out, k))
        else:
            if out.suffix.lower() == ".html":
                raise wrong_call("OUT", "a page shows the graph behind one answer: add --question.")
            _waiting(f"writing {out}", lambda: memory.export(out))
            nodes, edges = len(memory.index.nodes()), memory.index.graph.edge_count
        if as_json:
            json_of.print_json({"file": str(out), "node_count": nodes, "edge_count": edges})
        else:
            typer.echo(f"{out}: {nodes:,} nodes, {edges:,} edges.")


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Option("--index", metavar="DIR", help="Where the demo's index is kept.")
    ] = Path("demo-index"),
    quiet: Quiet = False,
) -> None:
    """Index the demo corpus, an invented archipelago, and ask it three questions."""
    from hippograph.cli.demo import run_demo

    run_demo(folder, quiet=quiet)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"hippograph {version('hippograph')}")
        except PackageNotFoundError:
            typer.echo("hippograph, from source code that is not installed")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """What holds for every command."""


def run() -> None:
    """Run a command and leave with its exit code."""
    from hippograph.cli.exits import prepare_streams

    prepare_streams()
    app(prog_name="hippograph")


def _memory(folder: Path) -> Hippograph:
    from hippograph.engine import Hippograph

    return _waiting(f"opening {folder}", lambda: Hippograph.open(folder))


def _waiting(words: str, work: Callable[[], Result]) -> Result:
    from hippograph.cli.progress import waiting

    with waiting(words):
        return work()
