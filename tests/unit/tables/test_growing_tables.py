"""Tables that grow against plain Python: dictionaries, lists and sums."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.errors import StorageError
from hippograph.tables import Files, Names, Pages, Ragged, Rows, Strings, spans
from hippograph.tables import rows as rows_module

texts = st.text(st.characters(), max_size=6)


def frozen(files):
    """The files as a version counts them now; in memory the bytes are copied, as a disk would keep them."""
    copy = Files(files.folder, files.lengths, files.states)
    copy._memory = {name: bytearray(data) for name, data in files._memory.items()}
    return copy


@given(st.lists(st.lists(texts, max_size=8), max_size=8))
def test_names_are_numbered_as_they_come_and_found_again(batches):
    """Over any batches: the number of a text is that of its first coming, and what never came is absent."""
    names, expected = Names(Files(), "names"), {}
    for batch in batches:
        for text in batch:
            expected.setdefault(text, len(expected))
        assert names.add(batch).tolist() == [expected[text] for text in batch]

    assert len(names) == len(expected)
    assert [names[number] for number in expected.values()] == list(expected)
    assert names.find([*expected, "never seen before"]).tolist() == [*expected.values(), -1]


def test_runs_of_names_stay_few():
    """A thousand batches of one name each stand in about ten runs."""
    files = Files()
    names = Names(files, "names")
    for number in range(300):
        names.add([f"name {number}"])

    assert len(files.states["names"]) <= 10
    assert names.find([f"name {number}" for number in range(300)]).tolist() == list(range(300))


def test_texts_of_one_hash_are_told_apart(monkeypatch):
    """Where every hash is the same, the words decide."""
    monkeypatch.setattr(
        "hippograph.tables.strings._hashes", lambda encoded: np.full(len(encoded), 7, dtype="<u8")
    )
    names = Names(Files(), "names")
    names.add(["a", "b", "c"])
    names.add(["d", "a"])

    assert names.find(["d", "c", "b", "a", "e"]).tolist() == [3, 2, 1, 0, -1]


@given(st.lists(st.lists(texts, max_size=5), max_size=5))
def test_strings_give_back_what_they_were_given(batches):
    """Any text, halves of surrogate pairs among them."""
    strings, expected = Strings(Files(), "strings"), []
    for batch in batches:
        strings.extend(batch)
        expected += batch

    assert [strings[row] for row in range(len(strings))] == expected
    with pytest.raises(IndexError):
        strings[len(expected)]


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), min_size=1, max_size=8), st.data())
def test_ragged_rows_are_gathered_end_to_end(rows, data):
    """Whatever rows are asked for, and however often."""
    table = Ragged(Files(), "ragged", "<i4")
    half = len(rows) // 2
    for batch in (rows[:half], rows[half:]):
        table.extend(np.array([len(row) for row in batch]), np.array([x for row in batch for x in row]))
    wanted = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6))
    lengths, values = table.gather(np.array(wanted, dtype=np.int64))

    assert lengths.tolist() == [len(rows[row]) for row in wanted]
    assert values.tolist() == [x for row in wanted for x in rows[row]]
    assert [table.row(row).tolist() for row in wanted] == [rows[row] for row in wanted]
    assert table.total == sum(map(len, rows))


def test_spans_of_nothing_are_nothing():
    """No stretch, and stretches of length zero."""
    assert spans(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []
    assert spans(np.array([5, 9]), np.array([0, 2])).tolist() == [9, 10]


changes = st.lists(
    st.dictionaries(st.integers(0, 600), st.integers(-50, 50), min_size=1, max_size=6), max_size=6
)


@given(changes)
def test_pages_hold_what_was_set_last_and_versions_what_was_set_before(history):
    """Each version reads its own numbers; rows that were never set are 0."""
    files = Files()
    pages, expected, versions = Pages(files, "pages", 2), {}, []
    for change in history:
        rows = np.array(list(change))
        pages.set(rows, np.stack([list(change.values()), rows], axis=1))
        expected = {**expected, **change}
        versions.append((frozen(files), dict(expected)))

    everywhere = np.arange(700)
    for version, then in versions:
        opened = Pages(version, "pages", 2)
        assert opened[everywhere][:, 0].tolist() == [then.get(row, 0) for row in range(700)]
        assert all(opened.at(row) == [value, row] for row, value in then.items())


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(-5, 5)), min_size=1, max_size=20))
def test_adding_to_pages_counts_every_amount(amounts):
    """A row may stand several times."""
    pages, expected = Pages(Files(), "pages", 1), defaultdict(int)
    rows, values = zip(*amounts, strict=True)
    pages.add(np.array(rows), np.array(values))
    for row, amount in amounts:
        expected[row] += amount

    assert pages[np.array(rows)][:, 0].tolist() == [expected[row] for row in rows]


def test_a_change_costs_its_pages():
    """One row of a table of ten thousand: one page of 128 rows and a directory."""
    files = Files()
    pages = Pages(files, "pages", 1)
    pages.set(np.arange(10_000), np.ones((10_000, 1)))
    before = files.lengths["pages"]
    pages.set(np.array([5_000]), np.array([[2]]))

    assert files.lengths["pages"] - before == 128 * 8


entries = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(-9, 9)), min_size=1, max_size=12
)


def amounts_of(matrix, rows=range(10)):
    return {
        (row, column): amount
        for row in rows
        for column, amount in zip(*(array.tolist() for array in matrix.row(row)), strict=True)
    }


@hypothesis_settings(deadline=None)
@given(st.lists(entries, max_size=8), st.booleans(), st.sampled_from([1, 3, 128]))
def test_a_matrix_is_the_sum_of_what_was_added(history, written_anew, block):
    """Entries that come to zero are gone; columns ascend; totals are the rows' sums; old versions stay readable.

    That holds whether rows lie in one piece or in blocks.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "BLOCK", block)
        patch.setattr(rows_module, "MOST", 2 * block)
        if written_anew:
            patch.setattr(rows_module, "SMALL", 0)
            patch.setattr(rows_module, "WASTE", 1)
        files = Files()
        matrix, expected, versions = Rows(files, "matrix"), defaultdict(int), []
        for batch in history:
            rows, columns, amounts = (np.array(column) for column in zip(*batch, strict=True))
            matrix.add(rows, columns, amounts)
            for row, column, amount in batch:
                expected[row, column] += amount
            versions.append((frozen(files), {key: n for key, n in expected.items() if n}))

    for version, then in versions:
        opened = Rows(version, "matrix")
        assert amounts_of(opened) == dict(sorted(then.items()))
        assert opened.entry_count == len(then)
        lengths, columns, _ = opened.gather(np.arange(10))
        assert columns.tolist() == [column for _, column in sorted(then)]
        assert lengths.tolist() == [sum(row == wanted for row, _ in then) for wanted in range(10)]
        assert opened.filled().tolist() == sorted({row for row, _ in then})
        assert opened.totals(np.arange(10)).tolist() == [
            sum(n for (row, _), n in then.items() if row == wanted) for wanted in range(10)
        ]


