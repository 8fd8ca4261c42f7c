"""Journey 2: from a question to an answer that cites its sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from hippograph.budget import Budget, within
from hippograph.generation.inquiry import Inquiry
from hippograph.generation.loops import look_further
from hippograph.generation.model_answer import sentences_of
from hippograph.generation.shape import Shape, in_shape, schema_of
from hippograph.ports import ModelAnswerer, Parts
from hippograph.published import PublishedIndex
from hippograph.searching import Searching
from hippograph.settings import Settings
from hippograph.types import Answer, CitedSentence, DocumentId, Draft, Evidence, RankedPassage, SearchResult

CROWD = 5
"""How many times more passages are searched than an answer may draw on, since one document may hold many."""


def ask(
    question: str, searching: Searching, parts: Parts, settings: Settings, shape: Shape | None = None
) -> Answer:
    """Search, gather what the index knows of each found sentence, and let the answerer write from that alone.

    With a shape, the answer carries `data` in it: raises a leaf of GenerationError when the model cannot give any.
    """
    schema = None if shape is None else schema_of(shape)
    inquiry = look_into(question, searching, parts, settings)
    if shape is None or schema is None:
        return inquiry.answer(inquiry.answerer.answer(question, inquiry.query_vector, inquiry.evidence))
    draft = inquiry.model_answerer().fill(question, inquiry.query_vector, inquiry.evidence, schema)
    return inquiry.answer(replace(draft, data=in_shape(shape, draft.data)))


def ask_stream(
    question: str, searching: Searching, parts: Parts, settings: Settings
) -> Iterator[CitedSentence | Answer]:
    """Each sentence of the answer as soon as it is written and its citations are verified, then the answer."""
    inquiry = look_into(question, searching, parts, settings)
    if isinstance(inquiry.answerer, ModelAnswerer):
        for written in inquiry.answerer.stream(question, inquiry.query_vector, inquiry.evidence):
            yield inquiry.answer(written) if isinstance(written, Draft) else written
        return
    draft = inquiry.answerer.answer(question, inquiry.query_vector, inquiry.evidence)
    yield from sentences_of(draft)
    yield inquiry.answer(draft)


def look_into(question: str, searching: Searching, parts: Parts, settings: Settings) -> Inquiry:
    """Everything that comes before the answer is written: one search or a loop of them, and the evidence.

    A loop that the method of the settings names holds where `answer.loop` names none. The last of the model calls that
    are allowed is left for the answer.
    """
    retrieval, (loop, method) = settings.retrieval, searching.way(settings.retrieval.method)
    limits = settings.answer
    if loop and limits.loop == "none":
        limits = limits.model_copy(update={"loop": loop})
    budget = Budget(calls=max(limits.max_model_calls - 1, 0), seconds=limits.deadline_seconds)
    generator = within(parts.generator, budget) if parts.generator else None
    query_vector = parts.embedder.embed_query(question)

    def look(query: str) -> SearchResult:
        vector = query_vector if query == question else searching.query_vector(query, method)
        return searching.once(query, vector, CROWD * retrieval.answer_passages, method, generator)

    found = look(question) if limits.loop == "none" else look_further(question, look, generator, limits)
    passages = spread_out(found.passages, retrieval.answer_passages, retrieval.passages_per_document)
    evidence = tuple(gather_evidence(searching.index, passages))
    spent, answerer = budget.spent(), parts.answerer
    writing = Budget(calls=limits.max_model_calls - spent.llm_calls, seconds=budget.seconds_left())
    if parts.generator and isinstance(answerer, ModelAnswerer):
        answerer = answerer.within(within(parts.generator, writing))
    return Inquiry(question, query_vector, passages, evidence, found.trace, answerer, spent, writing)


def spread_out(passages: Sequence[RankedPassage], count: int, per_document: int) -> tuple[RankedPassage, ...]:
    """The first passages, so many of a document at most: an answer that takes several documents finds them all."""
    taken: Counter[DocumentId] = Counter()
    chosen: list[RankedPassage] = []
    for passage in passages:
        if len(chosen) < count and taken[passage.passage.document] < per_document:
            taken[passage.passage.document] += 1
            chosen.append(passage)
    return tuple(chosen)


def gather_evidence(index: PublishedIndex, passages: Sequence[RankedPassage]) -> list[Evidence]:
    """Each found passage with the vectors, mentions and triples of its sentences."""
    evidence = []
    for found in passages:
        sentences = np.array(index.sentence_rows(found.row), dtype=np.int64)
        extraction = index.load_extraction(found.row)
        vectors = index.sentence_vectors(sentences)
        evidence.append(_only_found(Evidence(found, vectors, extraction.mentions, extraction.triples)))
    return evidence


def _only_found(evidence: Evidence) -> Evidence:
    """The evidence without the sentences that were not found, where the search says which of them were."""
    found = evidence.found
    if not found.sentences:
        return evidence
    kept = {place: number for number, place in enumerate(found.sentences)}
    passage = replace(found.passage, sentences=tuple(found.passage.sentences[place] for place in kept))
    return Evidence(
        replace(found, passage=passage),
        evidence.sentence_vectors[list(kept)],
        tuple(replace(m, sentence=kept[m.sentence]) for m in evidence.mentions if m.sentence in kept),
        tuple(replace(t, sentence=kept[t.sentence]) for t in evidence.triples if t.sentence in kept),
    )
