"""The paired bootstrap against chances worked out on paper, and what it refuses to compare."""

import json

import numpy as np
import pytest

from eval.compare import ComparisonError, compare_reports, paired_bootstrap


def compare(differences, **options):
    values = np.array(differences, dtype=float)
    return paired_bootstrap("recall@5", np.zeros_like(values), values, **options)


def test_the_bootstrap_gives_the_chances_worked_out_on_paper():
    """Differences 1 and 0: a drawn mean is 0, 1/2 or 1 with chances 1/4, 1/2, 1/4; half are 1/2 from 1/2."""
    result = compare([1, 0])

    assert result.difference == 0.5
    assert result.p == pytest.approx(0.5, abs=0.02)
    assert (result.low, result.high) == (0, 1)


def test_three_differences_have_the_binomial_tails():
    """Differences 1, 1, 0 draw a mean of 0 with chance 1/27, which alone is 2/3 away; p = 1/27."""
    assert compare([1, 1, 0]).p == pytest.approx(1 / 27, abs=0.006)


def test_no_difference_at_all_is_chance():
    """Two equal reports have p = 1 and an interval of nothing."""
    result = compare([0, 0, 0, 0])

    assert (result.difference, result.low, result.high, result.p) == (0, 0, 0, 1)
    assert (result.wins, result.ties, result.losses) == (0, 4, 0)


def test_p_is_never_zero():
    """A hundred equal wins are as sure as the number of resamples allows: 1 / 10,001."""
    assert compare([1] * 100).p == pytest.approx(1 / 10_001)


def test_wins_ties_and_losses_are_those_of_the_second_report():
    """The difference is the second minus the first."""
    result = paired_bootstrap("recall@5", np.array([0.5, 0.5, 1.0, 0.0]), np.array([1.0, 0.5, 0.5, 0.5]))

    assert (result.wins, result.ties, result.losses) == (2, 1, 1)
    assert result.difference == pytest.approx((0.5 - 0.5 + 0.5) / 4)


def test_one_seed_gives_one_result():
    """Comparing twice gives the same numbers; another seed draws others."""
    differences = np.random.default_rng(1).normal(size=300)

    assert compare(differences, seed=4) == compare(differences, seed=4)
    assert compare(differences, seed=4) != compare(differences, seed=5)


def test_the_numbers_do_not_depend_on_how_many_resamples_are_held_at_once(monkeypatch):
    """Drawing in chunks saves memory and changes nothing."""
    differences = np.random.default_rng(1).normal(size=30)
    at_once = compare(differences, resamples=1000)
    monkeypatch.setattr("eval.compare.CHUNK_VALUES", 30 * 64)

    assert compare(differences, resamples=1000) == at_once


def test_turning_the_reports_round_turns_the_interval_round():
    """p stays, the difference changes sign, wins become losses."""
    differences = np.random.default_rng(2).choice([-0.5, 0.0, 0.5], size=80)
    there, back = compare(differences), compare(-differences)

    assert back.p == pytest.approx(there.p)
    assert (back.low, back.high) == (pytest.approx(-there.high), pytest.approx(-there.low))
    assert (back.wins, back.losses) == (there.losses, there.wins)


def test_where_nothing_differs_one_in_twenty_comparisons_is_below_one_in_twenty():
    """Of 600 comparisons of equal methods about 30 have p < 0.05, and the interval holds 0 in about 570."""
    chance = np.random.default_rng(3)
    results = [
        compare(chance.choice([-0.5, 0.0, 0.5], size=100, p=[0.2, 0.6, 0.2]), resamples=1000, seed=trial)
        for trial in range(600)
    ]

    assert 15 <= sum(result.p < 0.05 for result in results) <= 48
    assert 550 <= sum(result.low <= 0 <= result.high for result in results) <= 586


def write_report(path, values, dataset="toy", **more):
    rows = [{"id": name, "recall@5": value, "ranking": ["d1"]} for name, value in values.items()]
    path.write_text(json.dumps({"dataset": dataset, "per_question": rows, **more}), encoding="utf-8")
    return path


def test_questions_are_paired_by_id_not_by_place(tmp_path):
    """Two reports with the same values in another order do not differ."""
    first = write_report(tmp_path / "a.json", {"q1": 0.0, "q2": 1.0})
    second = write_report(tmp_path / "b.json", {"q2": 1.0, "q1": 0.0})

    (result,) = compare_reports(first, second)

    assert (result.metric, result.ties) == ("recall@5", 2)


def test_every_metric_both_reports_share_is_compared(tmp_path):
    """A ranking is no metric; a metric of one report alone is left out; null means it does not apply."""
    rows = [
        {"id": "q1", "recall@5": 1.0, "f1": 0.5, "mine": 1.0, "answer_in_citations": None, "ranking": []},
        {"id": "q2", "recall@5": 0.0, "f1": 0.5, "mine": 1.0, "answer_in_citations": 1.0, "ranking": []},
    ]
    theirs = [{name: value for name, value in row.items() if name != "mine"} for row in rows]
    for name, questions in (("a.json", rows), ("b.json", theirs)):
        (tmp_path / name).write_text(json.dumps({"dataset": "toy", "per_question": questions}))

    results = compare_reports(tmp_path / "a.json", tmp_path / "b.json")

    assert [(result.metric, result.questions) for result in results] == [
        ("recall@5", 2),
        ("f1", 2),
        ("answer_in_citations", 1),
    ]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"values": {"q1": 1.0}, "dataset": "else"}, "different data sets: 'toy' and 'else'"),
        ({"values": {"q1": 1.0}, "dataset_hash": "new"}, "changed between the reports"),
        ({"values": {"q2": 1.0}}, "different questions: .*such as 'q1'"),
        ({"values": {"q1": 1.0, "q2": 1.0}}, "different questions: .*such as 'q2'"),
    ],
)
def test_reports_over_other_questions_are_refused(tmp_path, other, sentence):
    """A difference over different questions means nothing, so it is not computed."""
    first = write_report(tmp_path / "a.json", {"q1": 1.0}, dataset_hash="old")
    second = write_report(tmp_path / "b.json", **other)

    with pytest.raises(ComparisonError, match=sentence):
        compare_reports(first, second)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[{}, {}]", "holds 2 reports"),
        ("{", "is not JSON"),
        ('{"dataset": "toy"}', "is no report"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path, text, sentence):
    """The message names the file."""
    first = write_report(tmp_path / "a.json", {"q1": 1.0})
    second = tmp_path / "b.json"
    if text is not None:
        second.write_text(text)

    with pytest.raises(ComparisonError, match=f"b.json {sentence}"):
        compare_reports(first, second)


def test_a_metric_that_is_not_in_both_is_refused(tmp_path):
    """The message lists those that are."""
    first = write_report(tmp_path / "a.json", {"q1": 1.0})

    with pytest.raises(ComparisonError, match=r"'f1' is not a metric of both reports; these are: recall@5\."):
        compare_reports(first, first, metric="f1")
