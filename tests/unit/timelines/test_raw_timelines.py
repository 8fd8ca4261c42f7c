"""Links and paths on graphs drawn by hand (THEANINE, phases I and II)."""

from __future__ import annotations

from itertools import pairwise

import igraph
import pytest

from hippograph.timelines.linking import Link, newest_of_components
from hippograph.timelines.paths import raw_timelines
from hippograph.types import Relation


def linked(*pairs: tuple[int, int], changed: tuple[tuple[int, int], ...] = ()) -> list[Link]:
    """Links of one topic, but for those that changed something."""
    return [Link(a, b, Relation.CHANGED if (a, b) in changed else Relation.SAME_TOPIC) for a, b in pairs]


def test_only_the_newest_related_memory_of_each_component_is_linked() -> None:
    """Of 0-1-2 and 3-4, with 0, 2 and 3 related, the links are to 2 and 3: one a component."""
    graph = igraph.Graph(n=6, edges=[(0, 1), (1, 2), (3, 4)], directed=True)

    assert newest_of_components(graph, [0, 2, 3]) == [2, 3]
    assert newest_of_components(graph, []) == []


def test_an_isolated_memory_is_a_timeline_by_itself() -> None:
    """Nothing leads to it and nothing follows."""
    assert raw_timelines([], [4], count=1, longest=12, seed=0) == [(4,)]


def test_a_path_leads_from_the_oldest_through_the_retrieved_to_one_nothing_follows() -> None:
    """In 0-1-3-4 with 2-3 beside it, the way through 3 begins with the oldest, 0, and ends with 4."""
    links = linked((0, 1), (1, 3), (2, 3), (3, 4))

    assert raw_timelines(links, [3], count=9, longest=12, seed=0) == [(0, 1, 3, 4)]
    assert raw_timelines(links, [2], count=9, longest=12, seed=0) == [(2, 3, 4)]


def test_all_branches_are_drawn_where_there_is_room_and_one_otherwise() -> None:
    """Two ways back and two on make four; one is drawn by the seed, and always the same."""
    links = linked((0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (3, 5))
    every = {(0, a, 3, b) for a in (1, 2) for b in (4, 5)}

    assert set(raw_timelines(links, [3], count=9, longest=12, seed=0)) == every
    (one,) = raw_timelines(links, [3], count=1, longest=12, seed=7)
    assert one in every
    assert raw_timelines(links, [3], count=1, longest=12, seed=7) == [one]
    assert {raw_timelines(links, [3], 1, 12, seed)[0] for seed in range(40)} == every


def test_of_several_ways_the_one_along_which_something_changed_is_drawn() -> None:
    """Whatever the seed, the way over 2 is told, for there something changed."""
    links = linked((0, 1), (0, 2), (1, 3), (2, 3), changed=((2, 3),))

    assert {raw_timelines(links, [3], 1, 12, seed)[0] for seed in range(20)} == {(0, 2, 3)}


def test_the_order_in_which_links_come_decides_nothing() -> None:
    """The same links in another order give the same timelines."""
    links = linked((0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (3, 5))

    assert raw_timelines(links, [3, 1], 2, 12, 0) == raw_timelines(links[::-1], [3, 1], 2, 12, 0)


@pytest.mark.parametrize("retrieved", [0, 10, 19])
def test_a_long_timeline_is_cut_around_the_retrieved_memory(retrieved: int) -> None:
    """Of twenty in a row five are told: the retrieved one is among them, and they follow one another."""
    (path,) = raw_timelines(linked(*((n, n + 1) for n in range(19))), [retrieved], 1, longest=5, seed=0)

    assert len(path) == 5
    assert retrieved in path
    assert list(path) == list(range(path[0], path[0] + 5))


def test_a_component_with_more_ways_than_can_be_listed_is_bounded() -> None:
    """Thirty diamonds in a row have a billion ways; one is found at once, and it is one of them."""
    pairs = [(3 * n + a, 3 * n + b) for n in range(30) for a, b in ((0, 1), (0, 2), (1, 3), (2, 3))]

    (path,) = raw_timelines(linked(*pairs), [90], count=1, longest=100, seed=0)

    assert path[0] == 0
    assert path[-1] == 90
    assert set(pairwise(path)) <= set(pairs)
