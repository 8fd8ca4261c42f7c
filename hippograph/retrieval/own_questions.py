"""Questions that a corpus asks of itself: made from its own facts and shared names, with the passages that answer.

They are stiff and say nothing of how people ask, but what they need is known: one passage, or two that a name ties
together and the question does not give away. Every choice follows from content, so the same index asks the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.text.names import normal_name
from hippograph.types import DocumentId, Extraction, Passage, Row, Triple, content_id

MOST_PASSAGES = 1500
"""How many passages are read, so that asking costs the same in any corpus."""
FEWEST_PASSAGES, MOST_NAMED = 2, 20
"""A name ties two passages together when so many passages of those that are read have it."""
LONGEST = 12
"""A subject or an object of more words is a clause and makes no question."""
GONE = "something"
_EMPTY = """a an and are as at be been by for from had has have in is it its mentions of on or that the to was were
which with"""
EMPTY = frozenset(_EMPTY.split())
"""A relation of these words alone says nothing that could be asked for."""


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """A question, the documents that are needed to answer it, and what it was made from."""

    text: str
    gold: frozenset[DocumentId]
    kind: str
    """one hop, two hops, shared name."""


@dataclass(frozen=True, slots=True)
class _Read:
    passage: Passage
    document: DocumentId
    extraction: Extraction


def own_questions(index: PublishedIndex, most: int) -> list[OwnQuestion]:
    """Up to so many questions of each of the three kinds, in an order that says nothing."""
    rows = index.tables.live_passages()
    rows = rows[np.argsort(index.keys_of(rows), kind="stable")][:MOST_PASSAGES]
    read = [_read(index, int(row)) for row in rows.tolist()]
    made: list[OwnQuestion] = []
    for kind in (_one_hop(read), _two_hops(read), _shared_names(read)):
        distinct = {each.text: each for each in kind}
        made += sorted(distinct.values(), key=lambda each: content_id(each.text))[:most]
    return sorted(made, key=lambda each: content_id(each.text))


def _read(index: PublishedIndex, row: int) -> _Read:
    return _Read(index.load_passage(Row(row)), index.origin_of(Row(row)).id, index.load_extraction(Row(row)))


def _one_hop(read: Sequence[_Read]) -> Iterator[OwnQuestion]:
    """A fact without its object."""
    for each in read:
        for fact in _telling(each):
            yield OwnQuestion(f"{fact.subject} {fact.relation} what?", frozenset([each.document]), "one hop")


def _two_hops(read: Sequence[_Read]) -> Iterator[OwnQuestion]:
    """Two facts of two documents that share a thing, which is not named, and the second without its other end."""
    by_subject: dict[str, list[tuple[Triple, DocumentId]]] = defaultdict(list)
    for each in read:
        for fact in _telling(each):
            by_subject[normal_name(fact.subject)].append((fact, each.document))
    for each in read:
        for fact in _telling(each):
            shared = normal_name(fact.object)
            if shared == normal_name(fact.subject):
                continue
            for further, document in by_subject.get(shared, [])[:3]:
                if document != each.document:
                    text = f"{fact.subject} {fact.relation} {GONE} that {further.relation} what?"
                    yield OwnQuestion(text, frozenset([each.document, document]), "two hops")


def _shared_names(read: Sequence[_Read]) -> Iterator[OwnQuestion]:
    """A sentence without a name that another passage is about, and what else is said of it."""
    holders = _holders(read)
    about = {normal_name(each.passage.title): each for each in read if each.passage.title}
    for each in read:
        for mention in each.extraction.mentions:
            name = normal_name(mention.name)
            other = about.get(name)
            sentence = each.passage.sentences[mention.sentence].text
            if (
                other is None
                or other.document == each.document
                or not FEWEST_PASSAGES <= len(holders[name]) <= MOST_NAMED
                or mention.name not in sentence
            ):
                continue
            text = f"{sentence.replace(mention.name, GONE).rstrip('.!? ')}; what else is said of it?"
            yield OwnQuestion(text, frozenset([each.document, other.document]), "shared name")


def _holders(read: Sequence[_Read]) -> Mapping[str, set[str]]:
    holders: dict[str, set[str]] = defaultdict(set)
    for each in read:
        for mention in each.extraction.mentions:
            holders[normal_name(mention.name)].add(each.passage.id)
    return holders


def _telling(each: _Read) -> Iterator[Triple]:
    """The facts of a passage that say something, whose two ends are short enough to be things."""
    for fact in each.extraction.triples:
        ends = (fact.subject, fact.object)
        says = set(fact.relation.lower().split()) - EMPTY
        if says and all(end and len(end.split()) <= LONGEST for end in ends):
            yield fact
