"""`clues`: what a draft of the answer would say is searched for, too (MemoRAG, Qian et al. 2024).

There a memory model recalls clues and a draft answer, and each is a query. Here a language model writes them after one
look at what a first search found; without one, the sentences of the first hop that are nearest the question are the
clues. Either way a clue is a further seed: its nearest passages are candidates, and what it names restarts the walk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hippograph.errors import EmbeddingError, GenerationError
from hippograph.ports import Embedder, Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import Exploration, FurtherSeeds, explore
from hippograph.retrieval.ranker import TUNED, ranker_of
from hippograph.retrieval.rankings import Ranking, dense_rankings
from hippograph.retrieval.reasons import explain_passage
from hippograph.retrieval.search import ORDERED_BY_TUNED, Stopwatch, order_pool, ranked_passage
from hippograph.retrieval.seeds import describe, names_in
from hippograph.retrieval.steps import walk_steps
from hippograph.retrieval.ways.fusion import followed_by_dense
from hippograph.settings import RetrievalSettings
from hippograph.types import ModelRequest, Node, Row, SearchResult, SearchTrace, Vectors
from hippograph.vectors import on_grid

MOST_CLUES = 5
HITS = 3
"""How many passages each clue brings (MemoRAG's code)."""
LONGEST_CLUE = 300
"""Characters of a model's clue that are searched for."""
MOST_PARAGRAPHS = 8
LONGEST_PARAGRAPH = 900
"""Characters of a passage that the model is shown."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "clues": {"type": "array", "items": {"type": "string"}},
        "draft": {"type": "string"},
    },
    "required": ["clues", "draft"],
    "additionalProperties": False,
}

NO_CLUES = "the first search gave no clue, so its order stands"


@dataclass(frozen=True, slots=True, eq=False)
class Clues:
    """Texts that an answer might hold, and where they lead."""

    texts: tuple[str, ...]
    vectors: Vectors
    """Unit vectors on the grid: shape (clues, d)."""
    sentences: Ranking
    """The sentences of the index that they are; none for those of a model."""
    named: Mapping[Node, str]
    """What a model's clues name."""
    source: str


def search_by_clues(
    generator: Generator | None,
    embedder: Embedder,
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
) -> SearchResult:
    """Explore, take clues from what was found, explore again from them as well, and order by the ranker."""
    watch = Stopwatch()
    found = explore(question, query_vector, index, settings, further=None)
    watch.lap("first search")
    clues, warnings = _clues(question, query_vector, index, found, generator, embedder)
    watch.lap("clues")
    if clues.texts:
        # A clue's names compete with the question's: with twice the places none of those is lost.
        wider = settings.model_copy(update={"seed_entities": 2 * settings.seed_entities})
        further = FurtherSeeds(clues.sentences, clues.named, _hits(index, clues))
        found = explore(question, query_vector, index, wider, watch.lap, further)
        settings = wider
    ranker = ranker_of(index)
    order = followed_by_dense(index, order_pool(index, found, ranker), query_vector, k)
    watch.lap("order")
    passages = tuple(
        ranked_passage(index, rank, row, score, found.hop(row), explain_passage(index, found, row))
        for rank, (row, score) in enumerate(
            zip(order.rows.tolist(), order.scores.tolist(), strict=True), start=1
        )
    )
    tuned = (ORDERED_BY_TUNED,) if ranker.name == TUNED and not found.fallback else ()
    trace = SearchTrace(
        "clues",
        describe(index, found.entities, found.dense_seeds, found.sentences),
        found.fallback,
        watch.timings_ms,
        warnings,
        queries=clues.texts,
        notes=(_note(clues), *tuned),
        walk=walk_steps(index, found, settings),
    )
    return SearchResult(passages, trace)


def _note(clues: Clues) -> str:
    if not clues.texts:
        return NO_CLUES
    return f"{len(clues.texts)} clues {clues.source}, each with its {HITS} nearest passages"


def _clues(
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    found: Exploration,
    generator: Generator | None,
    embedder: Embedder,
) -> tuple[Clues, tuple[str, ...]]:
    """A model's clues, or with a warning, and without a model, the first hop's sentences."""
    if generator is None:
        return _from_sentences(index, query_vector, found), ()
    try:
        texts = _written(question, index, found, generator)
        if texts:
            return _from_texts(index, texts, embedder), ()
        why = "it gave none"
    except (GenerationError, EmbeddingError) as error:
        why = str(error).rstrip(".")
    warning = f"The clues are the first hop's sentences, as the model's could not be had: {why}."
    return _from_sentences(index, query_vector, found), (warning,)


def _from_sentences(index: PublishedIndex, query_vector: Vectors, found: Exploration) -> Clues:
    """The best sentence of each passage of the first hop."""
    first = found.first
    rows, vectors = first.sentences[:MOST_CLUES], first.sentence_vectors[:MOST_CLUES]
    owners = first.passages[:MOST_CLUES]
    texts = tuple(
        _sentence(index, owner, row) for owner, row in zip(owners.tolist(), rows.tolist(), strict=True)
    )
    scores = (vectors @ query_vector).astype(np.float64)
    named: Mapping[Node, str] = {}
    return Clues(texts, vectors, Ranking(rows, scores), named, "from the best sentences of the first search")


def _sentence(index: PublishedIndex, owner: int, row: int) -> str:
    passage = index.load_passage(Row(owner))
    return passage.sentence_text(row - index.sentence_rows(Row(owner)).start)


def _from_texts(index: PublishedIndex, texts: Sequence[str], embedder: Embedder) -> Clues:
    vectors = on_grid(np.stack([embedder.embed_query(text) for text in texts]))
    named = {node: name for text in texts for node, name in names_in(text, index).items()}
    nothing = Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
    return Clues(tuple(texts), vectors, nothing, named, "written by the model")


def _written(question: str, index: PublishedIndex, found: Exploration, generator: Generator) -> list[str]:
    """The clues of a model, and its draft as the last. Raises a leaf of GenerationError."""
    passages = [index.load_passage(Row(row)) for row in found.walked.rows[:MOST_PARAGRAPHS].tolist()]
    lines = [
        f"[{number}] {as_data(passage.context())}: {as_data(passage.text[:LONGEST_PARAGRAPH])}"
        for number, passage in enumerate(passages, start=1)
    ]
    asked = one_line(question)
    fenced = fence(lines, asked)
    messages = render("clues", question=asked, mark=fenced.mark, data=fenced.text, most=str(MOST_CLUES))
    data = generator.generate(ModelRequest(messages, "clues", SCHEMA)).data
    record = data if isinstance(data, dict) else {}
    given = record.get("clues")
    texts = [*(given if isinstance(given, list) else [])[:MOST_CLUES], record.get("draft")]
    lines = [one_line(text)[:LONGEST_CLUE] for text in texts if isinstance(text, str)]
    return list(dict.fromkeys(line for line in lines if line.strip()))


def _hits(index: PublishedIndex, clues: Clues) -> Ranking:
    """The nearest passages of every clue, the first of each before the second of any."""
    rankings = dense_rankings(index, clues.vectors, HITS)
    rows = [
        row for place in range(HITS) for each in rankings for row in each.rows[place : place + 1].tolist()
    ]
    distinct = np.array(list(dict.fromkeys(rows)), dtype=np.int64)
    return Ranking(distinct, 1 / (1.0 + np.arange(len(distinct))))
