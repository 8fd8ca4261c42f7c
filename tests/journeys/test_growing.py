"""Growing: what is added, changed and removed leaves the index that would be built from what remains."""

import random
from dataclasses import replace

import pytest

from eval.growth import compare_folders, compare_indexes
from hippograph import toy
from hippograph.engine import Hippograph, add_documents, compact_index, remove_documents
from hippograph.storage.manifest import read_manifest


@pytest.fixture
def build(settings, parts):
    """Build or update an index and give its manifest."""

    def build_(folder, documents):
        Hippograph.build(documents, folder, settings=settings, parts=parts).close()
        return read_manifest(folder)

    return build_


@pytest.fixture
def same(settings, parts):
    """Require that two indexes say the same, and are the same to the byte once both are compacted."""

    def same_(one, other):
        with (
            Hippograph.open(one, settings=settings, parts=parts) as left,
            Hippograph.open(other, settings=settings, parts=parts) as right,
        ):
            assert compare_indexes(left, right, [question.question for question in toy.QUESTIONS]) == []
        for folder in (one, other):
            compact_index(folder, settings=settings, parts=parts)
        assert compare_folders(one, other) == []

    return same_


def changed(document, text):
    return replace(document, text=text)


def test_indexing_again_publishes_nothing(tmp_path, build):
    """The same documents give the version that is there already."""
    first = build(tmp_path / "index", toy.documents())
    second = build(tmp_path / "index", toy.documents())

    assert second == first


def test_indexing_again_embeds_and_extracts_nothing(tmp_path, build, parts):
    """Whatever was embedded or read once is not embedded or read again."""
    build(tmp_path / "index", toy.documents())
    embedded, read = parts.embedder.embedded.copy(), list(parts.extractor.read)
    build(tmp_path / "index", toy.documents())

    assert parts.embedder.embedded == embedded
    assert parts.extractor.read == read


def test_every_distinct_string_is_embedded_once(tmp_path, build, parts):
    """Names, passages and sentences that are the same text share one vector."""
    twin = replace(toy.document("ada"), id="ada-again")
    build(tmp_path / "index", [*toy.documents(), twin])

    assert set(parts.embedder.embedded.values()) == {1}


@pytest.mark.parametrize("seed", range(4))
def test_growing_a_corpus_equals_building_it_at_once(tmp_path, build, same, seed):
    """Documents added one by one, in any order, give the index built from all of them."""
    documents = toy.documents()
    random.Random(seed).shuffle(documents)
    for count in range(1, len(documents) + 1):
        grown = build(tmp_path / "grown", documents[:count])
    build(tmp_path / "built", toy.documents())

    assert grown.version.number == len(documents)
    same(tmp_path / "grown", tmp_path / "built")


def test_removing_documents_equals_never_having_had_them(tmp_path, build, same):
    """After documents are gone the index is that built without them."""
    build(tmp_path / "shrunk", toy.documents())
    build(tmp_path / "shrunk", toy.documents()[:2])
    build(tmp_path / "built", toy.documents()[:2])

    same(tmp_path / "shrunk", tmp_path / "built")


def test_a_removed_document_can_come_back(tmp_path, build, parts, same):
    """Removing and adding again gives the first version's content, and nothing is embedded for it."""
    build(tmp_path / "index", toy.documents())
    build(tmp_path / "index", toy.documents()[1:])
    embedded = parts.embedder.embedded.copy()
    again = build(tmp_path / "index", toy.documents())

    assert again.version.number == 3
    assert parts.embedder.embedded == embedded
    build(tmp_path / "built", toy.documents())
    same(tmp_path / "index", tmp_path / "built")


def test_adding_and_removing_by_name_equals_handing_over_all_that_is_left(
    tmp_path, settings, parts, build, same
):
    """One document in, one changed, one out: without a look at the others."""
    named = {"settings": settings, "parts": parts}
    build(tmp_path / "index", toy.documents()[:3])
    first = toy.documents()[0]
    add_documents(
        [toy.document("menabrea"), changed(first, first.text + " More.")], tmp_path / "index", **named
    )
    report = remove_documents(["babbage", "nobody"], tmp_path / "index", **named)
    left = [changed(first, first.text + " More."), *toy.documents()[1:3], toy.document("menabrea")]
    build(tmp_path / "built", [document for document in left if document.id != "babbage"])

    assert report.changes.deleted == ["babbage"]
    same(tmp_path / "index", tmp_path / "built")


def test_only_changed_passages_are_read_again(tmp_path, build, parts):
    """A change at the end of a long document leaves its other passages unread."""
    paragraphs = [
        f"Chapter {n} tells of the lighthouse of Port {n}. " + f"It rained on day {n}. " * 60
        for n in range(4)
    ]
    long = replace(toy.document("ada"), text="\n\n".join(paragraphs))
    build(tmp_path / "index", [long])
    before = len(parts.extractor.read)
    build(tmp_path / "index", [changed(long, long.text + " The end came in 1901.")])

    again = parts.extractor.read[before:]
    assert before > 4
    assert len(again) == 1
    assert again[0].endswith("The end came in 1901.")


def test_a_changed_document_is_found_by_its_new_words_only(tmp_path, build, settings, parts):
    """What a document said before it changed is no longer cited."""
    build(tmp_path / "index", toy.documents())
    moved = changed(toy.document("menabrea"), "Luigi Menabrea was born in Turin in 1809.")
    build(tmp_path / "index", [moved, *(d for d in toy.documents() if d.id != "menabrea")])

    with Hippograph.open(tmp_path / "index", settings=settings, parts=parts) as memory:
        answer = memory.ask("Where was Luigi Menabrea born?")
    sentences = [cited.sentence for cited in answer.citations]
    assert "Luigi Menabrea was born in Turin in 1809." in sentences
    assert not any("born in Chambéry" in sentence for sentence in sentences)


def test_an_open_index_does_not_see_what_is_published_later(tmp_path, toy_index, build):
    """A reader keeps the version it opened."""
    build(tmp_path / "index", toy.documents()[:2])

    assert toy_index.status().version.document_count == 5
    assert len(toy_index.search("Who designed the Analytical Engine?", k=5)) == 5
