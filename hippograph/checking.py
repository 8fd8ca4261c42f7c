"""Journey 3: from a text to its claims, each with a verdict and the sentence that decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from hippograph.answering import gather_evidence
from hippograph.errors import EmbeddingError, GenerationError
from hippograph.generation.claims import split_claims
from hippograph.generation.names import names_in
from hippograph.ports import Verifier
from hippograph.published import PublishedIndex
from hippograph.settings import CheckSettings
from hippograph.types import (
    CheckedClaim,
    CheckReport,
    Claim,
    Evidence,
    RankedPassage,
    Verdict,
    VerdictKind,
)

LONGEST_QUESTION = 1_000
"""Characters of a claim that are searched for."""


class Memory(Protocol):
    """An open index that can be searched: `Hippograph` is one."""

    @property
    def index(self) -> PublishedIndex:
        """The opened version."""
        ...

    def search(self, question: str, k: int = 5, method: str | None = None) -> list[RankedPassage]:
        """The k passages that answer best."""
        ...


def check_text(
    text: str, memory: Memory, verifier: Verifier, settings: CheckSettings | None = None, topic: str = ""
) -> CheckReport:
    """Split a text into claims, find evidence for each, and let the verifier hold them against it.

    `topic` is what the text is about where that is known, for an opening "he" or "it". Raises QuestionError
    for a text without a word.
    """
    settings = settings or CheckSettings()
    split = split_claims(text, topic, settings.most_claims, settings.most_characters)
    checked = check_claims(split.claims, memory, verifier, settings)
    return CheckReport(tuple(checked), split.skipped, split.unread_characters, verifier.name)


def check_claims(
    claims: Sequence[Claim], memory: Memory, verifier: Verifier, settings: CheckSettings
) -> Iterator[CheckedClaim]:
    """One result a claim, in order. A verifier that keeps failing is not asked again."""
    failures = 0
    last = ""
    for claim in claims:
        if failures >= settings.most_failures:
            yield _unchecked(claim, f"The verifier was not asked again after {failures} failures: {last}")
            continue
        evidence = find_evidence(claim, memory, settings)
        passages = tuple(item.found for item in evidence)
        try:
            yield CheckedClaim(claim, verifier.verify(claim, evidence), passages)
            failures = 0
        except (GenerationError, EmbeddingError) as error:
            failures = failures + 1 if error.retryable else settings.most_failures
            last = str(error)
            yield _unchecked(claim, last, passages)


def find_evidence(claim: Claim, memory: Memory, settings: CheckSettings) -> list[Evidence]:
    """What the index knows of a claim: the passages that answer to it, and those that hold its names."""
    words = claim.text[:LONGEST_QUESTION]
    found = memory.search(words, settings.passages)
    names = " ".join(dict.fromkeys([claim.subject, *names_in(words)])).strip()
    if names:
        found = [*found, *memory.search(names, settings.name_passages, "bm25")]
    once = {each.passage.id: each for each in reversed(found)}
    return gather_evidence(memory.index, list(reversed(once.values())))


def _unchecked(claim: Claim, why: str, passages: tuple[RankedPassage, ...] = ()) -> CheckedClaim:
    """A claim that nobody judged: never supported, and it says so."""
    verdict = Verdict(VerdictKind.NOT_ENOUGH_EVIDENCE, None, f"Not checked: {why}", 0.0)
    return CheckedClaim(claim, verdict, passages, failure=why)
