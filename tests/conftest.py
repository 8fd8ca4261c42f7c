"""What tests share: settings without a model, the toy world in an index, and the real model where asked for."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.settings import Settings
from hippograph.wiring import build_parts
from tests.fakes import CountingEmbedder, CountingExtractor, TickingClock

REPOSITORY = Path(__file__).resolve().parent.parent

# What a test takes depends on who else uses the machine.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

WITHOUT_A_MODEL = {"splitter": "plain", "embedder": "hashing", "vectors": "numpy"}


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside():
    """What the developer's environment says about hippograph does not reach the tests."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("HIPPOGRAPH_")}
    yield
    os.environ.update(kept)


@pytest.fixture
def settings():
    """Settings under which everything runs in milliseconds, without a model."""
    return Settings(models=WITHOUT_A_MODEL, storage={"batch_size": 4})


@pytest.fixture
def parts(settings):
    """The parts of those settings; embedder and extractor count what they are given."""
    made = build_parts(settings)
    return replace(
        made,
        embedder=CountingEmbedder(made.embedder),
        extractor=CountingExtractor(made.extractor),
        clock=TickingClock(),
    )


@pytest.fixture
def toy_index(tmp_path, settings, parts):
    """The toy world, indexed and opened."""
    with Hippograph.build(toy.documents(), tmp_path / "index", settings=settings, parts=parts) as memory:
        yield memory


@pytest.fixture
def environment_without_a_model(monkeypatch, tmp_path):
    """The same settings for the command line, in an empty working folder."""
    for name, value in WITHOUT_A_MODEL.items():
        monkeypatch.setenv(f"HIPPOGRAPH_MODELS__{name.upper()}", value)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def model_index(tmp_path_factory):
    """The toy world, indexed by the default parts: the real model, FAISS and LlamaIndex's splitter."""
    missing = [name for name in ("torch", "tokenizers", "safetensors", "faiss") if find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with Hippograph.build(
        toy.documents(), tmp_path_factory.mktemp("model") / "index", settings=Settings()
    ) as memory:
        yield memory
