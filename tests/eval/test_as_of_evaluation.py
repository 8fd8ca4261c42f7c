"""The evaluations of time, over histories written by hand and drawn by chance."""

import json

import pytest

from eval.asof import measure_as_of
from eval.datasets import DatasetNotFound
from eval.fact_consolidation import LINES_A_DOCUMENT, generate, measure_consolidation
from eval.pep_times import open_header_history
from hippograph import Hippograph
from hippograph.settings import Settings

WITHOUT_A_MODEL = {"splitter": "plain", "embedder": "hashing", "vectors": "numpy"}
STATES = ("Draft", "Accepted", "Final")


@pytest.fixture
def history(tmp_path):
    """Eight numbers that go through three states, a year apart, and a whole document of one of them."""
    events = [
        {
            "pep": number,
            "date": f"{2010 + number % 4 + step}-0{1 + number}-01",
            "commit": "",
            "field": "Status",
            "old": STATES[step - 1] if step else None,
            "new": state,
        }
        for number in range(1, 9)
        for step, state in enumerate(STATES)
    ]
    version = {
        "pep": 3,
        "date": "2014-06-01",
        "commit": "",
        "header": {"Status": "Accepted"},
        "text": "PEP: 3\nStatus: Accepted\n\nAbstract\n\nIt is about bridges.\n",
    }
    for name, rows in (("header_events", events), ("typing_peps_quarterly_versions", [version])):
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return open_header_history(tmp_path)


def test_the_truth_on_a_date_is_the_newest_change_until_then(history):
    """Before the first change there is none; the day of a change has the new value."""
    changes = history.changes[3, "Status"]

    assert [value for _, value in changes] == list(STATES)
    assert history.truth(3, "Status", changes[1][0]) == "Accepted"
    assert history.truth(3, "Status", history.first(3).replace(year=2000)) is None


def test_a_perfect_index_scores_one_everywhere(history, tmp_path):
    """Values, freshness, abstention and the audit of all closed intervals."""
    settings = Settings(models=WITHOUT_A_MODEL)
    with Hippograph.build(history.documents, tmp_path / "index", settings=settings) as memory:
        report = measure_as_of(memory, history, 40, 16, 0, lambda items, name: items)

    assert (report["right"], report["fresh@5"], report["abstained_before"]) == (1.0, 1.0, 1.0)
    assert (report["closed_intervals"], report["audited"], report["wrongly_closed"]) == (16, 16, 0)


def test_a_wrong_index_is_found_out(history, tmp_path):
    """Without the documents of the last change the index is out of date, and the evaluation says so."""
    settings = Settings(models=WITHOUT_A_MODEL)
    kept = [each for each in history.documents if "Final" not in each.text]
    with Hippograph.build(kept, tmp_path / "index", settings=settings) as memory:
        report = measure_as_of(memory, history, 40, 16, 0, lambda items, name: items)

    assert report["right"] < 1
    assert report["wrong"]


def test_a_folder_without_a_history_is_refused(tmp_path):
    """The file that is missing is named."""
    with pytest.raises(DatasetNotFound, match="header_events"):
        open_header_history(tmp_path)


def test_facts_are_drawn_from_the_seed_and_half_are_replaced():
    """The same seed gives the same list; numbers run on from document to document."""
    made, again, other = generate(12_000, 10, 1), generate(12_000, 10, 1), generate(12_000, 10, 2)

    assert made == again
    assert made != other
    assert 0.4 < made.replaced / made.facts < 0.7
    assert made.documents[1].text.startswith(f"{LINES_A_DOCUMENT}. ")
    assert [each.hops for each in made.questions] == [1] * 10 + [2] * 10


def test_newer_facts_win_over_one_hop_and_two(tmp_path):
    """With the order of numbers declared nearly all questions are answered; without it hardly any."""
    made = generate(6000, 40, 0)
    declared = Settings(
        models=WITHOUT_A_MODEL, time={"serials": True, "functional": ["*"], "newest_wins": True}
    )
    plain = Settings(models=WITHOUT_A_MODEL)
    with Hippograph.build(made.documents, tmp_path / "index", settings=declared) as memory:
        report = measure_consolidation(memory, made, lambda items, name: items)
    with Hippograph.open(tmp_path / "index", settings=plain) as memory:
        before = measure_consolidation(memory, made, lambda items, name: items)

    assert report["one_hop"] >= 0.98
    assert report["two_hops"] >= 0.8
    assert before["two_hops"] < 0.5
