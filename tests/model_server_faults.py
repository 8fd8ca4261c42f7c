"""What can go wrong with a model server, drawn by a seed, so that the same run meets the same faults."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """One thing that goes wrong with one call."""

    RATE_LIMIT = "429 with a pause"
    SERVER_ERROR = "500"
    TIME_OUT = "no answer in time"
    DROPPED = "the connection ends in the middle"
    TRUNCATED = "the JSON breaks off"
    WRONG_SCHEMA = "JSON of another shape"
    FENCED = "JSON in a code fence"
    PROSE = "prose around the JSON"
    NUMBERS = "numbers where strings belong"
    DUPLICATE_KEYS = "a key twice, with another value"
    REFUSAL = "the model declines"
    EMPTY_CHOICES = "no choice"
    CONTEXT_LENGTH = "the request is too long"
    NO_USAGE = "no usage is told"
    CUT_OFF = "the limit of tokens is reached"
    WEB_PAGE = "a web page instead of an answer"


OF_THE_WAY = (Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.DROPPED, Fault.NO_USAGE)
OF_THE_REPLY = (
    Fault.TRUNCATED,
    Fault.WRONG_SCHEMA,
    Fault.FENCED,
    Fault.PROSE,
    Fault.NUMBERS,
    Fault.DUPLICATE_KEYS,
    Fault.REFUSAL,
    Fault.EMPTY_CHOICES,
)
HARMLESS = frozenset({Fault.NO_USAGE, Fault.FENCED, Fault.PROSE, Fault.NUMBERS})
"""Faults of answers that can be read all the same."""


@dataclass
class Faults:
    """Which calls go wrong: a share of all, by chance, or the first ones by a script (None is a good call).

    Chance depends on the seed, the request and how often it came, not on the order of calls that run at once.
    """

    share: float = 0.0
    kinds: Sequence[Fault] = OF_THE_WAY + OF_THE_REPLY
    seed: int = 0
    script: Sequence[Fault | None] = ()
    retry_after_seconds: float | None = 0.02
    """The pause that 429 and 500 ask for; None asks for none."""
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def draw(self, body: Mapping[str, Any]) -> Fault | None:
        """What goes wrong with this call, if anything."""
        name = hashlib.sha256(json.dumps(body.get("messages"), sort_keys=True).encode()).hexdigest()
        with self._lock:
            place = self._seen.total()
            self._seen[name] += 1
            times = self._seen[name]
        if place < len(self.script):
            return self.script[place]
        chance = random.Random(f"{self.seed}:{name}:{times}")
        return chance.choice(self.kinds) if chance.random() < self.share else None


def spoil(text: str, fault: Fault | None) -> tuple[str | None, str, str | None]:
    """The text, the reason why it ends and the refusal of a reply that goes wrong in this way."""
    if fault is Fault.REFUSAL:
        return None, "stop", "I'm sorry, I can't help with that."
    if fault is Fault.CUT_OFF:
        return text[: len(text) // 2], "length", None
    return _SPOILT.get(fault, str)(text), "stop", None


def _numbers(text: str) -> str:
    """Every string of digits becomes a number."""
    try:
        return json.dumps(_as_numbers(json.loads(text)), ensure_ascii=False)
    except ValueError:
        return text


def _as_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_numbers(inner) for inner in value]
    is_number = isinstance(value, str) and value.isascii() and value.isdigit() and value == str(int(value))
    return int(value) if is_number else value


def _twice(text: str) -> str:
    """The first key once more at the end, with another value."""
    try:
        name = next(iter(json.loads(text)))
    except (ValueError, StopIteration, TypeError):
        return text
    return f"{text.rstrip()[:-1]}, {json.dumps(name)}: []}}"


_SPOILT = {
    Fault.TRUNCATED: lambda text: text[: max(1, 2 * len(text) // 3)],
    Fault.WRONG_SCHEMA: lambda text: json.dumps({"result": {"ok": True}}),
    Fault.FENCED: lambda text: f"```json\n{text}\n```",
    Fault.PROSE: lambda text: (
        f"Sure! Here is what I found:\n\n{text}\n\nLet me know if you need more {{details}}."
    ),
    Fault.NUMBERS: _numbers,
    Fault.DUPLICATE_KEYS: _twice,
}
