"""The benchmark of extraction by a model: nothing lost, nothing asked twice but what was under way at the kill."""

import json

import pytest

pytest.importorskip("openai")

from eval.bench import extraction_by_model as bench
from eval.datasets import DatasetError

PASSAGES = 120


@pytest.fixture
def dataset(tmp_path):
    """A corpus with what a model found in it."""
    rows, found = [], []
    for n in range(PASSAGES):
        rows.append({"id": str(n), "title": f"Person {n}", "text": f"Person {n} met Guest {n} in Marren."})
        found.append(
            {"id": str(n), "entities": [f"Person {n}"], "triples": [[f"Person {n}", "met", f"Guest {n}"]]}
        )
    folder = tmp_path / "small"
    folder.mkdir()
    for name, lines in (("corpus.jsonl", rows), ("openie_gpt35.jsonl", found)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in lines), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_every_passage_is_extracted_or_quarantined_and_a_second_run_is_free(dataset):
    """With a tenth of the calls going wrong, and a kill half-way."""
    report = bench.measure_extraction_by_model(dataset, faults=0.1, latency_ms=20, at_once=4)

    assert report["passages"] == PASSAGES
    assert report["extracted"] + report["quarantined"] == PASSAGES
    assert (report["lost"], report["left"]) == (0, 0)
    assert sum(report["quarantined_for"].values()) == report["quarantined"]
    assert report["answered_twice"] <= report["at_once"]
    assert (report["cold_calls"], report["warm_calls"], report["journal_calls"]) == (2 * PASSAGES, 0, 0)
    assert 0 < report["share_of_most"] <= 1
    json.dumps(report, allow_nan=False)


def test_a_set_without_recorded_extractions_says_so(dataset):
    """The file is named."""
    (dataset / "openie_gpt35.jsonl").unlink()

    with pytest.raises(DatasetError, match="openie_gpt35"):
        bench.measure_extraction_by_model(dataset, 0.1, 20, 4)
