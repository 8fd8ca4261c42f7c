"""Loaders: a data set in whatever public format it comes, recognised by its content.

hippograph        a folder with corpus.jsonl and queries.jsonl, or with files below `corpus` and questions.jsonl
BEIR              a folder with corpus.jsonl, queries.jsonl and qrels/
HippoRAG          NAME.json with NAME_corpus.json beside it; or a folder with one such pair
HotpotQA, 2WikiMultiHopQA, MuSiQue, LoCoMo      a file; or a folder with only that
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import CORPUS_FILE, CORPUS_FOLDER, Dataset, DatasetError, DatasetNotFound, open_dataset
from eval.formats import beir, hipporag, locomo, musique, wiki
from eval.formats.reading import rows_of

OURS = "hippograph"
KNOWN = (
    f"{OURS}, {beir.NAME}, {hipporag.NAME}, {wiki.HOTPOT}, {wiki.TWO_WIKI}, {musique.NAME} and {locomo.NAME}"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A data set and the format it came in."""

    dataset: Dataset
    format: str


def load_any(path: Path) -> Loaded:
    """The data set of a path, and its format. Raises DatasetError for one that no loader reads."""
    name, load, place = recognise(path)
    dataset = load(place)
    _require_distinct_ids(dataset, place)
    if not dataset.documents:
        raise DatasetError(f"{path} holds no documents.")
    return Loaded(dataset, name)


def recognise(path: Path) -> tuple[str, Callable[[Path], Dataset], Path]:
    """The name of a format, what reads it, and the file or folder to read."""
    if not path.exists():
        raise DatasetNotFound(f"{path} does not exist: a data set is a folder or a file.")
    return _folder(path) if path.is_dir() else _file(path)


def _folder(folder: Path) -> tuple[str, Callable[[Path], Dataset], Path]:
    if beir.is_beir(folder):
        return beir.NAME, beir.load, folder
    if (folder / CORPUS_FILE).exists() or (folder / CORPUS_FOLDER).is_dir():
        return OURS, open_dataset, folder
    pairs = hipporag.pairs_in(folder)
    if len(pairs) > 1:
        names = ", ".join(path.name for path in pairs)
        raise DatasetError(f"{folder} holds several data sets: name one of its files: {names}.")
    if pairs:
        return hipporag.NAME, hipporag.load, pairs[0]
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".json", ".jsonl")]
    if len(files) == 1:
        return _file(files[0])
    # What is missing is most likely what our own format calls for: its complaint names the file.
    return OURS, open_dataset, folder


def _file(path: Path) -> tuple[str, Callable[[Path], Dataset], Path]:
    if path.name.endswith(hipporag.CORPUS):
        path = path.with_name(path.name.removesuffix(hipporag.CORPUS) + ".json")
    if hipporag.corpus_of(path).is_file():
        return hipporag.NAME, hipporag.load, path
    rows = rows_of(path)
    first = rows[0][0] if rows else {}
    if locomo.is_locomo(first):
        return locomo.NAME, locomo.load, path
    if name := wiki.format_of(first):
        return name, wiki.load, path
    if musique.is_musique(first):
        return musique.NAME, musique.load, path
    raise DatasetError(f"{path} is in no format that is known: {KNOWN}.")


def _require_distinct_ids(dataset: Dataset, path: Path) -> None:
    for ids in ([str(d.id) for d in dataset.documents], [q.id for q in dataset.questions]):
        twice = next((id_ for id_, count in Counter(ids).items() if count > 1), None)
        if twice is not None:
            raise DatasetError(f"{path} holds the id {twice!r} twice.")
