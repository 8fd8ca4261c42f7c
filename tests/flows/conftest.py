"""One Prefect server for all tests of flows, and settings without a model."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture(scope="session")
def prefect_server():
    """A server of its own in a temporary folder: it takes some fifteen seconds to start, once."""
    pytest.importorskip("prefect", reason="the flows extra is not installed")
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def offline(monkeypatch):
    """Parts that need no model, for flows that load their settings themselves."""
    for part, name in (("EMBEDDER", "hashing"), ("VECTORS", "numpy"), ("SPLITTER", "plain")):
        monkeypatch.setenv(f"HIPPOGRAPH_MODELS__{part}", name)


@pytest.fixture
def unused_port():
    """A port of this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
