"""Journey 2: from a question to an answer that cites its sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hippograph.ports import Parts
from hippograph.published import PublishedIndex
from hippograph.retrieval.search import search
from hippograph.settings import Settings
from hippograph.types import Answer, DocumentId, Evidence, RankedPassage

CROWD = 5
"""How many times more passages are searched than an answer may draw on, since one document may hold many."""


def ask(question: str, index: PublishedIndex, parts: Parts, settings: Settings) -> Answer:
    """Search, gather what the index knows of each found sentence, and let the answerer write from that alone."""
    query_vector = parts.embedder.embed_query(question)
    retrieval = settings.retrieval
    found = search(
        question, query_vector, index, retrieval, CROWD * retrieval.answer_passages, retrieval.method
    )
    passages = spread_out(found.passages, retrieval.answer_passages, retrieval.passages_per_document)
    draft = parts.answerer.answer(question, query_vector, gather_evidence(index, passages))
    return Answer(
        question=question,
        text=draft.text,
        span=draft.span,
        citations=draft.citations,
        refusal=draft.refusal,
        confidence=draft.confidence,
        method=parts.answerer.name,
        passages=passages,
        trace=found.trace,
    )


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
        vectors = index.sentence_vectors.vectors(sentences)
        evidence.append(Evidence(found, vectors, extraction.mentions, extraction.triples))
    return evidence
