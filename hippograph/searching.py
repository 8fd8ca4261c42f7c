"""Searching: every method over one opened version, those included that need an embedder or a language model.

    hippograph, dense, bm25       the index is all they need
    hipporag1, hipporag2          the published methods, over a graph of their own
    hybrid, structural, forest    words and meaning fused; smaller units than passages; a view over the whole corpus
    clues, contiguous             what an answer might say as further seeds; passages with their neighbours in time
    timeline                      each happening of a question about order by itself, and named days first
    ircot, refine, decompose      search, ask the model what else to search for, search again

A loop goes round the method of the settings, or round the one named after a plus: `ircot+hipporag2`. So does
`contiguous`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hippograph.budget import Budget, within
from hippograph.errors import SettingsError
from hippograph.generation.loops import LOOPS, look_further
from hippograph.generation.names import names_in, quotes_in
from hippograph.ports import Generator, Parts
from hippograph.published import PublishedIndex
from hippograph.retrieval.hipporag import HippoRag, Progress, build_hipporag
from hippograph.retrieval.hipporag_graph import Compat
from hippograph.retrieval.hipporag_methods import Helpers, published_methods
from hippograph.retrieval.search import METHODS, Method, search
from hippograph.retrieval.ways.methods import AROUND, ASKING, WAYS, Ways
from hippograph.settings import Settings, user_cache
from hippograph.timelines.questions import TimedQuestion
from hippograph.timelines.search import METHOD, timeline_method
from hippograph.timelines.within import Rows, Within
from hippograph.types import SearchResult, Vectors
from hippograph.validity.times import Times

PLUS = "+"
USUAL = "hippograph"
PUBLISHED = ("hipporag1", "hipporag2")
WITHOUT_VECTORS = ("bm25",)
"""Methods that read a question's words alone."""

_LISTED = """
a about after an and are as at before between by can could did do does during for from had has have how if in into is
many much near of on or over since than that the their these this those through to under until was were what when where
which while who whom whose why will with would
"""
BEGINNINGS = frozenset(_LISTED.split())
"""Words that are capitalised only because a question begins with them."""


def known_methods() -> tuple[str, ...]:
    """The names of all methods; loops may be followed by a plus and the name of another."""
    return (*METHODS, *PUBLISHED, *WAYS, METHOD, *LOOPS)


def is_published(method: str) -> bool:
    """Whether a method is one of the published ones, or a loop round one."""
    return method.rpartition(PLUS)[2] in PUBLISHED


