"""Loops of searches: what is searched for, when it ends, and what comes of it."""

from __future__ import annotations

import pytest

from hippograph.budget import Budget, within
from hippograph.errors import BudgetSpent, ModelUnavailable, SettingsError
from hippograph.generation.decompose import decompose, search_by_parts
from hippograph.generation.ircot import MOST_THOUGHTS, ircot, is_pure_reasoning
from hippograph.generation.loops import LOOPS, look_further
from hippograph.generation.pool import Merge, Stop, merged
from hippograph.generation.refine import refine_and_pool
from hippograph.settings import AnswerSettings
from hippograph.types import SearchResult, SearchTrace, Seeds
from tests.scripted_model import RepliesInTurn, data_lines
from tests.unit.generation.conftest import evidence_of

QUESTION = "Where was the designer of the Iron Bridge born?"
DOWN = ModelUnavailable("the server cannot be reached")


def passages(*scored):
    """A ranking out of names, or names and scores."""
    found = []
    for rank, each in enumerate(scored, start=1):
        name, score = each if isinstance(each, tuple) else (each, 1 / rank)
        one = evidence_of(name, f"{name} is a thing.", rank).found
        found.append(type(one)(rank, one.row, one.passage, score, 1, one.uri, None))
    return found


class Shelf:
    """Finds what was put under a query, and remembers the queries."""

    def __init__(self, **found):
        self.found = {"question": ["Bridge", "River"], **found}
        self.queries = []

    def __call__(self, query):
        self.queries.append(query)
        return passages(*self.found.get("question" if query == QUESTION else query, [query]))


def names(pooled):
    return [each.passage.title for each in pooled.passages]


def thought(text, has_answer=False):
    return {"thought": text, "has_answer": has_answer}


def queries(*texts, enough=False):
    return {"enough": enough, "queries": list(texts)}


# ------------------------------------------------------------------------------------------ merging


def test_best_takes_the_highest_stretched_score():
    """Scores run from 0 to 1 within each search; of equals, what was found first comes first."""
    first, second = passages(("a", 10), ("b", 6), ("c", 0)), passages(("c", 0.9), ("d", 0.2), ("a", 0.1))
    found = merged([first, second], Merge.BEST)

    assert [(each.passage.title, each.score) for each in found] == [
        ("a", 1.0),
        ("c", 1.0),
        ("b", 0.6),
        ("d", pytest.approx(0.125)),
    ]
    assert [(each.rank, each.hop) for each in found] == [(1, 1), (2, 1), (3, 1), (4, 2)]


def test_rrf_sums_one_over_sixty_plus_rank():
    """Worked out on paper: found twice beats found once higher up."""
    found = merged([passages("a", "b"), passages("b", "c")], Merge.RRF)

    assert [(each.passage.title, each.score) for each in found] == [
        ("b", pytest.approx(1 / 62 + 1 / 61)),
        ("a", pytest.approx(1 / 61)),
        ("c", pytest.approx(1 / 62)),
    ]


def test_first_keeps_the_order_of_finding():
    """Search after search, best first."""
    assert [each.passage.title for each in merged([passages("b", "a"), passages("c", "b")], Merge.FIRST)] == [
        "b",
        "a",
        "c",
    ]


def test_scores_that_are_all_equal_are_ones():
    """mm(x) is one where the greatest is the least."""
    assert [each.score for each in merged([passages(("a", 3), ("b", 3))], Merge.BEST)] == [1.0, 1.0]


# ------------------------------------------------------------------------------------------ IRCoT


def test_each_sentence_of_reasoning_is_the_next_query():
    """Search, think, search for the thought, until the model has the answer."""
    shelf = Shelf()
    generator = RepliesInTurn(
        thought("Ada Quist designed the Iron Bridge."), thought("She was born in Ribe.", has_answer=True)
    )
    found = ircot(QUESTION, shelf, generator)

    assert shelf.queries == [QUESTION, "Ada Quist designed the Iron Bridge."]
    assert (found.stop, found.queries()) == (Stop.ANSWERED, ("Ada Quist designed the Iron Bridge.",))
    assert sorted(names(found)) == sorted(["Bridge", "River", "Ada Quist designed the Iron Bridge."])
    assert [each.hop for each in found.passages if each.passage.title.startswith("Ada")] == [2]


