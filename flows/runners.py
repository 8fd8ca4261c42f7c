"""Where a flow's shards run: Prefect's runner for Dask or Ray by the name in the settings, and the workers it lends.

A step stays one Prefect task that is called directly, so it runs in the flow's process, beside the index and its
writer's lock. From inside that task its shards go to the cluster that the flow's runner holds, through the cluster's
own client: a shard costs milliseconds there, where a task costs a tenth of a second. Results come back in order, so
the index is the one that a single process makes.

    index_corpus.with_options(task_runner=task_runner(settings))(corpus)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from prefect.context import FlowRunContext
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from hippograph.adapters import dask_workers, ray_workers
from hippograph.adapters.dask_workers import DaskWorkers
from hippograph.adapters.ray_workers import RayWorkers
from hippograph.adapters.workers import knock
from hippograph.errors import MissingExtra
from hippograph.ports import Workers
from hippograph.settings import Settings
from hippograph.wiring import build_workers, recipe, worker_count

Item = TypeVar("Item")
Result = TypeVar("Result")


def task_runner(settings: Settings) -> TaskRunner[Any]:
    """The runner of a flow under these settings: Dask's, Ray's, or else Prefect's own threads.

    Without an address the runner starts a cluster on this machine and stops it with the flow. Raises MissingExtra,
    and WorkersUnavailable when the address does not answer.
    """
    makers = {"dask": _dask_runner, "ray": _ray_runner}
    make = makers.get(settings.workers.kind)
    return make(settings) if make else ThreadPoolTaskRunner()


class FlowWorkers:
    """Workers on the cluster that the running flow's runner holds; those of the settings where it holds none."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own = build_workers(settings)

    def map(self, work: Callable[[list[Item]], Result], shards: Iterable[list[Item]]) -> Iterator[Result]:
        """Results in the order of the shards. Raises WorkersUnavailable."""
        return self._workers_now().map(work, shards)

    def close(self) -> None:
        """The flow's cluster is the flow's to close."""
        self._own.close()

    def _workers_now(self) -> Workers:
        """Looked up at each map: parts may outlive the flow they were made in."""
        flow = FlowRunContext.get()
        runner: Any = flow.task_runner if flow else None
        match type(runner).__name__:
            case "DaskTaskRunner":
                return DaskWorkers(recipe=recipe(self._settings), client=lambda: runner.client)
            case "RayTaskRunner":
                return RayWorkers(recipe=recipe(self._settings))
        return self._own


def _dask_runner(settings: Settings) -> TaskRunner[Any]:
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise MissingExtra("prefect-dask", "dask", "A flow on a Dask cluster") from error
    address = settings.workers.address
    if address is None:
        return DaskTaskRunner(cluster_kwargs=dask_workers.options_of(worker_count(settings)))
    with dask_workers.named(address):
        knock(address)
    return DaskTaskRunner(address=address)


def _ray_runner(settings: Settings) -> TaskRunner[Any]:
    ray = ray_workers.quiet_ray()
    try:
        from prefect_ray import RayTaskRunner
    except ImportError as error:
        raise MissingExtra("prefect-ray", "ray", "A flow on a Ray cluster") from error
    address = settings.workers.address
    if address is None:
        return RayTaskRunner(ray_workers.LOCAL, init_kwargs=ray_workers.options_of(worker_count(settings)))
    with ray_workers.named(address):
        ray_workers.knock_at_ray(address)
        if address == "auto" and not ray.is_initialized():
            ray.init(address, **ray_workers.QUIET)  # the runner would start a cluster of its own instead
    return RayTaskRunner(address, init_kwargs=dict(ray_workers.QUIET))
