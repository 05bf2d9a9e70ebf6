"""Whether a server's samples can be replaced, which takes deleting and importing whole series."""

from __future__ import annotations

import re

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import ReplaceError, ServerRejected
from vm_df_writer.operations.existing.whole_series import SeriesAccess
from vm_df_writer.server.server import ServerPair
from vm_df_writer.server.server_info import ServerInfo, describe_flags

__all__ = ["require_replaceable"]

# Measured on 1.79.5, 1.112, 1.145 and 1.150: after a flush, a deletion concerns all that was taken
# before, and nothing that is taken after it was acknowledged.
_OLDEST_VERSION = (1, 79)
_NO_SUCH_SERIES = '{__name__="vm_df_writer_asks_whether_it_may_delete"}'


def require_replaceable(backend: Backend, access: SeriesAccess) -> None:
    """Refuse a server on which a replacement could lose samples, or could not be carried out.

    Raises
    ------
    ReplaceError
        Says why.
    """
    servers = backend.server.info()
    _require_single_node(backend, servers)
    if altering := servers.write.altering:
        raise ReplaceError(
            f"the server runs with {describe_flags(altering)}, so that what is exported would not "
            "be stored as it is"
        )
    version = _version_of(servers.write)
    if version is not None and version < _OLDEST_VERSION:
        raise ReplaceError(
            f"the server is of version {servers.write.version}, on which it was not tried",
            hint="use a server of v1.79 or newer",
        )
    if servers.deduplication() is not None and not _is_new(servers.write, version):
        raise ReplaceError(
            "the server deduplicates, and is older than v1.86 or does not tell its version: killed "
            "during the import, such a one showed deleted samples again",
            hint="use a newer server, or write to series of other labels",
        )
    for what, path, ask in (
        ("flush its buffers", "/internal/force_flush", access.flush),
        (
            "delete series",
            "/api/v1/admin/tsdb/delete_series",
            lambda: access.delete([_NO_SUCH_SERIES]),
        ),
    ):
        try:
            ask()
        except ServerRejected as error:
            raise ReplaceError(
                f"the server does not let us {what} ({path}: status {error.status})",
                hint="let these credentials do so, and set delete_auth_key to its -deleteAuthKey "
                "if it has one",
            ) from None


def _require_single_node(backend: Backend, servers: ServerPair) -> None:
    endpoint, kind = backend.endpoint, servers.write.kind
    if backend.config.protocol != "import":
        reason = "samples are put back as import lines, and protocol is remote_write"
    elif endpoint.tenant is not None or kind in ("vminsert", "vmselect", "vmstorage"):
        reason = "it is a cluster, on which it was not tried"
    elif kind == "vmagent":
        reason = "it is a vmagent, which hands samples on later and deletes none"
    elif kind == "vmauth":
        reason = "it is a vmauth, which does not tell what is behind it"
    elif kind != "single":
        reason = "it does not tell (/metrics) what it is"
    elif endpoint.read_root != endpoint.write_root:
        reason = f"samples are read from another one, {endpoint.read_root}"
    else:
        return
    raise ReplaceError(
        f"{endpoint.write_root}: {reason}",
        hint="write to a single-node VictoriaMetrics itself, or to series of other labels",
    )


def _is_new(server: ServerInfo, version: tuple[int, ...] | None) -> bool:
    """Say whether a server is of v1.86 or newer; packages leave the version empty."""
    if version is not None:
        return version >= (1, 86)
    return "inmemoryDataFlushInterval" in server.flags


def _version_of(server: ServerInfo) -> tuple[int, ...] | None:
    """Return the version that a server tells.

    Examples
    --------
    >>> _version_of(ServerInfo(version="v1.150.0")), _version_of(ServerInfo())
    ((1, 150), None)
    """
    found = re.match(r"v?(\d+)\.(\d+)", server.version or "")
    return None if found is None else tuple(map(int, found.groups()))
