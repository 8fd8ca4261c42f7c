"""Claims with a known truth: how pairs are made, what is counted, and that the numbers are those on paper."""

import json
import random

import numpy as np
import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.claim_pairs import Pair, leans, make_pairs, only_place, read_entities, statements_of
from eval.claims import (
    Hiding,
    JudgedPair,
    by_type,
    confusion,
    interval,
    measure_claims,
    summary,
    unsourced_summary,
)
from eval.veriscore import is_veriscore, measure_veriscore, read_results
from hippograph.generation.claims import RuleVerifier
from hippograph.text.names import normal_name, words
from hippograph.types import Verdict, VerdictKind

S, R, N = VerdictKind.SUPPORTED, VerdictKind.REFUTED, VerdictKind.NOT_ENOUGH_EVIDENCE


@pytest.fixture
def pairs(toy_index):
    return make_pairs(toy_index.index, 20, seed=1)


def pair(type_="place", is_subject=False):
    return Pair(
        "p-0", "d", "Ada was born in Ribe.", "Ada was born in Hull.", "Ribe", "Hull", type_, is_subject
    )


# ----------------------------------------------------------------- how pairs are made


def test_a_false_statement_is_the_true_one_with_one_entity_replaced(pairs):
    """Replacing back gives the true statement, letter by letter."""
    assert pairs
    for each in pairs:
        assert each.false.replace(each.replacement, each.replaced, 1) == each.true
        assert each.true != each.false


def test_a_replacement_is_of_the_same_type_and_from_another_passage(toy_index, pairs):
    """The graph knows both by one type, and the passage of the statement holds no word of the replacement."""
    types = read_entities(toy_index.index).types
    passages = {p.id: p for p in map(toy_index.index.load_passage, range(toy_index.index.passage_count))}

    for each in pairs:
        passage = passages[each.id.rsplit("-", 1)[0]]
        assert types[normal_name(each.replacement)] == types[normal_name(each.replaced)]
        assert not set(words(each.replacement)) & set(words(f"{passage.title} {passage.text}"))


def test_a_near_replacement_is_from_the_same_passage(toy_index):
    """Every word of the false statement stands in the source."""
    passages = {p.id: p for p in map(toy_index.index.load_passage, range(toy_index.index.passage_count))}

    near = make_pairs(toy_index.index, 20, seed=1, is_near=True)

    assert near
    for each in near:
        passage = passages[each.id.rsplit("-", 1)[0]]
        assert set(words(each.replacement)) <= set(words(f"{passage.title} {passage.text}"))


def test_one_seed_gives_one_set_of_pairs(toy_index, pairs):
    """The same index and seed draw the same pairs; another seed draws others."""
    assert make_pairs(toy_index.index, 20, seed=1) == pairs
    assert make_pairs(toy_index.index, 20, seed=2) != pairs


def test_passages_take_turns(toy_index):
    """The first pairs are of different passages, so that a long document does not crowd out the others."""
    first = make_pairs(toy_index.index, 3, seed=1)

    assert len({each.document for each in first}) == len(first)


def test_statements_can_be_understood_by_themselves(toy_index):
    """No statement opens with a pronoun or leans on the sentence before it."""
    for row in range(toy_index.index.passage_count):
        for _, statement in statements_of(toy_index.index.load_passage(row), random.Random(1)):
            assert not leans(statement)
    assert leans("She was born in Ribe.")
    assert leans("The film was shot in Ribe.")
    assert leans("In 1843 she wrote notes.")


@pytest.mark.parametrize(
    ("statement", "name", "place"),
    [
        ("Ada was born in Ribe.", "Ribe", (16, 20)),
        ("Ada was born in New Ribe.", "Ribe", None),
        ("Ribe and Ribe are one.", "Ribe", None),
        ("Ada lives in Ribe-Hull.", "Ribe", None),
    ],
)
def test_a_name_is_replaced_only_where_it_stands_once_and_alone(statement, name, place):
    """Not within a longer name, not twice."""
    assert only_place(statement, name) == place


# ----------------------------------------------------------------- what is counted


JUDGED = [
    JudgedPair(pair(), S, R, 1.0),
    JudgedPair(pair(), S, N, 1.0),
    JudgedPair(pair("date"), N, S, 1.0),
    JudgedPair(pair("person", is_subject=True), S, N, 1.0),
]


def test_balanced_accuracy_is_the_mean_of_both_shares():
    """Three of four true ones are supported, one of four false ones refuted, three of four not supported."""
    report = summary(JUDGED, seed=1)

    assert (report["true_supported"], report["false_refuted"]) == (0.75, 0.25)
    assert report["balanced_accuracy"] == (0.75 + 0.25) / 2
    assert report["balanced_accuracy_binary"] == (0.75 + 0.75) / 2
    assert confusion(JUDGED) == {
        "true": {"supported": 3, "refuted": 0, "not_enough_evidence": 1},
        "false": {"supported": 1, "refuted": 1, "not_enough_evidence": 2},
    }


def test_subjects_are_counted_apart_from_other_types():
    """What is said of one subject may be true of another, so refusing to refute is no mistake there."""
    groups = by_type(JUDGED)

    assert {name: group["pairs"] for name, group in groups.items()} == {"date": 1, "place": 2, "subject": 1}
    assert groups["place"] == {
        "pairs": 2,
        "true_supported": 1.0,
        "false_refuted": 0.5,
        "false_supported": 0.0,
    }


def test_without_a_source_both_statements_should_stay_open():
    """Of eight statements three are left open."""
    report = unsourced_summary(JUDGED)

    assert (report["statements"], report["left_open"]) == (8, 3 / 8)
    assert report["supported"] + report["refuted"] + report["left_open"] == 1


