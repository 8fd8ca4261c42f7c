"""What may be said of a source besides its address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.web_client import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is read that is known by its address alone."""

    include: Sequence[str]
    exclude: Sequence[str]
    """Globs for folders, repositories, stores and the pages of a list."""
    allow_private: Sequence[str]
    """Address ranges within private networks that web pages and repositories may be read from; `all` stands for any."""
    cache_folder: Path | None
    """Where copies are kept; None for the user's own cache folder."""
    limits: Limits
    """For pages of the web."""
