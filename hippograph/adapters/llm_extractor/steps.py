"""Steps: the kinds of calls that extraction is made of, what each sends and how its reply is read.

`entities` then `facts` is the two-call way of HippoRAG (arXiv 2405.14831, section 2.3): facts are told with the
entities in view. `both` asks for the two at once. `missed` asks what is missing from what was found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hippograph.prompts import prompt_hash, render
from hippograph.prompts.fencing import as_data, one_line
from hippograph.text.names import normal_name
from hippograph.text.readings import Reading, read_reading
from hippograph.types import Message, Passage, content_id

Schema = Mapping[str, Any]

EXAMPLE_NAMES = ["Tessel Light", "Garrow Head", "1874", "Ines Holt", "Garrow Salt Company"]
EXAMPLE_FACTS = [
    ["Tessel Light", "is", "lighthouse"],
    ["Tessel Light", "stands on", "Garrow Head"],
    ["Tessel Light", "built in", "1874"],
    ["Tessel Light", "built by", "Ines Holt"],
    ["Ines Holt", "is", "engineer"],
    ["Ines Holt", "has brother who ran", "Garrow Salt Company"],
]
"""Of the invented passage in the prompts."""


class StepName(StrEnum):
    """What a call asks for."""

    ENTITIES = "entities"
    FACTS = "facts"
    BOTH = "both"
    MISSED = "missed"


PROMPTS = {
    StepName.ENTITIES: "extract_entities",
    StepName.FACTS: "extract_facts",
    StepName.BOTH: "extract",
    StepName.MISSED: "extract_missed",
}


NOTHING = Reading()
ENTRY_TOKENS = 16
"""What an entry of a reply takes beside its lists: its number and the names of its keys."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text to be read: a passage, or a part of one that is too long for the model's window."""

    passage: Passage
    text: str
    sentences: tuple[int, int]
    """The first of its sentences, and the one after its last."""
    known: Reading = NOTHING
    """What earlier steps found in the passage."""


@dataclass(frozen=True, slots=True)
class Types:
    """What a user wants found, and nothing else. Empty: anything."""

    entities: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()


