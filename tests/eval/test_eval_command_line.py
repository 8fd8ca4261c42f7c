"""The commands of `python -m eval`: what they print, where, and how they exit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eval.__main__ import main

CORPUS = [
    {"id": "ada", "title": "Ada Lovelace", "text": "Ada Lovelace wrote notes on the Analytical Engine."},
    {"id": "engine", "title": "Analytical Engine", "text": "Charles Babbage designed the Analytical Engine."},
    {"id": "babbage", "title": "Charles Babbage", "text": "Charles Babbage was born in London in 1791."},
    {"id": "nile", "title": "Nile", "text": "The Nile is a long river in Africa."},
]
QUERIES = [
    {
        "id": "q1",
        "question": "Where was the designer of the Analytical Engine born?",
        "answers": ["London"],
        "gold_ids": ["engine", "babbage"],
        "type": "2hop",
    },
    {"id": "q2", "question": "Where does the Nile flow?", "answers": ["Africa"], "gold_ids": ["nile"]},
    {"id": "q3", "question": "Who painted the ceiling of the chapel?", "answers": [], "gold_ids": []},
]


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "toy"
    folder.mkdir()
    write_lines(folder / "corpus.jsonl", CORPUS)
    write_lines(folder / "queries.jsonl", QUERIES)
    return folder


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """The parts without a model, and a cache of our own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HIPPOGRAPH_MODELS__EMBEDDER", "hashing")
    monkeypatch.setenv("HIPPOGRAPH_MODELS__VECTORS", "numpy")
    monkeypatch.setenv("HIPPOGRAPH_MODELS__SPLITTER", "plain")


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


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize("method", ["hippograph", "dense", "bm25"])
def test_retrieval_prints_one_json_document(call, dataset, method):
    """Every method has the fields other programs rely on; four documents all stand in the first ten."""
    code, out, err = call("retrieval", dataset, "--method", method, "--json")
    report = json.loads(out)

    assert (code, err) == (0, "")
    assert {name: report[name] for name in ("dataset", "method", "questions", "recall@10", "llm_calls")} == {
        "dataset": "toy",
        "method": method,
        "questions": 2,
        "recall@10": 1.0 if method != "bm25" else report["recall@10"],
        "llm_calls": 0,
    }
    assert [row["id"] for row in report["per_question"]] == ["q1", "q2"]
    assert report["per_question"][1]["ranking"][0] == "nile"
    assert {"recall@2", "recall@5", "all@5", "search_ms_p50"} <= report.keys()
    assert report["index"]["documents"] == 4


def test_all_methods_are_a_list(call, dataset):
    """One report each, over one index."""
    code, out, _ = call("retrieval", dataset, "--method", "all", "--json")
    reports = json.loads(out)

    assert code == 0
    assert [report["method"] for report in reports] == ["hippograph", "dense", "bm25"]
    assert len({report["index"]["version"] for report in reports}) == 1


def test_people_get_a_table(call, dataset):
    """The same numbers, without JSON."""
    code, out, _ = call("retrieval", dataset, "--method", "dense")

    assert code == 0
    assert "recall@5" in out
    assert "{" not in out


def test_an_unknown_method_is_a_wrong_call(call, dataset):
    """It is named in one sentence."""
    code, out, err = call("retrieval", dataset, "--method", "magic")

    assert (code, out) == (2, "")
    assert "magic" in err
    assert "Traceback" not in err


def test_the_index_is_built_once(call, dataset, tmp_path):
    """A second run finds the first one's index in the cache and gives the same ranking."""
    first = json.loads(call("retrieval", dataset, "--json")[1])
    (manifest,) = (tmp_path / "cache").glob("hippograph/eval/toy-*/hippograph.json")
    written = manifest.stat().st_mtime_ns
    second = json.loads(call("retrieval", dataset, "--json")[1])

    assert manifest.stat().st_mtime_ns == written
    assert second["per_question"] == first["per_question"]


def test_a_damaged_cache_is_built_again(call, dataset, tmp_path):
    """A file that was lost from the user's cache is nobody's worry."""
    before = json.loads(call("retrieval", dataset, "--json")[1])
    (tables,) = (tmp_path / "cache").glob("hippograph/eval/toy-*/tables/*/")
    for file in tables.iterdir():
        file.unlink()
    code, out, _ = call("retrieval", dataset, "--json")

    assert code == 0
    assert json.loads(out)["per_question"] == before["per_question"]


def test_an_index_published_by_other_code_is_published_again(call, dataset, monkeypatch, tmp_path):
    """Whoever works on the graph never measures yesterday's."""
    call("retrieval", dataset)
    (stamp,) = (tmp_path / "cache").glob("hippograph/eval/toy-*/eval-code.txt")
    written = stamp.stat().st_mtime_ns
    monkeypatch.setattr("eval.indexes.shaping_code", lambda: "other code")
    call("retrieval", dataset)

    assert stamp.stat().st_mtime_ns > written
    assert stamp.read_text() == "other code"


