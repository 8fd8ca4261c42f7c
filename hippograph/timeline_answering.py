"""Journey 2 with timelines: how what was found came about, and questions about order answered from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hippograph.answering import gather_evidence, look_into
from hippograph.budget import Budget, within
from hippograph.generation.extractive import ExtractiveAnswerer
from hippograph.generation.inquiry import Inquiry
from hippograph.generation.question_types import read_question
from hippograph.generation.sentences import read_sentences
from hippograph.ports import ModelAnswerer, Parts
from hippograph.searching import USUAL, Searching
from hippograph.settings import Settings
from hippograph.timelines.order import answer_order, find_happenings
from hippograph.timelines.questions import read_timed
from hippograph.timelines.sceptic import doubt, is_conversation
from hippograph.timelines.search import METHOD
from hippograph.timelines.view import Told, found_passages, tell_timelines
from hippograph.types import Answer, Draft, Evidence, Relation, Row

NEWER = "a later memory says otherwise"
OLDER = "what an earlier memory says has changed"


def ask_with_timelines(question: str, searching: Searching, parts: Parts, settings: Settings) -> Answer:
    """An answer with the timelines through what was found, whose entries it may cite.

    It searches by the method `timeline` where the settings name no other. A question that compares two happenings is
    answered from their moments where no model writes; another is answered from the evidence, to which the entries of
    the timelines are added, each with what it is to its neighbours in its heading.
    """
    if settings.retrieval.method == USUAL:
        retrieval = settings.retrieval.model_copy(update={"method": METHOD})
        settings = settings.model_copy(update={"retrieval": retrieval})
    inquiry = look_into(question, searching, parts, settings)
    budget = Budget(calls=settings.timelines.most_model_calls, seconds=settings.answer.deadline_seconds)
    generator = within(parts.generator, budget) if parts.generator else None
    told = tell_timelines(
        question, inquiry.query_vector, searching.index, inquiry.passages, settings.timelines, generator
    )
    inquiry = with_entries(inquiry, searching, told)
    answer = inquiry.answer(_draft(inquiry, parts, settings))
    trace = replace(answer.trace, warnings=(*answer.trace.warnings, *told.warnings))
    return replace(answer, trace=trace, usage=answer.usage + budget.spent(), timelines=told.timelines)


def with_entries(inquiry: Inquiry, searching: Searching, told: Told) -> Inquiry:
    """The inquiry with the entries of its timelines among the evidence, behind what was found."""
    known = {each.row for each in inquiry.passages}
    rows = dict.fromkeys(row for path in told.rows for row in path if Row(row) not in known)
    added = found_passages(searching.index, list(rows), len(inquiry.passages))
    evidence = (*inquiry.evidence, *gather_evidence(searching.index, added))
    if isinstance(inquiry.answerer, ModelAnswerer):  # rules would take the notes for the document's own words
        evidence = _with_relations(evidence, told)
    return replace(inquiry, passages=(*inquiry.passages, *added), evidence=evidence)


def _with_relations(evidence: Sequence[Evidence], told: Told) -> tuple[Evidence, ...]:
    """The evidence with what a timeline says of it in the headings that an answerer reads; the first also how the
    timeline was retold."""
    notes: dict[int, list[str]] = {}
    for timeline, path in zip(told.timelines, told.rows, strict=True):
        if timeline.refined:
            notes.setdefault(path[0], []).append(f"in short: {timeline.refined}")
        for place, relation in enumerate(timeline.relations):
            if relation is Relation.CHANGED:
                notes.setdefault(path[place], []).append(NEWER)
                notes.setdefault(path[place + 1], []).append(OLDER)
    return tuple(_noted(each, notes.get(int(each.found.row), [])) for each in evidence)


def _noted(evidence: Evidence, notes: Sequence[str]) -> Evidence:
    if not notes:
        return evidence
    passage = evidence.found.passage
    heading = " > ".join([*([passage.heading] if passage.heading else []), *dict.fromkeys(notes)])
    return replace(evidence, found=replace(evidence.found, passage=replace(passage, heading=heading)))


def _draft(inquiry: Inquiry, parts: Parts, settings: Settings) -> Draft:
    """What the evidence says: an order where one is asked for, a refusal where a detail is missing, else an answer."""
    asked = read_timed(inquiry.question)
    writes_itself = not isinstance(inquiry.answerer, ModelAnswerer)
    if writes_itself and asked.events:
        vectors = [parts.embedder.embed_query(event) for event in asked.events]
        ordered = answer_order(asked, find_happenings(asked, inquiry.evidence, vectors))
        if ordered is not None:
            return ordered
    answerer = inquiry.answerer
    if writes_itself and settings.timelines.sceptical and is_conversation(inquiry.evidence):
        sentences = read_sentences(inquiry.query_vector, inquiry.evidence)
        doubted = doubt(read_question(inquiry.question), asked, sentences) if sentences else None
        if doubted and doubted.is_strong():
            reason = doubted.reason()
            return Draft(reason, None, (), refusal=reason, confidence=round(doubted.chance, 4))
        if doubted and isinstance(answerer, ExtractiveAnswerer):
            answerer = ExtractiveAnswerer(
                threshold=0.0
            )  # made for prose: of chats it refuses what they answer
    return answerer.answer(inquiry.question, inquiry.query_vector, inquiry.evidence)
