"""EncodedBody: a body as it goes over the wire."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(eq=False, repr=False)
class EncodedBody:
    """Sends the same bytes at every attempt, unless the server turns out not to decode them.

    Attributes
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

    data: bytes
    agreement: EncodingAgreement
    client: HttpClient
    receiver: Receiver
    timeout_s: float

    def __post_init__(self) -> None:
        """Encode it."""
        self._encode(self.agreement.choose())

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return len(self._payload)

    def send(self) -> None:
        """Make one attempt; what it raises is `HttpClient`'s, or `EncodingInDoubt`."""
        try:
            self.client.post_import(
                self._payload,
                content_encoding=self._encoding,
                receiver=self.receiver,
                timeout_s=self.timeout_s + len(self.data) / _SLOWEST_BYTES_PER_S,
            )
        except ServerRejected as error:
            may_be_told = (
                self._encoding == "zstd"
                and self.client.wire.refuses_unknown_encodings
                and error.status in UNKNOWN_ENCODING
            )
            if not (may_be_told and self.agreement.is_lost()):
                raise
            self._encode(self.agreement.fallback)
            raise EncodingInDoubt(error.message, hint=error.hint, status=error.status) from None
        if self._encoding == "zstd" and not self.agreement.holds():
            self._encode(self.agreement.fallback)  # which every server decodes
            raise EncodingInDoubt(
                "compression: the server answered 204 to zstd, and may not decode it any more; "
                "write these samples again, or set compression to gzip",
                status=204,
                in_doubt=True,
            )

    def _encode(self, encoding: str) -> None:
        self._encoding = encoding
        self._payload = compress(self.data, encoding)
