"""The tests' own model server: what other tests rest on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.model_server import ModelServer, scripted
from tests.model_server_faults import Fault, Faults
from tests.recorded_replies import RecordedReplies, words

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("HIPPOGRAPH_SHARED", REPOSITORY.parent / "shared"))
SCHEMA = {
    "properties": {
        "passages": {
            "items": {
                "properties": {
                    "number": {"type": "integer"},
                    "entities": {"items": {"type": "string"}},
                    "facts": {"items": {"type": "array"}},
                }
            }
        }
    }
}


def body(*texts, **more):
    return {"model": "toy-model", "messages": [{"role": "user", "content": text} for text in texts], **more}


def post(server, content):
    address = f"{server.base_url}/chat/completions"
    request = Request(address, json.dumps(content).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_a_script_is_followed_and_its_last_line_repeated():
    """One reply a call."""
    with ModelServer(scripted("one", "two")) as server:
        texts = [post(server, body("?"))["choices"][0]["message"]["content"] for _ in range(3)]

    assert texts == ["one", "two", "two"]


def test_every_call_is_recorded():
    """With its body, in order."""
    with ModelServer() as server:
        post(server, body("first"))
        post(server, body("second"))

    assert [call.text() for call in server.chats()] == ["first", "second"]
    assert [call.status for call in server.chats()] == [200, 200]


def test_models_are_listed():
    """As programs ask for them."""
    with ModelServer() as server, urlopen(f"{server.base_url}/models", timeout=10) as answer:
        assert [model["id"] for model in json.load(answer)["data"]] == ["toy-model"]


def test_faults_depend_on_the_request_and_not_on_the_order():
    """So a run with many calls at once meets the same faults as one with few."""
    bodies = [body(str(number)) for number in range(200)]
    one, other = Faults(0.3, seed=5), Faults(0.3, seed=5)

    drawn = {content["messages"][0]["content"]: one.draw(content) for content in bodies}
    reversed_draw = {content["messages"][0]["content"]: other.draw(content) for content in reversed(bodies)}

    assert drawn == reversed_draw
    assert 30 < sum(fault is not None for fault in drawn.values()) < 90


def test_the_same_request_meets_another_fault_the_second_time():
    """Sending again helps, as it does in life."""
    faults = Faults(0.5, seed=1)

    drawn = [faults.draw(body("the same")) for _ in range(40)]

    assert len(set(drawn)) > 4


def test_a_refused_request_costs_no_fault():
    """Faults are drawn for requests that would be answered."""
    with ModelServer(faults=Faults(script=[Fault.EMPTY_CHOICES]), model="other") as server:
        with pytest.raises(HTTPError):
            post(server, body("?"))
        server.model = "toy-model"

        assert post(server, body("?"))["choices"] == []


def test_it_serves_from_a_process_of_its_own():
    """Until its standard input ends."""
    command = [sys.executable, "-m", "tests.model_server", "--reply", "Marren."]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True) as process:
        address = json.loads(process.stdout.readline())["base_url"]
        request = Request(f"{address}/chat/completions", json.dumps(body("?")).encode())
        with urlopen(request, timeout=10) as answer:
            said = json.load(answer)["choices"][0]["message"]["content"]
        process.stdin.close()
        ended = process.wait(timeout=10)

    assert (said, ended) == ("Marren.", 0)


@pytest.fixture(scope="module")
def recorded():
    if not (SHARED / "data" / "musique_train100").is_dir():
        pytest.skip("the evaluation sets are not there")
    return RecordedReplies(SHARED / "data")


def rows(path):
    return [json.loads(line) for line in (SHARED / "data" / path).read_text(encoding="utf-8").splitlines()]


@pytest.mark.data
def test_recorded_passages_are_known_by_their_words(recorded):
    """Every one of 1,890, in a prompt of any form; of passages with the same words, the first one's is given."""
    passages, found = rows("musique_train100/corpus.jsonl"), rows("musique_train100/openie_gpt35.jsonl")
    first = {}
    for passage, extraction in zip(passages, found, strict=True):
        first.setdefault(" ".join(words(passage["text"])), extraction)
    asked_for = {"response_format": {"json_schema": {"schema": SCHEMA}}}

    wrong = []
    for passage in passages:
        text = f'<passage number="4" about="it">\n{passage["text"]}\n</passage>'
        (entry,) = json.loads(recorded(body("Extract.", text, **asked_for)))["passages"]
        extraction = first[" ".join(words(passage["text"]))]
        if entry != {"number": 4, "entities": extraction["entities"], "facts": extraction["triples"]}:
            wrong.append(passage["id"])

    assert wrong == []


@pytest.mark.data
def test_recorded_questions_are_known_too(recorded):
    """With the entities a model named in them, in the schema's form or in words."""
    (row,) = [
        row for row in rows("hotpot_train100/queries.jsonl") if row["question"].startswith("If Gallu is")
    ]
    schema = {"properties": {"entities": {"items": {"type": "string"}}}}
    in_words = f"It must fit this JSON schema:\n{json.dumps(schema)}"

    by_format = recorded(
        body(f"Question: {row['question']}", response_format={"json_schema": {"schema": schema}})
    )
    by_words = recorded(body(f"Question: {row['question']}\n\n{in_words}"))

    assert json.loads(by_format) == json.loads(by_words) == {"entities": ["Gallu", "Lilu"]}


@pytest.mark.data
def test_what_was_not_recorded_is_left_to_another_script(recorded):
    """Answers, for instance."""
    other = RecordedReplies(SHARED / "data", otherwise=lambda asked: "scripted")

    assert other(body("Who are you?")) == "scripted"
