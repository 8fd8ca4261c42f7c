"""Exploring: everything a search finds out about a question before it orders the candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.hops import FirstHop, chain_scores, choose_first_hop, second_hop
from hippograph.retrieval.links import Links, find_links
from hippograph.retrieval.pool import Pool, gather_pool, nearest_sentences, union
from hippograph.retrieval.rankings import Ranking, dense_ranking, lexical_ranking
from hippograph.retrieval.second_look import Ties, find_ties
from hippograph.retrieval.seeds import find_seeds, names_in
from hippograph.retrieval.signals import (
    Signals,
    link_signals,
    similarity_signals,
    walk_signals,
)
from hippograph.retrieval.walk import MIX, Walks, walk_from
from hippograph.settings import RetrievalSettings
from hippograph.types import Node, Seed, Vectors

NO_SEEDS = "nothing in the graph answers to the question, so passages are ranked by dense similarity alone"


@dataclass(frozen=True, slots=True, eq=False)
class FurtherSeeds:
    """What is walked from beside what the question itself says, such as the clues of a draft of its answer."""

    sentences: Ranking
    named: Mapping[Node, str]
    passages: Ranking
    """Candidates, whether the walk comes by or not."""


@dataclass(frozen=True, slots=True, eq=False)
class Exploration:
    """What each step found."""

    dense: Ranking
    lexical: Ranking
    sentences: Ranking
    """The sentences that give entity seeds."""
    named: Mapping[Node, str]
    """The entities the question names."""
    entities: tuple[Seed, ...]
    walked: Ranking
    """Passages by the walks together."""
    first: FirstHop
    second: Ranking
    links: Links
    pool: Pool
    signals: Signals
    fallback: str | None
    walks: Walks
    """The walks one by one, for whoever looks closer."""
    ties: Ties
    """What the candidates say of each other, once there is an order to believe."""

    @property
    def dense_seeds(self) -> Mapping[Node, float]:
        """The passages nearest the question and their cosines."""
        top = self.dense.top(5)
        return dict(zip(map(Node, top.rows.tolist()), top.scores.tolist(), strict=True))

    def hop(self, row: int) -> int:
        """1 for a passage that answers to the question itself, 2 for one that the first hop led to."""
        near = self.dense.top(5).rows.tolist() + self.lexical.top(5).rows.tolist()
        return 1 if row in near or row in self.first.passages.tolist() else 2


def explore(
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    lap: Callable[[str], None] = lambda step: None,
    further: FurtherSeeds | None = None,
) -> Exploration:
    """First rankings, seeds, walks, the second hop, and the signals of every candidate they bring up."""
    depth = settings.candidates
    dense = dense_ranking(index, query_vector, max(depth, settings.seed_passages))
    lap("dense")
    words = index.lexical_scores(question)
    lexical = lexical_ranking(index, words, max(depth, settings.seed_passages))
    lap("lexical")
    near = nearest_sentences(index, query_vector, union([dense, lexical], depth))
    sentences = near.top(settings.seed_sentences)
    named = names_in(question, index)
    if further:
        sentences = _together(sentences, further.sentences)
    entities = find_seeds(index, {**named, **further.named} if further else named, sentences, settings)
    lap("seeds")
    walks = walk_from(index, entities, dense, lexical, words.spread, settings)
    lap("walk")
    walked = walks.ranking(MIX, 2 * depth)
    first = choose_first_hop(index, query_vector, walked)
    second = second_hop(index, query_vector, first, depth)
    lap("second hop")
    from_entities = walks.ranking({"entities": 1.0}, depth)
    beyond = [further.passages] if further else []
    rows = union([dense, lexical, walked, from_entities, second, *beyond], depth)
    pool = gather_pool(index, rows)
    links = find_links(index, rows, first, named)
    chains = chain_scores(pool, query_vector, first)
    signals = similarity_signals(index, question, query_vector, words, pool, first, chains)
    signals |= link_signals(links, pool, chains)
    signals |= walk_signals(walks, rows)
    ties = find_ties(index, question, query_vector, pool, named)
    lap("signals")
    fallback = None if entities else NO_SEEDS
    return Exploration(
        dense,
        lexical,
        sentences,
        named,
        entities,
        walked,
        first,
        second,
        links,
        pool,
        signals,
        fallback,
        walks,
        ties,
    )


def _together(first: Ranking, more: Ranking) -> Ranking:
    """Two short lists end to end, each row once."""
    new = ~np.isin(more.rows, first.rows)
    return Ranking(
        np.concatenate([first.rows, more.rows[new]]), np.concatenate([first.scores, more.scores[new]])
    )
