"""Retrieval metrics against arithmetic on paper."""

import math

import pytest

from eval.retrieval_metrics import all_at_k, documents_in_order, ndcg_at_k, recall_at_k, reciprocal_rank

RANKING = ["x", "a", "y", "b", "z", "c"]
GOLD = frozenset({"a", "b", "c"})


def test_a_document_stands_where_its_best_passage_stands():
    """A ranking of passages becomes a ranking of documents in order of first appearance."""
    assert documents_in_order(["d2", "d1", "d2", "d3", "d1"]) == ["d2", "d1", "d3"]


@pytest.mark.parametrize(("k", "recall"), [(1, 0), (2, 1 / 3), (4, 2 / 3), (5, 2 / 3), (6, 1), (100, 1)])
def test_recall_is_the_share_of_gold_in_the_first_k(k, recall):
    """Of the gold a, b, c the ranks 2, 4 and 6 are counted once k reaches them."""
    assert recall_at_k(RANKING, GOLD, k) == pytest.approx(recall)


def test_recall_divides_by_all_gold_even_when_k_is_smaller():
    """With three gold documents the best recall@2 is two thirds."""
    assert recall_at_k(["a", "b"], GOLD, 2) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("k", "found"), [(5, 0), (6, 1)])
def test_all_gold_counts_only_when_none_is_missing(k, found):
    """The last gold document stands at rank 6."""
    assert all_at_k(RANKING, GOLD, k) == found


def test_ndcg_is_the_gain_over_that_of_the_best_order():
    """Ranks 2 and 4 of the first five gain 0.6309 + 0.4307; three gold documents first would gain 2.1309."""
    on_paper = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / 2)

    assert on_paper == pytest.approx(0.49819, abs=1e-5)
    assert ndcg_at_k(RANKING, GOLD, 5) == pytest.approx(on_paper)


def test_ndcg_at_k_compares_with_the_best_that_k_places_can_hold():
    """A first place that is gold is perfect at k = 1, however much gold there is."""
    assert ndcg_at_k(["a", "x"], GOLD, 1) == 1


def test_reciprocal_rank_is_one_over_the_rank_of_the_first_gold():
    """The first gold document stands second."""
    assert reciprocal_rank(RANKING, GOLD) == 0.5
    assert reciprocal_rank(["x", "y"], GOLD) == 0


@pytest.mark.parametrize("metric", [recall_at_k, all_at_k, ndcg_at_k])
def test_a_question_without_gold_has_no_value(metric):
    """Questions without gold are left out, and are never counted as 0 or 1."""
    with pytest.raises(ValueError, match="without gold"):
        metric(RANKING, frozenset(), 5)
