"""The nouns: documents, passages, entities, facts, and what a question gets back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

import numpy as np
import numpy.typing as npt

DocumentId = NewType("DocumentId", str)
PassageId = NewType("PassageId", str)
VersionId = NewType("VersionId", str)

Node = NewType("Node", int)
"""A place in the graph. Never a place in a matrix."""

Row = NewType("Row", int)
"""A place in a matrix of vectors. Never a place in the graph."""

Vectors = npt.NDArray[np.float32]
"""Unit vectors, one a row: shape (count, dimension)."""


def content_id(*parts: str) -> str:
    """A short name made from content: the first 128 bits of SHA-256, in hex.

    >>> content_id("a", "bc") == content_id("ab", "c")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()[:32]


# --------------------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class Document:
    """One text from a source. `id` is the source's own stable name for it (a path, a row's id)."""

    id: DocumentId
    title: str
    text: str
    uri: str = ""
    media_type: str = "text/plain"
    timestamp: datetime | None = None
    metadata: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    mark: str = ""
    """What the source itself knows this state by (size and time, an ETag, a blob's hash): equal marks, equal texts."""

    def content_hash(self) -> str:
        """Changes when anything a reader could see changes."""
        moment = self.timestamp.isoformat() if self.timestamp else ""
        extra = json.dumps(dict(self.metadata), sort_keys=True, ensure_ascii=False)
        return content_id(self.id, self.title, self.text, self.uri, self.media_type, moment, extra)


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """One item of a source that could not become a document, and what to do about it."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A document that a source still holds in the state whose mark it was told, and so did not read again."""

    id: DocumentId
    mark: str = ""
    """What the source knows the same state by from now on, where that is another mark (a file was touched)."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and where it stands: character offsets into the document's text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document that is retrieved as one: `text == document.text[start:end]`."""

    id: PassageId
    document: DocumentId
    title: str
    heading: str
    """The Markdown headings above it, outermost first, joined by " > "; empty where there are none."""
    text: str
    start: int
    end: int
    position: int
    """0 for the first passage of its document."""
    sentences: tuple[Sentence, ...]

    def context(self) -> str:
        """What the passage is about, as its source says: title and headings."""
        return " > ".join(part for part in (self.title, self.heading) if part)

    def embedding_text(self) -> str:
        """What is embedded for the passage: title and headings, a newline, the text."""
        return f"{self.context()}\n{self.text}" if self.context() else self.text

    def sentence_text(self, sentence: int) -> str:
        """What is embedded for one of its sentences: the title, a colon, the sentence."""
        text = " ".join(self.sentences[sentence].text.split())
        return f"{self.title}: {text}" if self.title else text


# --------------------------------------------------------------------------- what is found in it


class MentionKind(StrEnum):
    """What kind of thing a passage names."""

    TITLE = "title"
    NAME = "name"
    QUOTE = "quote"
    DATE = "date"
    NUMBER = "number"
    NOUN = "noun"


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing named in one sentence of a passage; `sentence` counts from 0 within the passage."""

    name: str
    kind: MentionKind
    sentence: int


@dataclass(frozen=True, slots=True)
class Triple:
    """What one sentence of a passage claims, in its own words."""

    subject: str
    relation: str
    object: str
    sentence: int
    confidence: float = 1.0
    rule: str = ""
    """The rule or model step that made it, so that precision can be traced to its origin."""


class Grade(StrEnum):
    """Who read a passage: an index holds both kinds side by side."""

    LITE = "lite"
    """Rules, which need no language model."""
    LLM = "llm"
    """A language model, be it here or in a system that its readings were imported from."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything an extractor found in one passage."""

    passage: PassageId
    mentions: tuple[Mention, ...]
    triples: tuple[Triple, ...]
    grade: Grade = Grade.LITE


@dataclass(frozen=True, slots=True)
class ExtractionFailure:
    """A passage that could not be read, kept as data and counted in the index's status."""

    passage: PassageId
    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """One published state of an index."""

    id: VersionId
    number: int
    published_at: datetime
    document_count: int
    passage_count: int
    entity_count: int
    fact_count: int
    edge_count: int
    failure_count: int
    upgraded_count: int = 0
    """How many of the passages a language model has read."""


# --------------------------------------------------------------------------- what a question gets


