"""Clients and servers for the tests of HttpClient; the raw ones do what no library would."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

NOBODY = "http://127.0.0.1:1"
"""A URL at which nothing listens."""

LINE = b'{"metric":{"__name__":"y"},"values":[1],"timestamps":[1767225600000]}\n'
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"

Behaviour = Callable[[socket.socket], None]
Serve = Callable[[Behaviour], str]


def http_client(datasource_url: str, **parameters: Any) -> HttpClient:
    config = WriterConfig(datasource_url=datasource_url, **parameters)
    return HttpClient(config, Endpoint.of(config))


def base(httpserver: HTTPServer) -> str:
    return httpserver.url_for("").rstrip("/")


def accept(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/import").respond_with_response(Response(status=204))


def echo_authorization(request: Request) -> Response:
    given = request.headers.get("Authorization", "nobody")
    return Response(f"unknown: {given}", status=401)


@contextmanager
def raw_servers() -> Iterator[Serve]:
    """Give what starts a server that does the given thing with each connection."""
    listeners: list[socket.socket] = []
    connections: list[socket.socket] = []

    def start(behaviour: Behaviour) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def handle(connection: socket.socket) -> None:
            with suppress(OSError):
                behaviour(connection)

        def loop() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connections.append(connection)
                    threading.Thread(target=handle, args=(connection,), daemon=True).start()

        threading.Thread(target=loop, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for sock in (*listeners, *connections):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()


def read_request(connection: socket.socket) -> bytes:
    """Read one request with its body; return nothing at the end of the stream."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(1 << 16)
        if not more:
            return b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def answer(*answers: bytes) -> Behaviour:
    """Give these answers, one to each request of a connection, and then close it."""

    def behave(connection: socket.socket) -> None:
        for content in answers:
            if not read_request(connection):
                break
            connection.sendall(content)
        connection.close()

    return behave


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_after_request(connection: socket.socket) -> None:
    read_request(connection)
    reset(connection)


def reset_in_handshake(connection: socket.socket) -> None:
    connection.recv(1)
    reset(connection)


def stall(_: socket.socket) -> None:
    time.sleep(5)
