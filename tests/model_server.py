"""A model server on loopback that speaks OpenAI's protocol: scripted or recorded replies, latency, and faults on order.

In a test:

    with ModelServer(reply="Paris") as server:
        generator = OpenAIGenerator(server.settings())

In a process of its own, which tells its address in one line of JSON:

    python -m tests.model_server --latency 0.2 --faults 0.1 --data ../shared/data
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hippograph.settings import GeneratorSettings
from tests.model_server_batches import Batches
from tests.model_server_faults import HARMLESS, Fault, Faults, spoil

Body = Mapping[str, Any]
Reply = Callable[[Body], str]
FORMATS = frozenset({"text", "json_object", "json_schema"})


@dataclass(frozen=True)
class Call:
    """What was asked, and what came of it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Body
    status: int
    fault: Fault | None = None

    def text(self) -> str:
        """All messages of a chat request."""
        return messages_text(self.body)

    def is_good(self) -> bool:
        """Whether it was answered, and in a way that can be read."""
        return self.status == 200 and (self.fault is None or self.fault in HARMLESS)


def messages_text(body: Body) -> str:
    """The texts of a chat request, one after the other."""
    return "\n".join(str(message.get("content", "")) for message in body.get("messages", ()))


def scripted(*replies: str) -> Reply:
    """These replies in turn, the last one again and again."""
    lock, left = threading.Lock(), list(replies)

    def reply(body: Body) -> str:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return reply


@dataclass
class ModelServer:
    """A server for the time of a `with` block. Without a fault it does as it is told."""

    reply: str | Reply = "Yes."
    """What every reply says, or what makes it from the request's body."""
    latency_seconds: float = 0.0
    faults: Faults = field(default_factory=Faults)
    model: str = "toy-model"
    key: str | None = None
    """The only key it accepts; None accepts any, and none."""
    formats: frozenset[str] = FORMATS
    """The values of response_format it knows; others are refused with status 400."""
    refused_parameters: tuple[str, ...] = ()
    """Parameters it answers with status 400."""
    context_tokens: int = 1_000_000
    """Requests of more words than this are refused as too long."""
    sends_usage: bool = True
    is_compatible: bool = True
    """Whether it is a model server at all; else it answers with a web page."""
    piece_seconds: float = 0.0
    """Time between two pieces of a stream."""
    stall_seconds: float = 5.0
    """How long a call that is to time out is held."""
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    peak: int = 0
    """The most calls that were under way at once."""

    def __post_init__(self) -> None:
        self.batches = Batches(self)
        self._lock = threading.Lock()
        self._open = 0
        self._ended = threading.Event()

    def __enter__(self) -> ModelServer:
        self._http = _Http(("127.0.0.1", self.port), self)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def base_url(self) -> str:
        """Where it listens, with /v1."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def settings(self, **changes: Any) -> GeneratorSettings:
        """Settings that point a generator at it, with short pauses."""
        return GeneratorSettings(
            **{"base_url": self.base_url, "model": self.model, "timeout_seconds": 5, **changes}
        )

    def chats(self) -> list[Call]:
        """The calls for a chat completion, in the order of their answers."""
        with self._lock:
            return [call for call in self.calls if call.path.partition("?")[0].endswith("/chat/completions")]

    def repeated(self) -> int:
        """How many good answers went to a conversation that had had one: what was paid for twice."""
        times = Counter(json.dumps(call.body.get("messages")) for call in self.chats() if call.is_good())
        return times.total() - len(times)

    def record(self, call: Call) -> None:
        """Remember a call."""
        with self._lock:
            self.calls.append(call)

    def enter(self) -> None:
        """A call begins."""
        with self._lock:
            self._open += 1
            self.peak = max(self.peak, self._open)

    def leave(self) -> None:
        """A call ends."""
        with self._lock:
            self._open -= 1

    def wait(self, seconds: float) -> None:
        """Let time pass, but not beyond the server's own end."""
        if seconds > 0:
            self._ended.wait(seconds)

    def written(self, body: Body) -> str:
        """What the model says."""
        return self.reply if isinstance(self.reply, str) else self.reply(body)

    def refusal(self, body: Body, key: str | None) -> tuple[int, str, str] | None:
        """Status, code and message where a server would refuse the request."""
        if self.key is not None and key != self.key:
            return 401, "invalid_api_key", f"Incorrect API key provided: {key}."
        if body.get("model") != self.model:
            return 404, "model_not_found", f"The model `{body.get('model')}` does not exist."
        for name in self.refused_parameters:
            if name in body:
                return 400, "unsupported_parameter", f"Unsupported parameter: '{name}' is not supported."
        wanted = body.get("response_format", {}).get("type", "text")
        if wanted not in self.formats:
            return (
                400,
                "invalid_request_error",
                f"response_format.type {wanted!r} is not supported by this server.",
            )
        if prompt_words(body) > self.context_tokens:
            said = f"This model's maximum context length is {self.context_tokens} tokens."
            return 400, "context_length_exceeded", said
        return None

    def completion(self, body: Body, fault: Fault | None = None) -> dict[str, Any]:
        """The JSON of a chat completion, spoiled where a fault asks for it."""
        text, finish, refusal = spoil(self.written(body), fault)
        message = {"role": "assistant", "content": text, "refusal": refusal}
        choices = (
            []
            if fault is Fault.EMPTY_CHOICES
            else [{"index": 0, "message": message, "finish_reason": finish}]
        )
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": self.model,
            "choices": choices,
        }
        if self.sends_usage and fault is not Fault.NO_USAGE:
            answer["usage"] = usage_of(body, text or "")
        return answer


