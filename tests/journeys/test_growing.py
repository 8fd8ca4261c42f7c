"""Growing: what is added, changed and removed leaves the index that would be built from what remains."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.storage.manifest import read_manifest


@pytest.fixture
def build(settings, parts):
    """Build or update an index and give its manifest."""

    def build_(folder, documents):
        Hippograph.build(documents, folder, settings=settings, parts=parts).close()
        return read_manifest(folder)

    return build_


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
def test_growing_a_corpus_equals_building_it_at_once(tmp_path, build, seed):
    """Documents added one by one, in any order, give byte for byte the files of an index built from all of them."""
    documents = toy.documents()
    random.Random(seed).shuffle(documents)
    for count in range(1, len(documents) + 1):
        grown = build(tmp_path / "grown", documents[:count])
    built = build(tmp_path / "built", toy.documents())

    assert grown.files == built.files
    assert grown.version.id == built.version.id
    assert grown.version.number == len(documents)


def test_removing_documents_equals_never_having_had_them(tmp_path, build):
    """After documents are gone the files are those of an index built without them."""
    build(tmp_path / "shrunk", toy.documents())
    shrunk = build(tmp_path / "shrunk", toy.documents()[:2])
    built = build(tmp_path / "built", toy.documents()[:2])

    assert shrunk.files == built.files


def test_a_removed_document_can_come_back(tmp_path, build, parts):
    """Removing and adding again gives the first version's files, and nothing is embedded for it."""
    first = build(tmp_path / "index", toy.documents())
    build(tmp_path / "index", toy.documents()[1:])
    embedded = parts.embedder.embedded.copy()
    again = build(tmp_path / "index", toy.documents())

    assert again.files == first.files
    assert again.version.number == 3
    assert parts.embedder.embedded == embedded


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


@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=st.lists(st.sets(st.sampled_from(sorted(toy.TEXTS)), min_size=1), min_size=1, max_size=4))
def test_any_history_ends_where_building_ends(tmp_path_factory, build, states):
    """Whatever sets of documents an index held on the way, it equals one built from the last set."""
    folder = tmp_path_factory.mktemp("history")
    for names in states:
        grown = build(folder / "grown", [toy.document(name) for name in names])
    built = build(folder / "built", [toy.document(name) for name in sorted(states[-1])])

    assert grown.files == built.files
