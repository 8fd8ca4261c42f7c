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
