"""Rules of every kind of vector index, compared with arithmetic in whole numbers."""

import logging

import numpy as np
import pytest

from hippograph.adapters.faiss_vectors import MOST_GONE, FaissVectorIndexes
from hippograph.adapters.numpy_vectors import NumpyVectorIndexes
from hippograph.errors import EmbeddingError, IndexMismatch, MissingExtra, StorageError
from hippograph.ports import Prepared
from hippograph.vectors import STEPS, on_grid, to_steps

DIMENSION = 24


@pytest.fixture(params=["numpy", "faiss"])
def kind(request):
    if request.param == "numpy":
        return NumpyVectorIndexes()
    pytest.importorskip("faiss", reason="faiss is not installed")
    return FaissVectorIndexes(device="cpu")


def unit_vectors(count, seed=0, dimension=DIMENSION):
    """Random unit vectors on the grid, as they are kept."""
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return on_grid(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def index_of(kind, rows, gone=()):
    return kind.over(rows, np.array(sorted(gone), dtype=np.int64))


def by_hand(rows, query, k, gone=()):
    """Scores and rows of the k best, counted in whole steps: exact. The lower row first among equals."""
    products = to_steps(rows).astype(np.int64) @ to_steps(query).astype(np.int64)
    left = [row for row in range(len(rows)) if row not in set(gone)]
    best = sorted(left, key=lambda row: (-products[row], row))[:k]
    return [int(products[row]) / STEPS**2 for row in best], best


def assert_is_nearest(index, rows, queries, k, gone=()):
    """Scores and rows are the oracle's, to the last bit."""
    scores, found = index.search(queries, k)
    assert scores.shape == found.shape == (len(queries), k)
    assert scores.dtype == np.float32
    assert found.dtype == np.int64
    for query, query_scores, query_rows in zip(queries, scores, found, strict=True):
        wanted, best = by_hand(rows, query, k, gone)
        assert query_scores[: len(wanted)].tolist() == wanted
        assert query_rows[: len(wanted)].tolist() == best


@pytest.mark.parametrize("query_count", [1, 3, 40])
@pytest.mark.parametrize("k", [1, 7, 300])
def test_finds_what_brute_force_finds(kind, query_count, k):
    """One query or many, few neighbours or all: scores and rows are those of comparing with every row."""
    rows = unit_vectors(300)

    assert_is_nearest(index_of(kind, rows), rows, unit_vectors(query_count, seed=1), k)


@pytest.mark.parametrize("query_count", [1, 40])
def test_a_score_is_the_same_number_wherever_its_row_stands(kind, query_count):
    """In a matrix of any size, at any place, asked alone or with others: so an index that grew scores as one built."""
    rows, queries = unit_vectors(500, dimension=384), unit_vectors(query_count, seed=1, dimension=384)
    whole = index_of(kind, rows).search(queries, 500)
    for chosen in (np.arange(7), np.arange(499, -1, -1), np.arange(3, 500, 11)):
        scores, found = index_of(kind, np.ascontiguousarray(rows[chosen])).search(queries, len(chosen))
        for query in range(query_count):
            expected = dict(zip(whole[1][query].tolist(), whole[0][query].tolist(), strict=True))
            assert {chosen[row]: score for row, score in zip(found[query], scores[query], strict=True)} == {
                row: expected[row] for row in chosen.tolist()
            }


@pytest.mark.parametrize("query_count", [1, 40])
def test_equal_vectors_are_found_in_the_order_of_their_rows(kind, query_count):
    """Ties go to the lower row, also where they straddle the last place."""
    rows = unit_vectors(200)
    rows[[3, 77, 101, 150, 199]] = rows[40]
    queries = np.repeat(rows[40:41], query_count, axis=0)

    index = index_of(kind, rows)

    assert index.search(queries, 3)[1].tolist() == [[3, 40, 77]] * query_count
    assert index.search(queries, 6)[1].tolist() == [[3, 40, 77, 101, 150, 199]] * query_count


def test_a_hundred_equal_vectors_are_found_in_the_order_of_their_rows(kind):
    """More ties than are looked at first still go to the lower rows."""
    rows = np.repeat(unit_vectors(1), 100, axis=0)

    _, found = index_of(kind, rows).search(rows[:1], 5)

    assert found.tolist() == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize("query_count", [1, 40])
def test_places_beyond_the_last_row_are_minus_infinity(kind, query_count):
    """Where fewer than k rows are left, the score is -inf and the row -1."""
    index = index_of(kind, unit_vectors(4), gone=[1])

    scores, found = index.search(unit_vectors(query_count, seed=1), 6)

    assert np.isneginf(scores[:, 3:]).all()
    assert (found[:, 3:] == -1).all()
    assert [set(line) for line in found[:, :3].tolist()] == [{0, 2, 3}] * query_count


@pytest.mark.parametrize("query_count", [1, 40])
@pytest.mark.parametrize("gone", [[0, 5, 119], range(0, 2 * MOST_GONE + 40, 2)])
def test_rows_that_are_gone_are_never_found_and_the_others_keep_their_numbers(kind, query_count, gone):
    """A few of them, or every second one; their vectors are still there for whoever knows the row."""
    rows = unit_vectors(2 * MOST_GONE + 40)
    index = index_of(kind, rows, gone)
    queries = np.repeat(rows[5:6], query_count, axis=0)

    assert len(index) == len(rows) - len(gone)
    for k in (1, 10, len(rows)):
        assert_is_nearest(index, rows, queries, k, gone)
    assert np.array_equal(index.vectors(np.array([5, 6])), rows[[5, 6]])


@pytest.mark.parametrize("count", [0, 2])
def test_an_index_without_rows_finds_nothing(kind, count):
    """None ever came, or all of them are gone: every place is empty."""
    index = index_of(kind, unit_vectors(count).reshape(-1, DIMENSION), gone=range(count))
    scores, found = index.search(unit_vectors(1), 2)

    assert len(index) == 0
    assert np.isneginf(scores).all()
    assert found.tolist() == [[-1, -1]]


def test_rows_are_searched_where_they_lie(kind, tmp_path):
    """A mapped file is neither copied nor written to."""
    rows = unit_vectors(50)
    rows.tofile(tmp_path / "vectors")
    mapped = np.memmap(tmp_path / "vectors", np.float32, "r").reshape(-1, DIMENSION)
    index = index_of(kind, mapped, gone=[7])

    assert_is_nearest(index, rows, unit_vectors(2, seed=1), 5, gone=[7])
    assert np.array_equal(np.fromfile(tmp_path / "vectors", np.float32).reshape(-1, DIMENSION), rows)


@pytest.mark.parametrize(
    "shaped", [np.asfortranarray, lambda rows: rows[::2], lambda rows: rows.astype("f8")]
)
def test_queries_of_any_layout_are_taken(kind, shaped):
    """Column-major, strided and double-precision arrays ask what they show."""
    rows, queries = unit_vectors(60), shaped(unit_vectors(4, seed=1))

    assert_is_nearest(index_of(kind, rows), rows, queries, 5)


def test_another_dimension_is_refused(kind):
    """Vectors of another embedder are named as such."""
    index = index_of(kind, unit_vectors(3))

    with pytest.raises(IndexMismatch, match=rf"{DIMENSION} numbers.*another embedder"):
        index.search(np.ones((1, DIMENSION - 1), dtype=np.float32), 1)
    with pytest.raises(IndexMismatch, match="shape"):
        index.search(np.ones(DIMENSION, dtype=np.float32), 1)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_queries_that_are_not_finite_are_refused(kind, number):
    """NaN would poison every comparison."""
    index, bad = index_of(kind, unit_vectors(3)), unit_vectors(2)
    bad[1, 4] = number

    with pytest.raises(EmbeddingError, match="not finite"):
        index.search(bad, 1)


@pytest.mark.parametrize("row", [-1, 3])
def test_vectors_of_rows_that_never_came_are_refused(kind, row):
    """A wrong row number is an error, not another row."""
    index = index_of(kind, unit_vectors(3))

    with pytest.raises(StorageError, match="3 rows"):
        index.vectors(np.array([row]))
    assert index.vectors(np.zeros(0, np.int64)).shape == (0, DIMENSION)


def test_few_rows_need_no_preparation(kind):
    """They are compared one by one."""
    assert kind.prepare(unit_vectors(300), None) is None


# ---------------------------------------------------------------------- clusters


GROUPS = 40


@pytest.fixture
def clusters(tmp_path):
    """Two thousand rows in forty groups, sorted into clusters, and a thousand more that are not."""
    pytest.importorskip("faiss", reason="faiss is not installed")
    kind = FaissVectorIndexes(device="cpu", exact_up_to=100)
    rows, path = grouped(3000, seed=6), tmp_path / "clusters"
    path.write_bytes(kind.prepare(rows[:2000], None).tobytes())
    return kind, rows, Prepared(path, 2000)


def grouped(count, seed):
    """Unit vectors in forty groups by turns, near enough to be neighbours and never so near that a product is one."""
    centres, noise = unit_vectors(GROUPS, seed=5), np.random.default_rng(seed)
    rows = centres[np.arange(count) % GROUPS] + 0.05 * noise.standard_normal((count, DIMENSION))
    return on_grid(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.mark.parametrize("query_count", [1, 40])
def test_clusters_find_what_lies_in_them_with_its_exact_score(clusters, query_count):
    """Neighbours of one group are found as if all had been scanned: scores are those of the vectors themselves."""
    kind, rows, prepared = clusters
    index = kind.over(rows[:2000], np.zeros(0, np.int64), prepared)

    assert_is_nearest(index, rows[:2000], grouped(query_count, seed=7), 10)


def test_rows_that_came_after_the_clusters_are_found(clusters):
    """They are scanned until there are enough of them to be sorted in."""
    kind, rows, prepared = clusters
    index = kind.over(rows[:2050], np.zeros(0, np.int64), prepared)
    _, found = index.search(rows[2000:2050], 1)

    assert found[:, 0].tolist() == list(range(2000, 2050))
    assert kind.prepare(rows[:2050], prepared) is None


def test_rows_that_are_gone_are_not_found_in_clusters(clusters):
    """The best of a group may be gone."""
    kind, rows, prepared = clusters
    index = kind.over(rows[:2000], np.arange(0, 2000, 80), prepared)

    assert len(index) == 1975
    assert_is_nearest(index, rows[:2000], grouped(3, seed=7), 5, gone=range(0, 2000, 80))


@pytest.mark.parametrize("count", [2200, 3000])
def test_clusters_take_in_what_came_since(clusters, tmp_path, count):
    """The next clusters hold all rows, made from those before where these were for at least half as many."""
    kind, rows, prepared = clusters
    (tmp_path / "next").write_bytes(kind.prepare(rows[:count], prepared).tobytes())
    index = kind.over(rows[:count], np.zeros(0, np.int64), Prepared(tmp_path / "next", count))

    assert_is_nearest(index, rows[:count], grouped(45, seed=7), 5)
    assert kind.prepare(rows[:count], Prepared(tmp_path / "next", count)) is None


# ---------------------------------------------------------------------- the package, and a GPU


def test_a_missing_faiss_names_the_extra(monkeypatch):
    """Without the package the way out is the install command."""
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)

    with pytest.raises(MissingExtra, match=r"hippograph\[cpu\]"):
        FaissVectorIndexes()


def test_two_faiss_packages_are_warned_of(monkeypatch, caplog):
    """faiss-cpu and faiss-gpu overwrite each other, which nobody notices by themselves."""
    pytest.importorskip("faiss", reason="faiss is not installed")
    monkeypatch.setattr("hippograph.adapters.faiss_vectors._installed", lambda name: True)

    with caplog.at_level(logging.WARNING):
        FaissVectorIndexes(device="cpu")

    assert "Both faiss-cpu and faiss-gpu are installed" in caplog.text


def test_faiss_without_a_gpu_searches_on_the_processor_and_says_so(caplog):
    """Asking for a GPU that is not there costs one sentence in the log, not the search."""
    faiss = pytest.importorskip("faiss", reason="faiss is not installed")
    if faiss.get_num_gpus():
        pytest.skip("this machine has a GPU")
    rows = unit_vectors(20)

    with caplog.at_level(logging.WARNING):
        index = index_of(FaissVectorIndexes(device="cuda"), rows)

    assert "FAISS sees no GPU" in caplog.text
    assert_is_nearest(index, rows, unit_vectors(1, seed=1), 3)


@pytest.mark.gpu
def test_faiss_on_a_gpu_finds_what_brute_force_finds():
    """The same numbers as on a processor, those that are gone left out."""
    faiss = pytest.importorskip("faiss", reason="faiss is not installed")
    if not faiss.get_num_gpus():
        pytest.skip("FAISS sees no GPU")
    rows = unit_vectors(300)
    index = index_of(FaissVectorIndexes(device="cuda"), rows, gone=[7])

    for _ in range(2):  # the first search copies the rows, the next finds them there
        assert_is_nearest(index, rows, unit_vectors(20, seed=1), 9, gone=[7])
