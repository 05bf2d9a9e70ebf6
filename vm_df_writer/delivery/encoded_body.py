"""EncodedBody: a body as it goes over the wire."""

from __future__ import annotations

from vm_df_writer.delivery.content_encoding import UNKNOWN_ENCODING, EncodingAgreement
from vm_df_writer.delivery.retry import EncodingInDoubt
from vm_df_writer.errors import ServerRejected
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.receiver import Receiver
from vm_df_writer.wire.compression import compress

__all__ = ["EncodedBody"]

# A full body of 4 MiB is thus waited for 64 s longer than the `timeout`. A busy server holds a
# request for up to a minute (-insert.maxQueueDuration) until it stores it or answers 503. A client
# that gives up earlier sends the same samples twice to a server that has too much to do already.
_SLOWEST_BYTES_PER_S = 64 * 1024


class EncodedBody:
    """Sends the same bytes at every attempt, unless the server turns out not to decode them.

    Parameters
    ----------
    data : bytes
        The body.
    agreement : EncodingAgreement
        How to encode it.
    client : HttpClient
        Makes the requests.
    receiver : Receiver
        What the answers mean.
    timeout_s : float
        How long to wait for an answer; a second more for every 64 KiB of the body.
    """

    def __init__(
        self,
        data: bytes,
        agreement: EncodingAgreement,
        client: HttpClient,
        receiver: Receiver,
        *,
        timeout_s: float,
    ) -> None:
        self._data = data
        self._agreement = agreement
        self._client = client
        self._receiver = receiver
        self._timeout_s = timeout_s + len(data) / _SLOWEST_BYTES_PER_S
        self._encode(agreement.choose())

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return len(self._payload)

    def send(self) -> None:
        """Make one attempt; what it raises is `HttpClient`'s, or `EncodingInDoubt`."""
        try:
            self._client.post_import(
                self._payload,
                content_encoding=self._encoding,
                receiver=self._receiver,
                timeout_s=self._timeout_s,
            )
        except ServerRejected as error:
            is_told = self._client.wire.refuses_unknown_encodings
            if self._encoding != "zstd" or not is_told or error.status not in UNKNOWN_ENCODING:
                raise
            if not self._agreement.is_lost():
                raise
            self._encode(self._agreement.fallback)
            raise EncodingInDoubt(error.message, hint=error.hint, status=error.status) from None
        if self._encoding == "zstd" and not self._agreement.holds():
            self._encode(self._agreement.fallback)  # which every server decodes
            raise EncodingInDoubt(
                "compression: the server answered 204 to zstd, and may not decode it any more; "
                "write these samples again, or set compression to gzip",
                status=204,
                in_doubt=True,
            )

    def _encode(self, encoding: str) -> None:
        self._encoding = encoding
        self._payload = compress(self._data, encoding)
