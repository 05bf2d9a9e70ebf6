"""Exchange: how long one request and its answer may take as a whole, and how long it may be."""

from __future__ import annotations

import io
import math
import ssl
import time
from collections.abc import Iterator
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse
from typing import Any

__all__ = ["CURRENT_EXCHANGE", "BoundedResponse", "Exchange", "LongAnswerError", "SlowAnswerError"]

# A link that is slower than this counts as broken; bodies are given the same time.
_LEAST_BYTES_PER_S = 2**16
# The standard library bounds a header and their number, but not how many 1xx answers come first.
_MOST_HEAD_BYTES = 2**20
_TLS_RECORD_BYTES = 2**14
# As many as headers; urllib3 reads them without end.
_MOST_TRAILERS = 100


class SlowAnswerError(TimeoutError):
    """An answer came too slowly: no pause was too long, but all of them together were."""


class LongAnswerError(OSError):
    """An answer is longer than any that was asked for."""


class Exchange:
    """What is left of the time and the bytes that a server has for a step of one request.

    The timeout of a socket is one of each wait, so that a server that sends a byte now and then
    is never late. Here the waits of a step add up: those while it takes the request, while the head
    of its answer comes, and while the body comes.

    Parameters
    ----------
    timeout_s : float
        How long each step may take.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.begin()

    def begin(self) -> None:
        """Begin the next step: to send a request, or to read the head of its answer."""
        self._left_s, self._left_bytes = self._timeout_s, _MOST_HEAD_BYTES
        self._per_byte_s = 0.0

    def begin_body(self, most_bytes: int, *, patience_s: float = 0.0) -> None:
        """Begin to read the body of an answer.

        Parameters
        ----------
        most_bytes : int
            How long it may be.
        patience_s : float
            How much longer than any step it may take, beside the second that is added for each
            64 KiB: a server may have to look for what it sends.
        """
        self._left_s, self._left_bytes = self._timeout_s + patience_s, most_bytes
        self._per_byte_s = 1 / _LEAST_BYTES_PER_S

    def read(self, raw: Any, sock: Any, buffer: memoryview) -> int:
        """Read from a socket into a buffer.

        Raises
        ------
        TimeoutError
            If nothing comes.
        SlowAnswerError
            If it came too slowly until now.
        LongAnswerError
            If too much came.
        """
        began = self._set_timeout(sock)
        try:
            n_bytes = raw.readinto(buffer) or 0
        except TimeoutError:
            if self._left_s < self._timeout_s:  # it was not silent for all that time
                raise self._slow() from None
            raise
        self._left_bytes -= n_bytes
        if self._left_bytes < 0:
            raise LongAnswerError(None, "the answer is longer than any that was asked for")
        self._left_s += n_bytes * self._per_byte_s - (time.monotonic() - began)
        return n_bytes

    def pieces(self, data: Any, sock: Any) -> Iterator[Any]:
        """Yield pieces of what is to be sent, each when the socket's timeout is set for it."""
        # A plain socket's timeout is one of all that is sent; that of TLS is one of each record.
        size = _TLS_RECORD_BYTES if isinstance(sock, ssl.SSLSocket) else max(len(data), 1)
        view = memoryview(data)
        for start in range(0, len(data), size):
            began = self._set_timeout(sock)
            yield view[start : start + size]
            self._left_s -= time.monotonic() - began

    def _set_timeout(self, sock: Any) -> float:
        if self._left_s <= 0:
            raise self._slow()
        sock.settimeout(min(self._timeout_s, self._left_s))
        return time.monotonic()

    def _slow(self) -> SlowAnswerError:
        return SlowAnswerError("not complete in time")


CURRENT_EXCHANGE: ContextVar[Exchange] = ContextVar("CURRENT_EXCHANGE")
"""That of the request that this thread is at: urllib3 hands nothing of ours to its connections."""


class BoundedResponse(HTTPResponse):
    """An answer that is read within the limits of an exchange, and its chunked framing too."""

    def __init__(self, exchange: Exchange, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        file: Any = self.fp
        self.fp: Any = _LineReader(_BoundedReader(exchange, file.detach(), sock))

    def begin(self) -> None:
        """Read the head, and refuse one that is cut: the standard library takes it for whole."""
        lines = self.fp
        super().begin()
        if lines.last_line not in (b"\r\n", b"\n"):
            raise HTTPException("the head of the answer is cut off")
        lines.trailers_left = _MOST_TRAILERS


class _LineReader(io.BufferedReader):
    last_line = b"\n"
    trailers_left = math.inf  # of the head, the standard library counts the lines

    def readline(self, size: int | None = -1, /) -> bytes:
        self.last_line = line = super().readline(size)
        if b":" in line.partition(b";")[0]:  # else it is the size of a chunk
            self.trailers_left -= 1
            if self.trailers_left < 0:
                raise LongAnswerError(None, "more trailers than any answer has")
        return line


class _BoundedReader(io.RawIOBase):
    def __init__(self, exchange: Exchange, raw: Any, sock: Any) -> None:
        self._exchange, self._raw, self._sock = exchange, raw, sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._exchange.read(self._raw, self._sock, buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
