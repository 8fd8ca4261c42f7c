"""Units: stretches of at most so many tokens, and the bounded memory that holds them.

A unit is made of whole sentences of one passage where they fit; a longer sentence is cut at white space. So every unit
can be cited as its passage can: offsets are those of the document. All functions are pure: each gives a new memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hippograph.errors import HippographError
from hippograph.text.sentences import Span
from hippograph.types import Evidence, MemoryUnit, Sentence, Vectors, content_id
from hippograph.working_memory.eviction import Evict, oldest

MOST_HITS = 50
"""As many as Sculptor's search_context shows."""
AROUND = 60
"""Characters shown on either side of a hit."""

TokenCount = Callable[[str], int]


class UnknownUnit(HippographError):
    """A unit is named that the memory does not hold, or not in that state."""


@dataclass(frozen=True, slots=True)
class Held:
    """A unit with what the index knows of its sentences."""

    unit: MemoryUnit
    evidence: Evidence = field(repr=False, compare=False)
    """Its stretch of the passage, as an answerer takes it."""
    relevance: float
    """Cosine of its best sentence with the question."""

    def tokens(self) -> int:
        """How many tokens are shown for it."""
        return self.unit.tokens


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a unit holds the words looked for: offsets into its document's text, and the words around."""

    unit: str
    start: int
    end: int
    around: str


@dataclass(frozen=True, slots=True)
class WorkingMemory:
    """At most `capacity` units, and at most `most_tokens` of them where that is set; the oldest first."""

    capacity: int
    most_tokens: int | None = None
    held: tuple[Held, ...] = ()

    def __contains__(self, unit: str) -> bool:
        return any(each.unit.id == unit for each in self.held)

    def evidence(self) -> tuple[Evidence, ...]:
        """What is shown of it, what came last first, as that is to be read first; not what is folded."""
        return tuple(each.evidence for each in reversed(self.held) if each.unit.folded is None)

    def summaries(self) -> tuple[str, ...]:
        """The words that stand in for what is folded."""
        return tuple(each.unit.folded for each in self.held if each.unit.folded)

    def tokens(self) -> int:
        """How many tokens its units take."""
        return sum(each.tokens() for each in self.held)


def admit(
    memory: WorkingMemory, new: Iterable[Held], evict: Evict = oldest
) -> tuple[WorkingMemory, tuple[Held, ...], tuple[Held, ...]]:
    """The memory with the new units at its end, those that entered, and those that had to leave.

    The new ones come best first and enter in reverse, so that of equals the best leaves last. What is held already does
    not enter again. Only what was there before makes room, so that what was just found is
    seen at least once; of more new units than there is room for, the first enter.
    """
    fresh: dict[str, Held] = {}
    for each in new:
        if each.unit.id not in memory:
            fresh.setdefault(each.unit.id, each)
    entering = tuple(reversed(_that_fit(tuple(fresh.values()), memory)))
    staying, left = list(memory.held), list[Held]()
    while staying and _is_over(memory, (*staying, *entering)):
        left.append(staying.pop(evict(staying)))
    return replace(memory, held=(*staying, *entering)), entering, tuple(left)


def units_of(
    evidence: Evidence,
    query_vector: Vectors,
    token_count: TokenCount,
    max_tokens: int,
    goal: str = "",
    *,
    single_sentences: bool = False,
) -> list[Held]:
    """A passage cut into units, in reading order; single sentences where a memory is consolidated."""
    held = []
    pieces = list(_pieces(evidence, token_count, max_tokens))
    for group in _grouped(pieces, evidence, token_count, 0 if single_sentences else max_tokens):
        held.append(_held(evidence, group, query_vector, token_count, goal))
    return held


def fold(memory: WorkingMemory, unit: str, summary: str, token_count: TokenCount) -> WorkingMemory:
    """Show a summary in place of a unit's text; nothing is lost (Sculptor's fold_fragment).

    Raises UnknownUnit where it is not held, or folded already.
    """

    def folded(each: MemoryUnit) -> MemoryUnit:
        if each.folded is not None:
            raise UnknownUnit(f"The unit {unit} is folded already: restore it first.")
        return replace(each, folded=summary, tokens=token_count(summary))

    return _changed(memory, unit, folded)


def restore(memory: WorkingMemory, unit: str, token_count: TokenCount) -> WorkingMemory:
    """Show the text of a folded unit again. Raises UnknownUnit where none of that name is folded."""

    def unfolded(each: MemoryUnit) -> MemoryUnit:
        if each.folded is None:
            raise UnknownUnit(f"The unit {unit} is not folded.")
        return replace(each, folded=None, tokens=token_count(each.text))

    return _changed(memory, unit, unfolded)


def fold_goal(memory: WorkingMemory, goal: str, summary: str, token_count: TokenCount) -> WorkingMemory:
    """Fold all that was found for one goal: its first unit shows the summary, the others nothing (HiAgent)."""
    first = True
    for each in memory.held:
        if each.unit.goal == goal and each.unit.folded is None:
            memory = fold(memory, each.unit.id, summary if first else "", token_count)
            first = False
    return memory


def restore_goal(memory: WorkingMemory, goal: str, token_count: TokenCount) -> WorkingMemory:
    """Show again all that was folded of one goal."""
    for each in memory.held:
        if each.unit.goal == goal and each.unit.folded is not None:
            memory = restore(memory, each.unit.id, token_count)
    return memory


