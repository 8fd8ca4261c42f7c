"""Journey 2: from a question to an answer that cites its sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hippograph.ports import Parts
from hippograph.published import PublishedIndex
from hippograph.retrieval.search import search
from hippograph.settings import Settings
from hippograph.types import Answer, Evidence, RankedPassage, Row


def ask(question: str, index: PublishedIndex, parts: Parts, settings: Settings) -> Answer:
    """Search, gather what the index knows of each found sentence, and let the answerer write from that alone."""
    query_vector = parts.embedder.embed_query(question)
    retrieval = settings.retrieval
    found = search(question, query_vector, index, retrieval, retrieval.answer_passages, retrieval.method)
    draft = parts.answerer.answer(question, query_vector, gather_evidence(index, found.passages))
    return Answer(
        question=question,
        text=draft.text,
        span=draft.span,
        citations=draft.citations,
        refusal=draft.refusal,
        confidence=draft.confidence,
        method=parts.answerer.name,
        passages=found.passages,
        trace=found.trace,
    )


def gather_evidence(index: PublishedIndex, passages: Sequence[RankedPassage]) -> list[Evidence]:
    """Each found passage with the vectors, mentions and triples of its sentences."""
    evidence = []
    for found in passages:
        sentences = np.array(index.sentence_rows(Row(found.row)), dtype=np.int64)
        extraction = index.load_extraction(Row(found.row))
        vectors = index.sentence_vectors.vectors(sentences)
        evidence.append(Evidence(found, vectors, extraction.mentions, extraction.triples))
    return evidence
