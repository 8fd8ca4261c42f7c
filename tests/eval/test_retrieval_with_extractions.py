"""Retrieval over given extractions, by the published methods and with a model behind a real server."""

import json
import os
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.datasets import DatasetNotFound, open_dataset
from eval.given import read_extractions, recorded_names
from tests.model_server import ModelServer

SHARED = Path(os.environ.get("HIPPOGRAPH_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))

CORPUS = [
    {"id": "bridge", "title": "Iron Bridge", "text": "The Iron Bridge was designed by Ada Quist."},
    {"id": "quist", "title": "Ada Quist", "text": "Ada Quist came to the world in Ribe."},
    {"id": "ribe", "title": "Ribe", "text": "Ribe lies by the sea."},
    {"id": "cake", "title": "Cake", "text": "The designer of the cake was born where bridges are iron."},
]
QUERIES = [
    {
        "id": "q1",
        "question": "Where was the designer of the Iron Bridge born?",
        "answers": ["Ribe"],
        "gold_ids": ["bridge", "quist"],
        "query_entities_llm": ["Iron Bridge", 7],
    },
    {"id": "q2", "question": "What lies by the sea?", "answers": ["Ribe"], "gold_ids": ["ribe"]},
]
EXTRACTIONS = [
    {
        "id": "bridge",
        "entities": ["Iron Bridge"],
        "triples": [["Iron Bridge", "was designed by", "Ada Quist"]],
    },
    {"id": "quist", "entities": [], "triples": [["Ada Quist", "came to the world in", "Ribe"]]},
    {"id": "ribe", "entities": ["Ribe"], "triples": [["Ribe", "lies by", "sea"]]},
    {"id": "cake", "entities": [], "triples": [["cake", "was born where", "bridges"]]},
]


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "toy"
    folder.mkdir()
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES), ("found", EXTRACTIONS)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch, environment_without_a_model):
    """The parts without a model, and a cache of our own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def call(capsys):
    """Run a command: its exit code, standard output and standard error."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return exit_.value.code or 0, printed.out, printed.err

    return run


@pytest.fixture
def server(monkeypatch):
    """A model behind a real server that answers by what it is asked for, and the environment that names it."""

    def reply(body):
        asked = "\n".join(str(message["content"]) for message in body["messages"])
        if "You choose which facts help" in asked:
            return json.dumps({"relevant": [1, 2]})
        if "reasoning: " in asked:
            return json.dumps({"thought": "", "has_answer": True})
        return json.dumps({"thought": "Ada Quist designed the Iron Bridge.", "has_answer": False})

    with ModelServer(reply=reply) as started:
        settings = started.settings()
        monkeypatch.setenv("HIPPOGRAPH_MODELS__GENERATOR", "openai")
        monkeypatch.setenv("HIPPOGRAPH_GENERATOR__BASE_URL", settings.base_url)
        monkeypatch.setenv("HIPPOGRAPH_GENERATOR__MODEL", settings.model)
        monkeypatch.setenv("HIPPOGRAPH_GENERATOR__MAX_RETRIES", "0")
        yield started


@pytest.mark.parametrize("method", ["hippograph", "hipporag1", "hipporag2"])
def test_the_graph_is_made_of_the_given_facts(call, dataset, method):
    """The file may be named as one of the data set's folder; the facts are the four that it holds."""
    code, out, err = call("retrieval", dataset, "--method", method, "--extractions", "found.jsonl", "--json")
    report = json.loads(out)

    assert (code, err) == (0, "")
    assert report["index"]["facts"] == 4
    assert report["index"]["parts"]["extractor"].startswith("given-")
    assert (report["method"], report["llm_calls"], report["warnings"]) == (method, 0, {})
    assert [sorted(each["ranking"]) for each in report["per_question"]] == [
        sorted(r["id"] for r in CORPUS)
    ] * 2


def test_given_and_own_extractions_have_indexes_of_their_own(call, dataset):
    """Neither is ever measured on the other's graph."""
    given = json.loads(call("retrieval", dataset, "--extractions", "found.jsonl", "--json")[1])["index"]
    own = json.loads(call("retrieval", dataset, "--json")[1])["index"]

    assert given["folder"] != own["folder"]
    assert given["parts"]["extractor"] != own["parts"]["extractor"]


def test_the_index_of_given_extractions_is_kept_where_it_is_asked_for(call, dataset, tmp_path):
    """And is refused to a run with other extractions."""
    wanted = ("retrieval", dataset, "--index", tmp_path / "here", "--json")
    first = json.loads(call(*wanted, "--extractions", dataset / "found.jsonl")[1])
    second = json.loads(call(*wanted, "--extractions", dataset / "found.jsonl")[1])
    code, out, err = call(*wanted)

    assert first["index"] == second["index"]
    assert (code, out) == (1, "")
    assert "was made with another extractor" in err


