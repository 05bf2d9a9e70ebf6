"""Connection: what urllib3's connections do not say of their failures, and one segment for both."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol

import urllib3.exceptions as urllib3_errors
from urllib3.connection import HTTPConnection

from vm_df_writer.transport.exchange import CURRENT_EXCHANGE, BoundedResponse

__all__ = ["Connection", "StaleConnectionError"]

# A body up to this size goes out with its head, in one segment and with one call of the system.
_SMALL_BYTES = 2**14


class StaleConnectionError(ConnectionError):
    """A connection that served requests before broke without a byte of the next answer."""


class _Opener(Protocol):
    connect_timeout_s: float
    newest_connection: object


class Connection(HTTPConnection):
    """A mixin that raises one exception for each failure to connect, TLS handshake included.

    urllib3 itself raises the same for a reset or a timeout in the handshake and after the request,
    which does not say whether the body is in doubt. Nor does it say whether the connection is a
    new one; the server may have closed an older one, being idle.
    """

    adapter: _Opener
    _has_answered = False
    _is_head_next = False
    _head = b""  # waits for the body

    def connect(self) -> None:
        """Open it; whatever fails is a `NewConnectionError`."""
        timeout_s: Any = self.timeout
        self._take_exchange()  # for what a proxy answers to CONNECT
        self.timeout = min(timeout_s, self.adapter.connect_timeout_s)
        self._has_answered = False
        try:
            super().connect()
        except Exception as error:
            raise urllib3_errors.NewConnectionError(self, str(error)) from error
        finally:
            self.timeout = timeout_s
        self.adapter.newest_connection = object()
        self._exchange.begin()
        # HttpClient has warned once; urllib3 would warn for each connection.
        self.is_verified = True

    def _take_exchange(self) -> None:
        self._exchange = CURRENT_EXCHANGE.get()
        self._exchange.begin()
        self.response_class: Any = partial(BoundedResponse, self._exchange)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request."""
        self._take_exchange()
        # A server that closed the connection may have answered before: the answer is read next.
        # (urllib3 does the same, but older versions not for a reset.)
        with (
            suppress(BrokenPipeError, ConnectionResetError),
            self._mark_stale(ssl.SSLEOFError, ssl.SSLZeroReturnError),
        ):
            super().request(*args, **kwargs)
            self.send(b"")

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        """End the head, which waits for the body."""
        if self.sock is None:
            self.connect()  # which sends what a proxy is asked
        self._is_head_next = True
        super().endheaders(*args, **kwargs)

    def send(self, data: Any) -> None:
        """Send a piece, with the head if that waits."""
        if self._is_head_next:
            self._is_head_next, self._head = False, data
            return
        head, self._head = self._head, b""
        both = [head + data] if len(data) <= _SMALL_BYTES else [head, data]
        for part in both:
            for piece in self._exchange.pieces(part, self.sock):
                super().send(piece)

    def getresponse(self) -> Any:
        """Read the head of the answer."""
        self._exchange.begin()
        with self._mark_stale(ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            response = super().getresponse()
        self._has_answered = True
        return response

    @contextmanager
    def _mark_stale(self, *broken: type[OSError]) -> Iterator[None]:
        try:
            yield
        except broken as error:
            if self._has_answered:
                raise StaleConnectionError(str(error)) from error
            raise
