"""The coding that a server is known to understand."""

from __future__ import annotations

import logging

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.transport.client import HttpClient

__all__ = ["negotiate_encoding", "understands_zstd"]

_log = logging.getLogger(__name__)

# Blank lines, and no zstd.
_NOT_ZSTD = b"\n" * 16


def negotiate_encoding(requested: str, client: HttpClient) -> str | None:
    """Return the wished coding, or ``gzip`` if the server does not understand it.

    Parameters
    ----------
    wished : {"none", "gzip", "zstd"}
        The coding to use if possible. Only ``zstd`` has to be asked for.
    client : HttpClient
        Asks the server.

    Returns
    -------
    str or None
        None if the server gave no answer that tells.

    Examples
    --------
    >>> negotiate_encoding("zstd", client)  # doctest: +SKIP
    'zstd'
    """
    if requested != "zstd":
        return requested
    understood = understands_zstd(client)
    if understood is False:
        _log.warning("compression: the server does not decode zstd, so gzip is used instead")
        return "gzip"
    return "zstd" if understood else None


def understands_zstd(client: HttpClient) -> bool | None:
    """Return whether the server decodes zstd; None if it gave no answer that tells.

    A server before v1.114 or so takes no notice of ``Content-Encoding: zstd``: it answers 204,
    stores nothing and hardly counts it. So it is sent something that is not zstd. One that
    decodes zstd must answer 400. One that does not finds only blank lines, which it skips
    without counting them, and answers 204.
    """
    try:
        client.post_import(_NOT_ZSTD, content_encoding="zstd")
    except ServerRejected as error:
        return True if error.status == 400 else None
    except DeliveryError:
        return None
    return False
