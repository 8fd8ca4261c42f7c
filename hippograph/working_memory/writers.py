"""Writers: who writes the next sentences of an answer from what a working memory holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hippograph.errors import UnreadableOutput
from hippograph.generation.cited import UNKNOWN_CERTAINTY, read_sentence
from hippograph.generation.extractive import NOTHING_FOUND
from hippograph.generation.json_stream import members
from hippograph.generation.model_answer import REPLY_TOKENS, STYLES
from hippograph.generation.numbered import NumberedEvidence, number_sentences
from hippograph.generation.overlap import content_stems
from hippograph.ports import Answerer, Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.types import CitedSentence, ModelRequest, Vectors
from hippograph.working_memory.units import WorkingMemory

SENTENCE: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "cites": {"type": "array", "items": {"type": "integer"}},
        "quotes": {"type": "array", "items": {"type": "string"}},
        "certainty": {"type": "number"},
    },
    "required": ["text", "cites", "quotes", "certainty"],
    "additionalProperties": False,
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "in_documents": {"type": "boolean"},
        "sentences": {"type": "array", "items": SENTENCE},
        "short": {"type": "string"},
        "certainty": {"type": "number"},
    },
    "required": ["in_documents", "sentences", "short", "certainty"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence as it was written; without citations where it named no sentence that was shown."""

    sentence: CitedSentence
    confidence: float
    """The lower of what the writer says and the share of its words that the cited sentences hold.

    EWE takes the entropy or the lowest probability of the tokens, which a model behind a server need not tell.
    """
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a writer has no more to say."""

    short: str = ""
    certainty: float = UNKNOWN_CERTAINTY
    refusal: str | None = None
    """Why it says that there is no answer, where it does."""
    is_found: bool = True


class Writer(Protocol):
    """Writes an answer on from what is written and held."""

    name: str
    is_copying: bool
    """Whether its sentences are those of the documents, letter by letter: then silence elsewhere is no objection."""

    def write(
        self, question: str, query_vector: Vectors, memory: WorkingMemory, so_far: Sequence[CitedSentence]
    ) -> Iterator[Written | Ending]:
        """The next sentences, each as soon as it is written, then the end. Raises a leaf of GenerationError."""
        ...


class ModelWriter:
    """A language model's sentences, read from the stream of its reply."""

    is_copying = False

    def __init__(self, generator: Generator, style: str = "brief", name: str = "llm") -> None:
        self.name = name
        self._generator = generator
        self._style = style

    def write(
        self, question: str, query_vector: Vectors, memory: WorkingMemory, so_far: Sequence[CitedSentence]
    ) -> Iterator[Written | Ending]:
        """Each sentence as soon as it is complete; whoever stops reading leaves the rest unwritten."""
        if not memory.held:
            yield Ending(refusal=NOTHING_FOUND, is_found=False)
            return
        numbered = self._numbered(question, memory, so_far)
        if not numbered.places:
            raise UnreadableOutput("none of the units could be shown to the model")
        messages = self._messages(question, numbered.lines, memory, so_far)
        request = ModelRequest(messages, "answer", SCHEMA)
        yield from _read(self._generator.stream(request), numbered, question)

    def _numbered(
        self, question: str, memory: WorkingMemory, so_far: Sequence[CitedSentence]
    ) -> NumberedEvidence:
        count, window = self._generator.token_count, self._generator.context_tokens
        frame = sum(count(each.content) for each in self._messages(question, (), memory, so_far))
        return number_sentences(memory.evidence(), count, window - frame - min(REPLY_TOKENS, window // 4))

    def _messages(
        self, question: str, lines: Sequence[str], memory: WorkingMemory, so_far: Sequence[CitedSentence]
    ) -> tuple[Any, ...]:
        asked = one_line(question)
        read = [f"read before: {as_data(each)}" for each in memory.summaries()]
        written = [f"written so far: {as_data(each.text)}" for each in so_far]
        fenced = fence([*lines, *read, *written], asked)
        return render(
            "answer_on", question=asked, data=fenced.text, mark=fenced.mark, style=STYLES[self._style]
        )


class CopyingWriter:
    """Sentences of the documents, as an answerer without a model chooses them from what is held."""

    is_copying = True

    def __init__(self, answerer: Answerer) -> None:
        self.name = answerer.name
        self._answerer = answerer

    def write(
        self, question: str, query_vector: Vectors, memory: WorkingMemory, so_far: Sequence[CitedSentence]
    ) -> Iterator[Written | Ending]:
        """The sentences that it would cite now and that are not written yet."""
        draft = self._answerer.answer(question, query_vector, memory.evidence())
        if draft.refusal is not None:
            yield Ending("", draft.confidence, draft.refusal, is_found=False)
            return
        known = {(cited.document, cited.start) for each in so_far for cited in each.citations}
        for cited in draft.citations:
            if (cited.document, cited.start) not in known:
                yield Written(CitedSentence(cited.sentence, (cited,)), draft.confidence)
        yield Ending(draft.span or "", draft.confidence)


def _read(pieces: Iterable[str], numbered: NumberedEvidence, question: str) -> Iterator[Written | Ending]:
    """The sentences of a reply. Raises UnreadableOutput where it breaks off or is no such object."""
    found: dict[str, Any] = {}
    try:
        for name, value in members(iter(pieces)):
            if name != "sentences":
                found.setdefault(name, value)
            elif found.get("in_documents") is not False:
                yield _written(value, numbered, question)
    except ValueError as error:
        raise UnreadableOutput(f"the reply cannot be read: {error}") from error
    short = found.get("short")
    is_found = found.get("in_documents") is not False
    yield Ending(
        one_line(short) if isinstance(short, str) else "", _share(found.get("certainty")), is_found=is_found
    )


def _written(value: Any, numbered: NumberedEvidence, question: str) -> Written:
    sentence, warnings = read_sentence(value, numbered, question)
    record = value if isinstance(value, dict) else {}
    if sentence is None:
        text = record.get("text")
        return Written(
            CitedSentence(one_line(text) if isinstance(text, str) else "", ()), 0.0, tuple(warnings)
        )
    return Written(sentence, min(_share(record.get("certainty")), grounding(sentence)), tuple(warnings))


def grounding(sentence: CitedSentence) -> float:
    """The share of a sentence's words that its citations, or their titles, hold.

    >>> from hippograph.types import Citation
    >>> cited = Citation("p", "d", "Ada Quist", "", "She left Ribe.", 0, 14)
    >>> grounding(CitedSentence("Ada Quist left Hull.", (cited,)))
    0.75
    """
    said = set(content_stems(sentence.text))
    held = {stem for each in sentence.citations for stem in content_stems(f"{each.title} {each.sentence}")}
    return len(said & held) / len(said) if said else 1.0


def _share(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return float(min(max(value, 0), 1)) if is_number else UNKNOWN_CERTAINTY
