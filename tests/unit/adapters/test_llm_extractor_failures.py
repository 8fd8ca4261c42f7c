"""Extraction by a model that fails: what is tried again, when asking ends, and that nothing paid for is lost."""

import sqlite3
import threading

import pytest

from hippograph.adapters.llm_extractor import Journal, LlmExtractor
from hippograph.adapters.llm_extractor.halting import (
    FAILED_IN_A_ROW,
    REFUSED_IN_A_ROW,
    UNREADABLE_BEFORE_ANY,
    Halt,
)
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.budget import Budget
from hippograph.errors import (
    BudgetSpent,
    ExtractionError,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    UnreadableOutput,
)
from hippograph.settings import ExtractionSettings
from hippograph.text.readings import Reading
from hippograph.text.sentences import split_sentences
from hippograph.types import (
    DocumentId,
    Extraction,
    ExtractionFailure,
    Passage,
    PassageId,
    Sentence,
    Usage,
)
from tests.recorded_extractions import PASSAGE, RecordedExtractions

TEXTS = [f"Person {n} met Guest {n} in Marren." for n in range(30)]
FOUND = {text: ([f"Person {n}"], [[f"Person {n}", "met", f"Guest {n}"]]) for n, text in enumerate(TEXTS)}
RECORDED = RecordedExtractions(FOUND)


def passages(texts=TEXTS):
    return [passage(text) for text in texts]


def passage(text):
    sentences = tuple(Sentence(text[a:b], a, b) for a, b in split_sentences(text))
    return Passage(PassageId(text), DocumentId("d"), "", "", text, 0, len(text), 0, sentences)


def extractor(script, journal=None, at_once=1, **settings):
    generator = ScriptedGenerator(script)
    options = {"variant": "one-call", **settings}
    return LlmExtractor(generator, ExtractionSettings(**options), journal, at_once), generator


def asked(generator):
    return [
        text for request in generator.requests for _, text in PASSAGE.findall(request.messages[-1].content)
    ]


def failing(*errors):
    """Fails with these errors in turn (None is a good reply), then replies well."""
    left = list(errors)

    def script(request):
        error = left.pop(0) if left else None
        return error or RECORDED(request)

    return script


def read_ones(results):
    return [isinstance(result, Extraction) for result in results]


@pytest.mark.parametrize("error", [RateLimited("wait"), ModelUnavailable("down"), ModelRefused("never")])
def test_what_is_not_about_the_passage_may_be_tried_again(error):
    """The failure holds the reason; the next passages are read."""
    made, _ = extractor(failing(error))

    results = made.extract(passages(TEXTS[:3]))

    assert read_ones(results) == [False, True, True]
    assert (results[0].reason, results[0].retryable) == (str(error), True)
    assert made.halted is None


@pytest.mark.parametrize(
    ("error", "limit"),
    [(ModelRefused("wrong key"), REFUSED_IN_A_ROW), (ModelUnavailable("down"), FAILED_IN_A_ROW)],
)
def test_where_nothing_at_all_is_answered_the_error_is_raised(error, limit):
    """An outage must not look like empty results, and is not met thirty times."""
    made, generator = extractor(lambda _: error)

    with pytest.raises(type(error), match=str(error)):
        made.extract(passages())

    assert len(generator.requests) == limit


def test_an_outage_in_the_middle_keeps_what_was_read():
    """After eight failures in a row nothing more is asked; the passages left may be tried again."""
    made, generator = extractor(failing(*[None] * 5, *[ModelUnavailable("down")] * 25))

    results = made.extract(passages())

    assert read_ones(results) == [True] * 5 + [False] * 25
    assert all(result.retryable for result in results[5:])
    assert len(generator.requests) == 5 + FAILED_IN_A_ROW
    assert results[-1].reason == "it was not asked: down"
    assert isinstance(made.halted, ModelUnavailable)


def test_a_good_reply_between_failures_keeps_asking_on():
    """Only failures in a row end it."""
    made, _ = extractor(failing(*([ModelUnavailable("down")] * 7 + [None]) * 3))

    results = made.extract(passages())

    assert sum(read_ones(results)) == 3 + 6
    assert made.halted is None


