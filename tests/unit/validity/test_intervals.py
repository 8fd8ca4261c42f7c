"""Intervals, by arithmetic on small worlds."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hippograph.types import Citation, Statement, StatementForm
from hippograph.validity.functional import measure_support
from hippograph.validity.intervals import NO_DATE, TWO_TRUTHS, resolve

START = datetime(2020, 1, 1, tzinfo=UTC)


def moment(day):
    return START + timedelta(days=day)


def says(object_, day=None, *, document=None, subject="Acme", relation="owner", **more):
    """One statement of a document observed on a day."""
    name = document or f"{object_}-{day}"
    citation = Citation(f"p-{name}", name, subject, "", f"{relation}: {object_}", 0, 10)
    made = Statement(
        subject=subject,
        relation=relation,
        object=object_,
        subject_key=subject.lower(),
        relation_key=relation,
        object_key=object_.lower(),
        form=StatementForm.LINE,
        citation=citation,
        observed=None if day is None else moment(day),
    )
    return replace(made, **more)


def spans(intervals):
    """Object, first day and last day of each interval, -1 where there is none."""

    def day(when):
        return -1 if when is None else (when - START).days

    return [(each.object, day(each.valid_from), day(each.valid_to)) for each in intervals]


def functional(relation):
    return True


def not_functional(relation):
    return False


def test_a_newer_object_closes_the_older_and_says_why():
    """Of a functional relation the newer statement ends what held, with reason and closing document."""
    first, second = resolve([says("A", 1), says("B", 5)], functional)

    assert spans([first, second]) == [("A", 1, 5), ("B", 5, -1)]
    assert first.closed_by.citation.document == "B-5"
    assert "'B'" in first.reason
    assert second.is_open()


def test_without_the_closing_document_the_interval_is_open_again():
    """Nothing is kept of a statement that is gone."""
    (only,) = resolve([says("A", 1)], functional)

    assert spans([only]) == [("A", 1, -1)]


def test_saying_it_again_goes_on_and_coming_back_begins_anew():
    """A, A, B, A are three intervals."""
    found = resolve([says("A", 1), says("A", 3), says("B", 5), says("A", 9)], functional)

    assert spans(found) == [("A", 1, 5), ("B", 5, 9), ("A", 9, -1)]
    assert len(found[0].evidence) == 2


def test_other_relations_keep_all_objects():
    """Of a relation that is not functional nothing ends anything else."""
    assert spans(resolve([says("A", 1), says("B", 5)], not_functional)) == [("A", 1, -1), ("B", 5, -1)]


def test_two_truths_of_one_day_are_a_conflict_and_neither_is_picked():
    """Both hold, both show the other side, and both say so."""
    first, second = resolve([says("A", 1), says("B", 1)], functional)

    assert spans([first, second]) == [("A", 1, -1), ("B", 1, -1)]
    assert [each.object for each in first.conflicts] == ["B"]
    assert [each.object for each in second.conflicts] == ["A"]
    assert TWO_TRUTHS in first.notes


def test_a_conflict_ends_where_one_side_is_said_again_alone():
    """The later statement closes the other side."""
    found = resolve([says("A", 1), says("B", 1), says("B", 4)], functional)

    assert spans(found) == [("A", 1, 4), ("B", 1, -1)]
    assert found[1].conflicts == ()


def test_stated_times_go_before_the_documents_date():
    """A document of day 9 that says "from day 2" stands on day 2."""
    found = resolve([says("A", 5), says("B", 9, valid_from=moment(2))], functional)

    assert spans(found) == [("B", 2, 5), ("A", 5, -1)]


def test_what_has_held_since_held_when_it_was_written_too():
    """ "Since day 2", written on day 9, overrules what was observed on day 5, from day 9 on."""
    found = resolve([says("A", 5), says("B", 9, valid_from=moment(2), restated=True)], functional)

    assert spans(found) == [("B", 2, 5), ("A", 5, 9), ("B", 9, -1)]


def test_a_stated_end_closes_unless_it_is_said_again_later():
    """ "Until day 7" closes; a later statement of the same object keeps it open."""
    until = says("A", 1, valid_to=moment(7))

    assert spans(resolve([until], functional)) == [("A", 1, 7)]
    assert spans(resolve([until, says("A", 9)], functional)) == [("A", 1, -1)]
    assert spans(resolve([until, says("B", 4)], functional)) == [("A", 1, 4), ("B", 4, -1)]


def test_what_begins_in_the_future_does_not_hold_yet():
    """An interval may begin after it was observed."""
    now, later = resolve([says("A", 1), says("B", 2, valid_from=moment(100))], functional)

    assert now.holds_at(moment(50))
    assert not later.holds_at(moment(50))
    assert later.holds_at(moment(100))
    assert not now.holds_at(moment(100))


def test_no_longer_closes_without_a_successor_and_a_blank_closes_all():
    """An end with an object closes that one, an end without closes what is open, functional or not."""
    assert spans(resolve([says("A", 1), says("A", 3, ends=True)], functional)) == [("A", 1, 3)]
    assert spans(resolve([says("A", 1), says("", 3, ends=True)], functional)) == [("A", 1, 3)]
    both = resolve([says("A", 1), says("B", 2), says("B", 4, ends=True)], not_functional)
    assert spans(both) == [("A", 1, -1), ("B", 2, 4)]


def test_the_past_tense_neither_opens_nor_closes():
    """ "B was the owner", said on day 9, leaves A open and shows B as over."""
    found = resolve([says("A", 1), says("B", 9, past=True)], functional)

    assert ("A", 1, -1) in spans(found)
    assert [each.is_open() for each in found if each.object == "B"] == [False]


def test_without_dates_nothing_is_picked():
    """Statements without a date are evidence where they agree, a conflict where they do not."""
    (agreeing,) = resolve([says("A", document="x"), says("A", document="y")], functional)
    first, second = resolve([says("A", document="x"), says("B", document="y")], functional)

    assert agreeing.conflicts == ()
    assert agreeing.notes == (NO_DATE,)
    assert [each.object for each in (*first.conflicts, *second.conflicts)] == ["B", "A"]


def test_an_undated_statement_disputes_what_is_open():
    """A dated value is not replaced by an undated one, nor the other way round."""
    found = resolve([says("A", 1), says("B", document="x")], functional)

    assert {each.object: [side.object for side in each.conflicts] for each in found} == {
        "A": ["B"],
        "B": ["A"],
    }


def test_numbers_tell_the_order_only_where_that_is_declared():
    """Items 3 and 7 of a list without dates: 7 is newer with `serials`, else they disagree."""
    said = [says("A", document="x", serial=3), says("B", document="x2", serial=7)]

    newer = [each.object for each in resolve(said, functional, serials=True) if each.is_open()]
    assert newer == ["B"]
    assert all(each.conflicts for each in resolve(said, functional))


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.one_of(st.none(), st.integers(0, 6)),
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 6)),
        st.sampled_from(["owner", "seat"]),
    ),
    max_size=8,
)


@given(EVENTS, st.randoms(use_true_random=False), st.booleans())
def test_any_order_gives_the_same_intervals(events, chance, serials):
    """However the statements came and went, the intervals are those of the statements that are there."""
    said = [
        says(
            object_,
            day,
            document=f"d{number}",
            relation=relation,
            ends=ends,
            valid_from=None if first is None else moment(first),
        )
        for number, (object_, day, ends, first, relation) in enumerate(events)
    ]
    shuffled = list(said)
    chance.shuffle(shuffled)

    for is_functional in (functional, not_functional, lambda relation: relation == "seat"):
        assert resolve(shuffled, is_functional, serials) == resolve(said, is_functional, serials)


@given(EVENTS)
def test_a_functional_relation_without_conflicts_has_one_object_at_a_time(events):
    """Wherever two intervals of one relation overlap, one of them says that they disagree."""
    said = [says(o, day, document=f"d{n}") for n, (o, day, _, _, _) in enumerate(events) if day is not None]
    found = resolve(said, functional)

    for day in range(8):
        holding = [each for each in found if each.holds_at(moment(day))]
        assert len(holding) <= 1 or any(each.conflicts for each in holding)


def test_a_relation_is_learned_from_subjects_with_one_object_at_a_time():
    """Nine subjects that change their object, and a tenth with two at once: a share of 0.9."""
    said = [says(o, day, subject=f"S{n}") for n in range(9) for o, day in (("A", n), ("B", n + 10))]
    said += [says("A", 1, subject="T", document="both"), says("B", 1, subject="T", document="both")]
    support = measure_support(said)

    assert (support.subjects, support.single, support.share()) == (10, 9, 0.9)
    assert support.is_functional(0.9, 10)
    assert not support.is_functional(0.95, 10)
    assert not support.is_functional(0.9, 11)


def test_events_are_never_learned_to_be_functional():
    """ "A visited B" and "A visited C": the second does not end the first, whatever the shares."""
    said = [says("A", n, subject=f"S{n}", form=StatementForm.EVENT) for n in range(20)]

    assert measure_support(said).share() == 1.0
    assert not measure_support(said).is_functional(0.5, 1)


def test_several_members_are_never_learned_to_be_functional():
    """ "A is a member of B" says that there may be more."""
    said = [
        says("A", n, subject=f"S{n}", relation="is a member of", form=StatementForm.STATE) for n in range(20)
    ]

    assert not measure_support(said).is_functional(0.5, 1)


def test_documents_of_one_day_disagree_about_the_one_and_add_to_the_many():
    """Two owners on one day are a dispute, two languages on one day are two languages."""
    lines = [says("A", 1), says("B", 1)]
    verbs = [replace(each, form=StatementForm.STATE) for each in lines]

    assert measure_support(lines).single == 1
    assert measure_support(verbs).single == 0


def test_objects_that_come_back_in_turn_hold_together():
    """A, B, A, B on four days is no sequence of changes."""
    turns = [says(o, day) for day, o in enumerate("ABAB")]
    change_and_back = [says(o, day) for day, o in enumerate("ABA")]

    assert measure_support(turns).single == 0
    assert measure_support(change_and_back).single == 1


def test_statements_are_never_changed_by_resolving():
    """The same list may be resolved again and gives the same."""
    chance = random.Random(3)
    said = [says(chance.choice("ABC"), chance.randrange(9), document=f"d{n}") for n in range(9)]

    assert resolve(said, functional) == resolve(said, functional)
