"""Markdown: text as it is, front matter as metadata, titles from headings."""

from datetime import UTC, datetime

import pytest

from connectors.parsers.markdown import first_heading, split_front_matter


def test_front_matter_becomes_title_date_and_metadata(folder, read):
    """The text begins after the front matter; title and date go to their own places."""
    text = "# Heading\n\nIt *rained* — `all` day.\n"
    (folder / "a.md").write_text(
        f"---\ntitle: 'A day: rain'\ndate: 2026-01-05\ntags: [sea, salt]\n---\n{text}"
    )

    (document,) = read(folder).documents.values()

    assert document.title == "A day: rain"
    assert document.timestamp == datetime(2026, 1, 5, tzinfo=UTC)
    assert document.text == text
    assert document.metadata["tags"] == "sea, salt"
    assert not {"title", "date"} & set(document.metadata)


def test_a_date_that_cannot_be_read_stays_in_the_metadata(folder, read):
    """The file's own date stands in, and what was written is kept."""
    (folder / "a.md").write_text("---\ndate: some day\npath: mine\n---\nText.")

    (document,) = read(folder).documents.values()

    assert document.metadata["date"] == "some day"
    assert document.metadata["path"] == "a.md"
    assert document.timestamp is not None


@pytest.mark.parametrize(
    ("block", "values"),
    [
        ("key: value", {"key": "value"}),
        ("url: http://a.b/c  # a remark", {"url": "http://a.b/c"}),
        ('quoted: "x # y"', {"quoted": "x # y"}),
        ("empty:\nnext: 1", {"empty": "", "next": "1"}),
        ("list:\n- a\n- 'b'\n# remark\nz: 1", {"list": "a, b", "z": "1"}),
        ("nested:\n  inner: x", {"nested": ""}),
        ("作者: 李华", {"作者": "李华"}),
    ],
)
def test_front_matter_lines_are_keys_and_values(block, values):
    """The simple lines are understood; of others nothing is guessed."""
    assert split_front_matter(f"---\n{block}\n---\nText") == (values, "Text")
    assert split_front_matter(f"---  \n{block}\n...\nText") == (values, "Text")


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA rule above.\n\n---\nText",
        "---\nkey: value\nno end",
        "\n---\nkey: value\n---\n",
        "--- x\na: b\n---\n",
    ],
)
def test_what_is_not_front_matter_is_text(text):
    """A thematic break at the start does not eat the document."""
    assert split_front_matter(text) == ({}, text)


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("# One\n# Two", "One"),
        ("Words.\n\n### Third level ###\n", "Third level"),
        ("Under\n=====\n", "Under"),
        ("Under\n---\n", "Under"),
        ("Words\n\n---\nMore", ""),
        ("```\n# not this\n```\n# This", "This"),
        ("~~~~\n# no\n~~~\n# no\n~~~~\n# Yes", "Yes"),
        ("    # code\n# Title", "Title"),
        ("#hashtag\n# Title", "Title"),
        ("#\n# Title", "Title"),
        ("# **Bold** `code` [a link](http://x) *it*", "Bold code a link it"),
        ("# snake_case and 2 * 3 * 4", "snake_case and 2 * 3 * 4"),
        ("no heading at all", ""),
    ],
)
def test_the_first_heading_is_the_title(text, heading):
    """Headings are found as CommonMark has them, outside code, without their markup."""
    assert first_heading(text) == heading


def test_a_restructured_title_is_its_underlined_line(folder, read):
    """An .rst file takes its first underlined heading."""
    (folder / "a-b.rst").write_text("======\nA *B*\n======\n\nText.\n")
    (folder / "c-d.rst").write_text("No heading.\n")

    titles = [document.title for document in read(folder).documents.values()]

    assert titles == ["A *B*", "c d"]
