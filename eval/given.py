"""Extractions that come with a data set: names and facts found by a model, to build an index from without one."""

from __future__ import annotations

from pathlib import Path

from eval.datasets import Dataset, require_file
from hippograph.adapters.given_extractor import GivenExtractor


def read_extractions(file: Path, folder: Path, dataset: Dataset) -> GivenExtractor:
    """What gives each passage of a data set its facts: from a file, which may be named as one of the set's folder.

    Raises DatasetNotFound, ExtractionError.
    """
    path = file if file.exists() else folder / file
    require_file(path, "it should hold the names and facts found in each document")
    return GivenExtractor.from_file(
        path, texts={document.id: document.text for document in dataset.documents}
    )
