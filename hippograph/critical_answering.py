"""Journey 2 with a critic: answer, judge the answer, search on for what it lacks, and abstain where nothing helps.

SIM-RAG (2025, section 3.1): at most so many turns; a query is never repeated; where the turns are over and the critic
is not content, no answer is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from hippograph.answering import gather_evidence, look_into, spread_out
from hippograph.generation.inquiry import Inquiry
from hippograph.generation.pool import LONGEST_QUERY
from hippograph.ports import Critic, Parts
from hippograph.searching import USUAL, Searching
from hippograph.settings import Settings
from hippograph.types import Answer, CitedSentence, CritiqueKind, Draft, RankedPassage

PASSAGES = 10
"""How many passages one further search brings in."""


def ask_with_critic(
    question: str, searching: Searching, parts: Parts, settings: Settings, critic: Critic
) -> Answer:
    """An answer that the critic is content with, or a refusal that says what the evidence lacks.

    The trace's queries are what was searched for after the question; its warnings say how each turn was judged.
    """
    inquiry = look_into(question, searching, parts, settings)
    rankings, queries, told = [inquiry.passages], list[str](), list[str]()
    best: tuple[Inquiry, Draft] | None = None
    while True:
        draft = inquiry.answerer.answer(question, inquiry.query_vector, inquiry.evidence)
        if best is None or _worth(draft) > _worth(best[1]):
            best = inquiry, draft
        critique = critic.judge(question, draft, inquiry.evidence, [question, *queries])
        is_last = len(queries) + 1 >= settings.answer.max_hops
        if critique.kind is not CritiqueKind.SEARCH or is_last or not critique.query.strip():
            break
        told.append(f"The critic: {critique.why}")
        queries.append(critique.query[:LONGEST_QUERY])
        rankings.append(_search(queries[-1], searching))
        inquiry = _with(inquiry, rankings, searching, settings)
    inquiry, draft = best
    if critique.kind is CritiqueKind.ABSTAIN and draft.refusal is None:
        draft = Draft(critique.why, None, (), critique.why, draft.confidence, warnings=draft.warnings)
    trace = inquiry.trace
    trace = replace(trace, queries=(*trace.queries, *queries), warnings=(*trace.warnings, *told))
    return replace(inquiry, trace=trace).answer(draft)


def shown_sentences(answer: Answer) -> list[CitedSentence]:
    """What an answer shows sentence by sentence: its own, or the cited ones where they are copied."""
    if answer.refusal is not None:
        return []
    return list(answer.sentences) or [CitedSentence(each.sentence, (each,)) for each in answer.citations]


def _worth(draft: Draft) -> float:
    """Of the answers of several turns the likeliest is given; any is worth more than none."""
    return draft.confidence if draft.refusal is None else -1.0


def _search(query: str, searching: Searching) -> tuple[RankedPassage, ...]:
    return searching.search(query, searching.query_vector(query, USUAL), PASSAGES, USUAL).passages


def in_turn(rankings: Sequence[Sequence[RankedPassage]]) -> list[RankedPassage]:
    """The best of each search, then the second of each: what a turn newly found has its place, each passage once.

    A sum over rankings would favour what all turns find, and a turn is there to find something else.
    """
    turns = [each for row in zip_longest(*rankings) for each in row if each is not None]
    once = dict.fromkeys(each.passage.id for each in turns)
    first = {each.passage.id: each for each in reversed(turns)}
    return [replace(first[name], rank=rank) for rank, name in enumerate(once, start=1)]


def _with(
    inquiry: Inquiry, rankings: list[tuple[RankedPassage, ...]], searching: Searching, settings: Settings
) -> Inquiry:
    """The inquiry with the passages of all searches, as many as an answer may draw on."""
    retrieval = settings.retrieval
    passages = spread_out(in_turn(rankings), retrieval.answer_passages, retrieval.passages_per_document)
    return replace(inquiry, passages=passages, evidence=tuple(gather_evidence(searching.index, passages)))
