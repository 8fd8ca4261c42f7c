"""Summaries of groups of passages: their most central sentences, or a model's words, which are kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hippograph.errors import GenerationError
from hippograph.ports import Generator
from hippograph.prompts import prompt_hash, render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.types import ModelRequest, content_id

LONGEST_SUMMARY = 800
"""Characters of a model's summary that are kept."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}},
    "required": ["summary"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Told:
    """A summary, and what went wrong where a model's could not be had."""

    text: str
    warning: str | None = None


def summarise(sentences: Sequence[str], generator: Generator | None, folder: Path) -> Told:
    """What some sentences say together: a model's summary of them, once for each model; without one the first two."""
    lite = " / ".join(sentences[:2])
    if generator is None or not sentences:
        return Told(lite)
    name = content_id(generator.fingerprint, prompt_hash("summarise"), *sentences)
    path = folder / "summaries" / f"{name}.txt"
    kept = _read(path)
    if kept is not None:
        return Told(kept)
    fenced = fence([f"[{number}] {as_data(each)}" for number, each in enumerate(sentences, start=1)])
    messages = render("summarise", mark=fenced.mark, data=fenced.text)
    try:
        data = generator.generate(ModelRequest(messages, "summarise", SCHEMA)).data
    except GenerationError as error:
        why = str(error).rstrip(".")
        return Told(lite, f"Groups are told by their own sentences, as the model could not be asked: {why}.")
    given = data.get("summary") if isinstance(data, dict) else None
    text = one_line(given)[:LONGEST_SUMMARY] if isinstance(given, str) else ""
    if not text.strip():
        return Told(lite, "Groups are told by their own sentences, as the model gave no summary.")
    _write(path, text)
    return Told(text)


def _read(path: Path) -> str | None:
    """What is kept; None where nothing can be read: it is only a cache."""
    try:
        return path.read_text(encoding="utf-8") or None
    except (OSError, ValueError):
        return None


def _write(path: Path, text: str) -> None:
    """Aside first, then renamed; where it cannot be written the model is asked again another time."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
