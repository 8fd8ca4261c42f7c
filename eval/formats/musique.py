"""MuSiQue (Trivedi et al. 2022): a question a line, with its twenty paragraphs.

    {id, question, answer, answer_aliases, answerable, paragraphs: [{idx, title, paragraph_text, is_supporting}...]}

The id begins with the shape of the question, such as `2hop` or `3hop1`. The corpus is all paragraphs together. A
question of the full set that is not answerable has neither gold nor answers here: it ought to be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.datasets import Dataset, DatasetError, Question
from eval.formats.reading import Corpus, list_of, rows_of, text_of, texts_of

NAME = "MuSiQue"
UNANSWERABLE = " (unanswerable)"
"""Appended to the id: the full set gives both questions of a pair the same one."""


def is_musique(row: Mapping[str, Any]) -> bool:
    """Whether a row is one of MuSiQue's."""
    return {"question", "paragraphs"} <= row.keys()


def load(path: Path) -> Dataset:
    """The data set of one file. Raises DatasetError."""
    corpus = Corpus()
    questions = tuple(_question(row, where, corpus) for row, where in rows_of(path))
    return Dataset(path.stem, corpus.documents(), questions)


def paragraphs_of(row: Mapping[str, Any], where: str) -> list[tuple[str, str, bool]]:
    """Title, text, and whether it is gold, of each paragraph.

    HippoRAG's own files say `text`, and where they do not say what is gold, all of it is.
    """
    paragraphs = []
    for paragraph in list_of(row, "paragraphs" if "paragraphs" in row else "contexts", where):
        if not isinstance(paragraph, dict):
            raise DatasetError(f"{where} has a paragraph that is no object.")
        text = paragraph.get("paragraph_text", paragraph.get("text"))
        if not isinstance(text, str):
            raise DatasetError(f"{where} has a paragraph without text.")
        paragraphs.append(
            (str(paragraph.get("title") or ""), text, bool(paragraph.get("is_supporting", True)))
        )
    return paragraphs


def shape_of(id_: str) -> str:
    """The shape that an id begins with; empty where it has none.

    >>> shape_of("3hop1__9285_5188_23307"), shape_of("17")
    ('3hop1', '')
    """
    shape, mark, _ = id_.partition("__")
    return shape if mark else ""


def answers_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The answer and its other spellings."""
    aliases = row.get("answer_aliases")
    return texts_of([*texts_of(row.get("answer")), *(aliases if isinstance(aliases, list) else [])])


def _question(row: Mapping[str, Any], where: str, corpus: Corpus) -> Question:
    placed = [(corpus.add(title, text), is_gold) for title, text, is_gold in paragraphs_of(row, where)]
    id_, is_answerable = text_of(row, "id", where), row.get("answerable") is not False
    return Question(
        id=id_ if is_answerable else id_ + UNANSWERABLE,
        text=text_of(row, "question", where),
        answers=answers_of(row) if is_answerable else (),
        gold=tuple(dict.fromkeys(d for d, is_gold in placed if is_gold)) if is_answerable else (),
        type=shape_of(id_),
    )
