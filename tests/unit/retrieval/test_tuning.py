"""Tuning: questions that a corpus asks of itself, and a ranker that is kept only where it helps."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hippograph.errors import SettingsError
from hippograph.retrieval import tuning
from hippograph.retrieval.own_questions import own_questions
from hippograph.retrieval.ranker import (
    DEFAULT,
    TUNED,
    load_ranker,
    ranker_of,
    ranker_to_json,
    tuned_file,
    tuned_ranker,
)
from hippograph.retrieval.search import ORDERED_BY_TUNED
from hippograph.retrieval.tuning import tune
from hippograph.storage.manifest import read_manifest
from hippograph.storage.verify import verify_version


@pytest.fixture
def root(toy_index):
    """The folder of the toy world's index."""
    return toy_index.index.tables.files.folder.parents[1]


def tuned_to(toy_index, root):
    return tune(root, toy_index.index, toy_index.embedder, toy_index.settings.retrieval)


def test_a_corpus_asks_for_what_its_facts_leave_out(toy_index):
    """One hop names subject and relation and needs one document; two hops need two; the same index asks the same."""
    asked = own_questions(toy_index.index, 50)
    known = {document.id for document in toy_index.index.documents()}

    assert {each.kind for each in asked} >= {"one hop", "shared name"}
    assert all(each.gold <= known for each in asked)
    assert {len(each.gold) for each in asked if each.kind == "one hop"} == {1}
    assert {len(each.gold) for each in asked if each.kind != "one hop"} == {2}
    assert len({each.text for each in asked}) == len(asked)
    assert own_questions(toy_index.index, 50) == asked


def test_a_shared_name_is_not_given_away(toy_index):
    """Where a sentence of one document names what another is about, the question says `something` in its place."""
    asked = [each for each in own_questions(toy_index.index, 50) if each.kind == "shared name"]
    titles = {document.id: document.title for document in toy_index.index.documents()}

    for each in asked:
        assert "something" in each.text
        assert any(titles[document] not in each.text for document in each.gold)


def test_too_few_questions_change_nothing(toy_index, root):
    """Five documents ask too little to decide on; a ranker of an earlier time is forgotten."""
    tuned_file(root).write_text(ranker_to_json(load_ranker(), {}), encoding="utf-8")
    told = tuned_to(toy_index, root)

    assert not told.kept
    assert "too few questions" in told.why
    assert not tuned_file(root).exists()


def test_what_does_not_help_beyond_chance_is_not_kept(toy_index, root, monkeypatch):
    """A ranker that is the shipped one over again gains nothing."""
    monkeypatch.setattr(tuning, "FEWEST", 1)
    monkeypatch.setattr(tuning, "learn_ranker", lambda lessons, strength, near: near)
    told = tuned_to(toy_index, root)

    assert (told.kept, told.low, told.high) == (False, 0, 0)
    assert told.default == told.tuned
    assert not tuned_file(root).exists()


def test_what_helps_is_kept_beside_the_index_and_named(toy_index, root, monkeypatch):
    """Against a default that orders by nothing, a fit helps; searches then say who ordered them."""
    shipped = load_ranker()
    blind = replace(shipped, coefficients=np.zeros(len(shipped.features)))
    blind = replace(
        blind, second=replace(shipped.second, coefficients=np.zeros(len(shipped.second.features)))
    )
    monkeypatch.setattr(tuning, "FEWEST", 10)
    monkeypatch.setattr(tuning, "load_ranker", lambda: blind)
    told = tuned_to(toy_index, root)
    found = toy_index.explain("Who designed the Analytical Engine?")

    assert told.low > tuning.MARGIN
    assert all(after >= before for before, after in zip(told.default, told.tuned, strict=True))
    assert told.kept
    assert tuned_ranker(root).name == TUNED
    assert ranker_of(toy_index.index).name == TUNED
    assert found.trace.notes == (ORDERED_BY_TUNED,)
    assert toy_index.status().ranker == TUNED
    assert json.loads(tuned_file(root).read_text(encoding="utf-8"))["recipe"]["held towards"] == "default"
    assert verify_version(root, read_manifest(root)) == []


def test_questions_that_fit_anything_teach_nothing(toy_index, root, monkeypatch):
    """Where even at ten little of what they need is found, they are no measure, whatever is gained on them."""
    monkeypatch.setattr(tuning, "FEWEST", 10)
    monkeypatch.setattr(tuning, "MARGIN", -1.0)
    monkeypatch.setattr(tuning, "_recalls", lambda ranker, asked: [0.1, 0.4, 0.79])
    vague = tuned_to(toy_index, root)
    monkeypatch.setattr(tuning, "_recalls", lambda ranker, asked: [0.1, 0.4, 0.81])
    clear = tuned_to(toy_index, root)

    assert (vague.kept, clear.kept) == (False, True)
    assert "too vague" in vague.why


def test_a_tuned_ranker_of_other_features_gives_way_to_the_shipped_one(root):
    """It was written by another version, which saw other things."""
    record = json.loads(ranker_to_json(load_ranker(), {}))
    record["features"] = record["features"][1:]
    tuned_file(root).write_text(json.dumps(record), encoding="utf-8")

    assert tuned_ranker(root).name == DEFAULT


def test_a_tuned_ranker_that_cannot_be_read_is_told(root):
    """With the way out."""
    tuned_file(root).write_text("{", encoding="utf-8")

    with pytest.raises(SettingsError, match="cannot be read"):
        tuned_ranker(root)


def test_without_a_tuned_ranker_the_shipped_one_orders(toy_index, root):
    """And nothing is said of it."""
    found = toy_index.explain("Who designed the Analytical Engine?")

    assert tuned_ranker(root).name == DEFAULT
    assert found.trace.notes == ()
    assert toy_index.status().ranker == DEFAULT


def test_the_interval_is_that_of_the_mean():
    """Of equal differences it has no width."""
    assert tuning._interval(np.full(30, 0.25)) == (0.25, 0.25)
