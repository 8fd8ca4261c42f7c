"""Vectors on the grid: products in single precision equal arithmetic in whole numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.vectors import STEPS, from_steps, on_grid, to_steps


def unit_rows(count, dimension, seed):
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def in_whole_numbers(left, right):
    """Every product, counted in 1/4096 x 1/4096."""
    return to_steps(left).astype(np.int64) @ to_steps(right).astype(np.int64).T


shapes = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 7, 256, 384, 1024]))


@hypothesis_settings(deadline=None)
@given(shapes, st.integers(0, 1000))
def test_products_below_one_are_exact(shape, seed):
    """To the last bit, however a library adds up: as a matrix product, row by row, or one query at a time."""
    rows, queries, dimension = shape
    left, right = on_grid(unit_rows(rows, dimension, seed)), on_grid(unit_rows(queries, dimension, seed + 1))
    whole = in_whole_numbers(left, right)
    below = np.abs(whole) < STEPS**2
    by_matrix = left @ right.T
    by_query = np.stack([np.einsum("rd,d->r", left, query) for query in right], axis=1)
    by_row = np.stack([right @ row for row in left])

    for products in (by_matrix, by_query, by_row):
        assert products.dtype == np.float32
        assert (products.astype(np.float64)[below] * STEPS**2 == whole[below]).all()


@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_additions_changes_nothing(seed, random):
    """Coordinates in any order, added one after the other in single precision, give the same product."""
    one, other = on_grid(unit_rows(2, 64, seed))
    order = list(range(64))
    random.shuffle(order)
    total = np.float32(0)
    for coordinate in order:
        total = np.float32(total + one[coordinate] * other[coordinate])

    assert float(total) * STEPS**2 == in_whole_numbers(one[None], other[None])[0, 0]


@hypothesis_settings(deadline=None)
@given(st.integers(0, 200), st.integers(1, 40), st.integers(1, 40))
def test_blocks_of_any_size_give_the_same_products(seed, rows, columns):
    """A product does not depend on what else is multiplied with it."""
    left, right = on_grid(unit_rows(40, 96, seed)), on_grid(unit_rows(40, 96, seed + 1))

    assert np.array_equal(
        np.ascontiguousarray(left[-rows:]) @ right[:columns].T, (left @ right.T)[-rows:, :columns]
    )


@pytest.mark.parametrize("dimension", [256, 384, 768])
def test_a_cosine_moves_by_about_a_ten_thousandth(dimension):
    """Rounding each coordinate to 1/4096 moves the product of two unit vectors by a ten thousandth, rarely by four."""
    left, right = unit_rows(200, dimension, 1), unit_rows(200, dimension, 2)
    moved = np.abs(on_grid(left) @ on_grid(right).T - left @ right.T)

    assert np.sqrt((moved**2).mean()) < 1.5e-4
    assert moved.max() < 1e-3


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=9))
def test_vectors_are_kept_to_the_nearest_step(coordinates):
    """What is counted in steps comes back as it stood on the grid, and the grid is within half a step."""
    vector = np.array([coordinates], np.float32)

    assert np.array_equal(from_steps(to_steps(vector)), on_grid(vector))
    assert np.array_equal(to_steps(on_grid(vector)), to_steps(vector))
    assert np.abs(on_grid(vector) - vector).max() <= 0.5 / STEPS
    assert (to_steps(vector).dtype, on_grid(vector).dtype) == (np.int16, np.float32)


@given(st.lists(st.integers(-STEPS, STEPS), min_size=1, max_size=9))
def test_steps_come_back_as_they_were(steps):
    """A vector on the grid is on the grid."""
    counted = np.array([steps], np.int16)

    assert np.array_equal(to_steps(from_steps(counted)), counted)
    assert np.array_equal(on_grid(from_steps(counted)), from_steps(counted))
