"""A proxy that fails on purpose, in front of a real server, by real sockets on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from itertools import chain, repeat
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Condition, Event, Thread
from urllib.parse import urlsplit

from tests.support.faults import Exchange, Fault, pass_on

_BETWEEN_ANSWER_AND_END_S = 1.0


@dataclass(frozen=True)
class Seen:
    """A request to the import endpoint, as far as it was read."""

    fault: str
    headers: Message
    body: bytes
    is_whole: bool
    in_flight: int


class FaultProxy(ThreadingTCPServer):
    """Does with each body of samples what its schedule says; passes on the rest.

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
        # Remote write is probed by a body of one byte, which tells what kind of server it is.
        has_samples = exchange.path.startswith("/api/v1/write") and exchange.length > 1
        if exchange.path.startswith("/api/v1/import") or has_samples:
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
        exchange = Exchange(self.server.server, self.server.stopping, self.connection, self.rfile)
        while exchange.is_open and exchange.read_head():
            self.server.handle_exchange(exchange)
            exchange.is_first = False
