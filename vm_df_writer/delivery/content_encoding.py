"""The content encoding that a server is known to understand, and for how long that is known."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.receiver import IMPORTING, OTHER
from vm_df_writer.wire.compression import compress

__all__ = ["UNKNOWN_ENCODING", "EncodingAgreement", "understands_zstd"]

_log = logging.getLogger(__name__)

# Blank lines, and no zstd.
_NOT_ZSTD = b"\n" * 16

# How a server answers to remote write in an encoding that it does not know.
UNKNOWN_ENCODING = frozenset({400, 415})

# A proxy may keep its connections open while another server takes the place of the one behind it.
_SHOWN_FOR_S = 60.0


class EncodingAgreement:
    """Which encoding to use before one server; only ``zstd`` has to be agreed.

    That a server decodes zstd has an end: another version may take its place, which answers 204
    to import lines and stores nothing. So it counts for a minute, and only for connections that
    were open by then. To remote write such a server answers an error.
    A server that showed that it does not is sent the encoding before zstd from then on.

    Threads may share an agreement: at worst two of them ask at once.

    Parameters
    ----------
    requested : str
        The encoding to use if possible.
    client : HttpClient
        Asks the server; its wire has the encodings.
    clock : callable
        Monotonic seconds.

    Examples
    --------
    >>> EncodingAgreement("zstd", client).choose()  # doctest: +SKIP
    'zstd'
    """

    def __init__(
        self, requested: str, client: HttpClient, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.fallback: str = client.wire.encodings[-2]
        self._requested = requested
        self._client = client
        self._clock = clock
        self._is_refused = False
        self._shown: tuple[object, float] | None = None  # the newest connection then, and when

    def choose(self) -> str:
        """Return the encoding of the next body: the fallback while the server shows nothing."""
        if self._requested != "zstd":
            return self._requested
        if self._shown is None:
            self._ask()
        return "zstd" if self._shown is not None and not self._is_refused else self.fallback

    def holds(self) -> bool:
        """Say whether zstd was understood until now, and ask again if that is not known.

        If not, what was just sent so may be stored or not, whatever the answer was.
        """
        if not (self._client.wire.refuses_unknown_encodings or self._is_shown_still()):
            self._ask()
        return self._shown is not None and not self._is_refused

    def is_lost(self) -> bool:
        """Say whether the server does not decode zstd any more, as its answer may mean."""
        self._ask()
        return self._is_refused

    def _is_shown_still(self) -> bool:
        if self._shown is None:
            return False
        connection, at_s = self._shown
        is_recent = self._clock() - at_s <= _SHOWN_FOR_S
        return is_recent and connection is self._client.newest_connection

    def _ask(self) -> None:
        if self._is_refused:
            return
        # Before it asks: of what is opened meanwhile, in another thread, the answer tells nothing.
        now = self._client.newest_connection, self._clock()
        understood = understands_zstd(self._client)
        self._shown = now if understood else None
        if understood is False:
            self._is_refused = True
            _log.warning(
                "compression: the server does not decode zstd, so %s is used instead", self.fallback
            )


def understands_zstd(client: HttpClient) -> bool | None:
    """Return whether the server decodes zstd; None if it gave no answer that tells.

    Remote write is tried with an empty body: what does not decode it answers an error.

    To import lines, a server before v1.114 or so takes no notice of ``Content-Encoding: zstd``: it
    answers 204, stores nothing and hardly counts it. So it is sent something that is not zstd. One
    that decodes zstd must answer 400. One that does not finds only blank lines, which it skips
    without counting them, and answers 204.
    """
    knows = client.wire.refuses_unknown_encodings
    probe = compress(b"", "zstd") if knows else _NOT_ZSTD
    try:
        client.post_import(probe, content_encoding="zstd", receiver=OTHER if knows else IMPORTING)
    except ServerRejected as error:
        if knows:
            return False if error.status in UNKNOWN_ENCODING else None
        return True if error.status == 400 else None
    except DeliveryError:
        return None
    return knows
