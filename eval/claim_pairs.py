"""Pairs of a true and a false statement: one entity of a true sentence replaced by another of the same type.

The substitution follows Longpre et al. 2021 (Entity-Based Knowledge Conflicts, section 3: "corpus substitution"):
the replacement comes from the same corpus and is of the same type. Sentences, entities and their types are those of
an index's own graph.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hippograph.generation.candidates import Candidate, CandidateKind
from hippograph.generation.claims.splitting import reason_to_skip, split_claims
from hippograph.generation.claims.subjects import find_opening
from hippograph.generation.claims.words import UNRESOLVED, is_person_noun, word_set
from hippograph.generation.question_types import read_question
from hippograph.generation.type_match import fits_type
from hippograph.published import PublishedIndex
from hippograph.text.names import normal_name, words
from hippograph.types import Extraction, Mention, MentionKind, Passage, Row

_WHO, _WHERE = read_question("Who is it?"), read_question("Where is it?")
_ORGANISATION = re.compile(
    r"\b(?:University|College|School|Records|Club|Company|Inc|Corporation|League|Party|Church|Museum|Society|Institute|"
    r"Association|Orchestra|Studios?|Pictures|Army|Navy|Festival|Cup|Championship|Awards?|Prize)\b"
)
_WORKS = word_set(
    "film album song single novel book play series opera show magazine newspaper game episode poem"
)
_PLACES = word_set(
    "city town village river lake island mountain country state county province municipality "
    "district region commune suburb neighbourhood neighborhood township settlement capital parish peninsula bay valley"
)
_NATIONALITY = re.compile(r"[A-Z][a-z]+(?:ish|ese|ian|ean|can|ch|tch|aeli|iqi|ani)")
_LEANS = re.compile(r"(?:The|A|An|This|These|Those|Such|Both|Other)\s+[a-z]|[\W\d]*$")
"""A pronoun or a plain "the film" at the start leans on the sentences before."""
SURE_PERSON, SURE_PLACE = 0.9, 0.6
_LONGEST, _SHORTEST = 400, 30


@dataclass(frozen=True, slots=True)
class Pair:
    """A true statement of a passage, and the same with one entity replaced."""

    id: str
    document: str
    true: str
    false: str
    replaced: str
    replacement: str
    type: str
    """What kind of thing was replaced: person, place, date ..."""
    is_subject: bool
    """Whether it was what the statement is about."""


@dataclass(frozen=True, slots=True)
class Entities:
    """What the graph names, by type."""

    types: Mapping[str, str]
    """The type of each normal name."""
    pools: Mapping[str, Sequence[str]]
    """The spelled names of each type, sorted."""


def make_pairs(index: PublishedIndex, count: int, seed: int, is_near: bool = False) -> list[Pair]:
    """So many pairs, one a sentence at most, drawn by the seed; fewer where there are no more.

    Passages take turns, so that long documents do not crowd out others. A near replacement comes from the same
    passage, so that the sources hold every word of the false statement too.
    """
    chance = random.Random(seed)
    entities = read_entities(index)
    rows = list(range(index.passage_count))
    chance.shuffle(rows)
    turns = [
        _pairs_of_passage(index, Row(row), entities, random.Random(f"{seed}-{row}"), is_near) for row in rows
    ]
    found: list[Pair] = []
    while turns and len(found) < count:
        left = []
        for pairs in turns:
            if (pair := next(pairs, None)) is not None:
                found.append(pair)
                left.append(pairs)
        turns = left
    return found[:count]


def read_entities(index: PublishedIndex) -> Entities:
    """Every name, date and number the graph knows; its type is what most of its mentions say."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for row in range(index.passage_count):
        passage, extraction = index.load_passage(Row(row)), index.load_extraction(Row(row))
        nouns = _nouns(extraction)
        for mention in extraction.mentions:
            key = normal_name(mention.name)
            if found := type_of(mention, passage, nouns.get(key, "")):
                votes[key][found] += 1
                spelled[key][mention.name] += 1
    types = {key: count.most_common(1)[0][0] for key, count in votes.items()}
    pools: dict[str, list[str]] = defaultdict(list)
    for key in sorted(types):
        pools[types[key]].append(spelled[key].most_common(1)[0][0])
    return Entities(types, pools)


def type_of(mention: Mention, passage: Passage, noun: str = "") -> str:
    """What kind of thing a mention names, by its own form, the noun it is said to be, and the words beside it."""
    name = mention.name
    if mention.kind is MentionKind.DATE:
        return f"date {re.sub(r'[A-Za-z]+', 'x', re.sub(r'[0-9]', '9', name))}"
    if mention.kind is MentionKind.NUMBER:
        unit = name.split()[-1].lower() if len(name.split()) > 1 else ""
        return f"number {unit}"
    if mention.kind is MentionKind.QUOTE:
        return "work"
    if (
        mention.kind not in (MentionKind.NAME, MentionKind.TITLE)
        or name != name.strip()
        or name[:1].isdigit()
    ):
        return ""
    return _type_of_name(name, passage.sentences[mention.sentence].text, noun) if passage.sentences else ""