def test_the_model_sees_the_paragraphs_and_its_thoughts_as_data():
    """What it thought before is shown behind the passages."""
    generator = RepliesInTurn(thought("Ada designed it."), thought("", has_answer=True))
    ircot(QUESTION, Shelf(), generator, merge=Merge.FIRST)

    assert data_lines(generator.requests[1]) == [
        "(1) Bridge: Bridge is a thing.",
        "(2) River: River is a thing.",
        "(3) Ada designed it.: Ada designed it. is a thing.",
        "reasoning: Ada designed it.",
    ]


def test_only_the_first_sentence_of_a_thought_counts():
    """A model that runs on is cut to one step."""
    shelf = Shelf()
    ircot(QUESTION, shelf, RepliesInTurn(thought("Ada designed it. She was Danish."), thought("")))

    assert shelf.queries == [QUESTION, "Ada designed it."]


def test_a_sentence_that_only_concludes_is_kept_and_not_searched_for():
    """The next thought is asked for at once, with the conclusion among the reasoning."""
    shelf, generator = (
        Shelf(),
        RepliesInTurn(thought("Thus it is Ada."), thought("Ada is Danish."), thought("")),
    )
    found = ircot(QUESTION, shelf, generator)

    assert shelf.queries == [QUESTION, "Ada is Danish."]
    assert "reasoning: Thus it is Ada." in data_lines(generator.requests[1])
    assert found.stop is Stop.NOTHING_SAID


@pytest.mark.parametrize(
    ("sentence", "is_pure"),
    [
        ("So the answer is Ribe.", True),
        ("therefore, Ada was older", True),
        ("1909 - 1871 = 38 years.", True),
        ("Sofia was born in Ribe.", False),
        ("Ada Quist was born in 1840.", False),
        ("It was played in 1990-91, on 9/11 at 2:30.", False),
    ],
)
def test_conclusions_and_sums_are_pure_reasoning(sentence, is_pure):
    """Words that conclude and figures joined by a sign; a season, a date, a word that begins like one are none."""
    assert is_pure_reasoning(sentence) is is_pure


@pytest.mark.parametrize("max_hops", [1, 2, 4])
def test_max_hops_counts_the_searches(max_hops):
    """One search asks no model; each further one takes one thought."""
    shelf = Shelf()
    generator = RepliesInTurn(*(thought(f"Thought number {word}.") for word in "abcdefgh"))
    found = ircot(QUESTION, shelf, generator, max_hops=max_hops)

    assert (len(shelf.queries), len(generator.requests), found.stop) == (max_hops, max_hops - 1, Stop.HOPS)


def test_a_thought_that_comes_back_ends_the_reasoning():
    """The same sentence again would find the same passages again, for ever."""
    found = ircot(QUESTION, Shelf(), RepliesInTurn(thought("Ada is Danish."), thought("ada is  Danish")))

    assert (found.stop, len(found.rounds)) == (Stop.NOTHING_NEW, 2)


def test_ten_sentences_are_the_most():
    """Even where none of them is searched for."""
    generator = RepliesInTurn(*(thought(f"Thus it is {word}.") for word in "abcdefghijklm"))
    found = ircot(QUESTION, Shelf(), generator)

    assert (found.stop, len(generator.requests)) == (Stop.THOUGHTS, MOST_THOUGHTS)


def test_at_most_fifteen_paragraphs_are_shown_and_none_of_600_words():
    """All are pooled; what the model reads is bounded."""
    long = "word " * 601
    shelf = Shelf()
    shelf_found = [*passages(*(f"P{n}" for n in range(30))), evidence_of("Long", long, 31).found]
    generator = RepliesInTurn(thought(""))
    found = ircot(QUESTION, lambda query: [shelf_found[-1], *shelf_found[:-1]], generator, merge=Merge.FIRST)

    assert [line.split(":")[0] for line in data_lines(generator.requests[0])] == [
        f"({n + 1}) P{n}" for n in range(15)
    ]
    assert len(found.passages) == 31
    assert shelf.queries == []


# ------------------------------------------------------------------------------------------ refine and pool


