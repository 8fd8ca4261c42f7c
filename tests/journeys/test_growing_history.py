"""Any history of adds, changes and removals ends in the index that is built at once from what remains."""

import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from eval.growth import compare_folders, compare_indexes
from hippograph import toy
from hippograph.engine import Hippograph, add_documents, compact_index, index_sources, remove_documents
from hippograph.errors import ConnectorError, IndexNotFound
from hippograph.storage.manifest import read_manifest
from hippograph.types import Document

IDS = ("a", "b", "c", "d", "e", "f")

TEXTS = (
    ("Ada Lovelace", "Ada Lovelace met Charles Babbage in London in 1833. She translated an article."),
    (
        "Ada Lovelace",
        "Ada Lovelace met Charles Babbage in London in 1833. She translated an article in 1843.",
    ),
    ("Ada Lovelace", "Ada Byron met Charles Babage at a party in London."),
    ("Charles Babbage", "Charles Babbage was born in London. He designed the Analytical Engine."),
    (
        "Charles Babbage",
        "Charles Babbage was born in London. He designed the Analytical Engine.\n\nHe hated organs.",
    ),
    ("", "Ada Lovelace met Charles Babbage in London in 1833. She translated an article."),
    ("Luigi Menabrea", "Luigi Menabrea wrote of the Analytical Engine in 1842 and of Charles Babbage."),
    ("Chambéry", "Chambéry is a town in Savoy. Luigi Menabrea was born in Chambéry in 1809."),
    ("Nothing", " \n"),
    ("", ""),
)
"""Titles and texts that share names, titles, sentences and near-synonyms, or hold nothing."""

QUESTIONS = (
    "Who met Charles Babbage?",
    "Where was Luigi Menabrea born?",
    "What did Ada Lovelace translate in 1843?",
)


@dataclass(frozen=True)
class Add:
    """Documents to add, or to replace those of the same ids."""

    documents: tuple

    def after(self, held):
        return held | {document.id: document for document in self.documents}


@dataclass(frozen=True)
class Remove:
    """Ids to remove, some of which may not be there."""

    ids: tuple

    def after(self, held):
        return {id_: document for id_, document in held.items() if id_ not in self.ids}


@dataclass(frozen=True)
class Become:
    """Everything there is from now on, as a source would say it."""

    documents: tuple

    def after(self, held):
        return {document.id: document for document in self.documents}


def text(id_, number):
    return Document(id_, *TEXTS[number])


documents_ = st.dictionaries(
    st.sampled_from(IDS), st.integers(0, len(TEXTS) - 1), min_size=1, max_size=len(IDS)
).map(lambda chosen: tuple(text(id_, number) for id_, number in chosen.items()))

steps = st.one_of(
    st.builds(Add, documents_),
    st.builds(Remove, st.lists(st.sampled_from(IDS), min_size=1, unique=True).map(tuple)),
    st.builds(Become, documents_),
)

ADA, BABBAGE, TOWN, BLANK = text("a", 0), text("b", 3), text("c", 7), text("d", 8)


@pytest.fixture
def play(settings, parts):
    """Take steps in a folder and give the documents that remain; a step into no text at all is refused once."""

    def take(step, folder):
        if isinstance(step, Add):
            add_documents(step.documents, folder, settings=settings, parts=parts)
        elif isinstance(step, Remove):
            remove_documents(step.ids, folder, settings=settings, parts=parts)
        else:
            Hippograph.build(step.documents, folder, settings=settings, parts=parts).close()

    def play_(history, folder):
        held = {}
        for step in history:
            held = step.after(held)
            try:
                take(step, folder)
            except ConnectorError:
                assert not is_published(folder)
                assert not any(document.text.strip() for document in held.values())
        return held

    return play_


@pytest.fixture
def same(settings, parts):
    """Require that the index of a folder is what is built at once from some documents, compacted to the byte."""

    def same_(grown, documents, built):
        with_text = [document for document in documents if document.text.strip()]
        if not with_text:
            assert is_empty(grown, settings, parts)
            return
        with (
            Hippograph.open(grown, settings=settings, parts=parts) as one,
            Hippograph.build(documents, built, settings=settings, parts=parts) as other,
        ):
            assert compare_indexes(one, other, QUESTIONS) == []
            assert one.verify() == []
        for folder in (grown, built):
            compact_index(folder, settings=settings, parts=parts)
        assert compare_folders(grown, built) == []

    return same_


def is_published(folder):
    try:
        read_manifest(folder)
    except IndexNotFound:
        return False
    return True


