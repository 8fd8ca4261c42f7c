"""The further ways in, by name, and what they share over one version."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from hippograph.ports import Embedder, Generator
from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Rows
from hippograph.retrieval.search import Method
from hippograph.retrieval.ways.clues import search_by_clues
from hippograph.retrieval.ways.contiguous import contiguous
from hippograph.retrieval.ways.forest import forest
from hippograph.retrieval.ways.hybrid import hybrid
from hippograph.retrieval.ways.structural import structural
from hippograph.retrieval.ways.summaries import Told, summarise
from hippograph.retrieval.ways.summary_forest import MOST_PASSAGES, SummaryForest, summary_forest

WAYS = ("hybrid", "structural", "forest", "clues", "contiguous")
ASKING = ("clues", "forest")
"""Those that ask a language model where one is set up."""
AROUND = ("contiguous",)
"""Those that go round another method, the usual one or the one after a plus."""


class Ways:
    """What the further ways in keep between two questions."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        self._folder = folder
        self._forest: SummaryForest | None = None
        self._lock = threading.Lock()

    def methods(self, generator: Generator | None, around: Method) -> Mapping[str, Method]:
        """The methods by name; `around` is what those of AROUND go round."""
        return {
            "hybrid": hybrid,
            "structural": structural,
            "forest": partial(forest, self.forest, partial(self._tell, generator)),
            "clues": partial(search_by_clues, generator, self._embedder),
            "contiguous": partial(contiguous, around),
        }

    def _tell(self, generator: Generator | None, sentences: Sequence[str]) -> Told:
        return summarise(sentences, generator, self._folder / "forest")

    def forest(self, index: PublishedIndex, rows: Rows) -> SummaryForest:
        """The forest over all passages, made once and kept; that over a few of a large corpus is made each time."""
        if len(rows) < index.passage_count or index.passage_count > MOST_PASSAGES:
            return summary_forest(index, rows, None)
        with self._lock:
            if self._forest is None:
                self._forest = summary_forest(index, rows, self._folder / "forest")
            return self._forest
