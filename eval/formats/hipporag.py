"""The files of HippoRAG's experiments: `NAME.json` with the questions and `NAME_corpus.json` beside it.

The corpus is a list of {title, text}, or in the first release's HotpotQA an object of titles and sentences. Questions
are those of MuSiQue or HotpotQA, or of HippoRAG's own form {question, answer, paragraphs: [{title, text}...]}; gold is
found in the corpus by title and text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.datasets import Dataset, DatasetError, Question
from eval.formats import musique, wiki
from eval.formats.reading import Corpus, field, join_sentences, read_json, rows_of, text_of, texts_of
from hippograph.types import DocumentId

NAME = "HippoRAG"
CORPUS = "_corpus.json"


def pairs_in(folder: Path) -> list[Path]:
    """The files of questions in a folder that have a corpus beside them."""
    return [path for path in sorted(folder.glob("*.json")) if corpus_of(path).is_file()]


def corpus_of(path: Path) -> Path:
    """The corpus beside a file of questions."""
    return path.with_name(path.stem + CORPUS)


def load(path: Path) -> Dataset:
    """The data set of a file of questions and its corpus. Raises DatasetError."""
    corpus = _read_corpus(corpus_of(path))
    rows = rows_of(path)
    questions = tuple(
        _question(row, where, corpus, number) for number, (row, where) in enumerate(rows, start=1)
    )
    return Dataset(path.stem, corpus.documents(), questions)


def _read_corpus(path: Path) -> Corpus:
    found, corpus = read_json(path), Corpus()
    if isinstance(found, dict):
        for title, sentences in found.items():
            corpus.add(title, join_sentences(sentences) if isinstance(sentences, list) else str(sentences))
        return corpus
    for row, where in rows_of(path):
        corpus.add(str(row.get("title") or ""), text_of(row, "text", where))
    return corpus


def _question(row: Mapping[str, Any], where: str, corpus: Corpus, number: int) -> Question:
    id_ = str(row.get("id") or row.get("_id") or f"q{number}")
    return Question(
        id=id_,
        text=text_of(row, "question", where),
        answers=_answers(row),
        gold=tuple(dict.fromkeys(_find(corpus, title, text, where) for title, text in _gold(row, where))),
        type=str(row.get("type") or musique.shape_of(id_)),
    )


def _gold(row: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    """Title and text of each gold paragraph."""
    if "supporting_facts" in row:
        paragraphs = wiki.paragraphs_of(row, where)
        titles = wiki.gold_of(row, where, {title: DocumentId(title) for title, _ in paragraphs})
        return [pair for pair in paragraphs if pair[0] in titles]
    if row.get("answerable") is False or not ({"paragraphs", "contexts"} & row.keys()):
        return []
    return [(title, text) for title, text, is_gold in musique.paragraphs_of(row, where) if is_gold]


def _find(corpus: Corpus, title: str, text: str, where: str) -> DocumentId:
    found = corpus.find(title, text)
    if found is None:
        raise DatasetError(
            f"{where} has the gold paragraph {title!r}, which the corpus beside it does not hold."
        )
    return found


def _answers(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The answers under whichever name they go: `answer`, `gold_ans`, `reference`, or PopQA's `obj`."""
    name = next((name for name in ("answer", "gold_ans", "reference", "obj") if name in row), None)
    if name is None or row.get("answerable") is False:
        return ()
    more = [*texts_of(row.get("answer_aliases")), *texts_of(row.get("o_aliases"))]
    return texts_of([*texts_of(field(row, name, "A question")), *more])
