"""What a new text does to what is remembered: pass, replace, append or delete, decided by rules or by a model.

The operations are those of Bae et al. 2022; what they drop is kept here with its time closed (THEANINE found that
dropping loses what later questions ask for). Of two statements with one subject and a relation that has one object at a
time, the newer closes the older, in whatever order they arrive; two of one moment are a conflict, and both stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hippograph.errors import UnreadableOutput
from hippograph.ports import Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.remembering.records import Memory, Operation
from hippograph.remembering.said import Said
from hippograph.remembering.store import Known
from hippograph.types import DocumentId, ModelRequest

MOST_SHOWN = 8
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "why": {"type": "string"},
        "operation": {"type": "string", "enum": [each.value for each in Operation]},
        "numbers": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["why", "operation", "numbers"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, and why."""

    operation: Operation
    why: str
    closes: tuple[tuple[Known, datetime], ...] = ()
    """The statements that end, and when."""
    closes_memories: tuple[DocumentId, ...] = ()
    """The memories that end as a whole."""
    valid_to: datetime | None = None
    """When the new text itself ended, where something later is known already."""
    closed_by: str = ""
    conflicts: tuple[DocumentId, ...] = ()
    """What says otherwise of the same moment."""


def decide_by_rules(said: Sequence[Said], is_whole: bool, known: Sequence[Known], at: datetime) -> Decision:
    """By subject, relation and object. `is_whole` says that every sentence of the text was read."""
    holding = [each for each in known if not each.said.ends]
    repeated = [new for new in said if not new.ends and any(_holds_same(old, new, at) for old in holding)]
    if said and is_whole and len(repeated) == len(said):
        return Decision(Operation.PASS, f"It is known: {_told(said[0])}.")
    ended = [(old, at) for new in said if new.ends for old in holding if _is_ended(old, new, at)]
    closes, conflicts, later = list(ended), list[DocumentId](), list[Known]()
    for new in said:
        others = [old for old in holding if _differs(old, new)]
        closes += [(old, at) for old in others if old.valid_from < at and _open_at(old, at)]
        conflicts += [old.memory for old in others if old.valid_from == at]
        later += [old for old in (*others, *_ends_of(new, known)) if old.valid_from > at]
    if ended and is_whole and all(new.ends for new in said):
        return Decision(Operation.DELETE, f"It ends: {_told(ended[0][0].said)}.", tuple(closes))
    first = min(later, key=lambda old: old.valid_from, default=None)
    if first is not None and len(said) == 1:
        why = f"Something later is known: {_told(first.said)}."
        operation = Operation.REPLACE if closes else Operation.APPEND
        return Decision(operation, why, tuple(closes), (), first.valid_from, first.memory, tuple(conflicts))
    if closes:
        why = f"It takes the place of: {_told(closes[0][0].said)}."
        return Decision(Operation.REPLACE, why, tuple(closes), conflicts=tuple(conflicts))
    why = (
        "Something else is said of the same moment; both stand."
        if conflicts
        else "Nothing speaks against it."
    )
    return Decision(Operation.APPEND, why, conflicts=tuple(conflicts))


def decide_by_model(text: str, memories: Sequence[Memory], generator: Generator) -> Decision:
    """By a model that is shown the nearest memories. Raises a leaf of GenerationError; it is never guessed instead."""
    shown = list(memories[:MOST_SHOWN])
    lines = [
        f"[{number}] {each.valid_from.date()}: {as_data(each.text)}"
        for number, each in enumerate(shown, start=1)
    ]
    fenced = fence([*lines, f"new: {as_data(text)}"])
    messages = render("memory_operation", material=fenced.text, mark=fenced.mark)
    data = generator.generate(ModelRequest(messages, "remember", SCHEMA)).data
    record = data if isinstance(data, dict) else {}
    try:
        operation = Operation(record.get("operation", ""))
    except ValueError:
        raise UnreadableOutput(f"The reply names no operation but {record.get('operation')!r}.") from None
    numbers = [
        each for each in record.get("numbers") or () if isinstance(each, int) and 1 <= each <= len(shown)
    ]
    why = one_line(str(record.get("why") or "The model gave no reason."))
    closes = tuple(shown[number - 1].id for number in dict.fromkeys(numbers))
    if operation in (Operation.REPLACE, Operation.DELETE) and not closes:
        return Decision(Operation.APPEND, f"The model named nothing to {operation.value}: {why}")
    is_closing = operation in (Operation.REPLACE, Operation.DELETE)
    return Decision(operation, why, closes_memories=closes if is_closing else ())


def _holds_same(old: Known, new: Said, at: datetime) -> bool:
    return old.said.key() == new.key() and old.said.object == new.object and _open_at(old, at)


def _is_ended(old: Known, new: Said, at: datetime) -> bool:
    is_same = old.said.object == new.object or not new.object
    return old.said.key() == new.key() and is_same and old.valid_from <= at and _open_at(old, at)


def _ends_of(new: Said, known: Sequence[Known]) -> list[Known]:
    """What says that the new statement holds no longer: it may have been heard first."""
    same = [old for old in known if old.said.key() == new.key() and old.said.object == new.object]
    return [old for old in same if old.said.ends and not new.ends]


def _differs(old: Known, new: Said) -> bool:
    """Whether both speak of one thing that has one value at a time, and name two."""
    has_one = old.said.is_functional and new.is_functional and not new.ends
    return has_one and old.said.key() == new.key() and old.said.object != new.object


def _open_at(old: Known, at: datetime) -> bool:
    return old.valid_from <= at and (old.valid_to is None or at < old.valid_to)


def _told(said: Said) -> str:
    return f"{said.subject} {said.relation} {said.object}"
