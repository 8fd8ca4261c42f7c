"""How fast a server may be asked: requests and tokens a minute, and the pauses it asks for itself."""

from __future__ import annotations

BURST_SECONDS = 1.0
"""How much of a minute's allowance may be used at once: a full minute of it would let twice the limit through."""


class Allowance:
    """An amount a minute, as a bucket that fills steadily. It may go into debt for one large request.

    >>> allowance = Allowance(per_minute=60)
    >>> allowance.wait(now=0.0, amount=1), allowance.wait(now=0.0, amount=1), allowance.wait(now=0.5, amount=1)
    (0.0, 1.0, 1.5)
    """

    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / 60
        self._capacity = max(1.0, self._rate * BURST_SECONDS)
        self._level = self._capacity
        self._at: float | None = None

    def wait(self, now: float, amount: float) -> float:
        """Take an amount and return how many seconds to wait before using it."""
        self._fill(now)
        needed = min(amount, self._capacity) - self._level
        self._level -= amount
        return max(0.0, needed / self._rate)

    def give_back(self, amount: float) -> None:
        """Correct a taken amount: what was not used comes back, what was used beyond it is owed."""
        self._level = min(self._capacity, self._level + amount)

    def _fill(self, now: float) -> None:
        if self._at is not None:
            self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now if self._at is None else max(now, self._at)


class Pace:
    """When the next call may start, by all limits together."""

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._requests = Allowance(requests_per_minute) if requests_per_minute else None
        self._tokens = Allowance(tokens_per_minute) if tokens_per_minute else None
        self._paused_until = 0.0

    def wait(self, now: float, tokens: int) -> float:
        """Take one request of so many tokens and return how many seconds to wait before it is sent."""
        waits = [self.pause_left(now)]
        if self._requests is not None:
            waits.append(self._requests.wait(now, 1))
        if self._tokens is not None:
            waits.append(self._tokens.wait(now, tokens))
        return max(waits)

    def pause(self, now: float, seconds: float) -> None:
        """The server asked for a pause: it is meant for all who use the same key."""
        self._paused_until = max(self._paused_until, now + seconds)

    def pause_left(self, now: float) -> float:
        """How many seconds of the pause are left."""
        return max(0.0, self._paused_until - now)

    def used(self, expected_tokens: int, tokens: int) -> None:
        """Correct the expectation by what a call really took."""
        if self._tokens is not None:
            self._tokens.give_back(expected_tokens - tokens)
