"""Statements read as items, and when two items are the same."""

import pytest

from hippograph.generation.claims.matching import holds, may_be_one_name, nearness, same_name, same_stem
from hippograph.generation.claims.reading import Day, ItemKind, read_date, read_number, read_statement
from hippograph.generation.claims.sequence import in_sequence


def keys(text, kind):
    return [item.key for item in read_statement(text).items if item.kind is kind]


def test_names_dates_and_numbers_are_slots():
    """What can be exchanged for another value of its kind is told apart from the words around it."""
    text = "In 1843 Ada Lovelace, the first of 1,200 people, did not see 4.5 million boats."

    assert keys(text, ItemKind.NAME) == ["ada lovelace"]
    assert keys(text, ItemKind.DATE) == ["1843"]
    assert keys(text, ItemKind.NUMBER) == ["1th", "1200", "4.5e+06"]
    assert "not" in keys(text, ItemKind.SMALL)


@pytest.mark.parametrize("text", ["Born in Ribe, Ada left.", "Previously, Ada left."])
def test_a_capital_at_the_start_makes_no_name(text):
    """Participles and adverbs that open a sentence are words."""
    assert "ada" in keys(text, ItemKind.NAME)
    assert not {"born", "previously"} & set(keys(text, ItemKind.NAME))


def test_the_no_of_a_title_or_a_number_denies_nothing():
    """ "No Good" and "no. 765" are not negations; "no good" is one."""
    assert "no" not in keys("The No Good Day is no. 765 of them.", ItemKind.SMALL)
    assert "no" in keys("It was no good day.", ItemKind.SMALL)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("41", 41.0),
        ("1,200", 1200.0),
        ("1.5 million", 1.5e6),
        ("forty-one", 41.0),
        ("two hundred", 200.0),
        ("x", None),
    ],
)
def test_numbers_are_compared_by_value(text, value):
    """Digits, words and scales come to one number."""
    assert read_number(text) == value


@pytest.mark.parametrize(
    ("claimed", "told", "agrees"),
    [
        ("1843", "5 May 1843", True),
        ("May 1843", "May 5, 1843", True),
        ("5 May 1843", "1843", False),
        ("5 May 1843", "1843-05-05", True),
        ("1844", "5 May 1843", False),
        ("1840s", "1843", True),
        ("1850s", "1843", False),
        ("19th century", "1843", True),
    ],
)
def test_a_date_is_borne_out_by_a_more_precise_one_only(claimed, told, agrees):
    """The source may tell more of the day than the claim; never less."""
    assert read_date(claimed).agrees(read_date(told)) is agrees


def test_a_date_told_less_precisely_may_still_be_the_same():
    """ "1843" neither bears out nor refutes "5 May 1843"."""
    assert Day(1843, 5, 5).may_agree(Day(1843))
    assert not Day(1843, 5, 5).may_agree(Day(1844))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("ada lovelace", "lovelace", True),
        ("ada lovelace", "ada", True),
        ("british broadcasting corporation", "bbc", True),
        ("university of paris", "paris", False),
        ("ada lovelace", "ada quist", False),
    ],
)
def test_a_part_of_a_name_may_stand_for_it(first, second, same):
    """First and last names and initials do; a place within the name of something else does not."""
    assert same_name(first, second) is same_name(second, first) is same


@pytest.mark.parametrize(
    ("first", "second", "maybe"),
    [
        ("muhammad ali", "mohammed ali", True),
        ("j s bach", "johann sebastian bach", True),
        ("flanders", "countess of flanders", True),
        ("anna of flanders", "anna of guelders", False),
        ("ada", "noor", False),
    ],
)
def test_spellings_of_one_name_speak_neither_for_nor_against(first, second, maybe):
    """What may be one name in another form is not taken for a contradiction."""
    assert may_be_one_name(first, second) is may_be_one_name(second, first) is maybe


def test_stems_cut_to_different_lengths_are_one_word():
    """ "murdered" and "murder" lose other endings; "port" and "portrait" are two words."""
    assert same_stem("murder", "murd")
    assert not same_stem("port", "portrait")
    assert not same_stem("cat", "cata")


def test_a_rough_number_is_borne_out_by_a_near_one():
    """ "About 40" fits 41 and not 45."""
    claim, near, far = (read_statement(f"It is {n} metres.") for n in ("about 40", "41", "45"))
    (claimed,), (told,), (other,) = ([s.items[p] for p in s.slots] for s in (claim, near, far))

    assert holds(told, claimed, claim.is_about(claim.slots[0]))
    assert not holds(told, claimed)
    assert not holds(other, claimed, is_about=True)


def test_neighbours_are_counted_outward_until_one_differs():
    """Articles are passed over, "is" and "was" are one, and the end of both statements counts as one."""
    first = read_statement("Ada was born in the Danish town.")
    second = read_statement("Ada is born in a Danish town.")
    place = next(p for p, item in enumerate(first.items) if item.key == "danish")

    # before: in, born, is/was; after: town, the end.
    assert nearness(first, place, second, place) == 5


def test_statements_are_laid_side_by_side_in_order():
    """Equal items pair up, another date stands beside the claimed one, and the sentence's surplus costs nothing."""
    claim = read_statement("Ada died in 1815.")
    sentence = read_statement("Ada was born in 1815 and died in 1852.")

    pairs = {claim.items[p].text: sentence.items[q].text for p, q in in_sequence(claim, sentence)}

    assert pairs == {"Ada": "Ada", "died": "died", "in": "in", "1815": "1852"}


@pytest.mark.parametrize("text", ["", "...", "北京大学在1898年成立。", "قال أحمد", "🙂 🙂"])
def test_any_text_can_be_read(text):
    """Scripts without capitals, signs and nothing at all are read without a slot too many."""
    reading = read_statement(text)

    assert all(item.key or item.text for item in reading.items)
    assert in_sequence(reading, reading) == [(place, place) for place in range(len(reading.items))]


def test_a_script_without_capitals_says_so():
    """Names cannot be told from words there; digits still can."""
    reading = read_statement("北京大学在1898年成立。")

    assert reading.is_caseless()
    assert [item.key for item in reading.items if item.kind is ItemKind.NUMBER] == ["1898"]
    assert not read_statement("Zürich liegt in der Schweiz.").is_caseless()
