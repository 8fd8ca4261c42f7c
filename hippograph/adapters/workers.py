"""Workers that are threads of this process, and what all workers have in common: order, look-ahead, a knock."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

Item = TypeVar("Item")
Result = TypeVar("Result")
Given = TypeVar("Given", covariant=True)

SHARDS_PER_WORKER = 2
"""How many shards are under way for each worker: one in hand, one that waits for it. Bounds what is in memory."""

CONNECT_SECONDS = 10.0
"""How long a cluster may take to answer."""


class ThreadWorkers:
    """Threads of this process, for work that waits: calls of a model's server. Python computes in one at a time."""

    def __init__(self, count: int) -> None:
        self._count = count

    def map(self, work: Callable[[list[Item]], Result], shards: Iterable[list[Item]]) -> Iterator[Result]:
        """Results in the order of the shards, `count` shards at once."""
        with ThreadPoolExecutor(self._count, "hippograph-worker") as pool:
            ahead = self._count * SHARDS_PER_WORKER
            yield from in_order(lambda shard: pool.submit(work, shard), shards, lambda: ahead)

    def close(self) -> None:
        """Threads end with their map."""


class Promise(Protocol[Given]):
    """A result that is under way, as futures of any library have it."""

    def result(self) -> Given:
        """Wait for it. Raises the error that stands in its place."""
        ...

    def cancel(self) -> object:
        """It is no longer wanted."""
        ...


def in_order(
    submit: Callable[[list[Item]], Promise[Result]], shards: Iterable[list[Item]], ahead: Callable[[], int]
) -> Iterator[Result]:
    """Results in the order of the shards while at most `ahead` of them are under way: a cluster may grow meanwhile.

    When one fails, or nobody asks for more, those under way are cancelled.
    """
    waiting: deque[Promise[Result]] = deque()
    try:
        for shard in shards:
            waiting.append(submit(shard))
            while len(waiting) >= max(1, ahead()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for promise in waiting:
            promise.cancel()


def knock(address: str) -> None:
    """Connect to host:port, whatever the scheme before it says, and leave.

    Asked before a cluster's own client is: Ray's tries for minutes and then ends the process, Dask's complains once
    more when it is collected. Raises OSError, and ValueError for what is no such address.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if not parts.hostname or not parts.port:
        raise ValueError("it is not of the form host:port")
    socket.create_connection((parts.hostname, parts.port), CONNECT_SECONDS).close()
