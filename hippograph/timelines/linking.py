"""Links between memories: THEANINE's phase I, over the memories at hand and in order of time.

Each memory is compared with the older ones that are most like it; of every connected component that one of them is
related to, only the newest related memory is linked (Ong et al., section 3.2). Links lead from the older to the newer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import igraph

from hippograph.timelines.memories import Memory
from hippograph.types import Node, Relation


@dataclass(frozen=True, slots=True)
class Link:
    """What an older memory is to a newer one; both by their place in order of time."""

    older: int
    newer: int
    relation: Relation
    why: str = ""


Related = Sequence[tuple[Relation, str] | None]
Relate = Callable[[Memory, Sequence[Memory]], Related]
"""What each of some older memories is to a newer one, and why; None where it is nothing."""

TOPIC_SPREADS = 2.0
"""How many standard deviations two memories must be nearer than chance to be of one topic, with a name in common..."""
TOPIC_SPREADS_ALONE = 3.5
"""... and without one."""


def link_memories(memories: Sequence[Memory], relate: Relate, most_candidates: int) -> list[Link]:
    """The links of memories that stand in order of time."""
    graph = igraph.Graph(n=len(memories), directed=True)
    links: list[Link] = []
    for newer, memory in enumerate(memories):
        older = candidates(memories, newer, most_candidates)
        found = relate(memory, [memories[place] for place in older])
        related = {place: each for place, each in zip(older, found, strict=True) if each is not None}
        new = [Link(place, newer, *related[place]) for place in places_to_link(graph, related)]
        graph.add_edges([(link.older, link.newer) for link in new])
        links += new
    return links


def candidates(memories: Sequence[Memory], newer: int, most: int) -> list[int]:
    """The older memories most like one; and those that state something of the same, whatever words they use."""
    memory = memories[newer]
    earlier = range(newer)
    cosines = [round(float(memories[place].vector @ memory.vector), 6) for place in earlier]
    near = sorted(earlier, key=lambda place: (-cosines[place], memories[place].passage.id))[:most]
    about = {said.about for said in memory.said if said.can_change}
    same = [
        place
        for place in reversed(earlier)
        if about and about & {said.about for said in memories[place].said}
    ]
    return list(dict.fromkeys([*near, *same[:most]]))


def places_to_link(graph: igraph.Graph, related: Mapping[int, tuple[Relation, str]]) -> list[int]:
    """The newest related memory of each component: among those related by more than a topic, where there are some.

    The paper takes the newest whatever its relation is; then what changed is lost behind what was merely talked of.
    """
    telling = [place for place, (relation, _) in related.items() if relation is not Relation.SAME_TOPIC]
    newest = newest_of_components(graph, sorted(telling))
    membership = graph.connected_components(mode="weak").membership
    linked = {membership[place] for place in newest}
    others = [place for place in related if membership[place] not in linked]
    return sorted([*newest, *newest_of_components(graph, sorted(others))])


def newest_of_components(graph: igraph.Graph, related: Sequence[int]) -> list[int]:
    """Of memories, given in order of time, the newest of each connected component."""
    membership = graph.connected_components(mode="weak").membership
    newest = {membership[place]: place for place in related}
    return sorted(newest.values())


def relate_by_rules(memory: Memory, older: Sequence[Memory]) -> list[tuple[Relation, str] | None]:
    """Changed where the same is stated with another object; SameTopic where telling names and meaning are shared."""
    return [_changed(each, memory) or _same_topic(each, memory) for each in older]


def _changed(older: Memory, newer: Memory) -> tuple[Relation, str] | None:
    """The first thing of which the newer memory states other objects and none of the same."""
    if older.passage.document == newer.passage.document:
        return None  # one session or version says what it says at once
    before, after = _objects(older), _objects(newer)
    for about, objects in sorted(after.items()):
        was = before.get(about)
        if was and was.isdisjoint(objects):
            return (
                Relation.CHANGED,
                f"{' '.join(about)}: {', '.join(sorted(was))} → {', '.join(sorted(objects))}",
            )
    return None


def _objects(memory: Memory) -> dict[tuple[str, str], set[str]]:
    """What a memory states of what can change."""
    found: dict[tuple[str, str], set[str]] = {}
    for said in memory.said:
        if said.can_change:
            found.setdefault(said.about, set()).add(said.object)
    return found


def _same_topic(older: Memory, newer: Memory) -> tuple[Relation, str] | None:
    mean, spread = newer.index.dense_spread(newer.vector)
    above = (round(float(older.vector @ newer.vector), 6) - mean) / spread
    shared = older.entities & newer.entities
    if above >= TOPIC_SPREADS_ALONE or (shared and above >= TOPIC_SPREADS):
        names = sorted(newer.index.entity_name(Node(node)) for node in shared)[:3]
        return Relation.SAME_TOPIC, f"both name {', '.join(names)}" if names else "alike in meaning"
    return None
