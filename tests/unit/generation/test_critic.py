"""The heuristic critic: when it is content, what it searches for next, and when it gives up."""

import pytest

from hippograph.generation.citations import cite
from hippograph.generation.critic import HeuristicCritic, absent_names
from hippograph.types import CritiqueKind, Draft

QUESTION = "In which town was the designer of the Iron Bridge born?"


def draft(world=(), confidence=0.9, refusal=None):
    citations = tuple(cite(evidence, number) for evidence, number in world)
    return Draft("", None, citations, refusal, confidence)


@pytest.fixture
def critic():
    return HeuristicCritic()


def test_an_answer_from_evidence_that_names_everything_is_enough(critic, world):
    """Nothing more is searched for, however unsure it is."""
    evidence = world("The Iron Bridge", "Ada Quist")

    judged = critic.judge(QUESTION, draft([(evidence[1], 1)], 0.01), evidence, [QUESTION])

    assert judged.kind is CritiqueKind.STOP


def test_a_name_that_no_passage_holds_is_searched_for_first(critic, world):
    """However sure the answer is."""
    evidence = world("Ada Quist", "Noor Vane")

    judged = critic.judge(QUESTION, draft([(evidence[0], 1)]), evidence, [QUESTION])

    assert absent_names(QUESTION, evidence) == ["Iron Bridge"]
    assert (judged.kind, judged.query) == (CritiqueKind.SEARCH, "Iron Bridge")


def test_what_was_found_on_the_way_is_searched_for_with_what_is_missing(critic, world):
    """The sentence about the bridge names the designer and not a birth: the next query asks for just that."""
    evidence = world("The Iron Bridge")

    judged = critic.judge(QUESTION, draft(refusal="No sentence gives a place."), evidence, [QUESTION])

    assert judged.kind is CritiqueKind.SEARCH
    assert "Ada Quist" in judged.query
    assert "born" in judged.query


def test_a_query_is_never_repeated(critic, world):
    """Each turn asks for something else, and then the critic gives up."""
    evidence, searched = world("The Iron Bridge"), [QUESTION]
    weak = draft([(evidence[0], 1)], 0.1, refusal="No sentence gives a place.")

    while (judged := critic.judge(QUESTION, weak, evidence, searched)).kind is CritiqueKind.SEARCH:
        assert judged.query not in searched
        searched.append(judged.query)

    assert (judged.kind, judged.why) == (CritiqueKind.ABSTAIN, "No sentence gives a place.")
    assert 2 <= len(searched) < 6


def test_an_answer_about_a_name_that_stands_nowhere_is_withheld(critic, world):
    """All was tried, and no passage holds it: the reason names it."""
    evidence = world("Noor Vane")
    searched = [QUESTION]

    while (judged := critic.judge(QUESTION, draft([(evidence[0], 1)]), evidence, searched)).query:
        searched.append(judged.query)

    assert judged.kind is CritiqueKind.ABSTAIN
    assert "Iron Bridge" in judged.why


def test_without_evidence_it_searches_for_the_names_and_then_gives_up(critic):
    """No passage, no crash."""
    nothing = draft(refusal="No passage was found.", confidence=0.0)

    first = critic.judge(QUESTION, nothing, (), [QUESTION])
    last = critic.judge(QUESTION, nothing, (), [QUESTION, first.query, "town designer iron bridge born"])

    assert first.query == "Iron Bridge"
    assert last.kind in (CritiqueKind.ABSTAIN, CritiqueKind.SEARCH)
