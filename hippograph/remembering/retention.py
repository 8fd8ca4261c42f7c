"""Retention: how much of a memory is left, R = exp(-t / S), and what recalling it does (MemoryBank, section 2.3).

t is the time since it was last recalled, in days, and S its strength, which begins at 1 and grows by 1 with each
recall. The authors' code multiplies where the formula divides, so that stronger memories fade faster there; this is the
formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Strength:
    """How well something is remembered."""

    last_recall: datetime
    strength: float = 1.0
    recalls: int = 0

    def retention(self, now: datetime, days: float = 1.0) -> float:
        """What is left of it, from 1 (just recalled) towards 0; `days` is the time in which the weakest falls to 1/e.

        Before its last recall, by a clock that was set back, nothing has faded yet.
        """
        passed = max((now - self.last_recall) / DAY, 0.0)
        return math.exp(-passed / (self.strength * days))

    def recalled(self, now: datetime) -> Strength:
        """The same after a recall: stronger by one, and fresh."""
        return replace(
            self,
            last_recall=max(now, self.last_recall),
            strength=self.strength + 1,
            recalls=self.recalls + 1,
        )
