"""A server behind TLS that asks for client certificates, and the files that its clients need."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.support.fault_proxy import FaultProxy

__all__ = ["tls_gate"]


@contextmanager
def tls_gate(server_url: str, folder: Path) -> Iterator[str]:
    """Return its URL; ``ca.pem``, ``client.pem`` and ``client.key`` are put into the folder."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    client = ca.issue_cert("client")
    client.cert_chain_pems[0].write_to_path(str(folder / "client.pem"))
    client.private_key_pem.write_to_path(str(folder / "client.key"))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    proxy = FaultProxy(server_url)
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
    with proxy.running():
        yield f"https://localhost:{proxy.server_address[1]}"
