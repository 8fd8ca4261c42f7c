"""Workers that are processes of this machine.

Each has a pipe of its own, so it is known which shard a process held when it died: that shard alone is given to
another process. Processes are started afresh, because torch and its threads do not survive a fork, and not by
multiprocessing, which would run the caller's script once more in each. The first shard therefore waits for a second of
imports. A process whose parent is gone, even by SIGKILL, sees its pipe close and ends.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count as count_from
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import Any, TypeVar

from hippograph.adapters.outcomes import Outcome, serve
from hippograph.adapters.workers import SHARDS_PER_WORKER
from hippograph.errors import WorkersUnavailable
from hippograph.ports import Here
from hippograph.shards import Recipe, stays_here, that_travels

Item = TypeVar("Item")
Result = TypeVar("Result")

DEATHS_ALLOWED = 3
"""A shard whose process died this often is not tried again: it takes more memory than there is, or crashes."""

SECONDS_TO_END = 5.0

STANDARD_ERROR = 2

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class ProcessWorkers:
    """`count` processes, started when there is work for them and kept until `close`."""

    def __init__(self, count: int, recipe: Recipe | None = None) -> None:
        """With the recipe of the parts, work that leans on a part can be sent."""
        self._count = count
        self._recipe = recipe
        self._idle: list[_Crew] = []
        weakref.finalize(self, _dismiss, self._idle)

    def map(self, work: Callable[[list[Item]], Result], shards: Iterable[list[Item]]) -> Iterator[Result]:
        """Results in the order of the shards; a shard whose process died is run again by another.

        Raises WorkersUnavailable when processes die of one shard again and again.
        """
        if stays_here(work):
            yield from Here().map(work, shards)
            return
        travelling = that_travels(work, self._recipe)
        crew = self._idle.pop() if self._idle else _Crew(self._count)
        try:
            yield from _Run(crew, travelling, shards).results()
        except BaseException:  # also when nobody asks for more: some are still at work
            crew.dismiss()
            raise
        self._idle.append(crew)

    def close(self) -> None:
        """End the processes; a later map starts new ones."""
        _dismiss(self._idle)


def _dismiss(crews: list[_Crew]) -> None:
    while crews:
        crews.pop().dismiss()


@dataclass(slots=True)
class _Job:
    """A shard on its way."""

    number: int
    shard: list[Any]
    deaths: int = 0


class _Worker:
    """A process and our end of its pipe."""

    def __init__(self) -> None:
        self.pipe, theirs = Pipe()
        with theirs:  # closed here, or the death of the process would not close it
            self.process = Popen(
                [sys.executable, "-c", f"from {serve.__module__} import serve; serve({theirs.fileno()})"],
                pass_fds=[theirs.fileno()],
                env=_environment(),
                stdin=DEVNULL,
                stdout=STANDARD_ERROR,  # standard output is the caller's
                process_group=0,  # the keyboard stops the caller, and the caller its workers
            )
        self.job: _Job | None = None

    def give(self, work: Callable[[list[Any]], Any], job: _Job) -> bool:
        """Whether the process took the job; False when it is dead."""
        self.job = job
        try:
            self.pipe.send((work, job.shard))
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def take(self) -> Outcome | None:
        """What came of its job; None when the process died over it."""
        try:
            outcome: Outcome = self.pipe.recv()
        except (EOFError, OSError):
            return None
        self.job = None
        return outcome

    def end(self) -> int:
        """The exit code of the process, which is killed when it is at work."""
        self.pipe.close()
        if self.job is None:
            with suppress(TimeoutExpired):
                return self.process.wait(SECONDS_TO_END)
        self.process.kill()
        return self.process.wait()


def _environment() -> dict[str, str]:
    """Ours, the places we import from, and one thread for numbers where nobody set another number.

    With a worker a processor, more threads would only wait for each other.
    """
    places = os.pathsep.join(place or os.getcwd() for place in sys.path)
    return {**dict.fromkeys(THREADS, "1"), **os.environ, "PYTHONPATH": places}


class _Crew:
    """The processes of one map at a time."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._workers: list[_Worker] = []

    @property
    def ahead(self) -> int:
        """How many shards may be under way or wait for their turn to be yielded."""
        return self._size * SHARDS_PER_WORKER

    def free(self) -> _Worker | None:
        """One that has nothing to do, started if need be."""
        for worker in self._workers:
            if worker.job is None:
                return worker
        if len(self._workers) == self._size:
            return None
        self._workers.append(_Worker())
        return self._workers[-1]

    def busy(self) -> list[_Worker]:
        """Those at work."""
        return [worker for worker in self._workers if worker.job is not None]

    def bury(self, worker: _Worker) -> int:
        """Take a dead one out; its exit code."""
        self._workers.remove(worker)
        return worker.end()

    def dismiss(self) -> None:
        """End them all."""
        while self._workers:
            self._workers.pop().end()


class _Run:
    """One map: what is handed out, what came back, and whose turn it is."""

    def __init__(self, crew: _Crew, work: Callable[[list[Any]], Any], shards: Iterable[list[Any]]) -> None:
        self._crew = crew
        self._work = work
        self._fresh = map(_Job, count_from(), shards)
        self._again: list[_Job] = []
        self._done: dict[int, Outcome] = {}
        self._turn = 0
        self._begun = 0

    def results(self) -> Iterator[Any]:
        """Each result in its turn. Raises the error of the work in its turn too."""
        while True:
            self._hand_out()
            if self._turn in self._done:
                outcome = self._done.pop(self._turn)
                self._turn += 1
                yield outcome.result()
            elif busy := self._crew.busy():
                self._collect(busy)
            else:
                return

    def _hand_out(self) -> None:
        while job := self._next_job():
            worker = self._crew.free()
            if worker is None:
                self._again.append(job)
                return
            if not worker.give(self._work, job):
                self._lost(worker)

    def _next_job(self) -> _Job | None:
        """The earliest shard that was lost, else a fresh one if not too many are ahead of their turn."""
        if self._again:
            self._again.sort(key=lambda job: -job.number)
            return self._again.pop()
        if self._begun - self._turn >= self._crew.ahead:
            return None
        job = next(self._fresh, None)
        self._begun += job is not None
        return job

    def _collect(self, busy: list[_Worker]) -> None:
        workers: dict[Connection, _Worker] = {worker.pipe: worker for worker in busy}
        for pipe in wait(list(workers)):
            worker = workers[pipe]  # type: ignore[index]
            job = worker.job
            outcome = worker.take()
            if outcome is None:
                self._lost(worker)
            elif job is not None:
                self._done[job.number] = outcome

    def _lost(self, worker: _Worker) -> None:
        """A process died: its shard, and no other, goes to another process."""
        job = worker.job
        exit_code = self._crew.bury(worker)
        if job is None:
            return
        job.deaths += 1
        if job.deaths >= DEATHS_ALLOWED:
            raise WorkersUnavailable(
                f"{job.deaths} worker processes died over shard {job.number + 1}, the last with exit code "
                f"{exit_code} (-9 is what a machine without memory does to a process). Make storage.batch_size "
                "or workers.count smaller."
            )
        self._again.append(job)
