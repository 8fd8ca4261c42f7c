"""The seams: what hippograph needs from a part, and the bundle of plugged parts.

Every Protocol has an offline twin that needs no key, no network and no GPU. A part is chosen by its name in
Settings, as `module:Class`, or handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from hippograph.errors import GenerationError
from hippograph.types import (
    CitedSentence,
    Claim,
    Critique,
    Document,
    DocumentId,
    Draft,
    Evidence,
    Extraction,
    ExtractionFailure,
    ModelReply,
    ModelRequest,
    Passage,
    SourceFailure,
    Unchanged,
    Usage,
    Vectors,
    Verdict,
)

Item = TypeVar("Item")
Result = TypeVar("Result")


class Connector(Protocol):
    """A source of documents."""

    source: str
    """A stable name of the source; documents it no longer gives are removed from the index."""

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every document, or those changed after `since`. Bad items are yielded as `SourceFailure`.

        Raises ConnectorError when the source as a whole cannot be read.
        """
        ...


class MarkedConnector(Connector, Protocol):
    """A source that can tell, without reading them, which documents are as they were."""

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """Every document, in full where its mark is not the one given, as `Unchanged` where it is."""
        ...


class Splitter(Protocol):
    """Cuts documents into passages."""

    fingerprint: str

    def split(self, document: Document) -> list[Passage]:
        """The passages in reading order, with offsets into `document.text`. Empty for a blank text."""
        ...


class Extractor(Protocol):
    """Finds entities and facts in passages."""

    fingerprint: str
    """Changes when the same passage would give other results."""

    def extract(self, passages: Sequence[Passage]) -> Iterable[Extraction | ExtractionFailure]:
        """One result a passage, in order. One bad passage never loses the others."""
        ...


class Embedder(Protocol):
    """Turns text into unit vectors."""

    dimension: int
    fingerprint: str
    """Changes when the same text would get another vector."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of stored texts: shape (len(texts), dimension). Raises EmbeddingError."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question: shape (dimension,). Raises EmbeddingError."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The unit vectors of several questions, the same as alone: shape (len(texts), dimension)."""
        ...

    def token_count(self, text: str) -> int:
        """How many of the model's tokens the text takes, without the special ones."""
        ...


class VectorIndex(Protocol):
    """Nearest neighbours by inner product among the rows of a matrix."""

    def __len__(self) -> int:
        """How many rows can be found."""
        ...

    def search(self, queries: Vectors, k: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Scores and rows of the k nearest, best first: each of shape (queries, k).

        Where fewer than k rows are left, the score is -inf and the row -1. Ties go to the lower row.
        """
        ...

    def vectors(self, rows: npt.NDArray[np.int64]) -> Vectors:
        """The stored vectors of some rows."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a kind of vector index made of the first rows, in a file."""

    path: Path
    rows: int


class VectorIndexes(Protocol):
    """Makes vector indexes of one kind."""

    def prepare(self, matrix: Vectors, before: Prepared | None) -> npt.NDArray[np.uint8] | None:
        """Bytes to be kept beside the rows, which make searching them fast; None where what is there will do."""
        ...

    def over(
        self, matrix: Vectors, gone: npt.NDArray[np.int64], prepared: Prepared | None = None
    ) -> VectorIndex:
        """An index over the rows of a mapped matrix, without those that are gone; the cost does not grow with them."""
        ...


class Answerer(Protocol):
    """Writes the answer from the evidence."""

    name: str

    def answer(self, question: str, query_vector: Vectors, evidence: Sequence[Evidence]) -> Draft:
        """An answer that cites the evidence, or a refusal that says why there is none."""
        ...


@runtime_checkable
class ModelAnswerer(Answerer, Protocol):
    """Writes the answer with a language model: while one looks on, or in a shape that is asked for."""

    def within(self, generator: Generator) -> ModelAnswerer:
        """The same answerer over another generator, such as one that bounds and counts the calls of one answer."""
        ...

    def stream(
        self, question: str, query_vector: Vectors, evidence: Sequence[Evidence]
    ) -> Iterator[CitedSentence | Draft]:
        """Each sentence as soon as it is complete and its citations are verified; the draft at the end."""
        ...

    def fill(
        self,
        question: str,
        query_vector: Vectors,
        evidence: Sequence[Evidence],
        schema: Mapping[str, Any],
    ) -> Draft:
        """The answer with `data` that fits a JSON schema. Raises a leaf of GenerationError: nothing can stand in."""
        ...


class Verifier(Protocol):
    """Holds a claim against evidence."""

    name: str

    def verify(self, claim: Claim, evidence: Sequence[Evidence]) -> Verdict:
        """Supported, refuted or not enough evidence, with the sentence that decides.

        Raises a leaf of GenerationError or EmbeddingError where it cannot tell; it never guesses instead.
        """
        ...


class Critic(Protocol):
    """Judges whether an answer and its evidence suffice."""

    name: str

    def judge(
        self, question: str, draft: Draft, evidence: Sequence[Evidence], searched: Sequence[str]
    ) -> Critique:
        """Stop, search on with a query that is not among those searched for, or abstain. It never raises."""
        ...


class Generator(Protocol):
    """A language model behind a server."""

    name: str
    fingerprint: str
    """Changes when the same request might get another reply: model, server and parameters, never a key."""
    context_tokens: int
    """How many tokens a request and its reply may take together."""

    def generate(self, request: ModelRequest) -> ModelReply:
        """One reply. Raises a leaf of GenerationError; what was paid for an unreadable reply stays counted."""
        ...

    def generate_many(self, requests: Iterable[ModelRequest]) -> Iterator[ModelReply | GenerationError]:
        """The replies in the order of the requests, several under way at once; an error stands in its own place."""
        ...

    def stream(self, request: ModelRequest) -> Iterator[str]:
        """The reply's text as it is written. Raises a leaf of GenerationError."""
        ...

    def token_count(self, text: str) -> int:
        """How many tokens a text takes, near enough to plan by."""
        ...

    def usage(self) -> Mapping[str, Usage]:
        """What was spent so far, by purpose."""
        ...


class Workers(Protocol):
    """Where shards of work run: here, in threads, in processes or on a cluster."""

    def map(self, work: Callable[[list[Item]], Result], shards: Iterable[list[Item]]) -> Iterator[Result]:
        """What `work` makes of each shard, in the order of the shards, each as soon as it and those before are done.

        An error of the work passes through at its shard's place. Raises WorkersUnavailable.
        """
        ...

    def close(self) -> None:
        """Give back what was started for it; a later map starts it again."""
        ...


class Here:
    """Workers that are no others than the caller: one shard after the other, with the parts in hand."""

    def map(self, work: Callable[[list[Item]], Result], shards: Iterable[list[Item]]) -> Iterator[Result]:
        """Each result as it is asked for; nothing is done ahead."""
        return (work(shard) for shard in shards)

    def close(self) -> None:
        """Nothing was started."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The present moment, with a time zone."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """The plugged parts of one engine."""

    splitter: Splitter
    extractor: Extractor
    embedder: Embedder
    vectors: VectorIndexes
    answerer: Answerer
    clock: Clock
    generator: Generator | None = None
    """None where no language model is set up."""
    workers: Workers = field(default_factory=Here)
