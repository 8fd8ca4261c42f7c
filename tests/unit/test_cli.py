"""The command line: what it prints for people and programs, and how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hippograph import toy
from hippograph.cli.app import app
from hippograph.errors import HippographError
from hippograph.storage.stage import Stage

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("environment_without_a_model")

QUESTION = "Who designed the Analytical Engine?"


def run(*arguments):
    """The result of a command: exit_code, stdout, stderr."""
    return CliRunner().invoke(app, [str(each) for each in arguments], prog_name="hippograph")


@pytest.fixture
def docs(tmp_path):
    """The toy world as a folder of Markdown files."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, (title, text) in toy.TEXTS.items():
        (folder / f"{name}.md").write_text(f"---\ntitle: {title}\n---\n{text}\n", encoding="utf-8")
    return folder


@pytest.fixture
def indexed(docs):
    """The folder of an index over it."""
    assert run("index", docs, "--index", "mine", "--quiet").exit_code == 0
    return Path("mine")


# ----------------------------------------------------------------- indexing


def test_indexing_reports_what_was_added(docs):
    """People read how many documents came in and what the index holds."""
    done = run("index", docs, "--index", "mine")

    assert done.exit_code == 0
    assert "Version 1 of mine is published." in done.stdout
    assert "5 added" in done.stdout
    assert "It holds 5 documents: 5 passages" in done.stdout


def test_indexing_again_says_that_nothing_changed(docs, indexed):
    """A run without changes says so in words and in JSON."""
    told = run("index", docs, "--index", indexed)
    record = json.loads(run("index", docs, "--index", indexed, "--json").stdout)

    assert "Nothing changed: version 1 of mine stays." in told.stdout
    assert "5 unchanged" in told.stdout
    assert (record["is_new_version"], record["unchanged_count"], record["added"]) == (False, 5, [])


def test_the_report_names_every_kind_of_change(docs, indexed):
    """Added, changed, deleted, unchanged and skipped files are each told."""
    (docs / "ada.md").write_text("Ada Lovelace wrote Note G.", encoding="utf-8")
    (docs / "babbage.md").unlink()
    (docs / "new.md").write_text("Note G is famous.", encoding="utf-8")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    record = json.loads(run("index", docs, "--index", indexed, "--json").stdout)
    again = run("index", docs, "--index", indexed)
    told = again.stdout

    assert record["added"] == ["new.md"]
    assert record["changed"] == ["ada.md"]
    assert record["deleted"] == ["babbage.md"]
    assert record["unchanged_count"] == 3
    assert [each["uri"].rsplit("/", 1)[-1] for each in record["skipped"]] == ["broken.pdf"]
    assert record["version"]["document_count"] == 5
    assert "skipped docs/broken.pdf:" in told
    assert "broken.pdf" not in again.stderr


def test_an_index_inside_its_source_does_not_index_itself(docs, monkeypatch):
    """Files of the index are left out of the folder that holds it, whatever their names."""
    inside = docs / "the [index]"
    assert run("index", docs, "--index", inside, "--quiet").exit_code == 0
    (inside / "notes.md").write_text("Not a document.", encoding="utf-8")
    record = json.loads(run("index", docs, "--index", inside, "--json").stdout)

    assert (record["added"], record["unchanged_count"], record["skipped"]) == ([], 5, [])


def test_globs_choose_the_files(docs):
    """--include and --exclude reach the folder's connector."""
    record = json.loads(
        run("index", docs, "--index", "mine", "--include", "*a*.md", "--exclude", "ada.md", "--json").stdout
    )

    assert record["added"] == ["babbage.md", "chambery.md", "menabrea.md"]


def test_the_index_folder_comes_from_the_environment(docs, monkeypatch):
    """HIPPOGRAPH_INDEX stands in for --index, and ./index for both."""
    assert run("index", docs, "-q").exit_code == 0
    monkeypatch.setenv("HIPPOGRAPH_INDEX", "elsewhere")
    assert run("index", docs, "-q").exit_code == 0

    assert Path("index/hippograph.json").is_file()
    assert Path("elsewhere/hippograph.json").is_file()


# ----------------------------------------------------------------- asking


def test_search_gives_programs_the_promised_names(indexed):
    """`search --json` is a list of results whose names scripts rely on."""
    found = json.loads(run("search", QUESTION, "--index", indexed, "-k", "2", "--json").stdout)

    assert [each["rank"] for each in found] == [1, 2]
    assert {"rank", "passage_id", "document_id", "title", "text", "score", "reasons"} <= set(found[0])
    assert {"uri", "hop", "heading", "timestamp"} <= set(found[0])
    assert {"kind", "text", "rank"} == set(found[0]["reasons"][0])
    assert found[0]["title"] == toy.TEXTS[Path(found[0]["document_id"]).stem][0]


