"""How long a search takes as a generated corpus grows, and what memory a process takes that searches it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.bench.search import QUESTION_LIMIT, measure_search
from eval.datasets import Question
from eval.generated import generate_questions
from eval.generated_index import generated_folder, searching_settings, write_generated_index
from eval.indexes import Progress
from eval.retrieval import Asked, Searcher, embed_each
from hippograph.graph.push import compiler
from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.storage.manifest import read_manifest

SIZES = (10_000, 100_000, 1_000_000)
FIRST = 10
"""Among how many passages the document asked about is to be."""
VECTOR_FILES = (".vectors", ".nearest.")
"""What the names of files with vectors, and with their clusters, hold."""


def measure_search_of_sizes(sizes: Sequence[int], method: str, progress: Progress) -> dict[str, Any]:
    """Milliseconds without embedding the question, sizes taking turns; the indexes are kept in the user's cache.

    Beside them stands how often the document asked about is among the first ten passages, and what a process of its
    own takes that asks the same questions: its own memory and the pages of files that it touched, over the bytes of
    the vectors that it maps.
    """
    settings = searching_settings(Settings.load())
    searchers, asked = {}, {}
    for size in sizes:
        folder = generated_folder(size, settings)
        parts = write_generated_index(folder, size, settings, _told_of(size, progress))
        searchers[str(size)] = _open(folder, settings, parts)
        asked[str(size)] = _questions(size, parts)
    compiler().wait()
    report = measure_search(searchers, asked, method)
    rows = []
    for size, row in zip(sizes, report["datasets"], strict=True):
        del row["dataset"]
        found = _found(searchers[str(size)], asked[str(size)], method)
        memory = _memory_of_a_reader(generated_folder(size, settings), size, settings, method)
        rows.append({"passages": size, **row, f"found@{FIRST}": found, **memory})
    return {**report, "datasets": rows}


def _open(folder: Path, settings: Settings, parts: Parts) -> Searcher:
    from hippograph import Hippograph

    return Hippograph.open(folder, settings=settings, parts=parts)


def _questions(size: int, parts: Parts) -> list[Asked]:
    questions = [
        Question(str(number), text, (), (document,))
        for number, (text, document) in enumerate(generate_questions(size, min(size, QUESTION_LIMIT)))
    ]
    return embed_each(questions, parts.embedder)


def _found(searcher: Searcher, asked: Sequence[Asked], method: str) -> float:
    """The share of questions whose document is among the first passages."""
    found = 0
    for one in asked:
        result = searcher.search_vector(one.question.text, one.vector, FIRST, method)
        found += one.question.gold[0] in {each.passage.document for each in result.passages}
    return round(found / len(asked), 3)


def _memory_of_a_reader(folder: Path, size: int, settings: Settings, method: str) -> dict[str, float]:
    lengths = read_manifest(folder).lengths
    vectors = sum(
        length for name, length in lengths.items() if any(part in f"{name}." for part in VECTOR_FILES)
    )
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        before, after = pool.apply(_resident_bytes, (str(folder), size, settings, method))
    return {
        "vector_mb": round(vectors / 1e6),
        "reader_mb": round(after / 1e6),
        "reader_to_vectors": round((after - before) / vectors, 3),
    }


def _resident_bytes(folder: str, size: int, settings: Settings, method: str) -> tuple[int, int]:
    """What the process has in memory once its parts are loaded, and after asking: mapped pages included."""
    from eval.generated import generated_parts

    parts = generated_parts(settings)
    asked = _questions(size, parts)
    compiler().wait()
    before = _resident()
    searcher = _open(Path(folder), settings, parts)
    for one in asked:
        searcher.search_vector(one.question.text, one.vector, FIRST, method)
    return before, _resident()


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _told_of(size: int, progress: Progress) -> Progress:
    return lambda step, done, total: progress(f"{size:,}: {step}", done, total)
