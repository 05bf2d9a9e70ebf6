"""An answer that trickles or does not end is no answer, though no single wait is too long."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.http_servers import (
    LINE,
    NO_CONTENT,
    Behaviour,
    Serve,
    answer,
    http_client,
    raw_servers,
    read_request,
)
from vm_df_writer.errors import ServerRejected, ServerUnavailable
from vm_df_writer.transport.client import HttpClient

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"
CHUNKED = b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = {"timeout": "200ms", "retry_deadline": "300ms"}


@pytest.fixture
def serve() -> Iterator[Serve]:
    with raw_servers() as start:
        yield start


def trickle(begin: bytes, piece: bytes, end: bytes = b"", *, n: int = 60) -> Behaviour:
    """Answer so that no pause is too long, and all is well after three seconds."""

    def behave(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(begin)
            for _ in range(n):
                time.sleep(0.05)
                connection.sendall(piece)
            connection.sendall(end)

    return behave


IMPORTS = {
    "status line": trickle(b"HTTP/1.1 204 ", b"X", b"\r\n\r\n"),
    "a header": trickle(b"HTTP/1.1 204 X\r\nA: ", b"x", b"\r\n\r\n"),
    "1xx answers": trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n", NO_CONTENT),
    "a chunked body": trickle(CHUNKED, b"1\r\nx\r\n", b"0\r\n\r\n"),
    "the size of a chunk": trickle(CHUNKED, b"0", b"\r\n\r\n"),
    "trailers": trickle(CHUNKED + b"0\r\n", b"A: b\r\n", b"\r\n"),
}


@pytest.mark.parametrize("what", IMPORTS)
def test_an_import_does_not_wait_for_an_answer_that_trickles(serve: Serve, what: str) -> None:
    client = http_client(serve(IMPORTS[what]), **LIMITS)
    with pytest.raises(
        ServerUnavailable,
        match=r"/api/v1/import: connected, but too slow an answer within 0\.2 s; the server may be",
    ) as caught:
        client.post_import(LINE)
    assert caught.value.in_doubt


@pytest.mark.parametrize("status", [400, 503])
def test_the_text_of_an_error_is_not_waited_for(serve: Serve, status: int) -> None:
    head = f"HTTP/1.1 {status} X\r\nContent-Length: 60\r\n\r\n".encode()
    client = http_client(serve(trickle(head, b"x")), **LIMITS)
    with pytest.raises(ServerRejected, match=rf"answered {status}") as caught:
        client.post_import(LINE)
    assert "x" * 60 not in str(caught.value)


READS: dict[str, Callable[[HttpClient, str], object]] = {
    "health": lambda client, _: client.check_health(),
    "text": lambda client, url: client.get(url),
    "lines": lambda client, url: list(client.stream_lines(url, [])),
}


@pytest.mark.parametrize("what", READS)
def test_reading_does_not_wait_for_an_answer_that_trickles(serve: Serve, what: str) -> None:
    url = serve(trickle(HEAD, b"x"))
    with pytest.raises(ServerUnavailable, match="connected, but too slow an answer within"):
        READS[what](http_client(url, **LIMITS), f"{url}/x")


def test_a_large_answer_has_a_second_more_for_each_64_kib(serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (20 * 2**14)
    url = serve(trickle(head, b"x" * 2**14, n=20))  # a second, and ten times the least speed
    assert len(http_client(url, timeout="600ms").get(f"{url}/metrics")) == 20 * 2**14


def test_the_time_that_a_caller_takes_between_lines_does_not_count(serve: Serve) -> None:
    text = b"".join(b"%d\n" % i for i in range(200_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)
    url = serve(answer(head + text))
    lines = http_client(url, **LIMITS).stream_lines(f"{url}/x", [])
    n_lines = 0
    for n_lines, _ in enumerate(lines, 1):
        if n_lines % 50_000 == 0:
            time.sleep(0.3)
    assert n_lines == 200_000


@pytest.mark.parametrize(
    "flood", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 X\r\nA: b\r\n\r\n"]
)
def test_1xx_answers_without_end_are_refused_however_fast_they_come(
    serve: Serve, flood: bytes
) -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        for _ in range(200):
            connection.sendall(flood * 1000)
        connection.sendall(NO_CONTENT)

    client = http_client(serve(behave), timeout="20s")
    # The latter is http.client's own limit, of the newest Pythons.
    told = "the answer is longer than any that was asked|more than 100 interim responses"
    with pytest.raises(ServerUnavailable, match=told):
        client.post_import(LINE)


def test_a_proxy_that_trickles_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    established = trickle(b"HTTP/1.1 200 ", b"X", b"\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", serve(established))
    client = http_client("https://victoria.invalid", **LIMITS)
    with pytest.raises(ServerUnavailable) as caught:
        client.post_import(LINE)
    assert not caught.value.in_doubt


def test_a_server_that_takes_a_body_too_slowly_over_tls_is_not_waited_for(
    serve: Serve, tmp_path: Path
) -> None:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    def take_slowly(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
        with context.wrap_socket(connection, server_side=True) as secure:
            for _ in range(100):
                secure.recv(2**16)
                time.sleep(0.05)

    url = serve(take_slowly).replace("http:", "https:")
    client = http_client(url, verify_tls=str(tmp_path / "ca.pem"), **LIMITS)
    with pytest.raises(ServerUnavailable, match=r"within 0\.2 s") as caught:
        client.post_import(b"x" * 2**24)
    assert caught.value.in_doubt


def test_the_next_request_of_a_connection_has_all_of_its_time(serve: Serve) -> None:
    def late(connection: socket.socket) -> None:
        while read_request(connection):
            time.sleep(0.15)
            connection.sendall(NO_CONTENT)

    client = http_client(serve(late), **LIMITS)
    for _ in range(4):
        client.post_import(LINE)


def test_trailers_without_end_are_refused_however_fast_they_come(serve: Serve) -> None:
    def flood(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(CHUNKED.replace(b"204", b"200") + b"2\r\nOK\r\n0\r\n")
        while True:
            connection.sendall(b"A: b\r\n" * 1000)

    client = http_client(url := serve(flood))
    with pytest.raises(ServerUnavailable, match="more trailers than any answer has"):
        client.get(f"{url}/metrics")
