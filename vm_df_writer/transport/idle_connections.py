"""IdleConnections: the connections of a pool that no request uses just now."""

from __future__ import annotations

from collections import deque
from queue import Empty, Full
from typing import Any

__all__ = ["IdleConnections"]


class IdleConnections:
    """What urllib3 needs of a queue, newest first, without a lock.

    Those of `queue.LifoQueue` stay locked if an interrupt strikes just when one was taken, or the
    process is forked then: the next request of any thread would wait for ever.

    Parameters
    ----------
    maxsize : int
        How many there may be.

    Examples
    --------
    >>> idle = IdleConnections(2)
    >>> idle.put("older"), idle.put("newer")
    (None, None)
    >>> idle.get(), idle.qsize()
    ('newer', 1)
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._connections: deque[Any] = deque()

    def put(self, connection: Any, block: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Keep a connection; raise `queue.Full` rather than wait."""
        if len(self._connections) >= self._maxsize:
            raise Full
        self._connections.append(connection)

    def get(self, block: bool = False, timeout: float | None = None) -> Any:  # noqa: ARG002, FBT001, FBT002
        """Give the newest connection; raise `queue.Empty` rather than wait."""
        try:
            return self._connections.pop()
        except IndexError:
            raise Empty from None

    def qsize(self) -> int:
        """Return how many there are."""
        return len(self._connections)
