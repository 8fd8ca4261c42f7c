"""What one server and model understand of the protocol: learned from what they refuse, remembered while it helps."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from enum import IntEnum
from urllib.parse import urlsplit

LEARN_AFTER = 5
"""A server that ignores a format silently is known by this many unreadable replies in a row."""


class Rung(IntEnum):
    """How JSON is asked for, from what constrains the model most to what every server has."""

    JSON_SCHEMA = 0
    JSON_OBJECT = 1
    PLAIN = 2


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a request is put."""

    rung: Rung = Rung.JSON_SCHEMA
    is_strict: bool = True
    """Whether strict mode may be asked for where the schema allows it."""
    limit_name: str = "max_tokens"
    takes_temperature: bool = True
    takes_stream_usage: bool = True

    def after_refusal(self, said: str, had_schema: bool) -> Dialect | None:
        """What to try when a request was refused with these words; None when there is nothing left to change.

        Servers word the same refusal in many ways. So a parameter they name is changed, and whatever else they
        say about a request with a format leads one rung down; only what then works is remembered.
        """
        for name, other in (("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")):
            if self.limit_name == name and re.search(rf"\b{name}\b", said):
                return replace(self, limit_name=other)
        if self.takes_temperature and "temperature" in said:
            return replace(self, takes_temperature=False)
        if self.takes_stream_usage and re.search(r"stream_options|include_usage", said):
            return replace(self, takes_stream_usage=False)
        if had_schema and self.rung is Rung.JSON_SCHEMA and self.is_strict and is_about_schema(said):
            return replace(self, is_strict=False)
        if had_schema and self.rung < Rung.PLAIN:
            return replace(self, rung=Rung(self.rung + 1))
        return None


def is_about_schema(said: str) -> bool:
    """Whether a server refuses this one schema, as OpenAI does for words that strict mode does not know."""
    return "invalid schema" in said.lower()


def first_dialect(address: str) -> Dialect:
    """OpenAI's own server and Azure call the reply's limit max_completion_tokens; others know the older name."""
    host = urlsplit(address).hostname or ""
    is_own = host == "api.openai.com" or host.endswith(".azure.com")
    return Dialect(limit_name="max_completion_tokens" if is_own else "max_tokens")


class KnownDialect:
    """The dialect in use, shared by all calls that are under way."""

    def __init__(self, first: Dialect) -> None:
        self._lock = threading.Lock()
        self._current = first
        self._ignored = 0

    @property
    def current(self) -> Dialect:
        """How to put the next request."""
        return self._current

    def worked(self, dialect: Dialect, said: str) -> None:
        """A request was accepted in another dialect, after a refusal in these words."""
        with self._lock:
            if is_about_schema(said):  # this schema's fault, not the server's: others may do better
                dialect = replace(dialect, rung=self._current.rung, is_strict=self._current.is_strict)
            self._current = replace(dialect, rung=max(dialect.rung, self._current.rung))

    def read(self, dialect: Dialect, readable: bool) -> None:
        """Whether a reply to a request with a schema could be read."""
        with self._lock:
            if dialect.rung != self._current.rung:
                return
            self._ignored = 0 if readable else self._ignored + 1
            if self._ignored >= LEARN_AFTER and dialect.rung < Rung.PLAIN:
                self._current = replace(self._current, rung=Rung(dialect.rung + 1))
                self._ignored = 0
