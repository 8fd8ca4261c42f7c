"""Raw timelines: linear paths through a retrieved memory, from the oldest it goes back to up to one nothing follows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from hippograph.timelines.linking import Link
from hippograph.types import Relation

Way = tuple[int, ...]
"""Memories by their places in order of time."""
Weights = Mapping[tuple[int, int], float]
"""What each link weighs, by its ends."""

MOST_PATHS = 1000
"""How many ways to and from a memory are looked at: a dense component has more than can be listed."""


def tells_more(link: Link) -> float:
    """1 for a link that says more than that two memories share a topic."""
    return float(link.relation is not Relation.SAME_TOPIC)


def raw_timelines(
    links: Sequence[Link],
    retrieved: Sequence[int],
    count: int,
    longest: int,
    seed: int,
    weigh: Callable[[Link], float] = tells_more,
) -> list[Way]:
    """Up to `count` paths through each retrieved memory; the same path is given once.

    A path begins with the oldest memory that leads to the retrieved one (Ong et al., section 3.3); one that is too long
    is cut to what stands around it; a memory without links is a path by itself. Those whose links weigh most are taken,
    and among equals the seed draws. The paper draws among all; of two ways, the one along which something changed says
    more.
    """
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for link in sorted(links, key=lambda link: (link.older, link.newer)):
        before.setdefault(link.newer, []).append(link.older)
        after.setdefault(link.older, []).append(link.newer)
    weights = {(link.older, link.newer): weigh(link) for link in links}
    drawn: dict[Way, None] = {}
    for place in retrieved:
        chance = random.Random(f"{seed}:{place}")
        back = _from_oldest([way[::-1] for way in _walks(place, before)])
        for path in _drawn(back, list(_walks(place, after)), weights, count, chance):
            drawn.setdefault(_around(*path, longest))
    return list(drawn)


def _walks(start: int, steps: Mapping[int, Sequence[int]]) -> Iterator[Way]:
    """Every way on to a memory from which none leads on. Links lead one way in time, so none turns back."""
    found = 0
    open_: list[Way] = [(start,)]
    while open_ and found < MOST_PATHS:
        way = open_.pop()
        nexts = steps.get(way[-1], [])
        if not nexts:
            found += 1
            yield way
        open_ += [(*way, place) for place in reversed(nexts)]


def _from_oldest(ways: Sequence[Way]) -> list[Way]:
    """Those that begin with the oldest memory that leads here."""
    oldest = min(way[0] for way in ways)
    return [way for way in ways if way[0] == oldest]


def _drawn(
    back: Sequence[Way], forth: Sequence[Way], weights: Weights, count: int, chance: random.Random
) -> list[tuple[Way, Way]]:
    """So many pairs of a way here and a way on: the heaviest, and among equals by chance."""
    here, on = (_heaviest(ways, weights, chance)[:count] for ways in (back, forth))
    pairs = [(weight + further, one, other) for weight, one in here for further, other in on]
    pairs.sort(key=lambda pair: -pair[0])
    return [(one, other) for _, one, other in pairs[:count]]


def _heaviest(ways: Sequence[Way], weights: Weights, chance: random.Random) -> list[tuple[float, Way]]:
    """Ways with what their links weigh together, the heaviest first; equals in an order that chance gives."""
    shuffled = chance.sample(list(ways), len(ways))
    weighed = [(sum(weights[pair] for pair in pairwise(way)), way) for way in shuffled]
    return sorted(weighed, key=lambda each: -each[0])


def _around(back: Way, forth: Way, longest: int) -> Way:
    """The path, cut so that as much of both sides stays as there is room for."""
    behind = min(len(forth) - 1, max(longest - len(back), (longest - 1) // 2))
    return (*back[-(longest - behind) :], *forth[1 : behind + 1])
