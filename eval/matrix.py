"""The matrix: methods by data sets, every question's ranks, and what differs beyond chance.

A set is a folder or a file in any format that `eval.loaders` reads; after a plus may follow the file of extractions
that its index is made from: `musique_train100+openie_gpt35.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.cells import UNSEEN, Cell, ExploredSet, explore_set, measure_cell, rank_explored
from eval.datasets import Dataset, DatasetNotFound
from eval.kept_results import CodeVersion, KeptResults, ResultKey, code_version, settings_hash
from eval.loaders import load_any
from eval.ranker import train_ranker
from eval.retrieval import Asked, embed_questions
from hippograph.errors import MissingExtra, SettingsError
from hippograph.settings import Settings
from hippograph.types import content_id

if TYPE_CHECKING:
    from hippograph import Hippograph
    from hippograph.ports import Embedder, Extractor, Parts

SINGLE = ("dense", "bm25")
"""The single rankings that nothing may fall behind: they are measured with every other method."""
USUAL = (*SINGLE, "hippograph", UNSEEN)
WITH_EXTRACTIONS = ("hipporag2",)
"""What is measured besides where a model's triples come with the set: its inputs are then those of the paper."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MatrixSet:
    """A data set, the file of extractions its index is made from, and how both are called together."""

    dataset: Dataset
    format: str
    path: Path | None = None
    extractions: Path | None = None

    @property
    def label(self) -> str:
        """The name of the set, with that of the extractions where there are some."""
        return f"{self.dataset.name}+{self.extractions.stem}" if self.extractions else self.dataset.name

    @cached_property
    def documents_and_questions(self) -> str:
        """The hash of the data set."""
        return self.dataset.hash()

    @cached_property
    def data(self) -> str:
        """The hash of everything that is read."""
        given = self.extractions.read_text(encoding="utf-8") if self.extractions else ""
        names = json.dumps(dict(self.names_in_questions), sort_keys=True)
        return content_id(self.documents_and_questions, given, names)[:16]

    @cached_property
    def names_in_questions(self) -> Mapping[str, Sequence[str]]:
        """The names that a model once found in the questions, where the set holds them."""
        from eval.given import recorded_names

        return recorded_names(self.path) if self.path else {}

    def extractor(self) -> Extractor | None:
        """What reads the extractions, where there are some."""
        from eval.given import read_extractions

        if self.extractions is None:
            return None
        return read_extractions(self.extractions, self.extractions.parent, self.dataset)


@dataclass(frozen=True)
class Matrix:
    """All cells, and what they were measured with."""

    sets: tuple[MatrixSet, ...]
    cells: tuple[Cell, ...]
    code: CodeVersion
    settings: str
    embedder: str
    reused: int
    """How many of the cells were kept from an earlier run."""

    def cell(self, label: str, method: str) -> Cell | None:
        """The cell of a set and a method, where it was measured."""
        found = [cell for cell in self.cells if (cell.set, cell.method) == (label, method)]
        return found[0] if found else None

    def of_set(self, label: str) -> list[Cell]:
        """The cells of one set, in the order of the methods."""
        return [cell for cell in self.cells if cell.set == label]


def open_sets(named: Sequence[str], folder: Path) -> list[MatrixSet]:
    """The sets of a command line: paths, or names of sets in a folder, each with its extractions after a plus.

    Raises DatasetError, SettingsError for one that is named twice.
    """
    sets = [_open_set(name, folder) for name in named]
    labels = [each.label for each in sets]
    for label in labels:
        if labels.count(label) > 1:
            raise SettingsError(f"The set {label!r} is named twice.")
    return sets


def usual_methods(matrix_set: MatrixSet, set_count: int) -> tuple[str, ...]:
    """What is measured where no method is named: an unseen ranker needs other sets to be trained on."""
    usual = USUAL if set_count > 1 else tuple(method for method in USUAL if method != UNSEEN)
    return usual + (WITH_EXTRACTIONS if matrix_set.extractions else ())


def run_matrix(
    sets: Sequence[MatrixSet],
    methods: Sequence[str] | None,
    kept: KeptResults,
    progress: Progress = lambda step, done, total: None,
) -> Matrix:
    """Measure every method on every set, or read what is kept. Each index is open only while it is measured.

    Raises SettingsError for an unknown method, or an unseen ranker without another set to train it on.
    """
    from hippograph.wiring import build_parts

    settings = Settings.load()
    run = _Run(tuple(sets), settings, build_parts(settings), kept, progress)
    wanted = {each.label: _with_single(methods or usual_methods(each, len(sets))) for each in sets}
    _require_known(wanted)
    if any(UNSEEN in methods for methods in wanted.values()) and find_spec("sklearn") is None:
        raise MissingExtra("scikit-learn", "report", f"Training the ranker of {UNSEEN}")
    cells: dict[tuple[str, str], Cell] = {}
    for each in sets:
        plain = [method for method in wanted[each.label] if method != UNSEEN]
        cells |= {(each.label, method): cell for method, cell in run.measured(each, plain).items()}
    unseen = [each for each in sets if UNSEEN in wanted[each.label]]
    cells |= {(label, UNSEEN): cell for label, cell in run.unseen(unseen).items()}
    ordered = tuple(cells[each.label, method] for each in sets for method in wanted[each.label])
    embedder = run.parts.embedder.fingerprint
    return Matrix(tuple(sets), ordered, code_version(), run.settings_hash, embedder, run.reused)