@dataclass(frozen=True, slots=True)
class Seed:
    """A node where the walk restarts, its share of the reset vector, and why."""

    node: Node
    name: str
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Seeds:
    """The weights behind the reset vector. Empty when nothing in the index answers to the question."""

    entities: tuple[Seed, ...] = ()
    passages: tuple[Seed, ...] = ()
    facts: tuple[str, ...] = ()
    """The sentences the entity seeds come from."""


class ReasonKind(StrEnum):
    """Why a passage was found."""

    DENSE = "dense"
    LEXICAL = "lexical"
    WALK = "walk"
    SEED_FACT = "seed_fact"
    PATH = "path"
    TIME = "time"
    UNIT = "unit"
    """A fact, a sentence or a summary that leads to it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a passage was found: the rank it has there (1 is best), or the words that led to it."""

    kind: ReasonKind
    text: str
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage in answer to a question. A higher score is better; `hop` 1 answers to the question itself."""

    rank: int
    row: Row
    """Where the passage stands in the version that was searched."""
    passage: Passage
    score: float
    hop: int
    uri: str
    timestamp: datetime | None
    reasons: tuple[Reason, ...] = ()
    sentences: tuple[int, ...] = ()
    """The sentences that were found, counted from 0, where an answer is to read only those; empty for all of them."""


@dataclass(frozen=True, slots=True)
class WalkStep:
    """How much of a walk stayed at one distance from where it restarts."""

    edges: int
    """How many edges away; 0 are the seeds themselves, and the last step is that far or further."""
    mass: float
    """The share of all visits, between 0 and 1."""
    nodes: int
    """How many nodes were visited there."""


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """How a search went: what seeded it, what it fell back to, how long each step took."""

    method: str
    seeds: Seeds
    fallback: str | None
    """Why the graph was not used, when it was not; else None."""
    timings_ms: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    """What went wrong on the way and was done without, such as a model that could not be reached."""
    queries: tuple[str, ...] = ()
    """What was searched for after the question itself, in order."""
    notes: tuple[str, ...] = ()
    """What the method did on the way that is its own, in words: units read, communities chosen, neighbours brought."""
    walk: tuple[WalkStep, ...] = ()
    """Where the walk spent its visits; empty where nothing walked."""
    refreshes: tuple[Refresh, ...] = ()
    """What a working memory took in and let go while the answer was written; empty where there was none."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Ranked passages and how they were found."""

    passages: tuple[RankedPassage, ...]
    trace: SearchTrace


