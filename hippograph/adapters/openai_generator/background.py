"""An event loop in a thread of its own, so that synchronous callers can have many calls under way.

It works from scripts, from threads and from inside another running loop, as in a notebook.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class BackgroundLoop:
    """Runs coroutines. The thread starts at the first one, and again in a process that was forked since."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0

    def submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start some work and return at once."""
        return asyncio.run_coroutine_threadsafe(work, self.running())

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do some work and wait for it; it is cancelled when the waiting is interrupted."""
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def running(self) -> asyncio.AbstractEventLoop:
        """The loop, started where it is not yet."""
        with self._lock:
            if self._loop is None or self._process != os.getpid():
                self._loop, self._process = _start(), os.getpid()
            return self._loop

    def close(self) -> None:
        """Stop the thread; what is still under way is cancelled."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None and self._process == os.getpid():
            loop.call_soon_threadsafe(_stop, loop)


def _start() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.close()

    threading.Thread(target=serve, name="hippograph-model-calls", daemon=True).start()
    return loop


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    ended = asyncio.gather(*tasks, return_exceptions=True)
    ended.add_done_callback(lambda _: loop.stop())
