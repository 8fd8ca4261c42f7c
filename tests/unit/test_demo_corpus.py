"""The demo world keeps its word: its questions can be answered from its documents, or cannot, as they say."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / "examples" / "demo"
CORPUS = DEMO / "corpus"

NAME = re.compile(r"[^\W\d_a-z][\w'’-]*(?:(?: (?:of|the|on|a|&|of the|on the))? [^\W\d_a-z][\w'’-]*)*")
"""A run of capitalised words, joined by the small words that stand inside names."""
WORD_COUNTS_OF_LONG_DOCUMENTS = (500, 1500)


@cache
def documents() -> dict[str, str]:
    """Every document's text by its id: a file is one, but in tables and JSON lines each row is."""
    texts: dict[str, str] = {}
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file()):
        name, text = path.relative_to(CORPUS).as_posix(), path.read_text(encoding="utf-8")
        if path.suffix == ".csv":
            rows: list[dict[str, str]] = list(csv.DictReader(text.splitlines()))
            texts |= {f"{name}#{row['id']}": "\n".join(f"{k}: {v}" for k, v in row.items()) for row in rows}
        elif path.suffix == ".jsonl":
            notices = [json.loads(line) for line in text.splitlines()]
            texts |= {f"{name}#{row['id']}": f"{row['title']}\n{row['text']}" for row in notices}
        else:
            texts[name] = text
    return {name: " ".join(text.split()) for name, text in texts.items()}


@cache
def questions() -> list[dict[str, Any]]:
    lines = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def of_type(*types: str) -> list[Any]:
    return [pytest.param(row, id=row["id"]) for row in questions() if row["type"] in types]


def key_names(question: str) -> list[str]:
    """The names in a question, without the word it opens with."""
    return NAME.findall(question.partition(" ")[2])


def test_key_names_are_the_names_a_question_mentions():
    """A name is a run of capitalised words with the small words inside it; the opening word is none."""
    question = "Who built the Kestrel of Linsey and the Ash on the Water for Tolliver & Rask in Häll?"

    assert key_names(question) == ["Kestrel of Linsey", "Ash on the Water", "Tolliver & Rask", "Häll"]


def test_ids_of_questions_are_unique():
    """No two questions share an id, and none is asked twice."""
    assert len({row["id"] for row in questions()}) == len(questions())
    assert len({row["question"] for row in questions()}) == len(questions())


def test_ids_of_rows_are_unique():
    """In the table and in the JSON lines every line is a document of its own."""
    lighthouses = (CORPUS / "registers/lighthouses.csv").read_text(encoding="utf-8").splitlines()[1:]
    notices = next(CORPUS.glob("registers/*.jsonl")).read_text(encoding="utf-8").splitlines()

    assert sum("#" in name for name in documents()) == len(lighthouses) + len(notices)


def test_the_world_is_of_the_promised_size_and_mix():
    """About forty files in five formats, at least fifteen of them long enough to need several passages."""
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    formats = Counter(path.suffix for path in files)
    lengths = [len(path.read_text(encoding="utf-8").split()) for path in files]
    low, high = WORD_COUNTS_OF_LONG_DOCUMENTS

    assert 38 <= len(files) <= 46
    assert formats[".md"] > len(files) / 2
    assert formats[".txt"] >= 4
    assert formats[".html"] >= 3
    assert (formats[".csv"], formats[".jsonl"]) == (1, 1)
    assert sum(low <= length <= high for length in lengths) >= 15
    assert min(lengths) >= 120


def test_questions_are_of_the_promised_kinds():
    """Each type has its share, and each kind of outcome has one question to show."""
    assert Counter(row["type"] for row in questions()) == {
        "1hop": 20,
        "2hop": 20,
        "3hop": 8,
        "comparison": 10,
        "unanswerable": 14,
    }
    assert {row["type"] for row in questions() if row.get("showcase")} == {"1hop", "2hop", "unanswerable"}


def test_every_article_opens_with_a_heading():
    """Markdown and HTML documents say in their first heading what they are about."""
    articles = {name: text for name, text in documents().items() if name.endswith((".md", ".html"))}
    without = [name for name, text in articles.items() if not re.search(r"(?:^|--- )# \S|<h1>\S", text)]

    assert articles
    assert without == []


@pytest.mark.parametrize("row", of_type("1hop", "2hop", "3hop", "comparison"))
def test_gold_documents_exist_and_hold_the_answers(row: dict[str, Any]):
    """Every accepted answer but yes and no stands word for word in one of the gold documents."""
    missing = [name for name in row["gold_ids"] if name not in documents()]
    gold = [documents()[name] for name in row["gold_ids"] if name in documents()]
    spans = [answer for answer in row["answers"] if answer not in ("yes", "no")]

    assert row["answers"]
    assert row["gold_ids"]
    assert missing == []
    assert [span for span in spans if not any(span in text for text in gold)] == []


@pytest.mark.parametrize("row", of_type("1hop"))
def test_each_gold_document_of_a_one_hop_question_answers_it_alone(row: dict[str, Any]):
    """For one hop, any gold document has an accepted answer."""
    gold = {name: documents()[name] for name in row["gold_ids"]}

    assert [name for name, text in gold.items() if not any(a in text for a in row["answers"])] == []


@pytest.mark.parametrize("row", of_type("2hop", "3hop"))
def test_no_single_document_answers_a_question_of_several_hops(row: dict[str, Any]):
    """No document holds both all the names of the question and an answer to it."""
    names = key_names(row["question"])
    alone = [
        name
        for name, text in documents().items()
        if all(key in text for key in names) and any(answer in text for answer in row["answers"])
    ]

    assert names
    assert alone == []


@pytest.mark.parametrize("row", of_type("2hop", "3hop"))
def test_gold_documents_of_several_hops_are_chained_by_bridges(row: dict[str, Any]):
    """A bridge is not named in the question, and each leads from one gold document to the next."""
    gold = [documents()[name] for name in row["gold_ids"]]
    hops = int(row["type"][0])

    assert len(gold) == hops
    assert len(row["bridge"]) == hops - 1
    assert not any(bridge in row["question"] for bridge in row["bridge"])
    for bridge, here, there in zip(row["bridge"], gold[:-1], gold[1:], strict=True):
        assert bridge in here
        assert bridge in there


@pytest.mark.parametrize("row", of_type("2hop", "3hop"))
def test_only_the_last_gold_document_of_a_chain_has_to_hold_the_answer(row: dict[str, Any]):
    """The answer stands at the end of the chain, and the names of the question at its start."""
    first, last = documents()[row["gold_ids"][0]], documents()[row["gold_ids"][-1]]

    assert any(key in first for key in key_names(row["question"]))
    assert any(answer in last for answer in row["answers"])


@pytest.mark.parametrize("row", of_type("unanswerable"))
def test_a_question_without_an_answer_has_no_gold(row: dict[str, Any]):
    """What no document says has neither answers nor documents."""
    assert row["answers"] == []
    assert row["gold_ids"] == []
