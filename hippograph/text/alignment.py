"""Alignment: where the names and facts of a reading stand among the sentences of a passage.

Names are compared by their words (case, width, articles and possessives do not count), so that "the Beatles'" stands
where "Beatles" is written. A model also writes names that no sentence holds: a pronoun resolved, an acronym written
out, or something it made up. What happens to those is the rule of `align`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from hippograph.text.dates import DATE
from hippograph.text.names import normal_name, title_name, words
from hippograph.text.readings import Fact, Reading
from hippograph.types import Extraction, Grade, Mention, MentionKind, Passage, Triple

FOUNDED = 0.5
"""The share of a name's words that must stand in the passage for it to be of this passage."""

LEAST_CONFIDENCE = 0.1

_BREAK = "\x1f"


def align(passage: Passage, reading: Reading, rule: str, keep_unfounded: bool = False) -> Extraction:
    """The reading as mentions and triples with their sentences.

    - The title's subject is mentioned first, as the rule extractor has it.
    - A name is mentioned in every sentence that holds it. One that none holds goes to the sentence with most of
      its words if that is at least half of them; an end of a fact goes where its fact stands; any other is dropped.
    - A fact stands in the first sentence that holds both its ends, else in the one that holds most of its words.
      Its confidence is 1 where both ends are written in the passage or its title, else the mean share of their
      words that are. One whose ends both stand neither in the sentences nor in the headings or the title's qualifier
      is not of this passage and is dropped; so is all it alone mentions. `keep_unfounded` keeps it, at the least
      confidence and in the first sentence, for readings whose maker is trusted.

    A passage without sentences has an empty extraction.
    """
    if not passage.sentences:
        return Extraction(passage.id, (), (), Grade.LLM)
    places = _Places(passage)
    triples = [placed for fact in reading.facts if (placed := places.place(fact, rule, keep_unfounded))]
    mentions: dict[tuple[str, int], Mention] = {}

    def mention(name: str, sentences: Sequence[int]) -> None:
        kind = places.kind_of(name)
        for sentence in [0] if kind is MentionKind.TITLE else sentences:
            mentions.setdefault((normal_name(name), sentence), Mention(name, kind, sentence))

    if normal_name(places.topic):
        mention(places.topic, [0])
    for name in reading.names:
        mention(name, places.sentences_of(name))
    for triple in triples:
        for end in (triple.subject, triple.object):
            mention(end, places.sentences_with(end) or [triple.sentence])
    return Extraction(passage.id, tuple(mentions.values()), tuple(triples), Grade.LLM)


def founded_share(passage: Passage, reading: Reading) -> float:
    """Which share of a reading's names and facts is of this passage; 1 for an empty reading."""
    places = _Places(passage)
    topic = normal_name(places.topic)
    verdicts = [normal_name(name) == topic or bool(places.sentences_of(name)) for name in reading.names]
    verdicts += [places.is_founded(fact) for fact in reading.facts]
    return sum(verdicts) / len(verdicts) if verdicts else 1.0


class _Places:
    """The words of a passage, sentence by sentence."""

    def __init__(self, passage: Passage) -> None:
        self.topic = title_name(passage.title)
        self._topic_key = normal_name(self.topic)
        rows = [_words(sentence.text) for sentence in passage.sentences]
        self._rows = [_joined(row) for row in rows]
        self._sets = [set(row) for row in rows]
        self._body = set[str]().union(*self._sets)
        self._context = set(_words(passage.context()))
        # "Spain" of the title "Galicia (Spain)" is told of Galicia as if a sentence said it
        self._own = self._body | (self._context - set(_words(self.topic)))

    def kind_of(self, name: str) -> MentionKind:
        """What kind of thing a name is, by its form."""
        if normal_name(name) == self._topic_key:
            return MentionKind.TITLE
        if DATE.fullmatch(name):
            return MentionKind.DATE
        if name[:1].isdecimal():
            return MentionKind.NUMBER
        cased = any(char.isupper() or char.islower() for char in name)
        return MentionKind.NAME if not cased or any(map(str.isupper, name)) else MentionKind.NOUN

    def sentences_with(self, name: str) -> list[int]:
        """The sentences that hold the whole name."""
        key = _joined(_words(name))
        return [number for number, row in enumerate(self._rows) if key in row] if len(key) > 1 else []

    def sentences_of(self, name: str) -> list[int]:
        """The same, or the one sentence with most of its words, if that is enough of them."""
        if found := self.sentences_with(name):
            return found
        wanted = set(_words(name))
        shares = [len(wanted & row) / len(wanted) if wanted else 0.0 for row in self._sets]
        best = max(range(len(shares)), key=lambda number: (shares[number], -number))
        return [best] if shares[best] >= FOUNDED else []

    def is_founded(self, fact: Fact) -> bool:
        """Whether an end of the fact is told here; being what the title names is not enough."""
        return any(
            self._share(end, self._own) >= FOUNDED
            for end in (fact[0], fact[2])
            if normal_name(end) != self._topic_key
        )

    def place(self, fact: Fact, rule: str, keep_unfounded: bool) -> Triple | None:
        """The fact with its sentence and confidence; None when it is not of this passage."""
        if not self.is_founded(fact):
            return Triple(*fact, 0, LEAST_CONFIDENCE, rule) if keep_unfounded else None
        subject, relation, object_ = fact
        confidence = (self._confidence(subject) + self._confidence(object_)) / 2
        return Triple(
            subject,
            relation,
            object_,
            self._sentence(fact),
            max(LEAST_CONFIDENCE, round(confidence, 3)),
            rule,
        )

    def _sentence(self, fact: Fact) -> int:
        """What the title names is meant in every sentence, so the other end decides."""
        ends = [end for end in (fact[0], fact[2]) if normal_name(end) != self._topic_key]
        holding = [set(self.sentences_with(end)) for end in ends]
        telling = set(_words(" ".join([*ends, fact[1]])))
        every = set(_words(" ".join(fact)))

        def held(number: int) -> tuple[int, int, int, int]:
            row = self._sets[number]
            return sum(number in each for each in holding), len(telling & row), len(every & row), -number

        return max(range(len(self._rows)), key=held)

    def _confidence(self, end: str) -> float:
        if self.sentences_with(end) or normal_name(end) == self._topic_key:
            return 1.0
        return self._share(end, self._body | self._context)

    def _share(self, name: str, among: set[str]) -> float:
        wanted = set(_words(name))
        return len(wanted & among) / len(wanted) if wanted else 0.0


@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    """The words of a text in normal form; its signs where it has no words. A name is looked for many times."""
    return tuple(words(normal_name(text)) or normal_name(text).split())


def _joined(row: Sequence[str]) -> str:
    """Words so that a run of whole words is a substring."""
    return _BREAK + "".join(word + _BREAK for word in row)
