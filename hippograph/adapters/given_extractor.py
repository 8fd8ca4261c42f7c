"""Extractions that were made elsewhere, handed out again by passage: of another system, or of an earlier model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hippograph.errors import ExtractionError
from hippograph.ports import Extractor
from hippograph.text.alignment import align
from hippograph.text.readings import Reading, read_reading
from hippograph.types import DocumentId, Extraction, ExtractionFailure, Passage, content_id

RULES_VERSION = 2
"""Raise it whenever the way a reading becomes an extraction changes."""


@dataclass(frozen=True, slots=True)
class GivenReading:
    """What was found in one text, and how to recognise the text: by the document's id, by the text, or by both."""

    reading: Reading
    document: DocumentId | None = None
    text: str | None = None


class GivenExtractor:
    """Gives each passage what was found in it elsewhere.

    A passage is recognised by its text, with or without title and headings, and else by its document's id. One
    that is only a part of the text that was read gets the facts that are its own: an end other than the title
    stands in it. A passage that is the whole text gets every fact. Passages nobody has read go to `fallback`;
    without one they are failures.
    """

    def __init__(self, given: Iterable[GivenReading], fallback: Extractor | None = None) -> None:
        self._by_document: dict[str, GivenReading] = {}
        self._by_text: dict[str, GivenReading] = {}
        self._fallback = fallback
        for each in given:
            if each.document is not None:
                self._by_document[each.document] = _joined(self._by_document.get(each.document), each)
            if each.text is not None:
                key = _key(each.text)
                self._by_text[key] = _joined(self._by_text.get(key), each)
        self.fingerprint = self._fingerprint()

    @classmethod
    def from_file(
        cls, path: Path, fallback: Extractor | None = None, texts: Mapping[str, str] | None = None
    ) -> GivenExtractor:
        """Read a file of extractions: JSON lines {id, entities, triples}, or HippoRAG's OpenIE JSON.

        `texts` are the texts that ids stand for; with them it is known which passages are whole. Raises
        ExtractionError for a file that is neither.
        """
        return cls(read_given(path, texts or {}), fallback)

    def __len__(self) -> int:
        return max(len(self._by_document), len(self._by_text))

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction | ExtractionFailure]:
        """One result a passage, in order."""
        for passage in passages:
            given = self._find(passage)
            if given is not None:
                yield align(passage, given.reading, "given", keep_unfounded=_is_whole(passage, given))
            elif self._fallback is not None:
                yield from self._fallback.extract([passage])
            else:
                yield ExtractionFailure(passage.id, "Nobody has read this passage.", retryable=False)

    def _find(self, passage: Passage) -> GivenReading | None:
        keys = (_key(passage.embedding_text()), _key(passage.text), _key(f"{passage.title}\n{passage.text}"))
        by_text = next((self._by_text[key] for key in keys if key in self._by_text), None)
        return by_text or self._by_document.get(passage.document)

    def _fingerprint(self) -> str:
        rows = [("id", key, each.reading) for key, each in self._by_document.items()]
        rows += [("text", key, each.reading) for key, each in self._by_text.items()]
        content = json.dumps(sorted((kind, key, r.names, r.facts) for kind, key, r in rows))
        beside = f"+{self._fallback.fingerprint}" if self._fallback else ""
        return f"given-{RULES_VERSION}:{content_id(content)}{beside}"


def read_given(path: Path, texts: Mapping[str, str]) -> list[GivenReading]:
    """The readings of a file, by id and by text. Raises ExtractionError naming file and line."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ExtractionError(f"{path} cannot be read: {error}.") from error
    return [_given(row, texts) for row in _rows(path, content)]


def _rows(path: Path, content: str) -> Iterator[Mapping[str, Any]]:
    try:
        whole = json.loads(content)
    except ValueError:
        whole = None
    if isinstance(whole, Mapping) and isinstance(whole.get("docs"), list):
        yield from (row for row in whole["docs"] if isinstance(row, Mapping))
        return
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ExtractionError(f"Line {number} of {path} is not JSON: {error}.") from error
        if not isinstance(row, Mapping) or not ("id" in row or "text" in row or "passage" in row):
            raise ExtractionError(f"Line {number} of {path} has neither an id nor a text.")
        yield row


def _given(row: Mapping[str, Any], texts: Mapping[str, str]) -> GivenReading:
    names = row.get("extracted_entities", row.get("entities"))
    facts = row.get("extracted_triples", row.get("triples"))
    text = row.get("passage", row.get("text"))
    id_ = row.get("id")
    if text is None and id_ is not None:
        text = texts.get(str(id_))
    return GivenReading(
        read_reading(names, facts),
        None if id_ is None else DocumentId(str(id_)),
        text if isinstance(text, str) else None,
    )


def _joined(before: GivenReading | None, given: GivenReading) -> GivenReading:
    """Two readings of one text are one."""
    if before is None:
        return given
    return GivenReading(before.reading + given.reading, given.document, given.text)


def _is_whole(passage: Passage, given: GivenReading) -> bool:
    """Whether the passage is all of what was read."""
    if given.text is None:
        return False
    whole = _key(given.text)
    return whole in (_key(passage.text), _key(f"{passage.title}\n{passage.text}"))


def _key(text: str) -> str:
    return content_id(" ".join(text.split()))
