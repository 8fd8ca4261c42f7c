"""Data sets: a corpus, questions over it, and which of its documents answer them.

A data set is a folder with `corpus.jsonl` {id, title, text, timestamp?} and `queries.jsonl`
{id, question, answers, gold_ids, type?}. Gold ids name corpus rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.moments import parse_moment
from hippograph.errors import HippographError
from hippograph.types import Document, DocumentId, SourceFailure, content_id

CORPUS_FILE = "corpus.jsonl"
QUESTIONS_FILE = "queries.jsonl"
CORPUS_FOLDER = "corpus"
FILES_QUESTIONS = "questions.jsonl"

NO_ANSWER = frozenset({"insufficient information", "no answer", "unanswerable", "unknown", "n/a", "none"})
"""What data sets write in place of an answer when their corpus holds none."""


class DatasetError(HippographError):
    """A file of a data set cannot be read as what it should be."""


class DatasetNotFound(DatasetError):
    """The folder is not a data set."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the answers that count as right, and the documents that hold them."""

    id: str
    text: str
    answers: tuple[str, ...]
    gold: tuple[DocumentId, ...]
    type: str = ""

    def has_gold(self) -> bool:
        """Whether the data set says where the answer stands."""
        return bool(self.gold)

    def is_unanswerable(self) -> bool:
        """No document answers it, and the data set says so: no gold, and no answer of its own either.

        A question with an answer but without gold is neither answerable nor unanswerable: its gold got lost.
        """
        return not self.gold and all(answer.strip().lower() in NO_ANSWER for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A corpus and the questions over it. Documents and questions stand in the order of their files."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]

    def with_gold(self) -> tuple[Question, ...]:
        """The questions that retrieval is measured on."""
        return tuple(question for question in self.questions if question.has_gold())

    def without_answer(self) -> tuple[Question, ...]:
        """The questions that ought to be refused; they count only where abstention is measured."""
        return tuple(question for question in self.questions if question.is_unanswerable())

    def hash(self) -> str:
        """Changes when a document or a question changes."""
        documents = (document.content_hash() for document in self.documents)
        questions = (json.dumps([q.id, q.text, q.answers, q.gold]) for q in self.questions)
        return content_id(*documents, *questions)


def open_dataset(folder: Path) -> Dataset:
    """The data set of a folder in either form: rows of `corpus.jsonl`, or files in a folder `corpus`.

    Raises DatasetError.
    """
    if (folder / CORPUS_FOLDER).is_dir() and not (folder / CORPUS_FILE).exists():
        return load_dataset_of_files(folder)
    return load_dataset(folder)


def load_dataset_of_files(folder: Path) -> Dataset:
    """A data set whose documents are files below `corpus` and whose questions stand in `questions.jsonl`.

    Gold ids are paths below `corpus`. Raises DatasetError for a file that cannot be read.
    """
    from connectors.folder import FolderConnector

    documents = []
    for item in FolderConnector(folder / CORPUS_FOLDER).documents():
        if isinstance(item, SourceFailure):
            raise DatasetError(f"{item.uri} cannot be measured with: {item.reason}.")
        documents.append(item)
    return make_dataset(folder, tuple(documents), load_questions(folder / FILES_QUESTIONS))


def load_dataset(folder: Path) -> Dataset:
    """The corpus and the questions of a folder. Raises DatasetError naming the file and the line at fault."""
    documents = load_corpus(folder)
    return make_dataset(folder, documents, load_questions(folder / QUESTIONS_FILE))


def make_dataset(folder: Path, documents: tuple[Document, ...], questions: tuple[Question, ...]) -> Dataset:
    """A data set whose gold ids are known to name documents. Raises DatasetError for one that does not."""
    known = {document.id for document in documents}
    for question in questions:
        for gold in question.gold:
            if gold not in known:
                raise DatasetError(
                    f"The question {question.id!r} of {folder} has the gold id {gold!r}, "
                    "which names no document of its corpus."
                )
    return Dataset(folder.resolve().name, documents, questions)


def load_corpus(folder: Path) -> tuple[Document, ...]:
    """The documents of a folder that has a `corpus.jsonl`; the questions may be missing."""
    path = folder / CORPUS_FILE
    documents = tuple(_document(row, where) for row, where in read_rows(path))
    _require_distinct([document.id for document in documents], path)
    if not documents:
        raise DatasetError(f"{path} holds no documents.")
    return documents


def load_questions(path: Path) -> tuple[Question, ...]:
    """The questions of one JSONL file."""
    questions = tuple(_question(row, where) for row, where in read_rows(path))
    _require_distinct([question.id for question in questions], path)
    return questions


def require_file(path: Path, role: str) -> None:
    """Raises DatasetNotFound, saying what the file is for, when it is not there."""
    if not path.is_file():
        raise DatasetNotFound(f"{path} does not exist: {role}.")


def read_rows(path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every object of a JSONL file, and how to call its place in a message. Blank lines are skipped."""
    require_file(path, f"a data set is a folder with {CORPUS_FILE} and {QUESTIONS_FILE}")
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    where = f"Line {number} of {path}"
                    yield _object(line, where), where
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text: {error.reason}.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetError(f"{where} is not JSON: {error}.") from error
    if not isinstance(row, dict):
        raise DatasetError(f"{where} is not a JSON object.")
    return row


def _document(row: Mapping[str, Any], where: str) -> Document:
    timestamp = parse_moment(row.get("timestamp"))
    if timestamp is None and row.get("timestamp"):
        raise DatasetError(f"{where} has a time stamp that is no moment: {row['timestamp']!r}.")
    return Document(
        id=DocumentId(_text(row, "id", where)),
        title=_text(row, "title", where, default=""),
        text=_text(row, "text", where),
        timestamp=timestamp,
    )


def _question(row: Mapping[str, Any], where: str) -> Question:
    gold = dict.fromkeys(_texts(row, "gold_ids", where))  # a gold id written twice is one document
    return Question(
        id=_text(row, "id", where),
        text=_text(row, "question", where),
        answers=tuple(_texts(row, "answers", where)),
        gold=tuple(DocumentId(name) for name in gold),
        type=_text(row, "type", where, default=""),
    )


def _text(row: Mapping[str, Any], field: str, where: str, default: str | None = None) -> str:
    value = row.get(field)
    if value is None:
        value = default
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise DatasetError(f"{where} has no text in {field!r}.")
    return value


def _texts(row: Mapping[str, Any], field: str, where: str) -> list[str]:
    values = row.get(field)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str | int) for value in values):
        raise DatasetError(f"{where} has no list of texts in {field!r}.")
    return [str(value) for value in values]


def _require_distinct(ids: list[Any], path: Path) -> None:
    seen = set()
    for name in ids:
        if name in seen:
            raise DatasetError(f"{path} holds the id {name!r} twice.")
        seen.add(name)
