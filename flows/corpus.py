"""What a flow indexes: the parameters of a run, checked before anything is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hippograph.errors import SettingsError
from hippograph.settings import Settings
from hippograph.types import content_id


class Corpus(BaseModel):
    """What to index, where, and how. Prefect shows these values on its pages: they are no place for a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: list[str] = Field(min_length=1)
    """Folders, files or URIs."""
    index: Path
    """The folder of the index."""
    name: str = ""
    """What people call it; the index folder's name where none is given."""
    grade: Literal["lite", "llm"] = "lite"
    """How facts are found: by rules alone, or with a language model that reads after them what gains most."""
    budget: int | None = Field(None, ge=1)
    """How many tokens one run may spend on a language model."""
    include: list[str] = []
    """Globs of the files of a folder that are read; all where there are none."""
    exclude: list[str] = []
    """Globs of the files or folders that are left out."""
    accept_loss: bool = False
    """Believe a source that lost most of its documents: for the one run that is to answer that question."""
    retry_failed: bool = False
    """Read passages again that could not be read, whatever the reason."""
    settings: dict[str, dict[str, Any]] = {}
    """Settings of this corpus by section; they go before the environment and hippograph.toml."""

    @property
    def label(self) -> str:
        """Its name."""
        return self.name or self.index.name or str(self.index)

    @property
    def key(self) -> str:
        """Its name in lowercase letters, digits and dashes, as Prefect wants the keys of artifacts."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-")
        return slug if slug == self.label else f"{slug or 'corpus'}-{content_id(self.label)[:8]}"


def settings_of(corpus: Corpus) -> Settings:
    """The settings under which a corpus is indexed. Raises SettingsError for one that is wrong."""
    if corpus.grade == "lite" and corpus.budget is not None:
        raise SettingsError(f"{corpus.label}: the grade lite spends no tokens; leave the budget out.")
    return Settings.load(**corpus.settings)
