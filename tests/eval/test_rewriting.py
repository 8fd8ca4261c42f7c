"""Planted falsehoods: how answers are planned, what is counted, and that the loop removes them from the toy world."""

import json

import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.claim_pairs import Pair
from eval.rewriting import Plan, Rewritten, make_plans, measure_rewriting, rewrite, summary
from hippograph.generation.claims import RuleVerifier
from hippograph.types import Verdict, VerdictKind


class Believing:
    """Finds everything supported."""

    name = "believing"

    def verify(self, claim, evidence):
        return Verdict(VerdictKind.SUPPORTED, None, "so", 1.0)


@pytest.fixture
def plans(toy_index):
    return make_plans(toy_index, 20, seed=1)


def test_a_plan_holds_one_falsehood_among_true_sentences_of_its_passage(toy_index, plans):
    """Every other sentence stands in the document, and the planted one does not."""
    texts = " ".join(toy_index.index.load_passage(row).text for row in range(toy_index.index.passage_count))

    assert plans
    for plan in plans:
        assert plan.sentences.count(plan.pair.false) == 1
        assert 2 <= len(plan.true()) <= 4
        assert all(source in texts for source in plan.sources)
        assert plan.pair.false not in texts


def test_one_seed_gives_one_set_of_plans(toy_index, plans):
    """Another seed draws others."""
    assert make_plans(toy_index, 20, seed=1) == plans
    assert make_plans(toy_index, 20, seed=2) != plans


def test_in_the_toy_world_every_falsehood_is_removed_and_nothing_true_is_lost(toy_index):
    """By the rules: those who correct themselves get their sentence back, and every log replays."""
    report = measure_rewriting("toy", toy_index, RuleVerifier(toy_index.embedder), 20, seed=1)

    wanted = {"planted_removed": 1.0, "true_lost": 0.0, "corrected": 1.0, "replayed": 1.0}
    assert {name: report[name] for name in wanted} == wanted
    assert report["planted_written"] == report["answers"] > 2


def test_a_verifier_that_believes_everything_removes_nothing(toy_index, plans):
    """The number can fail: it is the verifier that makes it."""
    done = rewrite(plans[0], toy_index, Believing())

    assert not done.planted_is_gone()
    assert done.kept == plans[0].sentences


def result(kept, corrects_itself=True, was_written=True):
    pair = Pair("p-0", "d", "Ada was born in Ribe.", "Ada was born in Hull.", "Ribe", "Hull", "place", False)
    sentences = ("Ada wrote notes.", pair.false, "Ada drew maps.")
    plan = Plan(pair, "What of Ada?", sentences, sentences, corrects_itself)
    return Rewritten(plan, kept, was_written, True, 5, 2, 10.0, {})


def test_the_shares_are_those_on_paper():
    """Of three written falsehoods one stays; of eight true sentences two are lost; one of two is put right."""
    report = summary(
        [
            result(("Ada wrote notes.", "Ada was born in Ribe.", "Ada drew maps.")),
            result(("Ada wrote notes.", "Ada was born in Hull.", "Ada drew maps.")),
            result(("Ada wrote notes.",), corrects_itself=False),
            result(("Ada wrote notes.",), was_written=False),
        ]
    )

    assert (report["planted_written"], report["planted_removed"]) == (3, 0.6667)
    assert (report["true_sentences"], report["true_lost"]) == (8, 0.25)
    assert report["corrected"] == 0.5


def test_the_command_prints_one_document(data, offline):
    """`eval rewriting DATASET --json`."""
    done = CliRunner().invoke(app, ["rewriting", str(data / "rivers"), "--answers", "3", "--json"])

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["verifier"] == "rules"