class Step:
    """One kind of call."""

    def __init__(self, name: StepName, types: Types) -> None:
        self.name = name
        self._types = types
        self._type_of = {normal_name(each): each for each in types.entities}
        self._relation_of = {normal_name(each): each for each in types.relations}
        self.purpose = "extract" if name is StepName.BOTH else f"extract {name}"
        self.fingerprint = content_id(
            name, prompt_hash(PROMPTS[name]), json.dumps([types.entities, types.relations])
        )

    @property
    def gives_names(self) -> bool:
        """Whether the reply lists entities."""
        return self.name is not StepName.FACTS

    @property
    def gives_facts(self) -> bool:
        """Whether the reply lists facts."""
        return self.name is not StepName.ENTITIES

    def messages(self, pieces: Sequence[Piece]) -> tuple[Message, ...]:
        """The conversation that asks for these pieces, numbered from 1."""
        passages = "\n".join(self.block(number, piece) for number, piece in enumerate(pieces, start=1))
        turns = render(PROMPTS[self.name], **self._places(), passages=passages)
        # The example shows things of all types: beside a list of the types wanted it would mislead.
        return (turns[0], turns[-1]) if self._types != Types() else turns

    def block(self, number: int, piece: Piece) -> str:
        """A piece as the model sees it: data between marks."""
        about = one_line(piece.passage.context()).replace('"', "'")
        passage = _marked("passage", piece.text, number, f' about="{as_data(about)}"' if about else "")
        if self.name is StepName.FACTS:
            return f"{passage}\n{_marked('entities', _listed(piece.known.names), number)}"
        if self.name is StepName.MISSED:
            found = f"{_listed(piece.known.names)}\n{_listed(piece.known.facts)}"
            return f"{passage}\n{_marked('found', found, number)}"
        return passage

    def schema(self) -> Schema:
        """The JSON schema of a reply. Arity of facts is left to the reader: one bad fact loses no other."""
        text = {"type": "string"}
        properties: dict[str, Any] = {"number": {"type": "integer"}}
        if self.gives_names:
            kinds = {"type": "string", "enum": list(self._types.entities)}
            properties["entities"] = _list_of(
                _record({"name": text, "type": kinds}) if self._types.entities else text
            )
        if self.gives_facts:
            relation = {"type": "string", "enum": list(self._types.relations)}
            properties["facts"] = _list_of(
                _record({"subject": text, "relation": relation, "object": text})
                if self._types.relations
                else _list_of(text)
            )
        return _record({"passages": _list_of(_record(properties))})

    def read(self, data: Any, count: int) -> dict[int, Reading]:
        """What a reply says of each of its pieces, by place from 0.

        An entry counts for the piece whose number it carries, and only if it is the one entry that does. With a
        single piece the number may be missing or wrong. A piece without an entry is missing from the result.
        """
        entries = _entries(data)
        if count == 1 and len(entries) == 1:
            return {0: self._read_entry(entries[0])}
        found: dict[int, list[Mapping[str, Any]]] = {}
        for entry in entries:
            found.setdefault(_number(entry) - 1, []).append(entry)
        return {
            place: self._read_entry(same[0])
            for place, same in found.items()
            if len(same) == 1 and 0 <= place < count
        }

    def expected_reply_tokens(self, piece_tokens: int) -> int:
        """About how many tokens the reply for a piece takes.

        Fitted to GPT-3.5's entities and triples of 1,890 Wikipedia paragraphs of 108 tokens on average, written
        as JSON: 23 + 0.23 t and 64 + 0.79 t tokens. A second look is expected to bring a third of a first.
        """
        names, facts = 23 + 0.23 * piece_tokens, 64 + 0.79 * piece_tokens
        share = 0.33 if self.name is StepName.MISSED else 1.0
        return round(share * (names * self.gives_names + facts * self.gives_facts)) + ENTRY_TOKENS

    def _places(self) -> dict[str, str]:
        names = _listed(EXAMPLE_NAMES)
        facts = _listed(EXAMPLE_FACTS)
        name_form = '[{"name": "...", "type": "..."}]' if self._types.entities else '["..."]'
        fact_form = (
            '[{"subject": "...", "relation": "...", "object": "..."}]'
            if self._types.relations
            else '[["subject", "relation", "object"]]'
        )
        types = {"types": self._wanted()}
        if self.name is StepName.ENTITIES:
            return {**types, "form": name_form, "example": names}
        if self.name is StepName.FACTS:
            return {**types, "form": fact_form, "example": facts}
        forms = {**types, "entity_form": name_form, "fact_form": fact_form}
        if self.name is StepName.MISSED:
            return forms
        return {**forms, "entity_example": names, "fact_example": facts}

    def _wanted(self) -> str:
        """The line that says what types are wanted; empty where any are."""
        lines = []
        if self._types.entities and self.gives_names:
            lines.append(
                f"- Only things of these types, each with its type: {_spoken(self._types.entities)}."
            )
        if self._types.relations and self.gives_facts:
            lines.append(f"- Only these relations, written so: {_spoken(self._types.relations)}.")
        return "".join(f"\n{line}" for line in lines)

    def _read_entry(self, entry: Mapping[str, Any]) -> Reading:
        names = entry.get("entities") if self.gives_names else None
        facts = entry.get("facts", entry.get("triples")) if self.gives_facts else None
        unwanted = 0
        if self._types.entities and isinstance(names, list):
            wanted = [
                item
                for item in names
                if isinstance(item, Mapping) and _is_one(item.get("type"), self._type_of)
            ]
            names, unwanted = wanted, len(names) - len(wanted)
        reading = read_reading(names, facts)
        kept = reading.facts
        if self._types.relations:
            spelled = [(s, self._relation_of.get(normal_name(r), ""), o) for s, r, o in kept]
            kept = tuple(fact for fact in spelled if fact[1])
        return Reading(reading.names, kept, reading.dropped + unwanted + len(reading.facts) - len(kept))


def within_types(reading: Reading, types: Types) -> Reading:
    """Facts whose two ends are of the wanted types: among the entities, which are only those."""
    if not types.entities:
        return reading
    known = {normal_name(name) for name in reading.names}
    kept = tuple(f for f in reading.facts if normal_name(f[0]) in known and normal_name(f[2]) in known)
    return Reading(reading.names, kept, reading.dropped + len(reading.facts) - len(kept))


def _marked(tag: str, text: str, number: int, more: str = "") -> str:
    """A text between marks that it cannot close, open or forge."""
    lines = "\n".join(as_data(line) for line in text.split("\n"))
    return f'<{tag} number="{number}"{more}>\n{lines}\n</{tag}>'


def _entries(data: Any) -> list[Mapping[str, Any]]:
    """The entries of a reply, in the shapes that models give them."""
    if isinstance(data, Mapping):
        inner = data.get("passages")
        data = [data] if inner is None and ("entities" in data or "facts" in data) else inner
        data = [data] if isinstance(data, Mapping) else data
    return [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []


def _number(entry: Mapping[str, Any]) -> int:
    """The number an entry carries; 0, which no piece has, where it carries none."""
    value = entry.get("number")
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 9:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _is_one(value: Any, wanted: Mapping[str, str]) -> bool:
    return isinstance(value, str) and normal_name(value) in wanted


def _listed(items: Any) -> str:
    return json.dumps(items, ensure_ascii=False)


def _spoken(items: Sequence[str]) -> str:
    return ", ".join(items)


def _list_of(item: Any) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _record(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A closed object that requires all it names, as OpenAI's strict mode demands."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
