"""Asking: pieces of text go to the model in packs that fit its window; what comes back is checked piece by piece.

Nothing that was paid for is asked again: readings are kept in the journal as they arrive, each under the question it
answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hippograph.adapters.llm_extractor.halting import Halt
from hippograph.adapters.llm_extractor.steps import NOTHING, Piece, Step
from hippograph.errors import BudgetSpent, ContextTooLong, GenerationError, UnreadableOutput
from hippograph.ports import Generator
from hippograph.text.alignment import founded_share
from hippograph.text.readings import Reading
from hippograph.types import Message, ModelRequest, Passage, content_id

MESSAGE_TOKENS = 8
"""What a message takes beside its text: role and marks; generous."""
SAFETY = 1.15
"""Token counts are estimates; a window is filled to this share below its size."""
LEAST_FOUNDED = 0.5
"""The share of a packed reading that must stand in its own passage; below it the model mixed passages up."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a piece was not read."""

    reason: str
    retryable: bool


Outcome = Reading | Refusal


class KeepsReadings(Protocol):
    """What remembers readings by key."""

    def get(self, key: str) -> Reading | None:
        """What was kept under a key."""
        ...

    def put(self, readings: dict[str, Reading]) -> None:
        """Keep readings."""
        ...


@dataclass(frozen=True, slots=True)
class Asker:
    """Puts the questions of extraction to a model. Safe to use from many threads."""

    generator: Generator
    journal: KeepsReadings
    per_call: int = 1

    def ask(self, step: Step, pieces: Sequence[Piece], halt: Halt) -> list[Outcome]:
        """One outcome a piece, in order.

        A piece that does not fit the window is asked in parts. A piece that a packed reply leaves out, or answers
        with what stands in another, is asked again alone.
        """
        parts = [self.parts(step, piece) for piece in pieces]
        flat = [part for each in parts if not isinstance(each, Refusal) for part in each]
        answers = iter(self._ask_fitting(step, flat, halt))
        return [
            each if isinstance(each, Refusal) else joined([next(answers) for _ in each]) for each in parts
        ]

    def parts(self, step: Step, piece: Piece) -> list[Piece] | Refusal:
        """The piece, or the parts of it that fit the window, or why there are none."""
        if self.fits(step, [piece]):
            return [piece]
        if (halves := halved(piece)) is None:
            return Refusal(
                f"It does not fit the model's window of {self.generator.context_tokens} tokens, even sentence by "
                "sentence: set generator.context_tokens higher if the model's window is, or take another model.",
                retryable=False,
            )
        found: list[Piece] = []
        for half in halves:
            inner = self.parts(step, half)
            if isinstance(inner, Refusal):
                return inner
            found += inner
        return found

    def fits(self, step: Step, pieces: Sequence[Piece]) -> bool:
        """Whether a request for these pieces and its reply fit the window."""
        needed = self.prompt_tokens(step, pieces) + self.reply_tokens(step, pieces)
        return needed * SAFETY <= self.generator.context_tokens

    def prompt_tokens(self, step: Step, pieces: Sequence[Piece]) -> int:
        """About how many tokens the request takes."""
        return self._tokens(step.messages(pieces))

    def _tokens(self, messages: Iterable[Message]) -> int:
        return sum(self.generator.token_count(message.content) + MESSAGE_TOKENS for message in messages)

    def reply_tokens(self, step: Step, pieces: Sequence[Piece]) -> int:
        """About how many tokens the reply takes."""
        counts = (self.generator.token_count(piece.text) for piece in pieces)
        return sum(step.expected_reply_tokens(count) for count in counts)

    def packs(self, step: Step, pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
        """Pieces that go in one request together: as many as are wanted and fit."""
        pack: list[Piece] = []
        for piece in pieces:
            if pack and (len(pack) >= self.per_call or not self.fits(step, [*pack, piece])):
                yield pack
                pack = []
            pack.append(piece)
        if pack:
            yield pack

    def key(self, step: Step, piece: Piece) -> str:
        """Names what is asked, of which model: readings under one key answer the same question."""
        known = json.dumps([piece.known.names, piece.known.facts])
        return content_id(
            self.generator.fingerprint, step.fingerprint, piece.passage.context(), piece.text, known
        )

    def request(self, step: Step, pack: Sequence[Piece]) -> ModelRequest:
        """The question itself. The reply may take four times what is expected, if the window has room for it."""
        messages = step.messages(pack)
        room = self.generator.context_tokens - round(self._tokens(messages) * SAFETY)
        wanted = 4 * self.reply_tokens(step, pack) + 512
        return ModelRequest(messages, step.purpose, step.schema(), max_tokens=max(1, min(wanted, room)))

    def _ask_fitting(self, step: Step, pieces: Sequence[Piece], halt: Halt) -> list[Outcome]:
        keys = [self.key(step, piece) for piece in pieces]
        answers: dict[str, Outcome] = {
            key: kept for key in keys if (kept := self.journal.get(key)) is not None
        }
        missing = {key: piece for key, piece in zip(keys, pieces, strict=True) if key not in answers}
        for pack in self.packs(step, list(missing.values())):
            outcomes = self._send(step, pack, halt)
            if len(pack) > 1:
                outcomes = [
                    outcome if outcome is not None else self._send(step, [piece], halt)[0]
                    for piece, outcome in zip(pack, outcomes, strict=True)
                ]
            for piece, outcome in zip(pack, outcomes, strict=True):
                answers[self.key(step, piece)] = outcome or _left_out()
        return [answers[key] for key in keys]

    def _send(self, step: Step, pack: Sequence[Piece], halt: Halt) -> list[Outcome | None]:
        """One call. None for a piece of several that has to be asked alone."""
        if halt.error is not None:
            return [not_asked(halt.error)] * len(pack)
        request = self.request(step, pack)
        try:
            reply = halt.watch(lambda: self.generator.generate(request))
        except ContextTooLong as error:
            return self._too_long(step, pack, error, halt)
        except UnreadableOutput as error:
            return [None] * len(pack) if len(pack) > 1 else [Refusal(str(error), retryable=False)]
        except GenerationError as error:
            return [_refusal(error)] * len(pack)
        found = step.read(_data(reply.data, reply.text), len(pack))
        if len(pack) > 1:
            found = {place: r for place, r in found.items() if _is_of(pack[place].passage, r)}
        self.journal.put({self.key(step, pack[place]): reading for place, reading in found.items()})
        return [found.get(place) for place in range(len(pack))]

    def _too_long(
        self, step: Step, pack: Sequence[Piece], error: ContextTooLong, halt: Halt
    ) -> list[Outcome | None]:
        """The window is smaller than the settings say: several are asked one by one, one in halves."""
        if len(pack) > 1:
            return [None] * len(pack)
        if (halves := halved(pack[0])) is None:
            return [Refusal(str(error), retryable=False)]
        return [
            joined([outcome or _left_out() for half in halves for outcome in self._alone(step, half, halt)])
        ]

    def _alone(self, step: Step, piece: Piece, halt: Halt) -> list[Outcome | None]:
        kept = self.journal.get(self.key(step, piece))
        return self._send(step, [piece], halt) if kept is None else [kept]


def whole(passage: Passage, known: Reading = NOTHING) -> Piece:
    """A passage as one piece."""
    return Piece(passage, passage.text, (0, len(passage.sentences)), known)


def halved(piece: Piece) -> tuple[Piece, Piece] | None:
    """The piece in two, between the sentences nearest its middle; None for a single sentence."""
    first, end = piece.sentences
    if end - first < 2:
        return None
    passage = piece.passage
    starts = [passage.sentences[number].start - passage.start for number in range(first, end)]
    offset = starts[0]
    middle = offset + len(piece.text) // 2
    cut = min(range(1, len(starts)), key=lambda place: abs(starts[place] - middle))
    left = passage.text[offset : starts[cut]].rstrip()
    right = passage.text[starts[cut] : offset + len(piece.text)]
    return (
        replace(piece, text=left, sentences=(first, first + cut)),
        replace(piece, text=right, sentences=(first + cut, end)),
    )


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """What was read in the parts of a piece, together; the first refusal where there is one."""
    reading = Reading()
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            return outcome
        reading += outcome
    return reading


def _is_of(passage: Passage, reading: Reading) -> bool:
    return founded_share(passage, reading) >= LEAST_FOUNDED


def _data(data: object, text: str) -> object:
    """The reply's data; a generator that checks nothing may leave it in the text."""
    if data is not None:
        return data
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _refusal(error: GenerationError) -> Refusal:
    # A key can be mended and a budget raised: whatever is not about this passage may be tried again.
    return Refusal(f"{'budget: ' if isinstance(error, BudgetSpent) else ''}{error}", retryable=True)


def not_asked(error: GenerationError) -> Refusal:
    """Why a piece was left for another run."""
    words = (
        "budget: it was not asked, the budget is spent"
        if isinstance(error, BudgetSpent)
        else "it was not asked"
    )
    return Refusal(f"{words}: {error}", retryable=True)


def _left_out() -> Refusal:
    return Refusal("The model's reply says nothing of this passage.", retryable=False)