def search_units(memory: WorkingMemory, words: str) -> tuple[Hit, ...]:
    """Every place where a unit has the words, letter by letter but for case, in what is folded too; at most 50."""
    wanted, hits = words.casefold(), list[Hit]()
    if not wanted.strip():
        return ()
    for each in memory.held:
        text = each.unit.text
        places = _casefold_places(text, wanted)
        hits += [
            Hit(
                each.unit.id,
                each.unit.start + start,
                each.unit.start + end,
                text[max(0, start - AROUND) : end + AROUND],
            )
            for start, end in places
        ]
    return tuple(hits[:MOST_HITS])


def best_sentence(held: Held, query_vector: Vectors) -> str:
    """The sentence of a unit that is most like the query: a summary that nobody has to invent."""
    sentences, vectors = held.evidence.found.passage.sentences, held.evidence.sentence_vectors
    if not len(vectors):
        return held.unit.text
    return sentences[int(np.argmax(vectors @ query_vector))].text


def _changed(memory: WorkingMemory, unit: str, change: Callable[[MemoryUnit], MemoryUnit]) -> WorkingMemory:
    if unit not in memory:
        raise UnknownUnit(f"The working memory holds no unit {unit}.")
    held = tuple(
        replace(each, unit=change(each.unit)) if each.unit.id == unit else each for each in memory.held
    )
    return replace(memory, held=held)


def _is_over(memory: WorkingMemory, held: Sequence[Held]) -> bool:
    if len(held) > memory.capacity:
        return True
    return memory.most_tokens is not None and sum(each.tokens() for each in held) > memory.most_tokens


def _that_fit(new: Sequence[Held], memory: WorkingMemory) -> tuple[Held, ...]:
    """The first of the new units, as many as an empty memory has room for."""
    chosen: list[Held] = []
    for each in new:
        if not _is_over(memory, (*chosen, each)):
            chosen.append(each)
    return tuple(chosen)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a part of one that is too long, and which sentence of the passage that is."""

    sentence: Sentence
    number: int


def _pieces(evidence: Evidence, token_count: TokenCount, max_tokens: int) -> Iterable[_Piece]:
    for number, sentence in enumerate(evidence.found.passage.sentences):
        for start, end in _cut(sentence.text, token_count, max_tokens):
            text = sentence.text[start:end]
            if text.strip():
                yield _Piece(Sentence(text, sentence.start + start, sentence.start + end), number)


def _cut(text: str, token_count: TokenCount, max_tokens: int) -> list[Span]:
    """Offsets of stretches of at most so many tokens, halved at the white space nearest the middle where there is any.

    >>> _cut("aa bb cc", lambda text: len(text.split()), 2)
    [(0, 5), (6, 8)]
    """
    if token_count(text) <= max_tokens or len(text) < 2:
        return [(0, len(text))]
    middle = len(text) // 2
    spaces = [place for place, letter in enumerate(text) if letter.isspace() and 0 < place < len(text) - 1]
    at = min(spaces, key=lambda place: abs(place - middle)) if spaces else middle
    after = at + 1 if spaces else at
    first = _cut(text[:at], token_count, max_tokens)
    return [
        *first,
        *((start + after, end + after) for start, end in _cut(text[after:], token_count, max_tokens)),
    ]


def _grouped(
    pieces: Sequence[_Piece], evidence: Evidence, token_count: TokenCount, max_tokens: int
) -> Iterable[list[_Piece]]:
    """Runs of pieces whose text, with what stands between them, takes at most so many tokens."""
    group: list[_Piece] = []
    for piece in pieces:
        if group and token_count(_text(evidence, group[0].sentence.start, piece.sentence.end)) > max_tokens:
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _text(evidence: Evidence, start: int, end: int) -> str:
    passage = evidence.found.passage
    return passage.text[start - passage.start : end - passage.start]


def _held(
    evidence: Evidence, group: Sequence[_Piece], query_vector: Vectors, token_count: TokenCount, goal: str
) -> Held:
    found, passage = evidence.found, evidence.found.passage
    start, end = group[0].sentence.start, group[-1].sentence.end
    text = _text(evidence, start, end)
    numbers = [piece.number for piece in group]
    known = [number for number in numbers if number < len(evidence.sentence_vectors)]
    vectors = evidence.sentence_vectors[known]
    places = {number: place for place, number in reversed(list(enumerate(numbers)))}
    stretch = replace(
        passage, text=text, start=start, end=end, sentences=tuple(piece.sentence for piece in group)
    )
    unit = MemoryUnit(
        id=content_id(passage.document, passage.id, str(start), str(end))[:12],
        passage=passage.id,
        document=passage.document,
        title=passage.title,
        uri=found.uri,
        timestamp=found.timestamp,
        text=text,
        start=start,
        end=end,
        tokens=token_count(text),
        goal=goal,
    )
    shown = Evidence(
        replace(found, passage=stretch),
        vectors,
        tuple(replace(m, sentence=places[m.sentence]) for m in evidence.mentions if m.sentence in places),
        tuple(replace(t, sentence=places[t.sentence]) for t in evidence.triples if t.sentence in places),
    )
    relevance = float(np.max(vectors @ query_vector)) if len(vectors) else 0.0
    return Held(unit, shown, relevance)


def _casefold_places(text: str, wanted: str) -> list[Span]:
    """Where a text holds the words when case is put aside; letters that fold to several keep their place."""
    folded, origin = "", list[int]()
    for place, letter in enumerate(text):
        for each in letter.casefold():
            folded += each
            origin.append(place)
    places, at = [], folded.find(wanted)
    while at >= 0:
        places.append((origin[at], origin[at + len(wanted) - 1] + 1))
        at = folded.find(wanted, at + len(wanted))
    return places
