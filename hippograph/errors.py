"""The error tree: every error a caller can act on, and whether trying again may help.

HippographError
├── SettingsError          a setting is wrong or unknown
├── ConnectorError         a source cannot be read at all
│   ├── SourceUnavailable  it cannot be reached just now
│   └── SourceShrunk       it lost more documents than it should at once
├── QuestionError          the question cannot be asked as it is
├── ExtractionError        facts could not be extracted
├── EmbeddingError         the embedder failed
├── StorageError           the index directory
│   ├── IndexNotFound      there is no index there
│   ├── IndexDamaged       a file is missing, truncated or altered
│   ├── IndexMismatch      the index was made by other parts than these
│   └── PublishConflict    another writer holds the index
├── GenerationError        the language model
│   ├── RateLimited        the server asks for a pause
│   ├── ModelUnavailable   the server cannot be reached, or fails
│   ├── ModelRefused       wrong key, unknown model, or a server that speaks another protocol
│   ├── ContextTooLong     the request does not fit the model's window
│   ├── UnreadableOutput   the reply cannot be read
│   └── BudgetSpent        the tokens or the money allowed are used up
├── WorkersUnavailable     the processes or machines that should do the work
└── MissingExtra           an optional package is not installed
"""

from __future__ import annotations

from typing import Any


class HippographError(Exception):
    """The root of all errors raised on purpose. The message names the thing and the way out."""

    retryable = False

    def __reduce__(self) -> tuple[Any, ...]:
        """As it stands, whatever its constructor takes: an error crosses from one process to another."""
        return _as_it_stood, (type(self), self.args, self.__dict__)


def _as_it_stood(
    kind: type[HippographError], args: tuple[Any, ...], state: dict[str, Any]
) -> HippographError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class SettingsError(HippographError):
    """A setting is unknown, malformed or out of range."""


class ConnectorError(HippographError):
    """A source as a whole cannot be read; single bad files are `SourceFailure` records instead."""


class SourceUnavailable(ConnectorError):
    """A source cannot be reached just now; what it holds is unknown, so nothing of it is removed."""

    retryable = True


class SourceShrunk(ConnectorError):
    """A source lost more of its documents at once than the settings allow: ask before they are removed."""


class QuestionError(HippographError):
    """The question is empty or far longer than a question."""


class ExtractionError(HippographError):
    """The extractor failed as a whole; single bad passages are `ExtractionFailure` records instead."""


class EmbeddingError(HippographError):
    """The embedder cannot be loaded or returned something that is not a vector."""


class StorageError(HippographError):
    """The index directory cannot be read or written."""


class IndexNotFound(StorageError):
    """The directory holds no index."""


class IndexDamaged(StorageError):
    """A file of the index is missing, truncated or altered."""


class IndexMismatch(StorageError):
    """The index was shaped by other settings, or by another embedder, than the ones at hand."""


class PublishConflict(StorageError):
    """Another writer is at work on this index."""

    retryable = True


class GenerationError(HippographError):
    """The language model did not give an answer."""


class RateLimited(GenerationError):
    """The model's server asks for a pause."""

    retryable = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelUnavailable(GenerationError):
    """The model's server cannot be reached."""

    retryable = True


class UnreadableOutput(GenerationError):
    """The model answered with something that cannot be read."""


class ModelRefused(GenerationError):
    """The server will not serve this request however often it is sent: wrong key, unknown model, wrong protocol."""


class ContextTooLong(GenerationError):
    """The request does not fit the model's window."""


class BudgetSpent(GenerationError):
    """The tokens, calls or money that were allowed are used up."""


class WorkersUnavailable(HippographError):
    """The workers named in the settings cannot be reached, or are lost over and over."""

    retryable = True


class MissingExtra(HippographError):
    """A package behind an optional part is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'hippograph[{extra}]'"
        )
        self.package = package
        self.extra = extra
