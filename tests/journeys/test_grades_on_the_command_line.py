"""The grade llm on the command line: a plan before, a report after, and one sentence for whatever goes wrong."""

import json

import pytest
from typer.testing import CliRunner

pytest.importorskip("openai", reason="the extra llm is not installed")

from hippograph.cli.app import app
from tests.model_server import ModelServer
from tests.recorded_extractions import RecordedExtractions

TEXTS = {
    "ada.txt": "Ada Lovelace met Luigi Menabrea in Marren.",
    "bo.txt": "Bo Quist sailed to Marren in 1901.",
    "han.txt": "李华住在上海。他认识王明。",
}
FOUND = {
    TEXTS["ada.txt"]: (["Ada Lovelace", "Marren"], [["Ada Lovelace", "met", "Luigi Menabrea"]]),
    TEXTS["bo.txt"]: (["Bo Quist", "Marren"], [["Bo Quist", "sailed to", "Marren"]]),
    TEXTS["han.txt"]: (["李华", "上海"], [["李华", "住在", "上海"]]),
}


@pytest.fixture
def docs(environment_without_a_model, tmp_path):
    """A folder with a text a file, one of them in another script."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def settle(monkeypatch, tmp_path):
    """Settings for the command line, as names and values."""

    def settle(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"HIPPOGRAPH_{name.upper()}", str(value))

    settle(storage__replies=tmp_path / "replies.db")
    return settle


@pytest.fixture
def served(settle):
    """A model server, and settings that point to it."""
    with ModelServer(RecordedExtractions(FOUND).answer) as server:
        settle(
            models__generator="openai",
            generator__base_url=server.base_url,
            generator__model=server.model,
            generator__max_retries=0,
            generator__timeout_seconds=5,
        )
        yield server


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_json(*arguments):
    done = run(*arguments, "--json", "-q")
    return done.exit_code, json.loads(done.stdout)


# ---------------------------------------------------------------------- the plan


def test_a_plan_needs_no_key_and_leaves_nothing_behind(docs, settle, tmp_path):
    """It says what would change, be read and cost, step by step, before there is an index or a server."""
    settle(models__generator="openai", generator__model="gpt", generator__prompt_price=2)

    code, plan = run_json("index", docs, "--dry-run", "--grade", "llm")

    assert code == 0
    assert plan["added"] == sorted(TEXTS)
    assert (plan["passage_count"], plan["unread_count"]) == (3, 3)
    assert [step["name"] for step in plan["model"]["steps"]] == ["entities", "facts"]
    assert [step["calls"] for step in plan["model"]["steps"]] == [3, 3]
    total = plan["model"]["total"]
    assert total["cost"] == pytest.approx(2e-6 * total["prompt_tokens"], abs=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs"]


def test_a_plan_changes_nothing_of_an_index(docs, served):
    """Neither what is published nor the work in progress: the run after it does all that it said."""
    run("index", docs, "-q")
    status = run("status", "--json").stdout
    (docs / "ada.txt").unlink()
    (docs / "bo.txt").write_text("Bo Quist stayed.", encoding="utf-8")
    (docs / "new.txt").write_text("Cy Dorn built the Garrow Light.", encoding="utf-8")

    code, plan = run_json("index", docs, "--dry-run", "--grade", "llm")
    status_after = run("status", "--json").stdout
    report_code, report = run_json("index", docs, "--grade", "llm")

    assert (code, report_code) == (0, 0)
    assert status_after == status
    changes = ("added", "changed", "deleted", "unchanged_count", "skipped")
    assert {name: plan[name] for name in changes} == {name: report[name] for name in changes}
    assert (plan["added"], plan["changed"], plan["deleted"]) == (["new.txt"], ["bo.txt"], ["ada.txt"])
    assert plan["model"]["passages"] == report["upgraded"]["read"] == 3


def test_what_was_paid_for_costs_nothing_in_a_plan(docs, served):
    """Passages that were read are not among those to read; with a budget only those it reaches are."""
    code, few = run_json("index", docs, "--dry-run", "--grade", "llm", "--budget-tokens", "2000")
    run("index", docs, "--grade", "llm", "-q")
    _, none = run_json("index", docs, "--dry-run", "--grade", "llm")

    assert code == 0
    assert (few["model"]["passages"], few["model"]["left"]) == (2, 1)
    assert (none["model"]["passages"], none["model"]["total"]["calls"]) == (0, 0)


def test_a_plan_in_words(docs, settle):
    """A line a kind of change and a step; without prices it says so."""
    told = run("index", docs, "--dry-run", "--grade", "llm").stdout
    lite = run("index", docs, "--dry-run").stdout

    assert "3 added" in told
    assert "entities" in told
    assert "No prices are set" in told
    assert "3 passages" in lite
    assert "entities" not in lite


# ---------------------------------------------------------------------- the report


def test_a_report_tells_what_was_read_and_spent(docs, served, settle):
    """In words and as data; the status says how many passages a model has read."""
    settle(generator__prompt_price=3)
    code, report = run_json("index", docs, "--grade", "llm")
    status = json.loads(run("status", "--json").stdout)
    (docs / "new.txt").write_text("Cy Dorn built the Garrow Light.", encoding="utf-8")
    told = run("index", docs, "--grade", "llm", "-q").stdout

    assert code == 0
    assert report["upgraded"] == {"read": 3, "refused": 0, "left": 0, "why_left": ""}
    assert report["usage"]["llm_calls"] == 6
    assert report["usage"]["cost"] > 0
    assert status["version"]["upgraded_count"] == 3
    assert "1 upgraded" in told
    assert "2 calls" in told
    assert "4 passages" in run("status").stdout


def test_a_text_in_another_script_is_read_like_any_other(docs, served):
    """Its names and facts stand in the index."""
    run("index", docs, "--grade", "llm", "-q")
    found = json.loads(run("search", "李华住在哪里？", "--json", "-k", "1").stdout)

    assert found[0]["document_id"] == "han.txt"


# ---------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("options", "settings", "code", "words"),
    [
        (["--grade", "llm"], {}, 2, "The grade llm needs a language model"),
        (["--budget-tokens", "5"], {}, 2, "asks no model"),
        (["--reread"], {}, 2, "asks no model"),
        (["--grade", "llm", "--budget-tokens", "-1"], {}, 2, "greater than or equal to 0"),
        (["--grade", "llm"], {"models__generator": "openai"}, 2, "No model is named"),
        (
            ["--grade", "llm"],
            {"models__generator": "openai", "generator__model": "gpt"},
            2,
            "There is no key for https://api.openai.com/v1",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence_and_indexes_nothing(
    docs, settle, tmp_path, options, settings, code, words
):
    """It names what is missing and where it belongs."""
    settle(**settings)

    done = run("index", docs, *options)

    assert done.exit_code == code
    assert words in " ".join(done.output.replace("│", " ").split())
    assert "Traceback" not in done.output
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"key": "right"}, "wants a key"),
        ({"model": "another"}, "has no model 'toy-model'"),
        ({"is_compatible": False}, "does not answer as OpenAI's chat completions do (Welcome It works!)"),
    ],
)
def test_a_server_that_serves_nothing_is_one_sentence_after_the_report(docs, served, fault, words):
    """Exit code 1; the rules' index is published all the same, and the reason stands in the report too."""
    for name, value in fault.items():
        setattr(served, name, value)

    code, report = run_json("index", docs, "--grade", "llm")
    done = run("index", docs, "--grade", "llm", "-q")

    assert (code, done.exit_code) == (1, 1)
    assert report["is_new_version"]
    assert (report["upgraded"]["read"], report["upgraded"]["left"]) == (0, 3)
    assert words in report["upgraded"]["why_left"]
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert words not in done.stdout  # once is enough


