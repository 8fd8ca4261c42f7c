"""The answer by a language model: sentences that cite, each checked before it is shown, or the extractive answer.

The model is shown numbered sentences as data and answers with sentences that name the numbers they rest on. What it
says of its own sources is not believed: numbers must have been shown, quotes must stand in the cited passage. When the
call fails, the extractive answerer answers and the trace says so; an outage never looks like "not in the documents".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hippograph.errors import GenerationError, UnreadableOutput
from hippograph.generation.cited import Reading, all_citations, composed
from hippograph.generation.extractive import NOTHING_FOUND, ExtractiveAnswerer
from hippograph.generation.json_stream import members
from hippograph.generation.numbered import NumberedEvidence, number_sentences
from hippograph.generation.shape import reply_schema
from hippograph.ports import Answerer, Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import fence, one_line
from hippograph.types import CitedSentence, Draft, Evidence, ModelRequest, Vectors

NOT_IN_THE_DOCUMENTS = "The documents that were found do not hold the answer."
REPLY_TOKENS = 1024
"""What is kept free for the reply; of a small window, a quarter."""

STYLES: Mapping[str, str] = {
    "brief": "Answer in one sentence, or two where one cannot hold it.",
    "full": "Answer in full: everything the sentences say that belongs to the question, in an order that reads well.",
}

ANSWER_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "in_documents": {"type": "boolean"},
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "cites": {"type": "array", "items": {"type": "integer"}},
                    "quotes": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["text", "cites", "quotes"],
                "additionalProperties": False,
            },
        },
        "short": {"type": "string"},
        "certainty": {"type": "number"},
    },
    "required": ["in_documents", "sentences", "short", "certainty"],
    "additionalProperties": False,
}


class LlmAnswerer:
    """Answers with sentences a model wrote from the evidence; every one cites sentences it was shown."""

    name = "llm"

    def __init__(self, generator: Generator, style: str = "brief", fallback: Answerer | None = None) -> None:
        self._generator = generator
        self._style = style
        self._fallback = fallback or ExtractiveAnswerer()

    def within(self, generator: Generator) -> LlmAnswerer:
        """The same answerer over another generator."""
        return LlmAnswerer(generator, self._style, self._fallback)

    def answer(self, question: str, query_vector: Vectors, evidence: Sequence[Evidence]) -> Draft:
        """The model's answer; the fallback's, with a warning, when the call fails or nothing it wrote is cited."""
        if not evidence:
            return _refused(NOTHING_FOUND)
        reading = Reading(question, self._numbered(question, evidence))
        try:
            data = self._generator.generate(self._request(reading)).data
            _read_all(reading, data)
            return _draft(reading)
        except GenerationError as error:
            return self._instead(question, query_vector, evidence, reading, error)

    def stream(
        self, question: str, query_vector: Vectors, evidence: Sequence[Evidence]
    ) -> Iterator[CitedSentence | Draft]:
        """Each sentence once it is complete and checked, then the draft.

        A reply that breaks off after its first sentence is kept as far as it came, and the draft says so.
        """
        if not evidence:
            yield _refused(NOTHING_FOUND)
            return
        reading = Reading(question, self._numbered(question, evidence))
        try:
            yield from _read_stream(reading, self._generator.stream(self._request(reading)))
            yield _draft(reading)
        except GenerationError as error:
            if reading.sentences:
                reading.warnings.append(f"The model's reply broke off: {_why(error)}")
                yield _draft(reading)
                return
            draft = self._instead(question, query_vector, evidence, reading, error)
            yield from sentences_of(draft)
            yield draft

    def fill(
        self,
        question: str,
        query_vector: Vectors,
        evidence: Sequence[Evidence],
        schema: Mapping[str, Any],
    ) -> Draft:
        """The answer as data that fits the schema, with the sentences that support it.

        Raises a leaf of GenerationError when the call fails, UnreadableOutput when the data rests on no sentence.
        """
        if not evidence:
            return _refused(NOTHING_FOUND)
        reading = Reading(question, self._numbered(question, evidence))
        data = self._generator.generate(self._request(reading, schema)).data
        _read_all(reading, data)
        return replace(_draft(reading), data=reading.data if reading.is_found else None)

    def _numbered(self, question: str, evidence: Sequence[Evidence]) -> NumberedEvidence:
        window = self._generator.context_tokens
        frame = sum(
            self._generator.token_count(message.content) for message in self._messages("answer", question, [])
        )
        room = window - frame - min(REPLY_TOKENS, window // 4)
        return number_sentences(evidence, self._generator.token_count, room)

    def _request(self, reading: Reading, shape: Mapping[str, Any] | None = None) -> ModelRequest:
        """What the model is asked. Raises GenerationError when not one passage fits into its window."""
        numbered = reading.numbered
        if numbered.left_out:
            reading.warnings.append(
                f"{numbered.left_out} of {len(numbered.evidence)} passages did not fit into the model's window."
            )
        if not numbered.places:
            raise UnreadableOutput("none of the passages could be shown to the model")
        name = "answer" if shape is None else "answer_in_shape"
        schema = ANSWER_SCHEMA if shape is None else reply_schema(ANSWER_SCHEMA, shape)
        return ModelRequest(self._messages(name, reading.question, numbered.lines), "answer", schema)

    def _messages(self, name: str, question: str, lines: Sequence[str]) -> tuple[Any, ...]:
        question = one_line(question)
        fenced = fence(lines, question)
        style = {"style": STYLES[self._style]} if name == "answer" else {}
        return render(name, question=question, documents=fenced.text, mark=fenced.mark, **style)

    def _instead(
        self,
        question: str,
        query_vector: Vectors,
        evidence: Sequence[Evidence],
        reading: Reading,
        error: GenerationError,
    ) -> Draft:
        """The fallback's answer, and why it is not the model's."""
        draft = self._fallback.answer(question, query_vector, evidence)
        warning = f"The model gave no answer, so this one is {self._fallback.name}: {_why(error)}"
        return replace(draft, warnings=(*reading.warnings, warning), method=self._fallback.name)


def sentences_of(draft: Draft) -> Iterator[CitedSentence]:
    """What a draft shows sentence by sentence: the model's own, or the cited ones where it copied them."""
    if draft.refusal is None:
        yield from draft.sentences or (CitedSentence(each.sentence, (each,)) for each in draft.citations)