def test_refining_goes_on_until_the_model_has_enough():
    """New queries are searched for and pooled; "enough" ends it."""
    shelf = Shelf()
    generator = RepliesInTurn(queries("Iron Bridge designer", "Ada Quist"), queries(enough=True))
    found = refine_and_pool(QUESTION, shelf, generator)

    assert shelf.queries == [QUESTION, "Iron Bridge designer", "Ada Quist"]
    assert found.stop is Stop.ENOUGH
    assert set(names(found)) == {"Bridge", "River", "Iron Bridge designer", "Ada Quist"}


def test_queries_that_were_made_before_are_not_made_again():
    """Neither the question nor an earlier query, in whatever letters; when none is left, nothing is new."""
    shelf = Shelf()
    generator = RepliesInTurn(queries(QUESTION.upper(), "Ada", "ada?"), queries("ADA", " ada.", ""))
    found = refine_and_pool(QUESTION, shelf, generator)

    assert shelf.queries == [QUESTION, "Ada"]
    assert found.stop is Stop.NOTHING_NEW


def test_two_rounds_without_a_new_passage_are_the_last():
    """Other words for the same passages lead no further; a new passage in between lets it go on."""
    same = ["River", "Bridge"]
    twice = Shelf(**{"old bridge": same, "stone bridge": same})
    between = Shelf(**{"old bridge": same, "stone bridge": same})
    asked = [queries("old bridge"), queries("stone bridge"), queries("x"), queries("y")]
    stopped = refine_and_pool(QUESTION, twice, RepliesInTurn(*asked), max_hops=9)
    refine_and_pool(
        QUESTION, between, RepliesInTurn(asked[0], asked[2], asked[1], asked[3], queries()), max_hops=9
    )

    assert (stopped.stop, twice.queries) == (Stop.NOTHING_NEW, [QUESTION, "old bridge", "stone bridge"])
    assert between.queries == [QUESTION, "old bridge", "x", "stone bridge", "y"]


def test_refining_makes_no_more_searches_than_hops():
    """Three queries at once count three times."""
    shelf = Shelf()
    found = refine_and_pool(QUESTION, shelf, RepliesInTurn(queries("a", "b", "c")), max_hops=3)

    assert (shelf.queries, found.stop) == ([QUESTION, "a", "b"], Stop.HOPS)


# ------------------------------------------------------------------------------------------ decomposition


def test_a_question_is_taken_apart_and_answers_are_handed_on():
    """The answer of the first part stands in the second's query."""
    shelf = Shelf()
    generator = RepliesInTurn(
        {"parts": ["Who designed the Iron Bridge?", "Where was #1 born?"]},
        {"in_documents": True, "short": "Ada Quist"},
    )
    found = search_by_parts(QUESTION, shelf, generator)

    assert shelf.queries == [QUESTION, "Who designed the Iron Bridge?", "Where was Ada Quist born?"]
    assert (found.stop, len(generator.requests)) == (Stop.ALL_PARTS, 2)
    assert [each.thought for each in found.rounds] == [
        "",
        "Who designed the Iron Bridge?",
        "Where was #1 born?",
    ]


def test_a_part_that_nobody_could_answer_is_not_guessed_on():
    """What depends on it is passed over, what does not is searched for."""
    shelf = Shelf()
    generator = RepliesInTurn(
        {"parts": ["Who designed it?", "Where was #1 born?", "How long is the river?"]},
        {"in_documents": False, "short": "Ada"},
    )
    search_by_parts(QUESTION, shelf, generator)

    assert shelf.queries == [QUESTION, "Who designed it?", "How long is the river?"]


def test_a_question_of_one_step_is_searched_for_once():
    """Its only part is the question, which was searched for already."""
    shelf = Shelf()
    found = search_by_parts(QUESTION, shelf, RepliesInTurn({"parts": [QUESTION]}))

    assert (shelf.queries, found.stop) == ([QUESTION], Stop.ALL_PARTS)


@pytest.mark.parametrize("data", [{"parts": []}, {"parts": ["", "  "]}, {}, None, {"parts": "Who?"}])
def test_a_question_that_cannot_be_taken_apart_stays_whole(data):
    """An empty or odd reply leaves the question as it is."""
    assert decompose(QUESTION, RepliesInTurn(data)).parts == (QUESTION,)