def test_a_wrong_key_is_not_shown(docs, served, settle, monkeypatch):
    """The sentence names the place it came from."""
    served.key = "right"
    monkeypatch.setenv("MY_KEY", "sk-wrong-and-secret")
    settle(generator__key_env="MY_KEY")

    done = run("index", docs, "--grade", "llm", "-q")

    assert done.exit_code == 1
    assert "refuses the key" in done.stderr
    assert "sk-wrong" not in done.output


def test_a_server_that_is_not_there_is_one_sentence(docs, settle):
    """Nothing listens; the index of rules stands."""
    settle(models__generator="openai", generator__base_url="http://127.0.0.1:9/v1", generator__model="m")
    settle(generator__max_retries=0)

    done = run("index", docs, "--grade", "llm", "-q")

    assert done.exit_code == 1
    assert "cannot be reached" in done.stderr
    assert "Version 1" in done.stdout


def test_a_model_that_ignores_the_schema_loses_no_passage(docs, served):
    """Each is told with its reason and keeps what the rules found; that is no failure of the run."""
    served.reply = '{"weather": "fine"}'

    code, report = run_json("index", docs, "--grade", "llm")
    told = run("index", docs, "--grade", "llm", "-q").stdout

    assert code == 0
    assert (report["upgraded"]["refused"], report["upgraded"]["left"]) == (3, 0)
    assert len(report["unread_passages"]) == 3
    assert all("not upgraded" in each for each in report["unread_passages"])
    (line,) = [line for line in told.splitlines() if line.startswith("unread ")]
    assert line.startswith("unread 3 passages (ada.txt, passage 1, bo.txt, passage 1, han.txt, passage 1):")


def test_a_model_that_never_gives_json_is_not_asked_about_every_passage(docs, served, settle):
    """The run ends with one sentence and exit code 1; the rules' index is published and the rest is left."""
    served.reply = "I would rather talk about the weather."
    settle(generator__concurrency=1)
    for number in range(25):
        (docs / f"more{number}.txt").write_text(
            f"Bo Quist sailed to Marren {number} times.", encoding="utf-8"
        )

    code, report = run_json("index", docs, "--grade", "llm")

    assert code == 1
    assert report["upgraded"]["read"] == 0
    assert report["upgraded"]["left"] >= 28 - 20 - 2
    assert report["upgraded"]["why_left"].startswith("None of the first 20 replies can be used")
    assert report["is_new_version"]


def test_a_passage_longer_than_the_window_is_told(docs, served, settle):
    """It cannot be cut any further; the others are read."""
    long = "Ada Lovelace wrote that " + "the engine and " * 90 + "the loom are one."
    (docs / "long.txt").write_text(long, encoding="utf-8")
    settle(generator__context_tokens=900, passage__max_tokens=2000)

    code, report = run_json("index", docs, "--grade", "llm")

    assert code == 0
    assert report["upgraded"]["refused"] == 1
    assert "does not fit the model's window of 900 tokens" in report["unread_passages"][0]
    assert report["upgraded"]["read"] == 3


def test_a_budget_of_zero_is_told_and_is_no_failure(docs, served):
    """The index of rules is made; nothing is sent."""
    done = run("index", docs, "--grade", "llm", "--budget-tokens", "0", "-q")

    assert done.exit_code == 0
    assert "3 left" in done.stdout
    assert "budget of 0 tokens" in " ".join(done.stdout.split())
    assert served.chats() == []