def test_another_corpus_has_another_index(call, dataset):
    """A changed document is never measured on the index of the old one."""
    before = json.loads(call("retrieval", dataset, "--json")[1])["index"]
    write_lines(dataset / "corpus.jsonl", [*CORPUS, {"id": "new", "title": "New", "text": "Something new."}])
    after = json.loads(call("retrieval", dataset, "--json")[1])["index"]

    assert before["folder"] != after["folder"]
    assert (before["documents"], after["documents"]) == (4, 5)


def test_the_index_is_kept_where_it_is_asked_for(call, dataset, tmp_path):
    """Built there the first time, opened there the second."""
    folder = tmp_path / "here"
    first = json.loads(call("retrieval", dataset, "--index", folder, "--json")[1])
    second = json.loads(call("retrieval", dataset, "--index", folder, "--json")[1])

    assert first["index"] == second["index"]
    assert first["index"]["folder"] == str(folder)
    assert not (tmp_path / "cache").exists()


def test_an_index_of_other_documents_is_left_alone(call, dataset, tmp_path):
    """Measuring on it would mean nothing, and rebuilding it would lose somebody's work."""
    folder = tmp_path / "here"
    call("retrieval", dataset, "--index", folder)
    published = (folder / "hippograph.json").read_bytes()
    write_lines(dataset / "corpus.jsonl", [*CORPUS, {"id": "new", "title": "New", "text": "Something new."}])
    code, out, err = call("retrieval", dataset, "--index", folder, "--json")

    assert (code, out) == (1, "")
    assert "holds other documents than toy" in err
    assert (folder / "hippograph.json").read_bytes() == published


def test_answers_are_measured_where_there_are_some_and_where_there_are_none(call, dataset):
    """Two questions have gold and one has none."""
    code, out, err = call("answers", dataset, "--json")
    report = json.loads(out)

    assert (code, err) == (0, "")
    assert (report["answerable"], report["unanswerable"], report["span_questions"]) == (2, 1, 2)
    assert (report["method"], report["llm_calls"]) == ("extractive", 0)
    assert 0 <= report["answer_in_citations"] <= 1


def test_a_folder_of_files_is_a_data_set_too(call, tmp_path):
    """The form of the demo: files below corpus, questions beside it, gold ids that are paths."""
    folder = tmp_path / "demo"
    (folder / "corpus" / "rivers").mkdir(parents=True)
    (folder / "corpus" / "rivers" / "nile.md").write_text("# Nile\n\nThe Nile is a long river in Africa.\n")
    (folder / "corpus" / "ada.txt").write_text("Ada Lovelace wrote notes.\n")
    asked = {
        "id": "q",
        "question": "Where is the Nile?",
        "answers": ["Africa"],
        "gold_ids": ["rivers/nile.md"],
    }
    write_lines(folder / "questions.jsonl", [asked])
    code, out, _ = call("answers", folder, "--json")

    assert code == 0
    assert json.loads(out)["answerable"] == 1


def test_two_reports_are_compared(call, dataset, tmp_path):
    """What one command writes the other reads."""
    for method in ("dense", "hippograph"):
        (tmp_path / f"{method}.json").write_text(call("retrieval", dataset, "--method", method, "--json")[1])
    code, out, _ = call("compare", "dense.json", "hippograph.json", "--metric", "recall@5", "--json")
    result = json.loads(out)

    assert code == 0
    assert (result["metric"], result["questions"]) == ("recall@5", 2)
    assert result["wins"] + result["ties"] + result["losses"] == 2


def test_reports_over_different_data_sets_are_a_wrong_call(call, tmp_path):
    """Said in one sentence, with exit code 2."""
    for name in ("one", "other"):
        rows = [{"id": "q", "recall@5": 1.0}]
        (tmp_path / f"{name}.json").write_text(json.dumps({"dataset": name, "per_question": rows}))
    code, out, err = call("compare", "one.json", "other.json")

    assert (code, out) == (2, "")
    assert err == "The reports are over different data sets: 'one' and 'other'.\n"


@pytest.mark.parametrize("command", ["retrieval", "answers", "extraction"])
def test_a_folder_that_is_no_data_set_is_a_wrong_call(call, tmp_path, command):
    """One sentence says what a data set is."""
    code, out, err = call(command, tmp_path, "--json")

    assert (code, out) == (2, "")
    assert "does not exist: a data set is a folder with" in err
    assert len(err.splitlines()) == 1


def test_a_broken_line_is_work_that_failed(call, dataset):
    """Exit code 1, and the line's number."""
    (dataset / "queries.jsonl").write_text("{}\n{\n")
    code, _, err = call("retrieval", dataset)

    assert code == 1
    assert "Line 1 of" in err


def test_nothing_heavy_is_imported_for_help():
    """`python -m eval --help` answers at once."""
    script = (
        "import sys, eval.__main__; print(sorted({'numpy', 'torch', 'nltk', 'faiss'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root
    )

    assert done.stdout.strip() == "[]"
