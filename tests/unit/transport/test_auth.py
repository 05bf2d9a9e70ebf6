from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.http_servers import LINE, accept, base, echo_authorization, http_client
from vm_df_writer.errors import ServerRejected, ServerUnavailable


def test_basic_authentication_is_utf8(httpserver: HTTPServer) -> None:
    accept(httpserver)
    http_client(base(httpserver), user="jürgen", password="geheim€").post_import(LINE)
    authorization = httpserver.log[0][0].headers["Authorization"]
    assert authorization == "Basic asO8cmdlbjpnZWhlaW3igqw="


def test_user_without_a_password_has_an_empty_one(httpserver: HTTPServer) -> None:
    accept(httpserver)
    http_client(base(httpserver), user="me").post_import(LINE)
    assert httpserver.log[0][0].headers["Authorization"] == "Basic bWU6"


def test_bearer_token_goes_with_every_request(httpserver: HTTPServer) -> None:
    accept(httpserver)
    httpserver.expect_request("/health").respond_with_data("OK")
    httpserver.expect_request("/metrics").respond_with_data("up 1\n")
    client = http_client(base(httpserver), bearer_token="abc.def")
    client.post_import(LINE)
    client.check_health()
    client.get(f"{base(httpserver)}/metrics")
    found = {request.headers["Authorization"] for request, _ in httpserver.log}
    assert found == {"Bearer abc.def"}


@pytest.mark.parametrize("parameters", [{}, {"user": "me", "password": "right"}])
def test_netrc_neither_adds_nor_overrides(
    httpserver: HTTPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, str],
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login intruder password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(base(httpserver)) == ("intruder", "wrong")
    accept(httpserver)
    http_client(base(httpserver), **parameters).post_import(LINE)
    authorization = httpserver.log[0][0].headers.get("Authorization")
    assert authorization == ("Basic bWU6cmlnaHQ=" if parameters else None)


@pytest.mark.parametrize(
    ("parameters", "checked"),
    [
        ({"user": "me", "password": "s3cr3t-word"}, "user and password"),
        ({"bearer_token": "s3cr3t-token"}, "bearer_token"),
    ],
)
def test_401_names_the_parameters_and_no_secret_even_if_the_server_does(
    httpserver: HTTPServer, parameters: dict[str, str], checked: str
) -> None:
    httpserver.expect_request("/api/v1/import").respond_with_handler(echo_authorization)
    client = http_client(base(httpserver), **parameters)
    with pytest.raises(ServerRejected, match=rf"; check {checked}$") as caught:
        client.post_import(LINE)
    shown = "".join(traceback.format_exception(caught.value)) + repr(client)
    shown += caught.value.body + repr(vars(caught.value))
    assert "unknown: B" in caught.value.body
    for secret in ("s3cr3t", "bWU6czNjcjN0LXdvcmQ="):
        assert secret not in shown
    assert len(httpserver.log) == 1


def test_credentials_go_to_no_other_server(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/ping").respond_with_data("OK")
    elsewhere = f"http://127.0.0.1:{httpserver.port}/ping"
    client = http_client("http://127.0.0.2:1", health_path=elsewhere, user="me", password="secret")
    client.check_health()
    assert "Authorization" not in httpserver.log[0][0].headers


def test_credentials_go_to_query_url(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/metrics").respond_with_data("up 1\n")
    client = http_client("http://127.0.0.2:1", query_url=base(httpserver), user="me")
    client.get(f"{base(httpserver)}/metrics")
    assert httpserver.log[0][0].headers["Authorization"] == "Basic bWU6"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first\n")
    return path


def sent(httpserver: HTTPServer) -> list[str]:
    return [request.headers["Authorization"] for request, _ in httpserver.log]


def test_changed_file_is_read_again(httpserver: HTTPServer, token_file: Path) -> None:
    accept(httpserver)
    client = http_client(base(httpserver), bearer_token_file=str(token_file))
    client.post_import(LINE)
    token_file.write_text("second, longer".replace(", ", "-"))
    client.post_import(LINE)
    assert sent(httpserver) == ["Bearer first", "Bearer second-longer"]


def test_rotation_that_looks_like_no_change_is_found_after_a_401(
    httpserver: HTTPServer, token_file: Path
) -> None:
    accept(httpserver)
    client = http_client(base(httpserver), bearer_token_file=str(token_file))
    client.post_import(LINE)
    before = token_file.stat()
    token_file.write_text("other\n")
    os.utime(token_file, ns=(before.st_atime_ns, before.st_mtime_ns))
    httpserver.clear()

    def only_other(request: Request) -> Response:
        known = request.headers["Authorization"] == "Bearer other"
        return Response(status=204 if known and request.data == LINE else 401)

    httpserver.expect_request("/api/v1/import").respond_with_handler(only_other)
    client.post_import(LINE)
    assert sent(httpserver) == ["Bearer first", "Bearer other"]


def test_401_to_the_token_that_is_still_in_the_file_is_final(
    httpserver: HTTPServer, token_file: Path
) -> None:
    httpserver.expect_request("/api/v1/import").respond_with_data("", status=401)
    client = http_client(base(httpserver), bearer_token_file=str(token_file))
    with pytest.raises(ServerRejected, match=r"; check bearer_token_file$"):
        client.post_import(LINE)
    assert len(httpserver.log) == 1


def test_file_that_is_gone_for_a_moment_leaves_the_last_token(
    httpserver: HTTPServer, token_file: Path
) -> None:
    accept(httpserver)
    client = http_client(base(httpserver), bearer_token_file=str(token_file))
    client.post_import(LINE)
    token_file.unlink()
    client.post_import(LINE)
    assert sent(httpserver) == ["Bearer first"] * 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"'.*/token' cannot be read \(No such file or directory\); check the path and"),
        (b"\n", r"'.*/token' must hold one token, found nothing; write the token into it$"),
        (b"s3cr3t s3cr3t", r"found blanks or control characters inside the token; write"),
        (b"s3cr3t\0", r"found blanks or control characters inside the token; write"),
        (b"s3cr3t\xff", r"found characters beyond ASCII; write"),
    ],
)
def test_file_without_a_token_is_an_error_that_shows_nothing_of_it(
    token_file: Path, content: bytes | None, message: str
) -> None:
    client = http_client("http://127.0.0.1:1", bearer_token_file=str(token_file))
    if content is None:
        token_file.unlink()
    else:
        token_file.write_bytes(content)
    with pytest.raises(ServerUnavailable, match=f"^bearer_token_file: .*{message}") as caught:
        client.post_import(LINE)
    assert not caught.value.in_doubt
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
