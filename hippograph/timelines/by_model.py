"""A model's part in timelines: the relations that rules cannot see, and a timeline retold for a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hippograph.errors import GenerationError
from hippograph.ports import Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.timelines.linking import Related, relate_by_rules
from hippograph.timelines.memories import Memory
from hippograph.types import ModelRequest, Relation, Timeline

LONGEST_MEMORY = 900
"""Characters of a passage that the model is shown."""
LONGEST_WHY = 120
LONGEST_SENTENCE = 400
MOST_SENTENCES = 6

LINKS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "relations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "older": {"type": "integer"},
                    "relation": {"type": "string", "enum": [*(each.value for each in Relation), "none"]},
                    "why": {"type": "string"},
                },
                "required": ["older", "relation", "why"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["relations"],
    "additionalProperties": False,
}
RETOLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "entries": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["text", "entries"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["sentences"],
    "additionalProperties": False,
}


@dataclass(slots=True)
class RelateByModel:
    """Asks a model what older memories are to a newer one, one call a memory; rules stand in where it fails.

    After a call that failed it is not asked again: each further one would be waited for.
    """

    generator: Generator
    warnings: list[str] = field(default_factory=list)

    def __call__(self, memory: Memory, older: Sequence[Memory]) -> Related:
        """The relation of each older memory, or None."""
        if not older or self.warnings:
            return relate_by_rules(memory, older)
        lines = [f"[{number}] older, {told(each)}" for number, each in enumerate(older, start=1)]
        fenced = fence([*lines, f"newer, {told(memory)}"])
        request = ModelRequest(
            render("link_memories", mark=fenced.mark, data=fenced.text), "link_memories", LINKS
        )
        try:
            return _relations(self.generator.generate(request).data, len(older))
        except GenerationError as error:
            self.warnings.append(f"Memories were linked by rules, as a call failed: {error}")
            return relate_by_rules(memory, older)


def retell(question: str, timeline: Timeline, texts: Sequence[str], generator: Generator) -> Timeline:
    """The timeline with what a model made of it for the question; each sentence names entries that exist.

    Raises a leaf of GenerationError.
    """
    lines = []
    for number, (entry, text) in enumerate(zip(timeline.entries, texts, strict=True), start=1):
        lines.append(f"[{number}] {entry.moment.date().isoformat()}: {as_data(text)[:LONGEST_MEMORY]}")
        if number <= len(timeline.relations):
            lines.append(f"-({timeline.relations[number - 1].value})-> memory {number + 1}")
    asked = one_line(question)
    fenced = fence(lines, asked)
    messages = render("refine_timeline", question=asked, mark=fenced.mark, data=fenced.text)
    data = generator.generate(ModelRequest(messages, "refine_timeline", RETOLD)).data
    rows = data.get("sentences") if isinstance(data, dict) else None
    kept = [line for row in (rows or [])[:MOST_SENTENCES] if (line := _sentence(row, len(timeline.entries)))]
    return replace(timeline, refined=" ".join(kept))


def told(memory: Memory) -> str:
    """A memory on one line, with its date."""
    return f"{memory.moment.date().isoformat()}: {as_data(memory.passage.text)[:LONGEST_MEMORY]}"


def _relations(data: Any, count: int) -> list[tuple[Relation, str] | None]:
    found: list[tuple[Relation, str] | None] = [None] * count
    for row in data.get("relations", []) if isinstance(data, dict) else []:
        place, named = row.get("older"), row.get("relation")
        if isinstance(place, int) and 1 <= place <= count and named in set(Relation):
            found[place - 1] = Relation(named), one_line(str(row.get("why", "")))[:LONGEST_WHY]
    return found


def _sentence(row: Any, count: int) -> str:
    """A retold sentence with the numbers of its entries; empty where it rests on none that is there."""
    if not isinstance(row, dict) or not isinstance(row.get("entries"), list):
        return ""
    numbers = [each for each in row["entries"] if isinstance(each, int) and 1 <= each <= count]
    text = one_line(str(row.get("text", "")))[:LONGEST_SENTENCE]
    return f"{text} [{', '.join(map(str, dict.fromkeys(numbers)))}]" if text and numbers else ""
