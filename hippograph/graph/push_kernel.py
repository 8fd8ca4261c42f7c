"""The forward push, compiled by numba: the arithmetic of `push_vectorised.py`, an edge at a time, bit for bit.

Imported only once it pays to compile. The tables of the graph are read where they lie. A node that is reached gets a
slot, found by hashing, so a walk takes memory for what it reached and not for the graph.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[Any]

FIRST_SLOTS = 4096
PLACES_A_SLOT_BITS = 1
"""The hash table has at least two places for each slot."""
FREE = -1
"""What stands in the hash table where no node does."""
GOLDEN = np.uint32(2654435769)
"""2^32 over the golden ratio: Knuth's multiplier, which spreads neighbouring numbers (TAOCP 3, section 6.4)."""
UNIT = 4096.0
"""That of the knowledge graph."""
PAGE_BITS = 7
"""Of the tables' PAGE, 128."""
DIGIT_BITS = 11
LARGEST = 1 << 31


class Slots(NamedTuple):
    """What the walks know of each node they reached."""

    table: Array
    """The hash table: a node, and its slot in the lower 32 bits; its length is a power of two."""
    nodes: Array
    units: Array
    """Of the edge that the node was first reached by: no more than its degree."""
    turns: Array
    """The round in which it was last reached."""
    residuals: Array
    """What each walk has at the node and has not pushed on: shape (slots, walks)."""
    scores: Array


@njit
def _place(table: Array, node: int) -> np.int64:
    """Where a node stands in the hash table, or the free place where it belongs."""
    hashed = np.uint32(np.uint32(node) * GOLDEN)
    place = np.int64(np.uint64(np.uint64(hashed) * np.uint64(table.size)) >> np.uint64(32))
    entry = table[place]
    while entry != FREE and entry >> 32 != node:
        place = (place + 1) & (table.size - 1)
        entry = table[place]
    return place


@njit
def _slots(count: int, walks: int) -> Slots:
    table = np.empty(count << PLACES_A_SLOT_BITS, np.int64)
    for place in range(table.size):
        table[place] = FREE
    shape = (count, walks)
    return Slots(
        table,
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(shape, np.float64),
        np.empty(shape, np.float64),
    )


@njit
def _grown(slots: Slots, used: int, needed: int) -> Slots:
    """The same with at least so many slots."""
    count = slots.nodes.size
    while count < needed:
        count *= 2
    walks = slots.residuals.shape[1]
    grown: Slots = _slots(count, walks)
    for slot in range(used):
        node = slots.nodes[slot]
        grown.table[_place(grown.table, node)] = (node << 32) | slot
        grown.nodes[slot], grown.units[slot], grown.turns[slot] = node, slots.units[slot], slots.turns[slot]
        for walk in range(walks):
            grown.residuals[slot, walk] = slots.residuals[slot, walk]
            grown.scores[slot, walk] = slots.scores[slot, walk]
    return grown


@njit
def _row(pages: Array, directory: Array, node: int) -> int:
    """Where the three numbers of a node stand: where its edges begin, how many they are, the sum of their units."""
    number = node >> PAGE_BITS
    page = directory[number] if number < directory.size else 0
    row = ((page << PAGE_BITS) + (node & ((1 << PAGE_BITS) - 1))) * 3
    if node < 0 or row < 0 or row + 3 > pages.size:
        raise IndexError("a node is outside the tables")
    return row


@njit
def _stretches(blocks: Array, begin: int) -> int:
    """In how many stretches a row's edges lie that begins there: below zero stands where its blocks are listed."""
    if begin >= 0:
        return 1
    if -1 - begin >= blocks.size or 3 * blocks[-1 - begin] >= blocks.size + 1 + begin:
        raise IndexError("a block is outside the tables")
    return int(blocks[-1 - begin])


@njit
def _stretch(pages: Array, blocks: Array, row: int, number: int) -> tuple[int, int]:
    """Where one of the stretches of a row begins and ends."""
    start, count = pages[row], pages[row + 1]
    if start < 0:
        place = -start + 3 * number
        start, count = blocks[place], blocks[place + 1]
    return start, start + count


@njit
def _frontier(
    slots: Slots, reached: Array, count: int, pages: Array, directory: Array, tolerance: float
) -> Array:
    """Which of the slots that were reached lie over the tolerance in some walk, and the rows of their nodes."""
    frontier, kept = np.empty((count, 2), np.int64), 0
    for i in range(count):
        slot = reached[i]
        highest = 0.0
        for walk in range(slots.residuals.shape[1]):
            highest = max(highest, slots.residuals[slot, walk])
        # No edge is heavier than all of a node's edges together: most nodes need not be looked up.
        if highest > tolerance * (slots.units[slot] / UNIT):
            row = _row(pages, directory, slots.nodes[slot])
            if highest > tolerance * (pages[row + 2] / UNIT):
                frontier[kept, 0], frontier[kept, 1] = slot, row
                kept += 1
    return frontier[:kept]