def test_the_published_methods_read_documents_whole(call, dataset, monkeypatch):
    """As they were measured; ours are cut as the settings say."""
    monkeypatch.setenv("HIPPOGRAPH_PASSAGE__MAX_TOKENS", "16")
    long = {"id": "long", "title": "Long", "text": " ".join(f"Sentence {n} says little." for n in range(30))}
    with (dataset / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(long) + "\n")
    counts = {
        method: json.loads(
            call("retrieval", dataset, "--method", method, "--extractions", "found.jsonl", "--json")[1]
        )["index"]
        for method in ("dense", "hipporag2")
    }

    assert counts["hipporag2"]["passages"] == 5
    assert counts["dense"]["passages"] > 5
    assert counts["dense"]["failures"] > 0  # nobody has read the long one


def test_a_file_that_is_not_there_is_a_wrong_call(call, dataset):
    """Named in one sentence."""
    code, out, err = call("retrieval", dataset, "--extractions", "nowhere.jsonl", "--json")

    assert (code, out) == (2, "")
    assert "nowhere.jsonl does not exist: it should hold the names and facts" in err


def test_a_file_of_something_else_is_work_that_failed(call, dataset):
    """The line is named."""
    (dataset / "broken.jsonl").write_text('{"id": "bridge"}\n{"id"', encoding="utf-8")
    code, _, err = call("retrieval", dataset, "--extractions", "broken.jsonl", "--json")

    assert code == 1
    assert "Line 2 of" in err


def test_recorded_names_are_those_of_the_questions(dataset, tmp_path):
    """Only texts; questions without a record are left to the rule."""
    assert recorded_names(dataset) == {QUERIES[0]["question"]: ["Iron Bridge"]}
    assert recorded_names(tmp_path) == {}


def test_what_is_read_is_recognised_by_text_and_by_id(dataset):
    """Four readings, one a document."""
    loaded = open_dataset(dataset)

    assert len(read_extractions(Path("found.jsonl"), dataset, loaded)) == 4
    with pytest.raises(DatasetNotFound):
        read_extractions(Path("missing.jsonl"), dataset, loaded)


def test_recognition_asks_the_server_once_a_question(call, dataset, server):
    """The calls are counted in the report, and each question is searched once."""
    code, out, _ = call(
        "retrieval", dataset, "--method", "hipporag2", "--extractions", "found.jsonl", "--json"
    )
    report = json.loads(out)

    assert code == 0
    assert report["llm_calls"] == len(server.calls) == 2
    assert report["warnings"] == {}
    assert report["search_ms_p50"] > 0


def test_a_server_that_fails_is_told_in_the_report(call, dataset, server):
    """The ranking is the unfiltered one, and every question has its warning."""
    plain = ("retrieval", dataset, "--method", "hipporag2", "--extractions", "found.jsonl", "--json")
    server.reply = "I would rather not."
    report = json.loads(call(*plain)[1])

    assert sum(report["warnings"].values()) == 2
    assert all("not filtered by the model" in warning for warning in report["warnings"])
    assert report["fallbacks"] == 0


@pytest.mark.parametrize("method", ["ircot", "ircot+dense"])
def test_ircot_searches_with_the_servers_thoughts(call, dataset, server, method):
    """One thought a question and one look that ends it."""
    code, out, _ = call("retrieval", dataset, "--method", method, "--extractions", "found.jsonl", "--json")
    report = json.loads(out)

    assert code == 0
    assert report["llm_calls"] == len(server.calls) == 4
    assert report["recall@10"] == 1.0


def test_a_loop_without_a_model_is_a_wrong_call(call, dataset):
    """One sentence says what to set up."""
    code, out, err = call("retrieval", dataset, "--method", "ircot", "--json")

    assert (code, out) == (2, "")
    assert "needs a language model" in err


def test_setting_up_a_model_makes_no_other_index(call, dataset, server, monkeypatch):
    """It shapes nothing as long as it extracts nothing."""
    with_model = json.loads(call("retrieval", dataset, "--json")[1])["index"]
    monkeypatch.setenv("HIPPOGRAPH_MODELS__GENERATOR", "none")
    without = json.loads(call("retrieval", dataset, "--json")[1])["index"]

    assert with_model == without
    assert server.calls == []


@pytest.mark.data
@pytest.mark.model
@pytest.mark.slow
def test_hipporag2_gives_the_numbers_of_its_authors_code(call, monkeypatch):
    """The same triples and embedder, no model: 0.443 / 0.678 / 0.778, and all gold in the first five for 43 of 100."""
    folder = SHARED / "data" / "musique_train100"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    for name in ("EMBEDDER", "VECTORS", "SPLITTER"):
        monkeypatch.delenv(f"HIPPOGRAPH_MODELS__{name}")
    code, out, _ = call(
        "retrieval", folder, "--method", "hipporag2", "--extractions", "openie_gpt35.jsonl", "--json"
    )
    report = json.loads(out)

    assert code == 0
    assert report["recall@2"] == pytest.approx(0.443, abs=0.01)
    assert report["recall@5"] == pytest.approx(0.678, abs=0.01)
    assert report["recall@10"] == pytest.approx(0.778, abs=0.01)
    assert report["llm_calls"] == 0
