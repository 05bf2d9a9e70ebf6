"""Which kind of receiver a server is, by what it reports of itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from vm_df_writer.errors import ServerRejected
from vm_df_writer.server.prometheus import takes_any_order
from vm_df_writer.server.server_info import IS_VICTORIA_METRICS, ServerInfo
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.transport.receiver import IMPORTING, OTHER, PROMETHEUS, VICTORIA_METRICS, Receiver
from vm_df_writer.wire.protocol import IMPORT_LINES, Wire

__all__ = ["find_receiver", "receiver_of"]


def find_receiver(client: HttpClient, endpoint: Endpoint, info: ServerInfo) -> Receiver:
    """Return what a server's answers mean; ask it further if it does not report what it is."""
    receiver = receiver_of(client.wire, info)
    if receiver is not OTHER:
        return receiver
    if not endpoint.import_query:
        with suppress(ServerRejected):  # by which vmagent finds out whether it may send zstd
            answer = client.get(endpoint.import_url, {"get_vm_proto_version": "1"})
            if answer.strip() == b"1":
                return VICTORIA_METRICS
    with suppress(ServerRejected):
        answered = client.post_import(client.wire.probe, receiver=OTHER)
        return receiver_of(client.wire, info, answered=answered)
    return OTHER


def receiver_of(wire: Wire, info: ServerInfo, *, answered: int | None = None) -> Receiver:
    """Return what a server's answers mean.

    Parameters
    ----------
    wire : Wire
        What it is sent.
    info : ServerInfo
        What it reports of itself.
    answered : int, optional
        The status of its answer to a body without samples: the one that it acknowledges by.

    Examples
    --------
    >>> from vm_df_writer.wire.protocol import REMOTE_WRITE
    >>> receiver_of(REMOTE_WRITE, ServerInfo(kind="prometheus", version="2.42.0")).needs_order
    True
    >>> receiver_of(REMOTE_WRITE, ServerInfo(), answered=200).successes
    frozenset({200})
    """
    if wire is IMPORT_LINES:
        return IMPORTING
    if info.kind in IS_VICTORIA_METRICS:
        return VICTORIA_METRICS
    if info.kind == "prometheus":
        return replace(
            PROMETHEUS,
            needs_order=not takes_any_order(info),
            needs_plain_names=_major(info.version) < 3,
        )
    # Only what it acknowledges an empty body by: a proxy before it may answer 200 on its own.
    return replace(OTHER, successes=frozenset({answered})) if answered else OTHER


def _major(version: str | None) -> int:
    major = (version or "").partition(".")[0]
    return int(major) if major.isdecimal() else 0
