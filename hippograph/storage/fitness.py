"""Which sources and documents can be kept: types are hints only, and sources are of many makes."""

from __future__ import annotations

import json
from datetime import datetime

from hippograph.errors import ConnectorError
from hippograph.ports import Connector
from hippograph.types import Document


def writable_name(source: Connector) -> str:
    """What the stage knows a source by. Raises ConnectorError where it is no source, or its name no Unicode."""
    name = getattr(source, "source", None)
    if not isinstance(name, str):
        raise ConnectorError(
            f"A source is a connector, and {type(source).__name__} is none. Make one of connectors."
        )
    if not is_unicode(name):
        raise ConnectorError(f"The name of {name!r} is not valid UTF-8. Rename the folder or file.")
    return name


def checked_document(item: object, source: str) -> Document:
    """What a source gave, where it is a document. Raises ConnectorError where it is none."""
    if isinstance(item, Document):
        return item
    raise ConnectorError(
        f"The source {source!r} gave {type(item).__name__} where a Document is expected. "
        "Make one of each text: Document(id, title, text)."
    )


def flaw_of(document: Document) -> str | None:
    """What keeps a document from being written down; None where nothing does."""
    for name in ("id", "title", "text", "uri", "media_type", "mark"):
        value = getattr(document, name)
        if not isinstance(value, str):
            return f"its {name} is {type(value).__name__} and should be str"
    if not is_unicode(document.id):
        return "its id holds half of a surrogate pair, which is no character; give it another id"
    if not isinstance(document.timestamp, datetime | None):
        return f"its timestamp is {type(document.timestamp).__name__} and should be datetime"
    try:
        json.dumps(dict(document.metadata), sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        return f"its metadata cannot be written as JSON ({error})"
    return None


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8, as the stage's keys are."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
