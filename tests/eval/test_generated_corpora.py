"""Generated corpora: the same for everyone, names as frequent as in real text, and parts that read them fast."""

from collections import Counter

import numpy as np
import pytest

from eval.bench.growth import make_change, measure_changes
from eval.bench.opening import measure_opening
from eval.bench.search_sizes import measure_search_of_sizes
from eval.bench.synonyms import as_upstream, exact_pairs, grouped_vectors, measure_synonyms
from eval.generated import (
    GeneratedExtractor,
    WordVectors,
    changed_document,
    generate_documents,
    generate_questions,
    generated_parts,
    name_of,
)
from eval.generated_index import searching_settings, write_generated_index
from eval.indexes import Corpus
from hippograph.engine import Hippograph
from hippograph.settings import Settings

SETTINGS = Settings.load(models={"vectors": "numpy"})


def quietly(step, done, total):
    """Nobody listens."""


@pytest.fixture(scope="module")
def documents():
    """The beginning of the corpus of seed 0."""
    return list(generate_documents(0, 3000))


def test_a_document_depends_on_seed_and_number_alone(documents):
    """A part of the corpus is the same however it is asked for; another seed gives another corpus."""
    assert list(generate_documents(990, 1010)) == documents[990:1010]
    assert list(generate_documents(0, 5, seed=1)) != documents[:5]


def test_documents_are_about_different_things(documents):
    """Every document has a title of its own and names it in its first sentence."""
    assert len({document.title for document in documents}) == len(documents)
    named = sum(document.title in document.text.split(". ")[0] for document in documents)
    assert named > 0.9 * len(documents)  # the others are people whose initial is told


def test_a_few_names_are_everywhere_and_new_ones_keep_coming(documents):
    """The most frequent name stands in a good share of all documents; the last third still brings new names."""
    parts = generated_parts(SETTINGS)
    passages = [passage for document in documents for passage in parts.splitter.split(document)]
    names = [{m.name for m in extraction.mentions} for extraction in parts.extractor.extract(passages)]
    counts = Counter(name for found in names for name in found)
    before = set().union(*names[:2000])
    new = set().union(*names[2000:]) - before

    assert len(passages) == len(documents)
    assert 0.04 < counts.most_common(1)[0][1] / len(documents) < 0.2
    assert 1 < len(new) / 1000 < 8


def test_the_extractor_reads_back_what_the_templates_wrote():
    """Names are found whole, with initials and without the full stop; the words between them are the relation."""
    parts = generated_parts(SETTINGS)
    document = next(generate_documents(0, 1))
    text = "Dora B. Velra wrote Song of Babe in 1800, a year after it was announced. In 1900 Ilen Ka moved to Tarstad."
    (passage,) = parts.splitter.split(type(document)("x", "Dora Velra", text))
    (found,) = GeneratedExtractor().extract([passage])

    assert [mention.name for mention in found.mentions] == [
        "Dora Velra",
        "Dora B. Velra",
        "Song of Babe",
        "Ilen Ka",
        "Tarstad",
    ]
    assert [(triple.subject, triple.relation, triple.object) for triple in found.triples] == [
        ("Dora B. Velra", "wrote", "Song of Babe"),
        ("Ilen Ka", "moved to", "Tarstad"),
    ]


def test_names_of_different_ranks_differ():
    """No two of many ranks share a name of one kind."""
    for kind in ("person", "place", "work"):
        assert len({name_of(rank, kind) for rank in range(20_000)}) == 20_000


def test_word_vectors_are_sums_of_words():
    """Unit length; the order of words does not matter; more shared words are closer."""
    embedder = WordVectors(64)
    a, b, c, d = embedder.embed_passages(["Dora Velra wrote", "wrote Velra Dora", "Dora Velra", "Ilen Ka"])

    assert np.allclose(np.linalg.norm([a, b, c, d], axis=1), 1, atol=1e-6)
    assert np.allclose(a, b, atol=1e-6)
    assert a @ c > 0.6 > a @ d
    assert np.array_equal(embedder.embed_query("Dora Velra"), c)


