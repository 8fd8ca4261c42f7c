"""The small graph behind one answer: its seeds, the passages it rests on, the entities between, and their edges.

It shows what ties the passages to the question in the graph. A passage may have been found by meaning or words alone:
then it stands there without an edge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hippograph.graph.knowledge_graph import EdgeKind
from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import Exploration, explore
from hippograph.retrieval.links import COMMON
from hippograph.retrieval.one_thread import one_blas_thread
from hippograph.retrieval.rankings import Values
from hippograph.retrieval.walk import MIX
from hippograph.settings import RetrievalSettings
from hippograph.text.names import normal_name
from hippograph.types import Citation, Node, Passage, RankedPassage, Row, Seed, Vectors
from hippograph.vectors import on_grid

MOST_BETWEEN = 10
"""How many entities between passages are shown: those the walk came by most on its way."""
HEADING = re.compile(r"\s*#{1,6}\s")
MOST_WITNESSES = 200
"""How many passages are asked what kinds an edge is made of."""


class Role(StrEnum):
    """What a node is to the answer."""

    SEED = "seed"
    """An entity that the walk restarts at."""
    FIRST_HOP = "first hop"
    """A passage that answers to the question itself."""
    BETWEEN = "between"
    """An entity that ties passages to each other."""
    SECOND_HOP = "second hop"
    """A passage that the first hop led to."""


@dataclass(frozen=True, slots=True)
class AnswerNode:
    """A node of the index's graph, and what it is to the answer."""

    node: Node
    label: str
    role: Role
    visits: float
    """How often the walks came by, weighed as in MIX: between 0 and 1."""
    detail: str
    """An entity: why it is a seed, or in how many passages it is named. A passage: the sentence that tells most."""
    rank: int | None = None
    """A passage's place in the search; None for an entity."""
    is_cited: bool = False
    """Whether the answer cites the passage."""


@dataclass(frozen=True, slots=True)
class AnswerEdge:
    """An edge of the index's graph between two of the nodes, with what it is made of."""

    left: Node
    right: Node
    weight: float
    kinds: tuple[EdgeKind, ...]
    facts: tuple[str, ...] = ()
    """What the passages shown claim between its ends."""


@dataclass(frozen=True, slots=True)
class AnswerGraph:
    """Nodes in the order of their roles, and every edge of the index's graph between them."""

    question: str
    nodes: tuple[AnswerNode, ...]
    edges: tuple[AnswerEdge, ...]


def gather_answer_graph(
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    passages: Sequence[RankedPassage],
    citations: Sequence[Citation],
) -> AnswerGraph:
    """The graph behind some passages that a search found, and what the answer cites of them."""
    vector = on_grid(query_vector)
    with one_blas_thread():
        found = explore(question, vector, index, settings)
    rows = [int(passage.row) for passage in passages]
    seeds = [seed for seed in found.entities if settings.seed_entities]
    between = _between(index, found, rows, {int(seed.node) for seed in seeds})
    nodes = [
        *(_entity(index, found, seed.node, seed) for seed in seeds),
        *(_passage(index, found, vector, each, citations) for each in passages),
        *(_entity(index, found, Node(node), None) for node in between),
    ]
    order = list(Role)
    nodes.sort(key=lambda node: order.index(node.role))  # stable: by weight, rank and visits within a role
    return AnswerGraph(question, tuple(nodes), tuple(_edges(index, [int(n.node) for n in nodes], rows)))


def _between(index: PublishedIndex, found: Exploration, rows: list[int], seeds: set[int]) -> list[int]:
    """The entities that tie at least two of the passages, those first that most of the walk passes through.

    What passes from an entity to a passage is its visits, shared out by the weights of its edges.
    """
    through: dict[int, float] = {}
    ties: dict[int, int] = {}
    for row in rows:
        _, neighbours, weights = index.graph.gather(np.array([row]))
        visits = _visits(found, neighbours)
        shares = visits * weights / np.maximum(index.graph.degrees(neighbours), 1e-300)
        for node, share in zip(neighbours.tolist(), shares.tolist(), strict=True):
            through[node] = through.get(node, 0.0) + share
            ties[node] = ties.get(node, 0) + 1
    nodes = [node for node, count in ties.items() if count > 1 and node not in seeds]
    if not nodes:
        return []
    held = index.passages_naming(np.array(nodes)).tolist()
    keys = index.entity_keys_of(np.array(nodes)).tolist()
    telling = [
        (-through[node], key, node)
        for node, key, count in zip(nodes, keys, held, strict=True)
        if count <= COMMON
    ]
    return [node for _, _, node in sorted(telling)[:MOST_BETWEEN]]


