"""One thread for the small matrix products of a search.

A product of a few hundred rows is done before a second thread has woken up, and on a busy machine the first then waits
for the second: milliseconds become tens of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

# BLAS has one number of threads for the whole process, so who is inside must be known to the whole process too.
_lock = threading.Lock()
_inside = 0
_limit: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it numpy's products run on one thread. The first of several overlapping searches sets the limit, the
    last one lifts it.
    """
    global _inside, _limit
    with _lock:
        if _inside == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()


@cache
def _controller() -> Any:
    """Finding the loaded libraries takes milliseconds, so it is done once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
