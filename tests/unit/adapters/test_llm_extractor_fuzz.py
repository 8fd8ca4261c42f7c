"""Ten thousand broken replies: each is read or refused with a reason, none crashes, none is evaluated."""

import json
import os
import random
from pathlib import Path

import pytest

from hippograph.adapters.llm_extractor import LlmExtractor
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.settings import ExtractionSettings
from hippograph.text.sentences import split_sentences
from hippograph.types import DocumentId, Extraction, ExtractionFailure, Passage, PassageId, Sentence
from tests.recorded_extractions import RecordedExtractions

OUTPUTS = 10_000
VALUES = (
    None, True, False, 0, -1, 1e308, 10**400, "", " ", "\x00", "\ud800", "]}", "__import__('os').abort()", [], {}, [[]],
    "${7*7}", "a" * 5000, {"name": "Ada"}, ["a", ["b", ["c", ["d"]]]], "İ", "مرحبا", "\u202e", "NaN",
)  # fmt: skip
NOISE = (
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "```",
    "```json\n",
    "NaN",
    "Infinity",
    "\n",
    "\x07",
    "//",
    "é",
    "\\u12",
)
PASSAGE = (
    "Ada Lovelace translated an article by Luigi Menabrea in 1843. It is about the Analytical Engine, "
    "which Charles Babbage designed in London."
)
REPLY = {
    PASSAGE: (
        ["Ada Lovelace", "Luigi Menabrea", "1843", "Analytical Engine", "Charles Babbage", "London"],
        [
            ["Ada Lovelace", "translated article by", "Luigi Menabrea"],
            ["Ada Lovelace", "translated in", "1843"],
            ["Charles Babbage", "designed", "Analytical Engine"],
        ],
    )
}


def passage(text, name="p"):
    sentences = tuple(Sentence(text[a:b], a, b) for a, b in split_sentences(text))
    return Passage(PassageId(name), DocumentId(name), "", "", text, 0, len(text), 0, sentences)


def mutated(data, chance):
    """The JSON of a reply with some things gone wrong in it, in its data or in its text."""
    data = json.loads(json.dumps(data))
    for _ in range(chance.choice([0, 1, 1, 2])):
        data = _with_other_value(data, chance)
    try:
        text = json.dumps(data, ensure_ascii=chance.random() < 0.5)
    except ValueError:  # Python prints no integer of that many digits
        text = "{}"
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        text = _with_other_text(text, chance)
    return text


def _with_other_value(data, chance):
    """One place of the data replaced, doubled, dropped or wrapped."""
    if isinstance(data, list | dict) and data and chance.random() < 0.85:
        keys = list(data) if isinstance(data, dict) else list(range(len(data)))
        key = chance.choice(keys)
        if isinstance(data, list) and chance.random() < 0.15:
            return [*data, *data] if chance.random() < 0.5 else data[:key]
        if isinstance(data, dict) and chance.random() < 0.1:
            return {**data, chance.choice(["extra", "number", "facts"]): chance.choice(VALUES)}
        copy = data.copy()
        copy[key] = _with_other_value(data[key], chance)
        return copy
    return [data] if chance.random() < 0.2 else chance.choice(VALUES)


def _with_other_text(text, chance):
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice([1, 1, 3, 40, len(text)]))
    kind = chance.randrange(5)
    if kind == 0:
        return text[:start]
    if kind == 1:
        return text[:start] + text[end:]
    if kind == 2:
        return text[:start] + chance.choice(NOISE) + text[start:]
    if kind == 3:
        return text[:start] + text[start:end] * 2 + text[end:]
    return f"Of course! {text} {chance.choice(NOISE)}"


def read_mutated(passages, recorded, outputs):
    """Results of reading `outputs` mutations; one reading in five holds two passages a call."""
    chance = random.Random(7)
    results, replies = [], []

    def script(request):
        replies.append(mutated(recorded(request), chance))
        return replies[-1]

    made = [
        LlmExtractor(
            ScriptedGenerator(script, context_tokens=100_000),
            ExtractionSettings(variant="one-call", passages_per_call=per_call),
            journal=Forgetful(),
            at_once=1,
        )
        for per_call in (1, 1, 1, 1, 2)
    ]
    turn = 0
    while len(replies) < outputs:
        pair = [passages[(turn + i) % len(passages)] for i in range(2)]
        found = made[turn % 5].extract(pair)
        assert [result.passage for result in found] == [p.id for p in pair]
        results += found
        turn += 1
    return results, replies


class Forgetful:
    """A journal that keeps nothing, so that every reply is asked for."""

    def get(self, key):
        return None

    def put(self, readings):
        json.dumps([[r.names, r.facts] for r in readings.values()]).encode("utf-8")


def check(results):
    for result in results:
        if isinstance(result, ExtractionFailure):
            assert result.reason
            continue
        assert isinstance(result, Extraction)
        texts = [m.name for m in result.mentions]
        texts += [part for t in result.triples for part in (t.subject, t.relation, t.object)]
        assert all(isinstance(text, str) and text.strip() for text in texts)
        json.dumps(texts, ensure_ascii=False).encode("utf-8")


def test_broken_replies_to_an_invented_passage():
    """Everywhere, without the evaluation sets: a tenth of the outputs."""
    results, _ = read_mutated([passage(PASSAGE)], RecordedExtractions(REPLY), OUTPUTS // 10)

    check(results)
    read = sum(isinstance(result, Extraction) for result in results)
    assert 0.2 < read / len(results) < 0.9, (
        "a mutation that nothing survives, or that breaks nothing, tests nothing"
    )


@pytest.mark.slow
@pytest.mark.data
def test_ten_thousand_broken_replies_of_a_real_model():
    """What a real model said of real passages, with some things gone wrong."""
    root = Path(os.environ.get("HIPPOGRAPH_SHARED", Path(__file__).parents[3].parent / "shared"))
    folder = root / "data" / "musique_train100"
    if not folder.is_dir():
        pytest.skip(f"the evaluation sets are not at {root}")
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    passages = [passage(row["text"], row["id"]) for row in rows]

    results, replies = read_mutated(passages, RecordedExtractions.of_dataset(folder), OUTPUTS)

    assert len(replies) >= OUTPUTS
    check(results)
