"""The comparison of two extractions, against numbers worked out by hand."""

import json
import os
from pathlib import Path

import pytest

from eval.extraction import evaluate_extraction, token_f1
from hippograph.types import Extraction, ExtractionFailure, Mention, MentionKind, Triple


class Scripted:
    """Gives prepared results."""

    fingerprint = "scripted"

    def __init__(self, results):
        self.results = results

    def extract(self, passages):
        for passage in passages:
            result = self.results[passage.document]
            yield result(passage.id)


def test_shares_are_what_paper_says(tmp_path):
    """Two of three listed entities, three of five with ends, one of two pairs, one of two of ours."""
    corpus = [{"id": "a", "title": "T", "text": "Text one."}, {"id": "b", "title": "U", "text": "Text two."}]
    silver = [
        {
            "id": "a",
            "entities": ["Ada Byron", "Paris"],
            "triples": [["Ada Byron", "lived in", "Paris"], ["x", "y"]],
        },
        {"id": "b", "entities": ["Rome"], "triples": [["red boat", "in", "the harbour"]]},
    ]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (tmp_path / "openie_gpt35.jsonl").write_text("\n".join(map(json.dumps, silver)))
    ours = Scripted(
        {
            "a": lambda id_: Extraction(
                id_,
                (Mention("The Paris", MentionKind.NAME, 0),),
                (Triple("Ada Byron", "in", "Paris", 0), Triple("harbour", "of", "Ada Byron", 0)),
            ),
            "b": lambda id_: ExtractionFailure(id_, "broken", retryable=False),
        }
    )

    report = evaluate_extraction(tmp_path, ours)

    assert report["entities_found"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["ends_found"] == pytest.approx(2 / 5, abs=1e-4)
    assert report["pairs_found"] == pytest.approx(1 / 2)
    assert report["pairs_matched"] == pytest.approx(1 / 2)
    assert (report["passages"], report["failures"], report["triples_per_passage"]) == (2, 1, 1.0)


@pytest.mark.parametrize(
    ("left", "right", "f1"),
    [({"a": 1, "b": 1}, {"a": 1}, 2 / 3), ({"a": 2}, {"a": 1}, 2 / 3), ({"a": 1}, {"b": 1}, 0.0)],
)
def test_token_f1_counts_shared_tokens(left, right, f1):
    """Twice the shared tokens over all tokens of both."""
    from collections import Counter

    assert token_f1(Counter(left), Counter(right)) == pytest.approx(f1)


@pytest.mark.data
def test_the_rules_keep_their_floor_against_the_model():
    """On the given model's extractions the rules find 0.90 of the entities and 0.55 of the pairs."""
    from hippograph.adapters.rules import RuleExtractor

    root = Path(os.environ.get("HIPPOGRAPH_SHARED", Path(__file__).parents[2].parent / "shared"))
    folder = root / "data" / "musique_train100"
    if not folder.is_dir():
        pytest.skip(f"the evaluation sets are not at {root}")

    report = evaluate_extraction(folder, RuleExtractor())

    assert report["passages"] == 1890
    assert report["failures"] == 0
    assert report["entities_found"] >= 0.90
    assert report["pairs_found"] >= 0.55
