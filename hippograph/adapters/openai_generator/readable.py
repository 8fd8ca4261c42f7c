"""A reply that can be used: read, checked against the request's schema, and asked for again where it is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hippograph.adapters.openai_generator.asking import ask_again
from hippograph.adapters.openai_generator.calls import Calls
from hippograph.adapters.openai_generator.failures import Failure
from hippograph.adapters.openai_generator.reading import read_json
from hippograph.adapters.openai_generator.replies import RawReply
from hippograph.adapters.openai_generator.schema_check import SchemaCheck
from hippograph.budget import Budget
from hippograph.errors import GenerationError, ModelRefused, UnreadableOutput
from hippograph.types import ModelReply, ModelRequest, Usage

TIMES_ASKED = 2
"""How often a model is asked when its reply cannot be read: the second time it is told why."""


async def readable_reply(calls: Calls, request: ModelRequest, budget: Budget) -> ModelReply | GenerationError:
    """The reply, with the usage of all that was asked for it; or why there is none."""
    try:
        check = None if request.schema is None else check_of(request.schema)
    except ValueError as error:
        return ModelRefused(str(error))
    asked, usage = request, Usage()
    reply: ModelReply | GenerationError = UnreadableOutput("There is no reply.")
    for time in range(TIMES_ASKED):
        dialect = calls.dialect.current
        outcome = await calls.send(asked, budget)
        if isinstance(outcome, Failure) and time == 0:
            return outcome.error
        if isinstance(outcome, Failure):
            break  # the first error says what the model did, this one only why it could not be asked again
        if time > 0:
            calls.ledger.happened(request.purpose, "asked_again")
        usage += outcome.usage
        reply, problem = _readable(replace(outcome, usage=usage), check, calls)
        if check is not None and asked is request and outcome.text:
            calls.dialect.read(dialect, readable=problem is None)
        if problem is None or outcome.refusal or outcome.finish == "length":
            break  # it is good, or would come again as it is
        if check is not None and outcome.text:
            asked = ask_again(request, outcome.text, problem)
    _count(reply, request, calls)
    return reply


def read_reply(reply: RawReply, request: ModelRequest, calls: Calls) -> ModelReply | GenerationError:
    """A reply that came some other way, and cannot be asked for again."""
    check = None if request.schema is None else check_of(request.schema)
    found, _ = _readable(reply, check, calls)
    _count(found, request, calls)
    return found


def _readable(
    raw: RawReply, check: SchemaCheck | None, calls: Calls
) -> tuple[ModelReply | UnreadableOutput, str | None]:
    """What can be made of a reply, and what is wrong with it where that is nothing."""
    try:
        data, repaired = data_of(raw, check)
    except UnreadableOutput as error:
        return _unreadable(raw, str(error), calls), str(error)
    return ModelReply(raw.text, data, raw.usage, repaired), None


def _count(reply: ModelReply | GenerationError, request: ModelRequest, calls: Calls) -> None:
    if isinstance(reply, UnreadableOutput):
        calls.ledger.happened(request.purpose, "unreadable")
    elif isinstance(reply, ModelReply) and reply.repaired:
        calls.ledger.happened(request.purpose, "repaired")


def data_of(reply: RawReply, check: SchemaCheck | None) -> tuple[Any, bool]:
    """The data of a reply, None where plain text was asked for, and whether it had to be repaired.

    Raises UnreadableOutput with what is wrong with "it".
    """
    if reply.refusal:
        raise UnreadableOutput("the model declined")
    if not reply.text.strip():
        raise UnreadableOutput("it is empty")
    if check is None:
        return None, False
    if reply.finish == "length":
        raise UnreadableOutput("it was cut off")
    data, repaired = read_json(reply.text)
    checked, corrected = check.check(data)
    return checked, repaired or corrected


def _unreadable(reply: RawReply, problem: str, calls: Calls) -> UnreadableOutput:
    model = calls.server.model
    if reply.refusal:
        return UnreadableOutput(f"{model} declined to answer: {reply.refusal}")
    if reply.finish == "length":
        return UnreadableOutput(
            f"The reply of {model} was cut off after {reply.usage.completion_tokens} tokens: "
            "allow more, or ask for less at once."
        )
    began = calls.server.clean(reply.text)[:80]
    return UnreadableOutput(f"The reply of {model} cannot be used, because {problem}. It began: {began!r}")


def check_of(schema: Mapping[str, Any]) -> SchemaCheck:
    """The check of a schema, made once. Raises ValueError when the schema is none."""
    return _made_check(json.dumps(schema))


@lru_cache(maxsize=64)
def _made_check(schema: str) -> SchemaCheck:
    parsed: Mapping[str, Any] = json.loads(schema)
    return SchemaCheck(parsed)
