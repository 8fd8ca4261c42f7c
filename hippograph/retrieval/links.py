"""Links: ties by names between the first hop and the candidates, read off the graph.

What a passage is about is its title, where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.retrieval.hops import FirstHop
from hippograph.retrieval.rankings import Rows, Values
from hippograph.types import Node, Row

COMMON = 50
"""An entity that more passages than this name says nothing about where to look next."""


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """What ties each candidate to the first hop, by names: shape (C,) each, 0 where nothing does."""

    bridge: Values
    """The rarest entity it shares with a first-hop passage's best sentence and the question does not name."""
    pointed_at: Values
    """A first-hop passage names what this one is about; more for a better first hop."""
    points_back: Values
    """This one names what a first-hop passage is about."""
    linked: npt.NDArray[np.bool_]
    """Whether first hop h names what candidate c is about: shape (C, hops)."""
    named: Values
    """The question names what this one is about."""


def find_links(index: PublishedIndex, rows: Rows, first: FirstHop, named: Mapping[Node, str]) -> Links:
    """Compare each first hop with every candidate, at the cost of a few rows of the graph."""
    place = {int(row): i for i, row in enumerate(rows)}
    count = len(rows)
    bridge, pointed_at, points_back = np.zeros(count), np.zeros(count), np.zeros(count)
    linked = np.zeros((count, len(first.passages)), dtype=bool)
    for h, (passage, sentence) in enumerate(
        zip(first.passages.tolist(), first.sentences.tolist(), strict=True)
    ):
        for node in map(Node, index.entities_of_sentence(sentence).tolist()):
            held = index.passages_naming(node)
            if node not in named and held <= COMMON:
                for c in _places(index.passages_of_entity(node), place, passage):
                    bridge[c] = max(bridge[c], held**-0.5)
        for node in map(Node, index.entities_of_passage(Row(passage)).tolist()):
            for c in _places(index.passages_titled(node), place, passage):
                pointed_at[c] = max(pointed_at[c], 1 / (1 + h))
                linked[c, h] = True
        title = int(index.title_nodes[passage])
        if title >= 0:
            for c in _places(index.passages_of_entity(Node(title)), place, passage):
                points_back[c] = max(points_back[c], 1 / (1 + h))
    about = np.array([int(index.title_nodes[row]) in named for row in rows], dtype=np.float64)
    return Links(bridge, pointed_at, points_back, linked, about)


def _places(passages: npt.NDArray[np.int32], place: Mapping[int, int], first: int) -> list[int]:
    """Where the candidates among some passages stand, the first hop itself left out."""
    return [place[p] for p in passages.tolist() if p != first and p in place]