@dataclass(frozen=True, slots=True)
class Evidence:
    """A found passage as the answerer sees it, with what the index knows of each of its sentences."""

    found: RankedPassage
    sentence_vectors: Vectors
    """One unit vector a sentence of the passage: shape (sentences, dimension)."""
    mentions: tuple[Mention, ...]
    triples: tuple[Triple, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence that an answer rests on, and where it stands in its document's text."""

    passage: PassageId
    document: DocumentId
    title: str
    uri: str
    sentence: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a document that an answer repeats: `text` is the document's between `start` and `end`."""

    passage: PassageId
    document: DocumentId
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """One sentence of an answer, the sentences of documents it rests on, and the words it quotes from them."""

    text: str
    citations: tuple[Citation, ...]
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer makes of the evidence: an answer, or the reason why there is none."""

    text: str
    span: str | None
    """The shortest answer: a few words copied from a cited sentence, "yes" or "no"; from a model, its own words."""
    citations: tuple[Citation, ...]
    refusal: str | None
    """Why the evidence does not support an answer; None when it does."""
    confidence: float
    sentences: tuple[CitedSentence, ...] = ()
    """The answer sentence by sentence, where a model wrote it."""
    data: Any = None
    """The answer in the shape that was asked for."""
    warnings: tuple[str, ...] = ()
    """What was left out of what the model wrote, and why; what was done without."""
    method: str = ""
    """What wrote it, where it is not the answerer itself; empty where it is."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What work cost in model calls, tokens and money."""

    llm_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    """Money by the prices in the settings, in their currency; 0 where none are set."""
    estimated_calls: int = 0
    """How many of the calls were counted by estimate, as the server did not say what they took."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.llm_calls + other.llm_calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost + other.cost,
            self.estimated_calls + other.estimated_calls,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.llm_calls - other.llm_calls,
            self.prompt_tokens - other.prompt_tokens,
            self.completion_tokens - other.completion_tokens,
            self.cost - other.cost,
            self.estimated_calls - other.estimated_calls,
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation with a model: `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model. With a schema the reply is JSON that fits it."""

    messages: tuple[Message, ...]
    purpose: str
    """What the call is for (extract, recognise, decompose, answer ...): usage is reported by it."""
    schema: Mapping[str, Any] | None = None
    """A JSON schema whose root is an object."""
    max_tokens: int | None = None
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What a model answered."""

    text: str
    data: Any
    """The parsed JSON, checked against the request's schema; None where none was asked for."""
    usage: Usage
    repaired: bool = False
    """Whether the JSON had to be repaired before it could be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the sentences it rests on, or a refusal that says why."""

    question: str
    text: str
    span: str | None
    citations: tuple[Citation, ...]
    refusal: str | None
    confidence: float
    method: str
    """What wrote it: "extractive" copies sentences and writes none."""
    passages: tuple[RankedPassage, ...]
    trace: SearchTrace
    usage: Usage = Usage()
    sentences: tuple[CitedSentence, ...] = ()
    """The answer sentence by sentence, where a model wrote it."""
    data: Any = None
    """The answer in the shape that was asked for: a validated pydantic model, or JSON that fits the schema."""
    timelines: tuple[Timeline, ...] = ()
    """How what it rests on came about, where timelines were asked for."""
    intervals: tuple[Interval, ...] = ()
    """What held when, where the answer was read off that."""


# --------------------------------------------------------------------------- what is checked


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement that can be true or false by itself: names stand where its sentence had pronouns."""

    text: str
    sentence: str
    """The sentence it was taken from, as it was written."""
    start: int
    end: int
    """Where that sentence stands: character offsets into the checked text."""
    subject: str = ""
    """What it is about; empty where the rules are not sure."""
    hedge: str = ""
    """Words such as "probably" that were left out, since they can be neither true nor false."""


class VerdictKind(StrEnum):
    """What the evidence says of a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier makes of one claim, with the sentence that decides."""

    kind: VerdictKind
    citation: Citation | None
    """The deciding sentence; None where no sentence speaks of what is claimed."""
    why: str
    confidence: float


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim, its verdict, and the passages it was compared with."""

    claim: Claim
    verdict: Verdict
    passages: tuple[RankedPassage, ...] = ()
    failure: str | None = None
    """Why the verifier gave no verdict of its own, where it failed; such a claim is never supported."""


@dataclass(frozen=True, slots=True)
class SkippedSentence:
    """A sentence of a checked text that claims nothing, and why it was left out."""

    text: str
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """A text after the check: every claim in reading order, and the sentences that claim nothing."""

    claims: tuple[CheckedClaim, ...]
    skipped: tuple[SkippedSentence, ...]
    unread_characters: int = 0
    """How much of the text's end was left unread because there was too much of it."""
    verifier: str = ""

    def count(self, kind: VerdictKind) -> int:
        """How many claims have that verdict."""
        return sum(checked.verdict.kind is kind for checked in self.claims)

    def precision(self) -> float | None:
        """The share of claims that are supported (FActScore; VeriScore's P); None of a text without claims."""
        return self.count(VerdictKind.SUPPORTED) / len(self.claims) if self.claims else None

    def verdict(self) -> VerdictKind:
        """Of the text as a whole: refuted where one claim is, supported where all are, and at least one is."""
        if self.count(VerdictKind.REFUTED):
            return VerdictKind.REFUTED
        if self.claims and self.count(VerdictKind.SUPPORTED) == len(self.claims):
            return VerdictKind.SUPPORTED
        return VerdictKind.NOT_ENOUGH_EVIDENCE


@dataclass(frozen=True, slots=True)
class ConflictSide:
    """What some documents say of a claim: their newest sentences, as many as every other side shows."""

    why: str
    citations: tuple[Citation, ...]
    moments: tuple[datetime | None, ...]
    """The moment of each citation's document."""
    documents: int
    """How many documents say so, shown or not."""
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A claim on which documents differ; the side with the newest document comes first, and none is chosen."""

    claim: str
    sides: tuple[ConflictSide, ...]


class CritiqueKind(StrEnum):
    """What to do with an answer."""

    STOP = "stop"
    SEARCH = "search"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class Critique:
    """What a critic makes of an answer and its evidence."""

    kind: CritiqueKind
    why: str
    query: str = ""
    """What to search for next, where that is what to do."""


# --------------------------------------------------------------------------- what is held while an answer is written


@dataclass(frozen=True, slots=True)
class MemoryUnit:
    """A stretch of a passage in working memory: `text` is the document's between `start` and `end`."""

    id: str
    passage: PassageId
    document: DocumentId
    title: str
    uri: str
    timestamp: datetime | None
    text: str
    start: int
    end: int
    tokens: int
    goal: str = ""
    """What was looked for when it was found."""
    folded: str | None = None
    """The words that stand in for its text while it is folded; None where the text itself is shown."""


class RefreshKind(StrEnum):
    """What a line of the refresh log tells."""

    ADMITTED = "admitted"
    EVICTED = "evicted"
    FOLDED = "folded"
    RESTORED = "restored"
    WRITTEN = "written"
    ACCEPTED = "accepted"
    REMOVED = "removed"
    UNCHECKED = "unchecked"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Refresh:
    """One line of the refresh log: what entered or left a working memory, or became of a sentence, and why."""

    step: int
    """How many sentences had been written; 0 is before the first."""
    kind: RefreshKind
    why: str
    unit: MemoryUnit | None = None
    sentence: CitedSentence | None = None
    claims: tuple[CheckedClaim, ...] = ()
    """What the verifier made of the sentence, where it was asked."""


# --------------------------------------------------------------------------- what was true when


class StatementForm(StrEnum):
    """How something is stated."""

    LINE = "line"
    """A line such as "Status: Accepted" in the block that opens a document."""
    ROLE = "role"
    """The capital of A is B."""
    STATE = "state"
    """A lives in B; A is married to B."""
    EVENT = "event"
    """A moved to B."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that says what a subject's relation is, and when that was observed or is said to hold."""

    subject: str
    relation: str
    object: str
    subject_key: str
    relation_key: str
    object_key: str
    form: StatementForm
    citation: Citation
    observed: datetime | None
    """The moment of its document; None where the source has none."""
    valid_from: datetime | None = None
    """From when it is said to hold; None where nothing is said."""
    valid_to: datetime | None = None
    restated: bool = False
    """Whether it is said to go on from `valid_from` until it was observed."""
    ends: bool = False
    """Whether it says that this holds no longer; with an empty object, that nothing does."""
    past: bool = False
    """Whether it is said in the past tense, of a state that may be over."""
    serial: int | None = None
    """The number of the list item it is, where it is one."""
    notes: tuple[str, ...] = ()
    """What was odd about its dates."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From when to when something holds, by which statements, and what ended it."""

    subject: str
    relation: str
    object: str
    valid_from: datetime | None
    """None where no statement has a date."""
    valid_to: datetime | None
    """None while it is open; the moment itself is no longer in it."""
    evidence: tuple[Statement, ...]
    """The statements that say so, oldest first."""
    closed_by: Statement | None = None
    reason: str = ""
    """Why it ended; empty while it is open."""
    conflicts: tuple[Statement, ...] = ()
    """What says otherwise of the same time: neither side is chosen."""
    is_functional: bool = False
    """Whether the relation has one object at a time, so that a newer one ends it."""
    notes: tuple[str, ...] = ()

    def is_open(self) -> bool:
        """Whether nothing has ended it."""
        return self.valid_to is None and not self.reason

    def holds_at(self, moment: datetime) -> bool:
        """Whether it holds at a moment, as far as is known."""
        begun = self.valid_from is None or self.valid_from <= moment
        return begun and (self.is_open() if self.valid_to is None else moment < self.valid_to)


@dataclass(frozen=True, slots=True)
class Change:
    """What holds of a subject's relation at one time and at another, where that differs."""

    subject: str
    relation: str
    before: tuple[Interval, ...]
    """Empty where nothing was known to hold."""
    after: tuple[Interval, ...]


# --------------------------------------------------------------------------- how it came about


class Relation(StrEnum):
    """What an older memory is to a newer one (THEANINE, section 3.1)."""

    CHANGED = "changed"
    CAUSE = "cause"
    REASON = "reason"
    HINDERED_BY = "hindered_by"
    REACT = "react"
    WANT = "want"
    SAME_TOPIC = "same_topic"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A memory in a timeline: a passage with its moment, and the sentence of it that is shown."""

    passage: PassageId
    citation: Citation
    moment: datetime
    is_retrieved: bool = False
    """Whether the search found it; else it stands here because of what it is to its neighbours."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Memories in order of time, and what each is to the next."""

    entries: tuple[TimelineEntry, ...]
    relations: tuple[Relation, ...]
    """What entry i is to entry i + 1: one fewer than the entries."""
    why: tuple[str, ...] = ()
    """What each relation rests on, in words."""
    refined: str = ""
    """The timeline as a model retold it for the question; empty where none did."""
