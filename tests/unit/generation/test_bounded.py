"""Bounds of one answer: calls, seconds, and what was spent."""

from __future__ import annotations

import pytest

from hippograph.errors import BudgetSpent, ModelUnavailable
from hippograph.generation.bounded import BoundedGenerator
from hippograph.types import Message, ModelReply, ModelRequest, Usage
from tests.scripted_model import ScriptedGenerator

REQUEST = ModelRequest((Message("user", "?"),), "answer")


class Hands:
    """A clock that is moved by hand."""

    def __init__(self):
        self.moment = 0.0

    def __call__(self):
        return self.moment


def test_the_call_after_the_last_is_refused_and_never_made():
    """Two calls are allowed, so the third reaches no model."""
    inner = ScriptedGenerator({}, {}, {})
    generator = BoundedGenerator(inner, 2, 60)
    generator.generate(REQUEST)
    generator.generate(REQUEST)

    with pytest.raises(BudgetSpent, match=r"2 calls of answer\.max_model_calls"):
        generator.generate(REQUEST)
    assert len(inner.requests) == 2


def test_no_call_is_begun_at_the_deadline_or_after():
    """A call a moment before the deadline is made, one at the deadline is not."""
    clock = Hands()
    generator = BoundedGenerator(ScriptedGenerator({}, {}), 9, 10, clock)
    clock.moment = 9.9
    generator.generate(REQUEST)
    clock.moment = 10.0

    with pytest.raises(BudgetSpent, match=r"10 seconds of answer\.deadline_seconds"):
        generator.generate(REQUEST)


def test_a_stream_ends_at_the_deadline():
    """A reply that is still being written when the time is over breaks off there."""
    clock = Hands()
    stream = BoundedGenerator(ScriptedGenerator("x" * 21), 9, 10, clock).stream(REQUEST)

    assert next(stream) == "x" * 7
    clock.moment = 11.0
    with pytest.raises(BudgetSpent):
        next(stream)


def test_what_was_spent_counts_replies_streams_and_failures():
    """A failed call and a stream are counted as the inner generator counted them; what others spent is not."""
    inner = ScriptedGenerator({}, {}, ModelUnavailable("down"), "text", {})
    inner.generate(REQUEST)
    generator = BoundedGenerator(inner, 9, 60)
    generator.generate(REQUEST)
    with pytest.raises(ModelUnavailable):
        generator.generate(REQUEST)
    list(generator.stream(REQUEST))
    inner.generate(REQUEST)

    assert generator.spent == Usage(3, 300, 30, 3.0)
    assert generator.usage() == {"answer": Usage(5, 500, 50, 5.0)}


def test_of_many_requests_those_beyond_the_bound_fail_in_their_place():
    """The order is that of the requests: replies first, then refusals."""
    generator = BoundedGenerator(ScriptedGenerator({}, ModelUnavailable("down"), {}), 2, 60)
    outcomes = list(generator.generate_many([REQUEST] * 4))

    assert [type(each) for each in outcomes] == [ModelReply, ModelUnavailable, BudgetSpent, BudgetSpent]


def test_a_bound_within_a_bound_keeps_the_tighter():
    """A loop gets fewer calls than the answer, and both count them."""
    outer = BoundedGenerator(ScriptedGenerator({}, {}), 2, 60)
    inner = BoundedGenerator(outer, 1, 60)
    inner.generate(REQUEST)
    with pytest.raises(BudgetSpent):
        inner.generate(REQUEST)
    outer.generate(REQUEST)

    assert (inner.spent.llm_calls, outer.spent.llm_calls) == (1, 2)
