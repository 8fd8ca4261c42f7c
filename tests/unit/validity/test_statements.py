"""Statements: what sentences and header lines say, and when they say it holds."""

from datetime import UTC, datetime

import pytest

from hippograph.adapters.plain_splitter import PlainSplitter
from hippograph.types import Document, Extraction, Grade, StatementForm, Triple
from hippograph.validity.frames import relation_key
from hippograph.validity.statements import read_statements


def states(text, title="Acme", observed="2020-01-01", metadata=None, triples=(), grade=Grade.LITE):
    """What a document of one passage states."""
    moment = datetime.fromisoformat(observed).replace(tzinfo=UTC) if observed else None
    document = Document("d", title, text, timestamp=moment, metadata=metadata or {})
    (passage,) = PlainSplitter(200, 0, lambda each: len(each.split())).split(document)
    return read_statements(passage, document, Extraction(passage.id, (), tuple(triples), grade))


def triples(text, **more):
    return [(each.subject, each.relation_key, each.object) for each in states(text, **more)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The chief executive of Acme is Jane Roe.", ("Acme", "chief executive", "Jane Roe")),
        ("Acme's chief executive is Jane Roe.", ("Acme", "chief executive", "Jane Roe")),
        ("Jane Roe is now the chief executive of Acme.", ("Acme", "chief executive", "Jane Roe")),
        ("The head of state of Norland is Ida Holm.", ("Norland", "head of state", "Ida Holm")),
        ("Acme is based in Lund.", ("Acme", "based in", "Lund")),
        ("Ida Holm works for Kestrel Works.", ("Ida Holm", "works for", "Kestrel Works")),
        ("Ola plays the position of goalkeeper.", ("Ola", "plays position of", "goalkeeper")),
        ("The status of Acme is dormant.", ("Acme", "status", "dormant")),
    ],
)
def test_plain_sentences_state_a_relation(sentence, expected):
    """Roles and verbs are read in every order in which English puts them."""
    assert triples(sentence) == [expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "Is Acme based in Lund?",
        "If Bo is the owner of Acme, all is well.",
        "Bo is not the owner of Acme.",
        "Perhaps Acme is based in Lund.",
        "Acme, a company of old, which has moved, lives in Oslo.",
        "The bridge of Lund was built in Oslo.",
        "Nothing here is capitalised like a name.",
        "Acceptable type hints ----------",
        "Acceptable type hints in Lund",
    ],
)
def test_what_is_doubted_denied_or_not_plain_states_nothing(sentence):
    """A question, a condition, a denial and a sentence with clauses give no statement."""
    assert triples(sentence) == []


def test_what_is_joined_by_and_is_several_objects():
    """Two objects of one sentence are two statements."""
    assert [each.object for each in states("Ida speaks Danish and Norwegian.")] == ["Danish", "Norwegian"]


def test_the_lines_that_open_a_document_are_said_of_its_title():
    """Key and value, lines that go on by being indented, and a blank value that ends what held."""
    text = "Status: Accepted\nAuthor: Ada Quist,\n        Bo Ark\nReview:\n\nNote: this stands below the block.\n"
    found = states(text, title="Plan 9 (draft)")

    assert [(each.subject, each.relation, each.object, each.ends) for each in found] == [
        ("Plan 9", "Status", "Accepted", False),
        ("Plan 9", "Author", "Ada Quist, Bo Ark", False),
        ("Plan 9", "Review", "", True),
    ]
    assert {each.form for each in found} == {StatementForm.LINE}


def test_what_somebody_says_in_a_chat_is_no_header_line():
    """A name, a colon and a sentence is speech; names with initials and titles are values."""
    assert triples("Ada: I will be there at nine.\nBo: So will I, see you then!\n") == []
    assert triples("Author: Fred L. Drake, Jr.\n") == [("Acme", "author", "Fred L. Drake, Jr.")]


def test_a_document_without_a_title_has_nothing_its_lines_are_said_of():
    """Without a title the block that opens a document states nothing."""
    assert states("Status: Accepted\n", title="") == []


def test_a_header_says_from_when_and_until_when_it_holds():
    """Lines such as "Effective" and "Expires" date the others; they are no statements themselves."""
    (found,) = states("Effective: 1 May 2019\nExpires: June 2021\nOwner: Bo Ark\n")

    assert found.relation == "Owner"
    assert found.valid_from == datetime(2019, 5, 1, tzinfo=UTC)
    assert found.valid_to == datetime(2021, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)


