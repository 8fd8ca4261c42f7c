"""A budget is never exceeded by a call it let through, whoever makes the call."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.budget import Budget, within
from hippograph.errors import BudgetSpent, ModelUnavailable, UnreadableOutput
from hippograph.types import Message, ModelReply, ModelRequest, Usage


def request(text="?", **more):
    return ModelRequest((Message("user", text),), "answer", **more)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(calls=2), "2 calls"),
        (Budget(tokens=250), "250 tokens"),
        (Budget(money=0.25), "0.25"),
    ],
)
def test_what_would_exceed_a_budget_is_refused(budget, words):
    """Two calls of a hundred tokens and a tenth of the money fit, a third does not."""
    call = Usage(1, 60, 40, cost=0.1)
    for _ in range(2):
        budget.settle(budget.reserve(call), call)

    with pytest.raises(BudgetSpent, match=words):
        budget.reserve(call)

    assert budget.spent() == call + call


def test_what_is_set_aside_counts_until_it_is_settled():
    """And then only what was used of it."""
    budget = Budget(tokens=100)
    first = budget.reserve(Usage(1, 50, 50))
    with pytest.raises(BudgetSpent):
        budget.reserve(Usage(1, 1, 0))

    budget.settle(first, Usage(1, 50, 10))

    assert budget.reserve(Usage(1, 20, 20)) != first


def test_time_runs_out():
    """By the clock that was given."""
    now = [0.0]
    budget = Budget(seconds=10, now=lambda: now[0])
    left = budget.seconds_left()
    budget.reserve(Usage(1))

    now[0] = 10.0

    assert (left, budget.seconds_left()) == (10.0, 0.0)
    with pytest.raises(BudgetSpent, match="10 seconds"):
        budget.reserve(Usage(1))


def test_a_budget_without_limits_refuses_nothing():
    """It still counts."""
    budget = Budget()
    budget.settle(budget.reserve(Usage(1, 10**9, 10**9, 10**6)), Usage(1, 10**9))

    assert budget.seconds_left() is None
    assert budget.spent().prompt_tokens == 10**9


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=40), st.integers(0, 300))
def test_no_order_of_calls_exceeds_a_budget(calls, tokens):
    """As long as no call takes more than was expected of it."""
    budget, open_calls = Budget(tokens=tokens), []
    for expected, used in calls:
        try:
            open_calls.append((budget.reserve(Usage(1, expected)), min(expected, used)))
        except BudgetSpent:
            if open_calls:
                reservation, taken = open_calls.pop()
                budget.settle(reservation, Usage(1, taken))
        assert budget.spent().prompt_tokens <= tokens


def test_threads_cannot_overdraw_a_budget():
    """Fifty threads, ten calls allowed."""
    budget, refused = Budget(calls=10), []

    def call():
        try:
            budget.settle(budget.reserve(Usage(1)), Usage(1))
        except BudgetSpent:
            refused.append(1)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 40


def test_any_generator_can_be_put_under_a_budget():
    """Requests beyond it are refused in their places, and the model is not asked."""
    model = ScriptedGenerator(lambda request: "Yes.")
    replies = list(within(model, Budget(calls=2)).generate_many([request("a"), request("b"), request("c")]))

    assert [type(reply) for reply in replies] == [ModelReply, ModelReply, BudgetSpent]
    assert len(model.requests) == 2


def test_a_smaller_request_after_a_refused_one_may_fit():
    """The budget is looked at for each on its own."""
    model = ScriptedGenerator(lambda request: "Yes.")
    requests = [request(max_tokens=30), request(max_tokens=3000), request(max_tokens=20)]

    replies = list(within(model, Budget(tokens=100)).generate_many(requests))

    assert [type(reply) for reply in replies] == [ModelReply, BudgetSpent, ModelReply]


def test_what_fails_is_given_back_and_what_cannot_be_read_is_not():
    """An unreadable reply was paid for; a server that was down was not."""
    schema = {"type": "object"}
    down = ScriptedGenerator(lambda request: ModelUnavailable("down"))
    silly = ScriptedGenerator(lambda request: "no JSON")
    one, other = Budget(calls=1), Budget(calls=1)

    with pytest.raises(ModelUnavailable):
        within(down, one).generate(request())
    with pytest.raises(UnreadableOutput):
        within(silly, other).generate(request(schema=schema))

    assert one.spent() == Usage()
    assert other.spent().llm_calls == 1


def test_a_stream_is_charged_for_what_came_of_it():
    """Also when the caller stops in the middle."""
    budget = Budget(calls=2)
    model = within(ScriptedGenerator(lambda request: "one two three four"), budget)
    pieces = model.stream(request())
    next(pieces)

    pieces.close()

    assert budget.spent() == Usage(1, 1, 1, 0.0, 1)
    assert "".join(model.stream(request())) == "one two three four"
    with pytest.raises(BudgetSpent):
        next(model.stream(request()))


def test_what_a_caller_leaves_open_is_settled():
    """Requests that were taken ahead and not answered do not hold the budget for ever."""
    budget = Budget(calls=3)
    replies = within(ScriptedGenerator(lambda request: "Yes."), budget).generate_many([request()] * 3)
    next(replies)

    replies.close()

    assert budget.reserve(Usage(1))


def test_the_generator_under_a_budget_is_otherwise_the_same():
    """Name, fingerprint, window, counting of tokens and usage."""
    inner = ScriptedGenerator(lambda request: "Yes.", name="twin", context_tokens=500)
    model = within(inner, Budget())
    model.generate(request())

    assert (model.name, model.fingerprint, model.context_tokens) == ("twin", inner.fingerprint, 500)
    assert model.token_count("Ada Lovelace") == inner.token_count("Ada Lovelace")
    assert model.usage() == inner.usage()
