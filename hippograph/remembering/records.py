"""What is remembered: a text, who said it and when, from when to when it holds, and what ended it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hippograph.types import Document, DocumentId, content_id

PREFIX = "memory:"
"""How the ids of remembered documents begin."""


class Operation(StrEnum):
    """What a new text does to what is remembered (Bae et al. 2022, "Keep Me Updated!", section 4)."""

    PASS = "pass"
    """It says nothing new: what is there stays, and it is not added."""
    REPLACE = "replace"
    """It takes the place of something, whose time is closed."""
    APPEND = "append"
    """Both stand."""
    DELETE = "delete"
    """It ends something and says nothing that holds from now on."""


class Provenance(StrEnum):
    """Where a memory is from."""

    SAID = "said"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Memory:
    """One remembered text."""

    id: DocumentId
    text: str
    source: str
    valid_from: datetime
    valid_to: datetime | None = None
    """From when on it does not hold; None while it does."""
    closed_by: str = ""
    """What ended it: the id of another memory, or the words that did."""
    why: str = ""
    provenance: Provenance = Provenance.SAID
    derived_from: tuple[DocumentId, ...] = ()
    """The documents that a derived memory rests on."""
    speaker: str = ""

    def is_open(self) -> bool:
        """Whether nothing has ended it."""
        return self.valid_to is None

    def holds_at(self, moment: datetime) -> bool:
        """Whether it holds at a moment."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)

    def document(self) -> Document:
        """The document it is in an index: the words as they were said, their moment, and what is known of their end."""
        end = self.valid_to.isoformat() if self.valid_to else ""
        return Document(
            self.id,
            self.source,
            f"{self.speaker}: {self.text}" if self.speaker else self.text,
            uri=f"{PREFIX}//{self.source}/{self.valid_from.date()}{f'..{end[:10]}' if end else ''}",
            timestamp=self.valid_from,
            metadata={
                "provenance": self.provenance.value,
                "valid_from": self.valid_from.isoformat(),
                "valid_to": end,
                "closed_by": self.closed_by,
                "why": self.why,
                "speaker": self.speaker,
                "derived_from": "\n".join(self.derived_from),
            },
        )


def memory_id(text: str, source: str, speaker: str, at: datetime) -> DocumentId:
    """The same words of the same speaker at the same moment are the same memory."""
    return DocumentId(PREFIX + content_id(text, source, speaker, at.isoformat()))


def memory_of(document: Document) -> Memory | None:
    """The memory that a document of an index is; None where it is none."""
    said, known = document.metadata, str(document.metadata.get("provenance", ""))
    is_ours = document.id.startswith(PREFIX) and known in {each.value for each in Provenance}
    if not is_ours or not said.get("valid_from"):
        return None
    speaker, end = str(said.get("speaker", "")), str(said.get("valid_to", ""))
    return Memory(
        id=document.id,
        text=document.text.removeprefix(f"{speaker}: ") if speaker else document.text,
        source=document.title,
        valid_from=datetime.fromisoformat(str(said.get("valid_from"))),
        valid_to=datetime.fromisoformat(end) if end else None,
        closed_by=str(said.get("closed_by", "")),
        why=str(said.get("why", "")),
        provenance=Provenance(known),
        derived_from=tuple(
            DocumentId(each) for each in str(said.get("derived_from") or "").split("\n") if each
        ),
        speaker=speaker,
    )
