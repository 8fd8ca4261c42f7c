"""Facts: subject, relation, object, read off the chunks of one sentence from left to right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hippograph.adapters.rules.chunks import Chunk, ChunkKind
from hippograph.adapters.rules.items import ItemKind

CONFIDENCE = {
    "verb": 0.9,
    "verb-preposition": 0.8,
    "copula": 0.9,
    "copula-preposition": 0.8,
    "adverbial": 0.7,
    "relative": 0.8,
    "participle": 0.8,
    "apposition": 0.8,
    "role": 0.8,
    "possessive": 0.7,
    "noun-preposition": 0.6,
    "bracket": 0.5,
    "mention": 0.3,
}
"""How far each rule is trusted: an order of the rules, not a measured probability."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A triple before it is tied to its sentence."""

    subject: str
    relation: str
    object: str
    rule: str


@dataclass(slots=True)
class _State:
    """Where the reading stands: who acts, what they do, and what was named last."""

    main: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    verb: str = ""
    copula: bool = False
    rule: str = "verb"
    relation: str = ""
    has_object: bool = False
    last: str = ""
    last_name: bool = False
    before_bracket: str = ""
    predicate: str = ""
    adverbials: list[tuple[str, str]] = field(default_factory=list)


def read_facts(chunks: Sequence[Chunk], refer: Callable[[Chunk], str], topic: str) -> list[Claim]:
    """The claims of one sentence; `refer` says what a noun phrase stands for, `topic` what it is about."""
    return _Reader(chunks, refer, topic).read()


