"""Stopping: on a signal a job finishes what it has begun to send, and saves."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stop", "stop_on_signals", "wait_until"]

_NAP_S = 0.1


class Stop:
    """Whether the job and its workers are to stop, and why.

    Processes share a byte of memory, without the locks of multiprocessing's Event: a worker that
    is killed while it holds such a lock would block all other workers and the job for ever.

    Attributes
    ----------
    reason : str or None
        Such as ``SIGTERM``; None without a request of this process.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._flag = multiprocessing.get_context("spawn").RawValue("b", 0)

    def request(self, reason: str) -> None:
        """Request a stop; the first reason stays."""
        self.reason = self.reason or reason
        self._flag.value = 1

    def requested(self) -> bool:
        """Say whether a stop was requested."""
        return bool(self._flag.value)


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Request a stop on SIGINT and SIGTERM; a second SIGINT interrupts at once.

    Python handles signals in the main thread alone; in other threads this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and stop.requested():
            signal.default_int_handler(number, frame)
        stop.request(signal.Signals(number).name)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_until(moment: float, should_stop: Callable[[], bool]) -> bool:
    """Sleep until a monotonic time; return False if a stop ends the sleep early."""
    while (left := moment - time.monotonic()) > 0:
        if should_stop():
            return False
        time.sleep(min(left, _NAP_S))
    return True
