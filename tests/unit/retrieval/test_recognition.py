"""Recognition memory: numbers in, numbers out, and three outcomes that are never mixed up."""

from __future__ import annotations

import pytest

from hippograph.errors import ModelUnavailable
from hippograph.retrieval.recognition import RecognitionOutcome, recognise
from hippograph.types import Usage
from tests.scripted_model import RepliesInTurn, data_lines

FACTS = ["Ada Quist designed the Iron Bridge", "The Tamm is a river", "Ada Quist was born in Ribe"]
QUESTION = "Where was the designer of the Iron Bridge born?"


def outcome_of(reply, **named):
    found = recognise(QUESTION, FACTS, RepliesInTurn(reply), **named)
    return found.outcome, found.kept


def test_the_named_facts_are_kept_in_the_order_they_came():
    """Numbers count from one, the places they give from zero; twice is once."""
    assert outcome_of({"relevant": [3, 1, 3]}) == (RecognitionOutcome.KEPT, (0, 2))


def test_the_model_sees_the_facts_with_their_numbers():
    """One line a fact, after that of the question: all of it data, as a question may be what a model wrote."""
    generator = RepliesInTurn({"relevant": [1]})
    recognise(QUESTION, FACTS, generator)

    assert data_lines(generator.requests[0]) == [
        f"question: {QUESTION}",
        *(f"[{number}] {fact}" for number, fact in enumerate(FACTS, start=1)),
    ]


def test_no_number_is_nothing_relevant():
    """The model looked and found none: that is an answer, without a warning."""
    found = recognise(QUESTION, FACTS, RepliesInTurn({"relevant": []}))

    assert (found.outcome, found.kept, found.warning) == (RecognitionOutcome.NOTHING_RELEVANT, (), None)


@pytest.mark.parametrize(
    "reply",
    [ModelUnavailable("the server is down."), None, {}, [], {"relevant": "1"}, {"relevant": ["a"]},
     {"relevant": [9, 0, -1]}, {"relevant": [True]}],
    ids=["down", "none", "no member", "list", "text", "words", "foreign numbers", "true"],
)  # fmt: skip
def test_a_failure_keeps_every_fact_and_warns(reply):
    """An outage, an odd reply and numbers that no fact has are failures, never "nothing relevant"."""
    found = recognise(QUESTION, FACTS, RepliesInTurn(reply))

    assert (found.outcome, found.kept) == (RecognitionOutcome.FAILED, (0, 1, 2))
    assert found.warning is not None
    assert found.warning.startswith("The facts that seed the walk were not filtered by the model: ")


def test_foreign_numbers_beside_valid_ones_are_passed_over():
    """What was named and exists is kept."""
    assert outcome_of({"relevant": [9, 2]}) == (RecognitionOutcome.KEPT, (1,))


def test_at_most_so_many_facts_are_kept():
    """The first ones the model names, which are the most helpful."""
    assert outcome_of({"relevant": [3, 2, 1]}, most=2) == (RecognitionOutcome.KEPT, (1, 2))


def test_no_facts_ask_no_model():
    """There is nothing to recognise and nothing to pay."""
    generator = RepliesInTurn()
    found = recognise(QUESTION, [], generator)

    assert (found.outcome, found.kept) == (RecognitionOutcome.NOTHING_RELEVANT, ())
    assert generator.requests == []


def test_what_the_call_took_is_told():
    """The reply's usage comes along, also when the reply is of no use."""
    used = Usage(1, 100, 10, 1.0)

    assert recognise(QUESTION, FACTS, RepliesInTurn({"relevant": [1]})).usage == used
    assert recognise(QUESTION, FACTS, RepliesInTurn({"relevant": [9]})).usage == used