def test_rows_are_gathered_as_they_are_read_alone():
    """Several rows end to end, one of them empty."""
    matrix = Rows(Files(), "matrix")
    matrix.add(np.array([3, 1, 3]), np.array([7, 2, 5]), np.array([1, 1, 4]))
    lengths, columns, amounts = matrix.gather(np.array([3, 0, 1]))

    assert (lengths.tolist(), columns.tolist(), amounts.tolist()) == ([2, 0, 1], [5, 7, 2], [4, 1, 1])


def test_a_change_to_a_long_row_writes_the_blocks_it_meets():
    """Of a row of a hundred thousand entries a change to three writes a few hundred anew."""
    files = Files()
    matrix = Rows(files, "matrix")
    columns = np.arange(100_000) * 2
    matrix.add(np.zeros(len(columns), dtype=np.int64), columns, np.ones(len(columns), dtype=np.int64))
    before = files.lengths["matrix.0.columns"]
    matrix.add(np.zeros(3, dtype=np.int64), np.array([1, 100_000, 199_999]), np.array([5, -1, 5]))

    assert files.lengths["matrix.0.columns"] - before < 4 * 3 * 260
    assert matrix.row(0)[0].tolist() == sorted({*columns.tolist(), 1, 199_999} - {100_000})
    assert matrix.totals(np.array([0])).tolist() == [100_000 + 10 - 1]


def test_a_row_that_shrinks_to_nothing_is_empty():
    """All blocks of a long row are taken back, in any order."""
    matrix = Rows(Files(), "matrix")
    columns = np.random.default_rng(1).permutation(1000)
    zeros, ones = np.zeros(1000, dtype=np.int64), np.ones(1000, dtype=np.int64)
    matrix.add(zeros, columns, ones)
    for part in np.array_split(columns, 7):
        matrix.add(zeros[: len(part)], part, -ones[: len(part)])

    assert matrix.filled().tolist() == []
    assert matrix.row(0)[0].tolist() == []
    assert matrix.totals(np.array([0])).tolist() == [0]


def test_an_amount_beyond_what_an_entry_holds_is_an_error():
    """It is refused, and what was there stays."""
    matrix = Rows(Files(), "matrix")
    matrix.add(np.array([0]), np.array([0]), np.array([2**31 - 1]))
    with pytest.raises(StorageError, match="beyond"):
        matrix.add(np.array([0]), np.array([0]), np.array([1]))

    assert amounts_of(matrix) == {(0, 0): 2**31 - 1}