@njit
def _keep(slots: Slots, frontier: Array, pages: Array, damping: float) -> Array:
    """Keep what stays of the residuals; give what is handed on for each unit of weight: shape (nodes, walks)."""
    walks = slots.residuals.shape[1]
    shares = np.empty((len(frontier), walks), np.float64)
    for i in range(len(frontier)):
        slot, row = frontier[i]
        degree = max(pages[row + 2] / UNIT, 1e-300)
        for walk in range(walks):
            mass = slots.residuals[slot, walk]
            slots.residuals[slot, walk] = 0.0
            slots.scores[slot, walk] += (1 - damping) * mass
            shares[i, walk] = damping * mass / degree
    return shares


@njit
def _hand_on(
    slots: Slots, used: int, start: int, end: int, columns: Array, amounts: Array, share: Array, turn: int,
    reached: Array, count: int,
) -> tuple[int, int]:  # fmt: skip
    """Give every neighbour its share; how many slots are used, and how many were reached in this round."""
    walks = slots.residuals.shape[1]
    for j in range(start, end):
        node, units = np.int64(columns[j]), np.int64(amounts[j])
        place = _place(slots.table, node)
        entry = slots.table[place]
        if entry == FREE:
            slot = used
            used += 1
            slots.table[place] = (node << 32) | slot
            slots.nodes[slot], slots.units[slot], slots.turns[slot] = node, units, 0
            for walk in range(walks):
                slots.residuals[slot, walk] = 0.0
                slots.scores[slot, walk] = 0.0
        else:
            slot = entry & (LARGEST - 1)
        if slots.turns[slot] != turn:
            slots.turns[slot] = turn
            reached[count] = slot
            count += 1
        weight = units / UNIT
        for walk in range(walks):
            slots.residuals[slot, walk] += (share[walk] * weight + 6.0) - 6.0
    return used, count


@njit
def _ascending(nodes: Array, used: int) -> Array:
    """The slots by ascending node: a radix sort."""
    order, moved = np.empty(used, np.int64), np.empty(used, np.int64)
    ends, mask = np.empty((1 << DIGIT_BITS) + 1, np.int64), (1 << DIGIT_BITS) - 1
    largest, shift = 0, 0
    for slot in range(used):
        order[slot] = slot
        largest = max(largest, nodes[slot])
    while largest >> shift:
        for digit in range(ends.size):
            ends[digit] = 0
        for slot in range(used):
            ends[((nodes[slot] >> shift) & mask) + 1] += 1
        for digit in range(mask):
            ends[digit + 1] += ends[digit]
        for i in range(used):
            digit = (nodes[order[i]] >> shift) & mask
            moved[ends[digit]] = order[i]
            ends[digit] += 1
        order, moved = moved, order
        shift += DIGIT_BITS
    return order


@njit(
    "Tuple((int64[::1], float64[:, ::1], int64))("
    "Array(int64, 1, 'C', readonly=True), Array(int64, 1, 'C', readonly=True), "
    "Array(int64, 1, 'C', readonly=True), "
    "Array(int32, 1, 'C', readonly=True), Array(int32, 1, 'C', readonly=True), "
    "int64[::1], float64[:, ::1], float64, float64)",
    nogil=True,
    cache=True,
)
def push(
    pages: Array, directory: Array, blocks: Array, columns: Array, amounts: Array,
    seeds: Array, masses: Array, damping: float, tolerance: float,
) -> tuple[Array, Array, int]:  # fmt: skip
    """The nodes reached, ascending; their scores in each walk; and how many edges were walked.

    Raises IndexError where the tables are damaged.
    """
    walks, used, turn, edges = masses.shape[0], seeds.size, 0, 0
    slots = _grown(_slots(FIRST_SLOTS, walks), 0, used)
    reached = np.empty(slots.nodes.size, np.int64)
    for slot in range(used):
        slots.table[_place(slots.table, seeds[slot])] = (seeds[slot] << 32) | slot
        slots.nodes[slot], slots.units[slot], slots.turns[slot], reached[slot] = seeds[slot], 0, 0, slot
        for walk in range(walks):
            slots.residuals[slot, walk], slots.scores[slot, walk] = masses[walk, slot], 0.0
    frontier = _frontier(slots, reached, used, pages, directory, tolerance)
    while len(frontier):
        turn += 1
        count = 0
        shares = _keep(slots, frontier, pages, damping)
        for i in range(len(frontier)):
            row = frontier[i, 1]
            stretches = _stretches(blocks, pages[row])
            for number in range(stretches):
                start, end = _stretch(pages, blocks, row, number)
                if start < 0 or end < start or end > columns.size:
                    raise IndexError("an edge is outside the tables")
                edges += end - start
                if used + end - start > slots.nodes.size:
                    slots = _grown(slots, used, used + end - start)
                    longer = np.empty(slots.nodes.size, np.int64)
                    for j in range(count):
                        longer[j] = reached[j]
                    reached = longer
                used, count = _hand_on(
                    slots, used, start, end, columns, amounts, shares[i], turn, reached, count
                )
        frontier = _frontier(slots, reached, count, pages, directory, tolerance)
    order = _ascending(slots.nodes, used)
    found, scores = np.empty(used, np.int64), np.empty((walks, used), np.float64)
    for i in range(used):
        found[i] = slots.nodes[order[i]]
        for walk in range(walks):
            scores[walk, i] = slots.scores[order[i], walk] + (1 - damping) * slots.residuals[order[i], walk]
    return found, scores, edges
