"""Results that are kept: a cell of the matrix is measured again when code, data or settings changed, and else read.

They stand in the user's cache, one JSON file a cell, named by a hash of everything they depend on.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eval.cells import Cell
from hippograph.settings import Settings
from hippograph.types import content_id

FORMAT = "2"
"""Changes when a kept cell is written in another way."""
LEFT_OUT = ("cli", "importing")
"""Packages that decide nothing about a ranking."""
MEASURING = (
    "answer_metrics.py", "cells.py", "datasets.py", "loaders.py", "ranker.py", "retrieval.py",
    "retrieval_metrics.py",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """Which code measured: the package's version, the commit where there is a repository, and the sources' hash."""

    package: str
    commit: str | None
    sources: str


@cache
def code_version() -> CodeVersion:
    """The version of the code that runs."""
    return CodeVersion(_package_version(), _commit(), _sources())


@dataclass(frozen=True, slots=True)
class ResultKey:
    """Everything a cell depends on."""

    set: str
    method: str
    data: str
    """The data set's hash, and that of the extractions its index is made from."""
    settings: str
    parts: str
    """The fingerprints of the parts, the embedder among them."""
    others: tuple[str, ...] = ()
    """The hashes of the sets a ranker was trained on."""

    def file_name(self) -> str:
        """The file a cell is kept in."""
        shape = (FORMAT, code_version().sources, self.data, self.settings, self.parts, *self.others)
        name = "".join(letter if letter.isalnum() else "-" for letter in f"{self.set}-{self.method}")
        return f"{name}-{content_id(*shape)[:16]}.json"


class KeptResults:
    """A folder of cells. With `fresh` none is read, and every new one is kept."""

    def __init__(self, folder: Path, fresh: bool = False) -> None:
        self._folder = folder
        self._fresh = fresh

    def find(self, key: ResultKey) -> Cell | None:
        """The cell of a key, where one is kept and can be read."""
        file = self._folder / key.file_name()
        if self._fresh or not file.exists():
            return None
        try:
            return Cell.from_json(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError):
            return None  # only a copy: what cannot be read is measured again

    def keep(self, key: ResultKey, cell: Cell) -> None:
        """Write a cell aside and show it with one rename."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / key.file_name()
        aside = file.with_suffix(f".{os.getpid()}.tmp")
        aside.write_text(json.dumps(cell.to_json()), encoding="utf-8")
        aside.replace(file)


def settings_hash(settings: Settings) -> str:
    """Changes with every setting that can change a ranking; says nothing of what the settings are."""
    told: dict[str, Any] = settings.model_dump(
        mode="json", include={"passage", "extraction", "graph", "retrieval", "models", "answer"}
    )
    told["language model"] = settings.generator.model
    return content_id(json.dumps(told, sort_keys=True))[:16]


def _package_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("hippograph")
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str | None:
    """What git calls the checked-out state; None outside a repository or without git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _sources() -> str:
    import hippograph

    root, here = Path(hippograph.__file__).parent, Path(__file__).parent
    files = [
        file
        for pattern in ("*.py", "*.json", "*.md")
        for file in root.rglob(pattern)
        if file.relative_to(root).parts[0] not in LEFT_OUT
    ]
    measuring = [here / name for name in MEASURING if (here / name).exists()]
    texts = [f"{file.name}\n{file.read_text(encoding='utf-8')}" for file in [*sorted(files), *measuring]]
    return content_id(*texts)
