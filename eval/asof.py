"""What an index says of a date: right values, fresh evidence, no wrongly closed interval, silence before it began."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

from eval.pep_times import HeaderHistory
from hippograph import Hippograph
from hippograph.text.names import normal_name
from hippograph.types import Interval

FIELD = "Status"
TOP = 5
BEYOND = 365
"""Up to so many days after the newest change are asked for, too."""
BEFORE = 3650

Item = TypeVar("Item")
Watch = Callable[[Sequence[Item], str], Iterable[Item]]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A document's number and the moment its field is asked for."""

    number: int
    moment: datetime

    def question(self) -> str:
        """What is asked."""
        return f"What is the {FIELD} of PEP {self.number}?"


def measure_as_of(
    memory: Hippograph, history: HeaderHistory, samples: int, audited: int, seed: int, watch: Watch[Any]
) -> dict[str, Any]:
    """Sampled statuses, freshness of searches, abstention before the beginning, and an audit of closed intervals."""
    chance = random.Random(seed)
    numbers = sorted(number for number, field in history.changes if field == FIELD)
    first = {number: history.first(number) for number in numbers}
    pairs = [_sample(chance, numbers, first, history.last) for _ in range(samples)]
    early = [
        Sampled(number, first[number] - timedelta(days=chance.randint(1, BEFORE)))
        for number in (chance.choice(numbers) for _ in range(audited))
    ]
    right = _right_values(memory, history, pairs, watch)
    fresh = _fresh(memory, history, pairs[: max(1, samples // 4)], watch)
    abstained = [
        memory.ask(each.question(), as_of=each.moment).refusal is not None for each in watch(early, "before")
    ]
    audit = _audit(memory, history, audited, chance, watch)
    return {
        "documents": memory.status().version.document_count,
        "passages": memory.status().version.passage_count,
        "asked": len(pairs),
        "seed": seed,
        **right,
        **fresh,
        "asked_before": len(early),
        "abstained_before": sum(abstained) / len(abstained),
        **audit,
    }


def _sample(
    chance: random.Random, numbers: Sequence[int], first: dict[int, datetime], last: datetime
) -> Sampled:
    number = chance.choice(numbers)
    days = (last - first[number]).days + BEYOND
    return Sampled(number, first[number] + timedelta(days=chance.randrange(days)))


def _right_values(
    memory: Hippograph, history: HeaderHistory, pairs: Sequence[Sampled], watch: Watch[Any]
) -> dict[str, Any]:
    wrong, refused, times = [], 0, []
    for each in watch(pairs, "asking"):
        truth = history.truth(each.number, FIELD, each.moment)
        started = perf_counter()
        answer = memory.ask(each.question(), as_of=each.moment)
        times.append((perf_counter() - started) * 1000)
        if (answer.span or None) != truth:
            refused += answer.refusal is not None
            wrong.append([each.number, each.moment.date().isoformat(), truth, answer.span])
    return {
        "right": 1 - len(wrong) / len(pairs),
        "refused": refused,
        "wrong": wrong[:20],
        "ask_ms_p50": round(median(times), 2),
    }


def _fresh(
    memory: Hippograph, history: HeaderHistory, pairs: Sequence[Sampled], watch: Watch[Any]
) -> dict[str, Any]:
    """Whether the newest document that gives the value in force is among the first passages of a search."""
    hits, times, stale, missed = 0, [], 0, []
    asked = [each for each in pairs if history.truth(each.number, FIELD, each.moment)]
    for each in watch(asked, "searching"):
        truth = history.truth(each.number, FIELD, each.moment)
        started = perf_counter()
        found = memory.search(each.question(), TOP, as_of=each.moment)
        times.append((perf_counter() - started) * 1000)
        newest = max(moment for moment in history.stating(each.number, FIELD) if moment <= each.moment)
        said = [(passage.timestamp, history.value_in(passage.passage.document, FIELD)) for passage in found]
        own = [
            pair
            for passage, pair in zip(found, said, strict=True)
            if passage.passage.title == f"PEP {each.number}"
        ]
        is_hit = (newest, truth) in own
        hits += is_hit
        stale += any(value not in (None, truth) for _, value in own)
        if not is_hit:
            missed.append([each.number, each.moment.date().isoformat()])
    return {
        "searched": len(asked),
        f"fresh@{TOP}": hits / len(asked),
        f"with_outdated@{TOP}": stale / len(asked),
        "not_fresh": missed[:20],
        "search_ms_p50": round(median(times), 2),
    }


def _audit(
    memory: Hippograph, history: HeaderHistory, count: int, chance: random.Random, watch: Watch[Any]
) -> dict[str, Any]:
    """Closed intervals of all header fields, drawn by chance, held against the recorded changes."""
    fields = {normal_name(field): field for _, field in history.changes}
    numbers = sorted({number for number, _ in history.changes})
    closed: list[tuple[int, Interval]] = []
    for number in watch(numbers, "intervals"):
        closed += [
            (number, each)
            for each in memory.history(f"PEP {number}")
            if each.reason and normal_name(each.relation) in fields
        ]
    drawn = chance.sample(closed, min(count, len(closed)))
    wrong = [
        [number, each.relation, each.object, str(each.valid_to), each.reason]
        for number, each in drawn
        if not _is_rightly_closed(history, number, fields[normal_name(each.relation)], each)
    ]
    every = sum(
        not _is_rightly_closed(history, number, fields[normal_name(each.relation)], each)
        for number, each in closed
    )
    return {
        "closed_intervals": len(closed),
        "audited": len(drawn),
        "wrongly_closed": len(wrong),
        "wrongly_closed_of_all": every,
        "wrongly": wrong[:20],
    }


def _is_rightly_closed(history: HeaderHistory, number: int, field: str, interval: Interval) -> bool:
    """Whether the field had the interval's value until just then, and has had another since.

    A value longer than a passage is known as far as the passage goes.
    """
    if interval.valid_to is None or interval.closed_by is None:
        return False
    before = history.truth(number, field, interval.valid_to - timedelta(microseconds=1))
    after = history.truth(number, field, interval.valid_to)
    same = normal_name(interval.object)
    return normal_name(before or "").startswith(same) and normal_name(after or "") != same