class _Run:
    """One run: what it has opened, explored and reused so far."""

    def __init__(
        self,
        sets: tuple[MatrixSet, ...],
        settings: Settings,
        parts: Parts,
        kept: KeptResults,
        progress: Progress,
    ) -> None:
        self.sets = sets
        self.parts = parts
        self.settings_hash = settings_hash(settings)
        self.reused = 0
        self._kept = kept
        self._progress = progress
        self._asked: dict[str, list[Asked]] = {}
        self._explored: dict[str, ExploredSet] = {}

    def measured(self, each: MatrixSet, methods: Sequence[str]) -> dict[str, Cell]:
        """The cells of one set, by method."""
        cells = {method: self._kept.find(self._key(each, method)) for method in methods}
        self.reused += sum(cell is not None for cell in cells.values())
        missing = [method for method, cell in cells.items() if cell is None]
        if missing:
            with self._open(each) as memory:
                memory.searching.know_names(each.names_in_questions)
                for method in missing:
                    cell = measure_cell(
                        each.label, self._ask(each, memory.embedder), memory, method, self._progress
                    )
                    self._kept.keep(self._key(each, method), cell)
                    cells[method] = cell
        return {method: cell for method, cell in cells.items() if cell is not None}

    def unseen(self, wanted: Sequence[MatrixSet]) -> dict[str, Cell]:
        """The cells of rankers that were trained on every other set that is read by rules, by label."""
        cells: dict[str, Cell] = {}
        for each in wanted:
            others = self._others(each)
            key = self._key(each, UNSEEN, others)
            cell = self._kept.find(key)
            if cell is None:
                ranker = train_ranker([self._candidates(other) for other in others])
                cell = rank_explored(self._explore(each), ranker)
                self._kept.keep(key, cell)
            else:
                self.reused += 1
            cells[each.label] = cell
        return cells

    def _others(self, each: MatrixSet) -> list[MatrixSet]:
        here = each.documents_and_questions
        others = [o for o in self.sets if o.extractions is None and o.documents_and_questions != here]
        if not others:
            raise SettingsError(
                f"{UNSEEN} on {each.label} needs another set to train its ranker on: name one more."
            )
        return others

    def _candidates(self, each: MatrixSet) -> list[Any]:
        return [one.candidates for one in self._explore(each).questions]

    def _explore(self, each: MatrixSet) -> ExploredSet:
        if each.label not in self._explored:
            with self._open(each) as memory:
                asked = self._ask(each, memory.embedder)
                self._explored[each.label] = explore_set(each.label, asked, memory, self._progress)
        return self._explored[each.label]

    def _ask(self, each: MatrixSet, embedder: Embedder) -> list[Asked]:
        """The questions with their vectors, embedded once for a set in whatever form it comes."""
        name = each.documents_and_questions
        if name not in self._asked:
            self._asked[name] = embed_questions(each.dataset, embedder)
        return self._asked[name]

    def _open(self, each: MatrixSet) -> AbstractContextManager[Hippograph]:
        from eval.indexes import Corpus, open_index

        corpus = Corpus(each.dataset.name, each.dataset.documents)
        memory, _ = open_index(corpus, None, self._progress, self.parts, each.extractor())
        return memory

    def _key(self, each: MatrixSet, method: str, others: Sequence[MatrixSet] = ()) -> ResultKey:
        hashes = tuple(sorted(other.data for other in others))
        parts = content_id(self.parts.embedder.fingerprint, self.parts.extractor.fingerprint)
        return ResultKey(each.label, method, each.data, self.settings_hash, parts, hashes)


def _open_set(named: str, folder: Path) -> MatrixSet:
    path, _, extractions = named.partition("+")
    place = Path(path) if Path(path).exists() else folder / path
    if not place.exists():
        raise DatasetNotFound(f"{path} does not exist, neither here nor in {folder}.")
    file = place / extractions if extractions else None
    if file is not None and not file.is_file():
        raise DatasetNotFound(f"{file} does not exist: it should hold names and facts found in {path}.")
    loaded = load_any(place)
    return MatrixSet(loaded.dataset, loaded.format, place, file)


def _with_single(methods: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*SINGLE, *methods]))


def _require_known(wanted: Mapping[str, Sequence[str]]) -> None:
    from hippograph.searching import PLUS, known_methods

    known = (*known_methods(), UNSEEN)
    for method in dict.fromkeys(method for methods in wanted.values() for method in methods):
        if any(part not in known for part in method.split(PLUS)):
            raise SettingsError(f"The method {method!r} is unknown. Known are {', '.join(known)}.")
