"""Measuring timelines: groups, refusals and order are counted as on paper, and the shipped sets are sound."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from typer.testing import CliRunner

from eval.__main__ import app
from eval.datasets import Dataset, Question
from eval.timeline import (
    TEAFARM,
    compared,
    measure_abstention,
    measure_order,
    measure_sort,
    rows_of,
    sort_pairs,
    sort_sentences,
    teafarm_documents,
)
from hippograph.engine import Hippograph
from hippograph.types import Answer, Document, DocumentId, SearchTrace, Seeds

START = datetime(2026, 1, 5, tzinfo=UTC)


def answer(span: str | None = None, refusal: str | None = None) -> Answer:
    return Answer("?", "", span, (), refusal, 0.5, "x", (), SearchTrace("x", Seeds(), None, {}))


def moment_of(document: Document) -> datetime:
    assert document.timestamp is not None
    return document.timestamp


def question(name: str, text: str, *answers: str, gold: tuple[str, ...] = ("d",)) -> Question:
    return Question(name, text, answers, tuple(DocumentId(each) for each in gold))


def test_refusals_are_right_where_there_is_no_answer() -> None:
    """Two unanswerable of four: one refused of them and one answerable refused give 1/2, 1/2 and F1 1/2."""
    dataset = Dataset(
        "d",
        (),
        (
            question("a", "?", "x"),
            question("b", "?", "x"),
            question("c", "?", gold=()),
            question("d", "?", gold=()),
        ),
    )
    answers = {"a": answer("x"), "b": answer(refusal="no"), "c": answer(refusal="no"), "d": answer("x")}

    report = measure_abstention(dataset, answers)

    assert (report["precision"], report["recall"], report["f1"]) == (0.5, 0.5, 0.5)
    assert measure_abstention(dataset, {"a": answer("x")})["precision"] is None


def test_only_questions_that_compare_and_are_answered_by_yes_or_no_are_judged() -> None:
    """Of three questions one asks for something else; of the other two one is right."""
    asked = [
        question("a", "Did Ana sell the mill before Bo left Ribe?", "Yes"),
        question("b", "Did Ana sell the mill after Bo left Ribe?", "Answer: No"),
        question("c", "Who sold the mill?", "Ana"),
    ]

    report = measure_order(asked, {"a": answer("yes"), "b": answer("yes"), "c": answer("Ana")})

    assert report["questions"] == 2
    assert (report["accuracy"], report["accuracy_yes"], report["accuracy_no"]) == (0.5, 1.0, 0.0)
    assert report["always_yes"] == 0.5


def test_two_searches_are_compared_question_by_question() -> None:
    """Three questions, one of them better: a third more, one win and two ties."""
    found = compared([(0.0, 1.0), (1.0, 1.0), (0.5, 0.5)])

    assert (found["first"], found["second"], found["difference"]) == (0.5, 0.8333, 0.3333)
    assert (found["wins"], found["ties"], found["losses"]) == (1, 2, 0)


def test_pairs_are_drawn_by_the_seed_and_stand_in_their_true_order() -> None:
    """The first of each pair is earlier, in its document or by its date; another seed draws others."""
    lines = [
        f"Ana: the {word} was carried over the old bridge" for word in ("desk", "lamp", "stove", "clock")
    ]
    documents = [
        Document(
            DocumentId(str(n)),
            "",
            "\n".join(f"{line} {n}." for line in lines),
            timestamp=START + timedelta(days=n),
        )
        for n in range(4)
    ]
    where = {
        told: (n, place) for n, d in enumerate(documents) for place, told in enumerate(sort_sentences(d))
    }

    drawn = sort_pairs(documents, 20, seed=3)

    assert drawn == sort_pairs(documents, 20, seed=3)
    assert drawn != sort_pairs(documents, 20, seed=4)
    assert len(where) == 16
    for first, second, is_same, _ in drawn:
        assert where[first] < where[second]
        assert (where[first][0] == where[second][0]) is is_same


def test_which_of_two_sentences_came_first_is_told_far_better_than_by_chance(
    tmp_path: Any, settings: Any, parts: Any
) -> None:
    """Over the shipped sessions: places decide within one, dates between two."""
    documents = tuple(teafarm_documents())
    with Hippograph.build(documents, tmp_path / "i", settings=settings, parts=parts) as memory:
        report = measure_sort(Dataset("farm", documents, ()), memory, 20, 1)

    assert report["pairs"] >= 10
    assert report["accuracy"] >= 0.8


def test_the_shipped_set_says_what_it_is_asked_about() -> None:
    """Each right answer stands in its session, each outdated one in an earlier session."""
    rows = json.loads(TEAFARM.read_text(encoding="utf-8"))
    documents = {each.id: each for each in teafarm_documents()}

    for row in rows["questions"]:
        right = documents[row["session"]]
        assert row["right"] in right.text
        before = [
            d for d in documents.values() if moment_of(d) < moment_of(right) and row["outdated"] in d.text
        ]
        assert before, row["question"]


def test_the_command_line_prints_the_whole_report(tmp_path: Any, environment_without_a_model: None) -> None:
    """A small set of its own: groups, order and refusals as one JSON document."""
    documents = teafarm_documents()
    (tmp_path / "set").mkdir()
    rows = [
        {"id": d.id, "title": d.title, "text": d.text, "timestamp": moment_of(d).isoformat()}
        for d in documents
    ]
    asked = [
        {
            "id": "1",
            "question": "Where does Ina live?",
            "answers": ["Vessmouth"],
            "gold_ids": ["s05"],
            "type": "A",
        },
        {
            "id": "2",
            "question": "Did Tomas join the lighthouse service before Ruta switched to botany?",
            "answers": ["Yes"],
            "gold_ids": ["s06", "s07"],
            "type": "B",
        },
        {"id": "3", "question": "What specific colour was the ferry?", "answers": [], "gold_ids": []},
    ]
    for name, lines in (("corpus", rows), ("queries", asked)):
        (tmp_path / "set" / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    done = CliRunner().invoke(
        app, ["timeline", "set", "--index", "index", "--pairs", "4", "--no-teafarm", "--json"]
    )

    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert set(report["evidence"]) == {"all", "A", "B", "about order or time", "about neither"}
    assert report["order"]["accuracy"] == 1.0
    assert report["abstention"]["timeline"]["unanswerable"] == 1
    assert any(name.startswith("recall@5, all") for name in rows_of(report))