def _type_of_name(name: str, sentence: str, noun: str) -> str:
    if noun:
        if is_person_noun(noun):
            return "person"
        return (
            "work"
            if noun in _WORKS
            else "place"
            if noun in _PLACES
            else "organisation"
            if _ORGANISATION.search(name)
            else ""
        )
    if _NATIONALITY.fullmatch(name):
        return "nationality"
    if _ORGANISATION.search(name):
        return "organisation"
    place = sentence.find(name)
    candidate = Candidate(name, CandidateKind.NAME, max(place, 0), max(place, 0) + len(name))
    person, where = (fits_type(asked, candidate, sentence) for asked in (_WHO, _WHERE))
    if person >= SURE_PERSON > where:
        return "person"
    return "place" if where >= SURE_PLACE and person < SURE_PERSON else ""


def _nouns(extraction: Extraction) -> Mapping[str, str]:
    """ "town" for Chambéry, where the passage says that it is one."""
    return {
        normal_name(triple.subject): triple.object.split(" of ")[0].split()[-1].lower()
        for triple in extraction.triples
        if triple.rule in ("copula", "role") and triple.object.split(" of ")[0].split()
    }


def _pairs_of_passage(
    index: PublishedIndex, row: Row, entities: Entities, chance: random.Random, is_near: bool
) -> Iterator[Pair]:
    """One pair a sentence, of a passage's sentences in an order drawn by chance."""
    passage, extraction = index.load_passage(row), index.load_extraction(row)
    if is_near:
        entities = Entities(entities.types, _pools(entities.types, extraction))
    statements = list(enumerate(statements_of(passage, chance)))
    chance.shuffle(statements)
    for number, (sentence, statement) in statements:
        mentions = [each for each in extraction.mentions if passage.sentences[each.sentence].text == sentence]
        chance.shuffle(mentions)
        for mention in mentions:
            if pair := _pair(
                statement, mention, passage, f"{passage.id}-{number}", entities, chance, is_near
            ):
                yield pair
                break


def _pair(
    statement: str,
    mention: Mention,
    passage: Passage,
    name: str,
    entities: Entities,
    chance: random.Random,
    is_near: bool,
) -> Pair | None:
    type_ = entities.types.get(normal_name(mention.name), "")
    span = only_place(statement, mention.name)
    if not type_ or span is None:
        return None
    held = mention.name if is_near else f"{passage.title} {passage.text}"
    other = _another(mention.name, entities.pools.get(type_, ()), held, chance)
    if other is None:
        return None
    before = statement[: span[0]].strip(" \"“'")
    return Pair(
        id=name,
        document=passage.document,
        true=statement,
        false=statement[: span[0]] + other + statement[span[1] :],
        replaced=mention.name,
        replacement=other,
        type=type_.split()[0],
        is_subject=before in ("", "The", "A", "An"),
    )


def statements_of(passage: Passage, chance: random.Random) -> list[tuple[str, str]]:
    """Sentences of a passage that state something, each with a form that is understandable by itself.

    That is the sentence as it is, or, where it opens with a pronoun, one of the claims it is split into.
    """
    found = []
    claims = defaultdict(list)
    for claim in split_claims(passage.text, passage.title).claims if passage.text.strip() else ():
        claims[claim.sentence].append(claim.text)
    for sentence, parts in claims.items():
        plain = " ".join(sentence.split())
        usable = [part for part in parts if not leans(part)]
        if not usable or not _SHORTEST <= len(plain) <= _LONGEST or reason_to_skip(plain):
            continue
        is_plain = plain[0].isupper() and not leans(plain)
        found.append((sentence, plain if is_plain else chance.choice(usable)))
    return found


def leans(statement: str) -> bool:
    """Whether a statement opens with a pronoun or a plain "the film", and so needs the sentence before it."""
    first = statement.split()[0].lower().removesuffix("'s")
    opening = find_opening(statement)
    subject = opening.text.lower() if opening else ""
    return first in UNRESOLVED or subject in UNRESOLVED or _LEANS.match(statement) is not None


def only_place(statement: str, name: str) -> tuple[int, int] | None:
    """Where a statement holds a name, once and not as part of a longer one."""
    found = list(re.finditer(rf"(?<![\w'’-]){re.escape(name)}(?![\w'’-])", statement))
    if len(found) != 1:
        return None
    start, end = found[0].span()
    before, after = statement[:start].split(), statement[end:].split()
    neighbours = [word for word in (before[-1:] + after[:1]) if not statement[:start].endswith((". ", "( "))]
    if name[0].isupper() and any(word.strip("\"'“”")[:1].isupper() for word in neighbours[-1:] if after):
        return None
    if before and len(before) > 1 and before[-1][:1].isupper() and before[-1].isalpha() and name[0].isupper():
        return None
    return start, end


def _another(name: str, pool: Sequence[str], held: str, chance: random.Random) -> str | None:
    """Another name of the type that shares no word with the text given, nor with the name it replaces."""
    taken = set(words(f"{name} {held}"))
    for _ in range(20):
        other = chance.choice(pool) if pool else ""
        told = set(words(other))
        if told and not told & taken and normal_name(other) != normal_name(name):
            return other
    return None


def _pools(types: Mapping[str, str], extraction: Extraction) -> dict[str, list[str]]:
    """The names of one passage by type."""
    pools: dict[str, list[str]] = defaultdict(list)
    for name in sorted({mention.name for mention in extraction.mentions}):
        pools[types.get(normal_name(name), "")].append(name)
    return pools
