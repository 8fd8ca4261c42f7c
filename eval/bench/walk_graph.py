"""Generated graphs of any size for the walk: a small corpus copied, with hubs that grow as the copies do.

Replication is not new text, but it keeps what a walk depends on: the degrees. A name that stands in f passages of the
small corpus is shared by groups of f ** 1.5 copies, so that rare names stay new in every copy while the most frequent
ones grow with the corpus. Nodes of entities are shuffled: their numbers say nothing of who is near whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval.generated import EXPONENT
from hippograph.graph.build import apply, units
from hippograph.graph.knowledge_graph import CONTRIBUTION, EdgeKind, KnowledgeGraph
from hippograph.settings import GraphSettings
from hippograph.tables import Files, Rows

PASSAGES = 1_900
"""Of the corpus that is copied: as many as MuSiQue's hundred questions come with."""
SENTENCES = 3
NAMES_PER_SENTENCE = 5
NEW_NAMES = 0.45
SHIFT = 40

"""The share of mentions whose name stands nowhere else: what is left follows the law of `eval.generated`."""
SYNONYMS_PER_ENTITY = 0.4
SHARING = 1.5
"""The exponent by which frequent names are shared among copies."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SmallCorpus:
    """What is copied: passages 0 to PASSAGES - 1, and names."""

    mentions: Ints
    """The names of each sentence: shape (passages, sentences, names)."""
    synonyms: Ints
    """Pairs of names: shape (pairs, 2)."""
    sharing: Ints
    """How many copies have a name in common: shape (names,)."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedGraph:
    """A graph, and where its passages name whom."""

    graph: KnowledgeGraph
    passages: Ints
    entities: Ints
    """The passage and the entity of each mention, as nodes: a name drawn here is drawn as often as it is named."""


def generate_graph(node_count: int, folder: Path, seed: int = 0) -> GeneratedGraph:
    """A graph of at least so many nodes, and about four times as many edges, in tables on disk."""
    rng = np.random.default_rng(seed)
    small = _small_corpus(rng)
    copies = 1
    while _node_count(small, copies) < node_count:
        copies += max(1, copies // 50)
    groups = -(-copies // small.sharing)
    firsts = np.concatenate([[0], np.cumsum(groups)])
    passage_count, entity_count = copies * PASSAGES, int(firsts[-1])
    shuffled = passage_count + rng.permutation(entity_count)
    # Each name meets the copies in an order of its own, so that no two copies share all their frequent names.
    places = rng.permuted(np.tile(np.arange(copies), (len(groups), 1)), axis=1)
    files = Files(folder)
    rows = Rows(files, "graph")
    mentioned = []
    settings = GraphSettings()
    edges = []
    for copy in range(copies):
        nodes = shuffled[firsts[:-1] + places[:, copy] // small.sharing]
        named = nodes[small.mentions]
        passages = copy * PASSAGES + np.repeat(np.arange(PASSAGES), SENTENCES * NAMES_PER_SENTENCE)
        mentioned.append(_distinct_pairs(np.stack([passages, named.ravel()], axis=1)))
        edges.append(_edges(mentioned[-1], EdgeKind.MENTION, settings.mention_weight))
        left, right = np.triu_indices(NAMES_PER_SENTENCE, 1)
        together = np.stack([named[..., left].ravel(), named[..., right].ravel()], axis=1)
        edges.append(_edges(together, EdgeKind.SENTENCE, settings.sentence_weight))
        edges.append(_edges(nodes[small.synonyms], EdgeKind.SYNONYMY, settings.synonymy_weight))
    apply(rows, np.concatenate(edges))
    files.commit()
    pairs = np.concatenate(mentioned)
    graph = KnowledgeGraph(rows, passage_count, passage_count, entity_count)
    return GeneratedGraph(graph, pairs[:, 0], pairs[:, 1])


def _small_corpus(rng: np.random.Generator) -> SmallCorpus:
    shape = (PASSAGES, SENTENCES, NAMES_PER_SENTENCE)
    ranks = (rng.pareto(EXPONENT, shape) * SHIFT).clip(max=2.0**40).astype(np.int64)
    new = rng.random(shape) < NEW_NAMES
    ranks[new] = 2**41 + np.arange(int(new.sum()))
    _, mentions = np.unique(ranks, return_inverse=True)
    mentions = mentions.reshape(shape)
    name_count = int(mentions.max()) + 1
    pairs = _distinct_pairs(
        np.stack([np.repeat(np.arange(PASSAGES), shape[1] * shape[2]), mentions.ravel()], 1)
    )
    frequency = np.bincount(pairs[:, 1], minlength=name_count)
    synonyms = rng.integers(0, name_count, (int(SYNONYMS_PER_ENTITY * name_count), 2))
    return SmallCorpus(mentions, synonyms, np.maximum(frequency**SHARING, 1).astype(np.int64))


def _node_count(small: SmallCorpus, copies: int) -> int:
    return copies * PASSAGES + int((-(-copies // small.sharing)).sum())


def _distinct_pairs(pairs: Ints) -> Ints:
    distinct: Ints = np.unique(pairs, axis=0)
    return distinct


def _edges(pairs: Ints, kind: EdgeKind, weight: float) -> npt.NDArray[np.void]:
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    edges = np.zeros(len(pairs), dtype=CONTRIBUTION)
    edges["left"], edges["right"] = pairs.T
    edges["kind"], edges["weight"] = kind, units(weight)
    return edges