def test_ask_gives_programs_the_promised_names(indexed):
    """`ask --json` carries the answer, its citations and its trace."""
    answer = json.loads(run("ask", QUESTION, "--index", indexed, "--json").stdout)

    assert list(answer) == [
        "question", "text", "span", "citations", "refusal", "confidence", "method", "passages", "trace", "usage",
        "sentences", "data",
    ]  # fmt: skip
    assert set(answer["citations"][0]) == {
        "passage_id", "document_id", "title", "uri", "sentence", "start", "end",
    }  # fmt: skip
    assert set(answer["trace"]) == {
        "method",
        "seeds",
        "fallback",
        "timings_ms",
        "warnings",
        "queries",
        "notes",
        "walk",
    }
    assert answer["usage"] == {"llm_calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0}


def test_people_read_citations_with_their_documents(indexed):
    """An answer shows numbered sentences below title and path."""
    told = run("ask", QUESTION, "--index", indexed).stdout

    assert "[1]" in told
    assert "Charles Babbage  docs/babbage.md" in told
    assert "He designed the Analytical Engine." in told


def test_people_read_why_a_passage_was_found(indexed):
    """A search shows rank, title, text and the ranks behind it."""
    told = run("search", QUESTION, "--index", indexed, "-k", "3").stdout

    assert " 1. " in told
    assert "meaning 1" in told
    assert "docs/babbage.md" in told


@pytest.mark.parametrize("method", ["dense", "bm25", "hippograph"])
def test_the_method_can_be_chosen(indexed, method):
    """Each method finds the passage that says it in the first three."""
    found = json.loads(
        run("search", QUESTION, "--index", indexed, "-k", 3, "--method", method, "--json").stdout
    )

    assert "babbage.md" in {each["document_id"] for each in found}


def test_text_of_any_script_goes_through_json(tmp_path):
    """What went in comes out, letter by letter."""
    text = "北京 is the capital of 中国. Москва, القاهرة and Zürich 😀 are cities."
    (tmp_path / "cities.txt").write_text(text, encoding="utf-8")
    run("index", tmp_path / "cities.txt", "-q")
    found = json.loads(run("search", "北京", "--json").stdout)

    assert found[0]["text"] == text


# ----------------------------------------------------------------- looking after an index


def test_status_and_verify_need_no_model(indexed, monkeypatch):
    """Both read the index alone, even where its embedder cannot be loaded."""
    monkeypatch.setenv("HIPPOGRAPH_MODELS__EMBEDDER", "nothing.installed:Embedder")
    status = json.loads(run("status", "--index", indexed, "--json").stdout)
    checked = json.loads(run("verify", "--index", indexed, "--json").stdout)

    assert status["version"]["document_count"] == 5
    assert status["embedder"] == "hashing-1:256"
    assert checked == {"index": "mine", "ok": True, "problems": []}


def test_verify_fails_on_an_altered_file(indexed):
    """Problems are listed and the exit code is 1."""
    victim = next(indexed.glob("tables/*/graph.index"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"\xff")
    done = run("verify", "--index", indexed)

    assert done.exit_code == 1
    assert "graph.index was altered" in done.stdout.replace("\n", " ")


def test_the_graph_can_be_exported(indexed):
    """GraphML that networkx reads again, with every node and edge."""
    import networkx

    told = json.loads(run("export", "graph.graphml", "--index", indexed, "--json").stdout)
    graph = networkx.read_graphml("graph.graphml")

    assert (graph.number_of_nodes(), graph.number_of_edges()) == (told["node_count"], told["edge_count"])
    assert "Ada Lovelace" in {label for _, label in graph.nodes(data="label")}


# ----------------------------------------------------------------- how it ends


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["ask", "", "--index", "mine"], 2, "The question is empty."),
        (["search", "why " * 10_000, "--index", "mine"], 2, "at most 8,000 are read"),
        (["search", "why", "--index", "mine", "--method", "magic"], 2, "The method 'magic' is unknown."),
        (["search", "why", "--index", "mine", "--method", ""], 2, "The method '' is unknown."),
        (["search", "why", "--index", "mine", "-k", "0"], 2, "-k"),
        (["search", "why", "--index", "nowhere"], 1, "nowhere holds no index."),
        (["status", "--index", "nowhere"], 1, "hippograph index SOURCE --index nowhere"),
        (["index", "no-such-folder", "--index", "mine"], 1, "There is nothing at 'no-such-folder'."),
        (["index", "docs", "--index", "new", "--include", "*.zzz"], 1, "check what is included"),
        (
            ["index", "docs", "--index", "mine", "--include", "*.zzz"],
            1,
            "the same command with --accept-loss",
        ),
        (["index", "~nobody-of-this-name/docs", "--index", "mine"], 1, "Give the path in full."),
        (["index", "ftp://host/docs", "--index", "mine"], 1, "scheme 'ftp'"),
        (["index", "docs", "--index", "docs"], 1, "holds no index"),
        (["index", "docs", "--index", "mine", "--grade", "llm"], 2, "needs a language model"),
        (["index", "docs", "--index", "mine", "--grade", "gold"], 2, "gold"),
        (["index"], 2, "SOURCE"),
        (["frobnicate"], 2, "frobnicate"),
        (["export", "no/such/folder/x.graphml", "--index", "mine"], 1, "no/such/folder/x.graphml"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_each_mistake_is_one_sentence_and_an_exit_code(indexed, arguments, code, sentence):
    """Standard error says what is wrong, nothing is printed for programs, and there is no traceback."""
    done = run(*arguments)

    assert done.exit_code == code
    assert sentence in " ".join(done.stderr.replace("│", " ").split())
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_folder_whose_name_is_no_text_is_told(tmp_path):
    """Bytes that are not UTF-8 in a folder's name are a failure of the work with the way out."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system keeps to UTF-8")
    (folder / "ada.md").write_text(toy.TEXTS["ada"][1], encoding="utf-8")
    done = run("index", folder, "--index", "mine")

    assert done.exit_code == 1
    assert "not valid UTF-8. Rename" in done.stderr


def test_a_wrong_setting_is_a_wrong_call(docs, monkeypatch):
    """A setting out of range is named, with exit code 2."""
    monkeypatch.setenv("HIPPOGRAPH_RETRIEVAL__DAMPING", "7")
    done = run("index", docs)

    assert done.exit_code == 2
    assert "retrieval.damping" in done.stderr


def test_an_index_of_another_shape_is_told_with_the_way_out(docs, indexed, monkeypatch):
    """Growing an index with another splitter fails and names --migrate, which then works."""
    monkeypatch.setenv("HIPPOGRAPH_MODELS__SPLITTER", "llama_index")
    refused = run("index", docs, "--index", indexed)
    migrated = run("index", docs, "--index", indexed, "--migrate", "-q")

    assert refused.exit_code == 1
    assert "--migrate" in refused.stderr
    assert migrated.exit_code == 0


def test_a_second_writer_is_told_who_is_at_work(docs, indexed):
    """The sentence names the process that holds the index."""
    with Stage(indexed):
        done = run("index", docs, "--index", indexed)

    assert done.exit_code == 1
    assert f"process {os.getpid()}" in done.stderr.replace("\n", " ")


def test_an_unexpected_error_offers_the_traceback(indexed, monkeypatch):
    """A bug is one sentence that names the switch; with the switch it is shown whole."""
    import hippograph.engine

    def broken(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(hippograph.engine, "read_status", broken)
    hidden = run("status", "--index", indexed)
    monkeypatch.setenv("HIPPOGRAPH_DEBUG", "1")
    shown = run("status", "--index", indexed)

    assert hidden.exit_code == 1
    assert "HIPPOGRAPH_DEBUG=1" in hidden.stderr
    assert isinstance(shown.exception, ZeroDivisionError)


def test_stopping_is_told_as_what_it_is(docs, monkeypatch):
    """Control-C ends with 130 and says that the same command carries on."""
    import hippograph.engine

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(hippograph.engine, "index_sources", stopped)
    done = run("index", docs)

    assert done.exit_code == 130
    assert "the same command carries on" in " ".join(done.stderr.split())


def test_a_closed_pipe_is_no_error(indexed):
    """`hippograph search ... | head -1` says nothing on standard error."""
    command = f"{sys.executable} -m hippograph search '{QUESTION}' --index {indexed} --json | head -c 1"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, check=False)

    assert done.stdout == "["
    assert done.stderr == ""


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")
@pytest.mark.parametrize("stream", [1, 2], ids=["standard output", "standard error"])
def test_a_stream_the_caller_closed_is_no_error(indexed, stream):
    """Who hears nothing is told nothing, and the work is done all the same."""
    command = f'"{sys.executable}" -m hippograph status --json --index "{indexed.resolve()}" {stream}>&-'
    done = subprocess.run(["sh", "-c", command], cwd=REPOSITORY, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (stream == 2)


def test_every_error_of_the_tree_has_an_exit_code(monkeypatch):
    """Whatever error is raised on purpose ends with 1 or 2 and its own message."""
    import hippograph.engine
    from hippograph import errors

    leaves = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HippographError)
    ]
    for kind in leaves:
        error = kind("pkg", "extra", "This") if kind is errors.MissingExtra else kind("the message")

        def fail(*_, error=error):
            raise error

        monkeypatch.setattr(hippograph.engine, "read_status", fail)
        done = run("status")

        assert done.exit_code == (2 if isinstance(error, errors.SettingsError | errors.QuestionError) else 1)
        assert " ".join(str(error).split()) == " ".join(done.stderr.split())


def test_the_version_is_the_package_s():
    """`--version` prints name and version on one line."""
    done = run("--version")

    assert done.exit_code == 0
    assert re.fullmatch(r"hippograph( \d+\.\d+\.\d+|, from source code that is not installed)\n", done.stdout)


def test_completion_is_offered():
    """Typer's switches for shell completion are there."""
    assert "--install-completion" in run("--help").stdout


def test_an_index_can_be_tuned_and_says_by_what_it_is_searched(indexed):
    """Five documents ask too little of themselves: the default stays, and status names it."""
    done = run("tune", "--index", indexed, "--quiet")
    told = json.loads(run("tune", "--index", indexed, "--json").stdout)

    assert done.exit_code == 0
    assert "default ranker" in done.stdout
    assert told["kept"] is False
    assert json.loads(run("status", "--index", indexed, "--json").stdout)["ranker"] == "default"
    assert run("tune", "--index", indexed / "nowhere").exit_code == 1
