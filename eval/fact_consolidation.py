"""Numbered facts of which newer ones replace older ones, and questions of one hop and two about what holds in the end.

In the manner of FactConsolidation (MemoryAgentBench, arXiv 2507.05257): one long list, a larger number is the newer
fact, nothing else tells which of two holds. Names, facts and wording are our own; everything is drawn from a seed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, TypeVar

from hippograph import Hippograph
from hippograph.settings import Settings
from hippograph.text.names import normal_name
from hippograph.types import Document, DocumentId

Item = TypeVar("Item")
Watch = Callable[[Sequence[Item], str], Iterable[Item]]

SIZES = (6000, 32_000, 64_000, 260_000)
REPLACED = 0.5
"""The share of facts that a newer one replaces."""
LINES_A_DOCUMENT = 250
TOKENS_A_FACT = 7.7
"""Words of a fact with its number, on average: a model's own tokens are more, for names it has never seen."""


@dataclass(frozen=True, slots=True)
class Relation:
    """How a relation is stated and asked for."""

    subject: str
    object: str
    statement: str
    question: str
    phrase: str
    """The object as it stands in a longer question."""
    others: tuple[str, ...] = ()
    """Other ways to state it."""

    def stated(self, chance: random.Random, subject: str, object_: str) -> str:
        """One of the ways to state it, drawn by chance."""
        return chance.choice((self.statement, *self.others)).format(s=subject, o=object_)


def _role(subject: str, object_: str, role: str, asks: str) -> Relation:
    """A relation with a name of its own, which is stated in three ways."""
    return Relation(
        subject,
        object_,
        f"The {role} of {{s}} is {{o}}.",
        f"{asks} is the {role} of {{s}}?",
        f"the {role} of {{s}}",
        (f"{{s}}'s {role} is {{o}}.", f"{{o}} is the {role} of {{s}}."),
    )


def _verb(subject: str, object_: str, statement: str, question: str, phrase: str) -> Relation:
    """A relation that is told by a verb."""
    return Relation(subject, object_, statement, question, phrase)


RELATIONS = (
    _role("company", "person", "chief executive", "Who"),
    _role("country", "city", "capital", "What"),
    _role("country", "language", "official language", "What"),
    _role("country", "person", "head of state", "Who"),
    _role("city", "person", "mayor", "Who"),
    _role("book", "person", "author", "Who"),
    _verb(
        "company",
        "city",
        "{s} is headquartered in {o}.",
        "In which city is {s} headquartered?",
        "the city where {s} is headquartered",
    ),
    _verb("company", "person", "{s} was founded by {o}.", "Who founded {s}?", "the founder of {s}"),
    _verb(
        "person",
        "city",
        "{s} was born in the city of {o}.",
        "In which city was {s} born?",
        "the city where {s} was born",
    ),
    _verb(
        "person",
        "person",
        "{s} is married to {o}.",
        "Who is {s} married to?",
        "the person to whom {s} is married",
    ),
    _verb(
        "person",
        "company",
        "{s} works for {o}.",
        "Which company does {s} work for?",
        "the company that {s} works for",
    ),
    _verb(
        "person",
        "country",
        "{s} is a citizen of {o}.",
        "Which country is {s} a citizen of?",
        "the country of which {s} is a citizen",
    ),
    _verb(
        "person",
        "sport",
        "{s} plays the sport of {o}.",
        "Which sport does {s} play?",
        "the sport that {s} plays",
    ),
    _verb(
        "person",
        "language",
        "{s} speaks {o}.",
        "Which language does {s} speak?",
        "the language that {s} speaks",
    ),
    _verb(
        "city",
        "country",
        "{s} is located in {o}.",
        "In which country is {s} located?",
        "the country where {s} is located",
    ),
    _verb(
        "book",
        "language",
        "{s} was written in {o}.",
        "In which language was {s} written?",
        "the language in which {s} was written",
    ),
    _verb(
        "sport",
        "country",
        "{s} was invented in {o}.",
        "In which country was {s} invented?",
        "the country where {s} was invented",
    ),
)
PER_KIND = {
    "person": 0.3,
    "company": 0.14,
    "city": 0.14,
    "country": 0.04,
    "book": 0.14,
    "language": 0.02,
    "sport": 0.01,
}
"""How many things of a kind there are, as a share of the number of facts."""

