"""When searching on should stop: limits on stale rounds, measured on recorded searches worked out by hand."""

from __future__ import annotations

import json

import pytest

from eval.datasets import DatasetError
from eval.rounds import LIMITS, measure_rounds, read_traces
from hippograph.types import DocumentId, Passage, PassageId, RankedPassage, Row

FOUND = {"q": "a", "1": "a", "2": "b", "3": "b", "4": "b", "5": "c"}
"""What each query finds: rounds 1, 3 and 4 are stale."""


def search(query):
    name = FOUND[query]
    passage = Passage(PassageId(name), DocumentId(name), "", "", name, 0, 1, 0, ())
    return [RankedPassage(1, Row(0), passage, 1.0, 1, "", None)]


def row(queries, wanted, dataset="x", model="m"):
    rounds = [{"query": query, "doc_ids": list(wanted)} for query in queries]
    return {"dataset": dataset, "model": model, "question": "q", "rounds": rounds}


def traces(folder, *rows):
    (folder / "traces.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return read_traces(folder)


def by_limit(report, name, fold="all"):
    return [each[name] for each in report["rows"] if each["fold"] == fold]


def test_each_limit_is_told_with_what_it_saves_and_loses(tmp_path):
    """One stale round ends after the first, two after the fourth, three and none go to the end, which finds c."""
    report = measure_rounds(traces(tmp_path, row("12345", "abc")), search)

    assert by_limit(report, "stale_rounds") == ["1", "2", "3", "no limit"]
    assert by_limit(report, "searches") == [2, 5, 6, 6]
    assert by_limit(report, "recall") == [pytest.approx(found / 3, abs=1e-4) for found in (1, 2, 3, 3)]
    assert by_limit(report, "first_recall") == [pytest.approx(1 / 3, abs=1e-4)] * 4
    assert by_limit(report, "lost") == [1.0, 0.5, 0.0, 0.0]
    assert report["chosen_on_all"] == "3"


def test_a_limit_is_chosen_on_the_other_folds_alone(tmp_path):
    """What fold y would need does not show in the limit it is judged with."""
    hard, easy = row("12345", "abc", dataset="y"), row("25", "abc", dataset="x")
    report = measure_rounds(traces(tmp_path, hard, easy), search)

    chosen = {each["fold"]: (each["limit"], each["lost"]) for each in report["chosen_on_the_others"]}
    assert chosen == {"y, m": ("1", 1.0), "x, m": ("3", 0.0)}


def test_only_traces_whose_rounds_are_searches_of_their_own_count(tmp_path):
    """Neither one round, nor the question again, nor a mere conclusion, nor rounds that got nothing."""
    kept = traces(
        tmp_path, row("12", "a"), row("1", "a"), row("1q", "a"), row(["1", "So it is 2."], "a"), row("12", "")
    )

    assert [trace.queries for trace in kept] == [("1", "2")]
    with pytest.raises(DatasetError, match="No trace"):
        measure_rounds([], search)


def test_nothing_is_lost_where_the_rounds_find_nothing(tmp_path):
    """Then the fewest searches are best."""
    report = measure_rounds(traces(tmp_path, row("12", "a")), search)

    assert by_limit(report, "lost") == [0.0] * len(LIMITS)
    assert report["chosen_on_all"] == "1"
