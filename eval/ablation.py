"""What each group of signals is worth on sets a ranker has not seen: it is taken out, and everything trained anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.compare import paired_bootstrap
from eval.ranker import CUTS, Candidates, recalls_of_each, train_ranker
from hippograph.retrieval.second_look import Ties

Mute = Callable[[Candidates], Candidates]


def _without_signals(*names: str) -> Mute:
    """Candidates of which these signals say nothing."""

    def mute(candidates: Candidates) -> Candidates:
        kept = {
            name: np.zeros(len(values)) if name.startswith(names) else values
            for name, values in candidates.signals.items()
        }
        return replace(candidates, signals=kept)

    return mute


def _with_ties(change: Callable[[Ties], Ties | None]) -> Mute:
    """Candidates whose ties are changed."""
    return lambda candidates: replace(candidates, ties=candidates.ties and change(candidates.ties))


GROUPS: Mapping[str, Mute] = {
    "the second look": _with_ties(lambda ties: None),
    "second look: what passages are about": _with_ties(
        lambda ties: replace(ties, titles=np.full(len(ties.titles), -1))
    ),
    "second look: shared names": _with_ties(lambda ties: replace(ties, telling=np.zeros(len(ties.telling)))),
    "second look: unexplained words": _with_ties(
        lambda ties: replace(ties, importance=np.zeros(len(ties.importance)))
    ),
    "walks": _without_signals("walk"),
    "sentences": _without_signals("sentence_"),
    "second probes": _without_signals("second", "left_open"),
    "chains": _without_signals("chain", "linked_chain"),
    "links of the first hop": _without_signals("bridge", "pointed_at", "points_back", "linked_chain"),
    "named in the question": _without_signals("named"),
    "words": _without_signals("lexical", "sentence_lexical", "walk_lexical"),
}
"""What can be taken out."""


def measure_ablation(
    sets: Mapping[str, Sequence[Candidates]],
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> list[dict[str, Any]]:
    """A row for each group, set and cut: what its loss does to a ranker trained on the other sets, with an interval."""
    whole = _left_out(sets)
    rows = []
    for done, (group, mute) in enumerate(GROUPS.items(), start=1):
        less = _left_out({name: [mute(each) for each in questions] for name, questions in sets.items()})
        for name in sets:
            for column, cut in enumerate(CUTS):
                told = paired_bootstrap(f"recall@{cut}", whole[name][:, column], less[name][:, column])
                rows.append(
                    {
                        "without": group,
                        "dataset": name,
                        "metric": told.metric,
                        "difference": round(told.difference, 4),
                        "low": round(told.low, 4),
                        "high": round(told.high, 4),
                    }
                )
        progress("taking signals out", done, len(GROUPS))
    return rows


def _left_out(sets: Mapping[str, Sequence[Candidates]]) -> dict[str, npt.NDArray[np.float64]]:
    """The recalls of every question by a ranker trained on the other sets."""
    found = {}
    for name, questions in sets.items():
        ranker = train_ranker([other for key, other in sets.items() if key != name])
        found[name] = recalls_of_each(lambda c, r=ranker: r.scores(c.signals, c.ties), questions)  # type: ignore[misc]
    return found
