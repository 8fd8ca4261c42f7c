"""Conflicts: where documents say otherwise than the sentences an answer cites; each side dated, none longer.

Readers, models among them, believe what they see more of or see first (Xie et al. 2024, "Adaptive Chameleon"). So sides
are grouped by what they say, the newest first, with as many sentences each, and nobody picks silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from hippograph.checked_answering import claims_of
from hippograph.checking import Memory, find_evidence
from hippograph.generation.claims.rules import RuleVerifier
from hippograph.settings import CheckSettings
from hippograph.types import (
    Answer,
    Citation,
    CitedSentence,
    Claim,
    Conflict,
    ConflictSide,
    DocumentId,
    Evidence,
    VerdictKind,
)

MOST_SENTENCES = 8
"""How many of an answer's cited sentences are looked into."""
MOST_SHOWN = 3
"""How many sentences one side shows at most."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def find_conflicts(answer: Answer, memory: Memory, settings: CheckSettings) -> tuple[Conflict, ...]:
    """Every claim of the cited sentences that another document refutes, with what each side rests on.

    By rules, whatever verifier is set up: each document is asked for itself, which would be a call each.
    """
    found: dict[frozenset[tuple[str, int]], Conflict] = {}
    for citation in answer.citations[:MOST_SENTENCES]:
        for claim in claims_of((), CitedSentence(citation.sentence, (citation,))):
            conflict = _conflict(claim, citation, find_evidence(claim, memory, settings))
            if conflict is not None:
                named = frozenset((c.document, c.start) for side in conflict.sides for c in side.citations)
                found.setdefault(named, conflict)
    return tuple(found.values())


def _conflict(claim: Claim, citation: Citation, evidence: Sequence[Evidence]) -> Conflict | None:
    """The sides of one claim; None where every document that speaks of it agrees."""
    verifier = RuleVerifier()
    moments = {each.found.passage.document: each.found.timestamp for each in evidence}
    says: dict[str, dict[DocumentId, Citation]] = {"": {citation.document: citation}}
    by_document = sorted(evidence, key=lambda each: each.found.passage.document)
    for document, passages in groupby(by_document, key=lambda each: each.found.passage.document):
        verdict = verifier.verify(claim, list(passages))
        if verdict.citation is None or document == citation.document:
            continue
        side = "" if verdict.kind is VerdictKind.SUPPORTED else verdict.why
        says.setdefault(side, {})[document] = verdict.citation
    if len(says) < 2:
        return None
    most = min(MOST_SHOWN, *(len(citations) for citations in says.values()))
    sides = [_side(why, citations.values(), moments, most) for why, citations in says.items()]
    return Conflict(claim.text, tuple(sorted(sides, key=lambda side: side.newest or _LONG_AGO, reverse=True)))


def _side(
    why: str, citations: Iterable[Citation], moments: dict[DocumentId, datetime | None], most: int
) -> ConflictSide:
    """The newest sentences of a side, as many as the shortest side has."""
    ordered = sorted(
        citations, key=lambda each: (moments.get(each.document) or _LONG_AGO, each.document), reverse=True
    )
    newest = max((moment for each in ordered if (moment := moments.get(each.document))), default=None)
    dated = tuple(moments.get(each.document) for each in ordered[:most])
    return ConflictSide(why or "This is said.", tuple(ordered[:most]), dated, len(ordered), newest)
