"""Workers of a Ray cluster: a running one by its address, or a local one that is started and stopped.

Ray itself runs a shard again when the process or the machine that held it, or held its result, is gone, three times.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, TypeVar

from hippograph.adapters.outcomes import Outcome, attempt
from hippograph.adapters.workers import SHARDS_PER_WORKER, in_order, knock
from hippograph.errors import MissingExtra, WorkersUnavailable
from hippograph.ports import Here
from hippograph.shards import Recipe, stays_here, that_travels

Item = TypeVar("Item")
Result = TypeVar("Result")

RETRIES = 3
"""How often Ray runs a shard again whose process died."""


class RayWorkers:
    """The processes behind a Ray head. Nothing is connected or started before the first shard.

    Ray knows one cluster a process: one that is connected already, by a flow's runner for example, is used and left
    open.
    """

    def __init__(self, address: str | None = None, count: int = 2, recipe: Recipe | None = None) -> None:
        """`count` is for a local cluster alone. An address is host:port, ray://host:port or auto."""
        self._address = address
        self._count = count
        self._recipe = recipe
        self._opened = ExitStack()
        weakref.finalize(self, self._opened.close)

    def map(self, work: Callable[[list[Item]], Result], shards: Iterable[list[Item]]) -> Iterator[Result]:
        """Results in the order of the shards, one shard a processor of the cluster.

        Raises MissingExtra, and WorkersUnavailable when the address does not answer or the workers are gone.
        """
        if stays_here(work):
            yield from Here().map(work, shards)
            return
        travelling = that_travels(work, self._recipe)

        @cache  # connected to by the first shard, if there is one
        def cluster() -> tuple[Any, Any]:
            ray = self._connected()
            return ray, ray.remote(max_retries=RETRIES, num_cpus=1)(attempt)

        def submit(shard: list[Item]) -> _Promise:
            ray, run = cluster()
            return _Promise(ray, run.remote(travelling, shard))

        def ahead() -> int:
            return int(cluster()[0].cluster_resources().get("CPU", 1)) * SHARDS_PER_WORKER

        try:
            yield from in_order(submit, shards, ahead)
        except WorkersUnavailable:
            self.close()  # the next try connects anew
            raise

    def close(self) -> None:
        """Leave the cluster, and stop it if it was started here; a later map begins anew."""
        self._opened.close()

    def _connected(self) -> Any:
        ray = quiet_ray()
        if not ray.is_initialized():
            if self._address is None:
                ray.init(LOCAL, **options_of(self._count))
            else:
                with named(self._address):
                    knock_at_ray(self._address)
                    ray.init(self._address, **QUIET)
            self._opened.callback(ray.shutdown)
        return ray


LOCAL = "local"
"""What Ray calls a cluster that is started, whatever cluster the environment names."""

QUIET: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}


def options_of(count: int) -> dict[str, Any]:
    """With what a local cluster of so many workers is started."""
    return {"num_cpus": count, "include_dashboard": False, **QUIET}


def quiet_ray() -> Any:
    """The library, told to keep to itself. Raises MissingExtra."""
    # Ray reports to its makers unless told otherwise; nothing of ours goes anywhere unasked.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("ray", "ray", "Working on a Ray cluster") from error
    # Ray tells of lost processes on standard output, which is the caller's; it has no public switch for that.
    ray._private.worker._worker_logs_enabled = False
    return ray


def knock_at_ray(address: str) -> None:
    """Whether something listens there; `auto` is left to Ray. Raises OSError, ValueError."""
    if address != "auto":
        knock(address)


@contextmanager
def named(address: str) -> Iterator[None]:
    """Whatever fails on the way to a cluster becomes an error that names its address."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkersUnavailable(
            f"No Ray cluster answers at {address} (workers.address): {error}. Start one with "
            "`ray start --head`, or leave the address out for a cluster on this machine."
        ) from error


class _Promise:
    """A shard's outcome on the cluster."""

    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray = ray
        self._reference = reference

    def result(self) -> Any:
        """What the work gave or raised; any other error is the cluster's."""
        try:
            outcome: Outcome = self._ray.get(self._reference)
        except Exception as error:  # of the many kinds Ray has, none is the work's
            raise WorkersUnavailable(
                f"The Ray cluster did not run a shard: {type(error).__name__}: {error}. The release of hippograph "
                "that runs here must be installed on every machine, with the same extras, and a shard must fit its "
                "memory (storage.batch_size)."
            ) from error
        return outcome.result()

    def cancel(self) -> None:
        """Ray drops it unless it runs already."""
        self._ray.cancel(self._reference)
