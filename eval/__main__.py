"""The command line of the measurements; `python -m eval --help` lists them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hippograph.errors import HippographError, QuestionError, SettingsError

if TYPE_CHECKING:
    from eval.datasets import Dataset
    from eval.tables import Bars
    from hippograph import Hippograph
    from hippograph.ports import Extractor

app = typer.Typer(
    help="Measure hippograph on data sets: folders with corpus.jsonl and queries.jsonl, or public formats.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
bench = typer.Typer(help="Speed, as ratios measured in one run.", no_args_is_help=True)
app.add_typer(bench, name="bench")

DatasetFolder = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET", help="A folder with the data set; for retrieval and answers any public format."
    ),
]
IndexFolder = Annotated[
    Path | None,
    typer.Option("--index", metavar="DIR", help="Where the index is kept; else in the user's cache."),
]
Method = Annotated[
    str,
    typer.Option(
        help="hippograph, dense or bm25 (`all` measures each of them); hybrid, structural, forest, clues, contiguous, "
        "hipporag1 or hipporag2; with a language model ircot, refine or decompose, also around another method, as in "
        "ircot+hipporag2."
    ),
]
Extractions = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Names and facts of the passages, found elsewhere; also a file of the data set."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]


@app.command()
def retrieval(
    dataset: DatasetFolder,
    method: Method = "hippograph",
    extractions: Extractions = None,
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """Recall of the documents that answer the questions, and the time of a search."""
    from eval.given import read_extractions, recorded_names
    from eval.indexes import describe_index
    from eval.retrieval import embed_questions, measure_retrieval
    from eval.tables import bars, show_reports
    from hippograph.retrieval.search import METHODS
    from hippograph.searching import is_published

    loaded, format_ = _load(dataset)
    extractor = read_extractions(extractions, dataset, loaded) if extractions else None
    with bars() as shown:
        memory, folder = _open_memory(loaded, index, shown, extractor, is_published(method))
        with memory:
            asked = embed_questions(loaded, memory.embedder)
            methods = tuple(METHODS) if method == "all" else (method,)
            reports = []
            memory.searching.know_names(recorded_names(dataset))
            for name in methods:
                memory.searching.prepare(name, shown.step)
                calls = memory.model_calls if memory.searching.asks_a_model(name) else None
                measured = measure_retrieval(loaded, asked, memory, name, shown.watch, calls)
                reports.append({**measured, "format": format_, "index": describe_index(folder)})
    if as_json:
        _print_json(reports if method == "all" else reports[0])
        return
    columns = ["method", "recall@2", "recall@5", "recall@10", "all@5", "ndcg@10", "search_ms_p50"]
    show_reports(f"{loaded.name}: {len(asked)} questions with gold", reports, columns)


@app.command()
def matrix(
    sets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SET...]",
            help="Data sets, each maybe with a plus and its file of extractions; else those with targets.",
        ),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Which methods; dense and bm25 are always measured."),
    ] = None,
    data: Annotated[
        Path,
        typer.Option(metavar="DIR", envvar="HIPPOGRAPH_DATA", help="Where sets are that are only named."),
    ] = Path("../shared/data"),
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the report, its plots and every question here.")
    ] = None,
    bench_files: Annotated[
        list[Path] | None,
        typer.Option(
            "--bench", metavar="FILE", help="What bench search --json wrote, for the plot of speed."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what is kept already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Methods by data sets, with intervals, differences question by question, and a report with plots."""
    from eval.kept_results import KeptResults
    from eval.matrix import open_sets, run_matrix
    from eval.report.plots import require_matplotlib
    from eval.report.speeds import read_speeds
    from eval.report.writing import as_json as numbers_of
    from eval.report.writing import write_report
    from eval.tables import bars, show_reports
    from eval.targets import USUAL_SETS
    from hippograph.settings import user_cache

    if out is not None:
        require_matplotlib()
    speeds = read_speeds(bench_files or [])
    opened = open_sets(sets or USUAL_SETS, data)
    wanted = [name.strip() for name in methods.split(",") if name.strip()] if methods else None
    kept = KeptResults(user_cache() / "eval" / "results", fresh)
    with bars() as shown:
        measured = run_matrix(opened, wanted, kept, shown.step)
    written = write_report(out, measured, speeds) if out is not None else []
    numbers = numbers_of(measured)
    if as_json:
        _print_json(numbers)
        return
    columns = [
        "set",
        "method",
        "recall@2",
        "recall@5",
        "recall@10",
        "all@5",
        "ndcg@10",
        "answer@5",
        "search_ms_p50",
    ]
    show_reports(f"{len(measured.cells)} cells, {measured.reused} of them kept", numbers["cells"], columns)
    if numbers["numbers"]:
        columns = ["set", "metric", "measured", "low", "high", "must", "aim", "reached"]
        show_reports("ranker that has not seen the set", numbers["numbers"], columns)
    for path in written:
        typer.echo(str(path))


