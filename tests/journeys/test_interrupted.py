"""Interrupted work: a run that breaks off loses nothing and shows nothing half-done."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from eval.growth import compare_folders
from hippograph import toy
from hippograph.engine import Hippograph, list_versions, verify_index
from hippograph.errors import EmbeddingError, PublishConflict, StorageError
from hippograph.storage import publish, stage
from hippograph.storage.manifest import read_manifest
from hippograph.storage.stage import Stage
from tests.conftest import REPOSITORY
from tests.fakes import FailingEmbedder

KILLED_RUN = """
import sys
from dataclasses import replace
from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.settings import Settings
from hippograph.wiring import build_parts
from tests.conftest import WITHOUT_A_MODEL
from tests.fakes import FailingEmbedder

settings = Settings(models=WITHOUT_A_MODEL, storage={"batch_size": 4})
parts = build_parts(settings)
parts = replace(parts, embedder=FailingEmbedder(parts.embedder, allowed=5, dies=True))
Hippograph.build(toy.documents(), sys.argv[1], settings=settings, parts=parts)
"""


def index_(folder, settings, parts, documents=None):
    Hippograph.build(documents or toy.documents(), folder, settings=settings, parts=parts).close()


def test_a_broken_run_carries_on_where_it_was(tmp_path, settings, parts):
    """What was embedded before the embedder broke down is not embedded again."""
    broken = replace(parts, embedder=FailingEmbedder(parts.embedder, allowed=5))
    with pytest.raises(EmbeddingError):
        index_(tmp_path / "index", settings, broken)
    done = sum(parts.embedder.embedded.values())
    index_(tmp_path / "index", settings, parts)

    assert done == 5 * settings.storage.batch_size
    assert set(parts.embedder.embedded.values()) == {1}


def test_a_carried_on_run_equals_an_unbroken_one(tmp_path, settings, parts):
    """However often a run broke off, the files are those of a run that never did."""
    for allowed in (0, 1, 3):
        broken = replace(parts, embedder=FailingEmbedder(parts.embedder, allowed))
        with pytest.raises(EmbeddingError):
            index_(tmp_path / "broken", settings, broken)
    index_(tmp_path / "broken", settings, parts)
    index_(tmp_path / "whole", settings, parts)

    assert compare_folders(tmp_path / "broken", tmp_path / "whole") == []


def test_a_broken_run_leaves_what_was_published(tmp_path, settings, parts):
    """The version from before answers as it did, and every file of it is whole."""
    index_(tmp_path / "index", settings, parts, toy.documents()[:2])
    before = read_manifest(tmp_path / "index")
    with pytest.raises(EmbeddingError):
        index_(
            tmp_path / "index", settings, replace(parts, embedder=FailingEmbedder(parts.embedder, allowed=2))
        )

    assert read_manifest(tmp_path / "index") == before
    with Hippograph.open(tmp_path / "index", settings=settings, parts=parts) as memory:
        assert memory.verify() == []


def test_a_killed_process_loses_nothing_and_holds_nothing(tmp_path, settings, parts):
    """After a kill in the middle of embedding, the next run is let in and finishes to the same files."""
    folder = tmp_path / "index"
    killed = subprocess.run([sys.executable, "-c", KILLED_RUN, str(folder)], cwd=REPOSITORY, check=False)
    index_(folder, settings, parts)
    index_(tmp_path / "whole", settings, parts)

    assert killed.returncode == 9
    assert sum(parts.embedder.embedded.values()) < 2 * len(parts.embedder.embedded)
    assert compare_folders(folder, tmp_path / "whole") == []


def test_a_run_that_breaks_while_publishing_shows_nothing(tmp_path, settings, parts, monkeypatch):
    """A version whose manifest was not written yet is not there; the next run publishes it and sweeps up."""
    index_(tmp_path / "index", settings, parts, toy.documents()[:2])
    before = read_manifest(tmp_path / "index")
    with monkeypatch.context() as patch:
        patch.setattr(publish, "write_manifest", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            index_(tmp_path / "index", settings, parts)
    in_between = read_manifest(tmp_path / "index")
    index_(tmp_path / "index", settings, parts)
    after = read_manifest(tmp_path / "index")

    assert in_between == before
    assert after.version.document_count == 5
    assert [each.version.number for each in list_versions(tmp_path / "index")] == [1, 2]
    assert verify_index(tmp_path / "index") == []
    assert [path.name for path in (tmp_path / "index" / "tables").iterdir()] == [after.tables.split("/")[-1]]


def test_two_writers_are_one_too_many(tmp_path, settings, parts):
    """The second is told which process is at work, and is let in when the first has left."""
    with Stage(tmp_path / "index"), pytest.raises(PublishConflict, match=str(os.getpid())) as caught:
        index_(tmp_path / "index", settings, parts)
    index_(tmp_path / "index", settings, parts)

    assert caught.value.retryable
    assert read_manifest(tmp_path / "index").version.document_count == 5


def test_a_disk_that_fills_up_while_staging_is_told(tmp_path, settings, parts, monkeypatch):
    """A full disk is one sentence with the way out; with room again the same call carries on."""
    with monkeypatch.context() as patch:
        patch.setattr(stage, "SCHEMA", stage.SCHEMA + "PRAGMA max_page_count = 9;")
        with pytest.raises(StorageError, match=r"is full.*Free some space"):
            index_(tmp_path / "index", settings, parts)
    index_(tmp_path / "index", settings, parts)

    assert set(parts.embedder.embedded.values()) <= {1, 2}
    assert read_manifest(tmp_path / "index").version.document_count == 5


def test_a_disk_that_fills_up_while_publishing_leaves_what_was_published(
    tmp_path, settings, parts, monkeypatch
):
    """When the version's files do not fit any more, the one before stays."""
    index_(tmp_path / "index", settings, parts, toy.documents()[:2])
    before = read_manifest(tmp_path / "index")

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match=r"is full.*Free some space"):
            index_(tmp_path / "index", settings, parts)

    assert read_manifest(tmp_path / "index") == before
