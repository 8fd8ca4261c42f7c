"""Many questions: embedded together, and searched by workers that each open the version for themselves."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from hippograph.errors import IndexMismatch, IndexNotFound
from hippograph.graph.push import compiler
from hippograph.ports import Here, Workers
from hippograph.retrieval.question import checked_question
from hippograph.searching import Searching
from hippograph.shards import Recipe
from hippograph.storage.manifest import read_versions
from hippograph.storage.reader import open_version
from hippograph.storage.verify import damage_told
from hippograph.types import SearchResult, VersionId

AT_ONCE = 128
"""How many questions are embedded together and make up a shard."""


def search_many(
    searching: Searching, questions: Iterable[str], k: int, method: str | None
) -> Iterator[SearchResult]:
    """The results in the order of the questions, in this process. Raises QuestionError, SettingsError."""
    compiler().start()
    for some in _some(map(checked_question, questions)):
        with damage_told(searching.index):
            vectors = searching.query_vectors(some, method)
            found = [
                searching.search(question, vector, k, method)
                for question, vector in zip(some, vectors, strict=True)
            ]
        yield from found


def search_elsewhere(workers: Workers, work: SearchShard, questions: Iterable[str]) -> Iterator[SearchResult]:
    """The same by workers. Raises WorkersUnavailable, too, and IndexMismatch where theirs are other parts."""
    for found in workers.map(work, _some(map(checked_question, questions))):
        yield from found


@dataclass(frozen=True)
class SearchShard:
    """Searches a version of an index; whoever gets the work opens it, once."""

    folder: Path
    version: VersionId
    embedder: str
    """The fingerprint that vectors of questions must have."""
    recipe: Recipe
    k: int
    method: str | None

    def __call__(self, questions: list[str]) -> list[SearchResult]:
        """One result a question, in order."""
        with _one_at_a_time:
            searching = _opened_here(self.folder.resolve(), self.version, self.embedder, self.recipe)
        return list(search_many(searching, questions, self.k, self.method))


def runs_here(workers: Workers) -> bool:
    """Whether work stays in this process, one shard after the other: then nothing has to be opened again."""
    return isinstance(workers, Here)


# Two threads would otherwise open the version, and load the model, twice.
_one_at_a_time = threading.Lock()


@lru_cache(maxsize=2)
def _opened_here(folder: Path, version: VersionId, embedder: str, recipe: Recipe) -> Searching:
    parts = recipe.make(recipe.settings)
    if parts.embedder.fingerprint != embedder:
        raise IndexMismatch(
            f"A worker would embed questions with {parts.embedder.fingerprint!r} and the index was made with "
            f"{embedder!r}. Install the same models there; an embedder that was handed in, and not made from the "
            "settings, works only with workers of the kind 'here'."
        )
    found = [each for each in read_versions(folder) if each.version.id == version]
    if not found:
        raise IndexNotFound(
            f"The version {version} of {folder} is not kept any more: refresh the index and ask again, or set "
            "storage.keep_versions higher."
        )
    return Searching(open_version(folder, found[0], parts.vectors), parts, recipe.settings)


def _some(questions: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(questions, AT_ONCE)):
        yield some
