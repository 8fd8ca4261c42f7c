"""The Prefect server that schedules need: the one that is configured, or one of our own for as long as we run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hippograph.errors import HippographError, SettingsError

SECONDS_TO_START = 180
"""A fresh machine first makes the server's database, which took up to half a minute where it was measured."""
SECONDS_TO_STOP = 20
LEASES_ON_DISK = {
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem"
}
"""Kept in memory, as it is by default, the place that a run held when the server ended would stay taken for ever."""


@contextmanager
def prefect_server(start: bool, port: int) -> Iterator[str]:
    """A server that answers, for the time of the block; gives the address of its pages.

    Raises SettingsError where none is named, HippographError where none answers or ours does not start.
    """
    if not start:
        yield _configured()
        return
    from prefect.settings import PREFECT_API_URL, temporary_settings

    pages = f"http://127.0.0.1:{port}"
    with _own_server(port), temporary_settings({PREFECT_API_URL: f"{pages}/api"}):
        yield pages


def _configured() -> str:
    """The pages of the server that is named in PREFECT_API_URL or Prefect's profile."""
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if not url:
        raise SettingsError(
            "A schedule needs a Prefect server. Pass --start-server, or start one with `prefect server start` and "
            "set PREFECT_API_URL=http://127.0.0.1:4200/api"
        )
    if not _answers(url):
        raise HippographError(
            f"No Prefect server answers at {url}, which PREFECT_API_URL or Prefect's profile names. Start it with "
            "`prefect server start`, or pass --start-server."
        )
    return str(url).removesuffix("/").removesuffix("/api")


@contextmanager
def _own_server(port: int) -> Iterator[None]:
    """A server as a process of ours, in a session of its own: Ctrl-C reaches us first, and we stop it last."""
    if not 1 <= port <= 65_535:
        raise SettingsError(f"--port {port} is no port; ports are 1 to 65535.")
    url = f"http://127.0.0.1:{port}/api"
    if _is_taken(port):
        raise HippographError(
            f"Something listens at 127.0.0.1:{port} already. If it is a Prefect server, set "
            f"PREFECT_API_URL={url} and leave --start-server out; else name another --port."
        )
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {
        **os.environ,
        **LEASES_ON_DISK,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": url,  # else the pages ask port 4200, wherever they come from
    }
    environment.pop("PREFECT_API_URL", None)
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if not _wait_for(url, process):
                said.seek(0)
                last = next((line.strip() for line in reversed(said.readlines()) if line.strip()), "nothing")
                raise HippographError(f"Prefect's server did not start; the last it said is: {last}")
            yield
        finally:
            _stop(process)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        if _answers(url):
            return True
        time.sleep(0.5)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    """Whether a server is there. One that refuses the question is there, too."""
    import httpx

    try:
        httpx.get(f"{url.removesuffix('/')}/health", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return True


def _is_taken(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
