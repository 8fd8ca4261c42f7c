"""Alignment: names and facts find their sentences, and what a passage does not say stays out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hippograph.text.alignment import LEAST_CONFIDENCE, align, founded_share
from hippograph.text.readings import Reading
from hippograph.text.sentences import split_sentences
from hippograph.types import DocumentId, Mention, MentionKind, Passage, PassageId, Sentence


def passage(text, title="", heading=""):
    sentences = tuple(Sentence(text[a:b], a, b) for a, b in split_sentences(text))
    return Passage(PassageId("p"), DocumentId("d"), title, heading, text, 0, len(text), 0, sentences)


ADA = passage(
    "Ada Lovelace was a mathematician. In 1843 she translated an article by Luigi Menabrea. "
    "The Analytical Engine was Babbage's.",
    "Ada Lovelace (mathematician)",
)


def triple(fact, on=ADA, **options):
    triples = align(on, Reading((), (fact,)), "test", **options).triples
    return triples[0] if triples else None


def places(name, on=ADA):
    return [m.sentence for m in align(on, Reading((name,)), "test").mentions if m.name == name]


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("Luigi Menabrea", [1]),
        ("the analytical engine", [2]),
        ("Babbage", [2]),
        ("Menabrea, Luigi", [1]),
        ("Luigi Federico Menabrea", [1]),
        ("Lui", []),
        ("Charles Dickens", []),
    ],
)
def test_a_name_is_mentioned_where_its_words_stand(name, sentences):
    """Whole words in normal form; else the sentence with at least half of the words; else nowhere."""
    assert places(name) == sentences


def test_a_name_is_mentioned_in_every_sentence_that_holds_it():
    """Each sentence that names it counts."""
    twice = passage("Bo met Ada. Nobody spoke. Ada left.")

    assert places("Ada", twice) == [0, 2]


def test_what_the_title_names_is_mentioned_once_as_the_title():
    """The title's qualifier aside, first of all mentions, in the first sentence."""
    mentions = align(ADA, Reading(("Luigi Menabrea", "Ada Lovelace")), "test").mentions

    assert mentions[0] == Mention("Ada Lovelace", MentionKind.TITLE, 0)
    assert [m.kind for m in mentions] == [MentionKind.TITLE, MentionKind.NAME]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("1843", MentionKind.DATE),
        ("300 dollars", MentionKind.NUMBER),
        ("Menabrea", MentionKind.NAME),
        ("article", MentionKind.NOUN),
        ("東京", MentionKind.NAME),
    ],
)
def test_the_kind_of_a_name_is_told_by_its_form(name, kind):
    """Dates, numbers, capitals; a script without capitals gives names."""
    on = passage("In 1843 Menabrea paid 300 dollars for an article in 東京.")

    (mention,) = align(on, Reading((name,)), "test").mentions

    assert mention.kind is kind


def test_a_script_without_spaces_is_aligned():
    """Bigrams stand for words where a script has no spaces."""
    on = passage("北京是中国的首都。上海很大。")

    assert places("中国", on) == [0]
    assert places("上海", on) == [1]
    assert places("东京", on) == []


def test_a_fact_stands_in_the_sentence_that_holds_both_ends():
    """Both ends count more than any number of shared words."""
    on = passage("Ada wrote a long letter about engines. Ada met Bo. Bo wrote.")

    assert triple(("Ada", "wrote a long letter about engines to", "Bo"), on).sentence == 1


def test_a_fact_whose_ends_are_written_out_is_certain():
    """Confidence 1: both ends stand in the passage or are what its title names."""
    found = triple(("Ada Lovelace", "translated article by", "Luigi Menabrea"))

    assert (found.sentence, found.confidence, found.rule) == (1, 1.0, "test")


def test_a_fact_written_in_other_words_is_less_certain():
    """Half of the object's words stand in the passage: (1 + 1/2) / 2."""
    found = triple(("Ada Lovelace", "translated", "Menabrea paper"))

    assert found.confidence == 0.75


@pytest.mark.parametrize(
    "fact", [("Ada Lovelace", "born in", "London"), ("Charles Dickens", "wrote", "Bleak House")]
)
def test_a_fact_that_the_passage_does_not_tell_is_dropped(fact):
    """World knowledge and inventions of a model share no end with the sentences, or only the title."""
    extraction = align(ADA, Reading((), (fact,)), "test")

    assert extraction.triples == ()
    assert {m.name for m in extraction.mentions} == {"Ada Lovelace"}


def test_a_trusted_fact_that_the_passage_does_not_tell_is_kept_with_least_confidence():
    """It goes to the first sentence."""
    found = triple(("Ada Lovelace", "born in", "London"), keep_unfounded=True)

    assert (found.sentence, found.confidence) == (0, LEAST_CONFIDENCE)


def test_the_title_s_qualifier_and_headings_tell_facts():
    """What stands above the text is said of it."""
    on = passage("It was cold.", "Galicia (Spain)", "Climate")

    assert triple(("Galicia", "is in", "Spain"), on) is not None
    assert triple(("Galicia", "has", "climate"), on) is not None


def test_both_ends_of_a_fact_are_mentioned():
    """An end that no sentence holds as written is mentioned where its fact stands."""
    mentions = align(ADA, Reading((), (("Ada Lovelace", "wrote for", "Luigi F. Menabrea"),)), "t").mentions

    assert ("Luigi F. Menabrea", 1) in [(m.name, m.sentence) for m in mentions]


def test_a_passage_without_sentences_has_an_empty_extraction():
    """There is no place for anything."""
    empty = align(passage("", "Ada"), Reading(("Ada",), (("Ada", "met", "Bo"),)), "test")

    assert (empty.mentions, empty.triples) == ((), ())


def test_the_founded_share_tells_a_reading_of_another_passage():
    """Two of four names and facts stand in the passage."""
    reading = Reading(
        ("Luigi Menabrea", "Charles Dickens"), (("Bo", "met", "Cy"), ("Dan", "wrote", "article"))
    )

    assert founded_share(ADA, reading) == 0.5
    assert founded_share(ADA, Reading()) == 1.0


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=80),
    st.text(max_size=15),
    st.lists(st.text(min_size=1, max_size=12), max_size=4),
    st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9)), max_size=4),
)
def test_every_place_is_a_sentence_of_the_passage(text, title, names, facts):
    """Whatever is aligned with whatever, places and confidences are in range."""
    on = passage(text, title)

    extraction = align(on, Reading(tuple(names), tuple(facts)), "test", keep_unfounded=True)

    count = len(on.sentences)
    assert all(0 <= m.sentence < count for m in extraction.mentions)
    assert all(0 <= t.sentence < count and 0 < t.confidence <= 1 for t in extraction.triples)
