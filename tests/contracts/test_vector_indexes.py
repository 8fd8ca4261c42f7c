"""Rules of every kind of vector index, compared with a brute-force oracle."""

import logging

import numpy as np
import pytest

from hippograph.adapters.faiss_vectors import FaissVectorIndexes
from hippograph.adapters.numpy_vectors import NumpyVectorIndexes
from hippograph.errors import EmbeddingError, IndexDamaged, IndexMismatch, MissingExtra, StorageError

DIMENSION = 24


@pytest.fixture(params=["numpy", "faiss"])
def kind(request):
    if request.param == "numpy":
        return NumpyVectorIndexes()
    pytest.importorskip("faiss", reason="faiss is not installed")
    return FaissVectorIndexes(device="cpu")


def unit_vectors(count, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def index_of(kind, rows):
    index = kind.create(DIMENSION)
    index.add(rows)
    return index


def by_hand(rows, query, k, removed=()):
    """Scores and rows of the k best in double precision, the lower row first among equals."""
    scores = np.round(rows.astype(np.float64) @ query.astype(np.float64), 6)
    left = [row for row in range(len(rows)) if row not in set(removed)]
    best = sorted(left, key=lambda row: (-scores[row], row))[:k]
    return [scores[row] for row in best], best


def assert_is_nearest(index, rows, queries, k, removed=()):
    """The scores are the oracle's, and every row has the score it is given."""
    scores, found = index.search(queries, k)
    assert scores.shape == found.shape == (len(queries), k)
    assert scores.dtype == np.float32
    assert found.dtype == np.int64
    for query, query_scores, query_rows in zip(queries, scores, found, strict=True):
        wanted, _ = by_hand(rows, query, k, removed)
        assert query_scores[: len(wanted)] == pytest.approx(wanted, abs=3e-6)
        assert rows[query_rows[: len(wanted)]] @ query == pytest.approx(wanted, abs=3e-6)
        assert len(set(query_rows[: len(wanted)])) == len(wanted)
        assert not set(query_rows.tolist()) & set(removed)


@pytest.mark.parametrize("query_count", [1, 3, 40])
@pytest.mark.parametrize("k", [1, 7, 300])
def test_finds_what_brute_force_finds(kind, query_count, k):
    """One query or many, few neighbours or all: scores and rows are those of comparing with every row."""
    rows = unit_vectors(300)

    assert_is_nearest(index_of(kind, rows), rows, unit_vectors(query_count, seed=1), k)


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
    rows = unit_vectors(4)
    index = index_of(kind, rows)
    index.remove([1])

    scores, found = index.search(unit_vectors(query_count, seed=1), 6)

    assert np.isneginf(scores[:, 3:]).all()
    assert (found[:, 3:] == -1).all()
    assert [set(line) for line in found[:, :3].tolist()] == [{0, 2, 3}] * query_count


@pytest.mark.parametrize("query_count", [1, 40])
def test_removed_rows_are_never_found_and_the_others_keep_their_numbers(kind, query_count):
    """Removal takes rows out of every later search, and removing twice is removing once."""
    rows = unit_vectors(120)
    index = index_of(kind, rows)
    queries = np.repeat(rows[5:6], query_count, axis=0)

    index.remove([5, 0])
    index.remove([5, 119])

    assert len(index) == 120
    assert_is_nearest(index, rows, queries, 10, removed=[0, 5, 119])
    assert np.array_equal(index.vectors(np.array([5, 6])), rows[[5, 6]])


def test_an_empty_index_finds_nothing(kind, tmp_path):
    """No rows, or all of them removed: every place is empty, also after saving."""
    emptied = index_of(kind, unit_vectors(2))
    emptied.remove([0, 1])
    empty = kind.create(DIMENSION)
    empty.save(tmp_path / "empty")

    for index in (empty, emptied, kind.open(tmp_path / "empty")):
        scores, found = index.search(unit_vectors(1), 2)
        assert np.isneginf(scores).all()
        assert found.tolist() == [[-1, -1]]
    assert len(kind.open(tmp_path / "empty")) == 0


@pytest.mark.parametrize("query_count", [1, 40])
def test_an_opened_index_answers_as_the_saved_one_did(kind, tmp_path, query_count):
    """Vectors, removals and results survive saving, to the bit."""
    index = index_of(kind, unit_vectors(150))
    index.remove([2, 149])
    queries = unit_vectors(query_count, seed=1)
    scores, found = index.search(queries, 20)

    index.save(tmp_path / "vectors")
    opened = kind.open(tmp_path / "vectors")

    assert len(opened) == 150
    assert np.array_equal(opened.search(queries, 20)[0], scores)
    assert np.array_equal(opened.search(queries, 20)[1], found)
    assert np.array_equal(opened.vectors(np.arange(150)), index.vectors(np.arange(150)))


def test_an_opened_index_grows_shrinks_and_is_saved_over_its_own_file(kind, tmp_path):
    """Second time round: open, add, remove, save to the same path, open again."""
    rows = unit_vectors(90)
    path = tmp_path / "vectors"
    index_of(kind, rows[:50]).save(path)

    opened = kind.open(path)
    opened.add(rows[50:60])
    opened.add(rows[60:])
    opened.remove([1, 55])
    opened.save(path)
    again = kind.open(path)

    assert len(again) == 90
    assert_is_nearest(again, rows, unit_vectors(2, seed=1), 9, removed=[1, 55])
    assert [file.name for file in tmp_path.iterdir()] == ["vectors"]


def test_an_index_saved_by_one_kind_is_opened_by_every_kind_of_that_fingerprint(kind, tmp_path):
    """The fingerprint names the file format, so equal fingerprints open each other's files."""
    other = NumpyVectorIndexes()
    rows = unit_vectors(30)
    index_of(kind, rows).save(tmp_path / "vectors")

    assert kind.fingerprint == other.fingerprint
    assert_is_nearest(other.open(tmp_path / "vectors"), rows, unit_vectors(1, seed=1), 5)


def test_the_caller_may_reuse_the_array_that_was_added(kind):
    """Rows are copied: what is written into the argument later does not reach the index."""
    rows = unit_vectors(10)
    index = index_of(kind, rows)
    kept = rows.copy()

    rows[:] = 0.0

    assert np.array_equal(index.vectors(np.arange(10)), kept)


@pytest.mark.parametrize(
    "shaped", [np.asfortranarray, lambda rows: rows[::2], lambda rows: rows.astype("f8")]
)
def test_arrays_of_any_layout_are_taken(kind, shaped):
    """Column-major, strided and double-precision arrays give the rows they show."""
    rows = shaped(unit_vectors(60))

    index = index_of(kind, rows)

    assert_is_nearest(index, np.ascontiguousarray(rows, dtype=np.float32), shaped(unit_vectors(4, seed=1)), 5)


def test_another_dimension_is_refused(kind):
    """Vectors of another embedder are named as such, when added and when searched."""
    index = index_of(kind, unit_vectors(3))

    with pytest.raises(IndexMismatch, match=f"{DIMENSION} numbers"):
        index.add(np.ones((1, DIMENSION + 1), dtype=np.float32))
    with pytest.raises(IndexMismatch, match="another embedder"):
        index.search(np.ones((1, DIMENSION - 1), dtype=np.float32), 1)
    with pytest.raises(IndexMismatch, match="shape"):
        index.search(np.ones(DIMENSION, dtype=np.float32), 1)
    assert len(index) == 3


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(kind, number):
    """NaN would poison every comparison, so it gets in neither as a row nor as a query."""
    index = index_of(kind, unit_vectors(3))
    bad = unit_vectors(2)
    bad[1, 4] = number

    with pytest.raises(EmbeddingError, match="not finite"):
        index.add(bad)
    with pytest.raises(EmbeddingError, match="not finite"):
        index.search(bad, 1)
    assert len(index) == 3


@pytest.mark.parametrize("row", [-1, 3])
def test_rows_that_were_never_added_are_refused(kind, row):
    """A wrong row number is an error, not another row."""
    index = index_of(kind, unit_vectors(3))

    with pytest.raises(StorageError, match="3 rows"):
        index.remove([row])
    with pytest.raises(StorageError, match="3 rows"):
        index.vectors(np.array([row]))


def test_a_file_cut_short_anywhere_is_damaged(kind, tmp_path):
    """Whatever the length it was cut to, a truncated file is never opened."""
    path = tmp_path / "vectors"
    index = index_of(kind, unit_vectors(5))
    index.remove([1])
    index.save(path)
    whole = path.read_bytes()

    for length in [0, 1, 7, 60, 127, 128, 129, len(whole) // 2, len(whole) - 9, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(IndexDamaged, match="vectors"):
            kind.open(path)


def foreign_array(rows):
    return lambda path: np.save(path.open("wb"), rows, allow_pickle=True)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("This is a letter, not an index. " * 40),
        lambda path: path.write_bytes(b"\x93NUMPY\x01\x00\xff\xff" + b"{" * 70000),
        foreign_array(np.ones((3, 4))),
        foreign_array(np.ones(12, dtype=np.float32)),
        foreign_array(np.ones((3, 4), dtype=np.float32)),
        foreign_array(np.asfortranarray(np.ones((3, 4), dtype=np.float32))),
        foreign_array(np.array([{"a": 1}], dtype=object)),
        lambda path: path.mkdir(),
    ],
)
def test_a_foreign_file_is_damaged(kind, tmp_path, write):
    """Text, noise, other arrays, pickled objects and folders are refused in one sentence."""
    write(tmp_path / "vectors")

    with pytest.raises(IndexDamaged, match="vectors"):
        kind.open(tmp_path / "vectors")


