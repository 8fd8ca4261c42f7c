"""Flows whose shards run on a cluster that Prefect's runner holds: Dask's and Ray's."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from itertools import islice

import pytest

from hippograph.engine import Hippograph
from hippograph.errors import EmbeddingError, MissingExtra, WorkersUnavailable
from hippograph.ports import Here
from hippograph.settings import Settings
from hippograph.types import Document
from hippograph.wiring import build_parts
from tests.fakes import TickingClock
from tests.shard_work import Dying, Failing, process_and_threads, squares

pytest.importorskip("prefect", reason="the flows extra is not installed")
pytestmark = [pytest.mark.prefect, pytest.mark.slow]

OFFLINE = {
    "splitter": "plain",
    "embedder": "hashing",
    "vectors": "numpy",
    "extractor": "tests.shard_work:OnceDeadlyRules",
}
CLUSTERS = ["dask", "ray"]


def settings_for(kind, **section):
    """Settings with two workers of that kind, and small shards."""
    if kind in CLUSTERS and find_spec(f"prefect_{kind}") is None:
        pytest.skip(f"the {kind} extra is not installed")
    return Settings(models=OFFLINE, storage={"batch_size": 4}, workers={"kind": kind, "count": 2, **section})


def in_a_flow(settings, step):
    """What `step(workers)` gives inside a task that is called directly in a flow with the runner of the settings."""
    from prefect import flow, task

    from flows.runners import FlowWorkers, task_runner

    @task(persist_result=False)
    def one_step():
        # Alone they would work in this process: whatever runs elsewhere runs on the cluster of the flow.
        return step(FlowWorkers(settings.model_copy(update={"workers": Settings().workers})))

    @flow(persist_result=False, task_runner=task_runner(settings))
    def steps():
        return one_step()

    return steps()


def shards(number):
    return [[first] for first in range(number)]


@pytest.mark.parametrize("kind", CLUSTERS)
@pytest.mark.usefixtures("prefect_server")
def test_shards_run_on_the_flows_cluster_and_survive_a_killed_worker(kind, tmp_path):
    """Two workers, one killed half-way; results in order, none lost; an error of the work keeps its class."""
    dying = Dying(tmp_path, victim=6)
    failing = Failing(tmp_path, victim=103, error=EmbeddingError("broken"))

    def step(workers):
        processes = {process for process, _ in workers.map(process_and_threads, shards(16))}
        squared = list(workers.map(dying, shards(12)))
        results = workers.map(failing, [[first] for first in range(100, 120)])
        before = list(islice(results, 3))
        try:
            next(results)
        except EmbeddingError as error:
            return processes, squared, before, str(error)

    processes, squared, before, message = in_a_flow(settings_for(kind), step)

    assert len(processes - {os.getpid()}) == 2
    assert squared == [squares(shard) for shard in shards(12)]
    assert dying.runs()[6] == 2
    assert (before, message) == ([[10000], [10201], [10404]], "broken")


@pytest.mark.parametrize("kind", CLUSTERS)
@pytest.mark.usefixtures("prefect_server")
def test_an_index_made_in_a_flow_is_the_one_made_here(kind, tmp_path, monkeypatch):
    """A worker is killed half-way through extraction; every file but the manifests is the same to the byte."""
    monkeypatch.setenv("FOLDER_OF_DEATHS", str(tmp_path))
    settings = settings_for(kind)

    found = in_a_flow(settings, lambda workers: built(tmp_path / kind, settings, workers))

    monkeypatch.delenv("FOLDER_OF_DEATHS")
    assert (tmp_path / "RuleExtractor").exists()
    assert found == built(tmp_path / "here", settings, None)
    assert len(found) > 40


def built(folder, settings, workers):
    """The files of an index of forty documents, without the random name of its tables' folder."""
    documents = [
        Document(f"{n}", f"Mill {n}", f"Mill {n} stands in Vale. Ada Berg built Mill {n} in {1800 + n}.")
        for n in range(40)
    ]
    parts = replace(build_parts(settings), clock=TickingClock())
    parts = replace(parts, workers=workers or Here())
    Hippograph.build(documents, folder, settings=settings, parts=parts).close()
    (tables,) = (folder / "tables").iterdir()
    return {
        str(path.relative_to(folder)).replace(tables.name, "*"): path.read_bytes().replace(
            tables.name.encode(), b"*"
        )
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".json"  # a manifest's checksum covers that name
    }


@pytest.mark.parametrize(
    ("kind", "runner"),
    [
        ("here", "ThreadPoolTaskRunner"),
        ("threads", "ThreadPoolTaskRunner"),
        ("processes", "ThreadPoolTaskRunner"),
        ("dask", "DaskTaskRunner"),
        ("ray", "RayTaskRunner"),
    ],
)
def test_the_runner_goes_by_the_kind_of_workers(kind, runner):
    """Clusters have runners of their own; the other kinds leave Prefect's threads as they are."""
    from flows.runners import task_runner

    assert type(task_runner(settings_for(kind))).__name__ == runner


@pytest.mark.parametrize("kind", CLUSTERS)
def test_a_flow_does_not_begin_on_a_cluster_that_does_not_answer(kind):
    """The address is named before anything is started."""
    from flows.runners import task_runner

    with pytest.raises(WorkersUnavailable, match=r"answers at 127\.0\.0\.1:1 \(workers\.address\)"):
        task_runner(settings_for(kind, address="127.0.0.1:1"))


@pytest.mark.parametrize("kind", CLUSTERS)
def test_a_missing_runner_names_its_extra(kind, monkeypatch):
    """The way out is the install command."""
    import sys

    from flows.runners import task_runner

    settings = settings_for(kind)
    monkeypatch.setitem(sys.modules, f"prefect_{kind}", None)

    with pytest.raises(MissingExtra, match=rf"prefect-{kind}.*hippograph\[{kind}\]"):
        task_runner(settings)


def test_outside_a_flow_the_workers_of_the_settings_are_used(tmp_path):
    """Parts that were made for a flow also work without one."""
    from flows.runners import FlowWorkers

    workers = FlowWorkers(settings_for("here"))

    assert next(workers.map(process_and_threads, [[1]]))[0] == os.getpid()
