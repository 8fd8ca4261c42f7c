"""When searching on should stop: recorded searches of models are replayed, and cut off at several limits.

A limit is a number of stale rounds in a row; a round is stale when it finds no passage that no earlier one found. The
queries are those of the recording (`traces.jsonl`: question, and each round's query with the passages its model was
given), the passages come from our index.
What the recording's model was given in all rounds stands for what is worth finding. A limit is chosen on all traces but
those of one data set and model, and judged on these: so no trace has a say in the limit that it is measured with.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.datasets import DatasetError, read_rows, require_file
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.generation.ircot import is_pure_reasoning
from hippograph.generation.pool import same_words
from hippograph.generation.refine import refine_and_pool
from hippograph.types import ModelRequest, RankedPassage

TRACES_FILE = "traces.jsonl"
LIMITS = (1, 2, 3, None)
"""Stale rounds in a row after which a search ends; None: it goes on to its end."""
MOST_LOST = 0.1
"""Of what the rounds after the question's own found without a limit, so much may be lost for fewer searches."""
FOUND_BY_A_SEARCH = 5

Search = Callable[[str], Sequence[RankedPassage]]


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded search."""

    fold: str
    question: str
    queries: tuple[str, ...]
    wanted: frozenset[str]
    """The documents that its model was given."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one trace at one limit."""

    searches: int
    recall: float
    first_recall: float
    """Of the question's own search."""


def read_traces(folder: Path) -> list[Trace]:
    """The traces of two rounds or more in which every round is a search of its own. Raises DatasetNotFound."""
    path = folder / TRACES_FILE
    require_file(path, "it holds the rounds of recorded searches")
    return [trace for row, _ in read_rows(path) if (trace := _trace(row)) is not None]


def measure_rounds(
    traces: Sequence[Trace],
    search: Search,
    watch: Callable[[Sequence[Trace], str], Any] = lambda traces, _: traces,
) -> dict[str, Any]:
    """Searches made and documents found by fold and limit, and the limit that the other folds would choose for each.

    Raises DatasetError where there is no trace.
    """
    if not traces:
        raise DatasetError("No trace has two rounds or more.")
    found: dict[str, dict[int | None, list[Replayed]]] = defaultdict(lambda: defaultdict(list))
    for trace in watch(traces, "replay"):
        for limit in LIMITS:
            found[trace.fold][limit].append(_replayed(trace, search, limit))
    folds = sorted(found)
    rows = [row for fold in folds for row in _rows(fold, found[fold])]
    everything = {limit: [each for fold in folds for each in found[fold][limit]] for limit in LIMITS}
    chosen = []
    for fold in folds:
        others = {
            limit: [x for other in folds if other != fold for x in found[other][limit]] for limit in LIMITS
        }
        if others[None]:
            limit = choose_limit(others)
            chosen.append({"fold": fold, "limit": _named(limit), "lost": lost_share(found[fold], limit)})
    return {
        "traces": len(traces),
        "rows": [*rows, *_rows("all", everything)],
        "chosen_on_the_others": chosen,
        "chosen_on_all": _named(choose_limit(everything)),
    }


def choose_limit(by_limit: Mapping[int | None, Sequence[Replayed]]) -> int | None:
    """The smallest limit that loses no more than is worth it."""
    return next(limit for limit in LIMITS if lost_share(by_limit, limit) <= MOST_LOST)


def lost_share(by_limit: Mapping[int | None, Sequence[Replayed]], limit: int | None) -> float:
    """The share of what all rounds found beyond the question's own search that is lost by stopping at a limit."""
    first, whole = _mean(by_limit[None], "first_recall"), _mean(by_limit[None], "recall")
    return round((whole - _mean(by_limit[limit], "recall")) / (whole - first), 4) if whole > first else 0.0


def _replayed(trace: Trace, search: Search, limit: int | None) -> Replayed:
    left = list(trace.queries)

    def reply(request: ModelRequest) -> Mapping[str, Any]:
        return {"enough": not left, "queries": [left.pop(0)] if left else []}

    model = ScriptedGenerator(reply, context_tokens=1_000_000)
    hops = len(trace.queries) + 1
    pool = refine_and_pool(trace.question, search, model, hops, most_stale_rounds=limit or hops)
    first = {each.passage.document for each in search(trace.question)}
    reached = {each.passage.document for each in pool.passages}
    total = len(trace.wanted)
    return Replayed(
        1 + len(pool.queries()), len(trace.wanted & reached) / total, len(trace.wanted & first) / total
    )


def _trace(row: Mapping[str, Any]) -> Trace | None:
    queries = tuple(each["query"] for each in row["rounds"])
    wanted = frozenset(name for each in row["rounds"] for name in each["doc_ids"])
    asked = [same_words(text) for text in (row["question"], *queries)]
    is_own = len(set(asked)) == len(asked) and not any(map(is_pure_reasoning, queries))
    if len(queries) < 2 or not wanted or not is_own:
        return None
    return Trace(f"{row['dataset']}, {row['model']}", row["question"], queries, wanted)


def _rows(fold: str, by_limit: Mapping[int | None, Sequence[Replayed]]) -> Iterator[dict[str, Any]]:
    for limit in LIMITS:
        yield {
            "fold": fold,
            "traces": len(by_limit[limit]),
            "stale_rounds": _named(limit),
            "searches": round(_mean(by_limit[limit], "searches"), 3),
            "recall": round(_mean(by_limit[limit], "recall"), 4),
            "first_recall": round(_mean(by_limit[limit], "first_recall"), 4),
            "lost": lost_share(by_limit, limit),
        }


def _named(limit: int | None) -> str:
    return "no limit" if limit is None else str(limit)


def _mean(replayed: Sequence[Replayed], name: str) -> float:
    return statistics.fmean(getattr(each, name) for each in replayed)
