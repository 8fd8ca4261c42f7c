"""Questions of time: what they ask, and the dates they name."""

from datetime import UTC, datetime

import pytest

from hippograph.text.moments import UnreadableDate, read_date
from hippograph.validity.questions import TimeKind, read_time_question


@pytest.mark.parametrize(
    ("question", "kind", "rest", "value"),
    [
        ("When did the status of Plan 9 change to Final?", TimeKind.WHEN, "the status of Plan 9", "Final"),
        ("When did Plan 9 become Final?", TimeKind.WHEN, "Plan 9", "Final"),
        ("When did the owner of Acme change?", TimeKind.WHEN, "the owner of Acme", ""),
        ("Who was the owner of Acme before Bo Ark?", TimeKind.BEFORE, "Who was the owner of Acme", "Bo Ark"),
        ("What was the seat of Acme after Lund?", TimeKind.AFTER, "What was the seat of Acme", "Lund"),
        ("Who was the previous owner of Acme?", TimeKind.BEFORE, "Who was the owner of Acme?", ""),
        ("Who is the current owner of Acme?", TimeKind.NOW, "Who is the owner of Acme?", ""),
        ("Who is the owner of Acme?", TimeKind.NOW, "Who is the owner of Acme?", ""),
    ],
)
def test_what_a_question_asks_of_time(question, kind, rest, value):
    """The words of time are told apart from the subject and the relation."""
    asked = read_time_question(question)

    assert (asked.kind, asked.rest, asked.value) == (kind, rest, value)


def test_a_date_in_the_question_is_the_time_it_asks_about():
    """ "As of", "on" and "in" before a date; "before" a date; "between" two."""
    at = read_time_question("Who was the owner of Acme in May 2014?")
    before = read_time_question("Who was the owner of Acme before 2016?")
    between = read_time_question("What changed between 2015 and May 2018 for Acme?")

    assert (at.kind, at.first.last.date().isoformat()) == (TimeKind.AT, "2014-05-31")
    assert (before.kind, before.first.first) == (TimeKind.BEFORE, datetime(2016, 1, 1, tzinfo=UTC))
    assert (between.kind, between.rest) == (TimeKind.CHANGES, "Acme")
    assert between.first.first == datetime(2015, 1, 1, tzinfo=UTC)
    assert between.last.last.date().isoformat() == "2018-05-31"


def test_a_date_that_cannot_be_read_is_told():
    """An impossible or ambiguous date is never taken for another one."""
    assert "2023-02-30" in read_time_question("Who was the owner of Acme on 2023-02-30?").warning
    assert "2021-03-04 or 2021-04-03" in read_time_question("Who was the owner before 03/04/2021?").warning


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2014", "2014-01-01T00:00:00", "2014-12-31T23:59:59"),
        ("2014-02", "2014-02-01T00:00:00", "2014-02-28T23:59:59"),
        ("May 2014", "2014-05-01T00:00:00", "2014-05-31T23:59:59"),
        ("3 May 2014", "2014-05-03T00:00:00", "2014-05-03T23:59:59"),
        ("May 3rd, 2014", "2014-05-03T00:00:00", "2014-05-03T23:59:59"),
        ("29-Sep-2014", "2014-09-29T00:00:00", "2014-09-29T23:59:59"),
        ("13/04/2021", "2021-04-13T00:00:00", "2021-04-13T23:59:59"),
        ("04/04/2021", "2021-04-04T00:00:00", "2021-04-04T23:59:59"),
        ("2021-05-01T10:00:00+02:00", "2021-05-01T08:00:00", "2021-05-01T08:00:00"),
    ],
)
def test_a_date_stands_for_all_of_its_day_month_or_year(written, first, last):
    """A year is all of it, a day is all of it, a moment is itself; without a zone it is UTC."""
    span = read_date(written)

    assert (span.first.isoformat()[:19], span.last.isoformat()[:19]) == (first, last)
    assert span.first.tzinfo == UTC


@pytest.mark.parametrize(
    "written", ["", "soon", "May", "10:00", "2023-02-30", "30 February 2020", "2021-13", "0000", "9999"]
)
def test_what_is_no_date_of_the_calendar_is_refused(written):
    """Impossible dates and dates without a year are errors that quote them."""
    with pytest.raises(UnreadableDate):
        read_date(written)


def test_a_date_with_two_readings_is_refused_with_both():
    """The third of April and the fourth of March are not guessed between."""
    with pytest.raises(UnreadableDate, match="2021-03-04 or 2021-04-03"):
        read_date("03/04/2021")
