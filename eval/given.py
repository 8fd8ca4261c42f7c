"""What a model once found and comes with a data set: extractions of its passages, names in its questions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eval.datasets import QUESTIONS_FILE, Dataset, read_rows, require_file
from hippograph.adapters.given_extractor import GivenExtractor

RECORDED_NAMES = "query_entities_llm"


def read_extractions(file: Path, folder: Path, dataset: Dataset) -> GivenExtractor:
    """What gives each passage of a data set its facts: from a file, which may be named as one of the set's folder.

    Raises DatasetNotFound, ExtractionError.
    """
    path = file if file.exists() else folder / file
    require_file(path, "it should hold the names and facts found in each document")
    return GivenExtractor.from_file(
        path, texts={document.id: document.text for document in dataset.documents}
    )


def recorded_names(folder: Path) -> Mapping[str, list[str]]:
    """The names that a model found in questions, by the question: where rows of the set's questions hold them."""
    if not (folder / QUESTIONS_FILE).is_file():
        return {}
    return {
        row["question"]: [name for name in row[RECORDED_NAMES] if isinstance(name, str)]
        for row, _ in read_rows(folder / QUESTIONS_FILE)
        if isinstance(row.get(RECORDED_NAMES), list) and isinstance(row.get("question"), str)
    }
