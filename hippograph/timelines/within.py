"""Which passages were observed within the days, months and years that a question names."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from hippograph.timelines.questions import TimedQuestion
from hippograph.validity.times import UNDATED, Times, in_microseconds

Rows = npt.NDArray[np.int64]


class Within:
    """The moments of one version's passages. They are read when a question first names a time, and kept."""

    def __init__(self, times: Times) -> None:
        self._times = times

    def rows(self, asked: TimedQuestion) -> Rows:
        """The rows of passages that were observed in a time that is named."""
        moments = self._times.moments
        dated = moments != UNDATED
        inside = np.zeros(len(moments), dtype=bool)
        for span in asked.spans:
            inside |= (moments >= in_microseconds(span.first)) & (moments <= in_microseconds(span.last))
        if asked.months:
            inside |= np.isin(self._months, asked.months)
        return np.flatnonzero(inside & dated)

    @cached_property
    def _months(self) -> Rows:
        """The month of each passage, 1 to 12, in UTC."""
        moments = np.where(self._times.moments == UNDATED, 0, self._times.moments)
        return moments.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12 + 1
