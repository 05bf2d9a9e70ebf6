from __future__ import annotations

import pickle
import time
import traceback

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.http_servers import LINE, accept, base, http_client
from vm_df_writer.errors import ServerRejected


def test_body_arrives_as_it_is_with_its_length_and_our_name(httpserver: HTTPServer) -> None:
    accept(httpserver)
    http_client(base(httpserver)).post_import(LINE, content_encoding="gzip")
    (request, _) = httpserver.log[0]
    assert request.data == LINE
    assert request.headers["Content-Length"] == str(len(LINE))
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["User-Agent"].startswith("vm_df_writer/")
    for absent in ("Authorization", "Transfer-Encoding", "Cookie"):
        assert absent not in request.headers


def test_plain_body_names_no_coding_and_an_empty_one_has_its_length(httpserver: HTTPServer) -> None:
    accept(httpserver)
    http_client(base(httpserver)).post_import(b"")
    (request, _) = httpserver.log[0]
    assert request.headers["Content-Length"] == "0"
    assert "Content-Encoding" not in request.headers


def test_cookies_are_not_kept(httpserver: HTTPServer) -> None:
    response = Response(status=204, headers={"Set-Cookie": "backend=1"})
    httpserver.expect_request("/api/v1/import").respond_with_response(response)
    client = http_client(base(httpserver))
    client.post_import(LINE)
    client.post_import(LINE)
    assert "Cookie" not in httpserver.log[1][0].headers


def test_health_is_asked_where_it_is_configured(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/ping", method="GET").respond_with_data("OK")
    http_client(base(httpserver), health_path="/ping").check_health()


def test_rejection_has_status_body_and_what_to_wait(httpserver: HTTPServer) -> None:
    busy = Response("too much", status=429, headers={"Retry-After": "10"})
    httpserver.expect_request("/api/v1/import").respond_with_response(busy)
    with pytest.raises(
        ServerRejected,
        match=r"/api/v1/import: answered 429 Too Many Requests \('too much'\); lower",
    ) as caught:
        http_client(base(httpserver)).post_import(LINE)
    assert caught.value.status == 429
    assert caught.value.body == "too much"
    assert caught.value.retry_after_s == 10.0
    assert caught.value.in_doubt


def test_only_204_is_a_success_of_an_import(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/import").respond_with_data("")
    with pytest.raises(ServerRejected, match="answered 200 OK, where only 204 is a success"):
        http_client(base(httpserver)).post_import(LINE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(httpserver: HTTPServer, status: int) -> None:
    headers = {"Location": "/elsewhere"}
    for path in ("/api/v1/import", "/health", "/api/v1/export"):
        httpserver.expect_request(path).respond_with_response(
            Response(status=status, headers=headers)
        )
    client = http_client(base(httpserver))
    export_url = f"{base(httpserver)}/api/v1/export"
    for call in (
        lambda: client.post_import(LINE),
        client.check_health,
        lambda: client.get(export_url),
        lambda: list(client.stream_lines(export_url, [])),
    ):
        with pytest.raises(ServerRejected, match=f"redirects \\({status}\\) to .*/elsewhere"):
            call()
    assert "/elsewhere" not in [request.path for request, _ in httpserver.log]


def test_client_opens_nothing_before_its_first_request() -> None:
    client = http_client("http://127.0.0.1:1")
    assert client._transport is None
    client.close()


def test_closed_client_opens_again(httpserver: HTTPServer) -> None:
    accept(httpserver)
    client = http_client(base(httpserver))
    client.post_import(LINE)
    client.close()
    client.close()
    client.post_import(LINE)
    assert len(httpserver.log) == 2


def test_pickled_client_works_and_leaves_its_connections_behind(httpserver: HTTPServer) -> None:
    accept(httpserver)
    client = http_client(base(httpserver), user="me", password="secret")
    client.post_import(LINE)
    copy = pickle.loads(pickle.dumps(client))  # noqa: S301 - our own
    assert copy._transport is None
    copy.post_import(LINE)
    (first, _), (second, _) = httpserver.log
    assert first.headers["Authorization"] == second.headers["Authorization"]


def test_repr_has_the_url_without_credentials() -> None:
    client = http_client("http://me:secret@vm:8428")
    assert repr(client) == "HttpClient('http://vm:8428/api/v1/import')"


def test_get_sends_its_parameters_and_returns_the_whole_answer(httpserver: HTTPServer) -> None:
    httpserver.expect_request(
        "/api/v1/query", query_string={"query": "up{a='b&c'}", "nocache": "1"}
    ).respond_with_data(b"\0" * 100_000)
    client = http_client(base(httpserver))
    url = f"{base(httpserver)}/api/v1/query"
    assert client.get(url, {"query": "up{a='b&c'}", "nocache": "1"}) == b"\0" * 100_000


def test_failed_get_keeps_its_parameters_to_itself(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/internal/force_flush").respond_with_data("no", status=401)
    url, secret = f"{base(httpserver)}/internal/force_flush", "-".join(["s3cr3t", "key"])
    with pytest.raises(
        ServerRejected, match=r"force_flush: answered 401 Unauthorized \('no'\); set"
    ) as caught:
        http_client(base(httpserver)).get(url, [("authKey", secret)])
    assert not caught.value.in_doubt
    assert secret not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "chunks",
    [
        [b"one\ntwo\n", b"three\n"],
        [b"one\ntw", b"o", b"\nthree"],
        [b"one", b"\n", b"\n\n", b"two\nthree\n\n"],
    ],
)
def test_lines_are_whole_wherever_the_stream_is_cut_into_chunks(
    httpserver: HTTPServer, chunks: list[bytes]
) -> None:
    httpserver.expect_request("/api/v1/export", method="POST").respond_with_handler(
        lambda _: Response(iter(chunks), status=200)
    )
    url = f"{base(httpserver)}/api/v1/export"
    lines = http_client(base(httpserver)).stream_lines(url, [("match[]", "up"), ("match[]", "a+b")])
    assert list(lines) == [b"one", b"two", b"three"]
    assert httpserver.log[0][0].form.getlist("match[]") == ["up", "a+b"]


def test_line_of_many_chunks_is_joined_in_linear_time(httpserver: HTTPServer) -> None:
    line = b"x" * (64 << 20)
    httpserver.expect_request("/api/v1/export").respond_with_data(line + b"\nend\n")
    started = time.process_time()
    lines = list(
        http_client(base(httpserver)).stream_lines(f"{base(httpserver)}/api/v1/export", [])
    )
    assert [len(found) for found in lines] == [len(line), 3]
    assert time.process_time() - started < 5


def test_stream_of_anything_but_200_is_rejected(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/export").respond_with_data("too much", status=422)
    lines = http_client(base(httpserver)).stream_lines(f"{base(httpserver)}/api/v1/export", [])
    with pytest.raises(ServerRejected, match=r"answered 422 .*\('too much'\)") as caught:
        next(lines)
    assert caught.value.status == 422
