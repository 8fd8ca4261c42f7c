"""Which came first and how long between: answers from moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hippograph.timelines.order import answer_order, find_happenings
from hippograph.timelines.questions import read_timed
from hippograph.timelines.search import FOUND_FOR
from hippograph.types import (
    DocumentId,
    Evidence,
    Passage,
    PassageId,
    RankedPassage,
    Reason,
    ReasonKind,
    Row,
    Sentence,
)

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
VECTOR = np.array([1.0, 0.0], dtype=np.float32)


def found(event: str, days: float, number: int = 0) -> Evidence:
    """A passage found for a happening, so many days after the start."""
    passage = Passage(
        PassageId(f"p{number}"),
        DocumentId(f"d{number}"),
        "t",
        "",
        "It was so.",
        0,
        10,
        0,
        (Sentence("It was so.", 0, 10),),
    )
    reasons = (Reason(ReasonKind.TIME, f"{FOUND_FOR}{event}"),)
    ranked = RankedPassage(1, Row(number), passage, 1.0, 1, "", START + timedelta(days=days), reasons)
    return Evidence(ranked, VECTOR[None, :], (), ())


def answered(question: str, first_days: float, second_days: float) -> str | None:
    asked = read_timed(question)
    evidence = [found(asked.events[0], first_days, 0), found(asked.events[1], second_days, 1)]
    draft = answer_order(asked, find_happenings(asked, evidence, [VECTOR, VECTOR]))
    return None if draft is None else draft.span


@pytest.mark.parametrize(
    ("question", "first", "second", "span"),
    [
        ("Did Ana sell the mill before Bo left Ribe?", 0, 3, "yes"),
        ("Did Ana sell the mill before Bo left Ribe?", 3, 0, "no"),
        ("Did Ana sell the mill after Bo left Ribe?", 3, 0, "yes"),
        ("Is the time between Ana asking Bo and Bo saying yes more than 3 days?", 0, 3.1, "yes"),
        ("Is the time between Ana asking Bo and Bo saying yes more than 3 days?", 0, 3, "no"),
        ("Is the time between Ana asking Bo and Bo saying yes at least 3 days?", 0, 3, "yes"),
        ("Is the time between Ana asking Bo and Bo saying yes less than a week?", 6, 0, "yes"),
        ("How long did it take from Ana planning it all to Bo opening it?", 0, 27, "27 days"),
        ("Which came first: the harbour fire or the mill strike?", 5, 4, "the mill strike"),
        ("Which came last: the harbour fire or the mill strike?", 5, 4, "the harbour fire"),
    ],
)
def test_moments_answer_questions_about_order(question: str, first: float, second: float, span: str) -> None:
    """Yes and no by which is earlier, limits by the time between, durations in days, and the one that is asked for."""
    assert answered(question, first, second) == span


def test_both_happenings_are_cited_oldest_first() -> None:
    """The answer rests on the two passages, and says their dates."""
    asked = read_timed("Did Ana sell the mill before Bo left Ribe?")
    evidence = [found(asked.events[0], 3, 0), found(asked.events[1], 0, 1)]

    draft = answer_order(asked, find_happenings(asked, evidence, [VECTOR, VECTOR]))

    assert draft is not None
    assert [cited.document for cited in draft.citations] == ["d1", "d0"]
    assert draft.text == "No: “Ana sell the mill” (2026-01-08) came after “Bo left Ribe” (2026-01-05)."


def test_without_a_passage_or_a_date_for_each_no_order_is_told() -> None:
    """One happening that nothing was found for, and none is put in order."""
    asked = read_timed("Did Ana sell the mill before Bo left Ribe?")

    assert find_happenings(asked, [found(asked.events[0], 0)], [VECTOR, VECTOR]) == ()
    assert answer_order(asked, ()) is None
