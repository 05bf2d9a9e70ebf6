"""The one list of what a proxy can do to a request, each a function of the exchange."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, parse_headers
from io import BufferedIOBase
from threading import Event

import numpy as np

_PIECE = 4096


class Exchange:
    """A request whose head is read, and what a fault can do with it."""

    def __init__(
        self, server: str, stopping: Event, client: socket.socket, source: BufferedIOBase
    ) -> None:
        self.server, self.stopping = server, stopping
        self._client, self._source = client, source
        self.is_first = True
        self.is_open = True
        self.body = b""

    def read_head(self) -> bool:
        self.body = b""
        try:
            self.method, self.path, _ = self._source.readline().decode().split()
        except (ValueError, OSError):
            return False
        self.headers = parse_headers(self._source)
        self.length = int(self.headers.get("Content-Length", 0))
        return True

    def read_body(self, *, part: float = 1.0, bytes_per_s: float | None = None) -> None:
        """Read up to a part of the body."""
        end = round(self.length * part)
        while (missing := end - len(self.body)) > 0:
            piece = self._source.read(missing if bytes_per_s is None else min(missing, _PIECE))
            if not piece:
                raise ConnectionError("the client went away")
            self.body += piece
            if bytes_per_s is not None:
                time.sleep(len(piece) / bytes_per_s)

    def store(self) -> tuple[int, bytes]:
        """Hand what was read to the server; return its answer, of which a cut request has none."""
        server = HTTPConnection(self.server, timeout=60)
        try:
            server.putrequest(self.method, self.path, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("host", "connection", "accept-encoding"):
                    server.putheader(name, value)
            server.endheaders()
            server.send(self.body)
            if len(self.body) < self.length:
                assert server.sock is not None
                server.sock.shutdown(socket.SHUT_WR)
            answer = server.getresponse()
            return answer.status, answer.read()
        finally:
            server.close()

    def answer(self, status: int, text: bytes = b"", **headers: str) -> None:
        fields = {"Content-Length": str(len(text)), **headers}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        self._client.sendall(f"HTTP/1.1 {status} Answer\r\n{head}\r\n".encode() + text)

    def close(self) -> None:
        """Close the connection politely, without a word in the answer about it."""
        self.is_open = False
        self._source.close()
        self._client.close()

    def reset(self) -> None:
        """Break the connection off: the client sees ECONNRESET."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def wait_for_client_to_leave(self) -> None:
        self._client.settimeout(0.05)
        while not self.stopping.is_set():
            try:
                if not self._client.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        self.close()


Fault = Callable[[Exchange], None]


def pass_on(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.answer(*exchange.store())


def later(seconds: float, fault: Fault) -> Fault:
    def later(exchange: Exchange) -> None:
        exchange.stopping.wait(seconds)
        fault(exchange)

    return later


def delay(seconds: float) -> Fault:
    return later(seconds, pass_on)


def throttle(bytes_per_s: float) -> Fault:
    def throttle(exchange: Exchange) -> None:
        exchange.read_body(bytes_per_s=bytes_per_s)
        pass_on(exchange)

    return throttle


def reset_before(exchange: Exchange) -> None:
    exchange.reset()


def reset_during(exchange: Exchange) -> None:
    """Half of the body reaches the server, which stores the whole lines of it."""
    exchange.read_body(part=0.5)
    exchange.store()
    exchange.reset()


def reset_after(exchange: Exchange) -> None:
    """Nothing reaches the server."""
    exchange.read_body()
    exchange.reset()


def swallow(exchange: Exchange) -> None:
    """The server stores all of it, and the client never hears so."""
    exchange.read_body()
    exchange.store()
    exchange.reset()


def hang(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.wait_for_client_to_leave()


def store_and_hang(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.store()
    exchange.wait_for_client_to_leave()


def answer(status: int, *, stored: float = 0.0, text: bytes = b"", **headers: str) -> Fault:
    """Answer so; the server stores a part of the body before, if any."""

    def answer(exchange: Exchange) -> None:
        if stored:
            exchange.read_body(part=stored)
            exchange.store()
        exchange.read_body()
        exchange.answer(status, text, **headers)

    answer.__name__ = f"answer_{status}"
    return answer


def accept(seconds: float) -> Fault:
    """Answer as if all were stored, after a while: for tests of the traffic alone."""

    def accept(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.stopping.wait(seconds)
        exchange.answer(204)

    return accept


def close_after_answer(exchange: Exchange) -> None:
    """An idle connection is closed, and the client knows as soon as it looks."""
    pass_on(exchange)
    exchange.close()


def close_if_reused(exchange: Exchange) -> None:
    """An idle connection is closed while the next request is on its way, which is lost."""
    if exchange.is_first:
        pass_on(exchange)
    else:
        exchange.close()


def passing_fault(rng: np.random.Generator, bytes_per_s: tuple[float, float] = (2e6, 2e7)) -> Fault:
    """Draw a fault that another attempt gets over."""
    faults: list[Fault] = [
        delay(rng.uniform(0, 0.05)),
        throttle(rng.uniform(*bytes_per_s)),
        reset_before,
        reset_during,
        reset_after,
        swallow,
        close_after_answer,
        close_if_reused,
        answer(
            int(rng.choice([200, 408, 429, 502, 503, 504])),
            stored=float(rng.choice([0.0, 0.0, 0.5, 1.0])),
        ),
    ]
    return faults[rng.integers(len(faults))]


def passing_faults(rng: np.random.Generator, share: float) -> Iterator[Fault]:
    """Yield, for a share of the requests, faults that another attempt gets over."""
    while True:
        yield pass_on if rng.random() > share else passing_fault(rng)
