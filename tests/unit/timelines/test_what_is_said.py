"""What turns of a conversation state, and of whom."""

from __future__ import annotations

import pytest

from hippograph.adapters.plain_splitter import PlainSplitter
from hippograph.timelines.said import speakers_of, third_person, what_is_said
from hippograph.types import Document, DocumentId, Extraction, Passage


def passage_of(text: str) -> tuple[Passage, Document]:
    document = Document(DocumentId("s"), "2026-01-05", text)
    (passage,) = PlainSplitter(200, 0, lambda text: len(text.split())).split(document)
    return passage, document


def said(text: str) -> set[tuple[str, str, str]]:
    passage, document = passage_of(text)
    found = what_is_said(passage, document, Extraction(passage.id, (), ()))
    return {(each.subject, each.relation, each.object) for each in found if each.can_change}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Ana: I live in Ollavar, above the bakery.", ("ana", "lives in", "ollavar")),
        ("Ana: Guess what! I moved to Vessmouth last week.", ("ana", "lives in", "vessmouth")),
        ("Bo Vik: I work for the ferry company in Marren.", ("bo vik", "works at", "ferry company")),
        ("Bo: Big news. I started at the lighthouse on Monday.", ("bo", "works at", "lighthouse")),
        ("Cy: I study botany this term.", ("cy", "studies", "botany")),
        ("Cy: My tutor is Doctor Amari now.", ("cy", "tutor", "doctor amari")),
    ],
)
def test_a_turn_states_something_of_its_speaker(text: str, told: tuple[str, str, str]) -> None:
    """Moving to a town and living in one are the same relation, and so for work and studies."""
    assert told in said(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ana: I would have moved to Ribe.",
        "Ana: Have I moved to Ribe?",
        "Ana: I don't live in Ribe.",
    ],
)
def test_a_wish_a_question_and_a_denial_state_nothing(text: str) -> None:
    """Nobody lives in Ribe for having asked."""
    assert not {each for each in said(text) if "ribe" in each[2]}


@pytest.mark.parametrize(
    "text", ["Ana: I moved to the sofa.", "Ana: Everyone moved to Ribe.", "Ana: I joined the choir."]
)
def test_what_only_sounds_like_a_change_of_state_is_none(text: str) -> None:
    """A piece of furniture, a subject that is nobody in particular, and a verb that may be of anything."""
    assert not {each for each in said(text) if each[1] in ("lives in", "works at")}


def test_a_turn_is_no_header_line_of_its_document() -> None:
    """Without care "Ana: Hello" would read as the line of a header, whose key is Ana; a real header is one."""
    assert not {each for each in said("Ana: Hello\nBo: Hello") if each[1] in ("ana", "bo")}


def test_who_speaks_is_read_off_the_lines() -> None:
    """Names before a colon, also of sentences that stand further down in a turn."""
    passage, _ = passage_of("Ana: The roof leaks. It rains in.\nBo Vik: I know.")

    assert speakers_of(passage) == {"ana", "bo vik"}


def test_the_first_person_becomes_the_speaker() -> None:
    """Verbs, contractions and possessives follow."""
    assert third_person("Ana", "I'm in Ribe and I've a boat.") == "Ana is in Ribe and Ana has a boat."
    assert third_person("Ana", "I study geology.") == "Ana studies geology."
