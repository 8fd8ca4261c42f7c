"""Verdicts over claims whose truth is known: balanced accuracy, confusion, and what was replaced.

Three sets are made from one index. `substituted`: a true statement and the same with one entity replaced by another of
its type from elsewhere in the corpus. `near`: the replacement comes from the same passage, so that the sources hold
every word of the false statement too. `unsourced`: the statements of the first set with their own document hidden, of
which nothing can be said.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.claim_pairs import Pair, make_pairs
from eval.compare import RESAMPLES
from hippograph.checking import Memory, check_text
from hippograph.ports import Verifier
from hippograph.published import PublishedIndex
from hippograph.settings import CheckSettings
from hippograph.types import RankedPassage, VerdictKind

SUPPORTED, REFUTED, UNSURE = VerdictKind.SUPPORTED, VerdictKind.REFUTED, VerdictKind.NOT_ENOUGH_EVIDENCE
SIDE_SHARE = 5
"""The near and the unsourced set are one fifth of the pairs each."""

Watch = Callable[[Sequence[Pair], str], Iterable[Pair]]


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """What a verifier made of both statements of a pair."""

    pair: Pair
    true: VerdictKind
    false: VerdictKind
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Hiding:
    """A memory that does not find one document."""

    memory: Memory
    document: str

    @property
    def index(self) -> PublishedIndex:
        """The opened version, whole."""
        return self.memory.index

    def search(self, question: str, k: int = 5, method: str | None = None) -> list[RankedPassage]:
        """The k passages that answer best, without the document's own."""
        found = self.memory.search(question, 2 * k + 10, method)
        return [each for each in found if each.passage.document != self.document][:k]


def measure_claims(
    name: str,
    memory: Memory,
    verifier: Verifier,
    pairs: int,
    seed: int,
    settings: CheckSettings | None = None,
    watch: Watch = lambda pairs, _: pairs,
) -> dict[str, Any]:
    """The report of one run: so many substituted pairs, and a fifth as many near and unsourced ones.

    `balanced_accuracy` is the mean of the share of true statements that are supported and the share of false ones
    that are refuted; `balanced_accuracy_binary` asks of false ones only that they are not supported, as FActScore
    and VeriScore do. Intervals are bootstrapped over pairs.
    """
    settings = settings or CheckSettings()
    side = max(1, pairs // SIDE_SHARE)
    far = make_pairs(memory.index, pairs, seed)
    near = make_pairs(memory.index, side, seed, is_near=True)
    judged = [judge_pair(pair, memory, verifier, settings) for pair in watch(far, "substituted")]
    judged_near = [judge_pair(pair, memory, verifier, settings) for pair in watch(near, "near")]
    unsourced = [
        judge_pair(pair, Hiding(memory, pair.document), verifier, settings)
        for pair in watch(far[:side], "unsourced")
    ]
    return {
        "dataset": name,
        "verifier": verifier.name,
        "seed": seed,
        **summary(judged, seed),
        "check_ms_p50": round(statistics.median(each.milliseconds for each in judged), 3) if judged else None,
        "by_type": by_type(judged),
        "near": summary(judged_near, seed),
        "unsourced": unsourced_summary(unsourced),
        "per_pair": [_row(each) for each in judged],
    }


def judge_pair(pair: Pair, memory: Memory, verifier: Verifier, settings: CheckSettings) -> JudgedPair:
    """Check both statements of a pair; the time is that of one."""
    start = time.perf_counter()
    true, false = (check_text(text, memory, verifier, settings).verdict() for text in (pair.true, pair.false))
    return JudgedPair(pair, true, false, (time.perf_counter() - start) * 500)


def summary(judged: Sequence[JudgedPair], seed: int) -> dict[str, Any]:
    """Accuracies with their 95 % intervals, and how often each verdict was given."""
    right = np.array([[each.true is SUPPORTED, each.false is REFUTED] for each in judged], dtype=np.float64)
    not_supported = np.array(
        [[each.true is SUPPORTED, each.false is not SUPPORTED] for each in judged], dtype=np.float64
    )
    return {
        "pairs": len(judged),
        "balanced_accuracy": _mean(right),
        "interval": interval(right, seed),
        "balanced_accuracy_binary": _mean(not_supported),
        "interval_binary": interval(not_supported, seed),
        "true_supported": _mean(right[:, :1]) if len(judged) else None,
        "false_refuted": _mean(right[:, 1:]) if len(judged) else None,
        "confusion": confusion(judged),
    }


def interval(right: npt.NDArray[np.float64], seed: int, resamples: int = RESAMPLES) -> list[float] | None:
    """The 95 % interval of balanced accuracy by resampling pairs: `right` is of shape (pairs, 2).

    >>> interval(np.ones((3, 2)), seed=1)
    [1.0, 1.0]
    """
    if not len(right):
        return None
    chance = np.random.default_rng(seed)
    of_pair = right.mean(axis=1)  # both classes are of one size, so the mean of means is the mean
    counts = chance.multinomial(len(of_pair), np.full(len(of_pair), 1 / len(of_pair)), size=resamples)
    low, high = np.quantile(counts @ of_pair / len(of_pair), [0.025, 0.975])
    return [round(float(low), 4), round(float(high), 4)]


def confusion(judged: Iterable[JudgedPair]) -> dict[str, dict[str, int]]:
    """How many true and false statements got each verdict."""
    counts = {truth: Counter({kind.value: 0 for kind in VerdictKind}) for truth in ("true", "false")}
    for each in judged:
        counts["true"][each.true.value] += 1
        counts["false"][each.false.value] += 1
    return {truth: dict(count) for truth, count in counts.items()}


def by_type(judged: Sequence[JudgedPair]) -> dict[str, dict[str, Any]]:
    """The shares for each type of what was replaced; what the statement is about counts apart.

    A sentence says little against another subject of whom it may be true too, so those are refuted less often.
    """
    groups: dict[str, list[JudgedPair]] = {}
    for each in judged:
        groups.setdefault("subject" if each.pair.is_subject else each.pair.type, []).append(each)
    return {
        name: {
            "pairs": len(group),
            "true_supported": _share(sum(each.true is SUPPORTED for each in group), len(group)),
            "false_refuted": _share(sum(each.false is REFUTED for each in group), len(group)),
            "false_supported": _share(sum(each.false is SUPPORTED for each in group), len(group)),
        }
        for name, group in sorted(groups.items())
    }


def unsourced_summary(judged: Sequence[JudgedPair]) -> dict[str, Any]:
    """Of statements whose document is hidden: how many are left open, as they should be."""
    verdicts = Counter(verdict for each in judged for verdict in (each.true, each.false))
    return {
        "statements": verdicts.total(),
        "left_open": _share(verdicts[UNSURE], verdicts.total()),
        "supported": _share(verdicts[SUPPORTED], verdicts.total()),
        "refuted": _share(verdicts[REFUTED], verdicts.total()),
    }


def _row(each: JudgedPair) -> Mapping[str, Any]:
    pair = each.pair
    return {
        "id": pair.id,
        "type": pair.type,
        "is_subject": pair.is_subject,
        "true_supported": int(each.true is SUPPORTED),
        "false_refuted": int(each.false is REFUTED),
        "false_supported": int(each.false is SUPPORTED),
        "details": {"true": pair.true, "replaced": pair.replaced, "replacement": pair.replacement},
    }


def _mean(right: npt.NDArray[np.float64]) -> float | None:
    return round(float(right.mean()), 4) if right.size else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