class _Reader:
    """Reads one sentence once, chunk by chunk."""

    def __init__(self, chunks: Sequence[Chunk], refer: Callable[[Chunk], str], topic: str) -> None:
        self.chunks = chunks
        self.refer = refer
        self.topic = topic
        self.state = _State()
        self.claims: dict[Claim, None] = {}

    def read(self) -> list[Claim]:
        for place, chunk in enumerate(self.chunks):
            if chunk.is_noun:
                self._noun(place, chunk)
            elif chunk.kind is ChunkKind.VERB:
                self._verb(place, chunk)
            elif chunk.kind is ChunkKind.STOP:
                self.state = _State(main=self.state.main)
            elif chunk.kind is ChunkKind.CLAUSE:
                self.state = _State(main=self.state.main, last=self.state.last)
            elif chunk.kind is ChunkKind.OPEN:
                self.state.before_bracket = self.state.last
            elif chunk.kind is ChunkKind.CLOSE:
                self.state.last = self.state.before_bracket or self.state.last
                self.state.before_bracket = ""
        return list(self.claims)

    def _say(self, subject: str, relation: str, object_: str, rule: str) -> None:
        if subject and object_ and subject.casefold() != object_.casefold():
            self.claims.setdefault(Claim(subject, relation.strip() or "is", object_, rule))

    def _before(self, place: int, steps: int = 1) -> ChunkKind | None:
        return self.chunks[place - steps].kind if place >= steps else None

    def _after(self, place: int) -> ChunkKind | None:
        return self.chunks[place + 1].kind if place + 1 < len(self.chunks) else None

    # ------------------------------------------------------------------ noun phrases

    def _noun(self, place: int, chunk: Chunk) -> None:
        state = self.state
        name = self.refer(chunk)
        if not name:
            return
        self._inner(chunk, name)
        before = self._before(place)
        if state.before_bracket:
            self._bracket(place, chunk, name)
            return
        if before is ChunkKind.PREPOSITION:
            self._after_preposition(place, chunk, name)
        elif before in (ChunkKind.AND, ChunkKind.COMMA) and self._continues(place, chunk):
            self._coordinate(place, chunk, name)
        elif state.verb and not state.has_object:
            self._object(chunk, name)
        elif not state.verb or self._after(place) is ChunkKind.VERB:
            self._subject(place, name)
        self.state.last, self.state.last_name = name, chunk.is_name

    def _inner(self, chunk: Chunk, name: str) -> None:
        if chunk.role:
            self._say(name, "is", chunk.role, "role")
        if chunk.owner:
            owner = (
                self.refer(Chunk(ChunkKind.PRONOUN, chunk.owner, ()))
                if chunk.items[0].tag == "PRP$"
                else chunk.owner
            )
            self._say(owner, "has", name, "possessive")
            if chunk.role:
                self._say(owner, chunk.role, name, "possessive")

    def _bracket(self, place: int, chunk: Chunk, name: str) -> None:
        if self._before(place) is ChunkKind.PREPOSITION or self._before(place) is ChunkKind.VERB:
            relation = self.chunks[place - 1].text
        else:
            relation = "dated" if chunk.items[-1].kind is ItemKind.DATE else "also"
        self._say(self.state.before_bracket, relation, name, "bracket")

    def _subject(self, place: int, name: str) -> None:
        adverbials = self.state.adverbials
        self.state = _State(main=self.state.main, subjects=[name], adverbials=adverbials)
        if not self.state.main:
            self.state.main = [name]

    def _object(self, chunk: Chunk, name: str) -> None:
        state = self.state
        rule = "copula" if state.copula else state.rule
        for subject in state.subjects:
            self._say(subject, state.verb, name, rule)
            if chunk.inner_is_name:
                self._say(subject, f"{state.verb} {chunk.outer} of", chunk.inner, rule)
        state.relation, state.has_object = state.verb, True
        if state.copula:
            state.predicate = name

    def _after_preposition(self, place: int, chunk: Chunk, name: str) -> None:
        state = self.state
        preposition = self.chunks[place - 1].text
        follows_noun = place >= 2 and self.chunks[place - 2].is_noun
        if not state.verb:
            if state.subjects and follows_noun:
                self._say(state.last, preposition, name, "noun-preposition")
            else:
                state.adverbials.append((preposition, name))
            return
        relation = f"{state.verb} {preposition}"
        if state.copula and state.predicate:
            relation = f"{state.verb} {state.predicate} {preposition}"
        state.relation, state.has_object = relation, True
        for subject in state.subjects:
            self._say(subject, relation, name, "copula-preposition" if state.copula else "verb-preposition")
        if follows_noun and state.last not in state.subjects:
            self._say(state.last, preposition, name, "noun-preposition")

    def _continues(self, place: int, chunk: Chunk) -> bool:
        """Whether a noun phrase after a comma or "and" goes on with a list or explains the noun before it."""
        if self._after(place) is ChunkKind.VERB and self.state.verb:
            following = self.chunks[place + 1]
            return following.participle
        return bool(self.state.last)

    def _coordinate(self, place: int, chunk: Chunk, name: str) -> None:
        state = self.state
        comma = self._before(place) is ChunkKind.COMMA
        described = bool(chunk.items) and chunk.items[0].tag == "DT" and not chunk.is_name
        if comma and described and place >= 2 and self.chunks[place - 2].is_noun:
            self._say(state.last, "is", name, "apposition")
        elif state.verb and state.has_object:
            for subject in state.subjects:
                self._say(subject, state.relation, name, state.rule)
        elif state.verb:
            self._object(chunk, name)
        elif (
            not state.subjects
            or (comma and self._before(place, 2) is not ChunkKind.NOUN)
            or (state.adverbials and comma)
        ):
            self._subject(place, name)
        else:
            state.subjects.append(name)

    # ------------------------------------------------------------------ verb phrases

    def _verb(self, place: int, chunk: Chunk) -> None:
        state = self.state
        if state.before_bracket:
            return
        before = self._before(place)
        state.rule = "verb"
        if before is ChunkKind.RELATIVE:
            state.rule = "relative"
            if not state.predicate and state.last:
                state.subjects = [state.last]
        elif chunk.participle and before is ChunkKind.NOUN and state.verb:
            state.rule = "participle"
            if not state.predicate and state.last:
                state.subjects = [state.last]
        elif before in (ChunkKind.AND, ChunkKind.COMMA) or not state.subjects:
            state.subjects = state.subjects if before is ChunkKind.COMMA and state.subjects else state.main
        if not state.subjects:
            state.subjects = [self.topic] if self.topic else []
        if not state.main:
            state.main = state.subjects
        state.verb, state.copula, state.has_object, state.relation = (
            chunk.text,
            chunk.copula,
            False,
            chunk.text,
        )
        if not chunk.participle:
            state.predicate = ""
        for preposition, name in state.adverbials:
            for subject in state.subjects:
                self._say(subject, f"{chunk.text} {preposition}", name, "adverbial")
        state.adverbials = []
