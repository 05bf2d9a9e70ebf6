from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from requests import PreparedRequest
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from tests.support.http_servers import LINE, accept, base, echo_authorization, http_client
from vm_df_writer.errors import ServerRejected, ServerUnavailable


def returns(value: object) -> Callable[[Any], Any]:
    return lambda _: value


def changes(**attributes: Any) -> Callable[[PreparedRequest], PreparedRequest]:
    def change(request: PreparedRequest) -> PreparedRequest:
        for name, value in attributes.items():
            setattr(request, name, value)
        return request

    return change


def sets(name: str, value: str | bytes) -> Callable[[PreparedRequest], PreparedRequest]:
    def change(request: PreparedRequest) -> PreparedRequest:
        request.headers[name] = value  # type: ignore[assignment] # some libraries set bytes
        return request

    return change


@pytest.mark.parametrize(
    ("auth", "problem"),
    [
        (returns(None), "it returned NoneType; return the request that it is given"),
        (changes(body=b"x"), "it changed the path or the body of the request; add headers or a"),
        (changes(url="http://elsewhere/"), "it changed the path or the body of the request"),
        (HTTPDigestAuth("me", "hush"), r"it waits for the server's answer \(requests' hooks\), as"),
        (sets("X-Key", "hush\n"), "its header 'X-Key' holds what is no printable ASCII character"),
    ],
    ids=["None", "body", "url", "digest", "line break"],
)
def test_what_goes_beyond_headers_and_query_is_refused_unsent(
    httpserver: HTTPServer, auth: Callable[[Any], Any], problem: str
) -> None:
    with pytest.raises(ServerUnavailable, match=f"^auth: {problem}") as caught:
        http_client(base(httpserver), auth=auth).post_import(LINE)
    assert "hush" not in str(caught.value)
    assert not caught.value.in_doubt
    assert httpserver.log == []


def test_headers_and_a_query_may_be_added(httpserver: HTTPServer) -> None:
    accept(httpserver)

    def sign(request: PreparedRequest) -> PreparedRequest:
        request.url = f"{request.url}?signature=abc"
        return sets("X-Key", b"bytes")(request)

    http_client(base(httpserver), auth=sign).post_import(LINE)
    (request, _) = httpserver.log[0]
    assert (request.query_string, request.headers["X-Key"]) == (b"signature=abc", "bytes")
    assert request.data == LINE


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        (sets("Authorization", "Bearer abc.def.ghi.jkl"), "unknown: Bearer ***"),
        (HTTPBasicAuth("me", "hush-hush"), "unknown: Basic ***"),
    ],
)
def test_what_was_added_is_not_told_when_the_server_quotes_it(
    httpserver: HTTPServer, auth: Callable[[Any], Any], told: str
) -> None:
    httpserver.expect_request("/api/v1/import").respond_with_handler(echo_authorization)
    with pytest.raises(ServerRejected) as caught:
        http_client(base(httpserver), auth=auth).post_import(LINE)
    assert caught.value.body == told
    assert str(caught.value).endswith("check auth")


def test_nothing_is_signed_for_another_server(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/health").respond_with_data("OK")
    client = http_client("http://elsewhere:8428", auth=returns(None))
    client.check_health(f"{base(httpserver)}/health")
    assert len(httpserver.log) == 1
