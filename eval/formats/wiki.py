"""HotpotQA (Yang et al. 2018) and 2WikiMultiHopQA (Ho et al. 2020): a JSON array of questions with their contexts.

    {_id, question, answer, type, level, supporting_facts: [[title, sentence]...], context: [[title, [sentences]]...]}

2Wiki's rows have `evidences` besides. The rows of the Hugging Face copies name titles and sentences in two lists. The
corpus is all contexts together; gold are the paragraphs that a supporting fact names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.datasets import Dataset, DatasetError, Question
from eval.formats.reading import Corpus, field, join_sentences, rows_of, text_of, texts_of
from hippograph.types import DocumentId

HOTPOT = "HotpotQA"
TWO_WIKI = "2WikiMultiHopQA"


def format_of(row: Mapping[str, Any]) -> str | None:
    """Which of the two a row comes from; None from neither."""
    if not {"question", "supporting_facts", "context"} <= row.keys():
        return None
    return TWO_WIKI if {"evidences", "evidences_id"} & row.keys() else HOTPOT


def load(path: Path) -> Dataset:
    """The data set of one file. Raises DatasetError."""
    corpus = Corpus()
    questions = tuple(_question(row, where, corpus) for row, where in rows_of(path))
    return Dataset(path.stem, corpus.documents(), questions)


def gold_of(row: Mapping[str, Any], where: str, ids: Mapping[str, DocumentId]) -> tuple[DocumentId, ...]:
    """The documents that the supporting facts name, each once; `ids` are those of the question's own context."""
    gold = []
    for title in _titles(field(row, "supporting_facts", where), where):
        if title not in ids:
            raise DatasetError(f"{where} has the supporting fact {title!r}, which its context does not hold.")
        gold.append(ids[title])
    return tuple(dict.fromkeys(gold))


def paragraphs_of(row: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    """Title and text of each paragraph of the context."""
    context = field(row, "context", where)
    if isinstance(context, dict):
        pairs: Sequence[Any] = list(zip(context.get("title", []), context.get("sentences", []), strict=False))
    else:
        pairs = context
    try:
        return [(str(title), join_sentences(sentences)) for title, sentences in pairs]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{where} has a context that is no list of titles and sentences.") from error


def _titles(facts: Any, where: str) -> list[str]:
    try:
        return [str(each) for each in (facts["title"] if isinstance(facts, dict) else (f[0] for f in facts))]
    except (TypeError, KeyError, IndexError) as error:
        raise DatasetError(f"{where} has supporting facts that name no titles.") from error


def _question(row: Mapping[str, Any], where: str, corpus: Corpus) -> Question:
    ids = {title: corpus.add(title, text) for title, text in paragraphs_of(row, where)}
    return Question(
        id=text_of(row, "_id" if "_id" in row else "id", where),
        text=text_of(row, "question", where),
        answers=texts_of(row.get("answer")),
        gold=gold_of(row, where, ids),
        type=str(row.get("type") or ""),
    )
