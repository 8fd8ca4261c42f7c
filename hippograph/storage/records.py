"""Documents, passages and extractions as JSON text: the one place that knows how records are written down."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from hippograph.types import (
    Document,
    DocumentId,
    Extraction,
    Grade,
    Mention,
    MentionKind,
    Passage,
    PassageId,
    Sentence,
    Triple,
)


def document_to_json(document: Document) -> str:
    """One line of JSON, the same for the same document; its source's mark is kept elsewhere."""
    record = asdict(document)
    del record["mark"]
    record["timestamp"] = document.timestamp.isoformat() if document.timestamp else None
    return _dump(record)


def document_from_json(text: str) -> Document:
    """The inverse of `document_to_json`."""
    record = json.loads(text)
    record["id"] = DocumentId(record["id"])
    record["timestamp"] = datetime.fromisoformat(record["timestamp"]) if record["timestamp"] else None
    return Document(**record)


def split_document(document: Document) -> tuple[str, str]:
    """What is looked up for every result, and the text, which is not: they are kept apart."""
    return document_to_json(replace(document, text="")), document.text


def passage_to_json(passage: Passage) -> str:
    """One line of JSON; sentences as offsets, since their text stands in the passage's."""
    record = {
        "id": passage.id,
        "document": passage.document,
        "title": passage.title,
        "heading": passage.heading,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "position": passage.position,
        "sentences": [[sentence.start, sentence.end] for sentence in passage.sentences],
    }
    return _dump(record)


def passage_from_json(text: str) -> Passage:
    """The inverse of `passage_to_json`."""
    record = json.loads(text)
    base, body = record["start"], record["text"]
    sentences = tuple(
        Sentence(body[start - base : end - base], start, end) for start, end in record["sentences"]
    )
    record["id"], record["document"] = PassageId(record["id"]), DocumentId(record["document"])
    return Passage(**{**record, "sentences": sentences})


def extraction_to_json(extraction: Extraction) -> str:
    """One line of JSON without the passage's id: passages with the same words share it."""
    mentions = [[m.name, m.kind.value, m.sentence] for m in extraction.mentions]
    triples = [
        [t.subject, t.relation, t.object, t.sentence, t.confidence, t.rule] for t in extraction.triples
    ]
    grade = {} if extraction.grade is Grade.LITE else {"grade": extraction.grade.value}
    return _dump({"mentions": mentions, "triples": triples, **grade})


def extraction_from_json(text: str, passage: PassageId) -> Extraction:
    """The inverse of `extraction_to_json`, for a passage with those words."""
    record = json.loads(text)
    mentions = tuple(
        Mention(name, MentionKind(kind), sentence) for name, kind, sentence in record["mentions"]
    )
    triples = tuple(Triple(*fields) for fields in record["triples"])
    return Extraction(passage, mentions, triples, Grade(record.get("grade", Grade.LITE)))


def _dump(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
