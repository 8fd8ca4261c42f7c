"""Readings: what somebody else, a model or another system, found in a text: plain names and facts without places.

Whatever comes from outside is data of unknown shape. Nothing here raises and nothing is evaluated: what cannot be
read as a name or a fact is left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from hippograph.text.names import normal_name

Fact = tuple[str, str, str]
"""Subject, relation, object."""

LONGEST_NAME = 300
"""Characters. A longer one is a sentence, or a model caught in a loop."""
MOST_FACTS = 1000
"""Of one text; a reply with more repeats itself."""

Read = TypeVar("Read")

_SUBJECT = ("subject", "head", "source", "s")
_RELATION = ("relation", "predicate", "relationship", "type", "r", "p")
_OBJECT = ("object", "tail", "target", "o")
_NAME = ("name", "entity", "entity_name", "text")


@dataclass(frozen=True, slots=True)
class Reading:
    """The names and facts found in one text, each once, in the order they were given."""

    names: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    dropped: int = 0
    """How many items had no readable form: wrong arity, empty parts, values that are no text."""

    def __add__(self, other: Reading) -> Reading:
        return Reading(
            tuple(_distinct_names((*self.names, *other.names))),
            tuple(_distinct_facts((*self.facts, *other.facts))),
            self.dropped + other.dropped,
        )

    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not self.names and not self.facts


def read_reading(names: Any, facts: Any) -> Reading:
    """Names and facts out of any two values.

    Numbers stand for their digits; an object that is a list makes one fact an item; objects with keys such as
    `subject`, `relation`, `object` are read as well as lists of three. Doubles count once.

    >>> read_reading(["Ada", 1843, None], [["Ada", "wrote in", 1843], ["Ada", "wrote"]])
    Reading(names=('Ada', '1843'), facts=(('Ada', 'wrote in', '1843'),), dropped=2)
    """
    read_names, dropped_names = _partition(_items(names), lambda item: [_name_of(item)])
    read_facts, dropped_facts = _partition(_items(facts, nested=True), _facts_of)
    dropped = dropped_names + dropped_facts + max(0, len(read_facts) - MOST_FACTS)
    return Reading(
        tuple(_distinct_names(read_names)), tuple(_distinct_facts(read_facts))[:MOST_FACTS], dropped
    )


def read_text(value: Any) -> str:
    """A value as a short text on one line; empty when it is none, or when it names nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        text = " ".join(str(value).split())
    except ValueError:  # an integer of more digits than Python prints
        return ""
    text = text.encode("utf-8", "replace").decode("utf-8")  # halves of surrogate pairs cannot be stored
    return text if len(text) <= LONGEST_NAME and normal_name(text) else ""


def _items(value: Any, nested: bool = False) -> Iterator[Any]:
    """The items of a list; those of a list of facts that was wrapped once too often, where `nested`."""
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        if value is not None:
            yield value
        return
    for item in value:
        if nested and isinstance(item, list | tuple) and item and all(isinstance(i, list) for i in item):
            yield from item
        else:
            yield item


def _partition(items: Iterable[Any], read: Callable[[Any], list[Read]]) -> tuple[list[Read], int]:
    """What can be read, and how many items held nothing that can."""
    kept: list[Read] = []
    dropped = 0
    for item in items:
        found = [one for one in read(item) if one]
        kept += found
        dropped += not found
    return kept, dropped


def _name_of(item: Any) -> str:
    return read_text(_first(item, _NAME) if isinstance(item, Mapping) else item)


def _facts_of(item: Any) -> list[Fact]:
    if isinstance(item, Mapping):
        item = [_first(item, _SUBJECT), _first(item, _RELATION), _first(item, _OBJECT)]
    if not isinstance(item, list | tuple) or len(item) != 3:
        return []
    subject, relation = read_text(item[0]), read_text(item[1])
    objects = item[2] if isinstance(item[2], list | tuple) else [item[2]]
    named = [text for text in map(read_text, objects) if text]
    return [(subject, relation, text) for text in named if subject and relation]


def _first(item: Mapping[Any, Any], keys: Iterable[str]) -> Any:
    return next((item[key] for key in keys if key in item), None)


def _distinct_names(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if (key := normal_name(name)) not in seen:
            seen.add(key)
            yield name


def _distinct_facts(facts: Iterable[Fact]) -> Iterator[Fact]:
    seen: set[tuple[str, ...]] = set()
    for fact in facts:
        key = tuple(normal_name(part) for part in fact)
        if key not in seen and key[0] != key[2]:
            seen.add(key)
            yield fact