def test_the_source_may_say_when_a_document_holds():
    """`valid_from` and `valid_to` among the metadata count where the text says nothing."""
    (found,) = states("Owner: Bo Ark\n", metadata={"valid_from": "2019-05-01", "valid_to": "2019-02-30"})

    assert found.valid_from == datetime(2019, 5, 1, tzinfo=UTC)
    assert found.valid_to is None


@pytest.mark.parametrize(
    ("sentence", "first", "last", "restated"),
    [
        ("As of 3 May 2014, the owner of Acme is Bo Ark.", "2014-05-03", None, False),
        ("Since 2011 Acme has been based in Lund.", "2011-01-01", None, True),
        ("In 2016, Bo Ark became the owner of Acme.", "2016-01-01", None, False),
        ("From 2011 to 2015, the owner of Acme was Bo Ark.", "2011-01-01", "2015-12-31", False),
        ("Between 2011 and 2015, the owner of Acme was Bo Ark.", "2011-01-01", "2015-12-31", False),
        ("The owner of Acme is Bo Ark until March 2030.", None, "2030-03-31", False),
    ],
)
def test_a_sentence_says_when_it_holds(sentence, first, last, restated):
    """The words of time are read and taken out of the statement."""
    (found,) = states(sentence)

    assert (found.valid_from and found.valid_from.date().isoformat()) == first
    assert (found.valid_to and found.valid_to.date().isoformat()) == last
    assert found.restated is restated
    assert found.object in ("Bo Ark", "Lund")


@pytest.mark.parametrize("date", ["03/04/2021", "30 February 2020"])
def test_a_date_that_cannot_be_told_is_noted_and_not_used(date):
    """Ambiguous and impossible dates leave the document's own date to count, and a note."""
    (found,) = states(f"The owner of Acme is Bo Ark until {date}.")

    assert found.valid_to is None
    assert date in found.notes[0]


def test_an_end_before_the_beginning_leaves_both_out():
    """Clocks out of order: only the document's date counts, and a note says so."""
    (found,) = states("From 2019 to 2015, the owner of Acme is Bo Ark.")

    assert (found.valid_from, found.valid_to) == (None, None)
    assert "before it begins" in found.notes[0]


def test_no_longer_ends_what_held():
    """What is said to hold no longer is an end, and no new statement."""
    (found,) = states("Acme is no longer based in Lund.")

    assert (found.relation_key, found.object, found.ends) == ("based in", "Lund", True)


def test_the_past_tense_of_a_state_is_told_apart():
    """Who was the owner need not be it now; who was born somewhere still was."""
    assert [each.past for each in states("The owner of Acme was Bo Ark.")] == [True]
    assert [each.past for each in states("Acme was based in Lund.")] == [True]
    assert [each.past for each in states("Bo Ark was born in Lund.")] == [False]
    assert [each.past for each in states("In 2016, Bo Ark became the owner of Acme.")] == [False]


def test_items_of_a_list_have_their_numbers():
    """The number stands in front of the sentence, on its own line."""
    found = states("7. The owner of Acme is Bo Ark.\n8. The owner of Acme is Jane Roe.\n")

    assert [(each.serial, each.object) for each in found] == [(7, "Bo Ark"), (8, "Jane Roe")]


def test_facts_of_a_model_are_statements_too():
    """What a language model read in a sentence counts beside what the rules read."""
    read = [Triple("Acme", "is owned by", "Bo Ark", 0)]

    assert triples("It belongs to Bo.", triples=read, grade=Grade.LLM) == [("Acme", "owned by", "Bo Ark")]
    assert triples("It belongs to Bo.", triples=read) == []


def test_a_citation_is_the_documents_own_text():
    """Every statement says where it stands, to the character."""
    text = "Owner: Bo Ark\n\nAcme is based in Lund. It is old."
    for each in states(text):
        assert text[each.citation.start : each.citation.end] == each.citation.sentence


def test_wordings_that_differ_in_tense_and_article_are_one_relation():
    """Auxiliaries, articles and adverbs do not count; verbs and the nouns made of them stay apart."""
    assert relation_key("is currently the owner") == relation_key("was an owner") == "owner"
    assert relation_key("owns") != relation_key("owner")
