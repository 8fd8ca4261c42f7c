"""Planning a run: what it would add, change, delete and read, and what a language model would take for it.

Nothing is sent to a model, no key is needed, and the index stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hippograph.adapters.llm_extractor import LlmExtractor, Plan, plan_extraction
from hippograph.indexing import Progress, check_shape, cut_passages, extract_facts
from hippograph.ports import Connector, Parts
from hippograph.settings import Settings
from hippograph.storage.changes import Changes, find_changes, find_copies
from hippograph.storage.rehearsal import rehearsed_stage
from hippograph.storage.stage import Stage
from hippograph.types import Grade
from hippograph.upgrading import gaining_most
from hippograph.wiring import build_parts, build_planner, refuse_double_reading


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """What a run would do."""

    changes: Changes
    passage_count: int
    """How many passages the documents would have."""
    unread_count: int
    """How many distinct texts among them the index's own extractor would read."""
    model: Plan | None = None
    """What a language model would read, and what that takes; None where none is asked."""
    left_count: int = 0
    """How many passages the budget is not expected to reach."""


def plan_index(
    sources: Sequence[Connector],
    folder: str | Path,
    *,
    settings: Settings | None = None,
    migrate: bool = False,
    accept_loss: bool = False,
    retry_failed: bool = False,
    grade: Grade = Grade.LITE,
    budget_tokens: int | None = None,
    reread: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> IndexPlan:
    """What `index_sources` would do with the same arguments. Sources are read, and nothing is kept.

    Raises what `index_sources` raises, but for what only a model's server can say.
    """
    settings = settings or Settings.load()
    if grade is Grade.LLM:
        refuse_double_reading(settings)
    planner = build_planner(settings)
    parts = _parts_without_model(settings, planner)
    with rehearsed_stage(Path(folder)) as stage:
        check_shape(stage, parts, settings, migrate)
        changes = find_changes(
            stage,
            sources,
            keep_other_sources=True,
            batch_size=settings.storage.batch_size,
            told=lambda count: progress("reading documents", count, 0),
            max_loss=settings.sources.max_loss,
            accept_loss=accept_loss,
        )
        cut_passages(stage, parts.splitter, settings.storage.batch_size, progress)
        changes.failures += find_copies(stage).values()
        unread = stage.unread_passages(parts.extractor.fingerprint, retry_failed)
        plan = IndexPlan(changes, stage.passage_count(), len(unread))
        if settings.models.extractor == "llm":
            return replace(
                plan, model=plan_extraction(unread, settings.generator, settings.extraction, planner)
            )
        if grade is Grade.LITE:
            return plan
        if budget_tokens is not None:  # the order in which it is spent comes from what the rules find
            extract_facts(stage, parts, settings, progress, retry_failed)
        model, left = _plan_upgrade(stage, parts, settings, planner, budget_tokens, reread, retry_failed)
        return replace(plan, model=model, left_count=left)


def _plan_upgrade(
    stage: Stage,
    parts: Parts,
    settings: Settings,
    planner: LlmExtractor,
    budget_tokens: int | None,
    reread: bool,
    retry_failed: bool,
) -> tuple[Plan, int]:
    """What the model would read within the budget, and how many passages that leaves."""
    choose = gaining_most(
        planner.fingerprint,
        planner.asker.generator.token_count,
        budget_tokens,
        reread=reread,
        retry_refused=retry_failed,
        only_affordable=True,
    )
    chosen = choose(stage, parts.extractor.fingerprint)
    every = stage.passages_to_upgrade(planner.fingerprint, reread, retry_failed)
    model = plan_extraction(chosen, settings.generator, settings.extraction, planner)
    return model, len(every) - len(chosen)


def _parts_without_model(settings: Settings, planner: LlmExtractor) -> Parts:
    is_model = settings.models.extractor == "llm"
    without = {"generator": "none", "answerer": "extractive", **({"extractor": "rules"} if is_model else {})}
    models = settings.models.model_copy(update=without)
    parts = build_parts(settings.model_copy(update={"models": models}))
    return replace(parts, extractor=planner) if is_model else parts
