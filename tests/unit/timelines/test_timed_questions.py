"""What questions say of time: happenings that are compared, and the times that are named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hippograph.timelines.questions import read_timed


@pytest.mark.parametrize(
    ("question", "told", "is_first_earlier"),
    [
        ("Did Ana sell the mill before Bo left Ribe?", ("Ana sell the mill", "Bo left Ribe"), True),
        (
            "Was the bridge closed after the flood of spring came?",
            ("the bridge closed", "the flood of spring came"),
            False,
        ),
        (
            "Did Ana write about the rest after the long workout before she bought the bench?",
            ("Ana write about the rest after the long workout", "she bought the bench"),
            True,
        ),
        (
            "Is the time between Ana asking about the roof and Bo mending the roof more than 3 days?",
            ("Ana asking about the roof", "Bo mending the roof"),
            None,
        ),
        (
            "How long did it take from Ana planning the garden to the garden being open?",
            ("Ana planning the garden", "the garden being open"),
            None,
        ),
        (
            "Which came first: the harbour fire or the mill strike?",
            ("the harbour fire", "the mill strike"),
            None,
        ),
    ],
)
def test_two_happenings_are_told_apart(
    question: str, told: tuple[str, ...], is_first_earlier: bool | None
) -> None:
    """The happenings stand as they are worded, with what the question supposes of their order."""
    asked = read_timed(question)

    assert asked.told == told
    assert asked.is_first_earlier is is_first_earlier
    assert asked.is_about_time()


@pytest.mark.parametrize(
    "question",
    [
        "What do Ana and Bo have in common?",
        "What is the common interest between Ana and Bo?",
        "Who does Ana look after?",
        "Does Bo play the game after the updates?",
        "What did Ana eat before noon?",
    ],
)
def test_what_compares_no_two_happenings_is_left_whole(question: str) -> None:
    """Names joined by "and", a thing behind "after", and questions for something else are no comparison."""
    assert read_timed(question).events == ()


def test_a_pronoun_is_searched_for_with_the_names_before_it() -> None:
    """Who "she" is stands in the first happening; quoted titles and more than two names do not come along."""
    asked = read_timed('Did Ana ask Bo about "Salt Wind" in March before she met Cy at the mill?')

    assert asked.events[1] == "Ana Bo met Cy at the mill"


def test_named_days_months_and_years_cover_their_moments() -> None:
    """A day in any spelling covers that day in UTC, a month without a year that month of every year."""
    day = datetime(2026, 7, 3, 23, 30, tzinfo=UTC)

    for written in ("20260703", "2026-07-03", "July 3, 2026", "3 July 2026"):
        asked = read_timed(f"What was said on {written}?")
        assert asked.covers(day)
        assert not asked.covers(day.replace(day=4))
    assert read_timed("What happened in July?").months == (7,)
    assert read_timed("What happened in July?").covers(day.replace(year=2019))
    assert not read_timed("What happened in 2025?").covers(day)


def test_a_date_that_no_calendar_has_names_no_time() -> None:
    """The 31st of February is passed over: nothing is preferred for it."""
    assert read_timed("What was said on 20260231?").spans == ()
    assert not read_timed("Who may join the choir?").is_about_time()
