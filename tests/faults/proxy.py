"""A proxy that fails on purpose, in front of a real server, by real sockets on loopback."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, parse_headers
from io import BufferedIOBase
from itertools import chain, repeat
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Condition, Event, Thread
from urllib.parse import urlsplit

_PIECE = 4096
_BETWEEN_ANSWER_AND_END_S = 1.0


@dataclass(frozen=True)
class Seen:
    """A request to the import endpoint, as far as it was read."""

    fault: str
    headers: Message
    body: bytes
    is_whole: bool
    in_flight: int


class Exchange:
    """A request whose head is read, and what a fault can do with it."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, source: BufferedIOBase) -> None:
        self.proxy, self._client, self._source = proxy, client, source
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
        server = HTTPConnection(self.proxy.server, timeout=60)
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
        while not self.proxy.stopping.is_set():
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


def delay(seconds: float) -> Fault:
    def delay(exchange: Exchange) -> None:
        exchange.proxy.stopping.wait(seconds)
        pass_on(exchange)

    return delay


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
        exchange.proxy.stopping.wait(seconds)
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


class FaultProxy(ThreadingTCPServer):
    """Does with each request to the import endpoint what its schedule says; passes on the rest.

    Parameters
    ----------
    server_url : str
        The server behind it.
    host : str
        Where to listen: an address of IPv4 or IPv6.
    prefix : str
        What the server's paths, but for ``/health``, have before them here.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, server_url: str, *, host: str = "127.0.0.1", prefix: str = "") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.server = urlsplit(server_url).netloc
        self._host = f"[{host}]" if ":" in host else host
        self._prefix = prefix
        self.stopping = Event()
        self._in_flight = 0
        self._seen: list[Seen] = []
        self._changed = Condition()
        self.schedule()
        super().__init__((host, 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.server_address[1]}"

    @property
    def seen(self) -> list[Seen]:
        """The requests so far; one whose answer is just being taken in is waited for."""
        with self._changed:
            self._changed.wait_for(lambda: not self._in_flight, _BETWEEN_ANSWER_AND_END_S)
            return list(self._seen)

    def schedule(self, *faults: Fault, then: Fault = pass_on) -> None:
        """Say what happens to the next requests, and to all after them."""
        self.follow(chain(faults, repeat(then)))

    def follow(self, faults: Iterator[Fault]) -> None:
        """Take what happens to each request from an endless iterator."""
        self._faults = faults

    @contextmanager
    def running(self) -> Iterator[FaultProxy]:
        thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            self.shutdown()
            self.server_close()

    def handle_exchange(self, exchange: Exchange) -> None:
        if exchange.path != "/health" and not exchange.path.startswith(f"{self._prefix}/"):
            exchange.read_body()
            exchange.answer(400, f"unsupported path requested: {exchange.path!r}".encode())
            return
        exchange.path = exchange.path.removeprefix(self._prefix)
        if exchange.path.startswith("/api/v1/import"):
            self._treat(exchange)
        else:
            pass_on(exchange)

    def _treat(self, exchange: Exchange) -> None:
        with self._changed:
            fault = next(self._faults)
            self._in_flight += 1
            in_flight = self._in_flight
        try:
            fault(exchange)
        finally:
            with self._changed:
                self._in_flight -= 1
                whole = len(exchange.body) == exchange.length
                name = getattr(fault, "__name__", "")
                seen = Seen(name, exchange.headers, exchange.body, whole, in_flight)
                self._seen.append(seen)
                self._changed.notify_all()

    def handle_error(self, *_: object) -> None:
        """A client that went away is what these tests are about."""


class _Handler(StreamRequestHandler):
    server: FaultProxy

    def handle(self) -> None:
        exchange = Exchange(self.server, self.connection, self.rfile)
        while exchange.is_open and exchange.read_head():
            self.server.handle_exchange(exchange)
            exchange.is_first = False
