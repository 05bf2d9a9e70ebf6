"""Answer: the status, the headers, and a body that is decompressed and bounded as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from vm_df_writer.errors import ServerRejected, ServerUnavailable
from vm_df_writer.transport.exchange import Exchange
from vm_df_writer.transport.http_errors import Target, unavailability
from vm_df_writer.wire.compression import GzipReader

__all__ = ["Answer"]

_SHOWN_BYTES = 2**14
_MOST_ERROR_BYTES = 2**20
_MOST_LINE_BYTES = 2**27
# What may stand around the bytes of a body: the sizes of chunks.
_FRAMING_BYTES = 2**20


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """An answer whose body is still to be read.

    Attributes
    ----------
    target : Target
        What was asked.
    status : int
        The HTTP status.
    headers : mapping of str to str
        Its headers; looked up without regard to case.
    pieces : iterator of bytes
        The body as it comes; the connection is free after the last piece.
    close : callable
        Closes the connection, unless the body was read to its end.
    exchange : Exchange
        Bounds how long the body may be, and how long it may take.
    """

    target: Target
    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]
    close: Callable[[], None]
    exchange: Exchange

    def read(self, most_bytes: int) -> bytes:
        """Return the whole body; what it raises is what :meth:`chunks` raises."""
        return b"".join(self.chunks(most_bytes))

    def lines(self, most_bytes: int, *, patience_s: float) -> Iterator[bytes]:
        """Yield the lines of the body without their ends, and no empty ones.

        The parameters, and what is raised, are those of :meth:`chunks`.
        """
        parts: list[bytes] = []
        n_bytes = 0
        for chunk in self.chunks(most_bytes, patience_s=patience_s):
            head, end, rest = chunk.partition(b"\n")
            parts.append(head)
            n_bytes += len(head)
            if end:
                *whole, last = rest.split(b"\n")
                yield from filter(None, (b"".join(parts), *whole))
                parts, n_bytes = [last], len(last)
            if n_bytes > _MOST_LINE_BYTES:
                raise self._overlong(_MOST_LINE_BYTES)
        yield from filter(None, [b"".join(parts)])

    def chunks(self, most_bytes: int, *, patience_s: float = 0.0) -> Iterator[bytes]:
        """Yield the body as it comes, decompressed.

        Parameters
        ----------
        most_bytes : int
            How long it may be, as it comes and as it is when it is decompressed.
        patience_s : float
            How much longer than the timeout it may take, beside a second for each 64 KiB.

        Raises
        ------
        ServerRejected
            If it is longer, or in an encoding that was not asked for.
        ServerUnavailable
            If it breaks off or comes too slowly.
        """
        self.exchange.begin_body(most_bytes + _FRAMING_BYTES, patience_s=patience_s)
        left_bytes = most_bytes
        for chunk in self._decoded():
            left_bytes -= len(chunk)
            if left_bytes < 0:
                raise self._overlong(most_bytes)
            yield chunk

    def error_text(self) -> str:
        """Return the beginning of the body, whether or not it is cut."""
        shown = b""
        with suppress(ServerUnavailable, ServerRejected):
            for piece in self.chunks(_MOST_ERROR_BYTES):
                shown += piece
                if len(shown) >= _SHOWN_BYTES:
                    break
        return shown[:_SHOWN_BYTES].decode(errors="replace")

    def _decoded(self) -> Iterator[bytes]:
        """Decompress in steps: urllib3 does it at one go, however much comes out of it."""
        encoding = self.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding == "gzip":
            yield from self._decompressed()
            return
        for piece in self.pieces:
            if encoding != "identity":
                raise ServerRejected(
                    f"{self.target.url}: answered {self.status} in the encoding "
                    f"{encoding[:50]!r}, which was not asked for",
                    hint=f"see what is in between, and check {self.target.parameters}",
                    status=self.status,
                    in_doubt=self.target.stores,
                )
            yield piece

    def _decompressed(self) -> Iterator[bytes]:
        gzip = GzipReader()
        try:
            for piece in self.pieces:
                yield from gzip.read(piece)
            gzip.finish()
        except OSError as error:
            failure = unavailability(self.target, error, sent=True, timeout_s=0.0)
        else:
            return
        raise failure

    def _overlong(self, most_bytes: int) -> ServerRejected:
        return ServerRejected(
            f"{self.target.url}: answered {self.status} with more than {most_bytes:,} bytes",
            hint=f"this is hardly the right endpoint; check {self.target.parameters}",
            status=self.status,
            in_doubt=self.target.stores,
        )
