"""Generated graphs of any size for the walk: a small corpus copied, with hubs that grow as the copies do.

Replication is not new text, but it keeps what a walk depends on: the degrees. A name that stands in f passages of the
small corpus is shared by groups of f ** 1.5 copies, so that rare names stay new in every copy while the most frequent
ones grow with the corpus. Nodes of entities are shuffled: their numbers say nothing of who is near whom.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval.generated import EXPONENT
from hippograph.graph.build import apply, units
from hippograph.graph.knowledge_graph import CONTRIBUTION, Contributions, EdgeKind, KnowledgeGraph
from hippograph.settings import GraphSettings
from hippograph.tables import Files, Rows

# So that a copy has about 22,000 nodes, four edges a node and a largest degree of 500, as MuSiQue's passages have.
PASSAGES = 1_900
SENTENCES = 3
NAMES_PER_SENTENCE = 5
NEW_NAMES = 0.45
"""The share of mentions whose name stands nowhere else. What is left follows the law of `eval.generated`."""
SHIFT = 40.0
"""Of that law: the larger, the less frequent the most frequent names."""
SYNONYMS_PER_ENTITY = 0.4
SHARING = 1.5
"""The exponent by which frequent names are shared among copies."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedGraph:
    """A graph, and which of its passages name whom."""

    graph: KnowledgeGraph
    mentioned: Ints
    """The entity of each mention, as a node: one drawn here is drawn as often as it is named."""


@dataclass(frozen=True, slots=True, eq=False)
class SmallCorpus:
    """What is copied."""

    mentions: Ints
    """The names of each sentence: shape (passages, sentences, names)."""
    synonyms: Ints
    """Pairs of names: shape (pairs, 2)."""
    sharing: Ints
    """How many copies have a name in common: shape (names,)."""

    def node_count(self, copies: int) -> int:
        """Passages and names of so many copies."""
        return copies * PASSAGES + int((-(-copies // self.sharing)).sum())


def generate_graph(node_count: int, folder: Path, seed: int = 0) -> GeneratedGraph:
    """A graph of at least so many nodes, and about four times as many edges, in tables on disk."""
    rng = np.random.default_rng(seed)
    small = _small_corpus(rng)
    copies = next(n for n in range(1, node_count) if small.node_count(n) >= node_count)
    files = Files(folder)
    rows, edges, mentioned = Rows(files, "graph"), [], []
    for copy, nodes in enumerate(_nodes_of_copies(small, copies, rng)):
        mentions, others = _edges_of_copy(small, nodes, copy * PASSAGES)
        mentioned.append(mentions["right"].astype(np.int64))
        edges += [mentions, others]
    apply(rows, np.concatenate(edges))
    files.commit()
    passage_count = copies * PASSAGES
    graph = KnowledgeGraph(rows, passage_count, passage_count, small.node_count(copies) - passage_count)
    return GeneratedGraph(graph, np.concatenate(mentioned))


def _small_corpus(rng: np.random.Generator) -> SmallCorpus:
    shape = (PASSAGES, SENTENCES, NAMES_PER_SENTENCE)
    ranks = (rng.pareto(EXPONENT, shape) * SHIFT).clip(max=2.0**40).astype(np.int64)
    new = rng.random(shape) < NEW_NAMES
    ranks[new] = 2**41 + np.arange(int(new.sum()))
    mentions: Ints = np.unique(ranks, return_inverse=True)[1].reshape(shape)
    in_passages = [np.unique(passage) for passage in mentions]
    frequency = np.bincount(np.concatenate(in_passages))
    synonyms = rng.integers(0, len(frequency), (int(SYNONYMS_PER_ENTITY * len(frequency)), 2))
    return SmallCorpus(mentions, synonyms, np.maximum(frequency**SHARING, 1).astype(np.int64))


def _nodes_of_copies(small: SmallCorpus, copies: int, rng: np.random.Generator) -> Iterator[Ints]:
    """The nodes of all names, copy by copy. Each name meets the copies in an order of its own."""
    firsts = np.concatenate([[0], np.cumsum(-(-copies // small.sharing))])
    shuffled = copies * PASSAGES + rng.permutation(int(firsts[-1]))
    order = rng.permuted(np.tile(np.arange(copies), (len(small.sharing), 1)), axis=1)
    for copy in range(copies):
        yield shuffled[firsts[:-1] + order[:, copy] // small.sharing]


def _edges_of_copy(
    small: SmallCorpus, nodes: Ints, first_passage: int
) -> tuple[Contributions, Contributions]:
    """The mentions of a copy, and its other edges."""
    settings = GraphSettings()
    named = nodes[small.mentions]
    passages = first_passage + np.repeat(np.arange(PASSAGES), SENTENCES * NAMES_PER_SENTENCE)
    mentions = np.unique(np.stack([passages, named.ravel()], axis=1), axis=0)
    left, right = np.triu_indices(NAMES_PER_SENTENCE, 1)
    together = np.stack([named[..., left].ravel(), named[..., right].ravel()], axis=1)
    others = [
        _edges(together, EdgeKind.SENTENCE, settings.sentence_weight),
        _edges(nodes[small.synonyms], EdgeKind.SYNONYMY, settings.synonymy_weight),
    ]
    return _edges(mentions, EdgeKind.MENTION, settings.mention_weight), np.concatenate(others)


def _edges(pairs: Ints, kind: EdgeKind, weight: float) -> Contributions:
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    edges = np.zeros(len(pairs), dtype=CONTRIBUTION)
    edges["left"], edges["right"] = pairs.T
    edges["kind"], edges["weight"] = kind, units(weight)
    return edges
