"""The rule extractor: entities and facts from the text itself, without a language model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from hippograph.adapters.rules.aliases import Aliases
from hippograph.adapters.rules.chunks import Chunk, ChunkKind, read_chunks
from hippograph.adapters.rules.facts import CONFIDENCE, Claim, read_facts
from hippograph.adapters.rules.foreign import foreign_mentions, is_english
from hippograph.adapters.rules.items import Item, ItemKind, lexicon, read_items, tagged, word_set
from hippograph.adapters.rules.nouns import is_telling
from hippograph.adapters.rules.phrases import join_of, join_places, names_inside
from hippograph.adapters.rules.proper import is_common, join_names, seen_inside
from hippograph.errors import MissingExtra
from hippograph.text.names import normal_name, title_name
from hippograph.types import (
    Extraction,
    ExtractionFailure,
    Mention,
    MentionKind,
    Passage,
    Triple,
)

RULES_VERSION = 1
"""Raise it whenever a rule changes: cached extractions of older rules are then made anew."""

_SPEAKER = re.compile(r"\s*([^\W\d_][\w .'-]{0,40}?):\s")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_KINDS = {ItemKind.NAME: MentionKind.NAME, ItemKind.QUOTE: MentionKind.QUOTE, ItemKind.DATE: MentionKind.DATE}
_PROPER = frozenset([MentionKind.TITLE, MentionKind.NAME, MentionKind.QUOTE])
_TAKES_PLAIN_WORDS = frozenset(["verb", "verb-preposition", "copula", "role", "relative", "participle"])
_FIRST_PERSON = frozenset(["i", "me", "my", "mine", "myself"])
_THIRD_PERSON = word_set("he she it they him them his her its their himself herself itself themselves")


class RuleExtractor:
    """Names, quotes, dates, quantities and noun phrases as mentions; facts by rules over part-of-speech tags.

    The tagger is textblob's (Brill 1992, with the lexicon of the pattern library); the rules are about
    English. Other languages give names, quotes and dates, and runs of letters where a script has no capitals.
    """

    def __init__(self, max_sentence_characters: int = 2000) -> None:
        self.max_sentence_characters = max_sentence_characters
        self.fingerprint = f"rules-{RULES_VERSION}:{max_sentence_characters}"

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction | ExtractionFailure]:
        """One result a passage, in order. One bad passage never loses the others. Raises MissingExtra."""
        for passage in passages:
            try:
                yield self._read(passage)
            except MissingExtra:
                raise
            except Exception as error:  # a rule that stumbles over odd text must not lose the other passages
                reason = f"The rules failed on this text ({type(error).__name__}: {error})."
                yield ExtractionFailure(passage.id, reason, retryable=False)

    def _read(self, passage: Passage) -> Extraction:
        return _Reading(passage, self.max_sentence_characters).result()


class _Reading:
    """One passage while it is read."""

    def __init__(self, passage: Passage, longest: int) -> None:
        self.passage = passage
        self.topic = title_name(passage.title)
        texts = [" ".join(sentence.text[:longest].split()) for sentence in passage.sentences]
        words = lexicon()
        rows = tagged([read_items(text) for text in texts])
        known = seen_inside(rows)
        self.texts = texts
        self.sentences = [join_names(row, text, words, known) for row, text in zip(rows, texts, strict=True)]
        names = [item.text for item in chain.from_iterable(self.sentences) if item.kind is ItemKind.NAME]
        self.aliases = Aliases(self.topic, names, self.texts, words)
        # "the river" and "the Society" in a text about the Humaya River or the Taos Society
        self.kinds_of_topic = {word for word in self.topic.lower().split() if is_common(word, words)}
        self.kinds: dict[str, MentionKind] = {}
        self.mentions: dict[tuple[str, int], Mention] = {}
        self.triples: dict[tuple[str, str, str], Triple] = {}
        self.subject = self.topic if _LETTERS.search(self.topic) else ""  # a time stamp does nothing
        self.speaker = ""
        self.lexicon = words

    def result(self) -> Extraction:
        if self.topic:
            self._mention(self.topic, MentionKind.TITLE, 0)
        for number, items in enumerate(self.sentences):
            self._read_sentence(number, items)
        self._mention_facts()
        return Extraction(self.passage.id, tuple(self.mentions.values()), tuple(self.triples.values()))

    def _mention(self, name: str, kind: MentionKind, sentence: int) -> None:
        key = normal_name(name)
        if key:
            self.kinds.setdefault(key, kind)
            self.mentions.setdefault((key, sentence), Mention(name, kind, sentence))

    def _read_sentence(self, number: int, items: list[Item]) -> None:
        for item in items:
            if kind := _KINDS.get(item.kind):
                self._mention(self.aliases.full(item.text), kind, number)
            if item.text in self.aliases.acronyms:
                self._mention(item.text, MentionKind.NAME, number)
            if item.kind is ItemKind.NAME:
                for part in names_inside(item.text, self.lexicon):
                    self._mention(self.aliases.full(part), MentionKind.NAME, number)
        text = self.texts[number]
        if not is_english(items, self.lexicon):
            for name in foreign_mentions(text):
                self._mention(name, MentionKind.NOUN, number)
            return
        self._hear(number, text)
        plain = read_chunks(items)
        for chunk in plain:
            if chunk.kind is ChunkKind.NOUN and (kind := is_telling(chunk, self.lexicon)):
                self._mention(self.aliases.full(chunk.text), kind, number)
        chunks = join_places(join_of(plain))
        for chunk in chunks:
            if chunk.inner:
                self.kinds.setdefault(normal_name(chunk.text), MentionKind.NOUN)
            elif chunk.is_place_list:
                self._mention(chunk.text, MentionKind.NAME, number)
        for claim in read_facts(chunks, self._refer, self.subject):
            self._claim(claim, number)

    def _hear(self, number: int, text: str) -> None:
        """In a chat the name in front of a line speaks until the next line."""
        start = self.passage.sentences[number].start - self.passage.start
        if start == 0 or "\n" in self.passage.text[max(0, start - 3) : start]:
            speaker = _SPEAKER.match(text)
            self.speaker = speaker.group(1) if speaker else ""

    def _claim(self, claim: Claim, sentence: int) -> None:
        subject, object_ = self.aliases.subject(claim.subject), self.aliases.subject(claim.object)
        if normal_name(subject) == normal_name(object_) or not self._is_worth_keeping(
            claim.rule, subject, object_
        ):
            return
        if claim.rule == "copula" and sentence == 0 and subject == self.topic:
            self.kinds_of_topic.add(claim.object.rsplit(" ", 1)[-1].lower())
        key = (subject, claim.relation, object_)
        triple = Triple(subject, claim.relation, object_, sentence, CONFIDENCE[claim.rule], claim.rule)
        self.triples.setdefault(key, triple)

    def _is_worth_keeping(self, rule: str, subject: str, object_: str) -> bool:
        """A fact is about something that was named; plain words are objects of plain verbs only."""
        left, right = self.kinds.get(normal_name(subject)), self.kinds.get(normal_name(object_))
        if left is None or left is MentionKind.DATE or left is MentionKind.NUMBER:
            return False
        if rule == "noun-preposition":
            return left in _PROPER and right in _PROPER
        return right is not None or rule in _TAKES_PLAIN_WORDS

    def _refer(self, chunk: Chunk) -> str:
        """What a noun phrase or pronoun stands for; empty for nothing that can be named."""
        if chunk.kind is ChunkKind.PRONOUN:
            word = chunk.text.lower()
            if word in _FIRST_PERSON:
                return self.speaker
            return self.subject if word in _THIRD_PERSON else ""
        if chunk.definite and chunk.text.lower() in self.kinds_of_topic:
            return self.topic
        return self.aliases.full(chunk.text)

    def _mention_facts(self) -> None:
        """Title "mentions" what else the passage names, so that nothing named stays without a fact."""
        if not self.topic:
            return
        told = {normal_name(end) for s, _, o in self.triples for end in (s, o) if self.topic in (s, o)}
        told |= {normal_name(t.object) for t in self.triples.values() if t.rule == "bracket"}
        for mention in list(self.mentions.values()):
            if mention.kind in (MentionKind.NOUN, MentionKind.NUMBER) or normal_name(mention.name) in told:
                continue
            if normal_name(mention.name) != normal_name(self.topic):
                told.add(normal_name(mention.name))
                self._claim(Claim(self.topic, "mentions", mention.name, "mention"), mention.sentence)
