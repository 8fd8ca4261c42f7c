"""Every extractor: one result a passage, in order, and the same each time."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hippograph.adapters.rules import RuleExtractor
from hippograph.errors import MissingExtra
from hippograph.text.names import normal_name
from hippograph.text.sentences import split_sentences
from hippograph.types import (
    DocumentId,
    Extraction,
    ExtractionFailure,
    MentionKind,
    Passage,
    PassageId,
    Sentence,
)


def passage(text: str, title: str = "") -> Passage:
    sentences = tuple(Sentence(text[a:b], a, b) for a, b in split_sentences(text))
    return Passage(PassageId(text[:20]), DocumentId("d"), title, "", text, 0, len(text), 0, sentences)


def read(text: str, title: str = "") -> Extraction:
    (result,) = RuleExtractor().extract([passage(text, title)])
    assert isinstance(result, Extraction), result
    return result


def names(result: Extraction, *kinds: MentionKind) -> list[str]:
    return [mention.name for mention in result.mentions if mention.kind in kinds]


def facts(result: Extraction) -> set[tuple[str, str, str]]:
    return {(t.subject, t.relation, t.object) for t in result.triples}


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.text(max_size=20))
def test_any_text_gives_a_result_within_its_passage(text, title):
    """Odd characters never fail; every mention and fact points to a sentence of the passage."""
    result = read(text, title)

    count = max(1, len(split_sentences(text)))
    assert all(0 <= mention.sentence < count and normal_name(mention.name) for mention in result.mentions)
    assert all(0 <= t.sentence < count and t.subject and t.object and t.relation for t in result.triples)
    assert all(0 < t.confidence <= 1 and t.rule for t in result.triples)


def test_one_result_a_passage_in_order_and_the_same_each_time():
    """Reading twice gives the same; the order is the order of the passages."""
    passages = [passage("Ada met Bo in Paris."), passage(""), passage("北京是首都。", "北京")]

    first = list(RuleExtractor().extract(passages))

    assert [result.passage for result in first] == [p.id for p in passages]
    assert first == list(RuleExtractor().extract(passages))


def test_a_bad_passage_loses_no_other(monkeypatch):
    """A rule that stumbles makes a failure with its reason; the next passage is read."""
    from hippograph.adapters.rules import extractor

    def stumble(items):
        if any(item.text == "Stumble" for item in items):
            raise IndexError("too short")
        return []

    monkeypatch.setattr(extractor, "read_chunks", stumble)

    bad, good = RuleExtractor().extract(
        [passage("Then Stumble fell over the stone."), passage("Ada met Bo in Paris.")]
    )

    assert isinstance(bad, ExtractionFailure)
    assert "IndexError: too short" in bad.reason
    assert not bad.retryable
    assert isinstance(good, Extraction)


def test_a_missing_tagger_is_no_failure_of_a_passage(monkeypatch):
    """Without the tagger's package nothing can be read, and the error says what to install."""
    monkeypatch.setitem(sys.modules, "textblob", None)

    with pytest.raises(MissingExtra, match="textblob"):
        list(RuleExtractor().extract([passage("Ada met Bo.")]))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("She studied at the University of Paris.", ["University of Paris"]),
        ("The books of J. R. R. Tolkien are read.", ["J. R. R. Tolkien"]),
        (
            "He knew Miguel de Cervantes and Vincent van Gogh well.",
            ["Miguel de Cervantes", "Vincent van Gogh"],
        ),
        ("After World War II the U.S. joined.", ["World War II", "U.S."]),
        ("It was sold to Acme, Inc. and AT&T later.", ["Acme, Inc.", "AT&T"]),
        ("However, the boat sank in the Black Sea.", ["Black Sea"]),
        (
            "They say that she met Robin Munro of the University of London.",
            ["Robin Munro", "University of London"],
        ),
        ("It is run by the Department of Trade and Industry.", ["Department of Trade and Industry"]),
        ("Он родился в Москве.", ["Москве"]),
        ("Ο ποταμός περνά από την Αθήνα.", ["Αθήνα"]),
    ],
)
def test_proper_names_are_whole_and_openers_are_not_names(sentence, expected):
    """Linked parts and initials belong to a name; a capital that only opens a sentence makes none."""
    found = names(read(sentence), MentionKind.NAME)

    assert [name for name in found if name in expected] == expected
    assert not {"She", "The", "He", "After", "It", "However", "They", "Он"} & set(found)


