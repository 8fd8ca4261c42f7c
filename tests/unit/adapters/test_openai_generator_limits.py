"""How fast and how often a server is asked: arithmetic on paper, without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.adapters.openai_generator import OpenAIGenerator, calls
from hippograph.adapters.openai_generator.accounting import Ledger, Prices
from hippograph.adapters.openai_generator.rate_limits import Allowance, Pace
from hippograph.adapters.openai_generator.tokens import count_tokens
from hippograph.types import Message, ModelRequest, Usage
from tests.model_server import ModelServer
from tests.model_server_faults import Fault, Faults


def test_an_allowance_lets_a_burst_of_a_second_through_and_then_keeps_the_pace():
    """120 a minute: two at once, then one every half second."""
    allowance = Allowance(per_minute=120)

    waits = [allowance.wait(now=0.0, amount=1) for _ in range(5)]

    assert waits == [0.0, 0.0, 0.5, 1.0, 1.5]


def test_time_that_passes_fills_an_allowance_up_to_its_burst():
    """After an hour of silence it is two again, not 7,200."""
    allowance = Allowance(per_minute=120)

    waits = [allowance.wait(now=3600.0, amount=1) for _ in range(3)]

    assert waits == [0.0, 0.0, 0.5]


def test_a_request_beyond_the_burst_is_let_through_and_paid_for_by_those_after_it():
    """600 tokens at 600 a minute: at once, and the next waits a minute."""
    allowance = Allowance(per_minute=600)

    assert allowance.wait(now=0.0, amount=610) == 0.0
    assert allowance.wait(now=0.0, amount=10) == pytest.approx(61.0)


def test_what_was_not_used_is_given_back():
    """A reply that was shorter than expected shortens the next wait."""
    allowance = Allowance(per_minute=60)
    allowance.wait(now=0.0, amount=10)

    allowance.give_back(8)

    assert allowance.wait(now=0.0, amount=1) == pytest.approx(2.0)


@given(
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), min_size=1, max_size=60),
    st.integers(1, 5000),
)
def test_no_minute_sees_more_than_its_allowance_and_one_burst(steps, per_minute):
    """Whatever the callers do: counted by when calls really start, for requests within the burst."""
    allowance, now, starts = Allowance(per_minute), 0.0, []
    burst = max(1.0, per_minute / 60)
    for pause, amount in steps:
        now += pause
        amount = min(amount, int(burst))
        starts.append((now + allowance.wait(now, amount), amount))

    for start, _ in starts:
        inside = sum(amount for moment, amount in starts if start <= moment < start + 60)
        assert inside <= per_minute + burst + 1e-6


def test_the_slowest_limit_sets_the_pace():
    """Requests would go at once, tokens do not."""
    pace = Pace(requests_per_minute=6000, tokens_per_minute=600)

    assert pace.wait(0.0, tokens=10) == 0.0
    assert pace.wait(0.0, tokens=10) == pytest.approx(1.0)


def test_a_pause_of_the_server_holds_everyone_back():
    """A longer pause stays when a shorter one is asked for, and it ends."""
    pace = Pace(None, None)
    pace.pause(now=10.0, seconds=5.0)
    pace.pause(now=10.0, seconds=2.0)

    assert pace.wait(11.0, tokens=1) == pytest.approx(4.0)
    assert pace.wait(15.0, tokens=1) == 0.0


@pytest.fixture
def pauses(monkeypatch):
    """The pauses taken, none of which is waited for."""
    taken = []

    async def sleep(seconds):
        taken.append(seconds)

    monkeypatch.setattr(calls.asyncio, "sleep", sleep)
    return taken


def request(text="?"):
    return ModelRequest((Message("user", text),), "answer")


def test_pauses_grow_where_the_server_names_none(pauses):
    """From half a second, doubled each time, a little longer by chance, and never beyond the longest."""
    pytest.importorskip("openai")
    with ModelServer(faults=Faults(script=[Fault.SERVER_ERROR] * 9, retry_after_seconds=None)) as server:
        generator = OpenAIGenerator(server.settings(max_retries=5, max_pause_seconds=6))
        (error,) = generator.generate_many([request()])
        generator.close()

    assert "status 500" in str(error)
    for pause, least in zip(pauses, [0.5, 1, 2, 4, 6], strict=True):
        assert least <= pause <= min(2 * least, 6)


def test_a_limit_of_requests_spaces_the_calls(pauses):
    """60 a minute: the second waits one second, the third two."""
    pytest.importorskip("openai")
    with ModelServer() as server:
        generator = OpenAIGenerator(server.settings(requests_per_minute=60, concurrency=3))
        list(generator.generate_many([request("a"), request("b"), request("c")]))
        generator.close()

    assert sorted(pauses) == pytest.approx([1.0, 2.0], abs=0.5)


def test_money_is_tokens_times_prices():
    """Two prices, each for a million tokens."""
    usage = Prices(prompt=2.5, completion=10, currency="EUR").usage(1_000_000, 100_000)

    assert usage == Usage(1, 1_000_000, 100_000, cost=3.5)


def test_a_report_tells_usage_latency_and_events_by_purpose():
    """Quantiles are seconds that were really measured."""
    ledger = Ledger()
    for seconds in range(1, 101):
        ledger.paid("extract", Usage(1, 10, 2, 0.5), float(seconds))
    ledger.paid("extract", Usage(1, 10, 0, 0.1, 1))
    ledger.happened("extract", "repaired")
    ledger.happened("answer", "failed")

    report = ledger.report()

    assert report["extract"].usage == Usage(101, 1010, 200, pytest.approx(50.1), 1)
    assert (report["extract"].seconds_p50, report["extract"].seconds_p95) == (50.0, 95.0)
    assert report["extract"].seconds_longest == 100.0
    assert report["extract"].events == {"repaired": 1}
    assert report["answer"].usage == Usage()
    assert list(ledger.usage()) == ["extract"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("Ada Lovelace", 3),
        ("Москва", 3),
        ("北京是中国的首都", 8),
        ("서울", 2),
        ("naïve", 2),
    ],
)
def test_tokens_are_counted_by_the_shape_of_characters(text, tokens):
    """Four of ASCII, two of another alphabet, one of Han, Kana or Hangul."""
    assert count_tokens(text) == tokens


@given(st.text(), st.text())
def test_more_text_never_takes_fewer_tokens(first, second):
    """So a plan that holds for a text holds for every part of it."""
    assert count_tokens(first + second) >= max(count_tokens(first), count_tokens(second))


def test_sixteen_calls_share_a_client_and_closing_closes_all():
    """Each is used in turn; a limit of 33 calls takes three, each with connections of its own."""
    pytest.importorskip("openai")
    with ModelServer(latency_seconds=0.05) as server:
        generator = OpenAIGenerator(server.settings(concurrency=33))
        replies = list(generator.generate_many(request(str(number)) for number in range(40)))
        clients = list(generator._calls._clients)
        were_open = [not client.is_closed() for client in clients]
        generator.close()

    assert [reply.text for reply in replies] == ["Yes."] * 40
    assert were_open == [True, True, True]
    assert all(client.is_closed() for client in clients)
    assert server.peak <= 33 + 2  # the server counts a call until its thread has ended
