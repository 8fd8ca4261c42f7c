"""The flow that brings an index in step with its sources: each step of `hippograph.indexing` is one task.

Tasks pass paths and fingerprints, never graphs: every step reads and writes the stage on disk and is safe to repeat, so
a run that was killed carries on where it was. Stages, not documents, are tasks: a task costs milliseconds by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, Field

from connectors.by_uri import connector_for
from hippograph.errors import HippographError
from hippograph.indexing import (
    check_shape,
    cut_passages,
    embed_and_publish,
    extract_facts,
    link,
)
from hippograph.settings import Settings
from hippograph.storage.changes import Changes, find_changes, find_copies
from hippograph.storage.stage import Stage
from hippograph.types import IndexVersion
from hippograph.wiring import build_parts


class Corpus(BaseModel):
    """What to index, and where."""

    sources: list[str] = Field(min_length=1)
    """Folders, files or URIs."""
    index: Path


def may_help(task: Any, run: Any, state: Any) -> bool:
    """Whether trying again may help: the error says so itself."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, HippographError) and error.retryable


STEP = {
    "retries": 3,
    "retry_delay_seconds": [1, 5, 20],
    "retry_condition_fn": may_help,
    "persist_result": False,
}


@task(name="read documents", **STEP)
def read_documents(corpus: Corpus) -> Changes:
    """New, changed and gone documents."""
    settings = Settings.load()
    with Stage(corpus.index) as stage:
        check_shape(corpus.index, build_parts(settings), settings, migrate=False)
        sources = [connector_for(source) for source in corpus.sources]
        return find_changes(stage, sources, True, settings.storage.batch_size)


@task(name="cut passages and extract facts", **STEP)
def read_passages(corpus: Corpus) -> None:
    """Passages of what changed, and what they claim."""
    settings = Settings.load()
    parts = build_parts(settings)
    with Stage(corpus.index) as stage:
        cut_passages(stage, parts.splitter, settings.storage.batch_size, _quietly)
        extract_facts(stage, parts.extractor, settings.storage.batch_size, _quietly)


@task(name="embed, link and publish", **STEP)
def publish_version(corpus: Corpus) -> IndexVersion:
    """Vectors, graph, and the one rename that shows the new version."""
    settings = Settings.load()
    parts = build_parts(settings)
    with Stage(corpus.index) as stage:
        copies = find_copies(stage)
        linked, failures = link(stage, copies.keys(), parts, settings, _quietly)
        return embed_and_publish(stage, linked, failures, parts, settings, _quietly).version


@flow(name="index-corpus")
def index_corpus(corpus: Corpus) -> IndexVersion:
    """Bring an index in step with its sources, and leave a table of what changed."""
    changes = read_documents(corpus)
    read_passages(corpus)
    version = publish_version(corpus)
    row = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "deleted": len(changes.deleted),
        "unchanged": changes.unchanged,
        "skipped": len(changes.failures),
        "version": version.number,
    }
    create_table_artifact(table=[row], key="index-corpus", description=str(corpus.index))
    return version


def _quietly(step: str, done: int, total: int) -> None:
    """Progress is told by the tasks' states."""
