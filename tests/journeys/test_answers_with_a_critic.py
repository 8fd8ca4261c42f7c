"""Answers under a critic: searched on, bounded, the best of all turns, and withheld where nothing suffices."""

from dataclasses import dataclass, field

import pytest

from hippograph.critical_answering import ask_with_critic
from hippograph.errors import SettingsError
from hippograph.settings import AnswerSettings
from hippograph.types import Critique, CritiqueKind

ASKED = "Which fountain stands in the town where Luigi Menabrea was born?"


@dataclass
class Scripted:
    """Judges as it is told, in turn, and notes what it saw."""

    verdicts: list
    name: str = "scripted"
    seen: list = field(default_factory=list)

    def judge(self, question, draft, evidence, searched):
        self.seen.append((list(searched), {each.found.passage.document for each in evidence}))
        return self.verdicts.pop(0)


def asked(memory, critic, **limits):
    settings = memory.settings.model_copy(update={"answer": AnswerSettings(**limits)})
    narrow = settings.retrieval.model_copy(update={"answer_passages": 3})
    settings = settings.model_copy(update={"retrieval": narrow})
    return ask_with_critic(ASKED, memory.searching, memory.parts, settings, critic)


STOP = Critique(CritiqueKind.STOP, "enough")


def on(query):
    return Critique(CritiqueKind.SEARCH, "more", query)


def test_what_the_critic_asks_for_is_searched_and_becomes_evidence(toy_index):
    """The second turn sees passages that the first did not, and the trace says what was searched for."""
    critic = Scripted([on("Charles Babbage born in London"), STOP])

    answer = asked(toy_index, critic)

    (first, before), (second, after) = critic.seen
    assert (first, second) == ([ASKED], [ASKED, "Charles Babbage born in London"])
    assert "babbage" in after - before
    assert answer.trace.queries == ("Charles Babbage born in London",)
    assert answer.trace.warnings == ("The critic: more",)


def test_the_turns_are_bounded(toy_index):
    """A critic that is never content: so many searches as the settings allow, and an answer all the same."""
    critic = Scripted([on(f"query {n}") for n in range(9)])

    answer = asked(toy_index, critic, max_hops=3)

    assert len(critic.seen) == 3
    assert len(answer.trace.queries) == 2


def test_where_the_critic_abstains_no_answer_is_given(toy_index):
    """Its reason is the refusal."""
    answer = asked(toy_index, Scripted([Critique(CritiqueKind.ABSTAIN, "Nothing speaks of it.")]))

    assert (answer.refusal, answer.text, answer.citations) == (
        "Nothing speaks of it.",
        "Nothing speaks of it.",
        (),
    )


def test_a_content_critic_changes_nothing(toy_index, settings):
    """The answer is the one without it."""
    plain = toy_index.ask(ASKED)

    judged = ask_with_critic(ASKED, toy_index.searching, toy_index.parts, settings, Scripted([STOP]))

    assert (judged.text, judged.citations, judged.confidence) == (
        plain.text,
        plain.citations,
        plain.confidence,
    )


def test_an_unknown_critic_is_named(toy_index, settings, monkeypatch):
    """And the known ones are told."""
    wrong = settings.model_copy(update={"answer": AnswerSettings(critic="oracle")})
    monkeypatch.setattr(toy_index, "_settings", wrong)

    with pytest.raises(SettingsError, match="heuristic"):
        toy_index.ask(ASKED)


def test_the_settings_choose_the_heuristic_one(toy_index, settings, monkeypatch):
    """A question about somebody the documents never name is refused, with the name."""
    chosen = settings.model_copy(update={"answer": AnswerSettings(critic="heuristic")})
    monkeypatch.setattr(toy_index, "_settings", chosen)

    answer = toy_index.ask("In which town was Zebulon Quirk born?")

    assert answer.refusal is not None
    assert "Zebulon Quirk" in answer.refusal


def test_a_judged_answer_streams_as_a_whole(toy_index, settings, monkeypatch):
    """No sentence is shown before the critic has seen them all; then they come as in any stream."""
    chosen = settings.model_copy(update={"answer": AnswerSettings(critic="heuristic")})
    monkeypatch.setattr(toy_index, "_settings", chosen)

    *sentences, answer = toy_index.ask_stream(ASKED)
    refused = list(toy_index.ask_stream("In which town was Zebulon Quirk born?"))

    assert [each.text for each in sentences] == [cited.sentence for cited in answer.citations]
    assert len(refused) == 1
