"""Seeds: where the walk restarts. A few entities and a short, sharp list of passages.

A reset vector spread over every passage drowns the seeds as the corpus grows and makes every walk global; one over
twenty passages, weighted by exp((s - s_max) / temperature), keeps the walk local and found more.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Ranking
from hippograph.settings import RetrievalSettings
from hippograph.text.names import words
from hippograph.types import Node, Row, Seed, Seeds

LONGEST_NAME = 8
"""Names of up to this many words are looked for in a question."""

NAMED_WEIGHT = 2.0
"""What a name in the question weighs, against the cosine of a sentence."""


def names_in(question: str, index: PublishedIndex) -> dict[Node, str]:
    """The entities a question names: the longest runs of its words that are some entity's name, left to right."""
    tokens = words(question)
    spans = [
        (start, end)
        for start in range(len(tokens))
        for end in range(min(len(tokens), start + LONGEST_NAME), start, -1)
    ]
    names = [" ".join(tokens[start:end]) for start, end in spans]
    found: dict[Node, str] = {}
    covered = 0
    for (start, end), name, node in zip(spans, names, index.nodes_of_keys(names), strict=True):
        if node is not None and start >= covered:
            found[node] = name
            covered = end
    return found


def find_seeds(
    index: PublishedIndex, named: Mapping[Node, str], sentences: Ranking, settings: RetrievalSettings
) -> tuple[Seed, ...]:
    """Entity seeds: what the sentences nearest the question name and what it names, by how telling they are.

    An entity's weight is the similarity of its sentence over the number of passages that name it (node specificity,
    HippoRAG, section 3.3). The heaviest are kept and scaled to sum to one.
    """
    weights: dict[Node, float] = {}
    reasons: dict[Node, str] = {}
    for row, similarity in zip(sentences.rows.tolist(), sentences.scores.tolist(), strict=True):
        nodes = index.entities_of_sentence(row)
        for node, held in zip(map(Node, nodes.tolist()), index.passages_naming(nodes).tolist(), strict=True):
            weights[node] = weights.get(node, 0.0) + max(0.0, similarity) / held
            reasons.setdefault(node, "in a sentence near the question")
    held_by = index.passages_naming(np.array(list(named), dtype=np.int64)).tolist()
    for node, held in zip(named, held_by, strict=True):
        weights[node] = weights.get(node, 0.0) + NAMED_WEIGHT / held
        reasons[node] = "named in the question"
    keys = dict(zip(weights, index.entity_keys_of(list(weights)).tolist(), strict=True))
    heaviest = sorted(weights, key=lambda node: (-weights[node], keys[node]))[: settings.seed_entities]
    total = sum(weights[node] for node in heaviest)
    if total <= 0:
        return ()
    return tuple(Seed(n, index.entity_name(n), weights[n] / total, reasons[n]) for n in heaviest)


def sharp_weights(scores: npt.NDArray[np.float64], temperature: float) -> npt.NDArray[np.float64]:
    """exp((s - s_max) / temperature), scaled to sum to one: a short list in which only the best count."""
    if not len(scores):
        return scores
    weights: npt.NDArray[np.float64] = np.exp((scores - scores.max()) / temperature)
    return weights / float(weights.sum())


def passage_seeds(ranking: Ranking, weights: npt.NDArray[np.float64]) -> dict[Node, float]:
    """Restart mass on the passages of a ranking."""
    return dict(zip(map(Node, ranking.rows.tolist()), weights.tolist(), strict=True))


def describe(
    index: PublishedIndex, entities: tuple[Seed, ...], dense: Mapping[Node, float], sentences: Ranking
) -> Seeds:
    """The seeds as the trace shows them."""
    passages = tuple(
        Seed(node, index.load_passage(Row(node)).title, weight, "near the question")
        for node, weight in sorted(dense.items(), key=lambda item: -item[1])[:5]
    )
    owners = index.passage_of_sentences(sentences.rows).tolist()
    homes = {owner: index.load_passage(Row(owner)).sentences for owner in set(owners)}
    facts = tuple(
        homes[owner][row - index.sentence_rows(Row(owner)).start].text
        for row, owner in zip(sentences.rows.tolist(), owners, strict=True)
    )
    return Seeds(entities, passages, facts)
