"""`search --explain`: what people read, and what programs get."""

import json

import pytest
from typer.testing import CliRunner

from hippograph import toy
from hippograph.cli.app import app
from hippograph.cli.explain import WORDS
from hippograph.engine import Hippograph
from hippograph.retrieval.explore import explore
from hippograph.settings import Settings

QUESTION = "In which town was the author of the article that Ada Lovelace translated born?"

pytestmark = pytest.mark.usefixtures("environment_without_a_model")


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], prog_name="hippograph")


@pytest.fixture
def indexed(tmp_path):
    """The toy world in an index of the working folder."""
    Hippograph.build(toy.documents(), tmp_path / "mine", settings=Settings.load()).close()
    return tmp_path / "mine"


def test_people_read_seeds_sentences_the_walk_and_what_speaks_for_each_passage(indexed):
    """In the order the search went."""
    done = run("search", QUESTION, "--index", indexed, "--explain", "-k", 3)
    places = [done.stdout.index(title) for title in ("Seeds", "Walked from", "The walk", "Passages")]

    assert done.exit_code == 0
    assert places == sorted(places)
    assert "at its seeds" in done.stdout
    assert done.stdout.count("above the next by") == 3
    assert "speaks for it:" in done.stdout


def test_programs_get_everything_in_one_document(indexed):
    """The passages are those of a plain search, and every score is the sum of its parts."""
    plain = json.loads(run("search", QUESTION, "--index", indexed, "-k", 2, "--json").stdout)
    told = json.loads(run("search", QUESTION, "--index", indexed, "-k", 2, "--explain", "--json").stdout)
    first = told["passages"][0]

    assert list(told) == ["question", "trace", "sentences", "intercept", "passages"]
    assert [each["passage_id"] for each in told["passages"]] == [each["passage_id"] for each in plain]
    assert told["intercept"] + sum(first["contributions"].values()) == pytest.approx(first["score"])
    assert set(first["contributions"]) == set(first["signals"]) == set(first["above_next"])
    assert [step["edges"] for step in told["trace"]["walk"]] == [0, 1, 2]
    assert {"title", "text", "similarity", "entities", "facts"} == set(told["sentences"][0])


def test_a_method_that_ranks_by_one_number_says_so(indexed):
    """dense has no parts."""
    done = run("search", QUESTION, "--index", indexed, "--explain", "--method", "dense")

    assert done.exit_code == 0
    assert "dense ranks by one number: there is nothing to take apart" in done.stdout


@pytest.mark.parametrize("arguments", [["--method", "magic"], ["-k", "0"]])
def test_what_search_refuses_is_refused_with_an_explanation_too(indexed, arguments):
    """An unknown method and no passage at all are wrong calls."""
    assert run("search", QUESTION, "--index", indexed, "--explain", *arguments).exit_code == 2


def test_an_empty_question_is_a_wrong_call(indexed):
    """As without an explanation."""
    assert run("search", " ", "--index", indexed, "--explain").exit_code == 2


def test_every_signal_has_words(toy_index):
    """What stands on the screen is no name of a variable."""
    vector = toy_index.embedder.embed_query(QUESTION)
    found = explore(QUESTION, vector, toy_index.index, toy_index.settings.retrieval)

    assert set(found.signals) <= set(WORDS)


# ----------------------------------------------------------------- the graph behind an answer


def test_the_graph_behind_an_answer_is_a_page_or_graphml(indexed, tmp_path):
    """The ending of the name decides; both hold the same graph, smaller than the whole."""
    whole = json.loads(run("export", tmp_path / "all.graphml", "--index", indexed, "--json").stdout)
    told = [
        json.loads(
            run(
                "export", tmp_path / name, "--index", indexed, "--question", QUESTION, "-k", 3, "--json"
            ).stdout
        )
        for name in ("answer.html", "answer.graphml")
    ]

    assert told[0]["node_count"] == told[1]["node_count"] < whole["node_count"]
    assert told[0]["edge_count"] == told[1]["edge_count"] > 0
    assert QUESTION in (tmp_path / "answer.html").read_text(encoding="utf-8")
    assert "<graphml" in (tmp_path / "answer.graphml").read_text(encoding="utf-8")


def test_every_cited_passage_is_in_the_graph_however_few_are_asked_for(indexed, tmp_path):
    """-k 1 leaves out what was found, not what the answer rests on."""
    import networkx

    answer = json.loads(run("ask", QUESTION, "--index", indexed, "--json").stdout)
    run("export", tmp_path / "one.graphml", "--index", indexed, "--question", QUESTION, "-k", 1)
    graph = networkx.read_graphml(tmp_path / "one.graphml")
    cited = [node for node in graph if graph.nodes[node].get("cited")]

    assert len(cited) == len({citation["passage_id"] for citation in answer["citations"]}) > 1


@pytest.mark.parametrize(
    ("name", "question"), [("answer.png", QUESTION), ("all.html", None), ("answer.html", " ")]
)
def test_a_file_that_cannot_be_written_so_is_a_wrong_call(indexed, tmp_path, name, question):
    """An unknown ending, a page of the whole graph, an empty question: nothing is written."""
    asked = ["--question", question] if question is not None else []

    assert run("export", tmp_path / name, "--index", indexed, *asked).exit_code == 2
    assert not (tmp_path / name).exists()
