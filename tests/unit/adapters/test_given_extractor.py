"""Given extractions are handed out by text or by document, whole or in parts."""

import json
import os
from pathlib import Path

import pytest

from hippograph.adapters.given_extractor import GivenExtractor, GivenReading
from hippograph.adapters.rules import RuleExtractor
from hippograph.errors import ExtractionError
from hippograph.text.readings import Reading
from hippograph.text.sentences import split_sentences
from hippograph.types import DocumentId, ExtractionFailure, Passage, PassageId, Sentence

TEXT = "Ada Lovelace met Luigi Menabrea. Charles Babbage lived in London."
READING = Reading(
    ("Ada Lovelace",),
    (
        ("Ada Lovelace", "met", "Luigi Menabrea"),
        ("Charles Babbage", "lived in", "London"),
        ("Ada Lovelace", "was", "countess"),
    ),
)


def passage(text=TEXT, document="ada", title="Ada Lovelace"):
    sentences = tuple(Sentence(text[a:b], a, b) for a, b in split_sentences(text))
    id_ = PassageId(f"{document}:{text[:9]}")
    return Passage(id_, DocumentId(document), title, "", text, 0, len(text), 0, sentences)


def facts(result):
    return [(t.subject, t.relation, t.object) for t in result.triples]


def test_a_passage_is_recognised_by_its_text_with_or_without_its_title():
    """White space does not count; the document's id does not matter."""
    plain = GivenExtractor([GivenReading(READING, text=TEXT.replace(" ", "\n"))])
    titled = GivenExtractor([GivenReading(READING, text=f"Ada Lovelace\n{TEXT}")])

    (first,), (second,) = plain.extract([passage(document="x")]), titled.extract([passage(document="y")])

    assert facts(first) == facts(second) == list(READING.facts)


def test_a_part_of_a_text_gets_the_facts_that_are_its_own():
    """A fact whose only known end is the title belongs to no part for certain, and is left out."""
    first, second = (passage(part) for part in (TEXT[:32], TEXT[33:]))

    results = list(GivenExtractor([GivenReading(READING, DocumentId("ada"))]).extract([first, second]))

    assert [facts(result) for result in results] == [[READING.facts[0]], [READING.facts[1]]]


def test_a_passage_that_is_the_whole_text_gets_every_fact():
    """What its maker found is trusted, also where no sentence says so."""
    extractor = GivenExtractor([GivenReading(READING, DocumentId("ada"), TEXT)])

    (result,) = extractor.extract([passage()])

    assert facts(result) == list(READING.facts)
    assert {t.rule for t in result.triples} == {"given"}


def test_what_nobody_has_read_goes_to_the_fallback_or_is_a_failure():
    """The order of the passages is kept."""
    given = [GivenReading(READING, DocumentId("ada"), TEXT)]
    other = passage("Bo met Cy.", "bo", "Bo")

    failed, read = GivenExtractor(given).extract([other, passage()])
    (by_rules,) = GivenExtractor(given, RuleExtractor()).extract([other])

    assert isinstance(failed, ExtractionFailure)
    assert not failed.retryable
    assert facts(read) == list(READING.facts)
    assert by_rules == next(iter(RuleExtractor().extract([other])))


def test_two_readings_of_one_text_are_one():
    """The facts of both are given."""
    halves = [GivenReading(Reading((), READING.facts[i : i + 1]), DocumentId("ada"), TEXT) for i in (0, 1)]

    (result,) = GivenExtractor(halves).extract([passage()])

    assert facts(result) == list(READING.facts[:2])


def test_the_fingerprint_is_that_of_what_is_given():
    """Order does not count; another fact or another fallback does."""
    one, two = GivenReading(READING, DocumentId("a")), GivenReading(Reading(("Bo",)), DocumentId("b"))
    fingerprint = GivenExtractor([one, two]).fingerprint

    assert GivenExtractor([two, one]).fingerprint == fingerprint
    assert GivenExtractor([one]).fingerprint != fingerprint
    assert GivenExtractor([one, two], RuleExtractor()).fingerprint != fingerprint


def test_both_kinds_of_files_are_read(tmp_path):
    """JSON lines by id, and HippoRAG's OpenIE JSON by passage text; triples of another arity are left out."""
    lines, openie = tmp_path / "a.jsonl", tmp_path / "openie.json"
    triples = [list(fact) for fact in READING.facts[:2]] + [["Ada", "met"]]
    row = {"id": "ada", "entities": ["Ada Lovelace"], "triples": triples}
    lines.write_text(json.dumps(row) + "\n\n", encoding="utf-8")
    doc = {"idx": "chunk-1", "passage": TEXT, "extracted_entities": ["Ada Lovelace"]}
    openie.write_text(json.dumps({"docs": [{**doc, "extracted_triples": triples}]}), encoding="utf-8")

    by_id, by_text = (GivenExtractor.from_file(path).extract([passage()]) for path in (lines, openie))

    assert facts(next(by_id)) == facts(next(by_text)) == list(READING.facts[:2])


@pytest.mark.parametrize("content", ["not json", '{"id": "a"}\n{"id": ', "[1, 2]", '{"other": 1}'])
def test_a_file_that_is_neither_is_refused(tmp_path, content):
    """The error names the file and the line."""
    path = tmp_path / "file.jsonl"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ExtractionError, match=r"Line \d of .*file\.jsonl"):
        GivenExtractor.from_file(path)


@pytest.mark.data
def test_a_real_model_s_facts_arrive_whole():
    """Of 17,419 triples 185 have not three parts; 54 of the rest are doubles or loops; all others are given."""
    root = Path(os.environ.get("HIPPOGRAPH_SHARED", Path(__file__).parents[3].parent / "shared"))
    folder = root / "data" / "musique_train100"
    if not folder.is_dir():
        pytest.skip(f"the evaluation sets are not at {root}")
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    texts = {row["id"]: row["text"] for row in rows}

    extractor = GivenExtractor.from_file(folder / "openie_gpt35.jsonl", texts=texts)
    results = list(extractor.extract([passage(row["text"], row["id"], row["title"]) for row in rows]))

    assert sum(len(result.triples) for result in results) == 17_419 - 185 - 54
