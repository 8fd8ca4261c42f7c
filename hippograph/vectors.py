"""Vectors on a grid, so that their products are exact.

Every coordinate is a multiple of 1/4,096. The product of two coordinates is then a multiple of 2^-24, and a sum of them
that stays below one fits the 24 bits of a single-precision number: whatever the order of additions, the library, the
size of the matrix or the device, the inner product of two unit vectors is the same number. A passage scores alike in an
index that grew and in one that was built, on a processor and on a GPU. Rounding moves a cosine by about 0.0001.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.types import Vectors

STEPS = 4096
"""Steps between 0 and 1."""

Steps = npt.NDArray[np.int16]
"""Vectors counted in steps, as they are stored."""


def to_steps(vectors: npt.NDArray[Any]) -> Steps:
    """The nearest whole steps: any shape."""
    steps: Steps = np.rint(np.asarray(vectors) * STEPS).astype(np.int16)
    return steps


def from_steps(steps: npt.NDArray[Any]) -> Vectors:
    """The vectors that were counted."""
    return steps.astype(np.float32) * np.float32(1 / STEPS)


def on_grid(vectors: npt.NDArray[Any]) -> Vectors:
    """Each coordinate rounded to a whole number of steps."""
    rounded: Vectors = (np.rint(np.asarray(vectors) * STEPS) / STEPS).astype(np.float32)
    return rounded
