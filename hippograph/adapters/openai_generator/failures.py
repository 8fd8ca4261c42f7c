"""From the openai package's errors to ours, in one place: what happened, whether sending again may help, and when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from hippograph.adapters.openai_generator.server import Server
from hippograph.errors import (
    ContextTooLong,
    GenerationError,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    UnreadableOutput,
)

RETRIED_STATUSES = frozenset({408, 409, 429})
TOO_LONG = re.compile(
    r"context.{0,12}(length|window|size)|maximum (context|prompt|input)|(prompt|input|request) is too long"
    r"|too many (input )?tokens|reduce the length|exceeds? the .{0,30}context",
    re.IGNORECASE,
)
TRANSPORT = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio"})
"""Packages below openai whose errors come through when a connection breaks in the middle of a reply."""
UNREACHED = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})
"""What those packages call a connection that did not come about."""
FORMAT_WORDS = re.compile(r"response_format|json_schema|json_object|grammar|schema", re.IGNORECASE)
SAYS_MODEL = re.compile(r"\bmodels?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that brought no reply."""

    error: GenerationError
    status: int | None = None
    """The HTTP status; None where no answer came."""
    said: str = ""
    """What the server said, without the key."""
    retry_after: float | None = None
    """Seconds the server asks to wait."""
    is_retried: bool = False
    """Whether sending the same again may help."""
    may_be_paid: bool = False
    """Whether the model may have worked although no reply came: the answer was lost on its way."""
    is_unreached: bool = False
    """Whether not even a connection came about."""

    @property
    def is_about_request(self) -> bool:
        """Whether the server understood who asks and for what model, but not how."""
        if isinstance(self.error, ContextTooLong):
            return False
        return self.status in (400, 422, 501) or (self.status == 500 and bool(FORMAT_WORDS.search(self.said)))


def failure_of(error: Exception, server: Server, now: datetime | None = None) -> Failure:
    """What an exception of a call means. One that is neither the package's nor the connection's is raised again."""
    import openai

    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return _lost(f"{server.address} did not answer in time.")
    if isinstance(error, openai.APIStatusError):
        headers = error.response.headers
        return status_failure(
            int(error.status_code), headers, error.body, str(error.message), server, now or datetime.now(UTC)
        )
    if isinstance(error, openai.APIConnectionError):
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    elif isinstance(error, openai.APIError):
        said = server.clean(_said(error.body) or error.message)
        return _lost(f"{server.address} broke off with an error: {said}", said)
    elif (
        not isinstance(error, OSError | ValueError) and type(error).__module__.split(".")[0] not in TRANSPORT
    ):
        raise error
    said = server.clean(str(error)) or type(error).__name__
    if isinstance(error, ConnectionRefusedError) or type(error).__name__ in UNREACHED:
        message = (
            f"{server.address} cannot be reached ({said}). Is the server running, and is base_url right?"
        )
        return Failure(ModelUnavailable(message), is_retried=True, is_unreached=True)
    return _lost(f"{server.address} broke off before its reply was complete ({said}).")


def _lost(message: str, said: str = "") -> Failure:
    """An answer that did not come, or not to its end."""
    return Failure(ModelUnavailable(message), None, said, is_retried=True, may_be_paid=True)


def not_compatible(server: Server, seen: str) -> Failure:
    """A server that answers, but not in OpenAI's protocol; of a web page its words are told."""
    seen = " ".join(re.sub(r"<[^>]*>?", " ", seen).split()) or "an empty page"
    message = (
        f"{server.address} does not answer as OpenAI's chat completions do ({seen}): check generator.base_url, "
        "which ends in /v1 at most servers."
    )
    return Failure(ModelRefused(message), 200, seen)


def status_failure(
    status: int, headers: Mapping[str, str], body: Any, said: str, server: Server, now: datetime
) -> Failure:
    """What an answer with another status than 200 means; `said` is used where the body says nothing."""
    said = server.clean(_said(body) or said).rstrip(".")
    pause = retry_after(headers, now)
    code = _code(body)
    if status == 429 and code == "insufficient_quota":
        text = f"The account at {server.address} has no quota left ({said}): see to its plan and billing."
        return Failure(ModelRefused(text), status, said)
    if status == 429:
        text = f"{server.address} asks for a pause{_seconds(pause)}: {said}"
        return Failure(RateLimited(text, pause), status, said, pause, is_retried=True)
    if status == 413 or (
        status in (400, 422, 500) and (code == "context_length_exceeded" or TOO_LONG.search(said))
    ):
        text = f"The request does not fit the window of {server.model} at {server.address}: {said}"
        return Failure(ContextTooLong(text), status, said)
    if code == "content_filter":
        # Azure refuses a prompt this way. It is about this one text, so another way to put it would not help either.
        return Failure(
            UnreadableOutput(f"The filter of {server.address} declines the request: {said}"), None, said
        )
    if status in RETRIED_STATUSES or status >= 500:
        text = f"{server.address} fails with status {status}: {said}"
        return Failure(ModelUnavailable(text), status, said, pause, headers.get("x-should-retry") != "false")
    return Failure(_refusal(status, said, code, body, server), status, said)


def _refusal(status: int, said: str, code: str, body: Any, server: Server) -> ModelRefused:
    if status == 401 and not server.has_key:
        return ModelRefused(
            f"{server.address} wants a key ({said}): name the variable or file that holds it in "
            "generator.key_env or generator.key_file."
        )
    if status in (401, 403):
        return ModelRefused(
            f"{server.address} refuses the key ({said}): check the variable or file that "
            "generator.key_env or generator.key_file names."
        )
    is_protocol = isinstance(body, Mapping)
    if code == "model_not_found" or (status == 404 and is_protocol and SAYS_MODEL.search(said)):
        return ModelRefused(
            f"{server.address} has no model {server.model!r} ({said}): set generator.model to one it serves."
        )
    if status in (404, 405) or not is_protocol:
        return not_compatible(server, f"status {status}: {said}").error  # type: ignore[return-value]
    return ModelRefused(f"{server.address} refuses the request with status {status}: {said}")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The pause a server asks for, in seconds: retry-after-ms, or Retry-After in seconds or as a date."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
        return seconds if 0 <= seconds < float("inf") else None
    try:
        moment = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _said(body: Any) -> str:
    """The words of an error body: {"error": {"message": ...}}, {"message": ...}, {"detail": ...} or plain text."""
    if isinstance(body, Mapping):
        for name in ("error", "message", "detail"):
            if body.get(name):
                return _said(body[name])
        return json.dumps(body)[:500]
    if isinstance(body, str):
        return re.sub(r"<[^>]*>", " ", body)[:2000]
    return "" if body is None else json.dumps(body, default=str)[:500]


def _code(body: Any) -> str:
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    return str(inner.get("code") or inner.get("type") or "") if isinstance(inner, Mapping) else ""


def _seconds(pause: float | None) -> str:
    return "" if pause is None else f" of {pause:g} seconds"
