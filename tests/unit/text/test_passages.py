"""Passages: sections of Markdown, and counting no more tokens than the question needs."""

from hippograph.text.passages import count_up_to, make_passages, overlapped, sections
from hippograph.types import Document, DocumentId, content_id


def document(text: str, media_type: str = "text/markdown") -> Document:
    return Document(id=DocumentId("d"), title="T", text=text, media_type=media_type)


def found(text: str) -> list[tuple[str, str]]:
    return [(section.heading, text[section.start : section.end]) for section in sections(document(text))]


def test_sections_know_the_headings_above_them():
    """A deeper heading is added to the path, an equal or higher one replaces what is below it."""
    text = "Intro\n# A\na\n## B\nb\n### C ##\nc\n## D\nd\n# E\ne"

    assert found(text) == [
        ("", "Intro\n"),
        ("A", "# A\na\n"),
        ("A > B", "## B\nb\n"),
        ("A > B > C", "### C ##\nc\n"),
        ("A > D", "## D\nd\n"),
        ("E", "# E\ne"),
    ]


def test_headings_inside_fenced_code_are_code():
    """A fence closes only by its own kind, and nothing inside it is a heading."""
    text = "# A\n```sh\n# no\n~~~\n# no\n```\n# B\nb"

    assert [heading for heading, _ in found(text)] == ["A", "B"]


def test_a_heading_without_body_opens_the_next_section():
    """No section consists of headings alone, except the last."""
    assert found("# A\n## B\nb\n## C\n") == [("A > B", "# A\n## B\nb\n"), ("A > C", "## C\n")]


def test_ids_are_made_from_content_and_not_from_place():
    """Document, heading, text and occurrence make the id."""
    first, second = make_passages(document("ab ab", ""), [(0, 2), (3, 5)], ["H", "H"])

    assert (first.id, second.id) == (content_id("d", "H", "ab", "0"), content_id("d", "H", "ab", "1"))
    assert (second.start, second.end, second.position) == (3, 5, 1)
    assert second.sentences[0].start == 3


def test_an_overlap_takes_whole_sentences_that_fit():
    """One more sentence would exceed the budget of four words, so only the last one is repeated."""
    text = "One two three. Four five six. Seven eight."

    spans = overlapped(text, [(0, 29), (30, 42)], 4, lambda piece: len(piece.split()))

    assert [text[start:end] for start, end in spans] == [
        "One two three. Four five six.",
        "Four five six. Seven eight.",
    ]


def test_long_texts_are_never_tokenised():
    """Above the limit the number of words settles the matter."""

    def count(text: str) -> int:
        raise AssertionError("the tokenizer was asked")

    assert count_up_to("a " * 11, 10, count) == 11
    assert count_up_to("x" * 1000, 10, count) > 10


def test_a_word_without_end_counts_by_its_length():
    """A model that calls a blob one unknown token does not get it as one passage."""
    assert count_up_to("x" * 320, 20, lambda text: 1) == 10
