"""`python -m flows.schedules corpora.yaml`: every corpus of a file is indexed on its schedule, with Prefect's pages.

    corpora:
      - name: handbook
        source: ./docs             # or sources: [...]; paths are looked up from the file's folder
        index: ./handbook-index
        interval: 10m              # or cron: "0 * * * *", with timezone: Europe/Oslo if that matters

A corpus may also have grade, budget, include, exclude and settings, as in flows/corpus.py. One run of a corpus at a
time: a run that is due while another is at work is called off, and so are those that were missed while nothing was
served; the next one reads what all of them would have read.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

from flows.corpora_file import ScheduledCorpus, read_corpora
from flows.server import prefect_server
from hippograph.errors import HippographError, MissingExtra, SettingsError

TAG = "hippograph"
SECONDS_AHEAD = 2
"""How often, and how far ahead, due runs are looked for. A run holds the place of its corpus from then on: with
Prefect's ten seconds, one would be called off because another is at work that will be done in time."""
GONE = "Its process ended with the one that served the schedule."


def serve_corpora(corpora: Sequence[ScheduledCorpus], at_once: int | None = None) -> None:
    """Register the corpora with the Prefect server and run what is due, until it is stopped.

    At most `at_once` corpora are indexed at the same time, as many as there are processors where nothing is said.
    """
    from prefect import serve

    deployments = [deployment_of(corpus) for corpus in corpora]
    ids = [UUID(str(deployment.apply())) for deployment in deployments]
    clear_the_past(ids)
    begin_intervals([id_ for id_, corpus in zip(ids, corpora, strict=True) if corpus.interval])
    # What Prefect 3.8 says of itself when SIGTERM stops it.
    warnings.filterwarnings("ignore", "coroutine 'Runner.astop' was never awaited", RuntimeWarning)
    try:
        serve(
            *deployments,
            limit=at_once or os.cpu_count() or 1,
            print_starting_message=False,
            query_seconds=SECONDS_AHEAD,
            prefetch_seconds=SECONDS_AHEAD,
        )
    finally:
        clear_the_past(ids)


def deployment_of(corpus: ScheduledCorpus) -> Any:
    """The corpus as Prefect knows it: a flow, its parameters, when, and one run at a time."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.schedules import Schedule
    from prefect.types.entrypoint import EntrypointType

    from flows.index_corpus import index_corpus

    interval = timedelta(seconds=corpus.interval) if corpus.interval else None
    return index_corpus.to_deployment(
        name=corpus.name,
        schedule=Schedule(interval=interval, cron=corpus.cron, timezone=corpus.timezone),
        parameters={"corpus": corpus.parameters()},
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        tags=[TAG],
        description=f"{', '.join(corpus.sources)} into {corpus.index}, {corpus.when()}",
        paused=False,  # what was served before was paused when it stopped
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def clear_the_past(deployments: Sequence[UUID]) -> None:
    """Call off what was missed while nothing was served, and close runs that ended without saying so.

    A machine that lost its power leaves both behind: dozens of runs whose time has passed, and a run that holds the
    one place of its corpus: for minutes, or for ever where the server was restarted and forgot who holds it.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
    from prefect.client.schemas.objects import StateType
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Cancelled, Crashed

    from flows.missed import MISSED, call_off

    with get_client(sync_client=True) as client:
        call_off(client, deployments, [StateType.SCHEDULED], Cancelled(message=MISSED))
        call_off(client, deployments, [StateType.PENDING, StateType.RUNNING], Crashed(message=GONE))
        for deployment in deployments:
            with suppress(ObjectNotFound):
                client.update_global_concurrency_limit(
                    f"deployment:{deployment}", GlobalConcurrencyLimitUpdate(active_slots=0)
                )


def begin_intervals(deployments: Sequence[UUID]) -> None:
    """A first run now: an interval is counted from here, and its first run would come only at its end."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for deployment in deployments:
            client.create_flow_run_from_deployment(deployment)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Gives the exit code: 0 stopped, 1 the work failed, 2 the call or the file was wrong."""
    call = _parser().parse_args(arguments)
    try:
        corpora = read_corpora(call.file)
        if call.check:
            _say(_listed(corpora))
            return 0
        with (
            _sigterm_as_interrupt(),
            _served_once(call.file),
            prefect_server(call.start_server, call.port) as pages,
        ):
            _say(f"{_listed(corpora)}\nPrefect's pages: {pages}. Ctrl-C stops.")
            serve_corpora(corpora, call.at_once)
    except HippographError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing that was finished is lost.\n")
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("prefect", "yaml"):
            raise
        sys.stderr.write(f"{MissingExtra(str(error.name), 'flows', 'A schedule')}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m flows.schedules", description="Index corpora on their schedules."
    )
    parser.add_argument("file", type=Path, metavar="CORPORA.yaml", help="the corpora and their schedules")
    parser.add_argument(
        "--start-server",
        action="store_true",
        help="start a Prefect server on this machine, and stop it at the end",
    )
    parser.add_argument("--port", type=int, default=4200, help="where that server listens (4200)")
    parser.add_argument("--at-once", type=_positive, metavar="N", help="corpora indexed at the same time")
    parser.add_argument("--check", action="store_true", help="only say what the file asks for")
    return parser


def _positive(words: str) -> int:
    if not words.isdecimal() or not int(words):
        raise argparse.ArgumentTypeError(f"{words!r} is no number from 1 on")
    return int(words)


def _listed(corpora: Sequence[ScheduledCorpus]) -> str:
    return "\n".join(f"{c.name}: {', '.join(c.sources)} -> {c.index}, {c.when()}" for c in corpora)


@contextmanager
def _served_once(file: Path) -> Iterator[None]:
    """Two processes that serve one file would close each other's runs."""
    import fcntl

    with file.open() as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HippographError(f"{file} is being served already. Stop that process first.") from error
        yield


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """A service manager's request to stop is met as the one from the keyboard is: the server is stopped as well."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
