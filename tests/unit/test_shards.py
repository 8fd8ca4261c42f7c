"""Work on its way to another process: what is made there, how often, and what never leaves."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field, replace

import pytest

from hippograph.adapters.llm_extractor import LlmExtractor
from hippograph.errors import SettingsError
from hippograph.settings import Settings
from hippograph.shards import EmbedShard, ExtractShard, Recipe, stays_here, that_travels
from hippograph.wiring import build_parts, recipe

OFFLINE = Settings(models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy"})


@dataclass(eq=False)
class Counting:
    """Makes the parts of the settings and counts how often."""

    made: list = field(default_factory=list)

    def __call__(self, settings):
        self.made.append(settings)
        return build_parts(settings)


def test_a_process_makes_its_part_once():
    """Four threads with twenty shards each, every shard with a copy of the work as it arrives: one making."""
    make = Counting()
    embedder = build_parts(OFFLINE).embedder
    work = that_travels(EmbedShard(embedder), Recipe(make, OFFLINE))
    found = []

    def run():
        for _ in range(20):
            arrived = replace(work, recipe=Recipe(make, OFFLINE.model_copy()))
            found.append(arrived(["a mill"]).tobytes())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(make.made) == 1
    assert found == [embedder.embed_passages(["a mill"]).tobytes()] * 80


def test_other_settings_are_another_part():
    """What was made for one run is not used for the next one with other settings."""
    make, shard = Counting(), []
    for longest in (500, 600, 500):
        settings = Settings(models=OFFLINE.models, extraction={"max_sentence_characters": longest})
        extractor = build_parts(settings).extractor
        that_travels(ExtractShard(extractor), Recipe(make, settings))(shard)

    assert [settings.extraction.max_sentence_characters for settings in make.made] == [500, 600]


def test_only_the_recipe_travels(parts):
    """Nothing of the part in hand is in what is sent: neither a model nor what a fake remembers."""
    work = that_travels(ExtractShard(parts.extractor), recipe(OFFLINE))

    assert copy.deepcopy(work) == work
    assert parts.extractor not in vars(work).values()
    assert work([]) == []
    assert parts.extractor.read == []


def test_a_part_of_another_fingerprint_is_refused(parts):
    """The message names both fingerprints and what to do."""
    parts.embedder.inner.fingerprint = "mine"
    work = that_travels(EmbedShard(parts.embedder), recipe(OFFLINE))

    with pytest.raises(
        SettingsError, match=r"use 'hashing-1:256' where the index is made with 'mine'.*same release"
    ):
        work(["a"])


def test_work_of_ones_own_travels_as_it_is():
    """A plain function needs no recipe."""
    assert that_travels(len, None) is len


def test_what_asks_a_language_model_stays_here(parts):
    """Its budget, its account and its limit of calls are those of this process; rules and embedders may go."""
    assert stays_here(ExtractShard(LlmExtractor.__new__(LlmExtractor)))
    assert not stays_here(ExtractShard(parts.extractor))
    assert not stays_here(EmbedShard(parts.embedder))
    assert not stays_here(len)


def test_no_language_model_and_no_key_are_needed_elsewhere(monkeypatch):
    """Under the grade llm, with a key in this environment alone, another machine still makes the embedder."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    models = OFFLINE.models.model_copy(update={"extractor": "llm", "generator": "openai", "answerer": "llm"})
    settings = OFFLINE.model_copy(update={"models": models})

    made = recipe(settings)

    assert made.make(made.settings).embedder.fingerprint == build_parts(OFFLINE).embedder.fingerprint
