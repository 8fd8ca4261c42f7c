"""Workers' own ways: order and look-ahead, errors on their way, processes without parents, addresses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from hippograph.adapters.dask_workers import DaskWorkers
from hippograph.adapters.outcomes import Outcome, attempt
from hippograph.adapters.process_workers import ProcessWorkers
from hippograph.adapters.ray_workers import RayWorkers
from hippograph.adapters.workers import in_order
from hippograph.errors import MissingExtra, WorkersUnavailable
from tests.shard_work import OddError, a_lock, squares

REPOSITORY = Path(__file__).resolve().parents[3]


class Promised:
    """A promise that is kept when it is asked for, and remembers whether it was given up."""

    def __init__(self, shard, log):
        self.shard, self.log = shard, log

    def result(self):
        self.log.append(("result", self.shard))
        if self.shard == ["bad"]:
            raise ValueError("bad")
        return self.shard

    def cancel(self):
        self.log.append(("cancel", self.shard))


def promise(log):
    def submit(shard):
        log.append(("submit", shard))
        return Promised(shard, log)

    return submit


def test_no_more_than_the_allowed_number_is_under_way():
    """With two allowed, the third shard is handed out after the first result was taken."""
    log = []

    results = list(in_order(promise(log), [["a"], ["b"], ["c"]], lambda: 2))

    assert results == [["a"], ["b"], ["c"]]
    assert [f"{what[0]}{shard[0]}" for what, shard in log] == ["sa", "sb", "ra", "sc", "rb", "rc"]


def test_look_ahead_follows_a_cluster_that_grows():
    """The number allowed is asked for again and again; none at all counts as one."""
    log, sizes = [], iter([0, 3, 3, 3])

    list(in_order(promise(log), [["a"], ["b"], ["c"]], lambda: next(sizes, 3)))

    assert [f"{what[0]}{shard[0]}" for what, shard in log] == ["sa", "ra", "sb", "sc", "rb", "rc"]


def test_after_an_error_what_is_under_way_is_given_up():
    """The error passes, and what was handed out after its shard is cancelled."""
    log = []

    with pytest.raises(ValueError, match="bad"):
        list(in_order(promise(log), [["bad"], ["b"], ["c"], ["d"]], lambda: 3))

    assert [shard for what, shard in log if what == "cancel"] == [["b"], ["c"]]


def test_futures_of_the_library_are_promises():
    """What `concurrent.futures` gives is taken as it is."""
    future = Future()
    future.set_result(7)

    assert list(in_order(lambda shard: future, [[1], [2]], lambda: 1)) == [7, 7]


def test_an_error_travels_with_its_class_and_its_place():
    """The copy that travels has the same class and fields, and a note that says where it was raised."""

    def failing(shard):
        raise MissingExtra("pypdf", "files", "Reading PDF")

    outcome = attempt(failing, [1])

    with pytest.raises(MissingExtra) as raised:
        outcome.result()
    assert (raised.value.package, raised.value.extra) == ("pypdf", "files")
    assert 'raise MissingExtra("pypdf", "files", "Reading PDF")' in raised.value.__notes__[0]


@pytest.mark.parametrize("error", [OddError("passage 3", "odd"), None], ids=["constructor", "content"])
def test_an_error_that_cannot_travel_is_told_in_words(error):
    """One whose constructor differs, or that holds a lock, becomes a RuntimeError with its name and message."""
    if error is None:
        error = ValueError("held")
        error.lock = threading.Lock()

    def failing(shard):
        raise error

    travelled = attempt(failing, [1]).error

    assert type(travelled) is RuntimeError
    assert str(travelled) == f"{type(error).__name__}: {error}"


def test_an_outcome_of_nothing_is_nothing():
    """A result of None is a result."""
    assert attempt(lambda shard: None, []) == Outcome(None)
    assert Outcome(None).result() is None


def test_a_result_that_cannot_be_sent_is_told():
    """A lock stays where it is; the error says so, and the process takes the next shard."""
    workers = ProcessWorkers(1)

    with pytest.raises(TypeError, match="lock"):
        list(workers.map(a_lock, [[1]]))
    assert list(workers.map(squares, [[2]])) == [[4]]
    workers.close()


def test_workers_end_when_their_parent_is_killed(tmp_path):
    """After SIGKILL of a run, no process of it stays behind with a model in its memory."""
    code = (
        "import time\n"
        "from hippograph.adapters.process_workers import ProcessWorkers\n"
        "from tests.shard_work import process_and_threads\n"
        "workers = ProcessWorkers(2)\n"
        "print(*{process for process, _ in workers.map(process_and_threads, [[n] for n in range(20)])}, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    children = [int(number) for number in parent.stdout.readline().split()]

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    assert len(children) == 2
    assert _all_end(children)


def test_a_script_needs_no_guard_and_leaves_no_process_behind(tmp_path):
    """Workers do not run the script that started them, print nothing of their own, and end with it unclosed."""
    script = tmp_path / "script.py"
    script.write_text(
        "from hippograph.adapters.process_workers import ProcessWorkers\n"
        "from tests.shard_work import process_and_threads\n"
        "workers = ProcessWorkers(2)\n"
        "results = workers.map(process_and_threads, [[n] for n in range(9)])\n"
        "print(next(results)[0])\n"
    )

    done = subprocess.run(
        [sys.executable, script],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert _all_end([int(done.stdout)])


def _all_end(processes, seconds=20):
    """Whether none of the processes is left within that time."""
    for _ in range(seconds * 20):
        processes = [process for process in processes if Path(f"/proc/{process}").exists()]
        if not processes:
            return True
        time.sleep(0.05)
    return False


# --------------------------------------------------------------------------- clusters by address


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1:1", "nonsense"])
@pytest.mark.parametrize("kind", [DaskWorkers, RayWorkers])
def test_an_address_that_does_not_answer_is_named(kind, address):
    """At once, with the name of the setting, and without a cluster being started instead."""
    pytest.importorskip("distributed" if kind is DaskWorkers else "ray", reason="the extra is not installed")

    with pytest.raises(WorkersUnavailable, match=rf"answers at {address} \(workers\.address\)"):
        list(kind(address).map(squares, [[1]]))


def test_without_shards_nothing_is_connected():
    """A run that has nothing to do does not knock."""
    for kind in (DaskWorkers, RayWorkers):
        assert list(kind("127.0.0.1:1").map(squares, [])) == []


@pytest.fixture
def running_cluster():
    """A Dask cluster with one worker that somebody else started."""
    distributed = pytest.importorskip("distributed", reason="the dask extra is not installed")
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster


def test_a_running_cluster_is_used_and_left_running(running_cluster):
    """Two clients in turn find the same scheduler by its address; closing leaves it as it was."""
    workers = DaskWorkers(running_cluster.scheduler_address)
    first = list(workers.map(squares, [[1], [2]]))
    workers.close()

    assert (
        first == list(DaskWorkers(running_cluster.scheduler_address).map(squares, [[1], [2]])) == [[1], [4]]
    )
    assert len(running_cluster.scheduler_info["workers"]) == 1


def test_a_client_that_was_handed_in_stays_open(running_cluster):
    """Whoever opened it closes it: a flow lends its own."""
    from distributed import Client

    with Client(running_cluster, set_as_default=False) as client:
        workers = DaskWorkers(client=lambda: client)
        first = list(workers.map(squares, [[3]]))
        workers.close()

        assert client.status == "running"
        assert first == list(workers.map(squares, [[3]])) == [[9]]


def test_a_cluster_without_workers_is_told(running_cluster):
    """A scheduler that answers and has nobody to work ends the run after a while, with the command that helps."""
    running_cluster.scale(0)
    running_cluster.sync(running_cluster._correct_state)
    workers = DaskWorkers(running_cluster.scheduler_address, patience_seconds=0.2)

    with (
        closing(workers),
        pytest.raises(WorkersUnavailable, match=r"no worker for 0\.2 seconds.*`dask worker tcp://"),
    ):
        list(workers.map(squares, [[1]]))