def test_the_interval_is_that_of_the_binomial():
    """Of 400 pairs, half of them right on both sides: 0.5 plus or minus 1.96 * sqrt(0.25 / 400)."""
    right = np.repeat([[1.0, 1.0], [0.0, 0.0]], 200, axis=0)

    low, high = interval(right, seed=1)

    assert low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.004)
    assert high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.004)
    assert interval(right, seed=1) == [low, high]
    assert interval(np.zeros((0, 2)), seed=1) is None


class Always:
    """Gives one verdict to everything."""

    name = "always"

    def __init__(self, kind):
        self.kind = kind

    def verify(self, claim, evidence):
        return Verdict(self.kind, None, "always", 1.0)


@pytest.mark.parametrize(("kind", "strict", "binary"), [(S, 0.5, 0.5), (R, 0.5, 0.5), (N, 0.0, 0.5)])
def test_a_verifier_that_always_says_the_same_gains_nothing(toy_index, kind, strict, binary):
    """Balanced accuracy is that of chance, or less where nothing is ever decided."""
    report = measure_claims("toy", toy_index, Always(kind), pairs=10, seed=1)

    assert (report["balanced_accuracy"], report["balanced_accuracy_binary"]) == (strict, binary)


def test_a_hidden_document_is_not_found(toy_index):
    """Its passages are left out, and the others move up."""
    hidden = Hiding(toy_index, "babbage")
    question = "Who designed the Analytical Engine?"

    assert "babbage" in {each.passage.document for each in toy_index.search(question, 3)}
    assert "babbage" not in {each.passage.document for each in hidden.search(question, 3)}
    assert len(hidden.search(question, 3)) == 3


def test_the_rules_tell_true_from_false_in_the_toy_world(toy_index):
    """True statements are supported, no false one is, and without their document nothing is supported."""
    report = measure_claims("toy", toy_index, RuleVerifier(), pairs=20, seed=1)

    assert report["true_supported"] == 1.0
    assert report["confusion"]["false"]["supported"] == 0
    assert report["balanced_accuracy"] >= 0.85
    assert report["unsourced"]["supported"] == 0.0


# ----------------------------------------------------------------- VeriScore


RESULTS = """Search result 1
Title: Ada Quist
Content: Ada Quist was born in Ribe. She
built bridges.
Link: https://example.org/ada

Search result 2
Title: Noor Vane
Link: https://example.org/noor
Content: Noor Vane was born in Hull.
"""


def test_search_results_become_evidence():
    """Title, text and link of each result, whatever their order; lines that were wrapped are joined."""
    first, second = read_results(RESULTS)

    assert first.found.passage.title == "Ada Quist"
    assert first.found.passage.text == "Ada Quist was born in Ribe. She built bridges."
    assert len(first.found.passage.sentences) == 2
    assert (second.found.uri, second.found.rank) == ("https://example.org/noor", 2)


@pytest.fixture
def veriscore(tmp_path):
    """The two files in VeriScore's layout, with claims whose verdicts are plain."""
    (tmp_path / "data/demos").mkdir(parents=True)
    labelled = [
        ("Ada Quist was born in Ribe.", "Supported."),
        ("Ada Quist was born in Hull.", "Contradicted."),
    ]
    (tmp_path / "data/demos/few_shot_examples.jsonl").write_text(
        "".join(
            json.dumps({"claim": text, "search_result": RESULTS, "human_label": label}) + "\n"
            for text, label in labelled
        )
    )
    judged = [{"claim": "Noor Vane sang.", "search_results": RESULTS, "verification_result": "unsupported"}]
    (tmp_path / "data/data_sample.jsonl").write_text(json.dumps({"claim_verification_result": judged}) + "\n")
    return tmp_path


def test_veriscore_counts_labels_beside_verdicts(veriscore):
    """One claim of each label, each judged as it is labelled."""
    report = measure_veriscore(veriscore, RuleVerifier())

    assert (report["claims"], report["balanced_accuracy_binary"]) == (3, 1.0)
    assert report["confusion"]["contradicted"] == {"supported": 0, "refuted": 1, "not_enough_evidence": 0}
    assert is_veriscore(veriscore)
    assert not is_veriscore(veriscore / "data")


def test_the_command_measures_veriscore_and_says_what_is_no_data_set(veriscore, environment_without_a_model):
    """One JSON document; a folder without data is a wrong call."""
    done = CliRunner().invoke(app, ["claims", str(veriscore), "--json"])

    assert json.loads(done.stdout)["balanced_accuracy_binary"] == 1.0
    assert CliRunner().invoke(app, ["claims", str(veriscore / "nowhere")]).exit_code != 0


def test_the_command_measures_a_corpus(tmp_path, environment_without_a_model):
    """Pairs are made from an index of the corpus, of as many documents as are asked for."""
    people = [("Ada Quist", "Ribe", 1840), ("Noor Vane", "Hull", 1852), ("Ivo Lund", "Basel", 1861)]
    rows = [
        {"id": name, "title": name, "text": f"{name} was born in {place} in {year}. {name} died in Lund."}
        for name, place, year in people
    ]
    folder = tmp_path / "people"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    done = CliRunner().invoke(
        app, ["claims", str(folder), "--pairs", "4", "--index", str(tmp_path / "i"), "--json"]
    )

    report = json.loads(done.stdout)
    assert (report["dataset"], report["verifier"]) == ("people", "rules")
    assert report["pairs"] == sum(report["confusion"]["true"].values()) > 0
    assert report["balanced_accuracy"] == 1.0
