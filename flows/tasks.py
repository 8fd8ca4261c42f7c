"""Tasks: each wraps one step of `hippograph.indexing` and is as safe to repeat as the step.

A task is a stage of the work, never a document: it costs milliseconds by itself, and a step finds out from the stage
on disk what is left to do, so nothing but the corpus' parameters is passed. A step that wants more hands gives
shards to workers from inside its one task. Nothing is kept by Prefect: the stage is the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.concurrency.sync import concurrency

from flows.corpus import Corpus, settings_of
from flows.progress import TaskProgress
from flows.runners import FlowWorkers
from hippograph import indexing
from hippograph.cli.sources import open_sources
from hippograph.errors import HippographError
from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.storage.changes import Changes, find_changes, find_copies
from hippograph.storage.stage import Stage
from hippograph.types import IndexVersion, SourceFailure, Usage
from hippograph.upgrading import Upgrade, Upgraded
from hippograph.wiring import build_parts, build_upgrade

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
    if corpus.grade == "llm":
        _upgrade(corpus)  # a model that is not set up is told before anything is done
    tell = TaskProgress(progress, 0, 10)
    with Stage(corpus.index) as stage:
        indexing.require_stage(stage, indexing.check_shape(stage, parts, settings, migrate=False))
        return find_changes(
            stage,
            open_sources(corpus.sources, corpus.include, corpus.exclude, corpus.index, settings=settings),
            True,
            settings.storage.batch_size,
            lambda count: tell("reading documents", count, 0),
            max_loss=settings.sources.max_loss,
            accept_loss=corpus.accept_loss,
        )


@task(name="cut passages", **STEP)
def cut_passages(corpus: Corpus, progress: UUID | None) -> None:
    """Passages of what is new or changed."""
    settings, parts = _settings_and_parts(corpus)
    tell = TaskProgress(progress, 10, 15)
    with Stage(corpus.index) as stage:
        indexing.cut_passages(stage, parts.splitter, settings.storage.batch_size, tell)


@task(name="extract facts", **STEP)
def extract_facts(corpus: Corpus, progress: UUID | None) -> Usage:
    """What passages claim, for every text that was not read before; gives what a model took for it, if one reads."""
    settings, parts = _settings_and_parts(corpus)
    before = indexing.spent(parts)
    with _model_slot(settings.models.extractor == "llm"), Stage(corpus.index) as stage:
        indexing.extract_facts(stage, parts, settings, TaskProgress(progress, 15, 45), corpus.retry_failed)
    return indexing.spent(parts) - before


@task(name="upgrade passages", **STEP)
def upgrade_passages(corpus: Corpus, progress: UUID | None) -> tuple[Upgraded, Usage]:
    """A language model reads what only rules have read, as far as the run's budget reaches; and what it took for it."""
    _, parts = _settings_and_parts(corpus)
    before = indexing.spent(parts)
    tell = TaskProgress(progress, 45, 70)
    with _model_slot(True), Stage(corpus.index) as stage:
        upgraded = indexing.upgrade_facts(stage, parts, _upgrade(corpus), tell)
    return upgraded, indexing.spent(parts) - before


@task(name="embed strings", **STEP)
def embed_strings(corpus: Corpus, progress: UUID | None) -> None:
    """Vectors of names, passages and sentences."""
    settings, parts = _settings_and_parts(corpus)
    with Stage(corpus.index) as stage:
        indexing.embed_strings(stage, parts, settings, TaskProgress(progress, 70, 90))


@task(name="publish changes", **STEP)
def publish_changes(corpus: Corpus, progress: UUID | None) -> Published:
    """The graph, and the one rename that shows the new version."""
    settings, parts = _settings_and_parts(corpus)
    with Stage(corpus.index) as stage:
        previous = indexing.check_shape(stage, parts, settings, migrate=False)
        copies = find_copies(stage)
        manifest = indexing.publish_changes(stage, parts, settings, TaskProgress(progress, 90, 100))
    is_new = previous is None or previous.version != manifest.version
    return Published(manifest.version, is_new, tuple(copies.values()), manifest.failures)


def _settings_and_parts(corpus: Corpus) -> tuple[Settings, Parts]:
    settings = settings_of(corpus)
    return settings, _parts(settings)


@lru_cache(maxsize=1)
def _parts(settings: Settings) -> Parts:
    """Tasks of a run share a process: the model is loaded once, not once a task.

    Shards go to the cluster that the flow's runner holds, else to the workers that the settings name.
    """
    return replace(build_parts(settings), workers=FlowWorkers(settings))


def give_workers_back(corpus: Corpus) -> None:
    """Let go of processes and clusters that steps of this process have started."""
    with suppress(HippographError):  # parts that could not be made have started none
        _settings_and_parts(corpus)[1].workers.close()


def _upgrade(corpus: Corpus) -> Upgrade:
    settings, parts = _settings_and_parts(corpus)
    return build_upgrade(settings, parts.generator, corpus.budget, retry_refused=corpus.retry_failed)


@contextmanager
def _model_slot(is_model_called: bool) -> Iterator[None]:
    """One of the places that Prefect's limit leaves for steps that call a model, where somebody set one."""
    with concurrency(MODEL_LIMIT) if is_model_called else nullcontext():
        yield