def test_after_a_halt_one_call_tells_whether_to_go_on():
    """The next shard costs one failed call, and when the server is back nothing more is lost."""
    errors = [None, *[ModelUnavailable("down")] * (FAILED_IN_A_ROW + 1)]
    made, generator = extractor(failing(*errors))
    made.extract(passages(TEXTS[:10]))
    before = len(generator.requests)

    with pytest.raises(ModelUnavailable):
        made.extract(passages(TEXTS[10:20]))
    between = len(generator.requests)
    results = made.extract(passages(TEXTS[20:]))

    assert between - before == 1
    assert read_ones(results) == [True] * 10
    assert made.halted is None


def test_a_spent_budget_ends_the_run_and_says_so():
    """What was read stays; what is left is retryable and its reason begins with "budget"."""
    made, generator = extractor(failing(*[None] * 4, *[BudgetSpent("1,000 tokens")] * 99))

    results = made.extract(passages())
    more = made.extract(passages(TEXTS[:3]))

    assert read_ones(results) == [True] * 4 + [False] * 26
    assert all(result.reason.startswith("budget: ") and result.retryable for result in results[4:])
    assert read_ones(more) == [True] * 3, "what was paid for is in the journal"
    assert len(generator.requests) == 5


def test_a_budget_of_nothing_is_said_of_every_passage():
    """No call was answered, and still it is not an error: the passages wait for a budget."""
    made, _ = extractor(lambda _: BudgetSpent("The budget of 0 calls is spent."))

    results = made.extract(passages())

    assert all(isinstance(result, ExtractionFailure) for result in results)
    assert "The budget of 0 calls is spent." in results[0].reason


class Budgeted(ScriptedGenerator):
    """Reserves for each call ten times what it takes, and lets four calls meet before any of them ends."""

    def __init__(self, script, budget):
        super().__init__(script)
        self.budget = budget
        self.meeting = threading.Barrier(4)
        self.met = False

    def generate(self, request):
        reservation = self.budget.reserve(Usage(1, 90, 10))
        if not self.met:
            self.meeting.wait()
            self.met = True
        reply = super().generate(request)
        self.budget.settle(reservation, Usage(1, 9, 1))
        return reply


def test_a_budget_that_is_only_set_aside_is_waited_for():
    """Four calls set aside 400 of 450 tokens and take 40: the others go on when those have ended."""
    generator = Budgeted(RECORDED, Budget(tokens=450))
    made = LlmExtractor(generator, ExtractionSettings(variant="one-call"), at_once=8)

    results = made.extract(passages())

    assert all(read_ones(results))
    assert generator.budget.spent().prompt_tokens == 270


def test_the_same_extractor_works_under_a_budget():
    """It is the same by its fingerprint, and what one has read the other need not ask."""
    made, _ = extractor(RECORDED)
    made.extract(passages(TEXTS[:2]))
    budgeted = made.within(Budgeted(RECORDED, Budget(calls=0)))

    results = budgeted.extract(passages(TEXTS[:3]))

    assert budgeted.fingerprint == made.fingerprint
    assert read_ones(results) == [True, True, False]
    assert results[2].reason == "budget: The budget of 0 calls is spent."


def test_a_run_that_dies_repeats_no_call_that_was_answered(tmp_path):
    """Readings are in the journal before anything else happens: of two calls a passage, none is made twice."""
    paid = []

    def until_it_dies(request):
        if len(paid) == 17:
            raise KeyboardInterrupt
        paid.append(request)
        return RECORDED(request)

    dying, _ = extractor(until_it_dies, Journal(tmp_path / "replies.db"), variant="two-call")
    with pytest.raises(KeyboardInterrupt):
        dying.extract(passages())
    again, generator = extractor(RECORDED, Journal(tmp_path / "replies.db"), variant="two-call")

    results = again.extract(passages())
    prompts = [request.messages for request in (*paid, *generator.requests)]

    assert read_ones(results) == [True] * 30
    assert len(prompts) == 60
    assert len(set(prompts)) == 60


def test_a_second_run_over_the_same_passages_makes_no_call(tmp_path):
    """The journal answers; other settings of how to ask at once do not matter."""
    extractor(RECORDED, Journal(tmp_path / "replies.db"))[0].extract(passages())
    again, generator = extractor(RECORDED, Journal(tmp_path / "replies.db"), passages_per_call=4)

    assert all(read_ones(again.extract(passages())))
    assert generator.requests == []