# ------------------------------------------------------------------------------------------ all loops


@pytest.mark.parametrize("loop", LOOPS.values(), ids=list(LOOPS))
def test_a_failed_call_leaves_what_was_found_and_says_so(loop):
    """The question's own passages come back, with a warning that names the failure."""
    found = loop(QUESTION, Shelf(), RepliesInTurn(DOWN), max_hops=4)

    assert names(found) == ["Bridge", "River"]
    assert found.stop is Stop.FAILED
    assert "the server cannot be reached" in found.warnings[0]


@pytest.mark.parametrize(
    ("loop", "replies"),
    [
        (ircot, [thought("Ada designed it."), thought("Ada is Danish.")]),
        (refine_and_pool, [queries("a"), queries("b")]),
        (search_by_parts, [{"parts": ["a", "b #1"]}, {"in_documents": True, "short": "x"}]),
    ],
)
def test_a_loop_whose_calls_are_used_up_stops_there_with_a_warning(loop, replies):
    """One call is allowed: the second is never made, and what the first led to is kept."""
    inner, shelf = RepliesInTurn(*replies), Shelf()
    found = loop(QUESTION, shelf, within(inner, Budget(calls=1)), max_hops=9)

    assert (found.stop, len(inner.requests), len(shelf.queries)) == (Stop.BUDGET, 1, 2)
    assert "budget of 1 calls is spent" in found.warnings[0]


@pytest.mark.parametrize("loop", LOOPS.values(), ids=list(LOOPS))
def test_a_loop_whose_time_is_over_asks_no_model(loop):
    """After the deadline only the question itself is searched for."""
    inner, shelf = RepliesInTurn({}), Shelf()
    moments = iter([0.0, *[99.0] * 9])
    found = loop(QUESTION, shelf, within(inner, Budget(seconds=10, now=lambda: next(moments))), max_hops=9)

    assert (inner.requests, shelf.queries) == ([], [QUESTION])
    assert "10 seconds allowed are over" in found.warnings[0]


@pytest.mark.parametrize("loop", LOOPS.values(), ids=list(LOOPS))
@pytest.mark.parametrize("data", [None, {}, [], {"thought": 7, "queries": [7, None], "parts": [7]}])
def test_an_odd_reply_ends_a_loop_without_a_crash(loop, data):
    """Whatever the model sends, the question's passages come back."""
    found = loop(QUESTION, Shelf(), RepliesInTurn(*[data] * 9), max_hops=4)

    assert names(found) == ["Bridge", "River"]


def result(query):
    return SearchResult(
        tuple(passages(query)), SearchTrace("dense", Seeds(), None, {"walk": 2.0}, (f"about {query}",))
    )


def test_the_trace_of_a_loop_tells_of_all_its_searches():
    """The trace holds the first search's method, all queries, all warnings, and the time of all searches."""
    generator = within(RepliesInTurn(queries("a"), queries("b"), queries("c")), Budget(calls=2))
    found = look_further(QUESTION, result, generator, AnswerSettings(loop="refine", max_hops=9))

    assert found.trace.queries == ("a", "b")
    assert found.trace.timings_ms == {"walk": 6.0}
    assert found.trace.warnings[:3] == (f"about {QUESTION}", "about a", "about b")
    assert found.trace.warnings[3] == "Searching stopped early: The budget of 2 calls is spent."


def test_a_loop_needs_a_model_and_a_name():
    """Both slips are told with the way out."""
    with pytest.raises(SettingsError, match="needs a language model"):
        look_further(QUESTION, result, None, AnswerSettings(loop="ircot"))
    with pytest.raises(SettingsError, match="Known are none, decompose, ircot, refine"):
        look_further(QUESTION, result, RepliesInTurn(), AnswerSettings(loop="spiral"))


def test_a_budget_of_the_server_ends_a_loop_like_our_own():
    """Tokens or money that are used up are a budget, not a failure."""
    found = ircot(QUESTION, Shelf(), RepliesInTurn(BudgetSpent("the money is spent")))

    assert (found.stop, found.warnings) == (Stop.BUDGET, ("Reasoning stopped early: the money is spent",))
