"""Halting: when a model has failed so often that asking on would only waste time or money, or the budget is spent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from hippograph.errors import BudgetSpent, ContextTooLong, GenerationError, ModelRefused, UnreadableOutput

REFUSED_IN_A_ROW = 3
"""A wrong key is refused every time; a single request may be refused for what it says."""
FAILED_IN_A_ROW = 8
"""Calls, each of them retried by the generator before it counts as failed."""
UNREADABLE_BEFORE_ANY = 20
"""Replies, each asked for twice: a model of which none of so many can be read will not learn it from the next ones."""

Reply = TypeVar("Reply")


class Halt:
    """Watches the calls of one run, from any thread; `error` is set once there should be no more.

    After a run that halted, start with `cautious`: one failure is then enough.
    """

    def __init__(self, cautious: bool = False) -> None:
        self._changed = threading.Condition()
        self._cautious = cautious
        self._in_a_row = 0
        self._under_way = self._ended = 0
        self.error: GenerationError | None = None
        self.last_error: GenerationError | None = None
        """That of the last call that failed for a reason outside its passage."""
        self._unreadable = self._readable = 0
        self.answers = 0
        """How many calls were answered."""

    def watch(self, call: Callable[[], Reply]) -> Reply:
        """Make a call. Raises its GenerationError.

        A budget sets aside for each call what it may take at most, so with many under way it refuses long before it
        is spent. A call refused for that is made again when others have ended, until it would be the only one.
        """
        while True:
            ended = self._begin()
            try:
                reply = call()
            except BudgetSpent as error:
                if not self._may_try_again(ended):
                    self._failed(error)
                    raise
            except (UnreadableOutput, ContextTooLong) as error:  # about this request, and no sign of trouble
                self._answered(error)
                raise
            except GenerationError as error:
                self._end()
                self._failed(error)
                raise
            except BaseException:
                self._end()
                raise
            else:
                self._answered()
                return reply

    def _begin(self) -> int:
        """Gives how many calls have ended so far."""
        with self._changed:
            self._under_way += 1
            return self._ended

    def _may_try_again(self, ended: int) -> bool:
        """Whether another call has ended since; waits for one where some are under way."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._ended > ended or self._under_way == 0 or self.error is not None
            )
            return self._ended > ended and self.error is None

    def _answered(self, error: GenerationError | None = None) -> None:
        with self._changed:
            self._in_a_row, self._cautious = 0, False
            self.answers += 1
            self._readable += error is None
            self._unreadable += isinstance(error, UnreadableOutput)
            if self._readable == 0 and self._unreadable >= UNREADABLE_BEFORE_ANY:
                self.error = self.error or UnreadableOutput(
                    f"None of the first {self._unreadable} replies can be used, so the model is asked no more; "
                    f"take one that gives JSON as it is asked for. {error}"
                )
        self._end()

    def _failed(self, error: GenerationError) -> None:
        limit = REFUSED_IN_A_ROW if isinstance(error, ModelRefused) else FAILED_IN_A_ROW
        with self._changed:
            self.last_error = error
            self._in_a_row += 1
            if isinstance(error, BudgetSpent) or self._cautious or self._in_a_row >= limit:
                self.error = self.error or error
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._ended += 1
            self._changed.notify_all()