def test_dates_quotes_quantities_and_nouns_have_their_kinds():
    """Each kind of thing is told apart."""
    result = read('In May 1901 she wrote "The Old House" on a hand-made press for 300 dollars.')

    assert names(result, MentionKind.DATE) == ["May 1901"]
    assert names(result, MentionKind.QUOTE) == ["The Old House"]
    assert names(result, MentionKind.NUMBER) == ["300 dollars"]
    assert names(result, MentionKind.NOUN) == ["hand-made press"]


@pytest.mark.parametrize(
    ("sentence", "fact"),
    [
        ("Ada Byron wrote the first program.", ("Ada Byron", "wrote", "first program")),
        ("Ada Byron was born in London.", ("Ada Byron", "born in", "London")),
        ("The engine was designed by Charles Babbage.", ("Engine", "designed by", "Charles Babbage")),
        ("It was designed by Charles Babbage.", ("Engine", "designed by", "Charles Babbage")),
        ("Ada Byron and Mary Somerville visited Turin.", ("Mary Somerville", "visited", "Turin")),
        ("Ada Byron met Faraday and Dickens.", ("Ada Byron", "met", "Dickens")),
        ("In 1842, Ada Byron translated a long paper.", ("Ada Byron", "translated in", "1842")),
        ("Ada Byron, who met Luigi Menabrea, was ill.", ("Ada Byron", "met", "Luigi Menabrea")),
        ("The mathematician Ada Byron lived there.", ("Ada Byron", "is", "mathematician")),
        ("Ada Byron (born 1815) lived there.", ("Ada Byron", "born", "1815")),
        ("Ada Byron moved to the town of Horley.", ("Ada Byron", "moved to", "Horley")),
        ("Rain fell near Menabrea again.", ("Engine", "mentions", "Menabrea")),
    ],
)
def test_facts_of_a_sentence(sentence, fact):
    """Active, passive, coordinated, relative and appositive clauses give subject, relation and object."""
    assert fact in facts(read(f"The engine is a machine. {sentence}", "Engine"))


def test_a_short_name_is_the_full_name_of_its_passage():
    """A surname or a bracketed acronym stands for the full name; two bearers of a surname stay apart."""
    result = read(
        "Zelda Quimby founded the Lunar Boat Society (LBS). Quimby led the LBS. "
        "Otto Brankov met Ida Brankov. Brankov won."
    )

    assert ("Zelda Quimby", "led", "Lunar Boat Society") in facts(result)
    assert "LBS" in names(result, MentionKind.NAME)
    assert "Brankov" in names(result, MentionKind.NAME)


def test_the_speaker_of_a_chat_line_says_i():
    """In a chat, "I" is who speaks."""
    assert ("Zelda", "visited", "Turin") in facts(read("Zelda: I visited Turin."))


@pytest.mark.parametrize(
    ("text", "title", "name"),
    [
        ("北京是中国的首都。", "北京", "中国"),
        ("القاهرة عاصمة مصر وأكبر مدنها.", "القاهرة", "عاصمة"),
        ("दिल्ली भारत की राजधानी है।", "दिल्ली", "राजधानी"),
    ],
)
def test_scripts_without_capitals_give_title_and_runs(text, title, name):
    """The title always is an entity; runs of letters between function words are candidates."""
    result = read(text, title)

    assert names(result, MentionKind.TITLE) == [title]
    assert name in names(result, MentionKind.NOUN)


def test_a_very_long_sentence_is_read_only_so_far():
    """What stands behind the limit is not read, so that a table dump cannot stall the extractor."""
    text = "Ada met " + "x " * 200 + "Turin."

    (short,) = RuleExtractor(max_sentence_characters=100).extract([passage(text)])

    assert names(read(text), MentionKind.NAME) == ["Ada", "Turin"]
    assert names(short, MentionKind.NAME) == ["Ada"]


def test_the_fingerprint_tells_other_limits_apart():
    """Other limits give other results, so they have another fingerprint."""
    assert RuleExtractor().fingerprint == RuleExtractor().fingerprint != RuleExtractor(100).fingerprint