def test_a_change_is_the_same_whatever_the_size():
    """Changed and deleted documents are the same ones; new ones lie behind the end of each corpus."""
    small, large = make_change(1000, 10, 1), make_change(5000, 10, 1)

    assert small.removed == large.removed == ("doc-0000010", "doc-0000011")
    assert small.added[4:] == large.added[4:]
    assert small.added[4] == changed_document(next(generate_documents(6, 7)))
    assert [document.id for document in small.added[:4]] == [f"doc-000{n}" for n in range(1004, 1008)]


def test_changes_are_timed_without_embedding_and_extraction():
    """Every size has its seconds, and ratios to its own build and to the first size."""
    report = measure_changes((100, 200), 2, quietly, SETTINGS)
    first, second = report["sizes"]

    assert (first["passages"], second["passages"]) == (100, 200)
    assert first["to_first"] == 1
    assert second["to_first"] == pytest.approx(second["change_seconds"] / first["change_seconds"], rel=0.1)
    assert first["build_to_change"] == pytest.approx(
        first["build_seconds"] / first["change_seconds"], rel=0.3
    )
    assert report["changed_documents"] == 1


def test_the_way_of_all_pairs_finds_what_the_definition_says():
    """Nearest neighbours in blocks, cut at the threshold, are the pairs whose inner product reaches it."""
    vectors = grouped_vectors(300, 32, seed=3)
    found = {(min(pair), max(pair)) for pair in as_upstream(vectors, 300, 0.8)}
    products = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    expected = {(a, b) for a, b in zip(*np.nonzero(products >= 0.8), strict=True) if a < b}

    assert found == expected
    assert exact_pairs(vectors, 0, 0.8) == expected
    assert exact_pairs(vectors, 250, 0.8) == {(a, b) for a, b in expected if b >= 250}
    assert len(expected) > 50


def test_synonyms_of_new_names_are_all_found():
    """Recall and precision are told beside the seconds."""
    report = measure_synonyms(1000, sample=100, rounds=1)

    assert report["new"] == 10
    assert report["recall"] >= 0.999
    assert report["precision"] >= 0.999
    assert report["seconds_new"] > 0
    assert report["upstream_to_new"] > 0


def test_opening_is_timed_on_indexes_that_are_kept(tmp_path, monkeypatch):
    """The second measurement opens what the first one built."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HIPPOGRAPH_MODELS__VECTORS", "numpy")
    first = measure_opening((20, 60), 2, quietly)
    steps = []
    second = measure_opening((20, 60), 2, lambda step, done, total: steps.append(step))

    assert [size["passages"] for size in second["sizes"]] == [20, 60]
    assert steps == []
    assert first["sizes"][0]["more_ms"] == 0


def test_a_generated_index_says_what_a_built_one_says(tmp_path):
    """Its tables are written directly: the same facts, edges and rankings as from documents that were indexed."""
    settings = searching_settings(SETTINGS)
    parts = write_generated_index(tmp_path / "written", 60, settings, quietly)
    corpus = Corpus("generated", tuple(generate_documents(0, 60)))
    with (
        Hippograph.open(tmp_path / "written", settings=settings, parts=parts) as written,
        Hippograph.build(corpus.given, tmp_path / "built", settings=settings, parts=parts) as built,
    ):
        for question, document in generate_questions(60, 10):
            ours, theirs = ([r.passage.text for r in memory.search(question)] for memory in (written, built))
            assert ours == theirs
            assert document in {r.passage.document for r in written.search(question, 10)}
        counts = [
            (v.passage_count, v.entity_count, v.fact_count, v.edge_count)
            for v in (written.status().version, built.status().version)
        ]

    assert counts[0] == counts[1]


def test_search_is_timed_on_generated_indexes_of_any_size(tmp_path, monkeypatch):
    """Each size has its milliseconds, what it found, and what a reader of its own takes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HIPPOGRAPH_MODELS__VECTORS", "numpy")
    rows = measure_search_of_sizes((30, 90), "hippograph", quietly)["datasets"]

    assert [row["passages"] for row in rows] == [30, 90]
    assert all(row["found@10"] > 0.9 and row["search_ms_p50"] > 0 for row in rows)
    assert all(row["reader_to_vectors"] > 0 for row in rows)
