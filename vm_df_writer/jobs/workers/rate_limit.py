"""Rate limiting: rates that all workers of a job keep together, body by body."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator

from vm_df_writer.jobs.workers.stop_flag import wait_until
from vm_df_writer.model.report import WriteReport
from vm_df_writer.wire.packing import Body

__all__ = ["JobThrottle", "RateLimiter"]

# Allow a burst of one second after a pause, so that the average rate is kept.
_CREDIT_S = 1.0
# A process holds the lock while it adds two numbers; longer only if it was killed there.
_LOCK_TIMEOUT_S = 1.0


class RateLimiter:
    """A rate that several processes keep together.

    Each reservation is given a time to send, after that of the reservation before it. Times are
    those of the machine's monotonic clock, which all processes share.

    Parameters
    ----------
    per_second : float
        The rate.

    Examples
    --------
    >>> limiter = RateLimiter(100.0)
    >>> times = [limiter.reserve(50) for _ in range(3)]
    >>> [round(later - earlier, 3) for earlier, later in zip(times, times[1:])]
    [0.5, 0.5]
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        # In shared memory, which a process that is spawned inherits.
        self._next = multiprocessing.get_context("spawn").Value("d", 0.0)

    def reserve(self, amount: float) -> float:
        """Return the monotonic time at which this amount may be sent."""
        lock, next_time = self._next.get_lock(), self._next.get_obj()
        locked = lock.acquire(timeout=_LOCK_TIMEOUT_S)
        try:
            now = time.monotonic()
            start: float = max(next_time.value or now, now - _CREDIT_S)
            next_time.value = start + amount / self._per_second
        finally:
            if locked:
                lock.release()
        return start


class JobThrottle:
    """Passes each body on when the rates allow it, until there is a stop.

    The sender brings the bodies to their end that were passed on before the stop. The others
    are in `undelivered` of the write's report.

    Parameters
    ----------
    samples_limiter, bytes_limiter : RateLimiter or None
        The rates to keep, in samples, and in bytes as they go over the wire.
    should_stop : callable
        Asked before each body.
    """

    def __init__(
        self,
        samples_limiter: RateLimiter | None,
        bytes_limiter: RateLimiter | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self._samples_limiter = samples_limiter
        self._bytes_limiter = bytes_limiter
        self._should_stop = should_stop
        self._compressed_share = 1.0

    def __call__(self, bodies: Iterable[Body]) -> Iterator[Body]:
        """Pass bodies on."""
        for body in bodies:
            start = time.monotonic()
            if self._samples_limiter is not None:
                start = max(start, self._samples_limiter.reserve(body.n_samples))
            if self._bytes_limiter is not None:
                n_bytes = len(body.data) * self._compressed_share
                start = max(start, self._bytes_limiter.reserve(n_bytes))
            if not wait_until(start, self._should_stop) or self._should_stop():
                return
            yield body

    def note_size(self, report: WriteReport) -> None:
        """Learn from a write how much smaller compression makes its bodies."""
        if report.bytes_sent and not report.undelivered:
            self._compressed_share = report.bytes_sent / report.bytes_raw
