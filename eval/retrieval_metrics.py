"""How good a ranking of documents is: recall, all gold found, discounted gain, reciprocal rank.

Every metric takes the ranked document ids, best first and each once, and the gold ids, and lies in [0, 1].
A question without gold has no value here: leave it out before.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

Id = TypeVar("Id", bound=str)


def documents_in_order(document_ids: Iterable[Id]) -> list[Id]:
    """A ranking of passages, given by the document each comes from, reduced to a ranking of documents.

    A document stands where its best passage stands.

    >>> documents_in_order(["b", "a", "b", "c"])
    ['b', 'a', 'c']
    """
    return list(dict.fromkeys(document_ids))


def recall_at_k(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """The share of the gold documents that stand in the first k.

    >>> recall_at_k(["a", "x", "b"], ["a", "b"], k=2)
    0.5
    """
    _require_gold(gold)
    return len(set(gold).intersection(ranking[:k])) / len(set(gold))


def all_at_k(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """1 when every gold document stands in the first k, else 0: what a chain of hops needs.

    >>> all_at_k(["a", "x", "b"], {"a", "b"}, k=3)
    1.0
    """
    _require_gold(gold)
    return float(set(gold).issubset(ranking[:k]))


def ndcg_at_k(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """Discounted gain of the gold in the first k, over that of the best order there is.

    A gold document at rank r gains 1 / log2(r + 1) (Järvelin and Kekäläinen 2002, with binary gains).

    >>> ndcg_at_k(["x", "a"], {"a"}, k=2) == 1 / math.log2(3)
    True
    """
    _require_gold(gold)
    gain = sum(_discount(rank) for rank, name in enumerate(ranking[:k], start=1) if name in gold)
    best = sum(_discount(rank) for rank in range(1, min(k, len(set(gold))) + 1))
    return gain / best


def reciprocal_rank(ranking: Sequence[str], gold: Collection[str]) -> float:
    """One over the rank of the first gold document; 0 when there is none.

    >>> reciprocal_rank(["x", "a"], {"a"})
    0.5
    """
    _require_gold(gold)
    return next((1 / rank for rank, name in enumerate(ranking, start=1) if name in gold), 0.0)


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def _require_gold(gold: Collection[str]) -> None:
    if not gold:
        raise ValueError("A question without gold has no recall: leave it out before measuring.")
