"""Upgrading by batches on the command line: two rounds, a day in between, and nothing handed in twice."""

import json

import pytest
from typer.testing import CliRunner

pytest.importorskip("openai", reason="the extra llm is not installed")

from hippograph.cli.app import app
from tests.model_server import ModelServer
from tests.recorded_extractions import RecordedExtractions

TEXTS = [f"Person {n} met Guest {n} in Marren." for n in range(4)]
FOUND = {text: ([f"Person {n}"], [[f"Person {n}", "met", f"Guest {n}"]]) for n, text in enumerate(TEXTS)}


@pytest.fixture
def server(environment_without_a_model, monkeypatch, tmp_path):
    """A server with batches, settings that point to it, and an index of rules."""
    (tmp_path / "docs").mkdir()
    for number, text in enumerate(TEXTS):
        (tmp_path / "docs" / f"{number}.txt").write_text(text, encoding="utf-8")
    with ModelServer(RecordedExtractions(FOUND).answer) as server:
        settings = {
            "MODELS__GENERATOR": "openai",
            "GENERATOR__BASE_URL": server.base_url,
            "GENERATOR__MODEL": server.model,
            "GENERATOR__PROMPT_PRICE": "2",
            "STORAGE__REPLIES": str(tmp_path / "replies.db"),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"HIPPOGRAPH_{name}", value)
        run("index", "docs", "-q")
        yield server


def run(*arguments):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done


def batch(*arguments):
    return json.loads(run("batch", *arguments, "--json").stdout)


def collect_all():
    while (done := batch("collect", "-q"))["waiting"]:
        pass
    return done


def test_two_rounds_read_everything_at_half_the_price(server):
    """Entities and then facts; passages are published when both are there, without a single usual call."""
    first, again = batch("submit"), batch("submit")
    entities = collect_all()
    second = batch("submit")
    facts = collect_all()
    last = batch("submit")

    assert (first["questions"], first["waiting"]) == (4, 4)
    assert (again["questions"], again["waiting"]) == (0, 4)
    assert (entities["answers"], entities["open"], entities["report"]["upgraded"]["read"]) == (4, 4, 0)
    assert second["questions"] == 4
    assert (facts["open"], facts["report"]["upgraded"]["read"]) == (0, 4)
    assert facts["report"]["version"]["upgraded_count"] == 4
    assert facts["report"]["version"]["fact_count"] == 4
    assert facts["usage"]["cost"] == pytest.approx(facts["usage"]["prompt_tokens"] / 1e6)
    assert (last["questions"], last["waiting"]) == (0, 0)
    assert server.chats() == []


def test_a_budget_takes_the_first_passages_through_both_rounds(server):
    """The same passages are chosen until they are read to the end; then it is the turn of others."""
    rounds = []
    for _ in range(3):
        rounds.append(batch("submit", "--budget-tokens", "2000")["questions"])
        upgraded = collect_all()["report"]["version"]["upgraded_count"]
        rounds.append(upgraded)

    assert rounds == [2, 0, 2, 2, 2, 2]


def test_what_failed_is_told_and_may_be_asked_again(server):
    """In words: how many answers there are, why there is none, and what to do next."""
    run("batch", "submit")
    server.batches.failing = frozenset([_questions(server)[0]])
    run("batch", "collect", "-q")
    told = run("batch", "collect", "-q").stdout

    assert "3 answers are taken" in told
    assert "No answer" in told
    assert "4 questions can be handed in now: hippograph batch submit" in told


def test_without_an_index_or_a_model_there_is_one_sentence(environment_without_a_model, tmp_path):
    """Exit code 1 for a missing index, 2 for a call without a model."""
    nothing = CliRunner().invoke(app, ["batch", "submit"])
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(TEXTS[0], encoding="utf-8")
    run("index", "docs", "-q")
    no_model = CliRunner().invoke(app, ["batch", "collect"])

    assert (nothing.exit_code, no_model.exit_code) == (1, 2)
    assert "holds no index" in nothing.output
    assert "Batches need a server" in no_model.output


def _questions(server):
    (content,) = server.batches.files.values()
    return [json.loads(line)["custom_id"] for line in content.splitlines()]
