from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.http_servers import NOBODY, base, http_client, raw_servers, read_request
from vm_df_writer.delivery.content_encoding import EncodingAgreement
from vm_df_writer.transport.client import HttpClient


def answer(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/api/v1/import").respond_with_response(Response(status=status))


@pytest.mark.parametrize("requested", ["none", "gzip"])
def test_no_server_is_asked_for_what_every_server_understands(requested: str) -> None:
    assert EncodingAgreement(requested, http_client(NOBODY)).choose() == requested


@pytest.mark.parametrize(("status", "agreed"), [(400, "zstd"), (204, "gzip"), (503, "gzip")])
def test_zstd_is_used_once_a_server_refuses_what_is_none(
    httpserver: HTTPServer, status: int, agreed: str | None
) -> None:
    answer(httpserver, status)
    assert EncodingAgreement("zstd", http_client(base(httpserver))).choose() == agreed
    ((probe, _),) = httpserver.log
    assert probe.headers["Content-Encoding"] == "zstd"
    assert probe.data.strip() == b""  # a server that does not decode it finds no line


def test_a_server_that_is_not_there_is_asked_again(
    httpserver: HTTPServer,
) -> None:
    answer(httpserver, 503)
    agreement = EncodingAgreement("zstd", http_client(base(httpserver)))
    assert [agreement.choose(), agreement.choose()] == ["gzip"] * 2
    assert len(httpserver.log) == 2
    assert EncodingAgreement("zstd", http_client(NOBODY)).choose() == "gzip"


def test_gzip_in_place_of_zstd_is_logged(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    answer(httpserver, 204)
    with caplog.at_level(logging.WARNING, "vm_df_writer"):
        agreement = EncodingAgreement("zstd", http_client(base(httpserver)))
        assert [agreement.choose(), agreement.choose()] == ["gzip"] * 2
    assert len(httpserver.log) == 1
    assert "the server does not decode zstd, so gzip is used instead" in caplog.text


BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def client(httpserver: HTTPServer) -> Iterator[HttpClient]:
    """The client of a server that decodes zstd."""
    answer(httpserver, 400)
    client = http_client(base(httpserver))
    yield client
    client.close()


def test_zstd_is_shown_for_a_minute_and_for_connections_that_were_open() -> None:
    n_asked, now_s = 0, 0.0

    def keep_open(connection: socket.socket) -> None:
        nonlocal n_asked
        while read_request(connection):
            n_asked += 1
            connection.sendall(BAD_REQUEST)

    with raw_servers() as start:
        client = http_client(start(keep_open))
        agreement = EncodingAgreement("zstd", client, clock=lambda: now_s)
        assert (agreement.choose(), n_asked) == ("zstd", 1)
        # The first question itself opened a connection, so that a second one makes sure.
        for moment, expected in ((0.0, 2), (60.0, 2), (60.1, 3), (120.1, 3), (120.2, 4)):
            now_s = moment
            assert (agreement.holds(), n_asked) == (True, expected)
        client.close()
        assert (agreement.holds(), n_asked) == (True, 5)


@pytest.mark.parametrize("status", [204, 503])
def test_zstd_does_not_hold_once_a_server_does_not_show_it_any_more(
    httpserver: HTTPServer, client: HttpClient, status: int
) -> None:
    agreement = EncodingAgreement("zstd", client)
    assert agreement.choose() == "zstd"
    httpserver.clear()
    answer(httpserver, status)
    client.close()
    assert (agreement.holds(), agreement.choose()) == (False, "gzip")


def test_zstd_that_was_refused_once_is_not_tried_again(
    httpserver: HTTPServer, client: HttpClient
) -> None:
    """Behind a balancer the next server may decode it, and the one after that may not."""
    agreement = EncodingAgreement("zstd", client)
    httpserver.clear()
    answer(httpserver, 204)
    assert agreement.choose() == "gzip"
    httpserver.clear()
    answer(httpserver, 400)
    assert (agreement.choose(), agreement.holds()) == ("gzip", False)
    assert httpserver.log == []
