"""Rules of keeping small products on one thread."""

import subprocess
import sys
import threading

import numpy as np
from threadpoolctl import threadpool_info

from hippograph.retrieval.one_thread import one_blas_thread


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_the_limit_holds_within_and_is_lifted_after():
    """Within there is one thread; afterwards there are as many as before."""
    before = blas_threads()
    with one_blas_thread():
        within = blas_threads()

    assert within == [1] * len(before)
    assert blas_threads() == before


def test_overlapping_searches_leave_the_number_of_threads_as_they_found_it():
    """The first of two searches may end before the second: what was there before is there afterwards."""
    before = blas_threads()
    entered, leave = threading.Event(), threading.Event()

    def search():
        with one_blas_thread():
            entered.set()
            leave.wait(30)

    with one_blas_thread():
        other = threading.Thread(target=search)
        other.start()
        entered.wait(30)
        within_both = blas_threads()
    leave.set()
    other.join()

    assert within_both == [1] * len(before)
    assert blas_threads() == before


def test_an_error_within_lifts_the_limit():
    """A search that fails leaves nothing behind."""
    before = blas_threads()
    try:
        with one_blas_thread():
            np.linalg.inv(np.zeros((2, 2)))
    except np.linalg.LinAlgError:
        pass

    assert blas_threads() == before


def test_a_library_that_is_loaded_later_is_limited_too():
    """What was found at the first search is not all that a later one must limit."""
    program = (
        "import numpy as np\n"
        "from threadpoolctl import threadpool_info\n"
        "from hippograph.retrieval.one_thread import one_blas_thread\n"
        "count = lambda: [pool['num_threads'] for pool in threadpool_info() if pool['user_api'] == 'blas']\n"
        "with one_blas_thread():\n"
        "    first = count()\n"
        "import scipy.linalg\n"
        "with one_blas_thread():\n"
        "    later = count()\n"
        "print(len(first), len(later), max(later))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, later, most = map(int, ran.stdout.split())

    assert later >= first
    assert most == 1