def _entity(index: PublishedIndex, found: Exploration, node: Node, seed: Seed | None) -> AnswerNode:
    held = int(index.passages_naming(np.array([node]))[0])
    named = f"named in {held} passage{'s' if held != 1 else ''}"
    detail = f"{seed.reason}, {seed.weight:.0%} of the entity seeds; {named}" if seed else named
    visits = float(_visits(found, np.array([node]))[0])
    return AnswerNode(node, index.entity_name(node), Role.SEED if seed else Role.BETWEEN, visits, detail)


def _passage(
    index: PublishedIndex,
    found: Exploration,
    vector: Vectors,
    each: RankedPassage,
    citations: Sequence[Citation],
) -> AnswerNode:
    cited = [citation.sentence for citation in citations if citation.passage == each.passage.id]
    return AnswerNode(
        node=Node(each.row),
        label=_title(each.passage),
        role=Role.FIRST_HOP if found.hop(int(each.row)) == 1 else Role.SECOND_HOP,
        visits=float(_visits(found, np.array([each.row]))[0]),
        detail=" ".join((cited[0] if cited else _nearest_sentence(index, each, vector)).split()),
        rank=each.rank,
        is_cited=bool(cited),
    )


def _title(passage: Passage) -> str:
    """Title and headings, each once."""
    parts = [passage.title, *passage.heading.split(" > ")]
    return " › ".join(dict.fromkeys(part for part in parts if part)) or str(passage.document)


def _nearest_sentence(index: PublishedIndex, each: RankedPassage, vector: Vectors) -> str:
    """The sentence nearest the question; a heading only where there is nothing else."""
    near = index.sentence_vectors(np.array(index.sentence_rows(each.row))) @ vector
    told = [sentence.text for sentence in each.passage.sentences]
    return told[max(range(len(told)), key=lambda place: (not HEADING.match(told[place]), near[place]))]


def _visits(found: Exploration, nodes: npt.NDArray[np.integer]) -> Values:
    """How often the walks come by some nodes."""
    rows = np.asarray(nodes, dtype=np.int64)
    visits: Values = np.sum([share * found.walks.of(kind, rows) for kind, share in MIX.items()], axis=0)
    return visits


def _edges(index: PublishedIndex, nodes: list[int], rows: list[int]) -> Iterator[AnswerEdge]:
    chosen, claimed = set(nodes), _facts(index, rows)
    for left in sorted(nodes):
        _, neighbours, weights = index.graph.gather(np.array([left]))
        for right, weight in zip(neighbours.tolist(), weights.tolist(), strict=True):
            if right > left and right in chosen:
                kinds = _kinds(index, left, right)
                yield AnswerEdge(
                    Node(left), Node(right), weight, kinds, tuple(claimed.get((left, right), ()))
                )


def _kinds(index: PublishedIndex, left: int, right: int) -> tuple[EdgeKind, ...]:
    """What an edge is made of, as the passages that name both of its ends contribute it."""
    if index.graph.is_passage(Node(left)):
        return (EdgeKind.MENTION,)
    both = np.intersect1d(index.passages_of_entity(Node(left)), index.passages_of_entity(Node(right)))
    _, found = index.tables.contributions.gather(both[:MOST_WITNESSES])
    here = found[(found["left"] == left) & (found["right"] == right)]
    kinds = {EdgeKind(kind) for kind in here["kind"].tolist()}
    first = index.graph.first_entity
    if right - first in index.tables.synonyms.row(left - first)[0]:
        kinds.add(EdgeKind.SYNONYMY)
    return tuple(sorted(kinds))


def _facts(index: PublishedIndex, rows: list[int]) -> dict[tuple[int, int], list[str]]:
    """What the passages claim, by the two nodes it is claimed of."""
    triples = [triple for row in rows for triple in index.load_extraction(Row(row)).triples]
    names = [normal_name(name) for triple in triples for name in (triple.subject, triple.object)]
    nodes = index.nodes_of_keys(names) if names else []
    claimed: dict[tuple[int, int], list[str]] = {}
    for triple, subject, object_ in zip(triples, nodes[::2], nodes[1::2], strict=True):
        if subject is not None and object_ is not None and subject != object_:
            told = claimed.setdefault((min(subject, object_), max(subject, object_)), [])
            words = f"{triple.subject} – {triple.relation} – {triple.object}"
            if words not in told:
                told.append(words)
    return claimed
