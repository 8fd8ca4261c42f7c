"""Timekeeping: searches and answers as of a moment, what held when, and what changed between two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hippograph.errors import QuestionError, SettingsError
from hippograph.generation.overlap import content_stems
from hippograph.ports import Generator, Parts
from hippograph.published import PublishedIndex
from hippograph.retrieval.search import ranked_passage
from hippograph.retrieval.seeds import names_in
from hippograph.retrieval.ways.methods import WAYS
from hippograph.searching import Searching
from hippograph.settings import Settings
from hippograph.text.moments import UnreadableDate, read_date
from hippograph.text.names import normal_name
from hippograph.types import (
    Answer,
    Change,
    Citation,
    Draft,
    Interval,
    Node,
    PassageId,
    RankedPassage,
    Reason,
    ReasonKind,
    Row,
    SearchResult,
    SearchTrace,
    Seed,
    Seeds,
    Statement,
    Vectors,
)
from hippograph.validity.answers import Told, day, tell, tell_changes
from hippograph.validity.as_of import Contributions, IndexAsOf, Kept, seen_by
from hippograph.validity.asked import Asked, Asking
from hippograph.validity.changes import Side, changes_between, touched_by_time, touched_by_versions
from hippograph.validity.questions import TimeKind, TimeQuestion, read_time_question
from hippograph.validity.times import EPOCH, UNDATED, Times

Mask = npt.NDArray[np.bool_]
AsOf = datetime | date | str
"""A moment, a day, or a date as it is written: a day, a month or a year counts to its end."""


MOST_UNASKED = 5000
"""A question without a date is not put to the statements about a thing that more passages name than this: they would
have to be read first."""
METHODS_AS_OF = ("hippograph", "dense", "bm25", *WAYS)
"""Those that look at nothing but the index they are given."""
SAYS_WHAT_HOLDS = Reason(ReasonKind.SEED_FACT, "says what held then")


class Timekeeper:
    """What one opened version says of time."""

    def __init__(self, index: PublishedIndex, parts: Parts, settings: Settings) -> None:
        self.index = index
        self.times = Times(index, settings.time)
        self._parts = parts
        self._settings = settings
        self._views = Kept()

    @cached_property
    def _contributions(self) -> Contributions:
        return Contributions(self.index)

    # ------------------------------------------------------------------ searching

    def searching(self, question: str, as_of: AsOf) -> Searching:
        """The methods of search over what could be seen at a moment. Raises QuestionError.

        Where statements answer the question, those of what holds then come first, and older ones are not seen.
        """
        moment = moment_of(as_of)
        view = self._view(moment)
        warnings = self._warnings(moment, view)
        asked = read_time_question(question)
        found = None if asked.is_about_change() else self._asked(asked, view, moment)
        if found is None or not self.times.is_functional(found.last.relation_key):
            return SearchingAsOf(view, self._parts, self._settings, warnings)
        at = asked.first.last if asked.kind is TimeKind.AT and asked.first else moment
        intervals = self.times.intervals(found.last.statements)
        valid = _newest_first([each for each in intervals if each.holds_at(at)])
        kept = (*valid, *_newest_first(found.way))
        stale = self._stale(kept, intervals, view) if valid else ()
        if stale:
            view = view.without(stale)
            told = f"{len(stale)} passages were left out: newer ones say what they say, or otherwise"
            warnings = (*warnings, told)
        leading = tuple(self.times.rows_of(dict.fromkeys(kept))) if valid else ()
        return SearchingAsOf(view, self._parts, self._settings, warnings, leading)

    def _view(self, moment: datetime) -> IndexAsOf:
        def make() -> IndexAsOf:
            return seen_by(self.index, self._contributions, self.times.visible(moment))

        view: IndexAsOf = self._views.get(moment, make)
        return view

    def _warnings(self, moment: datetime, view: IndexAsOf) -> tuple[str, ...]:
        undated = self.times.undated_count
        later = self.index.passage_count - view.passage_count - undated
        told = [f"as of {day(moment)}: {later} passages were observed later"] if later > 0 else []
        if undated:
            kept = "are seen all the same" if self._settings.time.undated == "keep" else "were left out"
            told.append(f"{undated} passages have no date and {kept}")
        if moment > self._parts.clock.now():
            told.append(f"{day(moment)} lies in the future: this is what is known by now")
        return tuple(told)

    def _stale(
        self, kept: Sequence[PassageId], intervals: Sequence[Interval], view: IndexAsOf
    ) -> tuple[int, ...]:
        """The passages with other statements of what is asked for."""
        others = {each.citation.passage for interval in intervals for each in interval.evidence}
        rows = sorted(self.times.rows_of(others.difference(kept)))
        return tuple(row for row in rows if view.visible[row])

    # ------------------------------------------------------------------ answering

    def answer(self, question: str, as_of: AsOf | None) -> Answer | None:
        """The answer that intervals give; None where the question is none for them. Raises QuestionError."""
        asked = read_time_question(question)
        if as_of is None and not (asked.kind is not TimeKind.NOW or self._settings.time.newest_wins):
            return None
        moment = self._parts.clock.now() if as_of is None else moment_of(as_of)
        view = self._view(moment) if as_of is not None else None
        told = self._told(asked, view, moment, as_of)
        if told is None and view is not None and (unknown := self._not_there_yet(question, view, moment)):
            told = Told(unknown, ())
        return None if told is None else self._answer(question, told, view, moment)

    def _told(
        self, asked: TimeQuestion, view: IndexAsOf | None, moment: datetime, as_of: AsOf | None
    ) -> Told | None:
        """What intervals tell of it; None where they tell nothing."""
        unreadable = Told(Draft(asked.warning, None, (), asked.warning, 1.0), ())
        if asked.kind is TimeKind.CHANGES:
            return unreadable if asked.warning else self._changed(asked, moment)
        found = self._asked(asked, view, moment)
        if found is None:
            return self._any_change(asked, view, moment)
        if asked.warning:
            return unreadable
        chosen = as_of is not None or self._settings.time.newest_wins or asked.is_about_change()
        if not chosen and not self.times.is_functional(found.last.relation_key):
            return None  # "in 1957" may be part of what happened
        return tell(asked, found.way, self.times.intervals(found.last.statements), moment)

    def _any_change(self, asked: TimeQuestion, view: IndexAsOf | None, moment: datetime) -> Told | None:
        """When anything changed last of the one thing that a question names without a relation."""
        index = self.index if view is None else view
        named = list(names_in(asked.rest, index).values())
        if asked.kind is not TimeKind.WHEN or asked.value or len(named) != 1:
            return None
        if set(content_stems(asked.rest)) != set(content_stems(named[0])):
            return None
        mask = view.visible if view is not None else None
        found = [each for each in self.times.history(named[0], mask=mask) if each.is_functional]
        again = {each.evidence[0].relation_key for each in found if each.reason}
        told = [each for each in found if each.evidence[0].relation_key in again and each.valid_from]
        told.sort(key=lambda each: (each.valid_from or EPOCH, each.relation))
        return tell(asked, (), told, moment)

    def _changed(self, asked: TimeQuestion, moment: datetime) -> Told | None:
        """What changed between two dates of what the question names, or of everything."""
        if asked.first is None:
            return None
        last = min(asked.last.last if asked.last else moment, moment)
        if asked.first.first > last:
            return None
        named = [self.index.entity_name(node) for node in names_in(asked.rest, self.index)]
        if asked.rest and not named:
            return None
        subjects = {normal_name(name) for name in named}
        found = self.diff(asked.first.first, last)
        return tell_changes([each for each in found if not subjects or normal_name(each.subject) in subjects])

    def _asked(self, asked: TimeQuestion, view: IndexAsOf | None, moment: datetime) -> Asked | None:
        mask = view.visible if view is not None else None
        index = self.index if view is None else view

        def named(text: str) -> Mapping[Node, str]:
            return names_in(text, index)

        at = asked.first.last if asked.kind is TimeKind.AT and asked.first else moment
        most = None if view is not None or self._settings.time.newest_wins else MOST_UNASKED
        asking = Asking(self.times, mask, lambda interval: interval.holds_at(at), named, most)
        return asking.find(asked.rest, asked.value)

    def _not_there_yet(self, question: str, view: IndexAsOf, moment: datetime) -> Draft | None:
        """A refusal where the question names something that had not been observed by then."""
        here = names_in(question, self.index)
        there = set(view.nodes_of_keys([self.index.entity_key(node) for node in here]))
        for node, name in sorted(here.items(), key=lambda item: (-len(item[1]), item[1])):
            if node in there or not _is_name(name, question):
                continue
            rows = self.index.passages_of_entity(node)
            moments = self.times.moments
            first = min(rows.tolist(), key=lambda row: (moments[row] == UNDATED, moments[row], row))
            observed = self.index.origin_of(Row(first)).timestamp
            since = (
                f"it is first named in a document of {day(observed)}"
                if observed
                else "its documents have no date"
            )
            why = f"Nothing about {self.index.entity_name(node)} had been observed by {day(moment)}; {since}."
            return Draft(why, None, (), why, 1.0)
        return None

    def _answer(self, question: str, told: Told, view: IndexAsOf | None, moment: datetime) -> Answer:
        draft = told.draft
        warnings = [*(self._warnings(moment, view) if view else ()), *draft.warnings]
        subjects = dict.fromkeys(each.subject for each in told.intervals)
        nodes = self.index.nodes_of_keys([normal_name(subject) for subject in subjects])
        seeds = tuple(
            Seed(node, subject, 1.0, "named in the question")
            for node, subject in zip(nodes, subjects, strict=True)
            if node is not None
        )
        trace = SearchTrace("intervals", Seeds(entities=seeds), None, {}, warnings=tuple(warnings))
        return Answer(
            question=question,
            text=draft.text,
            span=draft.span,
            citations=draft.citations,
            refusal=draft.refusal,
            confidence=draft.confidence,
            method="intervals",
            passages=self._passages(draft.citations),
            trace=trace,
            intervals=told.intervals,
        )

    def _passages(self, citations: Sequence[Citation]) -> tuple[RankedPassage, ...]:
        rows = self.times.rows_of(dict.fromkeys(each.passage for each in citations))
        return tuple(
            ranked_passage(self.index, rank, row, 1.0, 1, ()) for rank, row in enumerate(rows, start=1)
        )

    # ------------------------------------------------------------------ history

    def history(self, subject: str, relation: str | None = None, as_of: AsOf | None = None) -> list[Interval]:
        """What held when of a subject, oldest first. Raises QuestionError."""
        mask = None if as_of is None else self.times.visible(moment_of(as_of))
        return self.times.history(subject, relation, mask)

    def diff(self, first: AsOf, last: AsOf, subject: str | None = None) -> list[Change]:
        """What was known to hold at one date and not at another, by what was observed between. Raises QuestionError."""
        moments = [moment_of(first), moment_of(last)]
        if moments[0] > moments[1]:
            raise QuestionError(
                f"{day(moments[0])} is later than {day(moments[1])}: give the earlier date first."
            )
        one, other = (Side(self.times, self.times.visible(each), each) for each in moments)
        touched = touched_by_time(self.times, one.mask, other.mask)
        return changes_between(one, other, _about(subject, touched))

    def diff_from(self, earlier: Timekeeper, subject: str | None = None) -> list[Change]:
        """What this version says holds and an earlier one did not, and the other way round."""
        now = self._parts.clock.now()
        one, other = (Side(each.times, each.times.live(), now) for each in (earlier, self))
        return changes_between(one, other, _about(subject, touched_by_versions(earlier.times, self.times)))


class SearchingAsOf(Searching):
    """The methods over an index as it was at a moment."""

    def __init__(
        self,
        index: IndexAsOf,
        parts: Parts,
        settings: Settings,
        warnings: tuple[str, ...],
        leading: tuple[int, ...] = (),
    ) -> None:
        """`leading` are the rows of passages that say what holds: they come before what the search finds."""
        super().__init__(index, parts, settings)
        self._warnings = warnings
        self._leading = leading

    def once(
        self, question: str, query_vector: Vectors, k: int, method: str, generator: Generator | None
    ) -> SearchResult:
        """One search. Raises SettingsError for a method with a graph of its own, which knows no moments."""
        if method not in METHODS_AS_OF:
            raise SettingsError(
                f"The method {method!r} cannot search as of a moment. These can: {', '.join(METHODS_AS_OF)}."
            )
        found = super().once(question, query_vector, k, method, generator)
        trace = replace(found.trace, warnings=(*found.trace.warnings, *self._warnings))
        return SearchResult(self._led(found.passages, k), trace)

    def _led(self, passages: Sequence[RankedPassage], k: int) -> tuple[RankedPassage, ...]:
        """The passages with those that say what holds in front, which score as the first does."""
        known = {each.row: each for each in passages}
        best = max((each.score for each in passages), default=1.0)
        first = [
            known.get(Row(row)) or ranked_passage(self.index, 1, row, best, 1, ()) for row in self._leading
        ]
        first = [
            replace(each, score=max(best, each.score), reasons=(*each.reasons, SAYS_WHAT_HOLDS))
            for each in first
        ]
        rest = [each for each in passages if each.row not in self._leading]
        return tuple(replace(each, rank=rank) for rank, each in enumerate([*first, *rest][:k], start=1))


def _about(subject: str | None, statements: Iterable[Statement]) -> list[Statement]:
    wanted = None if subject is None else normal_name(subject)
    return [each for each in statements if wanted in (None, each.subject_key)]


def _newest_first(intervals: Iterable[Interval]) -> tuple[PassageId, ...]:
    """The passages that say what holds: of each interval the newest statement, the one that began it, and what says
    otherwise."""
    said = [
        each.citation.passage
        for interval in intervals
        for each in (interval.evidence[-1], interval.evidence[0], *interval.conflicts)
    ]
    return tuple(dict.fromkeys(said))


def moment_of(as_of: AsOf) -> datetime:
    """The last moment that a date stands for. Raises QuestionError for one that cannot be read, or in two ways."""
    if isinstance(as_of, datetime):
        return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)
    try:
        return read_date(as_of.isoformat() if isinstance(as_of, date) else as_of).last
    except UnreadableDate as error:
        raise QuestionError(str(error)) from error


def _is_name(name: str, question: str) -> bool:
    """Whether the words of an entity's normal name are spelled like a name where the question has them."""
    pattern = r"\W+".join(re.escape(word) for word in name.split())
    match = re.search(rf"(?<!\w){pattern}(?!\w)", question, re.IGNORECASE)
    if match is None:
        return False
    said = match.group()
    is_role = re.search(r"\b(?:the|a|an)\s+$", question[: match.start()], re.IGNORECASE) and question[
        match.end() :
    ].startswith(" of ")
    is_capital = any(char.isupper() for char in said) and (match.start() > 0 or len(said.split()) > 1)
    return is_capital and not (is_role and len(said.split()) == 1)