def is_empty(folder, settings, parts):
    """Whether an index holds nothing, and says so in every way it can be asked; one never published is empty."""
    if not is_published(folder):
        return True
    with Hippograph.open(folder, settings=settings, parts=parts) as memory:
        assert memory.verify() == []
        assert [
            memory.search(question, k=5, method=method) for question in QUESTIONS for method in METHODS
        ] == [[] for _ in QUESTIONS for _ in METHODS]
        assert memory.ask(QUESTIONS[0]).refusal
        return (list(memory.index.passages()), memory.index.facts(), memory.index.named_edges()) == (
            [],
            set(),
            {},
        )


METHODS = ("hippograph", "dense", "bm25")

any_history = hypothesis_settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@any_history
@given(history=st.lists(steps, min_size=1, max_size=6))
@example(history=[Add((ADA, BABBAGE)), Remove(IDS)])
@example(history=[Add((ADA, BABBAGE)), Remove(IDS), Add((BABBAGE, ADA))])
@example(history=[Add((ADA, BABBAGE, TOWN)), Remove(("a",)), Add((ADA,))])
@example(history=[Add((ADA, BABBAGE)), Add((text("a", 1),)), Add((ADA,))])
@example(history=[Add((ADA, BABBAGE)), Remove(("a",)), Add((replace(ADA, id="f"),))])
@example(history=[Add((ADA, BABBAGE)), Add((replace(ADA, id="f"),)), Remove(("a",))])
@example(history=[Add((replace(ADA, id="f"), BABBAGE)), Add((ADA,)), Add((text("a", 8),))])
@example(history=[Add((BLANK,)), Add((ADA,)), Add((text("a", 9),)), Become((TOWN, BLANK))])
def test_any_history_of_steps_ends_where_building_ends(tmp_path_factory, play, same, history):
    """Whatever was added, changed, renamed and removed on the way, the index equals one built from what remains."""
    folder = tmp_path_factory.mktemp("history")
    held = play(history, folder / "grown")

    same(folder / "grown", list(held.values()), folder / "built")


@pytest.mark.slow
@hypothesis_settings(any_history, max_examples=150)
@given(history=st.lists(steps, min_size=4, max_size=15))
def test_any_long_history_ends_where_building_ends(tmp_path_factory, play, same, history):
    """The same over more and longer histories."""
    folder = tmp_path_factory.mktemp("history")
    held = play(history, folder / "grown")

    same(folder / "grown", list(held.values()), folder / "built")


@any_history
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_order_and_batches_do_not_matter(tmp_path_factory, play, same, seed, sizes):
    """However documents are shuffled and bundled, adding them ends in one and the same index."""
    documents = [*toy.documents(), ADA, BABBAGE, TOWN]
    random.Random(seed).shuffle(documents)
    history, start = [], 0
    for size in [*sizes, len(documents)]:
        history.append(Add(tuple(documents[start : start + size])))
        start += size
    folder = tmp_path_factory.mktemp("order")
    held = play([step for step in history if step.documents], folder / "grown")

    same(folder / "grown", list(held.values()), folder / "built")


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_the_batch_size_does_not_matter(tmp_path, settings, parts, batch_size):
    """How much is saved at a time leaves no trace in the index."""
    other = settings.model_copy(
        update={"storage": settings.storage.model_copy(update={"batch_size": batch_size})}
    )
    Hippograph.build(toy.documents(), tmp_path / "one", settings=settings, parts=parts).close()
    Hippograph.build(toy.documents(), tmp_path / "other", settings=other, parts=parts).close()

    assert compare_folders(tmp_path / "one", tmp_path / "other") == []


def test_a_renamed_document_costs_nothing(tmp_path, settings, parts, play):
    """The same text under another id is neither read nor embedded again."""
    play([Add((ADA, BABBAGE))], tmp_path / "index")
    read, embedded = list(parts.extractor.read), parts.embedder.embedded.copy()
    play([Remove(("a",)), Add((replace(ADA, id="f"),))], tmp_path / "index")

    assert parts.extractor.read == read
    assert parts.embedder.embedded == embedded


def test_changing_back_costs_nothing(tmp_path, settings, parts, play):
    """A document that says again what it said before is neither read nor embedded again."""
    play([Add((ADA, BABBAGE)), Add((text("a", 1),))], tmp_path / "index")
    read, embedded = list(parts.extractor.read), parts.embedder.embedded.copy()
    play([Add((ADA,))], tmp_path / "index")

    assert parts.extractor.read == read
    assert parts.embedder.embedded == embedded


def test_an_emptied_index_comes_back_through_its_source(tmp_path, settings, parts, play, same):
    """After everything is deleted, a source that gives documents again fills the index as if nothing had been."""
    play([Add((ADA, BABBAGE)), Remove(IDS)], tmp_path / "index")

    class Source:
        source = "documents"

        def documents(self, since=None):
            return iter([TOWN, BABBAGE])

    index_sources([Source()], tmp_path / "index", settings=settings, parts=parts)

    same(tmp_path / "index", [TOWN, BABBAGE], tmp_path / "built")
