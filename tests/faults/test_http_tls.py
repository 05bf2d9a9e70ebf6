from __future__ import annotations

import datetime as dt
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.warning_classes import InsecureTlsWarning

LINE = b'{"metric":{"__name__":"y"},"values":[1],"timestamps":[1767225600000]}\n'


class Import(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class TlsServer(ThreadingHTTPServer):
    """Takes imports over TLS; handshakes in the thread of the connection, as servers do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Import)
        self._context = context
        self.url = f"https://localhost:{self.server_port}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(request, server_side=True) as connection,
        ):
            super().finish_request(connection, client_address)


ServeTls = Callable[[ssl.SSLContext], TlsServer]


@pytest.fixture
def serve_tls() -> Iterator[ServeTls]:
    servers: list[TlsServer] = []

    def start(context: ssl.SSLContext) -> TlsServer:
        server = TlsServer(context)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(autouse=True)
def no_ca_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


def server_context(ca: trustme.CA, *names: str, **options: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(names or ("localhost",)), **options).configure_cert(context)  # type: ignore[arg-type]
    return context


def http_client(datasource_url: str, **parameters: Any) -> HttpClient:
    config = WriterConfig(datasource_url=datasource_url, **parameters)
    return HttpClient(config, Endpoint.of(config))


def test_own_ca_is_trusted_by_its_path(serve_tls: ServeTls, ca: trustme.CA, ca_file: str) -> None:
    server = serve_tls(server_context(ca))
    http_client(server.url, verify_tls=ca_file).post_import(LINE)


def test_ca_bundle_of_the_environment_is_honoured(
    serve_tls: ServeTls, ca: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    server = serve_tls(server_context(ca))
    http_client(server.url).post_import(LINE)


def test_configured_ca_bundle_wins_over_the_environment(
    serve_tls: ServeTls, ca: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    server = serve_tls(server_context(ca))
    http_client(server.url, verify_tls=ca_file).post_import(LINE)


def test_ca_bundle_of_the_environment_that_is_not_there(
    serve_tls: ServeTls, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(
        ServerUnavailable,
        match=r"no connection can be made \(.*invalid path: /nowhere/ca.pem\); check "
        r"datasource_url, the TLS parameters and the environment's proxies and REQUESTS_CA_BUNDLE$",
    ) as caught:
        http_client(serve_tls(server_context(ca)).url).post_import(LINE)
    assert not caught.value.in_doubt


def refused(client: HttpClient, message: str) -> None:
    with pytest.raises(ServerUnavailable, match=message) as caught:
        client.post_import(LINE)
    assert not caught.value.in_doubt
    assert isinstance(caught.value.__cause__, ssl.SSLError)


def test_unknown_ca_is_refused(serve_tls: ServeTls, ca: trustme.CA) -> None:
    refused(
        http_client(serve_tls(server_context(ca)).url),
        r"^https://localhost:\d+/api/v1/import: the server's certificate does not verify "
        r"\(unable to get local issuer certificate\); set verify_tls to the path of the CA bundle "
        r"that it was signed by \(verify_tls: false trusts any server\)$",
    )


def test_expired_certificate_is_refused(serve_tls: ServeTls, ca: trustme.CA, ca_file: str) -> None:
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    before = yesterday - dt.timedelta(days=1)
    context = server_context(ca, "localhost", not_before=before, not_after=yesterday)
    refused(
        http_client(serve_tls(context).url, verify_tls=ca_file),
        r"does not verify \(certificate has expired\); renew it on the server$",
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_certificate_of_another_host_is_refused(
    serve_tls: ServeTls, ca: trustme.CA, ca_file: str, host: str
) -> None:
    url = serve_tls(server_context(ca, "vm.example.com")).url.replace("localhost", host)
    refused(
        http_client(url, verify_tls=ca_file),
        rf"does not verify \(.* mismatch, certificate is not valid for '{host}'\); use a name that "
        r"the certificate holds in datasource_url$",
    )


def test_verify_tls_false_takes_any_certificate_and_warns_once_at_the_callers_line(
    serve_tls: ServeTls, ca: trustme.CA
) -> None:
    server = serve_tls(server_context(ca, "vm.example.com"))
    with pytest.warns(InsecureTlsWarning) as caught:
        client = http_client(server.url, verify_tls=False)
    for _ in range(3):
        client.post_import(LINE)
        client.close()
    (warning,) = caught
    assert warning.filename == __file__
    assert str(warning.message) == (
        f"verify_tls: false, so that any machine can pose as {server.url}/api/v1/import; set it to "
        "the path of the CA bundle that the server's certificate was signed by"
    )


def test_verify_tls_false_wins_over_the_ca_bundle_of_the_environment(
    serve_tls: ServeTls, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.warns(InsecureTlsWarning):
        client = http_client(serve_tls(server_context(ca)).url, verify_tls=False)
    client.post_import(LINE)


def test_verify_tls_false_is_no_matter_without_tls() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        http_client("http://localhost:8428", verify_tls=False)


@pytest.fixture(params=["TLSv1_2", "TLSv1_3"])
def demanding(ca: trustme.CA, serve_tls: ServeTls, request: pytest.FixtureRequest) -> TlsServer:
    """A server that asks for a certificate of the CA."""
    context = server_context(ca)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = ssl.TLSVersion[request.param]
    return serve_tls(context)


@pytest.fixture
def client_files(ca: trustme.CA, tmp_path: Path) -> dict[str, str]:
    cert, key = tmp_path / "client.pem", tmp_path / "client.key"
    issued = ca.issue_cert("writer@example.com")
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    return {"tls_cert_file": str(cert), "tls_key_file": str(key)}


def test_client_certificate_is_shown(
    demanding: TlsServer, ca_file: str, client_files: dict[str, str]
) -> None:
    http_client(demanding.url, verify_tls=ca_file, **client_files).post_import(LINE)


def test_client_certificate_and_key_may_share_a_file(
    demanding: TlsServer, ca: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    ca.issue_cert("writer@example.com").private_key_and_cert_chain_pem.write_to_path(str(both))
    client = http_client(demanding.url, verify_tls=ca_file, tls_cert_file=str(both))
    client.post_import(LINE)


# A server speaks of a client certificate after the handshake of TLS 1.3, so that the connection may
# break before its word is read.
WANTED = (
    r"the server wants a client certificate that it trusts \(.*ALERT.*\); set tls_cert_file and "
    r"tls_key_file$"
    r"|the TLS handshake failed \(.*\); check verify_tls, tls_cert_file and tls_key_file$"
    r"|the connection broke before .*; see the server's log, and whether it wants a client "
    r"certificate$"
)


@pytest.mark.parametrize("n_bytes", [100, 8 << 20])
def test_missing_client_certificate_is_an_error(
    demanding: TlsServer, ca_file: str, n_bytes: int
) -> None:
    with pytest.raises(ServerUnavailable, match=WANTED) as caught:
        http_client(demanding.url, verify_tls=ca_file).post_import(b"x" * n_bytes)
    assert caught.value.in_doubt is ("broke" in str(caught.value))


def test_client_certificate_of_another_ca_is_an_error(
    demanding: TlsServer, ca_file: str, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    stranger = trustme.CA().issue_cert("writer@example.com")
    stranger.private_key_and_cert_chain_pem.write_to_path(str(both))
    client = http_client(demanding.url, verify_tls=ca_file, tls_cert_file=str(both))
    with pytest.raises(ServerUnavailable, match=WANTED):
        client.post_import(LINE)


def test_key_of_another_certificate_is_an_error(
    demanding: TlsServer, ca: trustme.CA, ca_file: str, client_files: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other.key"
    ca.issue_cert("other@example.com").private_key_pem.write_to_path(str(other))
    client = http_client(
        demanding.url, verify_tls=ca_file, **client_files | {"tls_key_file": str(other)}
    )
    refused(
        client,
        r"the TLS handshake failed \(KEY_VALUES_MISMATCH\); check verify_tls, tls_cert_file and "
        r"tls_key_file$",
    )
