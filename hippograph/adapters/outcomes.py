"""What came of a shard in another process: a value or an error, both of which travel.

An error of the work comes back as data, so that it is never mistaken for the loss of a worker.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value, or the error that stands in its place."""

    value: Any = None
    error: Exception | None = None

    def result(self) -> Any:
        """The value. Raises the error with the class it was raised with."""
        if self.error is not None:
            raise self.error
        return self.value


def attempt(work: Callable[[list[Any]], Any], shard: list[Any]) -> Outcome:
    """Do the work here, whatever comes of it."""
    try:
        return Outcome(work(shard))
    except Exception as error:  # it belongs to whoever asked for the shard
        return Outcome(error=that_travels(error))


def that_travels(error: Exception) -> Exception:
    """The error with the place it came from as a note; one that cannot be copied becomes a RuntimeError."""
    place = "".join(traceback.format_exception(error)).rstrip()
    try:
        travelling: Exception = copy.deepcopy(error)
        if type(travelling) is not type(error):
            raise TypeError("the copy is something else")
    except (
        Exception
    ):  # a constructor with other arguments, a lock inside: there are many ways not to be copied
        travelling = RuntimeError(f"{type(error).__name__}: {error}")
    travelling.add_note(f"In a worker:\n{place}")
    return travelling


def serve(handle: int) -> None:
    """The life of a worker process: shards in, outcomes out, until the other end of the pipe closes."""
    pipe = Connection(handle)
    while True:
        try:
            work, shard = pipe.recv()
        except (EOFError, OSError):
            return
        except Exception as error:  # the work's module or class is not here
            _answer(pipe, Outcome(error=that_travels(error)))
            continue
        _answer(pipe, attempt(work, shard))


def _answer(pipe: Connection, outcome: Outcome) -> None:
    try:
        pipe.send(outcome)
    except (BrokenPipeError, ConnectionResetError):
        return  # the parent is gone; the next look into the pipe says so
    except Exception as error:  # the result cannot be sent
        pipe.send(Outcome(error=that_travels(error)))