@app.command()
def coverage(
    dataset: DatasetFolder,
    methods: Annotated[
        str, typer.Option(metavar="NAME,...", help="Which methods.")
    ] = "dense,bm25,hybrid,hippograph,forest",
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages each lists.")] = 20,
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """How much of the corpus the first passages stand for, for questions about all of it."""
    from eval.coverage import measure_coverage
    from eval.indexes import describe_index
    from eval.tables import bars, show_reports

    loaded, _ = _load(dataset)
    named = [name.strip() for name in methods.split(",") if name.strip()]
    with bars() as shown:
        memory, folder = _open_memory(loaded, index, shown)
        with memory:
            reports = measure_coverage(memory, named, k)
    if as_json:
        _print_json({"dataset": loaded.name, "methods": reports, "index": describe_index(folder)})
    else:
        show_reports(loaded.name, reports, ["method", "coverage", "documents", "search_ms_p50"])


@app.command()
def answers(dataset: DatasetFolder, index: IndexFolder = None, as_json: AsJson = False) -> None:
    """Whether answers stand in what they cite, how close they are, and what is refused."""
    from eval.answers import measure_answers
    from eval.indexes import describe_index
    from eval.tables import bars, show_values

    loaded, _ = _load(dataset)
    with bars() as shown:
        memory, folder = _open_memory(loaded, index, shown)
        with memory:
            report = {
                **measure_answers(loaded, memory, shown.watch),
                "index": describe_index(folder),
            }
    if as_json:
        _print_json(report)
    else:
        hidden = ("index", "dataset_hash")
        show_values(loaded.name, {name: value for name, value in report.items() if name not in hidden})


@app.command()
def claims(
    dataset: DatasetFolder,
    pairs: Annotated[int, typer.Option(min=1, help="How many pairs of a true and a false statement.")] = 1000,
    seed: Annotated[int, typer.Option(help="What chance draws from.")] = 1,
    documents: Annotated[
        int, typer.Option(min=0, metavar="N", help="Index only N documents, drawn by the seed; 0 for all.")
    ] = 0,
    verifier: Annotated[str | None, typer.Option(help="rules, or llm; else as the settings say.")] = None,
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """Whether true statements are supported and false ones refuted, over pairs made from the corpus's own graph."""
    from eval.claims import measure_claims
    from eval.claims_over import open_for_claims, verifier_named
    from eval.tables import bars, show_values
    from eval.veriscore import is_veriscore, measure_veriscore

    if is_veriscore(dataset):
        report = measure_veriscore(dataset, verifier_named(verifier))
    else:
        with bars() as shown:
            memory, judge = open_for_claims(dataset, index, documents, seed, verifier, shown.step)
            with memory:
                name = dataset.resolve().name
                report = measure_claims(name, memory, judge, pairs, seed, memory.settings.check, shown.watch)
    if as_json:
        _print_json(report)
    else:
        show_values(
            str(report["dataset"]), {name: value for name, value in report.items() if name != "per_pair"}
        )


@app.command()
def timeline(
    dataset: DatasetFolder,
    pairs: Annotated[
        int, typer.Option(min=0, help="How many pairs of sentences are put in order (SORT).")
    ] = 100,
    seed: Annotated[int, typer.Option(help="What chance draws from.")] = 1,
    teafarm: Annotated[
        bool, typer.Option("--teafarm/--no-teafarm", help="Ask the shipped set of what is no longer so, too.")
    ] = True,
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """Evidence beside the plain search by kind of question, order of events, abstention, and what is no longer so."""
    from eval.tables import bars, show_values
    from eval.timeline import measure_teafarm_aside, measure_timeline, rows_of

    loaded, _ = _load(dataset)
    with bars() as shown:
        memory, _ = _open_memory(loaded, index, shown)
        with memory:
            report = measure_timeline(loaded, memory, pairs, seed, shown.watch)
            if teafarm:
                report["teafarm"] = measure_teafarm_aside(memory.parts)
    if as_json:
        _print_json(report)
    else:
        show_values(str(report["dataset"]), rows_of(report))


@app.command()
def rewriting(
    dataset: DatasetFolder,
    answers: Annotated[int, typer.Option(min=1, help="How many answers with a planted falsehood.")] = 200,
    seed: Annotated[int, typer.Option(help="What chance draws from.")] = 1,
    documents: Annotated[
        int, typer.Option(min=0, metavar="N", help="Index only N documents, drawn by the seed; 0 for all.")
    ] = 0,
    verifier: Annotated[str | None, typer.Option(help="rules, or llm; else as the settings say.")] = None,
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """Whether checking while writing removes a planted falsehood, and how many true sentences that costs."""
    from eval.claims_over import open_for_claims
    from eval.rewriting import measure_rewriting
    from eval.tables import bars, show_values

    with bars() as shown:
        memory, judge = open_for_claims(dataset, index, documents, seed, verifier, shown.step)
        with memory:
            report = measure_rewriting(dataset.resolve().name, memory, judge, answers, seed, shown.watch)
    if as_json:
        _print_json(report)
    else:
        show_values(
            str(report["dataset"]), {name: value for name, value in report.items() if name != "per_answer"}
        )


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A.json", help="A report written with --json.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="Another over the same questions.")],
    metric: Annotated[
        str | None, typer.Option(help="One metric, such as recall@5; else all they share.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Whether B differs from A beyond chance: a paired bootstrap over the questions."""
    from dataclasses import asdict

    from eval.compare import compare_reports
    from eval.tables import show_reports

    rows = [asdict(result) for result in compare_reports(first, second, metric)]
    if as_json:
        _print_json(rows[0] if metric is not None else rows)
    else:
        show_reports(f"{second} minus {first}, 95 % interval", rows, list(rows[0]))


@app.command()
def extraction(dataset: DatasetFolder, as_json: AsJson = False) -> None:
    """Entities and facts found, against those a language model found in the same passages."""
    from eval.datasets import load_corpus, require_file
    from eval.extraction import EXTRACTIONS, evaluate_extraction
    from eval.tables import show_values
    from hippograph.settings import Settings
    from hippograph.wiring import build_parts

    load_corpus(dataset)  # says which line is broken, where one is
    require_file(dataset / EXTRACTIONS, "it holds a language model's extractions of the corpus")
    report = evaluate_extraction(dataset, build_parts(Settings.load()).extractor)
    if as_json:
        _print_json(report)
    else:
        show_values(dataset.resolve().name, report)


@app.command()
def cost(dataset: DatasetFolder, as_json: AsJson = False) -> None:
    """Prompt tokens of a language model for each passage and question, by variant. Nothing is sent."""
    from eval.cost import measure_cost
    from eval.tables import show_reports

    report = measure_cost(dataset)
    if as_json:
        _print_json(report)
        return
    name = f"{report['dataset']}, tokens by {report['counted_by']}"
    show_reports(f"{name}: each passage", report["per_passage"], list(report["per_passage"][0]))
    show_reports(f"{name}: each question", report["per_question"], list(report["per_question"][0]))


@app.command()
def rounds(
    dataset: DatasetFolder,
    method: Annotated[str, typer.Option(help="How each query is searched for.")] = "bm25",
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """After how many rounds without a new passage searching on should stop, from recorded searches."""
    from functools import cache

    from eval.datasets import load_corpus
    from eval.indexes import Corpus, open_index
    from eval.rounds import FOUND_BY_A_SEARCH, measure_rounds, read_traces
    from eval.tables import bars, show_reports

    traces = read_traces(dataset)
    with bars() as shown:
        memory, _ = open_index(Corpus(dataset.resolve().name, load_corpus(dataset)), index, shown.step)
        with memory:
            search = cache(lambda query: memory.search(query, FOUND_BY_A_SEARCH, method))
            report = {"method": method, **measure_rounds(traces, search, shown.watch)}
    if as_json:
        _print_json(report)
        return
    show_reports(f"{report['traces']} recorded searches", report["rows"], list(report["rows"][0]))
    show_reports("chosen on the others", report["chosen_on_the_others"], ["fold", "limit", "lost"])


@app.command("train-ranker")
def train_ranker(
    datasets: Annotated[list[Path], typer.Argument(metavar="DATASET...", help="What to train on.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write the coefficients.")] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Instead, what each group of signals is worth; minutes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit the order of candidates on some sets, and tell what it is worth on each when trained on the others."""
    from eval.ablation import measure_ablation
    from eval.datasets import open_dataset
    from eval.ranker import gather_candidates, measure_ranker, write_ranker
    from eval.tables import bars, show_reports

    gathered = {}
    with bars() as shown:
        for loaded in map(open_dataset, datasets):
            memory, _ = _open_memory(loaded, None, shown)
            with memory:
                gathered[loaded.name] = gather_candidates(memory, loaded, shown.step)
    rows = measure_ablation(gathered) if ablate else measure_ranker(gathered)
    if out is not None and not ablate:
        write_ranker(out, gathered, rows)
    if as_json:
        _print_json(rows)
    else:
        show_reports("recall of the ranker", rows, list(rows[0]))


@app.command()
def growth(
    history: Annotated[Path, typer.Argument(metavar="HISTORY", help="A folder with a recorded history.")],
    embedder: Annotated[
        str, typer.Option(help="`default` is the one of the settings; `hashing` needs no model and is fast.")
    ] = "hashing",
    points: Annotated[int, typer.Option(min=1, help="How often to compare with a fresh build.")] = 10,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the N documents that appear first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay adds, changes and deletes into one index, and compare it with fresh builds; exit 1 if they differ."""
    from eval.growth import measure_growth, show_growth
    from eval.histories import open_history
    from eval.tables import bars
    from hippograph.settings import Settings
    from hippograph.wiring import build_parts

    recorded = open_history(history)
    recorded = recorded if limit is None else recorded.limited(limit)
    settings = Settings.load() if embedder == "default" else Settings.load(models={"embedder": embedder})
    with bars() as shown:
        report = measure_growth(recorded, settings, build_parts(settings), points, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_growth(report)
    if report["difference_count"]:
        raise typer.Exit(1)


@app.command()
def kills(
    times: Annotated[int, typer.Option(min=1, help="How many random moments to kill a run at.")] = 200,
    places: Annotated[
        int, typer.Option(min=0, help="At most so many named places of a kind; 0 for none.")
    ] = 30,
    seed: Annotated[int, typer.Option(help="What draws the moments.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Kill runs with SIGKILL at random and at every named place, carry on, and compare; exit 1 on any fault."""
    from eval.kills import measure_kills, show_kills
    from eval.tables import bars

    with bars() as shown:
        report = measure_kills(times, places, seed, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_kills(report)
    if report["fault_count"]:
        raise typer.Exit(1)


@app.command()
def asof(
    history: Annotated[
        Path, typer.Argument(metavar="HISTORY", help="A folder with header_events.jsonl and versions.")
    ],
    samples: Annotated[int, typer.Option(min=4, help="How many numbers and dates are drawn.")] = 2000,
    audited: Annotated[
        int, typer.Option(min=1, help="How many closed intervals, and dates before there was anything.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="What draws them.")] = 0,
    embedder: Annotated[
        str, typer.Option(help="`default` is the one of the settings; `hashing` needs no model and is fast.")
    ] = "hashing",
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """Ask for header fields as of dates, and audit the intervals behind the answers; exit 1 on a wrong one."""
    from eval.asof import measure_as_of
    from eval.indexes import Corpus, open_index
    from eval.pep_times import open_header_history
    from eval.tables import bars, show_values
    from hippograph.settings import Settings
    from hippograph.wiring import build_parts

    recorded = open_header_history(history)
    settings = Settings.load() if embedder == "default" else Settings.load(models={"embedder": embedder})
    corpus = Corpus(f"{history.resolve().name}_dated_{embedder}", recorded.documents)
    with bars() as shown:
        memory, _ = open_index(corpus, index, shown.step, build_parts(settings))
        with memory:
            report = measure_as_of(memory, recorded, samples, audited, seed, shown.watch)
    if as_json:
        _print_json(report)
    else:
        show_values(history.resolve().name, report)
    if report["wrong"] or report["wrongly_closed"]:
        raise typer.Exit(1)


@app.command()
def consolidation(
    sizes: Annotated[
        list[int] | None, typer.Argument(metavar="TOKENS...", help="6000, 32000, 64000 and 260000.")
    ] = None,
    questions: Annotated[int, typer.Option(min=1, help="How many of one hop, and as many of two.")] = 200,
    seed: Annotated[int, typer.Option(help="What draws the facts.")] = 0,
    embedder: Annotated[str, typer.Option(help="As for asof.")] = "hashing",
    as_json: AsJson = False,
) -> None:
    """Numbered facts of which newer ones replace older ones: questions of one hop and two about what holds at last."""
    from eval.fact_consolidation import SIZES, measure_sizes
    from eval.tables import bars, show_reports

    with bars() as shown:
        reports = measure_sizes(sizes or SIZES, questions, seed, embedder, shown.step, shown.watch)
    if as_json:
        _print_json(reports)
    else:
        columns = [name for name in reports[0] if name != "wrong"]
        show_reports("facts that newer ones replace", reports, columns)


@bench.command()
def indexing(dataset: DatasetFolder, as_json: AsJson = False) -> None:
    """Seconds of indexing over seconds inside the embedder."""
    from eval.bench.indexing import measure_indexing
    from eval.tables import bars, show_values
    from hippograph.settings import Settings
    from hippograph.wiring import build_parts

    settings = Settings.load()
    with bars() as shown:
        report = measure_indexing(dataset, settings, build_parts(settings), shown.step)
    if as_json:
        _print_json(report)
    else:
        show_values("indexing", report)


@bench.command()
def search(
    datasets: Annotated[
        list[Path] | None, typer.Argument(metavar="DATASET...", help="Ratios are to the first.")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(metavar="DATASET", help="Whose questions a corpus without any is asked.")
    ] = None,
    sizes: Annotated[
        list[int] | None,
        typer.Option("--size", help="Passages of a generated corpus, in place of data sets."),
    ] = None,
    method: Annotated[str, typer.Option(help="How to search.")] = "hippograph",
    as_json: AsJson = False,
) -> None:
    """Milliseconds of a search without embedding its question, data sets or sizes taking turns."""
    from eval.bench.search import measure_search_of
    from eval.bench.search_sizes import SIZES, measure_search_of_sizes
    from eval.tables import bars, show_reports

    with bars() as shown:
        if datasets:
            report = measure_search_of(datasets, questions, method, shown.step)
        else:
            report = measure_search_of_sizes(sizes or SIZES, method, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_reports("search", report["datasets"], list(report["datasets"][0]))


@bench.command()
def questions(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="What is searched.")],
    asked: Annotated[
        Path | None, typer.Option("--questions", metavar="DATASET", help="Whose questions, if not its own.")
    ] = None,
    count: Annotated[int, typer.Option(help="How many are asked at once.")] = 10_000,
    method: Annotated[str | None, typer.Option(help="How to search.")] = None,
    as_json: AsJson = False,
) -> None:
    """Questions a second, one by one and many at once on every processor."""
    from eval.bench.questions import measure_questions
    from eval.datasets import QUESTIONS_FILE, load_questions
    from eval.tables import bars, show_values

    texts = [question.text for question in load_questions((asked or dataset) / QUESTIONS_FILE)]
    with bars() as shown:
        report = measure_questions(dataset, texts, count, method, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_values("questions", report)


@bench.command("growth")
def bench_growth(
    sizes: Annotated[
        list[int] | None, typer.Argument(metavar="PASSAGES...", help="11000 and 100000.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How many changes to each index.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Seconds of changing 1 % of an index, beside building it and beside the same change to a larger one."""
    from eval.bench.growth import SIZES, measure_changes
    from eval.tables import bars, show_reports

    with bars() as shown:
        report = measure_changes(sizes or SIZES, rounds, shown.step)
    if as_json:
        _print_json(report)
    else:
        title = f"growth: {report['changed_documents']} documents added, changed, deleted"
        show_reports(title, report["sizes"], list(report["sizes"][0]))


@bench.command()
def readers(
    count: Annotated[int, typer.Option("--readers", min=1, help="How many processes search.")] = 8,
    publishes: Annotated[int, typer.Option(min=1, help="How many versions are published meanwhile.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Search and re-open in many processes while versions are published; exit 1 on an error or a torn read."""
    from eval.bench.readers import measure_readers
    from eval.tables import bars, show_values

    with bars() as shown:
        report = measure_readers(count, publishes, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_values("readers", report)
        for problem in report["problems"]:
            typer.echo(problem)
    if report["problem_count"] or report["lost_readers"] or report["open_files_growth"]:
        raise typer.Exit(1)


@bench.command()
def synonyms(
    names: Annotated[int, typer.Option(min=1000, help="How many names there are.")] = 100_000,
    as_json: AsJson = False,
) -> None:
    """Seconds of finding the synonyms of 1 % new names, beside comparing all with all; and the recall."""
    from eval.bench.synonyms import measure_synonyms
    from eval.tables import show_values

    report = measure_synonyms(names)
    if as_json:
        _print_json(report)
    else:
        show_values("synonyms", report)


@bench.command("open")
def opening(
    sizes: Annotated[list[int] | None, typer.Argument(metavar="PASSAGES...", help="1000 and 100000.")] = None,
    as_json: AsJson = False,
) -> None:
    """Milliseconds of opening a small index and a large one."""
    from eval.bench.opening import ROUNDS, SIZES, measure_opening
    from eval.tables import bars, show_reports

    with bars() as shown:
        report = measure_opening(sizes or SIZES, ROUNDS, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_reports("open", report["sizes"], list(report["sizes"][0]))


@bench.command()
def flow(
    dataset: DatasetFolder,
    limit: Annotated[int | None, typer.Option(min=10, metavar="N", help="Only the first N rows.")] = None,
    as_json: AsJson = False,
) -> None:
    """Seconds of indexing by the Prefect flow, beside those of the plain function."""
    from eval.bench.flow import measure_flow
    from eval.tables import show_values

    report = measure_flow(dataset, limit)
    if as_json:
        _print_json(report)
    else:
        show_values("flow", report)


@bench.command()
def walk(
    more: Annotated[list[int] | None, typer.Argument(metavar="NODES...", help="20000 and 1000000.")] = None,
    nodes: Annotated[list[int] | None, typer.Option(min=1000, help="The same, as an option.")] = None,
    as_json: AsJson = False,
) -> None:
    """Milliseconds of a question's walk over generated graphs, beside igraph's exact one in the same run."""
    from eval.bench.walk import NODES, measure_walk
    from eval.tables import bars, show_reports

    with bars() as shown:
        report = measure_walk([*(nodes or []), *(more or [])] or NODES, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_reports("walk", report["sizes"], list(report["sizes"][0]))


@bench.command()
def startup(index: IndexFolder = None, as_json: AsJson = False) -> None:
    """Seconds a fresh process takes to import, to print help and, given an index, to search it."""
    from eval.bench.startup import measure_startup
    from eval.tables import show_values

    report = measure_startup(index)
    if as_json:
        _print_json(report)
    else:
        show_values("startup", report)


@bench.command()
def generator(
    latency_ms: Annotated[int, typer.Option(help="How long the server takes for an answer.")] = 200,
    at_once: Annotated[int, typer.Option(help="How many calls may be under way.")] = 32,
    rounds: Annotated[int, typer.Option(help="Calls, in multiples of that.")] = 30,
    faults: Annotated[float, typer.Option(help="The share of calls that goes wrong.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Calls a second to a model server on loopback, over the most that the limit of calls allows."""
    from eval.bench.generator import measure_generator
    from eval.tables import show_values

    report = measure_generator(latency_ms, at_once, rounds, faults)
    if as_json:
        _print_json(report)
    else:
        show_values("generator", report)


@bench.command("extraction-by-model")
def extraction_by_model(
    dataset: DatasetFolder,
    faults: Annotated[float, typer.Option(help="The share of calls that goes wrong.")] = 0.1,
    latency_ms: Annotated[int, typer.Option(help="How long the server takes for an answer.")] = 200,
    at_once: Annotated[int, typer.Option(help="How many calls may be under way.")] = 32,
    as_json: AsJson = False,
) -> None:
    """Extraction by a model server on loopback: faults and a kill, throughput, a second run; exit 1 on a loss."""
    from eval.bench.extraction_by_model import measure_extraction_by_model
    from eval.tables import bars, show_values

    with bars() as shown:
        report = measure_extraction_by_model(dataset, faults, latency_ms, at_once, shown.step)
    if as_json:
        _print_json(report)
    else:
        show_values("extraction by a model", report)
    if report["lost"] or report["left"] or report["warm_calls"]:
        raise typer.Exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 the work failed, 2 the call was wrong."""
    try:
        app(arguments, prog_name="python -m eval")
    except HippographError as error:
        typer.echo(str(error), err=True)
        sys.exit(2 if _is_wrong_call(error) else 1)


def _is_wrong_call(error: HippographError) -> bool:
    from eval.compare import ComparisonError
    from eval.datasets import DatasetNotFound

    return isinstance(error, SettingsError | QuestionError | DatasetNotFound | ComparisonError)


def _load(path: Path) -> tuple[Dataset, str]:
    """The data set of a path and its format, which people are told where it is not our own."""
    from eval.loaders import OURS, load_any

    loaded = load_any(path)
    if loaded.format != OURS:
        typer.echo(f"{path} is read as {loaded.format}.", err=True)
    return loaded.dataset, loaded.format


def _open_memory(
    dataset: Dataset,
    index: Path | None,
    shown: Bars,
    extractor: Extractor | None = None,
    keep_whole: bool = False,
) -> tuple[Hippograph, Path]:
    from eval.indexes import Corpus, open_index

    corpus = Corpus(dataset.name, dataset.documents)
    return open_index(corpus, index, shown.step, extractor=extractor, keep_whole=keep_whole)


def _print_json(report: Any) -> None:
    typer.echo(json.dumps(report, allow_nan=False))


if __name__ == "__main__":
    main()
