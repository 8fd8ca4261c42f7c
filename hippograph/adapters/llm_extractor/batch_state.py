"""The state of batches: what was handed in and what came of it, in a folder, so that a day may pass in between."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hippograph.errors import ExtractionError

FILE = "batches.json"


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests that were handed in together."""

    name: str
    """Made from what is asked: the same questions are the same batch."""
    step: str
    requests: int
    batch_id: str = ""
    """The server's own name for it; empty while it is not known to be handed in."""
    status: str = "prepared"
    is_collected: bool = False


@dataclass(slots=True)
class BatchState:
    """All batches of one folder, and how often each question failed."""

    folder: Path
    batches: dict[str, Batch] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> BatchState:
        """As it was last saved. Raises ExtractionError for a file that cannot be read."""
        path = folder / FILE
        if not path.exists():
            return cls(folder)
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            batches = {each["name"]: Batch(**each) for each in saved["batches"]}
            return cls(folder, batches, saved["failures"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ExtractionError(
                f"{path} cannot be read ({error}). It tells which batches are under way: look at them with the "
                "server before you delete it."
            ) from error

    def save(self) -> None:
        """Write it in one step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"batches": [asdict(each) for each in self.batches.values()], "failures": self.failures}
        beside = self.folder / f"{FILE}.new"
        beside.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(beside, self.folder / FILE)

    def put(self, batch: Batch) -> None:
        """A batch, or what became of it; saved at once."""
        self.batches[batch.name] = batch
        self.save()

    def under_way(self) -> list[Batch]:
        """Those whose results were not taken yet."""
        return [each for each in self.batches.values() if not each.is_collected]

    def waiting_keys(self) -> set[str]:
        """The questions in batches under way."""
        return {key for batch in self.under_way() for key in self.keys(batch)}

    def lines_path(self, batch: Batch) -> Path:
        """The file of a batch's requests."""
        return self.folder / f"{batch.name}.jsonl"

    def keys(self, batch: Batch) -> list[str]:
        """The questions of a batch."""
        return [row["custom_id"] for row in read_lines(self.lines_path(batch).read_bytes())]


def read_lines(content: bytes) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line; lines that are none are left out."""
    rows = []
    for line in content.split(b"\n"):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def write_lines(rows: Sequence[dict[str, Any]]) -> bytes:
    """One JSON object a line."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
