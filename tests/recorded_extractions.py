"""A model that reads: it answers the prompts of extraction with what was recorded for each passage, by its text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hippograph.prompts.fencing import as_data
from hippograph.types import ModelRequest

PASSAGE = re.compile(r'<passage number="(\d+)"[^>\n]*>\n(.*?)\n</passage>', re.DOTALL)

Found = tuple[Sequence[Any], Sequence[Any]]
"""Entities and facts."""


@dataclass
class RecordedExtractions:
    """Answers by the text of each passage; one it does not know has no entities and no facts."""

    found: Mapping[str, Found]
    known: dict[str, Found] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {shown(text): found for text, found in self.found.items()}

    @classmethod
    def of_dataset(cls, folder: Path) -> RecordedExtractions:
        """Those of a data set: `corpus.jsonl` and the entities and triples of every row in `openie_gpt35.jsonl`."""
        rows = {row["id"]: row for row in _rows(folder / "openie_gpt35.jsonl")}
        corpus = _rows(folder / "corpus.jsonl")
        return cls({row["text"]: (rows[row["id"]]["entities"], rows[row["id"]]["triples"]) for row in corpus})

    def __call__(self, request: ModelRequest) -> dict[str, Any]:
        """The data of a reply, for a scripted generator."""
        assert request.schema is not None
        return self.reply(request.messages[-1].content, request.schema)

    def answer(self, body: Mapping[str, Any]) -> str:
        """The text of a reply, for a model server: from the body of a chat request."""
        wanted = body.get("response_format", {}).get("json_schema", {}).get("schema")
        # One that is asked again is told what was wrong in a message of its own.
        asked = [m["content"] for m in body["messages"] if m["role"] == "user" and "<passage" in m["content"]]
        return json.dumps(self.reply(asked[-1], wanted), ensure_ascii=False)

    def reply(self, asked: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        """An entry for each passage asked, with the lists that the schema wants."""
        return {"passages": [self._entry(int(n), text, schema) for n, text in PASSAGE.findall(asked)]}

    def _entry(self, number: int, text: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        names, facts = self.known.get(text, ((), ()))
        entry = {"number": number, "entities": list(names), "facts": [list(fact) for fact in facts]}
        if schema is None:
            return entry
        wanted = schema["properties"]["passages"]["items"]["properties"]
        return {name: value for name, value in entry.items() if name in wanted}


def shown(text: str) -> str:
    """A passage's text as the prompts show it."""
    return "\n".join(as_data(line) for line in text.split("\n"))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
