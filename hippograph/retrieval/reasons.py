"""Reasons: why a passage was found, in ranks and in the names that led to it."""

from __future__ import annotations

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import Exploration
from hippograph.retrieval.rankings import Ranking
from hippograph.types import Node, Reason, ReasonKind, Row

WORDS = {
    ReasonKind.DENSE: "near the question",
    ReasonKind.LEXICAL: "shares the question's words",
    ReasonKind.WALK: "visited by the walk",
}
"""What it means to stand high in a ranking."""


def explain_passage(index: PublishedIndex, found: Exploration, row: int) -> tuple[Reason, ...]:
    """Its ranks by meaning, words and walk, the seed sentence it holds, and the path from the seeds to it."""
    reasons = []
    for kind, ranking in (
        (ReasonKind.DENSE, found.dense),
        (ReasonKind.LEXICAL, found.lexical),
        (ReasonKind.WALK, found.walked),
    ):
        if (rank := _rank(ranking, row)) is not None:
            reasons.append(ranked_by(kind, rank))
    reasons += _seed_facts(index, found, row)
    if path := _path(index, found, row):
        reasons.append(Reason(ReasonKind.PATH, path))
    return tuple(reasons)


def ranked_by(kind: ReasonKind, rank: int) -> Reason:
    """That a passage stands at this rank of one of the rankings."""
    return Reason(kind, WORDS[kind], rank)


def _rank(ranking: Ranking, row: int) -> int | None:
    places = np.flatnonzero(ranking.rows == row)
    return int(places[0]) + 1 if len(places) else None


def _seed_facts(index: PublishedIndex, found: Exploration, row: int) -> list[Reason]:
    """The sentences of the passage that gave entity seeds."""
    rows = index.sentence_rows(Row(row))
    held = [(rank, s) for rank, s in enumerate(found.sentences.rows.tolist(), start=1) if s in rows]
    if not held:
        return []
    sentences = index.load_passage(Row(row)).sentences
    return [Reason(ReasonKind.SEED_FACT, sentences[s - rows.start].text, rank) for rank, s in held]


def _path(index: PublishedIndex, found: Exploration, row: int) -> str:
    """The shortest way the walk could take here: from a seed entity, over at most one passage of the first hop."""
    here = set(index.entities_of_passage(Row(row)).tolist())
    for seed in found.entities:
        if seed.node in here:
            return f"{seed.name} → this passage"
    for first in found.first.passages.tolist():
        shared = here.intersection(index.entities_of_passage(Row(first)).tolist()) if first != row else ()
        if shared:
            nodes = np.array(sorted(shared))
            rarest = np.lexsort((index.entity_keys_of(nodes), index.passages_naming(nodes)))[0]
            name = index.entity_name(Node(int(nodes[rarest])))
            return f"{index.load_passage(Row(first)).title} → {name} → this passage"
    return ""
