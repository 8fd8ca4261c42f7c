"""Reading data sets: what is set apart, and what is said when a file is broken."""

import json
from datetime import UTC, datetime

import pytest

from eval.datasets import (
    DatasetError,
    DatasetNotFound,
    load_corpus,
    load_dataset,
)

CORPUS = [
    {"id": "d1", "title": "Ada", "text": "Ada wrote notes.", "timestamp": "20260105_1100"},
    {"id": "d2", "title": "Nile", "text": "A river."},
]
QUERIES = [
    {"id": "q1", "question": "Who wrote?", "answers": ["Ada"], "gold_ids": ["d1", "d1"], "type": "1hop"},
    {"id": "q2", "question": "How deep?", "answers": ["Insufficient information"], "gold_ids": []},
    {"id": "q3", "question": "How long?", "answers": [], "gold_ids": []},
    {"id": "q4", "question": "Lost gold?", "answers": ["a river"], "gold_ids": []},
]


def write_dataset(folder, corpus=CORPUS, queries=QUERIES):
    folder.mkdir(exist_ok=True)
    for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_data_set_is_its_documents_and_questions(tmp_path):
    """Ids, texts and moments arrive as they stand in the files; a gold id written twice is one document."""
    dataset = load_dataset(write_dataset(tmp_path / "toy"))

    assert dataset.name == "toy"
    assert [(d.id, d.title, d.timestamp) for d in dataset.documents] == [
        ("d1", "Ada", datetime(2026, 1, 5, 11, 0, tzinfo=UTC)),
        ("d2", "Nile", None),
    ]
    first = dataset.questions[0]
    assert (first.id, first.text, first.answers, first.gold, first.type) == (
        "q1", "Who wrote?", ("Ada",), ("d1",), "1hop",
    )  # fmt: skip


def test_questions_without_gold_are_set_apart(tmp_path):
    """Only those the data set calls unanswerable count for abstention; lost gold is neither."""
    dataset = load_dataset(write_dataset(tmp_path / "toy"))

    assert [q.id for q in dataset.with_gold()] == ["q1"]
    assert [q.id for q in dataset.without_answer()] == ["q2", "q3"]


def test_a_missing_file_is_named(tmp_path):
    """The message says what a data set is."""
    with pytest.raises(DatasetNotFound, match=r"corpus\.jsonl does not exist: a data set is a folder with"):
        load_dataset(tmp_path)


def test_a_corpus_may_come_without_questions(tmp_path):
    """Speed is measured on corpora that nobody asked questions about."""
    folder = write_dataset(tmp_path / "toy")
    (folder / "queries.jsonl").unlink()

    assert len(load_corpus(folder)) == 2


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"id": "d3", ', r"Line 3 of .*corpus\.jsonl is not JSON"),
        ("[1]", r"Line 3 of .*corpus\.jsonl is not a JSON object"),
        ('{"id": "d3", "title": "x"}', r"Line 3 of .*corpus\.jsonl has no text in 'text'"),
        ('{"id": "d1", "text": "x"}', r"corpus\.jsonl holds the id 'd1' twice"),
        ('{"id": "d3", "text": "x", "timestamp": "soon"}', r"Line 3 .* no moment: 'soon'"),
    ],
)
def test_a_broken_line_is_named_with_its_number(tmp_path, line, sentence):
    """Lines count from 1, as editors count."""
    with pytest.raises(DatasetError, match=sentence):
        load_dataset(write_dataset(tmp_path / "toy", corpus=[*CORPUS, line]))


def test_blank_lines_count_but_are_skipped(tmp_path):
    """The number in a message is that of the file, blank lines included."""
    with pytest.raises(DatasetError, match="Line 4 of"):
        load_dataset(write_dataset(tmp_path / "toy", corpus=[*CORPUS, "", "{"]))


def test_gold_that_names_no_document_is_refused(tmp_path):
    """A recall over documents that are not there could never be reached."""
    lost = {"id": "q9", "question": "?", "answers": ["x"], "gold_ids": ["d9"]}

    with pytest.raises(DatasetError, match=r"question 'q9' .* gold id 'd9', which names no document"):
        load_dataset(write_dataset(tmp_path / "toy", queries=[*QUERIES, lost]))


def test_gold_that_is_no_list_is_refused(tmp_path):
    """A text in place of a list would be read letter by letter."""
    broken = {"id": "q9", "question": "?", "answers": ["x"], "gold_ids": "d1"}

    with pytest.raises(DatasetError, match=r"Line 1 of .*queries\.jsonl has no list of texts in 'gold_ids'"):
        load_dataset(write_dataset(tmp_path / "toy", queries=[broken]))


def test_the_hash_covers_documents_and_questions(tmp_path):
    """Reports are compared only while both stayed the same."""
    whole = load_dataset(write_dataset(tmp_path / "toy"))
    fewer = load_dataset(write_dataset(tmp_path / "toy", queries=QUERIES[:2]))
    other = load_dataset(
        write_dataset(tmp_path / "toy", corpus=[CORPUS[0], {**CORPUS[1], "text": "A lake."}])
    )

    again = load_dataset(write_dataset(tmp_path / "toy"))

    assert whole.hash() == again.hash()
    assert len({whole.hash(), fewer.hash(), other.hash()}) == 3
