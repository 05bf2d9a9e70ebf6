from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.http_servers import (
    LINE,
    NO_CONTENT,
    Behaviour,
    Serve,
    answer,
    http_client,
    raw_servers,
    reset_after_request,
    reset_in_handshake,
    stall,
)
from vm_df_writer.errors import ServerUnavailable


@pytest.fixture
def serve() -> Iterator[Serve]:
    with raw_servers() as start:
        yield start


@pytest.mark.parametrize("timeout_s", [None, 30.0])
def test_connecting_takes_no_longer_for_a_large_body(timeout_s: float | None) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:  # fill the queue of those that nobody accepts
            sock.setblocking(False)
            sock.connect_ex(address)
        client = http_client(f"http://127.0.0.1:{address[1]}", timeout="200ms")
        try:
            with pytest.raises(
                ServerUnavailable,
                match=r"no connection within 0.2 s; look for a firewall between, correct "
                r"datasource_url, or raise timeout$",
            ) as caught:
                client.post_import(LINE, timeout_s=timeout_s)
        finally:
            for sock in waiting:
                sock.close()
    assert not caught.value.in_doubt


def test_sending_may_take_longer_than_connecting(serve: Serve) -> None:
    body = b"x" * (16 << 20)  # more than the kernel takes in at once

    def take_slowly(connection: socket.socket) -> None:
        taken = 0
        while taken < len(body):
            taken += len(connection.recv(1 << 20))
            time.sleep(0.02)
        connection.sendall(NO_CONTENT)
        answer(NO_CONTENT)(connection)

    client = http_client(serve(take_slowly), timeout="100ms")
    started = time.monotonic()
    client.post_import(body, timeout_s=30)
    assert time.monotonic() - started > 0.2


def test_answer_that_takes_too_long_leaves_the_body_in_doubt(serve: Serve) -> None:
    client = http_client(serve(stall), timeout="10s")
    with pytest.raises(
        ServerUnavailable,
        match=r"connected, but no answer within 0.2 s; the server may be busy, and may still "
        r"store the body; raise timeout or lower concurrency$",
    ) as caught:
        client.post_import(LINE, timeout_s=0.2)
    assert caught.value.in_doubt


def test_server_that_does_not_take_the_body_leaves_it_in_doubt(serve: Serve) -> None:
    client = http_client(serve(stall), timeout="200ms")
    with pytest.raises(ServerUnavailable, match=r"no answer within 0.2 s") as caught:
        client.post_import(b"x" * (64 << 20))
    assert caught.value.in_doubt


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (reset_after_request, "Connection reset by peer"),
        (answer(b""), "Remote end closed connection without response"),
        (answer(b"no HTTP at all\r\n\r\n"), "no HTTP at all"),
    ],
)
def test_connection_that_breaks_leaves_the_body_in_doubt(
    serve: Serve, behaviour: Behaviour, reason: str
) -> None:
    with pytest.raises(
        ServerUnavailable,
        match=rf"the connection broke before the answer was complete \({reason}\); see the "
        r"server's log$",
    ) as caught:
        http_client(serve(behaviour)).post_import(LINE)
    assert caught.value.in_doubt


def test_cause_is_the_failure_at_hand_and_not_one_that_the_caller_handles(serve: Serve) -> None:
    client = http_client(serve(reset_after_request))
    try:
        socket.create_connection(("127.0.0.1", 1))
    except ConnectionRefusedError:
        with pytest.raises(ServerUnavailable, match="Connection reset by peer") as caught:
            client.post_import(LINE)
    assert caught.value.in_doubt


def test_failed_reading_leaves_nothing_in_doubt(serve: Serve) -> None:
    url = serve(reset_after_request)
    with pytest.raises(ServerUnavailable, match="Connection reset by peer") as caught:
        http_client(url).get(f"{url}/metrics")
    assert not caught.value.in_doubt


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (stall, r"no connection within 0.3 s"),
        (lambda connection: connection.close(), r"the TLS handshake failed|drops the conn"),
        (
            reset_in_handshake,
            r"the server drops the connection at once \(Connection reset by peer\)",
        ),
    ],
)
def test_handshake_that_does_not_end_leaves_nothing_in_doubt(
    serve: Serve, behaviour: Behaviour, message: str
) -> None:
    url = serve(behaviour).replace("http://", "https://")
    with pytest.raises(ServerUnavailable, match=message) as caught:
        http_client(url, timeout="300ms").post_import(LINE)
    assert not caught.value.in_doubt


def test_tunnel_that_the_proxy_refuses_leaves_nothing_in_doubt(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    monkeypatch.setenv("https_proxy", serve(answer(refusal)))
    with pytest.raises(ServerUnavailable, match="Tunnel connection failed: 407") as caught:
        http_client("https://vm.invalid:8428").post_import(LINE)
    assert not caught.value.in_doubt
