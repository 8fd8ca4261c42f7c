"""What a question asks for: a subject it names, and the relation of it, maybe over another subject on the way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.generation.overlap import content_stems
from hippograph.generation.question_types import AnswerType, Question, question_names, read_question
from hippograph.text.dates import find_dates
from hippograph.text.names import normal_name
from hippograph.types import Interval, Node, Statement
from hippograph.validity.times import Times

Mask = npt.NDArray[np.bool_]

MOST_HOPS = 3
MOST_BRANCHES = 4
"""How many objects of a relation are gone on from: "the author of" a thing has few, "mentions" has many."""
MOST_SUBJECTS = 8
MOST_PATHS = 40
"""How many ways are gone on from at once: a bound for questions that touch much and are about none of it."""

_GENERIC = frozenset(
    content_stems("name person people man woman thing value what which whose kind give tell state")
)
"""Words of a question that ask and name nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One relation of one subject."""

    subject_key: str
    relation_key: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the relation of the last step; the steps before lead to its subject."""

    steps: tuple[Step, ...]
    way: tuple[Interval, ...]
    """What holds at each step before the last."""

    @property
    def last(self) -> Step:
        """The relation that is asked for."""
        return self.steps[-1]


@dataclass(frozen=True, slots=True)
class _Path:
    """A way through relations, and the words of the question that it leaves open."""

    subject: str
    needed: frozenset[str]
    steps: tuple[Step, ...] = ()
    way: tuple[Interval, ...] = ()
    unasked: int = 0
    """How many words of the relations the question does not say."""
    said: int = 0


class Asking:
    """Finds what questions ask for among the passages that can be seen."""

    def __init__(
        self,
        times: Times,
        mask: Mask | None,
        holds: Callable[[Interval], bool],
        named: Callable[[str], Mapping[Node, str]],
        most_passages: int | None = None,
    ) -> None:
        """`holds` says which intervals are gone on from; `named` which entities a text names.

        A subject that more than `most_passages` name is passed over.
        """
        self._times = times
        self._mask = mask
        self._holds = holds
        self._named = named
        self._most_passages = most_passages

    def find(self, question: str, extra: str = "") -> Asked | None:
        """The subject and relation a question asks for; None where no statement is about what it says.

        Every word of it that names something must be a name or part of a relation. `extra` is a value that the
        question gives: a relation that has it counts as said.
        """
        asked = read_question(question)
        best: tuple[tuple[int, int], _Path] | None = None
        for subject in self._subjects(question):
            needed = frozenset(content_stems(question)) - frozenset(content_stems(subject)) - _GENERIC
            needed -= {stem for stem in needed if stem.isdigit() and stem in _date_stems(question)}
            for path in self._paths(_Path(subject, needed), asked, extra):
                rank = (len(path.steps), path.unasked - path.said)
                if best is None or rank < best[0]:
                    best = (rank, path)
        return Asked(best[1].steps, best[1].way) if best else None

    def _subjects(self, question: str) -> list[str]:
        """The names in a question: entities of the graph, and what is spelled like a name."""
        known = list(self._named(question).values())
        spelled = [normal_name(name) for name in question_names(question)]
        unknown = [name for name in spelled if name and not any(each in name for each in known)]
        return list(dict.fromkeys([*known, *unknown]))[:MOST_SUBJECTS]

    def _paths(self, path: _Path, asked: Question, extra: str) -> list[_Path]:
        """The ways that leave no word open, the shortest first."""
        found: list[_Path] = []
        frontier = [path]
        for _ in range(MOST_HOPS):
            further: list[_Path] = []
            for each in frontier:
                for step, said, unasked in self._relations(each, extra):
                    longer = _Path(
                        each.subject,
                        each.needed - said,
                        (*each.steps, step),
                        each.way,
                        each.unasked + unasked,
                        each.said + len(said),
                    )
                    if not _left_open(longer.needed, asked) and _fits(asked, step):
                        found.append(longer)
                    elif longer.needed:
                        further += self._on_from(longer)
            if found:
                return found
            frontier = further[:MOST_PATHS]
        return found

    def _relations(self, path: _Path, extra: str) -> list[tuple[Step, frozenset[str], int]]:
        """The relations of the path's subject that the question says something of, what it says, what it does not."""
        if self._most_passages and len(self._times.passages_about(path.subject)) > self._most_passages:
            return []
        by_relation: dict[str, list[Statement]] = defaultdict(list)
        for statement in self._times.statements_about(path.subject, self._mask):
            by_relation[statement.relation_key].append(statement)
        found = []
        for key, said in sorted(by_relation.items()):
            stems = frozenset(content_stems(key))
            common = stems & path.needed
            has_extra = bool(extra) and any(each.object_key == normal_name(extra) for each in said)
            if common or has_extra:
                step = Step(path.subject, key, tuple(said))
                found.append((step, common, len(stems - common) - 2 * has_extra))
        return found

    def _on_from(self, path: _Path) -> list[_Path]:
        """The same path at each object that the last relation has."""
        holding = [each for each in self._times.intervals(path.steps[-1].statements) if self._holds(each)]
        if len(holding) > MOST_BRANCHES:
            return []
        return [
            _Path(key, path.needed, path.steps, (*path.way, each), path.unasked, path.said)
            for each in holding
            if (key := normal_name(each.object)) and key not in {step.subject_key for step in path.steps}
        ]


_KIND = re.compile(
    r"\b(?:the|which|what|a|an)\s+(\w+)\s+(?:that|which|where|who|whose|when|(?:of|in|to|for|on|at|from|by|with)\s+(?:which|whom|whose))\b",
    re.IGNORECASE,
)


def _left_open(needed: frozenset[str], asked: Question) -> frozenset[str]:
    """The words that nothing accounts for, but for nouns that only say what kind of thing is meant.

    Those are the one that is asked for ("which city") and those that a clause follows ("the city where").
    """
    kinds = _KIND.findall(asked.text)
    if asked.head and re.search(
        rf"\b(?:which|what)\s+(?:\w+\s+)?{re.escape(asked.head)}", asked.text, re.IGNORECASE
    ):
        kinds.append(asked.head)
    return needed - frozenset(stem for kind in kinds for stem in content_stems(kind))


def _fits(asked: Question, step: Step) -> bool:
    """Whether the objects of a relation are of the kind that is asked for, as far as that can be told."""
    objects = [each.object for each in step.statements if each.object]
    dates = [bool(find_dates(each)) or each.replace(",", "").isdigit() for each in objects]
    if asked.type in (AnswerType.PERSON, AnswerType.PLACE):
        return not all(dates)
    if asked.type in (AnswerType.DATE, AnswerType.NUMBER):
        return any(re.search(r"\d", each) for each in objects) or not objects
    return True


def _date_stems(question: str) -> frozenset[str]:
    return frozenset(
        stem for start, end in find_dates(question) for stem in content_stems(question[start:end])
    )
