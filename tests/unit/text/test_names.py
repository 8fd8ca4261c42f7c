"""Names: one normal form for the spellings of one entity, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.text.names import normal_name, title_name, words

SCRIPTS = [
    "北京",
    "Москва",
    "القاهرة",
    "Zürich",
    "Zurich",
    "हिन्दी",
    "हिन्दू",
    "東京",
    "ไทย",
    "서울",
    "Αθήνα",
    "ירושלים",
]


@given(st.text(max_size=40))
def test_the_normal_form_of_a_normal_form_is_itself(name):
    """Applying it twice changes nothing, whatever the characters."""
    once = normal_name(name)

    assert normal_name(once) == once


@given(st.text(alphabet="abcXYZ éß 北京ि'’.-", min_size=1, max_size=20))
def test_case_and_outer_white_space_do_not_count(name):
    """A shouted name is the same name."""
    assert normal_name(f"  {name.upper()} ") == normal_name(name.upper())
    assert normal_name(name.casefold()) == normal_name(name)


@given(st.text(min_size=1, max_size=20).filter(lambda name: any(c.isalnum() for c in name)))
def test_a_name_with_a_letter_or_digit_is_never_empty(name):
    """Nothing that can be read is lost."""
    assert normal_name(name).strip() != ""


def test_scripts_stay_distinct():
    """No script is folded away: every name keeps a form of its own."""
    forms = {normal_name(name) for name in SCRIPTS}

    assert len(forms) == len(SCRIPTS)
    assert "" not in forms


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("The Beatles", "beatles"),
        ("the  BEATLES", "beatles"),
        ("The The", "the"),
        ("A", "a"),
        ("A-1", "a 1"),
        ("An Officer", "officer"),
        ("Britain's", "britain"),
        ("Britain’s capital", "britain capital"),
        ("J. R. R. Tolkien", "j r r tolkien"),
        ("Jean-Luc", "jean luc"),
        ("C", "c"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("#1", "1"),
        ("!!!", "!!!"),
        ("ＮＡＳＡ", "nasa"),
        ("Straße", "strasse"),
        ("cafe\u0301", "café"),
        ("soft\u00adhyphen", "softhyphen"),
        ("snake_case", "snake case"),
        ("   ", ""),
    ],
)
def test_what_a_name_is_folded_to(name, form):
    """Width, case, punctuation, possessive and a leading article do not count; signs on a word do."""
    assert normal_name(name) == form


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Hamlet (1996 film)", "Hamlet"),
        ("Mercury (planet) (disambiguation)", "Mercury"),
        ("(What's the Story) Morning Glory?", "(What's the Story) Morning Glory?"),
        ("(untitled)", "(untitled)"),
        ("東京（都市）", "東京"),
        ("", ""),
    ],
)
def test_a_title_names_its_subject_without_the_qualifier(title, name):
    """A bracket at the end tells namesakes apart; it is no part of the name, unless nothing else is there."""
    assert title_name(title) == name


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Ada's 2nd Engine, ENGINE_3!", ["ada", "2nd", "engine", "engine", "3"]),
        ("Zürich’s Straße", ["zürich", "strasse"]),
        ("北京大学", ["北京", "京大", "大学"]),
        ("GPT模型", ["gpt", "模型"]),
        ("हिन्दी भाषा।", ["हिन्दी", "भाषा"]),
        ("القاهرة مدينة", ["القاهرة", "مدينة"]),
        ("서울 대학교", ["서울", "대학교"]),
        ("水", ["水"]),
        ("", []),
    ],
)
def test_words_of_any_script(text, tokens):
    """Words are casefolded; scripts without spaces give overlapping pairs of characters."""
    assert words(text) == tokens


@given(st.text(alphabet="abc XYZ'.,_-09", max_size=60))
def test_both_ways_of_finding_words_agree(text):
    """The fast way for ASCII gives what the general way gives."""
    assert words(text) == [word for word in words(f"{text} é") if word != "é"]
