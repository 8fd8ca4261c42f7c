"""Workers of a Dask cluster: a running one by its scheduler's address, or a local one that is started and closed.

Dask itself runs a shard again when the worker that held it, or held its result, is gone; after three such deaths
(`distributed.scheduler.allowed-failures`) it gives up.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

from hippograph.adapters.outcomes import Outcome, attempt
from hippograph.adapters.workers import CONNECT_SECONDS, SHARDS_PER_WORKER, in_order, knock
from hippograph.errors import MissingExtra, WorkersUnavailable
from hippograph.ports import Here
from hippograph.shards import Recipe, stays_here, that_travels

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE_SECONDS = 60.0
"""How long a cluster may be without any worker before the run gives up: lost ones need time to come back."""

LOOK_SECONDS = 5.0
"""How often a cluster is asked who works there."""


class DaskWorkers:
    """The workers behind a Dask scheduler. Nothing is connected or started before the first shard."""

    def __init__(
        self,
        address: str | None = None,
        count: int = 2,
        recipe: Recipe | None = None,
        client: Callable[[], Any] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`count` is for a local cluster alone. `client` gives one that somebody else opened, and closes."""
        self._address = address
        self._count = count
        self._recipe = recipe
        self._patience_seconds = patience_seconds
        self._lent = client
        self._client: Any = None
        self._opened = ExitStack()
        weakref.finalize(self, self._opened.close)

    def map(self, work: Callable[[list[Item]], Result], shards: Iterable[list[Item]]) -> Iterator[Result]:
        """Results in the order of the shards, which the scheduler spreads over its workers.

        Raises MissingExtra, and WorkersUnavailable when the scheduler does not answer or its workers are gone.
        """
        if stays_here(work):
            yield from Here().map(work, shards)
            return
        travelling = that_travels(work, self._recipe)

        def submit(shard: list[Item]) -> _Promise:
            client = self._connected()
            # Bound, not passed as an argument: among arguments Dask looks at every item of a list.
            future = client.submit(partial(attempt, travelling, shard), pure=False)
            return _Promise(client, future, self._patience_seconds)

        looked, threads = -LOOK_SECONDS, 0

        def ahead() -> int:
            nonlocal looked, threads
            # A cluster may grow, but a look costs as much as a shard's way.
            if time.monotonic() - looked >= LOOK_SECONDS:
                looked, threads = time.monotonic(), sum(self._connected().nthreads().values())
            return threads * SHARDS_PER_WORKER

        try:
            yield from in_order(submit, shards, ahead)
        except WorkersUnavailable:
            self.close()  # the next try connects anew
            raise

    def close(self) -> None:
        """Leave the cluster, and stop it if it was started here; a later map begins anew."""
        self._client = None
        self._opened.close()

    def _connected(self) -> Any:
        """The client, whose cluster has at least one worker at its first use."""
        if self._client is None:
            self._client = self._lent() if self._lent else self._connect()
            self._wait_for_workers(self._client)
        return self._client

    def _connect(self) -> Any:
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise MissingExtra("distributed", "dask", "Working on a Dask cluster") from error
        if self._address is None:
            cluster = self._opened.enter_context(_local_cluster(LocalCluster, self._count))
            return self._opened.enter_context(Client(cluster, set_as_default=False))
        with named(self._address):
            knock(self._address)
            return self._opened.enter_context(
                Client(self._address, timeout=CONNECT_SECONDS, set_as_default=False)
            )

    def _wait_for_workers(self, client: Any) -> None:
        try:
            client.wait_for_workers(1, timeout=self._patience_seconds)
        except TimeoutError as error:
            raise _without_workers(client, self._patience_seconds) from error


def options_of(count: int) -> dict[str, Any]:
    """With what a local cluster of so many workers is started: one thread each, and a page on any free port."""
    return {"n_workers": count, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}


def _local_cluster(make: Any, count: int) -> Any:
    try:
        return make(**options_of(count))
    except RuntimeError as error:
        raise WorkersUnavailable(
            f"A Dask cluster could not be started on this machine: {error} Its workers run the script that starts "
            "them once more, so a script must do so below `if __name__ == '__main__':`."
        ) from error


@contextmanager
def named(address: str) -> Iterator[None]:
    """Whatever fails on the way to a scheduler becomes an error that names its address."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise WorkersUnavailable(
            f"No Dask scheduler answers at {address} (workers.address): {error}. Start one with "
            "`dask scheduler`, or leave the address out for a cluster on this machine."
        ) from error


class _Promise:
    """A shard's outcome on the cluster."""

    def __init__(self, client: Any, future: Any, patience_seconds: float) -> None:
        self._client = client
        self._future = future
        self._patience_seconds = patience_seconds

    def result(self) -> Any:
        """What the work gave or raised; any other error is the cluster's."""
        alone_since: float | None = None
        while True:
            try:
                outcome: Outcome = self._future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                # The wall clock of the cluster's silence, not of the index.
                alone_since = None if self._has_workers() else alone_since or time.monotonic()
                if alone_since and time.monotonic() - alone_since > self._patience_seconds:
                    raise _without_workers(self._client, self._patience_seconds) from None
            except (Exception, asyncio.CancelledError) as error:
                raise WorkersUnavailable(
                    f"The Dask cluster at {_address(self._client)} did not run a shard: {type(error).__name__}: "
                    f"{error}. The release of hippograph that runs here must be installed on every worker, with "
                    "the same extras, and a shard must fit a worker's memory (storage.batch_size)."
                ) from error
            else:
                return outcome.result()

    def cancel(self) -> None:
        """The scheduler drops it unless it runs already."""
        self._future.cancel()

    def _has_workers(self) -> bool:
        return self._client.status == "running" and bool(self._client.nthreads())


def _without_workers(client: Any, seconds: float) -> WorkersUnavailable:
    return WorkersUnavailable(
        f"The Dask cluster at {_address(client)} has had no worker for {seconds:g} seconds. Start some with "
        f"`dask worker {_address(client)}`."
    )


def _address(client: Any) -> str:
    scheduler = client.scheduler
    return str(scheduler.address) if scheduler is not None else "an unknown address"
