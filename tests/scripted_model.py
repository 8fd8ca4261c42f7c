"""Language models for tests, on the port and without a server: one that says what it was told, one that obeys."""

from __future__ import annotations

import json
import re
from collections import defaultdict

from hippograph.errors import GenerationError
from hippograph.types import ModelReply, Usage

MARK = re.compile(r"carry the mark (\w+)")
ORDER = re.compile(r"ORDER: (\w+)")


class RepliesInTurn:
    """Gives the replies in turn: data, an error to raise, or a function from the request to one of these.

    Each call costs 100 prompt and 10 completion tokens and one unit of money. A stream comes in pieces of seven
    characters; an error in a list after text breaks it off there.
    """

    name = "scripted"
    fingerprint = "scripted:1"

    def __init__(self, *replies, context_tokens=8192):
        self.replies = list(replies)
        self.requests = []
        self.context_tokens = context_tokens
        self._usage = defaultdict(Usage)

    def generate(self, request):
        said = self._next(request)
        if isinstance(said, Exception):
            raise said
        return ModelReply(json.dumps(said), said, Usage(1, 100, 10, 1.0))

    def generate_many(self, requests):
        for request in requests:
            try:
                yield self.generate(request)
            except GenerationError as error:
                yield error

    def stream(self, request):
        said = self._next(request)
        for part in said if isinstance(said, list) else [said]:
            if isinstance(part, Exception):
                raise part
            text = part if isinstance(part, str) else json.dumps(part)
            yield from (text[start : start + 7] for start in range(0, len(text), 7))

    def token_count(self, text):
        return len(text.split())

    def usage(self):
        return dict(self._usage)

    def _next(self, request):
        self.requests.append(request)
        self._usage[request.purpose] += Usage(1, 100, 10, 1.0)
        said = self.replies.pop(0)
        return said(request) if callable(said) else said


def answer_data(*sentences, found=True, short="", certainty=1.0):
    """A reply as the answer's schema has it; a sentence is its text, its numbers, and its quotes if any."""
    return {
        "in_documents": found,
        "sentences": [
            {"text": text, "cites": list(cites), "quotes": list(quotes[0]) if quotes else []}
            for text, cites, *quotes in sentences
        ],
        "short": short,
        "certainty": certainty,
    }


def outside_of_data(request):
    """Everything in a request that a model may take for an instruction: what no fence with the named mark holds."""
    whole = "\n".join(message.content for message in request.messages)
    marks = MARK.findall(whole)
    kept, inside = [], False
    for line in whole.split("\n"):
        if line in {f"<data {mark}>" for mark in marks}:
            inside = True
        elif line in {f"</data {mark}>" for mark in marks}:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def data_lines(request):
    """The lines between the fences."""
    outside = outside_of_data(request).split("\n")
    every = "\n".join(message.content for message in request.messages).split("\n")
    return [line for line in every if line not in outside and not re.fullmatch(r"</?data \w+>", line)]


class ObedientGenerator(RepliesInTurn):
    """Does whatever it reads after "ORDER:" outside of the data, like a model without judgement, and else its task."""

    def __init__(self, data):
        super().__init__()
        self.data = data

    def _next(self, request):
        self.replies = [self.data]
        said = super()._next(request)
        orders = ORDER.findall(outside_of_data(request))
        return answer_data((f"I obey: {orders[0]}.", [1])) if orders else said
