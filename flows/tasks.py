"""Tasks: each wraps one step of `hippograph.indexing` and is as safe to repeat as the step.

A task is a stage of the work, never a document: it costs milliseconds by itself, and a step finds out from the stage
on disk what is left to do, so nothing but the corpus' parameters is passed. A step that wants more hands gives
shards to workers from inside its one task. Nothing is kept by Prefect: the stage is the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.concurrency.sync import concurrency

from flows.corpus import Corpus, settings_of
from flows.progress import TaskProgress
from hippograph import indexing
from hippograph.cli.sources import open_sources
from hippograph.errors import HippographError
from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.storage.changes import Changes, find_changes, find_copies
from hippograph.storage.stage import Stage
from hippograph.types import IndexVersion, SourceFailure, Usage
from hippograph.wiring import build_parts

MODEL_LIMIT = "llm"
"""The name of Prefect's global limit on steps that call a model: `prefect gcl create llm --limit 1`."""


@dataclass(frozen=True, slots=True)
class Published:
    """What the last step did."""

    version: IndexVersion
    is_new: bool
    """Whether a version was published; False when the one there already holds exactly this."""
    copies: tuple[SourceFailure, ...]
    """Documents that are indexed once under another name."""
    passage_failures: tuple[str, ...]


def may_help(task: Any, run: Any, state: Any) -> bool:
    """Whether trying again may help: the error says so itself."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, HippographError) and error.retryable


STEP = {
    "retries": 3,
    "retry_delay_seconds": [1, 5, 20],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": may_help,
    "persist_result": False,
    "cache_policy": NO_CACHE,
}


@task(name="read documents", **STEP)
def read_documents(corpus: Corpus, progress: UUID | None) -> Changes:
    """What the sources added, changed and removed since the last time."""
    settings, parts = _settings_and_parts(corpus)
    tell = TaskProgress(progress, 0, 10)
    with Stage(corpus.index) as stage:
        indexing.check_shape(corpus.index, parts, settings, migrate=False)
        sources = open_sources(corpus.sources, corpus.include, corpus.exclude, corpus.index)
        return find_changes(
            stage,
            sources,
            True,
            settings.storage.batch_size,
            lambda count: tell("reading documents", count, 0),
        )


@task(name="cut passages", **STEP)
def cut_passages(corpus: Corpus, progress: UUID | None) -> None:
    """Passages of what is new or changed."""
    settings, parts = _settings_and_parts(corpus)
    with Stage(corpus.index) as stage:
        indexing.cut_passages(
            stage, parts.splitter, settings.storage.batch_size, TaskProgress(progress, 10, 15)
        )


@task(name="extract facts", **STEP)
def extract_facts(corpus: Corpus, progress: UUID | None) -> Usage:
    """What passages claim, for every text that was not read before; gives what models took for it."""
    settings, parts = _settings_and_parts(corpus)
    before = _usage(parts)
    with _model_slot(corpus), Stage(corpus.index) as stage:
        indexing.extract_facts(
            stage, parts.extractor, settings.storage.batch_size, TaskProgress(progress, 15, 50)
        )
    return _difference(_usage(parts), before)


@task(name="embed, link and publish", **STEP)
def publish_changes(corpus: Corpus, progress: UUID | None) -> Published:
    """Vectors, the graph, and the one rename that shows the new version."""
    settings, parts = _settings_and_parts(corpus)
    tell = TaskProgress(progress, 50, 100)
    with Stage(corpus.index) as stage:
        previous = indexing.check_shape(corpus.index, parts, settings, migrate=False)
        copies = find_copies(stage)
        linked, failures = indexing.link(stage, copies.keys(), parts, settings, tell)
        manifest = indexing.embed_and_publish(stage, linked, failures, parts, settings, tell)
    is_new = previous is None or previous.version != manifest.version
    return Published(manifest.version, is_new, tuple(copies.values()), failures)


def _settings_and_parts(corpus: Corpus) -> tuple[Settings, Parts]:
    settings = settings_of(corpus)
    return settings, _parts(settings)


@lru_cache(maxsize=1)
def _parts(settings: Settings) -> Parts:
    """Tasks of a run share a process: the model is loaded once, not once a task."""
    return build_parts(settings)


@contextmanager
def _model_slot(corpus: Corpus) -> Iterator[None]:
    """One of the places that Prefect's limit leaves for steps that call a model, where somebody set one."""
    with concurrency(MODEL_LIMIT) if corpus.grade == "llm" else nullcontext():
        yield


def _usage(parts: Parts) -> Usage:
    """What the model took so far, for whatever purpose."""
    generator = getattr(parts, "generator", None)
    return sum(generator.usage().values(), Usage()) if generator else Usage()


def _difference(after: Usage, before: Usage) -> Usage:
    return Usage(
        after.llm_calls - before.llm_calls,
        after.prompt_tokens - before.prompt_tokens,
        after.completion_tokens - before.completion_tokens,
        after.cost - before.cost,
    )