class Searching:
    """The methods of one version, and what they share. Its graph of HippoRAG is made once, when it is first needed."""

    def __init__(self, index: PublishedIndex, parts: Parts, settings: Settings) -> None:
        self.index = index
        self._parts = parts
        self._settings = settings
        self._known_names: Mapping[str, Sequence[str]] = {}
        self._lock = threading.Lock()
        self._hipporag: HippoRag | None = None
        self._ways = Ways(parts.embedder, user_cache())
        self._within: Within | None = None

    def search(
        self, question: str, query_vector: Vectors, k: int = 5, method: str | None = None
    ) -> SearchResult:
        """The k best passages. Raises SettingsError for an unknown method, or a loop without a model."""
        loop, inner = self.way(method)
        if loop:
            return self._loop(loop, inner, question, query_vector, k)
        return self.once(question, query_vector, k, inner, self._bounded())

    def way(self, method: str | None = None) -> tuple[str, str]:
        """The loop of a method, empty for none, and the method that it goes round; that of the settings for None."""
        method = self._settings.retrieval.method if method is None else method
        loop, _, inner = method.partition(PLUS) if isinstance(method, str) else ("", "", "")
        return (loop, inner or self._usual()) if loop in LOOPS else ("", method)

    def query_vector(self, query: str, method: str) -> Vectors:
        """The vector that a method searches with; nothing is embedded for one that reads words alone."""
        outer, _, inner = str(method).rpartition(PLUS)
        if inner in WITHOUT_VECTORS and outer not in AROUND:
            return np.zeros(self._parts.embedder.dimension, dtype=np.float32)
        return self._parts.embedder.embed_query(query)

    def query_vectors(self, queries: Sequence[str], method: str | None = None) -> Vectors:
        """The vectors of several questions, embedded together: shape (len(queries), dimension)."""
        chosen = self._settings.retrieval.method if method is None else method
        if str(chosen).rpartition(PLUS)[2] in WITHOUT_VECTORS:
            return np.zeros((len(queries), self._parts.embedder.dimension), dtype=np.float32)
        return self._parts.embedder.embed_queries(queries)

    def once(
        self, question: str, query_vector: Vectors, k: int, method: str, generator: Generator | None
    ) -> SearchResult:
        """One search, by a method that is no loop; the generator is for those of the published ones that ask one."""
        if method in PUBLISHED and self.index.passage_count:
            self.prepare(method)  # on all threads: a search itself is held to one
        helpers = Helpers(self._memory, self._parts.embedder, generator, self._names_in)
        retrieval = self._settings.retrieval
        more = {
            **self._further(helpers, method),
            METHOD: timeline_method(self._parts.embedder, self._rows_within),
        }
        return search(question, query_vector, self.index, retrieval, k, method, more)

    def _further(self, helpers: Helpers, method: str) -> Mapping[str, Method]:
        """The methods that need more than an index; one that goes round another also by its name with that one's."""
        published = published_methods(helpers)
        outer, _, inner = method.partition(PLUS) if isinstance(method, str) else ("", "", "")
        chosen = inner or self._usual().partition(PLUS)[0]
        known = {**METHODS, **published, **self._ways.methods(helpers.generator, METHODS[USUAL])}
        around = known[USUAL if chosen in AROUND or chosen not in known else chosen]
        ways = self._ways.methods(helpers.generator, around)
        if outer in AROUND and inner in known and inner not in AROUND:
            ways = {**ways, method: ways[outer]}
        return {**published, **ways}

    def prepare(self, method: str, progress: Progress = lambda step, done, total: None) -> None:
        """Make what a method needs before its first search, while somebody looks on."""
        if is_published(method):
            self._memory(method.rpartition(PLUS)[2], progress)

    def know_names(self, names: Mapping[str, Sequence[str]]) -> None:
        """Take the names in some questions as given, by the question, where no model is set up to find them."""
        self._known_names = names

    def asks_a_model(self, method: str) -> bool:
        """Whether a search by this method calls a language model."""
        return self._parts.generator is not None and (
            method.partition(PLUS)[0] in LOOPS or method.rpartition(PLUS)[2] in (*PUBLISHED, *ASKING)
        )

    def _names_in(self, question: str) -> Sequence[str]:
        known = self._known_names.get(question)
        return question_names(question) if known is None else known

    def _usual(self) -> str:
        usual = self._settings.retrieval.method
        return USUAL if usual.partition(PLUS)[0] in LOOPS else usual

    def _loop(self, loop: str, inner: str, question: str, query_vector: Vectors, k: int) -> SearchResult:
        """Searches by `inner`, bounded in searches, calls and seconds as an answer's are."""
        known = (*METHODS, *PUBLISHED, *WAYS)
        if inner not in known:
            raise SettingsError(f"The loop {loop!r} cannot go round {inner!r}. Known are {', '.join(known)}.")
        if self._parts.generator is None:
            raise SettingsError(
                f"The method {loop!r} needs a language model. Set models.generator, for example to 'openai', and "
                "its server and model in the section generator."
            )
        limits = self._settings.answer.model_copy(update={"loop": loop})
        bounded = self._bounded()

        def look(query: str) -> SearchResult:
            vector = query_vector if query == question else self.query_vector(query, inner)
            return self.once(query, vector, k, inner, bounded)

        found = look_further(question, look, bounded, limits)
        return replace(
            found,
            passages=found.passages[:k],
            trace=replace(found.trace, method=f"{loop}{PLUS}{inner}"),
        )

    def _rows_within(self, asked: TimedQuestion) -> Rows:
        with self._lock:
            if self._within is None:
                self._within = Within(Times(self.index, self._settings.time))
            return self._within.rows(asked)

    def _bounded(self) -> Generator | None:
        """The language model within the calls and seconds that one answer may take; None where there is none."""
        limits = self._settings.answer
        budget = Budget(calls=limits.max_model_calls, seconds=limits.deadline_seconds)
        return within(self._parts.generator, budget) if self._parts.generator else None

    def _memory(self, method: str, progress: Progress = lambda step, done, total: None) -> HippoRag:
        with self._lock:
            if self._hipporag is None:
                compat = Compat(self._settings.retrieval.compat)
                self._hipporag = build_hipporag(
                    self.index, self._parts.embedder, compat, user_cache() / "hipporag", progress
                )
            self._hipporag.link(method)
            return self._hipporag


def question_names(question: str) -> list[str]:
    """The names and quoted titles in a question, by rule, for linking where no model finds them.

    >>> question_names('When did the director of "The Salt Ledger" leave Port Marren?')
    ['Port Marren', 'The Salt Ledger']
    """
    names = [_without_beginning(name) for name in names_in(question)]
    quotes = quotes_in(question)
    outside = [name for name in names if name and not any(name in quote for quote in quotes)]
    return list(dict.fromkeys([*outside, *quotes]))


def _without_beginning(name: str) -> str:
    words = name.split()
    while words and words[0].lower() in BEGINNINGS:
        words = words[1:]
    return " ".join(words)
