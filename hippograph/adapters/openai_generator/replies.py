"""What a server sends back: one reply, taken from the JSON of a chat completion or from the pieces of a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hippograph.adapters.openai_generator.accounting import Prices
from hippograph.adapters.openai_generator.failures import Failure, not_compatible
from hippograph.adapters.openai_generator.server import Server
from hippograph.adapters.openai_generator.tokens import count_tokens, prompt_tokens
from hippograph.errors import ModelUnavailable
from hippograph.types import ModelRequest, Usage

THOUGHTS = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
"""What some models write before their answer."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """What the model wrote, before anyone tried to read it."""

    text: str
    refusal: str
    """Why the model, or its server's filter, declined; empty when it did not."""
    finish: str
    """stop, length, content_filter ..., as the server says; empty when it gave no choice."""
    usage: Usage


def raw_reply(text: str, request: ModelRequest, prices: Prices, server: Server) -> RawReply | Failure:
    """The reply in the text of an HTTP answer with status 200."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        if text.lstrip().startswith("{"):
            broken = ModelUnavailable(f"{server.address} sent half an answer.")
            return Failure(broken, is_retried=True, may_be_paid=True)
        return not_compatible(server, server.clean(text)[:80] or "an empty answer")
    if isinstance(answer, dict) and answer.get("error"):
        said = server.clean(json.dumps(answer["error"]))
        error = ModelUnavailable(f"{server.address} answers with an error: {said}")
        return Failure(error, 200, said, is_retried=True)
    if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
        return not_compatible(server, server.clean(text)[:80])
    choice = answer["choices"][0] if answer["choices"] else {}
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        message = {}
    written = THOUGHTS.sub("", _text(message.get("content")))
    finish = str(choice.get("finish_reason") or "stop") if message else ""
    refusal = _text(message.get("refusal")) or ("its filter" if finish == "content_filter" else "")
    usage = counted_usage(answer.get("usage"), request, written, prices)
    return RawReply(written, server.clean(refusal), finish, usage)


def counted_usage(given: Any, request: ModelRequest, written: str, prices: Prices) -> Usage:
    """What a reply took, as the server says; where it says nothing, estimated and marked so."""
    if isinstance(given, Mapping):
        prompt, completion = given.get("prompt_tokens"), given.get("completion_tokens")
        if isinstance(prompt, int) and isinstance(completion, int | None) and prompt > 0:
            return prices.usage(prompt, completion or 0)
    return prices.usage(prompt_tokens(request.messages), count_tokens(written), estimated=True)


def _text(content: Any) -> str:
    """A message's content: a string, or parts with a text each."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""
