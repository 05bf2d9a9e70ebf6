from __future__ import annotations

import logging

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.http_servers import NOBODY, base, http_client
from vm_df_writer.delivery.content_encoding import negotiate_encoding


def answer(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/api/v1/import").respond_with_response(Response(status=status))


@pytest.mark.parametrize("requested", ["none", "gzip"])
def test_no_server_is_asked_for_what_every_server_understands(requested: str) -> None:
    assert negotiate_encoding(requested, http_client(NOBODY)) == requested


@pytest.mark.parametrize(("status", "agreed"), [(400, "zstd"), (204, "gzip"), (503, None)])
def test_zstd_is_used_once_a_server_refuses_what_is_none(
    httpserver: HTTPServer, status: int, agreed: str | None
) -> None:
    answer(httpserver, status)
    assert negotiate_encoding("zstd", http_client(base(httpserver))) == agreed
    ((probe, _),) = httpserver.log
    assert probe.headers["Content-Encoding"] == "zstd"
    assert probe.data.strip() == b""  # a server that does not decode it finds no line


def test_a_server_that_is_not_there_tells_nothing() -> None:
    assert negotiate_encoding("zstd", http_client(NOBODY)) is None


def test_gzip_in_place_of_zstd_is_logged(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    answer(httpserver, 204)
    with caplog.at_level(logging.WARNING, "vm_df_writer"):
        negotiate_encoding("zstd", http_client(base(httpserver)))
    assert "the server does not decode zstd, so gzip is used instead" in caplog.text
