"""Recorded replies: what a real model found in real passages and questions, given to whoever asks about them again.

The passages and their extractions are those of musique_train100, the questions those of hotpot_train100 and
hotpot_dev7405_ner (see the README of the evaluation data). A passage is recognised by its words, however the prompt
puts it, and the reply takes the shape that the request's schema asks for.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Body = Mapping[str, Any]

WINDOW = 5
"""Words in a row by which a text is recognised."""
BLOCK = re.compile(r'<passage number="(\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
WORD = re.compile(r"\w+")
SCHEMA_IN_WORDS = re.compile(r"JSON schema:\n(\{.*\})", re.DOTALL)


@dataclass(frozen=True)
class Recorded:
    """What a model found in one text."""

    text: str
    entities: Sequence[str] = ()
    triples: Sequence[list[str]] = ()

    def within(self, text: str) -> Recorded:
        """What of it stands in a part of the text."""
        known = set(words(text))
        if known.issuperset(words(self.text)):
            return self
        entities = [name for name in self.entities if known.issuperset(words(name))]
        triples = [each for each in self.triples if known.issuperset(words(" ".join(each[:1] + each[2:])))]
        return Recorded(text, entities, triples)


class RecordedReplies:
    """Replies as recorded; what is about no recorded text is answered by `otherwise`."""

    def __init__(self, data: Path, otherwise: Callable[[Body], str] = lambda body: "{}") -> None:
        self._otherwise = otherwise
        self._passages = _Recognised(list(_passages(data / "musique_train100")))
        questions = (
            Recorded(row["question"], row["query_entities_llm"])
            for folder in ("hotpot_train100", "hotpot_dev7405_ner")
            for row in _rows(data / folder / "queries.jsonl")
            if row.get("query_entities_llm")
        )
        self._questions = _Recognised(list(questions))

    def __call__(self, body: Body) -> str:
        """The text of the reply."""
        schema = schema_of(body)
        messages = [str(message["content"]) for message in body["messages"]]
        asked = next((text for text in reversed(messages) if "<passage" in text), messages[-1])
        blocks = [(int(number), text) for number, text in BLOCK.findall(asked)] or [(1, asked)]
        found = [(number, self._passages.find(text), text) for number, text in blocks]
        named = _names(schema)
        if "passages" in named:
            entries = [
                {"number": number, **_filled(recorded.within(text), schema)}
                for number, recorded, text in found
                if recorded is not None
            ]
            return json.dumps({"passages": entries}, ensure_ascii=False)
        recorded = found[0][1] or self._questions.find(asked)
        if recorded is None or not named & {"entities", "named_entities", "facts", "triples"}:
            return self._otherwise(body)
        return json.dumps(_filled(recorded, schema), ensure_ascii=False)


class _Recognised:
    """Texts that are found again by runs of their words."""

    def __init__(self, texts: Sequence[Recorded]) -> None:
        self._texts = list({" ".join(words(each.text)): each for each in reversed(texts)}.values())
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for place, recorded in enumerate(self._texts):
            for window in set(_windows(recorded.text)):
                self._places[window].append(place)

    def find(self, text: str) -> Recorded | None:
        """The recorded text that shares most runs of words with this one; of two, the one that has fewer others."""
        votes = Counter(place for window in set(_windows(text)) for place in self._places.get(window, ()))
        if not votes:
            return None
        return self._texts[max(votes, key=lambda place: (votes[place], -len(self._texts[place].text)))]


def schema_of(body: Body) -> Mapping[str, Any]:
    """The schema a request asks for: in its format, or in words as the lower rungs have it."""
    given = body.get("response_format", {}).get("json_schema", {}).get("schema")
    if given is not None:
        return dict(given)
    for message in reversed(body["messages"]):
        match = SCHEMA_IN_WORDS.search(str(message["content"]))
        if match:
            return dict(json.loads(match.group(1)))
    return {}


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return WORD.findall(text.lower())


def _windows(text: str) -> Iterator[str]:
    found = words(text)
    for start in range(max(1, len(found) - WINDOW + 1)):
        yield " ".join(found[start : start + WINDOW])


def _names(schema: Any) -> set[str]:
    """The names of an object's own properties."""
    return set(schema.get("properties", {})) if isinstance(schema, Mapping) else set()


def _filled(recorded: Recorded, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded entities and triples under the names, and in the form, that the schema has for them."""
    entry = schema.get("properties", {}).get("passages", {}).get("items", schema)
    filled: dict[str, Any] = {}
    for name, part in entry.get("properties", {}).items():
        item = part.get("items", {})
        if name in ("entities", "named_entities"):
            filled[name] = [_entity(each, item) for each in recorded.entities]
        elif name in ("facts", "triples"):
            filled[name] = [_triple(each, item) for each in recorded.triples]
    return filled


def _entity(name: str, item: Mapping[str, Any]) -> Any:
    if item.get("type") != "object":
        return name
    kinds = item["properties"].get("type", {}).get("enum", ["thing"])
    return {"name": name, "type": kinds[0]}


def _triple(triple: list[str], item: Mapping[str, Any]) -> Any:
    if item.get("type") != "object":
        return list(triple)
    return dict(zip(item["properties"], triple, strict=False))


def _passages(folder: Path) -> Iterator[Recorded]:
    rows = zip(_rows(folder / "corpus.jsonl"), _rows(folder / "openie_gpt35.jsonl"), strict=True)
    for passage, found in rows:
        yield Recorded(passage["text"], found["entities"], found["triples"])


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
