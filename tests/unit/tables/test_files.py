"""Files that only grow: what a version counts, what a killed writer leaves, and what damage looks like."""

import os

import numpy as np
import pytest

from hippograph.errors import IndexDamaged
from hippograph.tables import Column, Files


def reopened(files):
    return Files(files.folder, files.lengths, files.states)


def written(folder, *batches):
    files = Files(folder)
    column = Column(files, "numbers", "<i8")
    for batch in batches:
        column.extend(np.array(batch))
        files.commit()
    return files


def test_a_version_is_how_far_each_file_counts(tmp_path):
    """An earlier version reads what it read before, whatever was written behind it."""
    files = written(tmp_path, [1, 2])
    before = reopened(files)
    Column(files, "numbers", "<i8").extend(np.array([3]))
    files.commit()

    assert Column(before, "numbers", "<i8").values.tolist() == [1, 2]
    assert Column(reopened(before), "numbers", "<i8").values.tolist() == [1, 2]
    assert Column(reopened(files), "numbers", "<i8").values.tolist() == [1, 2, 3]


def test_what_a_killed_writer_left_is_cut_off_by_the_next(tmp_path):
    """Bytes beyond the last version are overwritten, never read."""
    files = written(tmp_path, [1, 2])
    with (tmp_path / "numbers").open("ab") as file:
        file.write(b"half of a numb")
    again = reopened(files)
    Column(again, "numbers", "<i8").extend(np.array([7]))
    again.commit()

    assert Column(reopened(again), "numbers", "<i8").values.tolist() == [1, 2, 7]
    assert (tmp_path / "numbers").stat().st_size == 24
    assert not list(reopened(again).wrong_checksums())


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_file_that_is_missing_or_too_short_is_named(tmp_path, damage):
    """It is noticed when the files are opened."""
    files = written(tmp_path, [1, 2, 3])
    if damage == "missing":
        (tmp_path / "numbers").unlink()
    else:
        os.truncate(tmp_path / "numbers", 23)

    with pytest.raises(IndexDamaged, match="numbers"):
        reopened(files)


@pytest.mark.parametrize("place", [0, 8, 23])
def test_an_altered_byte_is_found_with_its_place(tmp_path, place):
    """Each batch has its own checksum, so the stretch that is wrong is told."""
    files = written(tmp_path, [1], [2, 3])
    with (tmp_path / "numbers").open("r+b") as file:
        file.seek(place)
        file.write(b"\xff")

    (problem,) = reopened(files).wrong_checksums()
    assert f"between bytes {0 if place < 8 else 8} and {8 if place < 8 else 24}" in problem


def test_an_altered_file_of_checksums_is_found(tmp_path):
    """Each line names the one before it, and the version names the last."""
    files = written(tmp_path, [1], [2])
    lines = (tmp_path / "checksums").read_bytes()
    (tmp_path / "checksums").write_bytes(lines.replace(b'"numbers"', b'"nimbers"', 1))

    assert any("checksums was altered" in problem for problem in reopened(files).wrong_checksums())


def test_a_file_that_is_left_out_stays_for_versions_that_count_it(tmp_path):
    """Forgetting touches no byte."""
    files = written(tmp_path, [1])
    before = reopened(files)
    files.forget("numbers")
    Column(files, "others", "<i8").extend(np.array([5]))
    files.commit()

    assert "numbers" not in files.lengths
    assert Column(before, "numbers", "<i8").values.tolist() == [1]
    assert not list(reopened(files).wrong_checksums())


def test_committing_nothing_changes_nothing(tmp_path):
    """A version that adds nothing is the version before it."""
    files = written(tmp_path, [1])
    lengths, states = dict(files.lengths), dict(files.states)
    files.commit()

    assert (files.lengths, files.states) == (lengths, states)


def test_files_without_a_folder_stay_in_memory():
    """Small worlds need no disk."""
    files = Files()
    column = Column(files, "vectors", "<f4", 2)
    column.extend(np.array([[1, 2]]))
    column.extend(np.array([[3, 4]]))

    assert column.values.tolist() == [[1, 2], [3, 4]]
    assert len(column) == 2
