"""Asking from the command line: with another answerer, in a shape from a file, sentence by sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.text import Text

from hippograph.cli.exits import wrong_call
from hippograph.cli.progress import waiting
from hippograph.cli.show import Screen, sources_block
from hippograph.engine import Hippograph
from hippograph.generation.cited import all_citations, with_numbers
from hippograph.settings import Settings
from hippograph.storage.manifest import read_manifest
from hippograph.types import Answer, CitedSentence


def open_with_answerer(folder: Path, answerer: str) -> Hippograph:
    """The index with the settings it was made with, but for who answers. Raises SettingsError, IndexNotFound."""
    settings = Settings.recorded(read_manifest(folder).settings)
    models = settings.models.model_copy(update={"answerer": answerer})
    return Hippograph.open(folder, settings=settings.model_copy(update={"models": models}))


def read_schema(file: Path) -> dict[str, Any]:
    """A JSON schema. Raises typer.BadParameter for a file that holds none."""
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise wrong_call("--schema", f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(schema, dict):
        raise wrong_call("--schema", f"{file} holds no JSON schema: an object is needed.")
    return schema


def show_stream(
    memory: Hippograph,
    question: str,
    working_memory: bool | None = None,
    method: str | None = None,
    as_of: str | None = None,
) -> Answer:
    """Each sentence when it is written and checked, then the sources and how they were found."""
    screen, shown = Screen(), list[CitedSentence]()
    stream = memory.ask_stream(question, method=method, as_of=as_of, working_memory=working_memory)
    with waiting("looking for an answer"):
        each = next(stream)
    while isinstance(each, CitedSentence):
        shown.append(each)
        screen.print(Text(with_numbers(each, all_citations(shown))))
        sys.stdout.flush()
        each = next(stream)
    _show_end(screen, each)
    return each


def _show_end(screen: Screen, answer: Answer) -> None:
    if answer.refusal is not None:
        screen.print(Text.assemble(("No answer. ", "bold yellow"), answer.refusal))
    screen.print()
    screen.print(sources_block(answer))
