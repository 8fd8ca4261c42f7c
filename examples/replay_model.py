"""A model server that replays what was written down for it: OpenAI's protocol on loopback, no key, no network.

It knows four documents of the demo and one question about them (replay_model.json), and finds its part of the recording
by the members that a request's JSON schema asks for. It is a stand-in for a session to be looked at, not a model.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RECORDED = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
PASSAGE = re.compile(r'<passage number="(\d+)"[^\n]*>\n(.*?)\n</passage>', re.DOTALL)
NUMBERED = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)
PIECE_SECONDS = 0.02
"""Between two pieces of a streamed reply."""


class ReplayServer(ThreadingHTTPServer):
    """The server, and what it was asked: a list of requests with the replies they got."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """Its address, as generator.base_url takes it."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def requests_for(self, member: str) -> list[tuple[str, dict[str, Any]]]:
        """The last message and the reply of each request whose reply was to have this member."""
        with self.lock:
            return [
                (body["messages"][-1]["content"], reply)
                for body, reply in self.asked
                if member in _members(body)
            ]


@contextmanager
def replaying() -> Iterator[ReplayServer]:
    """The server for the time of a `with` block."""
    with ReplayServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def reply_to(body: dict[str, Any]) -> dict[str, Any]:
    """What the recording has for a request."""
    wanted, asked = _members(body), body["messages"][-1]["content"]
    if "passages" in wanted:
        return {"passages": [_read(int(number), text, body) for number, text in PASSAGE.findall(asked)]}
    if "relevant" in wanted:
        return {"relevant": [int(n) for n, fact in NUMBERED.findall(asked) if _is_helpful(fact)]}
    if "thought" in wanted:
        so_far = asked.count("\nreasoning: ")
        thoughts = RECORDED["thoughts"]
        return dict(thoughts[min(so_far, len(thoughts) - 1)])
    return _answer(asked)


def _read(number: int, text: str, body: dict[str, Any]) -> dict[str, Any]:
    """The recorded names and facts that stand in a passage."""
    entry = _schema(body)["properties"]["passages"]["items"]["properties"]
    about = f"{text} {body['messages'][-1]['content'].partition(chr(10))[0]}"
    found = {
        "entities": [name for name in RECORDED["names"] if name in text],
        "facts": [fact for fact in RECORDED["facts"] if fact[0] in about and fact[2] in text],
    }
    return {"number": number, **{name: found[name] for name in found if name in entry}}


def _is_helpful(fact: str) -> bool:
    return any(each in fact.lower() for each in RECORDED["helpful"])


def _answer(asked: str) -> dict[str, Any]:
    """The recorded sentences, each with the number under which the prompt shows what it rests on."""
    numbers = {sentence: int(number) for number, sentence in NUMBERED.findall(asked)}
    known = [(text, numbers[source]) for text, source in RECORDED["answer"] if source in numbers]
    is_found = len(known) == len(RECORDED["answer"])
    sentences = [{"text": text, "cites": [number], "quotes": []} for text, number in known if is_found]
    short = RECORDED["short"] if is_found else ""
    return {"in_documents": is_found, "sentences": sentences, "short": short, "certainty": float(is_found)}


def _schema(body: dict[str, Any]) -> dict[str, Any]:
    return dict(body.get("response_format", {}).get("json_schema", {}).get("schema", {}))


def _members(body: dict[str, Any]) -> set[str]:
    return set(_schema(body).get("properties", {}))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ReplayServer

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing on standard error."""

    def do_POST(self) -> None:
        """A chat completion, in one piece or streamed."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        reply = reply_to(body)
        with self.server.lock:
            self.server.asked.append((body, reply))
        text = json.dumps(reply, ensure_ascii=False)
        usage = {"prompt_tokens": len(json.dumps(body["messages"])) // 4, "completion_tokens": len(text) // 4}
        usage["total_tokens"] = sum(usage.values())
        frame = {"id": "replay", "created": 1, "model": body["model"]}
        if body.get("stream"):
            self._stream(frame, text, usage)
            return
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._send(
            "application/json", {**frame, "object": "chat.completion", "choices": [choice], "usage": usage}
        )

    def _send(self, kind: str, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, frame: dict[str, Any], text: str, usage: dict[str, int]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        frame = {**frame, "object": "chat.completion.chunk"}
        for start in range(0, len(text), 6):
            delta = {"index": 0, "delta": {"content": text[start : start + 6]}, "finish_reason": None}
            self._event({**frame, "choices": [delta]})
            time.sleep(PIECE_SECONDS)
        self._event({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._event({**frame, "choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()