_LISTED = (
    "b br d dr f fl g gr h j k kl l m n p pr r s sk st t tr v w z",
    "a e i o u au ei",
    "l m n nd r rk s st t x",
)
_ONSETS, _VOWELS, _CODAS = (listed.split() for listed in _LISTED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its answer, and the answer that held before, where there was one."""

    question: str
    answer: str
    hops: int


@dataclass(frozen=True, slots=True)
class Consolidation:
    """A list of numbered facts, in documents, and questions about what holds at its end."""

    documents: tuple[Document, ...]
    questions: tuple[Asked, ...]
    facts: int
    replaced: int


def generate(tokens: int, questions: int, seed: int) -> Consolidation:
    """A list of about so many tokens, and as many questions of one hop as of two."""
    chance = random.Random(seed)
    count = max(60, round(tokens / TOKENS_A_FACT))
    things = _things(chance, count)
    kept: dict[tuple[int, str], str] = {}
    facts: list[tuple[int, str, str]] = []
    for _ in range(count):
        place, subject, object_ = _draw(chance, things, kept)
        kept[place, subject] = object_
        facts.append((place, subject, object_))
    lines = [
        f"{number}. {RELATIONS[place].stated(chance, s, o)}" for number, (place, s, o) in enumerate(facts)
    ]
    documents = tuple(
        Document(
            DocumentId(f"facts-{start:06d}"), "Facts", "\n".join(lines[start : start + LINES_A_DOCUMENT])
        )
        for start in range(0, count, LINES_A_DOCUMENT)
    )
    asked = (*_one_hop(chance, kept, questions), *_two_hops(chance, kept, questions))
    return Consolidation(documents, asked, count, count - len(kept))


def _things(chance: random.Random, count: int) -> dict[str, list[str]]:
    made: set[str] = set()

    def word() -> str:
        while True:
            syllables = chance.randint(2, 3)
            parts = [chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(syllables)]
            name = ("".join(parts) + chance.choice(_CODAS)).capitalize()
            if name not in made:
                made.add(name)
                return name

    forms: dict[str, Callable[[], str]] = {
        "person": lambda: f"{word()} {word()}",
        "company": lambda: (
            f"{word()} {chance.choice(['Works', 'Industries', 'Partners', 'Foods', 'Systems'])}"
        ),
        "book": lambda: f"The {chance.choice(['Silent', 'Hidden', 'Last', 'Golden', 'Broken'])} {word()}",
    }
    return {
        kind: [forms.get(kind, word)() for _ in range(max(6, round(share * count)))]
        for kind, share in PER_KIND.items()
    }


def _draw(
    chance: random.Random, things: Mapping[str, Sequence[str]], kept: Mapping[tuple[int, str], str]
) -> tuple[int, str, str]:
    """A new fact, or a newer one in place of one that is there."""
    if kept and chance.random() < REPLACED:
        place, subject = list(kept)[chance.randrange(len(kept))]
        relation = RELATIONS[place]
    else:
        place = chance.randrange(len(RELATIONS))
        relation = RELATIONS[place]
        subject = chance.choice(things[relation.subject])
    others = [name for name in chance.sample(things[relation.object], 3) if name != subject]
    object_ = next(name for name in others if name != kept.get((place, subject)))
    return place, subject, object_


def _one_hop(chance: random.Random, kept: Mapping[tuple[int, str], str], count: int) -> list[Asked]:
    drawn = chance.sample(sorted(kept), min(count, len(kept)))
    return [Asked(RELATIONS[place].question.format(s=s), kept[place, s], 1) for place, s in drawn]


def _two_hops(chance: random.Random, kept: Mapping[tuple[int, str], str], count: int) -> list[Asked]:
    """Chains of two facts that both hold; the question names neither the middle nor the end."""
    by_subject: dict[str, list[int]] = defaultdict(list)
    for place, subject in sorted(kept):
        by_subject[subject].append(place)
    chains = [
        (first, subject, second)
        for (first, subject), middle in sorted(kept.items())
        for second in by_subject[middle]
        if kept[second, middle] != subject
    ]
    drawn = chance.sample(chains, min(count, len(chains)))
    return [
        Asked(
            RELATIONS[second].question.format(s=RELATIONS[first].phrase.format(s=subject)),
            kept[second, kept[first, subject]],
            2,
        )
        for first, subject, second in drawn
    ]


def measure_sizes(
    sizes: Sequence[int],
    questions: int,
    seed: int,
    embedder: str,
    progress: Callable[[str, int, int], None],
    watch: Watch[Any],
) -> list[dict[str, Any]]:
    """The same for lists of so many tokens, each in an index of its own that is thrown away.

    The settings say what the task says: every relation has one object at a time, and a larger number is newer.
    """
    models = {} if embedder == "default" else {"embedder": embedder}
    time = {"serials": True, "functional": ("*",), "newest_wins": True}
    settings = Settings.load(models=models, time=time)
    reports = []
    for tokens in sizes:
        made = generate(tokens, questions, seed)
        with (
            TemporaryDirectory() as folder,
            Hippograph.build(made.documents, folder, settings=settings, progress=progress) as memory,
        ):
            counted = sum(memory.embedder.token_count(document.text) for document in made.documents)
            reports.append({"tokens": counted, **measure_consolidation(memory, made, watch)})
    return reports


def measure_consolidation(memory: Hippograph, made: Consolidation, watch: Watch[Any]) -> dict[str, Any]:
    """The share of questions whose short answer is the object that holds, by hops."""
    right: dict[int, list[bool]] = defaultdict(list)
    refused, times, wrong = 0, [], []
    for each in watch(made.questions, "asking"):
        started = perf_counter()
        answer = memory.ask(each.question)
        times.append((perf_counter() - started) * 1000)
        is_right = normal_name(answer.span or "") == normal_name(each.answer)
        right[each.hops].append(is_right)
        refused += answer.refusal is not None
        if not is_right:
            wrong.append([each.question, each.answer, answer.span, answer.method])
    return {
        "facts": made.facts,
        "replaced": made.replaced,
        "questions": len(made.questions),
        "one_hop": _share(right[1]),
        "two_hops": _share(right[2]),
        "refused": refused,
        "ask_ms_p50": round(median(times), 2),
        "wrong": wrong[:20],
    }


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 0.0
