"""What a sentence says, as far as remembering goes: who, in which relation, to what, and whether it is over."""

import pytest

from hippograph.remembering.said import is_all_read, read_said


def said(text, speaker="", functional=()):
    return [
        (s.subject, s.relation, s.object, s.is_functional, s.ends)
        for s in read_said(text, speaker, functional)
    ]


@pytest.mark.parametrize(
    ("text", "subject", "relation", "object_"),
    [
        ("Ada now lives in Hull.", "ada", "live in", "hull"),
        ("Ada Quist works for Siemens", "ada quist", "work at", "siemens"),
        ("Ada's favourite colour is green.", "ada", "have favourite colour", "green"),
        ("The deadline of the bridge is 5 May 2026.", "bridge", "have deadline", "5 may 2026"),
        ("Ada is 35 years old.", "ada", "be years old", "35"),
        ("Ada was born in Ribe.", "ada", "be born in", "ribe"),
        ("Ada moved to Hull.", "ada", "live in", "hull"),
        ("Ada joined Siemens.", "ada", "work at", "siemens"),
    ],
)
def test_relations_of_one_object_are_read_in_one_form(text, subject, relation, object_):
    """However they are put: present, past or as a role."""
    assert said(text) == [(subject, relation, object_, True, False)]


@pytest.mark.parametrize("text", ["I live in Ribe.", "My home is Ribe."])
def test_i_is_who_speaks(text):
    """And nobody where no speaker is given but the speaker."""
    assert said(text, "Ada Quist")[0][0] == "ada quist"
    assert said(text)[0][0] == "speaker"


@pytest.mark.parametrize(
    "text",
    [
        "Ada no longer works at Siemens.",
        "Ada doesn't work at Siemens any more.",
        "Ada left Siemens.",
        "Ada stopped working at Siemens.",
    ],
)  # fmt: skip
def test_an_end_is_read_as_the_end_of_what_was_said(text):
    """All of one relation and object, over."""
    assert [(r, o, e) for _, r, o, _, e in said(text)] == [("work at", "siemens", True)]


@pytest.mark.parametrize(
    "text",
    [
        "Ada might live in Hull.", "Where does Ada live?", "She lives in Hull.", "Ada never lived in Hull.",
        "If Ada lives in Hull, fine.", "Ada does not live in Hull.", "Hello!",
    ],
)  # fmt: skip
def test_what_is_not_said_is_not_read(text):
    """Guesses, questions, pronouns without a name and plain denials say nothing here."""
    assert said(text) == []


def test_relations_may_have_several_objects_unless_they_are_declared(tmp_path):
    """Liking one thing does not end liking another; a declared relation does."""
    assert not said("Ada drives a Volvo.")[0][3]
    assert said("Ada drives Volvo.", functional=["drives"])[0][3]
    assert not said("Ada works at home.")[0][3]
    assert not said("Ada was married to Noor.")[0][3]


@pytest.mark.parametrize(
    "text",
    ["Ada's friend is Bo.", "Ada's hobby is chess.", "Ada lives in Ribe and Hull.", "Ada's homes are Ribe."],
)
def test_what_may_be_one_of_several_ends_nothing(text):
    """A friend is not the only friend; two homes are said at once."""
    assert not any(functional for _, _, _, functional, _ in said(text))


def test_a_role_may_be_declared_to_be_one_at_a_time():
    """By its own word."""
    assert said("Ada's hobby is chess.", functional=["hobby"])[0][3]


def test_what_stands_behind_a_name_is_not_part_of_it():
    """The home is Ribe either way, and that more is said is noted, so that it is not passed over."""
    text = "Ada lives in Ribe with Noor."

    (more,) = read_said(text)

    assert (more.object, is_all_read(text, [more])) == ("ribe", False)
    assert is_all_read("Ada lives in Ribe.", read_said("Ada lives in Ribe."))
