"""What an import brings: documents, what was read in each, and what stays behind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hippograph.adapters.given_extractor import GivenReading
from hippograph.text.readings import Reading, read_reading
from hippograph.types import Document, DocumentId

LONGEST_RELATION = 160
"""Characters; the first sentence of a description becomes a relation if it is no longer."""
LONGEST_TITLE = 150

_SENTENCE_END = re.compile(r"(?<=[.!?。])\s|\n|<SEP>")


@dataclass(frozen=True, slots=True)
class NotCarried:
    """A kind of thing that was there and has no place here."""

    what: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """Documents, one for each text the other system read, and what it found in them."""

    system: str
    path: Path
    documents: tuple[Document, ...]
    readings: tuple[GivenReading, ...]
    not_carried: tuple[NotCarried, ...] = ()

    @property
    def name_count(self) -> int:
        """How many entities were found, counted in each text."""
        return sum(len(each.reading.names) for each in self.readings)

    @property
    def fact_count(self) -> int:
        """How many facts were found."""
        return sum(len(each.reading.facts) for each in self.readings)


@dataclass
class Gathering:
    """An import while it is read."""

    system: str
    path: Path
    documents: dict[str, Document] = field(default_factory=dict)
    names: dict[str, list[Any]] = field(default_factory=dict)
    facts: dict[str, list[Any]] = field(default_factory=dict)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add_text(
        self, key: str, title: str, text: str, uri: str = "", moment: Any = None, **metadata: Any
    ) -> None:
        """A text by its own id there; a blank one is left out."""
        if not text.strip():
            self.leave("texts", "they are blank")
            return
        told = {name: value for name, value in metadata.items() if isinstance(value, str | int | float)}
        self.documents[key] = Document(
            id=DocumentId(f"{self.system}:{key}"),
            title=title,
            text=text,
            uri=uri or f"{self.path}#{key}",
            timestamp=moment_of(moment),
            metadata={"imported_from": self.system, "imported_id": key, **told},
        )

    def add_name(self, key: str, name: Any) -> bool:
        """An entity of a text. Whether the text is known."""
        self.names.setdefault(key, []).append(name)
        return key in self.documents

    def add_fact(self, key: str, subject: Any, relation: Any, object_: Any) -> bool:
        """A fact of a text. Whether the text is known."""
        self.facts.setdefault(key, []).append([subject, relation, object_])
        return key in self.documents

    def leave(self, what: str, why: str, count: int = 1) -> None:
        """Something that is not carried."""
        if count:
            self.left[what, why] += count

    def result(self) -> Imported:
        """What was gathered."""
        readings = []
        for key, document in self.documents.items():
            reading = read_reading(self.names.get(key, []), self.facts.get(key, []))
            self.leave("entities and facts", "they are not a name, or not of three parts", reading.dropped)
            readings.append(GivenReading(_without_count(reading), document.id, document.text))
        left = tuple(NotCarried(what, count, why) for (what, why), count in sorted(self.left.items()))
        return Imported(self.system, self.path, tuple(self.documents.values()), tuple(readings), left)


def relation_of(description: Any, *others: Any) -> str:
    """The words between two things: the first sentence told of them if it is short, else keywords or a label."""
    for value in (description, *others):
        text = _SENTENCE_END.split(str(value).strip(), maxsplit=1)[0].strip().strip('"') if value else ""
        if text and len(text) <= LONGEST_RELATION:
            return text
    return "is related to"


def moment_of(value: Any) -> datetime | None:
    """A moment as tables hold it; None where it is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text_of(row: Mapping[str, Any], *names: str) -> str:
    """The first of some fields that holds text."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def title_and_text(passage: str) -> tuple[str, str]:
    """A passage written as title, newline, text; without a title where its first line is a sentence or long."""
    first, _, rest = passage.partition("\n")
    if rest.strip() and 0 < len(first.strip()) <= LONGEST_TITLE and first.strip()[-1] not in ".!?:;,。":
        return first.strip(), rest.strip()
    return "", passage


def distinct(items: Iterable[str]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(items))


def _without_count(reading: Reading) -> Reading:
    return Reading(reading.names, reading.facts)
