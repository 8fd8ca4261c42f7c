"""Upgrading: a better extractor reads passages that rules have read, those that gain most first, as far as it may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from hippograph.errors import GenerationError
from hippograph.graph.upgrading import Upgradable, upgrade_order
from hippograph.storage.stage import Stage, batches, passage_key
from hippograph.text.names import normal_name
from hippograph.types import Extraction, ExtractionFailure, Passage

TOGETHER = 32
"""How many results are written to the stage at a time: what a run that is killed has to take from the journal."""
FEW = 64
"""Without a budget, so many passages are read at once, and nothing is gained by ordering them."""


class Reader(Protocol):
    """An extractor that gives each result as soon as it and those before it are there."""

    fingerprint: str
    halted: GenerationError | None
    """Why the last reading came to an end before all was read; None where it did not."""

    def read(self, passages: Sequence[Passage]) -> Iterator[Extraction | ExtractionFailure]:
        """One result a passage, in order; after a halt, failures that trying again may mend."""
        ...


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Who reads better, and what: `choose` is told the stage and the fingerprint of the index's own extractor."""

    reader: Reader
    choose: Callable[[Stage, str], Sequence[Passage]]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What came of the passages that were to be upgraded in a run."""

    read: int = 0
    refused: int = 0
    """Passages that cannot be read, whoever tries again; the index's failures hold the reasons."""
    left: int = 0
    """Passages for the next run: those the budget did not reach, and those that could not be asked about."""
    why_left: str = ""
    error: GenerationError | None = None
    """What ended the reading early."""


def upgrade_passages(
    stage: Stage, extractor: str, upgrade: Upgrade, told: Callable[[int, int], None]
) -> Upgraded:
    """Let the better extractor read what it is to read; results are kept as they come, and stand from then on.

    Raises ExtractionError when what was paid for cannot be kept.
    """
    passages, reader = upgrade.choose(stage, extractor), upgrade.reader
    counts, reasons = Counter[str](), list[str]()
    for some in batches(zip(passages, reader.read(passages), strict=True), TOGETHER):
        stage.put_upgrades(reader.fingerprint, [p for p, _ in some], [result for _, result in some])
        for _, result in some:
            counts[_outcome(result)] += 1
            if _outcome(result) == "left" and isinstance(result, ExtractionFailure):
                reasons.append(result.reason)
        told(counts["read"] + counts["refused"], len(passages))
    why = str(reader.halted) if reader.halted else reasons[0] if reasons else ""
    return Upgraded(counts["read"], counts["refused"], counts["left"], why, reader.halted)


def gaining_most(
    upgrader: str,
    token_count: Callable[[str], int],
    budget_tokens: int | None = None,
    *,
    reread: bool = False,
    retry_refused: bool = False,
    only_affordable: bool = False,
) -> Callable[[Stage, str], list[Passage]]:
    """Chooses the passages that no better extractor has read, those that gain most for their tokens first.

    `only_affordable` leaves out what the budget is not expected to reach; else the budget itself says when it is spent.
    """

    def choose(stage: Stage, extractor: str) -> list[Passage]:
        passages = stage.passages_to_upgrade(upgrader, reread, retry_refused)
        if budget_tokens is None and len(passages) <= FEW:
            return passages
        wanted = {passage_key(passage) for passage in passages}
        rows, counts = _known_of(stage, extractor, wanted)
        upgradable = [
            Upgradable(key, token_count(passage.embedding_text()), *rows.get(key, ([], 0)))
            for passage, key in zip(passages, map(passage_key, passages), strict=True)
        ]
        order = upgrade_order(upgradable, counts, budget_tokens if only_affordable else None)
        return [passages[place] for place in order]

    return choose


def _known_of(
    stage: Stage, extractor: str, wanted: set[str]
) -> tuple[dict[str, tuple[list[str], int]], Counter[str]]:
    """The names and the number of facts of the wanted texts, and how many texts name each thing."""
    rows: dict[str, tuple[list[str], int]] = {}
    counts = Counter[str]()
    for key, found in stage.found_by_text(extractor):
        names = sorted({normal_name(mention.name) for mention in found.mentions} - {""})
        counts.update(names)
        if key in wanted:
            rows[key] = names, len(found.triples)
    return rows, counts


def _outcome(result: Extraction | ExtractionFailure) -> str:
    if isinstance(result, Extraction):
        return "read"
    return "left" if result.retryable else "refused"