def test_another_model_or_prompt_is_asked_anew(tmp_path):
    """Readings answer one question to one model."""
    journal = Journal(tmp_path / "replies.db")
    extractor(RECORDED, journal)[0].extract(passages(TEXTS[:2]))
    other = ScriptedGenerator(RECORDED, name="other")
    LlmExtractor(other, ExtractionSettings(variant="one-call"), journal).extract(passages(TEXTS[:2]))
    typed, generator = extractor(RECORDED, journal, relation_types=("met",))
    typed.extract(passages(TEXTS[:2]))

    assert asked(other) == asked(generator) == TEXTS[:2]


def test_an_unreadable_reply_is_not_kept(tmp_path):
    """The journal holds what was understood; a later run asks again for the rest."""
    journal = Journal(tmp_path / "replies.db")
    extractor(failing(None, UnreadableOutput("garbled")), journal)[0].extract(passages(TEXTS[:3]))
    again, generator = extractor(RECORDED, journal)

    again.extract(passages(TEXTS[:3]))

    assert asked(generator) == [TEXTS[1]]


def test_readings_leave_the_journal_after_thirty_days(tmp_path):
    """Those of yesterday stay."""
    path = tmp_path / "replies.db"
    journal = Journal(path)
    journal.put({"old": Reading(("Ada",)), "new": Reading(("Bo",))})
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE readings SET day = day - 31 WHERE key = 'old'")
        db.execute("UPDATE readings SET day = day - 1 WHERE key = 'new'")
    db.close()

    reopened = Journal(path)

    assert reopened.get("old") is None
    assert reopened.get("new") == Reading(("Bo",))


def test_a_journal_that_is_no_database_is_told_in_a_sentence(tmp_path):
    """The sentence names the file and the way out."""
    (tmp_path / "replies.db").write_text("no database, and long enough to be looked at " * 40)

    with pytest.raises(ExtractionError, match=r"replies\.db cannot be used .* delete it"):
        Journal(tmp_path / "replies.db").get("key")


def test_many_threads_share_one_journal(tmp_path):
    """Thirty passages, eight at once, each asked once."""
    made, generator = extractor(RECORDED, Journal(tmp_path / "replies.db"), at_once=8)

    results = made.extract(passages())

    assert [result.passage for result in results] == TEXTS
    assert sorted(asked(generator)) == sorted(TEXTS)


def test_an_error_of_our_own_passes_through_and_ends_the_calls():
    """A fault in the program is no failure of a passage."""

    def script(request):
        raise ZeroDivisionError

    made, generator = extractor(script)

    with pytest.raises(ZeroDivisionError):
        made.extract(passages())

    assert len(generator.requests) < 30


def test_a_halt_counts_refusals_and_failures_in_a_row_together():
    """Two refusals after one outage are three in a row."""
    halt = Halt()

    def fail(error):
        def call():
            raise error

        return call

    for error in (ModelUnavailable("down"), ModelRefused("no"), ModelRefused("no")):
        assert halt.error is None
        with pytest.raises(type(error)):
            halt.watch(fail(error))

    assert isinstance(halt.error, ModelRefused)


def test_a_model_that_gives_nothing_readable_is_asked_no_more():
    """After twenty replies of which none could be read; what is left may be tried with another model."""
    made, generator = extractor(lambda request: "I think this is about a meeting.")

    results = made.extract(passages())

    assert len(generator.requests) == UNREADABLE_BEFORE_ANY
    assert [result.retryable for result in results] == [False] * 20 + [True] * 10
    assert isinstance(made.halted, UnreadableOutput)
    assert str(made.halted).startswith(
        "None of the first 20 replies can be used, so the model is asked no more; take"
    )


def test_one_readable_reply_shows_that_the_model_can():
    """Then each passage is asked about, however many replies are of no use."""
    made, generator = extractor(failing(None, *[UnreadableOutput("no JSON")] * 29))

    results = made.extract(passages())

    assert len(generator.requests) == 30
    assert read_ones(results) == [True] + [False] * 29
    assert made.halted is None
