"""`contiguous`: found passages bring their neighbours in time (EM-LLM, Fountas et al. 2024, section 3.2).

A search fills the similarity buffer; the passages that share a segment with one of its best sentences, and those of the
segments right before and after, fill the contiguity buffer, which takes at most three tenths of the list. Neighbours
come from the same document, so the order of documents is that of the search itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.pool import sentences_of
from hippograph.retrieval.rankings import Rows
from hippograph.retrieval.search import Method, Stopwatch, ranked_passage
from hippograph.retrieval.ways.segments import boundaries
from hippograph.settings import RetrievalSettings
from hippograph.types import RankedPassage, Reason, ReasonKind, SearchResult, Vectors

SHARE = 0.3
"""The part of a list that neighbours may take (EM-LLM's contiguity buffer)."""
FOLLOWED = 20
"""How many of the first passages bring neighbours."""
REACH = 8
"""How many passages to either side are looked at: longer documents are read around what was found."""
MOST_SENTENCES = 400
"""How many sentences of them, the nearest ones: what is compared grows with the square."""

ALONE = "no passage that was found has neighbours in its document, so the order is that of the search"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A passage beside one that was found, and where it stands to it."""

    row: int
    found: RankedPassage
    segments: int
    """0 for the same segment, 1 for the next, -1 for the one before."""

    def reason(self) -> Reason:
        """Why it is listed."""
        where = {0: "tells the same as", 1: "goes on from", -1: "leads up to"}[self.segments]
        passage = self.found.passage
        name = passage.context() or passage.document
        return Reason(ReasonKind.PATH, f"{where} {name}, part {passage.position + 1}")


def contiguous(
    base: Method,
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
) -> SearchResult:
    """The passages of another method, and in between those that their segments run on into."""
    result = base(question, query_vector, index, settings, k)
    watch = Stopwatch()
    listed: list[RankedPassage] = []
    brought = 0
    for found, neighbour in _merged(index, query_vector, result.passages, k):
        if neighbour is None:
            listed.append(replace(found, rank=len(listed) + 1))
        else:
            score = listed[-1].score  # no more than what stands before it, and no less than what follows
            reasons = (neighbour.reason(),)
            listed.append(ranked_passage(index, len(listed) + 1, neighbour.row, score, found.hop, reasons))
            brought += 1
    watch.lap("segments")
    note = f"{brought} of {len(listed)} passages are neighbours in time of one that was found"
    trace = replace(
        result.trace,
        method=f"contiguous+{result.trace.method}",
        timings_ms={**result.trace.timings_ms, **watch.timings_ms},
        notes=(*result.trace.notes, note if brought else ALONE),
    )
    return SearchResult(tuple(listed), trace)


def _merged(
    index: PublishedIndex, query_vector: Vectors, found: tuple[RankedPassage, ...], k: int
) -> Iterator[tuple[RankedPassage, Neighbour | None]]:
    """The list in order, at most k: as soon as neighbours' share allows one, the first that waits is let in.

    Whether it does depends on what was listed before alone, so a longer list begins with the shorter one.
    """
    waiting: deque[Neighbour] = deque()
    listed: set[int] = set()
    brought = 0
    for place, passage in enumerate(found):
        if len(listed) == k:
            return
        if int(passage.row) not in listed:
            listed.add(int(passage.row))
            yield passage, None
        if place < FOLLOWED:
            waiting.extend(_neighbours(index, query_vector, passage))
        while waiting and len(listed) < k and brought + 1 <= SHARE * (len(listed) + 1):
            neighbour = waiting.popleft()
            if neighbour.row not in listed:
                listed.add(neighbour.row)
                brought += 1
                yield neighbour.found, neighbour


def _neighbours(index: PublishedIndex, query_vector: Vectors, found: RankedPassage) -> list[Neighbour]:
    """The other passages of the segment of its best sentence, then those of the next and of the one before."""
    row = int(found.row)
    rows = _around(index.passages_of_document(found.row), row)
    if len(rows) < 2:
        return []
    sentences, lengths = sentences_of(index, rows)
    owners = np.repeat(np.arange(len(rows)), lengths)
    own = np.flatnonzero(rows[owners] == row)
    near = slice(max(0, int(own[0]) - MOST_SENTENCES // 2), int(own[-1]) + 1 + MOST_SENTENCES // 2)
    sentences, owners = sentences[near], owners[near]
    vectors = index.sentence_vectors(sentences)
    own = np.flatnonzero(rows[owners] == row)
    best = int(own[np.argmax(vectors[own] @ query_vector)])
    segment = np.searchsorted(boundaries(vectors), np.arange(len(sentences)), side="right")
    return [
        Neighbour(int(rows[owner]), found, step)
        for step in (0, 1, -1)
        for owner in np.unique(owners[segment == segment[best] + step]).tolist()
        if rows[owner] != row
    ]


def _around(rows: Rows, row: int) -> Rows:
    """The passages of a document around one of them."""
    at = int(np.flatnonzero(rows == row)[0])
    return rows[max(0, at - REACH) : at + REACH + 1]
