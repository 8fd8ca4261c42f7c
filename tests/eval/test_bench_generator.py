"""The benchmark of a generator: arithmetic of its report, and that it runs against a server of its own."""

import json

import pytest

from eval.bench import generator as bench
from eval.bench.startup import BenchError

pytest.importorskip("openai")


def test_the_share_is_calls_a_second_over_the_most_possible():
    """Four at once, each 20 ms: at most 200 a second; never more than that, and never more at once."""
    report = bench.measure_generator(latency_ms=20, at_once=4, rounds=5)

    assert report["calls"] == 20
    assert report["failures"] == 0
    assert report["most_per_second"] == 200
    assert report["peak_at_server"] == 4
    assert 0 < report["share_of_most"] <= 1
    assert report["share_of_most"] == pytest.approx(report["calls_per_second"] / 200, abs=0.001)
    json.dumps(report, allow_nan=False)


def test_without_the_tests_server_the_benchmark_says_so(monkeypatch, tmp_path):
    """An installed package has no tests."""
    monkeypatch.setattr(bench, "REPOSITORY", tmp_path)

    with pytest.raises(BenchError, match="from a clone"):
        bench.measure_generator()
