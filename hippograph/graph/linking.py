"""From passages and what was extracted from them to entities, contributions and the merged graph.

Everything is sorted by content (document id and position, normal name), so that a grown corpus and a fresh one give
the same arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.graph.build import contributions_of, gather_contributions, merge
from hippograph.graph.knowledge_graph import Contributions, KnowledgeGraph
from hippograph.graph.synonymy import find_synonyms
from hippograph.settings import GraphSettings
from hippograph.text.names import normal_name
from hippograph.types import Extraction, MentionKind, Passage, Triple, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """A corpus turned into a graph, with the tables that search needs. P passages, S sentences, E entities."""

    passages: Sequence[Passage]
    extractions: Sequence[Extraction]
    entity_keys: Sequence[str]
    """Normal names, sorted; entity i is node P + i."""
    entity_names: Sequence[str]
    """The most frequent spelling of each."""
    entity_passage_counts: npt.NDArray[np.int32]
    """How many passages name each entity: shape (E,)."""
    sentence_starts: npt.NDArray[np.int64]
    """Where each passage's sentences begin among all: shape (P + 1,)."""
    sentence_entity_starts: npt.NDArray[np.int64]
    """Where each sentence's entities begin in `sentence_entities`: shape (S + 1,)."""
    sentence_entities: npt.NDArray[np.int32]
    """The entity nodes each sentence names."""
    title_nodes: npt.NDArray[np.int32]
    """The entity node each passage is about, by its title; -1 where it has none: shape (P,)."""
    contributions: Contributions
    graph: KnowledgeGraph
    fact_count: int


def link_corpus(
    passages: Sequence[Passage],
    extractions: Sequence[Extraction],
    settings: GraphSettings,
    name_vectors: Callable[[Sequence[str]], Vectors],
) -> Linked:
    """Build the graph of a corpus. `name_vectors` gives the vectors of normal names, for synonymy."""
    extractions = [_within(passage, found) for passage, found in zip(passages, extractions, strict=True)]
    spellings = _spellings(extractions)
    keys = sorted(spellings)
    node_of = {key: len(passages) + i for i, key in enumerate(keys)}
    rows: list[tuple[int, int, int, int, float]] = []
    sentence_counts, entity_counts, entities_flat, titles = [], [], [], []
    fact_count = 0
    for passage, extraction in enumerate(extractions):
        sentences = _entities_by_sentence(passages[passage], extraction, node_of)
        facts = _facts_between(extraction, node_of)
        rows += contributions_of(passage, sentences, facts, settings)
        sentence_counts.append(len(sentences))
        entity_counts += [len(sentence) for sentence in sentences]
        entities_flat += [node for sentence in sentences for node in sentence]
        titles.append(_title_node(extraction, node_of))
        fact_count += len(extraction.triples)
    synonyms = find_synonyms(keys, name_vectors(keys), settings.synonymy_threshold).shifted(len(passages))
    contributions = gather_contributions(rows, synonyms, settings)
    graph = merge(contributions, len(passages), len(passages) + len(keys))
    return Linked(
        passages=passages,
        extractions=extractions,
        entity_keys=keys,
        entity_names=[_usual(spellings[key]) for key in keys],
        entity_passage_counts=_passages_naming(extractions, keys),
        sentence_starts=_starts(sentence_counts),
        sentence_entity_starts=_starts(entity_counts),
        sentence_entities=np.array(entities_flat, dtype=np.int32),
        title_nodes=np.array(titles, dtype=np.int32),
        contributions=contributions,
        graph=graph,
        fact_count=fact_count,
    )


def _within(passage: Passage, extraction: Extraction) -> Extraction:
    """What an extractor found in the passage's own sentences; what it places elsewhere is passed over."""
    places = range(len(passage.sentences))
    return Extraction(
        passage.id,
        tuple(mention for mention in extraction.mentions if mention.sentence in places),
        tuple(triple for triple in extraction.triples if triple.sentence in places),
    )


def _spellings(extractions: Sequence[Extraction]) -> dict[str, Counter[str]]:
    """How often each spelling of each normal name occurs. A name without a normal form names nothing."""
    spellings: dict[str, Counter[str]] = {}
    for extraction in extractions:
        for mention in extraction.mentions:
            if key := normal_name(mention.name):
                spellings.setdefault(key, Counter())[mention.name] += 1
    return spellings


def _facts_between(extraction: Extraction, node_of: dict[str, int]) -> list[tuple[int, int, Triple]]:
    """The facts whose two ends are entities; a phrase that no passage mentions as a thing is not a node."""
    ends = (
        (normal_name(triple.subject), normal_name(triple.object), triple) for triple in extraction.triples
    )
    return [(node_of[a], node_of[b], triple) for a, b, triple in ends if a in node_of and b in node_of]


def _usual(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def _entities_by_sentence(
    passage: Passage, extraction: Extraction, node_of: dict[str, int]
) -> list[list[int]]:
    """The nodes each sentence names. What the passage is about by its title is meant in every one of them."""
    named: list[set[int]] = [set() for _ in passage.sentences]
    for mention in extraction.mentions:
        node = node_of.get(normal_name(mention.name))
        if node is None:
            continue
        for sentence in named if mention.kind is MentionKind.TITLE else [named[mention.sentence]]:
            sentence.add(node)
    return [sorted(sentence) for sentence in named]


def _title_node(extraction: Extraction, node_of: dict[str, int]) -> int:
    titles = (mention.name for mention in extraction.mentions if mention.kind is MentionKind.TITLE)
    return next((node_of.get(normal_name(title), -1) for title in titles), -1)


def _passages_naming(extractions: Sequence[Extraction], keys: Sequence[str]) -> npt.NDArray[np.int32]:
    """How many passages name each entity, whatever weight a mention has in the graph."""
    counts: Counter[str] = Counter()
    for extraction in extractions:
        counts.update({normal_name(mention.name) for mention in extraction.mentions})
    return np.array([counts[key] for key in keys], dtype=np.int32)


def _starts(lengths: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.array(lengths, dtype=np.int64))]).astype(np.int64)
