"""What calls cost: tokens, money and time by purpose, and how replies had to be treated."""

from __future__ import annotations

import threading
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from hippograph.settings import GeneratorSettings
from hippograph.types import Usage

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for a million tokens."""

    prompt: float = 0.0
    completion: float = 0.0
    currency: str = "USD"

    @classmethod
    def of(cls, settings: GeneratorSettings) -> Prices:
        """The prices of the settings."""
        return cls(settings.prompt_price, settings.completion_price, settings.currency)

    def usage(self, prompt_tokens: int, completion_tokens: int, estimated: bool = False) -> Usage:
        """One call's usage, with its money."""
        cost = (prompt_tokens * self.prompt + completion_tokens * self.completion) / MILLION
        return Usage(1, prompt_tokens, completion_tokens, cost, int(estimated))


@dataclass(frozen=True, slots=True)
class PurposeReport:
    """How the calls of one purpose went. Seconds are those of single calls that were answered."""

    usage: Usage
    seconds_p50: float
    seconds_p95: float
    seconds_longest: float
    events: Mapping[str, int]
    """How often what happened: repaired, asked_again, unreadable, retried, failed."""


class Ledger:
    """Counts as calls come in, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._usage: defaultdict[str, Usage] = defaultdict(Usage)
        self._seconds: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._events: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def paid(self, purpose: str, usage: Usage, seconds: float | None = None) -> None:
        """A call that is paid for; without seconds when its reply never came."""
        with self._lock:
            self._usage[purpose] += usage
            if seconds is not None:
                self._seconds[purpose].append(seconds)

    def happened(self, purpose: str, event: str) -> None:
        """Something worth counting."""
        with self._lock:
            self._events[purpose][event] += 1

    def usage(self) -> dict[str, Usage]:
        """What was spent so far, by purpose."""
        with self._lock:
            return dict(self._usage)

    def report(self) -> dict[str, PurposeReport]:
        """How the calls went, by purpose."""
        with self._lock:
            purposes = sorted({*self._usage, *self._events})
            return {purpose: self._report(purpose) for purpose in purposes}

    def _report(self, purpose: str) -> PurposeReport:
        seconds = sorted(self._seconds.get(purpose, ()))
        return PurposeReport(
            self._usage.get(purpose, Usage()),
            _quantile(seconds, 0.5),
            _quantile(seconds, 0.95),
            seconds[-1] if seconds else 0.0,
            dict(self._events.get(purpose, {})),
        )


def _quantile(ordered: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; 0 without any."""
    if not ordered:
        return 0.0
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]
