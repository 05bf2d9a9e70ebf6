"""Back-pressure: how many requests of a delivery may be in flight just now."""

from __future__ import annotations

from threading import Condition
from types import TracebackType

from vm_df_writer.errors import ServerRejected

__all__ = ["ConcurrencyLimiter", "Stopped"]

_PUSHED_BACK = frozenset({429, 503})


class Stopped(Exception):  # noqa: N818 - no error, but the end of all waiting
    """The delivery is being stopped."""


class ConcurrencyLimiter:
    """Lets a request in when there is room for it; each request goes through in a `with` block.

    There is room for `widest` requests at first. Every second answer in a row that
    says "too much" (429 or 503) halves the room, down to one request; every success
    widens it again by one.

    Parameters
    ----------
    widest : int
        Most requests that may be in flight.

    Attributes
    ----------
    room : int
        How many requests may be in flight now.

    Examples
    --------
    >>> limiter = ConcurrencyLimiter(8)
    >>> for _ in range(2):
    ...     try:
    ...         with limiter:
    ...             raise ServerRejected("the server is busy", status=503)
    ...     except ServerRejected:
    ...         pass
    >>> limiter.room
    4
    >>> with limiter:
    ...     pass
    >>> limiter.room
    5
    """

    def __init__(self, widest: int) -> None:
        self.room: int = widest
        self._widest = widest
        self._in_flight = 0
        self._pushed_back = 0
        self._stopped = False
        self._changed = Condition()

    def sleep(self, seconds: float) -> None:
        """Wait for so long, outside; raise `Stopped` as soon as the limiter is stopped."""
        with self._changed:
            if self._changed.wait_for(lambda: self._stopped, seconds):
                raise Stopped

    def stop(self) -> None:
        """End all waiting, and let no further request in."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def __enter__(self) -> None:
        """Wait for room; raise `Stopped` if the limiter is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._in_flight < self.room)
            if self._stopped:
                raise Stopped
            self._in_flight += 1

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        """Make room, more or less of it than before."""
        with self._changed:
            self._in_flight -= 1
            if error is None:
                self._pushed_back = 0
                self.room = min(self.room + 1, self._widest)
            elif isinstance(error, ServerRejected) and error.status in _PUSHED_BACK:
                self._pushed_back += 1
                if self._pushed_back % 2 == 0:
                    self.room = max(self.room // 2, 1)
            self._changed.notify_all()
