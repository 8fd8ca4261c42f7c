"""Reading JSON files of others: every complaint names the file, the row and the field."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eval.datasets import DatasetError
from hippograph.types import Document, DocumentId

UNTITLED = "untitled"


def read_json(path: Path) -> Any:
    """A whole JSON file. Raises DatasetError."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text: {error.reason}.") from error
    except ValueError as error:
        raise DatasetError(f"{path} is not JSON: {error}.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error


def rows_of(path: Path) -> list[tuple[Mapping[str, Any], str]]:
    """The objects of a JSON array or of a JSONL file, each with how to call its place in a message."""
    from eval.datasets import read_rows

    if not is_json_document(path):
        return list(read_rows(path))
    found = read_json(path)
    rows = found if isinstance(found, list) else [found]
    placed = [(row, f"Row {number} of {path}") for number, row in enumerate(rows, start=1)]
    for row, where in placed:
        if not isinstance(row, dict):
            raise DatasetError(f"{where} is not a JSON object.")
    return placed


def is_json_document(path: Path) -> bool:
    """Whether the file is one JSON document and not one object a line, whatever its name says."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            first = next((line.strip() for line in lines if line.strip()), "")
            second = next((line.strip() for line in lines if line.strip()), "")
    except (OSError, UnicodeDecodeError):
        return True
    return not (first.startswith("{") and first.endswith("}")) or (
        bool(second) and not second.startswith("{")
    )


def field(row: Mapping[str, Any], name: str, where: str) -> Any:
    """A field that must be there."""
    if row.get(name) is None:
        raise DatasetError(f"{where} has no {name!r}.")
    return row[name]


def text_of(row: Mapping[str, Any], name: str, where: str) -> str:
    """A text that must be there; numbers are taken as they are written."""
    value = field(row, name, where)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DatasetError(f"{where} has no text in {name!r}.")
    return str(value)


def list_of(row: Mapping[str, Any], name: str, where: str) -> list[Any]:
    """A list that must be there."""
    value = field(row, name, where)
    if not isinstance(value, list):
        raise DatasetError(f"{where} has no list in {name!r}.")
    return value


def texts_of(value: object) -> tuple[str, ...]:
    """A text, or a list of texts, each once and none empty.

    >>> texts_of("G. Hall"), texts_of([1843, "1843", ""])
    (('G. Hall',), ('1843',))
    """
    values = value if isinstance(value, list) else [value]
    texts = (str(each).strip() for each in values if isinstance(each, str | int | float))
    return tuple(dict.fromkeys(text for text in texts if text))


class Corpus:
    """Paragraphs gathered into documents: the same title and text, wherever they stand, are one document.

    The first text of a title has the title as its id; further texts are counted: `Ada`, `Ada (2)`.
    """

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._titles: dict[str, list[DocumentId]] = {}
        self._taken: set[DocumentId] = set()

    def add(self, title: str, text: str) -> DocumentId:
        """The document of a paragraph."""
        key = same_text(title, text)
        if key not in self._documents:
            told = self._titles.setdefault(title, [])
            name = title or UNTITLED
            names = itertools.chain([name] if not told else [], (f"{name} ({n})" for n in itertools.count(2)))
            id_ = next(each for each in map(DocumentId, names) if each not in self._taken)
            told.append(id_)
            self._taken.add(id_)
            self._documents[key] = Document(id_, title, text)
        return self._documents[key].id

    def find(self, title: str, text: str) -> DocumentId | None:
        """The document of a paragraph, by title and text, else by a title that only one document has."""
        if found := self._documents.get(same_text(title, text)):
            return found.id
        told = self._titles.get(title, [])
        return told[0] if len(told) == 1 else None

    def documents(self) -> tuple[Document, ...]:
        """All documents in the order they came."""
        return tuple(self._documents.values())


def same_text(title: str, text: str) -> str:
    """Equal for paragraphs that differ in white space at most: sets join sentences differently."""
    return f"{''.join(title.split())}\n{''.join(text.split())}"


def join_sentences(sentences: Iterable[str]) -> str:
    """Sentences as one text; HotpotQA's begin with a space of their own, 2Wiki's do not.

    >>> join_sentences(["Ada wrote.", " Babbage built."]) == join_sentences(["Ada wrote.", "Babbage built."])
    True
    """
    text = ""
    for sentence in sentences:
        text += sentence if not text or sentence[:1].isspace() else f" {sentence}"
    return text.strip()
