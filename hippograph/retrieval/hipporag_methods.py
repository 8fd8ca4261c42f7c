"""`hipporag1` and `hipporag2` as methods of search: from a question to ranked passages, reasons and a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hippograph.errors import GenerationError
from hippograph.ports import Embedder, Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.published import PublishedIndex
from hippograph.retrieval.hipporag import (
    HippoRag,
    Linked,
    link_entities,
    link_facts,
    phrase_weights,
    walk_of_hipporag1,
    walk_of_hipporag2,
)
from hippograph.retrieval.hipporag_graph import Values
from hippograph.retrieval.rankings import Ranking, dense_ranking
from hippograph.retrieval.reasons import ranked_by
from hippograph.retrieval.search import Method, Stopwatch, ranked_passage
from hippograph.settings import RetrievalSettings
from hippograph.types import (
    ModelRequest,
    Node,
    Reason,
    ReasonKind,
    SearchResult,
    SearchTrace,
    Seed,
    Seeds,
    Vectors,
)

NO_FACTS = "no facts are known, so passages are ranked by dense similarity alone"
NOTHING_RELEVANT = (
    "the model found none of the nearest facts of any help, so passages are ranked by dense similarity alone"
)
NO_ENTITIES = "the question names nothing, so passages are ranked by dense similarity alone"

MOST_ENTITIES = 20
ENTITIES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"entities": {"type": "array", "items": {"type": "string"}}},
    "required": ["entities"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Helpers:
    """What the published methods need beside an index."""

    memory: Callable[[str], HippoRag]
    """The graph of the index for a method; it is made at the first call."""
    embedder: Embedder
    generator: Generator | None
    names_in: Callable[[str], Sequence[str]]
    """The names in a question, where no model finds them."""


def published_methods(helpers: Helpers) -> Mapping[str, Method]:
    """The methods by name."""
    return {"hipporag1": partial(_hipporag1, helpers), "hipporag2": partial(_hipporag2, helpers)}


def _hipporag2(
    helpers: Helpers,
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
) -> SearchResult:
    """Facts, recognition where there is a model, the walk. Without a fact that helps: dense ranking."""
    watch, memory = Stopwatch(), helpers.memory("hipporag2")
    watch.lap("graph")
    linked = link_facts(memory, question, query_vector, helpers.generator)
    watch.lap("facts")
    warning = linked.recognition.warning if linked.recognition else None
    warnings = (warning,) if warning else ()
    dense = dense_ranking(index, query_vector, k)
    watch.lap("dense")
    if not linked.facts:
        why = NOTHING_RELEVANT if len(memory.triples.facts) else NO_FACTS
        return _result("hipporag2", memory, dense, None, Seeds(), why, warnings, watch)
    phrases = phrase_weights(memory, linked)
    scores = walk_of_hipporag2(memory, phrases, query_vector, settings.damping)
    watch.lap("walk")
    return _result("hipporag2", memory, dense, scores, _seeds(memory, phrases, linked), None, warnings, watch)


def _hipporag1(
    helpers: Helpers,
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
) -> SearchResult:
    """The question's entities, their nearest phrases, the walk. Upstream gives any order where there are none."""
    watch, memory = Stopwatch(), helpers.memory("hipporag1")
    watch.lap("graph")
    entities, warnings = question_entities(question, helpers)
    watch.lap("entities")
    phrases = link_entities(memory, entities, helpers.embedder)
    watch.lap("linking")
    dense = dense_ranking(index, query_vector, k)
    watch.lap("dense")
    if not phrases:
        why = NO_ENTITIES if len(memory.triples.facts) else NO_FACTS
        return _result("hipporag1", memory, dense, None, Seeds(), why, warnings, watch)
    scores = walk_of_hipporag1(memory, phrases, settings.damping)
    watch.lap("walk")
    return _result("hipporag1", memory, dense, scores, _seeds(memory, phrases), None, warnings, watch)


def question_entities(question: str, helpers: Helpers) -> tuple[list[str], tuple[str, ...]]:
    """What a question names, by the model; by rule without one, or, with a warning, where the call failed."""
    if helpers.generator is None:
        return list(helpers.names_in(question)), ()
    try:
        data = helpers.generator.generate(entities_request(question)).data
    except GenerationError as error:
        why = str(error).rstrip(".")
        return list(helpers.names_in(question)), (
            f"The names in the question were found by rule, as the model could not be asked: {why}.",
        )
    given = data.get("entities") if isinstance(data, dict) else None
    names = [one_line(each) for each in given if isinstance(each, str)] if isinstance(given, list) else []
    return [name for name in names if name][:MOST_ENTITIES], ()


def entities_request(question: str) -> ModelRequest:
    """What the model is asked: the names in the question, which is fenced as data."""
    fenced = fence([f"question: {as_data(question)}"])
    messages = render("question_entities", mark=fenced.mark, data=fenced.text)
    return ModelRequest(messages, "question_entities", ENTITIES_SCHEMA)


def _seeds(memory: HippoRag, phrases: Mapping[int, float], linked: Linked | None = None) -> Seeds:
    """The phrases the walk restarts at; a node is a place in HippoRAG's own graph."""
    reason = "in a fact near the question" if linked else "named in the question"
    total = sum(phrases.values()) or 1.0
    entities = tuple(
        Seed(Node(phrase), memory.triples.phrases[phrase], weight / total, reason)
        for phrase, weight in sorted(phrases.items(), key=lambda item: -item[1])
    )
    facts = [" ".join(memory.triples.facts[fact]) for fact in linked.facts] if linked else []
    return Seeds(entities, (), tuple(facts))


def _result(
    method: str,
    memory: HippoRag,
    dense: Ranking,
    scores: Values | None,
    seeds: Seeds,
    fallback: str | None,
    warnings: tuple[str, ...],
    watch: Stopwatch,
) -> SearchResult:
    """By the walk's scores, a number for each passage; without them in the order of the dense ranking."""
    k = len(dense.rows)
    ranking = dense if scores is None else memory.ranking(scores, k)
    near = {row: rank for rank, row in enumerate(dense.rows.tolist(), start=1)}
    passages = []
    for rank, (row, score) in enumerate(
        zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True), start=1
    ):
        reasons: list[Reason] = [] if scores is None else [ranked_by(ReasonKind.WALK, rank)]
        if row in near:
            reasons.append(ranked_by(ReasonKind.DENSE, near[row]))
        passages.append(ranked_passage(memory.index, rank, row, score, 1, tuple(reasons)))
    watch.lap("explain")
    return SearchResult(tuple(passages), SearchTrace(method, seeds, fallback, watch.timings_ms, warnings))
