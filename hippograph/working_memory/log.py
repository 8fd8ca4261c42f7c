"""The refresh log: what entered and left a working memory and what became of each sentence; and its replay.

From the log alone, without an index or a model, an answer can be told again: which units it was written from, sentence
by sentence, and how it came to be. A log that does not add up is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hippograph.errors import HippographError
from hippograph.generation.cited import composed
from hippograph.types import (
    CheckedClaim,
    Citation,
    CitedSentence,
    MemoryUnit,
    Quote,
    Refresh,
    RefreshKind,
)


class LogDamaged(HippographError):
    """A refresh log does not add up: something leaves that never entered, or is accepted that was never written."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An answer told again from its log."""

    sentences: tuple[CitedSentence, ...]
    removed: tuple[str, ...]
    """The sentences that were taken out, in order; one that was written twice stands there twice."""
    units: tuple[tuple[MemoryUnit, ...], ...]
    """What was held when each accepted sentence was written."""
    held: tuple[MemoryUnit, ...]
    """What was held at the end."""

    def text(self) -> str:
        """The sentences with the numbers of their citations."""
        return composed(self.sentences)


def replay(log: Iterable[Refresh], capacity: int | None = None) -> Replayed:
    """Tell an answer again from its log. Raises LogDamaged where a line contradicts those before it.

    With a capacity, a memory that held more at any time is refused too.
    """
    held: dict[str, MemoryUnit] = {}
    at_writing: dict[str, tuple[MemoryUnit, ...]] = {}
    waiting: list[str] = []
    accepted: list[CitedSentence] = []
    removed: list[str] = []
    units: list[tuple[MemoryUnit, ...]] = []
    for line in log:
        if line.unit is not None:
            _move(line.kind, line.unit, held)
        elif line.kind is RefreshKind.WRITTEN and line.sentence:
            if capacity is not None and len(held) > capacity:
                raise LogDamaged(
                    f"At step {line.step} {len(held)} units were held; there is room for {capacity}."
                )
            waiting.append(line.sentence.text)
            at_writing[line.sentence.text] = tuple(held.values())
        elif line.kind in (RefreshKind.ACCEPTED, RefreshKind.REMOVED) and line.sentence:
            if line.sentence.text not in waiting:
                raise LogDamaged(f"At step {line.step} a sentence is {line.kind} that was never written.")
            waiting.remove(line.sentence.text)
            if line.kind is RefreshKind.ACCEPTED:
                accepted.append(line.sentence)
                units.append(at_writing[line.sentence.text])
            else:
                removed.append(line.sentence.text)
    return Replayed(tuple(accepted), tuple(removed), tuple(units), tuple(held.values()))


def _move(kind: RefreshKind, unit: MemoryUnit, held: dict[str, MemoryUnit]) -> None:
    if kind is RefreshKind.ADMITTED:
        if unit.id in held:
            raise LogDamaged(f"The unit {unit.id} enters a second time.")
        held[unit.id] = unit
        return
    if unit.id not in held:
        raise LogDamaged(f"The unit {unit.id} is {kind}, and was not held.")
    if kind is RefreshKind.EVICTED:
        del held[unit.id]
    else:
        held[unit.id] = unit


def without_passages(claims: Iterable[CheckedClaim]) -> tuple[CheckedClaim, ...]:
    """The verdicts without all the passages that were looked at: the deciding sentence stays."""
    return tuple(replace(each, passages=()) for each in claims)


def log_records(log: Iterable[Refresh]) -> list[dict[str, Any]]:
    """A log as JSON; `read_log` reads what is needed to replay it."""
    return [_record(each) for each in log]


def read_log(records: Sequence[Mapping[str, Any]]) -> tuple[Refresh, ...]:
    """A log from its JSON, without the verdicts. Raises LogDamaged for something else."""
    try:
        return tuple(_line(record) for record in records)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LogDamaged(f"This is not a refresh log: {type(error).__name__} {error}.") from error


def _record(line: Refresh) -> dict[str, Any]:
    return {
        "step": line.step,
        "kind": line.kind.value,
        "why": line.why,
        "unit": line.unit and _unit_record(line.unit),
        "sentence": line.sentence and _sentence_record(line.sentence),
        "claims": [
            {
                "text": each.claim.text,
                "verdict": each.verdict.kind.value,
                "why": each.verdict.why,
                "failure": each.failure,
                "citation": each.verdict.citation and _plain(each.verdict.citation),
            }
            for each in line.claims
        ],
    }


def _unit_record(unit: MemoryUnit) -> dict[str, Any]:
    moment = unit.timestamp.isoformat() if unit.timestamp else None
    return {**_plain(unit), "timestamp": moment}


def _sentence_record(sentence: CitedSentence) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "citations": [_plain(each) for each in sentence.citations],
        "quotes": [_plain(each) for each in sentence.quotes],
    }


def _plain(record: Citation | Quote | MemoryUnit) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _line(record: Mapping[str, Any]) -> Refresh:
    unit, sentence = record["unit"], record["sentence"]
    return Refresh(
        step=int(record["step"]),
        kind=RefreshKind(record["kind"]),
        why=str(record["why"]),
        unit=unit and MemoryUnit(**{**unit, "timestamp": _moment(unit["timestamp"])}),
        sentence=sentence and _sentence(sentence),
    )


def _sentence(record: Mapping[str, Any]) -> CitedSentence:
    citations = tuple(Citation(**each) for each in record["citations"])
    return CitedSentence(record["text"], citations, tuple(Quote(**each) for each in record["quotes"]))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
