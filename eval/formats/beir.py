"""BEIR (Thakur et al. 2021): `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`.

    corpus   {_id, title, text}        queries   {_id, text}        qrels   query-id, corpus-id, score, by tabs

The split is test where there is one, else dev, else train. Only the questions of the split are asked; gold is what has
a score above zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eval.datasets import (
    CORPUS_FILE,
    QUESTIONS_FILE,
    Dataset,
    DatasetError,
    Question,
    make_dataset,
    read_rows,
    require_file,
)
from eval.formats.reading import text_of
from hippograph.types import Document, DocumentId

NAME = "BEIR"
SPLITS = ("test", "dev", "train")


def is_beir(folder: Path) -> bool:
    """Whether the first row of the corpus names itself as BEIR's do."""
    corpus = folder / CORPUS_FILE
    return corpus.is_file() and any("_id" in row for row, _ in _first(corpus))


def load(folder: Path) -> Dataset:
    """The data set of a folder. Raises DatasetError."""
    documents = tuple(
        Document(
            DocumentId(text_of(row, "_id", where)), str(row.get("title") or ""), text_of(row, "text", where)
        )
        for row, where in read_rows(folder / CORPUS_FILE)
    )
    gold = _read_judgements(_split_of(folder))
    questions = tuple(
        Question(id_, text_of(row, "text", where), (), tuple(gold[id_]))
        for row, where in read_rows(folder / QUESTIONS_FILE)
        if (id_ := text_of(row, "_id", where)) in gold
    )
    return make_dataset(folder, documents, questions)


def _split_of(folder: Path) -> Path:
    for split in SPLITS:
        if (path := folder / "qrels" / f"{split}.tsv").is_file():
            return path
    raise DatasetError(f"{folder} has no judgements: qrels/test.tsv, qrels/dev.tsv or qrels/train.tsv.")


def _read_judgements(path: Path) -> dict[str, list[DocumentId]]:
    """The gold of each question of a split."""
    require_file(path, "it says which documents answer which question")
    gold: dict[str, list[DocumentId]] = {}
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    for number, line in enumerate(lines, start=1):
        fields = line.split("\t")
        if not line.strip() or (number == 1 and not _is_number(fields[-1])):
            continue  # the header
        if len(fields) != 3 or not _is_number(fields[2]):
            raise DatasetError(f"Line {number} of {path} is not a question, a document and a score, by tabs.")
        if float(fields[2]) > 0:
            gold.setdefault(fields[0], []).append(DocumentId(fields[1]))
    return gold


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first(path: Path) -> Iterator[tuple[dict[str, object], str]]:
    for row, where in read_rows(path):
        yield dict(row), where
        return
