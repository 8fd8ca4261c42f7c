"""Forward push: walks from a few seeds, at a cost that does not grow with the graph.

Andersen, Chung and Lang, "Local Graph Partitioning using PageRank Vectors" (2006). Two makes of it give the same
scores, bit for bit: numpy's, which is always there, and a compiled one, which a process that walks often switches to.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy.typing as npt

from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.graph.push_vectorised import push as push_vectorised
from hippograph.graph.reset import Reset, Restarts, restarts
from hippograph.graph.scores import Nodes, Scores, Values

log = logging.getLogger(__name__)

PUSH_TOLERANCE = 1e-6
"""Residual a unit of degree below which a node is not pushed on: the same top 100 as the exact walk in trials."""
FINEST = 2.0**-38
"""Times 1 / (1 - damping), the least tolerance: what rounding adds to a push is then less than what the node keeps, so
that every walk ends. A node of D units of weight has at most D edges, of which each rounds by half of 2^-50."""
ROUNDING = 2.0**-50
"""An edge moves a score by at most half of this, a push by less."""
COMPILE_AFTER = 50
"""Walks of a process after which it compiles, in a thread of its own: a command that asks once never pays for it."""

Pushed = tuple[Nodes, Values, int]
"""The nodes reached, ascending; their scores in each walk, shape (walks, nodes); and how many edges were walked."""
Kernel = Callable[..., Pushed]


def forward_push(
    graph: KnowledgeGraph,
    resets: Sequence[Reset],
    damping: float,
    tolerance: float = PUSH_TOLERANCE,
) -> tuple[Scores, ...]:
    """Walks from a few seeds each, all together, so that they reach the same nodes.

    Round by round, every node where some walk's residual exceeds tolerance x degree keeps 1 - d of it and hands d of
    it to its neighbours. Each reset vector is scaled to sum to one. Raises ValueError where one has no mass.
    """
    if not resets:
        return ()
    start = restarts(resets, graph.node_count)
    tolerance = max(tolerance, FINEST / (1 - damping))
    kernel = compiler().kernel_if_ready() if graph.is_stored else None
    if kernel is None:
        nodes, scores, edges = push_vectorised(graph, start, damping, tolerance)
    else:
        nodes, scores, edges = push_compiled(kernel, graph, start, damping, tolerance)
    rounding = ROUNDING * (edges + len(nodes))
    # Of what lies at a node, 1 - d is in its score already, which leaves d of the bound of Andersen and others.
    return tuple(Scores(nodes, walk, damping * tolerance, rounding, is_floor=True) for walk in scores)


def push_compiled(
    kernel: Kernel, graph: KnowledgeGraph, start: Restarts, damping: float, tolerance: float
) -> Pushed:
    """What `push_vectorised` gives, by the compiled kernel. Raises IndexError where the tables are damaged."""
    tables = graph.rows.tables()
    return kernel(
        *(_read_only(table) for table in (tables.pages.reshape(-1), *tables[1:])),
        start.seeds,
        start.masses,
        damping,
        tolerance,
    )


class Compiler:
    """Counts the walks of a process and compiles the push once there were enough."""

    def __init__(self, after: int = COMPILE_AFTER) -> None:
        self._after = after
        self._walks = 0
        self._kernel: Kernel | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def kernel_if_ready(self) -> Kernel | None:
        """The compiled push; None until it is there, and for good where it cannot be made."""
        if self._kernel is None and self._thread is None:
            self._walks += 1
            if self._walks > self._after:
                self.start()
        return self._kernel

    def start(self) -> threading.Thread:
        """Begin to compile, unless that was begun before."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._compile, name="compile the walk")
                self._thread.start()
            return self._thread

    def wait(self) -> bool:
        """Compile now, and say whether there is a compiled push."""
        self.start().join()
        return self._kernel is not None

    def _compile(self) -> None:
        try:
            self._kernel = import_module("hippograph.graph.push_kernel").push
        except Exception as error:  # whatever keeps a compiler from working, numpy does the same
            log.info("The walk stays in numpy: %s: %s", type(error).__name__, error)


@cache
def compiler() -> Compiler:
    """The one compiler of this process."""
    return Compiler()


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view that nobody writes to: the kernel is compiled for those alone."""
    if values.flags.writeable:
        values = values.view()
        values.flags.writeable = False
    return values
