"""A schedule as people run it: the command, a server of its own, a folder that changes, versions that appear."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hippograph.engine import Hippograph, read_status
from hippograph.errors import IndexNotFound

pytest.importorskip("prefect", reason="the flows extra is not installed")
pytestmark = [pytest.mark.prefect, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120


def wait_until(true, process=None):
    """Wait for something to become true, as long as the process lives and patience lasts."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and (process is None or process.poll() is None):
        if true():
            return
        time.sleep(0.3)
    pytest.fail("it did not happen in time, or the process ended")


def version(index):
    try:
        return read_status(index).version.number
    except IndexNotFound:
        return 0


@pytest.fixture
def environment(tmp_path, offline):
    return {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "DO_NOT_TRACK": "1",
    }


def serve(folder, environment, *options):
    """The command, in a folder whose file of corpora has one that is indexed every five seconds."""
    (folder / "corpora.yaml").write_text(
        "corpora:\n  - {name: handbook, source: docs, index: index, interval: 5s}\n"
    )
    command = [sys.executable, "-m", "flows.schedules", "corpora.yaml", *options]
    with (folder / "served.log").open("a") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)


def asked(port, path, body):
    """What the server says."""
    import httpx

    response = httpx.post(f"http://127.0.0.1:{port}/api/{path}", json=body, trust_env=False)
    response.raise_for_status()
    return response.json()


def published_events(port):
    """The numbers of the versions that events have told of."""
    body = {"filter": {"event": {"name": ["hippograph.index.published"]}}}
    return sorted(event["payload"]["version"] for event in asked(port, "events/filter", body)["events"])


def states_of_due_runs(port):
    """How many runs are in which state, of those that should have begun by now."""
    runs = asked(port, "flow_runs/filter", {"limit": 200})
    now = datetime.now(UTC)
    return Counter(
        run["state_type"] for run in runs if datetime.fromisoformat(run["expected_start_time"]) < now
    )


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_folder_that_changes_is_published_again_and_again(tmp_path, environment, unused_port):
    """Three states of a folder become three versions, each told by an event; a stop ends the server as well."""
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    (docs / "ada.md").write_text("Ada Berg built the Orrin mill.")
    served = serve(tmp_path, environment, "--start-server", "--port", str(unused_port))
    try:
        wait_until(lambda: version(index) == 1, served)
        (docs / "mill.md").write_text("The Orrin mill stands in Vale.")
        wait_until(lambda: version(index) == 2, served)
        (docs / "ada.md").unlink()
        wait_until(lambda: version(index) == 3, served)
        wait_until(lambda: published_events(unused_port) == [1, 2, 3], served)
        reports = asked(
            unused_port, "artifacts/filter", {"artifacts": {"key": {"any_": ["handbook-report"]}}}
        )
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait(60)

    with Hippograph.open(index) as memory:
        assert [found.passage.document for found in memory.search("the Orrin mill", k=5)] == ["mill.md"]
    assert any("## Deleted: 1\n\n- ada.md" in report["data"] for report in reports)
    assert served.returncode == 0
    assert not is_listening(unused_port)


def test_what_was_missed_is_called_off_and_what_was_cut_short_is_closed(
    tmp_path, environment, monkeypatch, unused_port
):
    """After a kill and a while of nothing, one run publishes what changed meanwhile; the missed ones never run."""
    from flows.server import prefect_server

    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    (docs / "ada.md").write_text("Ada Berg built the Orrin mill.")
    monkeypatch.setenv("PREFECT_HOME", environment["PREFECT_HOME"])
    with prefect_server(True, unused_port):
        there = {**environment, "PREFECT_API_URL": f"http://127.0.0.1:{unused_port}/api"}
        served = serve(tmp_path, there)
        try:
            wait_until(lambda: states_of_due_runs(unused_port)["COMPLETED"] >= 2, served)
        finally:
            served.kill()
            served.wait(60)
        (docs / "mill.md").write_text("The Orrin mill stands in Vale.")
        wait_until(lambda: states_of_due_runs(unused_port)["SCHEDULED"] >= 4)
        served = serve(tmp_path, there)
        try:
            wait_until(lambda: version(index) == 2, served)
            states = states_of_due_runs(unused_port)
        finally:
            served.send_signal(signal.SIGINT)
            served.wait(60)

    assert states["CANCELLED"] >= 4
    assert states["RUNNING"] + states["PENDING"] <= 1
