"""Back-pressure: how many requests of a delivery may be in flight just now."""

from __future__ import annotations

from threading import Condition
from types import TracebackType

from vm_df_writer.errors import ServerRejected

__all__ = ["ConcurrencyLimiter", "RequestRoom", "Stopped"]

_PUSHED_BACK = frozenset({429, 503})


class Stopped(Exception):  # noqa: N818 - no error, but the end of all waiting
    """The delivery is being stopped."""


class RequestRoom:
    """How many requests may be in flight, and are, of one delivery or of several together.

    Every second answer in a row that says "too much" (429 or 503) halves the room, down to one
    request; every success widens it again by one.

    Parameters
    ----------
    widest : int
        Most requests that may be in flight, for which there is room at first.

    Attributes
    ----------
    size : int
        How many requests may be in flight now.
    in_flight : int
        How many are.
    changed : Condition
        Guards both, and tells of changes.
    """

    def __init__(self, widest: int) -> None:
        self.size: int = widest
        self.in_flight: int = 0
        self.changed: Condition = Condition()
        self._widest = widest
        self._pushed_back = 0

    def leave(self, error: BaseException | None) -> None:
        """Note the end of a request, by an error or by none."""
        with self.changed:
            self.in_flight -= 1
            if error is None:
                self._pushed_back = 0
                self.size = min(self.size + 1, self._widest)
            elif isinstance(error, ServerRejected) and error.status in _PUSHED_BACK:
                self._pushed_back += 1
                if self._pushed_back % 2 == 0:
                    self.size = max(self.size // 2, 1)
            self.changed.notify_all()


class ConcurrencyLimiter:
    """Lets the requests of a delivery in when there is room; each goes through in a `with` block.

    Parameters
    ----------
    room : RequestRoom
        The room; deliveries that share it are stopped each by itself.

    Examples
    --------
    >>> room = RequestRoom(8)
    >>> limiter = ConcurrencyLimiter(room)
    >>> for _ in range(2):
    ...     try:
    ...         with limiter:
    ...             raise ServerRejected("the server is busy", status=503)
    ...     except ServerRejected:
    ...         pass
    >>> room.size
    4
    >>> with limiter:
    ...     pass
    >>> room.size
    5
    """

    def __init__(self, room: RequestRoom) -> None:
        self._room = room
        self._stopped = False

    def sleep(self, seconds: float) -> None:
        """Wait for so long, outside; raise `Stopped` as soon as the limiter is stopped."""
        with self._room.changed:
            if self._room.changed.wait_for(lambda: self._stopped, seconds):
                raise Stopped

    def stop(self) -> None:
        """End all waiting, and let no further request in."""
        with self._room.changed:
            self._stopped = True
            self._room.changed.notify_all()

    def __enter__(self) -> None:
        """Wait for room; raise `Stopped` if the limiter is stopped."""
        room = self._room
        with room.changed:
            room.changed.wait_for(lambda: self._stopped or room.in_flight < room.size)
            if self._stopped:
                raise Stopped
            room.in_flight += 1

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        """Make room, more or less of it than before."""
        self._room.leave(error)
