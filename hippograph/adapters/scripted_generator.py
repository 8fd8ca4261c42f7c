"""The offline twin of a language model: a function says what it would say. No key, no network, no cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import Any

from hippograph.adapters.openai_generator.reading import read_json
from hippograph.adapters.openai_generator.schema_check import SchemaCheck
from hippograph.adapters.openai_generator.tokens import count_tokens, prompt_tokens
from hippograph.errors import ContextTooLong, GenerationError, UnreadableOutput
from hippograph.types import ModelReply, ModelRequest, Usage

Script = Callable[[ModelRequest], str | Mapping[str, Any] | GenerationError]
"""What the model says to a request: text, data for its JSON, or an error."""


class ScriptedGenerator:
    """Replies by a script and remembers what it was asked, in `requests`. Tokens are counted as a model's would be.

    >>> from hippograph.types import Message, ModelRequest
    >>> generator = ScriptedGenerator(lambda request: "Marren.")
    >>> generator.generate(ModelRequest((Message("user", "Where was she born?"),), "answer")).text
    'Marren.'
    """

    def __init__(self, script: Script, name: str = "scripted", context_tokens: int = 8192) -> None:
        self.name = name
        self.fingerprint = f"{name}:1"
        self.context_tokens = context_tokens
        self.requests: list[ModelRequest] = []
        self._script = script
        self._usage: dict[str, Usage] = {}
        self._lock = Lock()

    def generate(self, request: ModelRequest) -> ModelReply:
        """One reply. Raises what the script returns as an error, ContextTooLong and UnreadableOutput."""
        prompt = prompt_tokens(request.messages)
        if prompt + (request.max_tokens or 0) > self.context_tokens:
            raise ContextTooLong(
                f"The request takes about {prompt} tokens; the window is {self.context_tokens}."
            )
        with self._lock:
            self.requests.append(request)
        said = self._script(request)
        if isinstance(said, GenerationError):
            raise said
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        usage = self._count(request.purpose, Usage(1, prompt, count_tokens(text)))
        if request.schema is None:
            return ModelReply(text, None, usage)
        try:
            data, repaired = read_json(text)
            data, corrected = SchemaCheck(request.schema).check(data)
        except UnreadableOutput as error:
            raise UnreadableOutput(f"The reply of {self.name} cannot be used, because {error}.") from None
        return ModelReply(text, data, usage, repaired or corrected)

    def generate_many(self, requests: Iterable[ModelRequest]) -> Iterator[ModelReply | GenerationError]:
        """The replies in the order of the requests; an error stands in its own place."""
        for request in requests:
            try:
                reply: ModelReply | GenerationError = self.generate(request)
            except GenerationError as error:
                reply = error
            yield reply

    def stream(self, request: ModelRequest) -> Iterator[str]:
        """The reply's text, a word at a time."""
        text = self.generate(request).text
        for place, word in enumerate(text.split(" ")):
            yield word if place == 0 else f" {word}"

    def token_count(self, text: str) -> int:
        """How many tokens a text takes, near enough to plan by."""
        return count_tokens(text)

    def usage(self) -> Mapping[str, Usage]:
        """What a model would have taken so far, by purpose."""
        with self._lock:
            return dict(self._usage)

    def _count(self, purpose: str, usage: Usage) -> Usage:
        with self._lock:
            self._usage[purpose] = self._usage.get(purpose, Usage()) + usage
        return usage
