"""Two grades in one index: what a model reads stands in for what rules found, under a budget, and stays."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="the extra llm is not installed")

from eval.growth import compare_indexes
from hippograph.engine import Hippograph, add_documents, index_sources, remove_documents, verify_index
from hippograph.errors import BudgetSpent, ModelRefused, ModelUnavailable, SettingsError
from hippograph.settings import Settings
from hippograph.types import Document, DocumentId, Grade
from hippograph.wiring import build_parts
from tests.model_server import ModelServer
from tests.recorded_extractions import RecordedExtractions

REPOSITORY = Path(__file__).resolve().parents[2]
TEXTS = {
    f"d{n:02}": f"Person {n} met Guest {n} in the harbour of Marren. Nobody wrote it down." for n in range(12)
}
"""Every text names Marren, which ties it to all others."""
LONELY = {f"x{n}": f"The hut of Hermit {n} burnt down." for n in range(3)}
"""Texts that share nothing with any other."""
FOUND = {
    text: ([f"Person {n}", "Marren"], [[f"Person {n}", "met", f"Guest {n}"]])
    for n, text in enumerate(TEXTS.values())
} | {text: ([f"Hermit {n}"], [[f"Hermit {n}", "lost", "hut"]]) for n, text in enumerate(LONELY.values())}


class Texts:
    source = "texts"

    def __init__(self, texts=None):
        self.texts = {**TEXTS, **LONELY} if texts is None else texts

    def documents(self, since=None):
        return (Document(DocumentId(key), "", text) for key, text in self.texts.items())


def settings_for(server, folder, **generator):
    return Settings(
        models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy", "generator": "openai"},
        generator=server.settings(concurrency=4, **generator).model_dump(),
        storage={"batch_size": 4, "replies": folder / "replies.db"},
    )


def index(settings, folder, texts=None, grade=Grade.LLM, **changes):
    return index_sources(
        [Texts(texts)],
        folder / "index",
        settings=settings,
        parts=build_parts(settings),
        grade=grade,
        **changes,
    )


def facts(settings, folder):
    with Hippograph.open(folder / "index", settings=settings) as memory:
        return memory.index.facts()


@pytest.fixture
def server():
    """A model that reads."""
    with ModelServer(RecordedExtractions(FOUND).answer) as server:
        yield server


def test_a_model_upgrades_what_rules_have_read(tmp_path, server):
    """Its facts stand in the index, which keeps the shape of the rules; a later run without a model keeps them."""
    settings = settings_for(server, tmp_path, prompt_price=1.0)
    lite = index(settings, tmp_path, grade=Grade.LITE)

    report = index(settings, tmp_path)
    calls = len(server.chats())
    later = index(settings, tmp_path, grade=Grade.LITE)

    assert lite.version.upgraded_count == 0
    assert (report.upgraded.read, report.upgraded.left, report.upgraded.error) == (15, 0, None)
    assert report.version.upgraded_count == 15
    assert calls == 30, "two calls a passage"
    assert report.usage.llm_calls == 30
    assert report.usage.cost == pytest.approx(report.usage.prompt_tokens / 1e6)
    assert not later.is_new
    assert len(server.chats()) == 30
    assert verify_index(tmp_path / "index") == []
