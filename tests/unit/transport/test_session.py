from __future__ import annotations

import gc
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.http_servers import (
    LINE,
    NO_CONTENT,
    Serve,
    answer,
    http_client,
    raw_servers,
    read_request,
    reset,
    reset_after_request,
)
from vm_df_writer.errors import ServerRejected, ServerUnavailable


@pytest.fixture
def serve() -> Iterator[Serve]:
    with raw_servers() as start:
        yield start


def test_one_connection_serves_many_requests(serve: Serve) -> None:
    opened: list[socket.socket] = []

    def count(connection: socket.socket) -> None:
        opened.append(connection)
        answer(*[NO_CONTENT] * 20)(connection)

    client = http_client(serve(count))
    for _ in range(20):
        client.post_import(LINE)
    assert len(opened) == 1


def test_small_request_goes_out_in_one_piece(serve: Serve) -> None:
    pieces: list[bytes] = []

    def read_once(connection: socket.socket) -> None:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
            if piece.endswith(LINE):
                connection.sendall(NO_CONTENT)

    client = http_client(serve(read_once))
    for _ in range(50):
        client.post_import(LINE)
    assert len(pieces) == 50


def test_threads_share_a_client_and_keep_as_many_connections_as_are_configured(
    serve: Serve,
) -> None:
    opened: list[socket.socket] = []
    together = threading.Barrier(4)

    def answer_all_four_at_once(connection: socket.socket) -> None:
        opened.append(connection)
        while read_request(connection):
            together.wait(10)
            connection.sendall(NO_CONTENT)

    client = http_client(serve(answer_all_four_at_once), concurrency=4)

    def post() -> None:
        for _ in range(10):
            client.post_import(LINE)

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    # Two that open their session at once leave one connection behind.
    assert 4 <= len(opened) <= 7


def test_connection_that_the_server_closed_in_between_is_opened_again(serve: Serve) -> None:
    client = http_client(serve(answer(NO_CONTENT)))
    for _ in range(3):
        client.post_import(LINE)
        time.sleep(0.05)


def test_more_threads_than_configured_requests_make_no_noise(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    together = threading.Barrier(8)

    def answer_all_at_once(connection: socket.socket) -> None:
        while read_request(connection):
            together.wait(10)
            connection.sendall(NO_CONTENT)

    client = http_client(serve(answer_all_at_once), concurrency=1)
    client._open()
    threads = [threading.Thread(target=client.post_import, args=(LINE,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.getMessage() for record in caplog.records] == []


def close_when_used_again(connection: socket.socket) -> None:
    """Answer one request; leave when the next one comes, without a word."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
    connection.recv(1)
    reset(connection)


def test_stale_connection_is_an_error_only_if_samples_could_be_stored_twice(serve: Serve) -> None:
    url = serve(close_when_used_again)
    client = http_client(url)
    for _ in range(4):
        assert client.get(f"{url}/metrics") == b"OK"
    with pytest.raises(ServerUnavailable) as caught:
        client.post_import(LINE)
    assert caught.value.stale
    assert caught.value.in_doubt


def test_connection_that_breaks_at_its_first_request_is_not_stale(serve: Serve) -> None:
    with pytest.raises(ServerUnavailable) as caught:
        http_client(serve(reset_after_request)).post_import(LINE)
    assert not caught.value.stale


def test_connection_is_kept_after_an_error(serve: Serve) -> None:
    opened: list[socket.socket] = []
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"

    def count(connection: socket.socket) -> None:
        opened.append(connection)
        answer(busy, busy, NO_CONTENT)(connection)

    client = http_client(serve(count))
    for _ in range(2):
        with pytest.raises(ServerRejected, match="'busy'"):
            client.post_import(LINE)
    client.post_import(LINE)
    assert len(opened) == 1


def test_error_whose_body_breaks_off_is_told_by_its_status(serve: Serve) -> None:
    url = serve(answer(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 99\r\n\r\ncut"))
    with pytest.raises(ServerRejected, match="answered 502 Bad Gateway"):
        http_client(url).post_import(LINE)


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # since Python 3.12
def test_forked_process_has_connections_of_its_own(serve: Serve) -> None:
    opened: list[socket.socket] = []

    def count(connection: socket.socket) -> None:
        opened.append(connection)
        while read_request(connection):
            connection.sendall(NO_CONTENT)

    client = http_client(serve(count))
    client.post_import(LINE)

    def in_the_child() -> None:
        client.post_import(LINE)
        gc.collect()

    child = multiprocessing.get_context("fork").Process(target=in_the_child)
    child.start()
    child.join(10)
    assert child.exitcode == 0
    client.post_import(LINE)
    assert len(opened) == 2


def test_answer_that_is_cut_is_no_answer(serve: Serve) -> None:
    url = serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nup 1"))
    with pytest.raises(ServerUnavailable, match="before the answer was complete"):
        http_client(url).get(f"{url}/metrics")


def test_stream_that_is_cut_is_an_error_after_its_last_whole_line(serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = serve(answer(head + b"8\r\none\ntwo\n\r\n8\r\nth"))
    lines = http_client(url).stream_lines(f"{url}/api/v1/export", [])
    assert next(lines) == b"one"
    assert next(lines) == b"two"
    with pytest.raises(
        ServerUnavailable, match="the connection broke before the answer was complete"
    ) as caught:
        next(lines)
    assert not caught.value.in_doubt


def test_stream_that_falls_silent_is_an_error(serve: Serve) -> None:
    def start_and_stall(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n")
        time.sleep(5)

    url = serve(start_and_stall)
    lines = http_client(url).stream_lines(f"{url}/api/v1/export", [], timeout_s=0.2)
    assert next(lines) == b"one"
    with pytest.raises(ServerUnavailable, match=r"no answer within 0.2 s; raise timeout$"):
        next(lines)


def test_stream_that_is_left_early_closes_its_connection(serve: Serve) -> None:
    gone = threading.Event()

    def pour(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                connection.sendall(b"4\r\none\n\r\n")
        except OSError:
            gone.set()

    url = serve(pour)
    lines = http_client(url).stream_lines(f"{url}/api/v1/export", [])
    assert next(lines) == b"one"
    del lines
    assert gone.wait(5)
