"""Pacing: rates that all workers of a job keep together, and a writer that keeps them."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from vm_df_writer.config import WriterConfig
from vm_df_writer.delivery.sender import Outcome, Sender
from vm_df_writer.report import WriteReport
from vm_df_writer.wire.bodies import Body
from vm_df_writer.writer import VmWriter

__all__ = ["JobWriter", "Pace"]

# Who was late may catch up on this much, so that a rate is held on the whole.
_CREDIT_S = 1.0
_NAP_S = 0.1
# Nobody holds the lock for longer than it takes to add two numbers, unless it was killed there.
_LOCK_TIMEOUT_S = 1.0


class Pace:
    """A rate that several processes keep together.

    Whoever wants to send something is given a time for it, each after the one before. The
    times are those of the machine's monotonic clock, which all processes share.

    Parameters
    ----------
    per_second : float
        The rate.

    Examples
    --------
    >>> pace = Pace(100.0)
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
            start: float = max(next_time.value, time.monotonic() - _CREDIT_S)
            next_time.value = start + amount / self._per_second
        finally:
            if locked:
                lock.release()
        return start


class JobWriter(VmWriter):
    """A writer that keeps a pace, and that can be told to stop.

    When it is told to stop, what was handed over to be sent is brought to its end, and nothing
    else is begun: `undelivered` of the report says how much that is.

    Parameters
    ----------
    config : WriterConfig
        The configuration.
    samples_pace, bytes_pace : Pace or None
        The rates to keep, in samples, and in bytes as they go over the wire.
    should_stop : callable
        Asked before each body.
    """

    def __init__(
        self,
        config: WriterConfig,
        *,
        samples_pace: Pace | None = None,
        bytes_pace: Pace | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(config=config)
        self._turns = _Turns(samples_pace, bytes_pace, should_stop)
        self._route = replace(self._route, sender=_PacedSender(self._route.sender, self._turns))

    def note_size(self, report: WriteReport) -> None:
        """Learn from a write how much smaller compression makes the bodies."""
        if report.bytes_sent and not report.undelivered:
            self._turns.shrinkage = report.bytes_sent / report.bytes_raw


class _Turns:
    """Lets bodies pass when it is their turn, until there is a stop."""

    def __init__(
        self,
        samples_pace: Pace | None,
        bytes_pace: Pace | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self._samples_pace = samples_pace
        self._bytes_pace = bytes_pace
        self._should_stop = should_stop
        self.shrinkage = 1.0

    def pass_on(self, bodies: Iterable[Body]) -> Iterator[Body]:
        for body in bodies:
            turn = time.monotonic()
            if self._samples_pace is not None:
                turn = max(turn, self._samples_pace.reserve(body.n_samples))
            if self._bytes_pace is not None:
                turn = max(turn, self._bytes_pace.reserve(len(body.data) * self.shrinkage))
            while (left := turn - time.monotonic()) > 0 and not self._should_stop():
                time.sleep(min(left, _NAP_S))
            if self._should_stop():
                return
            yield body


class _PacedSender(Sender):
    """Another sender, that is given bodies when it is their turn."""

    def __init__(self, sender: Sender, turns: _Turns) -> None:
        self._sender = sender  # has all that a sender needs; this one has nothing of its own
        self._turns = turns

    def deliver(self, bodies: Iterable[Body], settle: Callable[[Outcome], object]) -> None:
        """Send bodies, each in its turn."""
        self._sender.deliver(self._turns.pass_on(bodies), settle)
