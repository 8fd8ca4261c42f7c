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
    bridge, pointed_at, points_back = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
    linked = np.zeros((len(rows), len(first.passages)), dtype=bool)
    about = index.title_nodes(rows)
    hops = zip(first.passages.tolist(), first.sentences.tolist(), strict=True)
    for h, (passage, sentence) in enumerate(hops):
        other = rows != passage
        named_here = index.entities_of_sentence(sentence)
        for node, held in zip(named_here.tolist(), index.passages_naming(named_here).tolist(), strict=True):
            if node not in named and held <= COMMON:
                shares = other & _among(rows, index.passages_of_entity(Node(node)))
                bridge[shares] = np.maximum(bridge[shares], held**-0.5)
        linked[:, h] = other & _among(about, index.entities_of_passage(Row(passage)))
        pointed_at[linked[:, h]] = np.maximum(pointed_at[linked[:, h]], 1 / (1 + h))
        title = int(index.title_nodes(np.array([passage]))[0])
        if title >= 0:
            names_it = other & _among(rows, index.passages_of_entity(Node(title)))
            points_back[names_it] = np.maximum(points_back[names_it], 1 / (1 + h))
    is_named = np.array([node in named for node in about.tolist()], dtype=np.float64)
    return Links(bridge, pointed_at, points_back, linked, is_named)


def _among(values: npt.NDArray[np.integer], ordered: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which of the values stand in a sorted array, whatever its length."""
    if not len(ordered):
        return np.zeros(len(values), dtype=bool)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: npt.NDArray[np.bool_] = ordered[places] == values
    return found
