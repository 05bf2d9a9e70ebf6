"""TLS against a real server, and TLS connections that break."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import close_after_answer, close_if_reused
from tests.support.senders import body_of, deliver
from tests.support.writers import frame_of
from vm_df_writer import InsecureTlsWarning, ServerUnavailable, VmWriter
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.sender import RetryPolicy, Sender
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

FRAME = frame_of(500, 8)

ServeTls = Callable[[trustme.LeafCert], str]


class TlsVictoriaMetrics(LocalVictoriaMetrics):
    """The server with ``-tls``; whether it is up is asked by TCP alone."""

    def _wait_until_healthy(self, process: subprocess.Popen[bytes], home: Any, _: int) -> None:
        for _attempt in range(500):
            assert process.poll() is None, home.read_log(0)
            try:
                return socket.create_connection(("127.0.0.1", home.port), 1).close()
            except OSError:
                time.sleep(0.02)
        pytest.fail(home.read_log(0))


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def serve_tls(victoria_metrics: LocalVictoriaMetrics, tmp_path: Path) -> Iterator[ServeTls]:
    """Start a server with a certificate, and return its URL; the fixture finds the program."""
    assert victoria_metrics.url
    with ExitStack() as stack:

        def start(certificate: trustme.LeafCert) -> str:
            pem = tmp_path / "server.pem"
            certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
            flags = ("-tls", f"-tlsCertFile={pem}", f"-tlsKeyFile={pem}")
            server = stack.enter_context(TlsVictoriaMetrics(flags=flags))
            return server.url.replace("http://127.0.0.1", "https://localhost")

        yield start


def test_a_write_over_tls_is_verified(serve_tls: ServeTls, ca: trustme.CA, ca_file: str) -> None:
    url = serve_tls(ca.issue_cert("localhost"))
    with VmWriter(url, verify_tls=ca_file, metric_format={"__name__": "$VAR"}) as writer:
        report = writer.write(FRAME, verify=True)
    assert report.verification is not None
    assert report.verification.found == FRAME.size


def test_without_verification_there_is_one_warning(serve_tls: ServeTls, ca: trustme.CA) -> None:
    url = serve_tls(ca.issue_cert("elsewhere.example"))
    with pytest.warns(InsecureTlsWarning) as caught:
        writer = VmWriter(url, verify_tls=False, metric_format={"__name__": "$VAR"})
    assert writer.write(FRAME).samples == FRAME.size
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("elsewhere.example",), r"mismatch, certificate is not valid for 'localhost'\); use a"),
        (("localhost", "expired"), r"\(certificate has expired\); renew it on the server"),
    ],
)
def test_a_wrong_certificate_is_refused_and_nothing_is_sent(
    serve_tls: ServeTls, ca: trustme.CA, ca_file: str, names: tuple[str, ...], message: str
) -> None:
    until = dt.datetime.now(dt.UTC) - dt.timedelta(days=1) if "expired" in names else None
    since = until - dt.timedelta(days=1) if until else None
    url = serve_tls(ca.issue_cert(names[0], not_before=since, not_after=until))
    writer = VmWriter(url, verify_tls=ca_file, metric_format={"__name__": "$VAR"})
    with pytest.raises(ServerUnavailable, match=message) as caught:
        writer.write(FRAME)
    assert not caught.value.in_doubt
    assert caught.value.report is not None
    assert caught.value.report.undelivered == FRAME.size


def test_an_unknown_ca_is_refused(serve_tls: ServeTls, ca: trustme.CA) -> None:
    writer = VmWriter(serve_tls(ca.issue_cert("localhost")), metric_format={"__name__": "$VAR"})
    with pytest.raises(ServerUnavailable, match=r"certificate does not verify .*; set verify_tls"):
        writer.write(FRAME)


@pytest.mark.parametrize("fault", [close_if_reused, close_after_answer])
@pytest.mark.parametrize("lines", [3, 1000])
def test_an_idle_tls_connection_that_the_server_closes_is_no_error(
    proxy: FaultProxy, ca: trustme.CA, ca_file: str, run: str, lines: int, fault: Any
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
    url = proxy.url.replace("http:", "https:")
    config = WriterConfig(datasource_url=url, verify_tls=ca_file)
    client = HttpClient(config, Endpoint.of(config))
    once = RetryPolicy(reconnect_attempts=0)
    sender = Sender(client, retry=once, concurrency=1, encoding="none", timeout_s=5.0)
    proxy.schedule(then=fault)
    outcomes = deliver(sender, [body_of(run, number, lines=lines) for number in range(6)])
    assert [outcome.error for outcome in outcomes] == [None] * 6