def prompt_words(body: Body) -> int:
    """The prompt's length as this server counts it: in words."""
    return len(messages_text(body).split())


def usage_of(body: Body, text: str) -> dict[str, int]:
    """What a reply takes, in words."""
    prompt, completion = prompt_words(body), len(text.split())
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], model_server: ModelServer) -> None:
        super().__init__(address, _Handler)
        self.model_server = model_server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""

    def do_GET(self) -> None:
        server, path = self.server.model_server, self.path.removeprefix("/v1")
        if not server.is_compatible:
            self._page()
        elif path == "/models":
            self._json(200, {"object": "list", "data": [{"id": server.model, "object": "model"}]}, {})
        elif path == "/calls":
            chats = server.chats()
            counts = {
                "chats": len(chats),
                "peak": server.peak,
                "faults": sum(call.fault is not None for call in chats),
            }
            self._json(200, counts, None)
        elif path == "/repeated":
            self._json(200, {"repeated": server.repeated()}, None)
        else:
            self._respond(server.batches.get(path))

    def do_POST(self) -> None:
        server = self.server.model_server
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not server.is_compatible:
            self._page()
            return
        path = self.path.removeprefix("/v1").partition("?")[0]
        if path.endswith("/chat/completions"):
            server.enter()
            try:
                self._chat(json.loads(raw))
            finally:
                server.leave()
        else:
            self._respond(server.batches.post(path, raw, self.headers.get("content-type", "")))

    def _chat(self, body: Body) -> None:
        server = self.server.model_server
        server.wait(server.latency_seconds)
        given = self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get("api-key")
        refused = server.refusal(body, given)
        if refused is not None:
            status, code, said = refused
            self._json(
                status, {"error": {"message": said, "type": "invalid_request_error", "code": code}}, body
            )
            return
        fault = server.faults.draw(body)
        if fault is not None and self._fails(fault, body):
            return
        if body.get("stream"):
            self._stream(body, fault)
        else:
            self._json(200, server.completion(body, fault), body, fault)

    def _fails(self, fault: Fault, body: Body) -> bool:
        """Faults of the way rather than of the reply. Whether this was one."""
        server = self.server.model_server
        seconds = server.faults.retry_after_seconds
        pause = {} if seconds is None else {"retry-after-ms": str(int(seconds * 1000))}
        if fault is Fault.RATE_LIMIT:
            self._json(429, _error("Rate limit reached", "rate_limit_exceeded"), body, fault, pause)
        elif fault is Fault.SERVER_ERROR:
            self._json(500, _error("The server had an error", "server_error"), body, fault, pause)
        elif fault is Fault.CONTEXT_LENGTH:
            self._json(400, _error("maximum context length exceeded", "context_length_exceeded"), body, fault)
        elif fault is Fault.TIME_OUT:
            self._record(0, body, fault)
            server.wait(server.stall_seconds)
            self._cut()
        elif fault is Fault.DROPPED and not body.get("stream"):
            self._record(0, body, fault)
            whole = json.dumps(server.completion(body)).encode()
            self._head(200, "application/json", len(whole))
            self._send(whole[: len(whole) // 2])
            self._cut()
        elif fault is Fault.WEB_PAGE:
            self._record(200, body, fault)
            self._page()
        else:
            return False
        return True

    def _stream(self, body: Body, fault: Fault | None) -> None:
        server = self.server.model_server
        self._record(200, body, fault)
        answer = server.completion(body, fault)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        shape = {"id": answer["id"], "object": "chat.completion.chunk", "created": 1, "model": server.model}
        for choice in answer["choices"]:
            pieces = _pieces(choice["message"]["content"] or "")
            for number, piece in enumerate(pieces):
                if fault is Fault.DROPPED and number == max(1, len(pieces) // 2):
                    self._cut()
                    return
                self._event(
                    {**shape, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
                )
                server.wait(server.piece_seconds)
            delta = {"refusal": choice["message"]["refusal"]} if choice["message"]["refusal"] else {}
            last = {"index": 0, "delta": delta, "finish_reason": choice["finish_reason"]}
            self._event({**shape, "choices": [last]})
        if "usage" in answer and body.get("stream_options", {}).get("include_usage"):
            self._event({**shape, "choices": [], "usage": answer["usage"]})
        self._piece(b"data: [DONE]\n\n")
        self._send(b"0\r\n\r\n")

    def _event(self, chunk: Mapping[str, Any]) -> None:
        self._piece(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def _piece(self, content: bytes) -> None:
        self._send(b"%x\r\n%s\r\n" % (len(content), content))

    def _respond(self, answer: tuple[int, Any]) -> None:
        status, content = answer
        if isinstance(content, bytes):
            self._record(status, {}, None)
            self._head(status, "application/octet-stream", len(content))
            self._send(content)
        else:
            self._json(status, content, {})

    def _json(
        self,
        status: int,
        content: Any,
        body: Body | None,
        fault: Fault | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if body is not None:
            self._record(status, body, fault)
        encoded = json.dumps(content).encode()
        self._head(status, "application/json", len(encoded), headers or {})
        self._send(encoded)

    def _page(self) -> None:
        page = b"<html><head><title>Welcome</title></head><body>It works!</body></html>"
        self._head(200, "text/html", len(page))
        self._send(page)

    def _head(self, status: int, kind: str, length: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(length), **(headers or {})}.items():
            self.send_header(name, value)
        self._headers_buffer.append(b"\r\n")  # type: ignore[attr-defined]

    def _send(self, content: bytes) -> None:
        waiting = b"".join(getattr(self, "_headers_buffer", ()))
        self._headers_buffer: list[bytes] = []
        self.wfile.write(waiting + content)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _record(self, status: int, body: Body, fault: Fault | None) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.model_server.record(Call(self.command, self.path, headers, body, status, fault))


def _error(said: str, code: str) -> dict[str, Any]:
    return {"error": {"message": said, "type": code, "code": code}}


def _pieces(text: str) -> list[str]:
    """The text in pieces of about a word."""
    words = text.split(" ")
    return [word if place == 0 else f" {word}" for place, word in enumerate(words)] if text else []


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input ends."""
    import argparse
    import sys
    from pathlib import Path

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--faults", type=float, default=0.0, help="share of calls that go wrong")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reply", default="Yes.")
    parser.add_argument("--data", type=Path, help="folder with the evaluation sets: recorded replies")
    parser.add_argument(
        "--dataset", type=Path, help="one such set: what was found in its passages, by their texts"
    )
    given = parser.parse_args(arguments)
    reply: str | Reply = given.reply
    if given.dataset is not None:
        from tests.recorded_extractions import RecordedExtractions

        reply = RecordedExtractions.of_dataset(given.dataset).answer
    if given.data is not None:
        from tests.recorded_replies import RecordedReplies

        reply = RecordedReplies(given.data)
    faults = Faults(given.faults, seed=given.seed)
    with ModelServer(reply, given.latency, faults, port=given.port) as server:
        sys.stdout.write(json.dumps({"base_url": server.base_url, "model": server.model}) + "\n")
        sys.stdout.flush()
        while sys.stdin.read(4096):
            time.sleep(0)


if __name__ == "__main__":
    main()
