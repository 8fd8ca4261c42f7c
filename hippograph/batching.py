"""Upgrading by batches: half the price, within a day, in as many goes as the questions take.

`submit` hands in what is to be asked next, `collect` takes the answers, and passages that are read to the end are
upgraded and published. Two calls a passage take two rounds. Nothing is handed in twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hippograph.adapters.llm_extractor import LlmExtractor
from hippograph.adapters.llm_extractor.batch_api import BatchExtraction, Collected
from hippograph.budget import Budget, within
from hippograph.errors import SettingsError
from hippograph.indexing import IndexReport, Progress, check_shape, update_index
from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.storage.manifest import read_manifest
from hippograph.storage.stage import Stage
from hippograph.types import Passage
from hippograph.upgrading import Upgrade, gaining_most
from hippograph.wiring import build_parts, build_reader, refuse_double_reading

FOLDER = "batches"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was handed in."""

    questions: int
    batches: int
    waiting: int
    """Questions in all batches that are not collected yet, these among them."""


@dataclass(frozen=True, slots=True)
class BatchRound:
    """What a look at the batches brought."""

    collected: Collected
    report: IndexReport
    open_questions: int
    """Questions that can be handed in now: the next step of passages whose first one was answered, and what failed."""


def submit_batches(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    budget_tokens: int | None = None,
) -> Submitted:
    """Hand in what is to be asked next of the passages of an index that gain most, as far as a budget should reach.

    Raises IndexNotFound, IndexMismatch, SettingsError, and a leaf of GenerationError from the server.
    """
    settings, parts, reader = _opened(folder, settings, parts)
    with Stage(Path(folder)) as stage:
        check_shape(stage, parts, settings, migrate=False)
        chosen = _choice(reader, budget_tokens)(stage, parts.extractor.fingerprint)
        batches = _batches(folder, settings, reader)
        handed_in = batches.submit(chosen)
    waiting = sum(batch.requests for batch in batches.batches if not batch.is_collected)
    return Submitted(sum(batch.requests for batch in handed_in), len(handed_in), waiting)


def collect_batches(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    progress: Progress = lambda step, done, total: None,
) -> BatchRound:
    """Take the answers that are there, and publish the passages that are read to the end.

    Raises as `submit_batches`.
    """
    settings, parts, reader = _opened(folder, settings, parts)
    batches = _batches(folder, settings, reader)
    collected = batches.collect()
    open_questions = 0

    def read_to_the_end(stage: Stage, extractor: str) -> Sequence[Passage]:
        nonlocal open_questions
        passages = _choice(reader)(stage, extractor)
        open_questions = batches.open_questions(passages)
        return [passage for passage in passages if reader.next_question(passage) is None]

    report = update_index(
        Path(folder), parts, settings, upgrade=Upgrade(reader, read_to_the_end), progress=progress
    )
    return BatchRound(collected, report, open_questions)


def _choice(reader: LlmExtractor, budget_tokens: int | None = None) -> Callable[[Stage, str], list[Passage]]:
    token_count = reader.asker.generator.token_count
    return gaining_most(reader.fingerprint, token_count, budget_tokens, only_affordable=True)


def _opened(
    folder: str | Path, settings: Settings | None, parts: Parts | None
) -> tuple[Settings, Parts, LlmExtractor]:
    """What it takes, with an extractor that reads from the journal alone."""
    manifest = read_manifest(Path(folder))
    settings = settings or Settings.recorded(manifest.settings)
    if settings.models.generator != "openai":
        raise SettingsError(
            "Batches need a server with OpenAI's Batch API: set models.generator to 'openai', and its server and model "
            "in the section generator."
        )
    refuse_double_reading(settings)
    parts = parts or build_parts(settings)
    assert parts.generator is not None
    return settings, parts, build_reader(settings, within(parts.generator, Budget(calls=0)))


def _batches(folder: str | Path, settings: Settings, reader: LlmExtractor) -> BatchExtraction:
    return BatchExtraction(reader, settings.generator, Path(folder) / FOLDER)
