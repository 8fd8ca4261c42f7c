"""The benchmarks: what they count, and that they say when a command fails."""

import json
import sys

import numpy as np
import pytest

from eval.bench.indexing import TimedEmbedder, measure_indexing
from eval.bench.startup import BenchError, measure_startup, startup_commands
from hippograph.settings import Settings
from hippograph.wiring import build_parts

SETTINGS = Settings.load(models={"embedder": "hashing", "vectors": "numpy", "splitter": "plain"})


def test_a_timed_embedder_gives_the_embedders_own_vectors():
    """And counts every string it was given, and each distinct one once."""
    plain = build_parts(SETTINGS).embedder
    timed = TimedEmbedder(plain)
    vectors = timed.embed_passages(["Ada", "Nile", "Ada"])

    assert np.array_equal(vectors, plain.embed_passages(["Ada", "Nile", "Ada"]))
    assert np.array_equal(timed.embed_query("Ada"), plain.embed_query("Ada"))
    assert (timed.dimension, timed.fingerprint) == (plain.dimension, plain.fingerprint)
    assert (timed.string_count, len(timed.strings)) == (3, 2)
    assert timed.seconds > 0


def test_indexing_embeds_every_distinct_string_once(tmp_path):
    """Two documents that share a sentence and names share their vectors."""
    rows = [
        {"id": "a", "title": "Nile", "text": "The Nile is long. Ada saw the Nile."},
        {"id": "b", "title": "Nile", "text": "The Nile is long. Bob saw the Nile."},
    ]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = measure_indexing(tmp_path, SETTINGS, build_parts(SETTINGS), lambda step, done, total: None)

    assert report["documents"] == 2
    assert report["strings_embedded"] == report["strings_distinct"] > 0
    assert report["seconds"] >= report["embedder_seconds"]
    assert report["ratio"] >= 1


def test_startup_is_measured_in_fresh_processes_beside_pythons_own(monkeypatch):
    """Every command has its seconds, and what lies beyond starting Python."""
    monkeypatch.setattr("eval.bench.startup.startup_commands", lambda index: fake_commands("pass"))
    report = measure_startup(runs=1)

    assert report["seconds"].keys() == {"python", "import"}
    assert report["beyond_python"].keys() == {"import"}


def test_a_command_that_fails_is_not_timed(monkeypatch):
    """A crash is fast, and no result: the message carries what it said last."""
    failing = "raise SystemExit('no index there')"
    monkeypatch.setattr("eval.bench.startup.startup_commands", lambda index: fake_commands(failing))

    with pytest.raises(BenchError, match="'import' failed with exit code 1: no index there"):
        measure_startup(runs=1)


def test_a_search_is_only_timed_on_an_index(tmp_path):
    """Without one there is nothing to search."""
    assert "search" not in startup_commands(None)
    assert str(tmp_path) in startup_commands(tmp_path)["search"]


def fake_commands(script):
    return {"python": [sys.executable, "-c", "pass"], "import": [sys.executable, "-c", script]}
