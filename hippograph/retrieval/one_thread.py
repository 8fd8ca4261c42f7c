"""One thread for the small matrix products of a search.

A product of a few hundred rows is done before a second thread has woken up, and on a busy machine the first then waits
for the second: milliseconds become tens of them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

# BLAS has one number of threads for the whole process: whoever sets it must be the one who sets it back.
_setting_it = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it numpy's products run on one thread.

    Of searches that overlap, the first sets the limit and lifts it when it leaves; the others take it as it is.
    """
    if not _setting_it.acquire(blocking=False):
        yield
        return
    try:
        with _controller(len(sys.modules)).limit(limits=1, user_api="blas"):
            yield
    finally:
        _setting_it.release()


@lru_cache(maxsize=1)
def _controller(modules: int) -> Any:
    """Finding the loaded libraries takes milliseconds, so it is done again only when more modules were imported:
    one of them may have brought a library of its own."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
