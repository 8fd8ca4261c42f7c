"""The cost of a model is counted from the prompts that would be sent."""

import json
import os
from pathlib import Path

import pytest

from eval.cost import measure_cost, token_counter
from hippograph.adapters.llm_extractor.asking import whole
from hippograph.adapters.llm_extractor.steps import Step, StepName, Types
from hippograph.text.passages import make_passages
from hippograph.types import Document, DocumentId

TEXTS = {"ada": "Ada Lovelace translated an article.", "bo": "Bo Quist sailed to Marren in 1901."}


def write_dataset(folder, with_extractions=True):
    rows = [{"id": key, "title": key.title(), "text": text} for key, text in TEXTS.items()]
    questions = [{"id": "q", "question": "Where did Bo sail?", "answers": ["Marren"], "gold_ids": ["bo"]}]
    found = [
        {"id": key, "entities": [key.title()], "triples": [[key.title(), "did", "sail"]]} for key in TEXTS
    ]
    for name, content in (("corpus", rows), ("queries", questions), ("openie_gpt35", found)):
        if name != "openie_gpt35" or with_extractions:
            lines = "".join(json.dumps(row) + "\n" for row in content)
            (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def variant(report, name):
    return next(row for row in report["per_passage"] if row["variant"] == name)


def test_prompt_tokens_are_those_of_the_prompts(tmp_path):
    """One call: the mean over the passages of what the conversation holds, and four tokens a message."""
    write_dataset(tmp_path)
    count, _ = token_counter()
    documents = [Document(DocumentId(key), key.title(), text) for key, text in TEXTS.items()]
    step = Step(StepName.BOTH, Types())
    sent = [step.messages([whole(make_passages(each, [(0, len(each.text))], [""])[0])]) for each in documents]
    expected = sum(count(message.content) + 4 for messages in sent for message in messages) / 2

    report = measure_cost(tmp_path)

    assert variant(report, "one call")["prompt_tokens"] == pytest.approx(expected, abs=0.05)
    assert variant(report, "one call")["calls"] == 1
    assert variant(report, "two calls")["calls"] == 2


def test_recorded_replies_are_counted_where_there_are_any(tmp_path):
    """Without them nothing is claimed."""
    write_dataset(tmp_path, with_extractions=False)

    report = measure_cost(tmp_path)

    assert variant(report, "one call")["reply_tokens"] is None
    assert {row["step"] for row in report["per_question"]} == {
        "entity linking",
        "a thought of ircot",
        "answer",
        "decomposition",
    }


@pytest.mark.data
def test_one_call_takes_at_most_60_percent_of_two():
    """On real passages with a real model's entities."""
    root = Path(os.environ.get("HIPPOGRAPH_SHARED", Path(__file__).parents[2].parent / "shared"))
    folder = root / "data" / "musique_train100"
    if not folder.is_dir():
        pytest.skip(f"the evaluation sets are not at {root}")

    report = measure_cost(folder)

    assert report["passages"] == 1890
    assert variant(report, "one call")["of_two_calls"] <= 0.6
    assert 1000 <= variant(report, "two calls")["prompt_tokens"] <= 3000


def test_every_kind_of_call_of_a_question_has_a_row(tmp_path):
    """Linking, recognition, a thought, the answer, the parts: each with its tokens, beside what is published."""
    write_dataset(tmp_path)
    rows = {row["step"]: row for row in measure_cost(tmp_path)["per_question"]}

    assert list(rows) == ["entity linking", "recognition", "a thought of ircot", "answer", "decomposition"]
    assert all(row["prompt_tokens"] > 100 for row in rows.values())
    assert [row["published"] for row in rows.values()] == [
        "HippoRAG: 1", "HippoRAG 2: 1", "IRCoT: 2 to 4", "HippoRAG 2: 1", None
    ]  # fmt: skip