def test_a_missing_file_is_damaged(kind, tmp_path):
    """The message says which file is missing."""
    with pytest.raises(IndexDamaged, match="absent is missing"):
        kind.open(tmp_path / "absent")


def test_bytes_after_the_end_are_damage(kind, tmp_path):
    """A file that goes on after its last array was not written by us."""
    path = tmp_path / "vectors"
    index_of(kind, unit_vectors(5)).save(path)
    path.write_bytes(path.read_bytes() + b"x")

    with pytest.raises(IndexDamaged, match="does not end"):
        kind.open(path)


def test_a_path_that_cannot_be_written_is_named(kind, tmp_path):
    """Saving where no folder is says so and leaves nothing behind."""
    with pytest.raises(StorageError, match="nowhere"):
        index_of(kind, unit_vectors(2)).save(tmp_path / "nowhere" / "vectors")


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
    """The GPU's copy follows additions and removals."""
    faiss = pytest.importorskip("faiss", reason="faiss is not installed")
    if not faiss.get_num_gpus():
        pytest.skip("FAISS sees no GPU")
    rows = unit_vectors(300)
    index = index_of(FaissVectorIndexes(device="cuda"), rows[:200])
    index.search(rows[:1], 1)

    index.add(rows[200:])
    index.remove([7])

    assert_is_nearest(index, rows, unit_vectors(20, seed=1), 9, removed=[7])