def _read_all(reading: Reading, data: Any) -> None:
    record = data if isinstance(data, dict) else {}
    for name in ("in_documents", "data", "short", "certainty"):
        reading.take(name, record.get(name))
    sentences = record.get("sentences")
    for each in sentences if isinstance(sentences, list) else ():
        reading.take("sentences", each)
    reading.finish()


def _read_stream(reading: Reading, pieces: Iterable[str]) -> Iterator[CitedSentence]:
    pieces = iter(pieces)
    try:
        for name, value in members(pieces):
            yield from reading.take(name, value)
    except ValueError as error:
        yield from reading.finish()
        raise UnreadableOutput(f"the reply cannot be read: {error}") from error
    yield from reading.finish()
    with suppress(GenerationError):  # the answer is complete; what follows it only tells what it took
        deque(pieces, maxlen=0)


def _draft(reading: Reading) -> Draft:
    """The answer from what was kept, or the refusal. Raises UnreadableOutput when nothing that was written is cited."""
    if reading.is_found is False:
        return replace(_refused(NOT_IN_THE_DOCUMENTS), warnings=tuple(reading.warnings))
    if not reading.sentences:
        raise UnreadableOutput("nothing in its reply names a sentence of the documents")
    return Draft(
        text=composed(reading.sentences),
        span=reading.short or None,
        citations=all_citations(reading.sentences),
        refusal=None,
        confidence=reading.confidence(),
        sentences=tuple(reading.sentences),
        warnings=tuple(reading.warnings),
    )


def _refused(why: str) -> Draft:
    return Draft(text=why, span=None, citations=(), refusal=why, confidence=0.0)


def _why(error: GenerationError) -> str:
    """The error's words as the end of a sentence; they may repeat what the model wrote."""
    told = one_line(str(error)) or type(error).__name__
    return told if told.endswith((".", "?", "!")) else f"{told}."
