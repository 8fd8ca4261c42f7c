"""How a request is put to a server: the body of a call, with JSON asked for on the rung the server understands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hippograph.adapters.openai_generator.dialect import Dialect, Rung
from hippograph.adapters.openai_generator.schema_check import fits_strict_mode
from hippograph.types import Message, ModelRequest

IN_WORDS = (
    "Reply with one JSON object and nothing else: no explanation, no code fence. "
    "It must fit this JSON schema:\n{schema}"
)
AGAIN = "This reply cannot be used, because {problem}. Reply once more. " + IN_WORDS
LONGEST_QUOTE = 2000
"""Characters of an unreadable reply that are shown to the model again."""


def call_body(request: ModelRequest, model: str, dialect: Dialect) -> dict[str, Any]:
    """The JSON of one chat completion."""
    body: dict[str, Any] = {"model": model, "messages": _messages(request, dialect)}
    if dialect.takes_temperature:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body[dialect.limit_name] = request.max_tokens
    if request.schema is not None and dialect.rung is not Rung.PLAIN:
        body["response_format"] = _response_format(request.schema, dialect)
    return body


def ask_again(request: ModelRequest, unreadable: str, problem: str) -> ModelRequest:
    """The same request with the reply that could not be read, and what was wrong with it."""
    words = AGAIN.format(problem=problem, schema=_text(request.schema or {}))
    turns = (Message("assistant", unreadable[:LONGEST_QUOTE] or "(nothing)"), Message("user", words))
    return replace(request, messages=(*request.messages, *turns))


def _messages(request: ModelRequest, dialect: Dialect) -> list[dict[str, str]]:
    turns = [{"role": message.role, "content": message.content} for message in request.messages]
    if request.schema is not None and dialect.rung is not Rung.JSON_SCHEMA and turns:
        # To the last turn, because some models' templates know no system role.
        words = IN_WORDS.format(schema=_text(request.schema))
        if words not in turns[-1]["content"]:
            turns[-1]["content"] += f"\n\n{words}"
    return turns


def _response_format(schema: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    if dialect.rung is Rung.JSON_OBJECT:
        return {"type": "json_object"}
    named = {
        "name": "reply",
        "schema": dict(schema),
        "strict": dialect.is_strict and fits_strict_mode(schema),
    }
    return {"type": "json_schema", "json_schema": named}


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False)
