"""Pacing: rates that all workers of a job keep together, body by body."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator

from vm_df_writer.jobs.workers.stop_flag import wait_until
from vm_df_writer.model.report import WriteReport
from vm_df_writer.wire.packing import Body

__all__ = ["JobThrottle", "RateLimiter"]

# Who was late may catch up on this much, so that a rate is held on the whole.
_CREDIT_S = 1.0
# Nobody holds the lock for longer than it takes to add two numbers, unless it was killed there.
_LOCK_TIMEOUT_S = 1.0


class RateLimiter:
    """A rate that several processes keep together.

    Whoever wants to send something is given a time for it, each after the one before. The
    times are those of the machine's monotonic clock, which all processes share.

    Parameters
    ----------
    per_second : float
        The rate.

    Examples
    --------
    >>> pace = RateLimiter(100.0)
    >>> times = [pace.reserve(50) for _ in range(3)]
    >>> [round(later - earlier, 3) for earlier, later in zip(times, times[1:])]
    [0.5, 0.5]
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        # Lives in shared memory, and goes to the workers with the process that is spawned.
        self._next = multiprocessing.get_context("spawn").Value("d", 0.0)

    def reserve(self, amount: float) -> float:
        """Return the monotonic time at which so much may be sent."""
        lock, next_time = self._next.get_lock(), self._next.get_obj()
        locked = lock.acquire(timeout=_LOCK_TIMEOUT_S)
        try:
            now = time.monotonic()
            start: float = max(next_time.value or now, now - _CREDIT_S)  # nobody begins late
            next_time.value = start + amount / self._per_second
        finally:
            if locked:
                lock.release()
        return start


class JobThrottle:
    """Lets bodies pass when it is their turn, until there is a stop.

    What was handed over before that is brought to its end, and nothing else is begun:
    `undelivered` of the write's report says how much that is.

    Parameters
    ----------
    samples_pace, bytes_pace : RateLimiter or None
        The rates to keep, in samples, and in bytes as they go over the wire.
    should_stop : callable
        Asked before each body.
    """

    def __init__(
        self,
        samples_pace: RateLimiter | None,
        bytes_pace: RateLimiter | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self._samples_pace = samples_pace
        self._bytes_pace = bytes_pace
        self._should_stop = should_stop
        self._shrinkage = 1.0

    def __call__(self, bodies: Iterable[Body]) -> Iterator[Body]:
        """Pass bodies on."""
        for body in bodies:
            turn = time.monotonic()
            if self._samples_pace is not None:
                turn = max(turn, self._samples_pace.reserve(body.n_samples))
            if self._bytes_pace is not None:
                turn = max(turn, self._bytes_pace.reserve(len(body.data) * self._shrinkage))
            if not wait_until(turn, self._should_stop) or self._should_stop():
                return
            yield body

    def note_size(self, report: WriteReport) -> None:
        """Learn from a write how much smaller compression makes the bodies."""
        if report.bytes_sent and not report.undelivered:
            self._shrinkage = report.bytes_sent / report.bytes_raw
