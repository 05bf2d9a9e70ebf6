from __future__ import annotations

import gzip
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ServerRejected
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

NEW_YEAR_MS = 1_767_225_600_000
AUTH = ("-httpAuth.username=me", "-httpAuth.password=s3cr3t-word")

StartServer = Callable[..., LocalVictoriaMetrics]
StartVmAuth = Callable[..., ServerProcess]


def connect(datasource_url: str, **parameters: Any) -> tuple[HttpClient, Endpoint]:
    config = WriterConfig(datasource_url=datasource_url, **parameters)
    endpoint = Endpoint.of(config)
    return HttpClient(config, endpoint), endpoint


def import_line(name: str, n_samples: int = 1) -> bytes:
    line = {
        "metric": {"__name__": name},
        "values": list(range(n_samples)),
        "timestamps": [NEW_YEAR_MS + i for i in range(n_samples)],
    }
    return json.dumps(line).encode() + b"\n"


def exported(client: HttpClient, endpoint: Endpoint, name: str) -> list[bytes]:
    client.get(endpoint.root_url("/internal/force_flush"))
    form = [("match[]", name), ("start", "1767225000.000"), ("end", "1767226000.000")]
    return list(client.stream_lines(endpoint.read_url("/api/v1/export"), form))


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_what_is_posted_is_streamed_back(
    victoria_metrics: LocalVictoriaMetrics, encoding: str | None
) -> None:
    client, endpoint = connect(victoria_metrics.url)
    name = f"http_round_trip_{encoding}"
    body = import_line(name, n_samples=5000)
    client.check_health()
    client.post_import(gzip.compress(body) if encoding else body, content_encoding=encoding)
    (line,) = exported(client, endpoint, name)
    assert json.loads(line)["values"] == list(range(5000))


def test_answers_of_a_server_that_is_not_on_loopback_are_compressed(
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    any_address = "0.0.0.0"  # noqa: S104 - this machine, and does not look like it
    client, endpoint = connect(victoria_metrics.url.replace("127.0.0.1", any_address))
    assert not endpoint.is_loopback
    client.post_import(import_line("http_compressed", n_samples=5000))
    (line,) = exported(client, endpoint, "http_compressed")
    assert json.loads(line)["values"] == list(range(5000))


@pytest.mark.parametrize(
    "parameters",
    [{"import_json_path": "/api/v1/imports"}, {"tenant_id": "0:0"}],
    ids=["wrong path", "tenant on a single node"],
)
def test_path_that_the_server_does_not_know(
    victoria_metrics: LocalVictoriaMetrics, parameters: dict[str, str]
) -> None:
    client, endpoint = connect(victoria_metrics.url, **parameters)
    with pytest.raises(
        ServerRejected,
        match=rf"^{endpoint.import_url}: answered 400 Bad Request \('.*unsupported path requested: "
        r".*'\); check datasource_url, tenant_id and import_json_path$",
    ) as caught:
        client.post_import(import_line("never"))
    assert caught.value.status == 400
    assert not caught.value.in_doubt


def test_body_that_the_server_cannot_decode_is_in_doubt(
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    client, _ = connect(victoria_metrics.url)
    # 1.79 names the gzip header; 1.145 says "unexpected EOF" of what is shorter than a header.
    with pytest.raises(ServerRejected, match=r"answered 400 .*; its answer says why$") as caught:
        client.post_import(b"plain", content_encoding="gzip")
    assert caught.value.in_doubt


@pytest.fixture
def guarded(start_victoria_metrics: StartServer) -> LocalVictoriaMetrics:
    return start_victoria_metrics(*AUTH)


def test_basic_authentication(guarded: LocalVictoriaMetrics) -> None:
    client, _ = connect(guarded.url, user="me", password="s3cr3t-word")
    client.post_import(import_line("guarded"))

    client, _ = connect(guarded.url.replace("http://", "http://me:s3cr3t-word@"))
    client.post_import(import_line("guarded"))

    client, _ = connect(guarded.url)
    with pytest.raises(
        ServerRejected,
        match=r"answered 401 Unauthorized.*; set user and password, or a bearer token$",
    ) as missing:
        client.post_import(import_line("guarded"))
    assert missing.value.status == 401
    assert not missing.value.in_doubt

    client, _ = connect(guarded.url, user="me", password="s3cr3t-world")
    with pytest.raises(ServerRejected, match=r"; check user and password$") as wrong:
        client.post_import(import_line("guarded"))
    assert "s3cr3t" not in "".join(traceback.format_exception(wrong.value))


AUTH_CONFIG = """
users:
- username: me
  password: s3cr3t-word
  url_prefix: {url}
- bearer_token: s3cr3t-token
  url_prefix: {url}
"""


@pytest.fixture
def vmauth(victoria_metrics: LocalVictoriaMetrics, start_vmauth: StartVmAuth) -> ServerProcess:
    return start_vmauth(AUTH_CONFIG.format(url=victoria_metrics.url))


@pytest.mark.parametrize(
    "credentials",
    [{"user": "me", "password": "s3cr3t-word"}, {"bearer_token": "s3cr3t-token"}],
    ids=["basic", "bearer"],
)
def test_vmauth_lets_known_credentials_through(
    vmauth: ServerProcess, credentials: dict[str, str]
) -> None:
    client, endpoint = connect(vmauth.url, **credentials)
    client.check_health()
    client.post_import(import_line("through_vmauth"))
    assert len(exported(client, endpoint, "through_vmauth")) == 1


@pytest.mark.parametrize(
    ("credentials", "parameters"),
    [
        ({"user": "me", "password": "s3cr3t-world"}, "user and password"),
        ({"bearer_token": "s3cr3t-tokem"}, "bearer_token"),
    ],
    ids=["basic", "bearer"],
)
def test_vmauth_refuses_other_credentials_and_no_error_shows_them(
    vmauth: ServerProcess, credentials: dict[str, str], parameters: str
) -> None:
    client, _ = connect(vmauth.url, **credentials)
    with pytest.raises(ServerRejected, match=rf"answered 40[01] .*; check {parameters}$") as caught:
        client.post_import(import_line("never"))
    assert not caught.value.in_doubt
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.body
    assert "s3cr3t" not in shown
    assert "bWU6czNjcjN0LXdvcmxk" not in shown


def test_vmauth_without_its_server(
    start_victoria_metrics: StartServer, start_vmauth: StartVmAuth
) -> None:
    server = start_victoria_metrics()
    vmauth = start_vmauth(AUTH_CONFIG.format(url=server.url))
    server.stop()
    client, _ = connect(vmauth.url, bearer_token="s3cr3t-token")
    with pytest.raises(ServerRejected, match=r"answered 50[23] ") as caught:
        client.post_import(import_line("never"))
    assert caught.value.in_doubt
    server.start()
    client.post_import(import_line("again"))


def test_server_that_is_restarted_is_reached_again(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics()
    client, _ = connect(server.url)
    client.post_import(import_line("before"))
    server.stop()
    server.start()
    client.post_import(import_line("after"))
