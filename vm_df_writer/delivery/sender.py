"""Bodies on their way to the server, and what becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import partial

from vm_df_writer.delivery.concurrency_limit import ConcurrencyLimiter, RequestRoom
from vm_df_writer.delivery.content_encoding import EncodingAgreement
from vm_df_writer.delivery.dispatch import Dispatch
from vm_df_writer.delivery.encoded_body import EncodedBody
from vm_df_writer.delivery.observer import NULL_OBSERVER, RequestWatch
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.delivery.outcome import Halving, Outcome
from vm_df_writer.delivery.retry import Retry, RetryPolicy
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.receiver import IMPORTING, Receiver
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import Body

__all__ = ["Outcome", "RetryPolicy", "Sender", "Throttle"]

_UNWATCHED = partial(RequestWatch, NULL_OBSERVER, "")

Throttle = Callable[[Iterable[Body]], Iterator[Body]]
"""Passes bodies on, each when it may be sent; may end before they do."""


@dataclass(eq=False, repr=False)
class Sender:
    """Sends bodies to one server; has no threads but within a call.

    Attributes
    ----------
    client : HttpClient
        Makes the requests.
    retry : RetryPolicy
        When a body is sent again.
    concurrency : int
        Most requests that a call of `deliver` has in flight. Fewer while the server
        keeps answering 429 or 503.
    encoding : {"none", "gzip", "zstd"}
        How bodies are compressed. ``zstd`` becomes ``gzip`` unless the server shows, and goes on
        showing, that it decodes zstd, since an old one answers 204 and stores nothing.
    timeout_s : float
        How long to wait for an answer; a second more for every 64 KiB of a body.
    throttle : Throttle
        When each body may be sent; by default at once.
    watch : callable
        Makes of a query key what hears of each request, and of each body that is acknowledged.
    room : RequestRoom, optional
        For the requests of all calls together; by default each call has its own.

    Raises
    ------
    ConfigError
        If the encoding is unknown, or nothing is installed that can do it.
    """

    client: HttpClient
    _: KW_ONLY
    retry: RetryPolicy
    concurrency: int
    encoding: str
    timeout_s: float
    throttle: Throttle = iter
    watch: Callable[[str], RequestWatch] = _UNWATCHED
    room: RequestRoom | None = None

    def __post_init__(self) -> None:
        """Refuse an encoding that is not to be had, here rather than in a thread."""
        compress(b"", self.encoding)
        self._agreement = EncodingAgreement(self.encoding, self.client)
        self._running: set[Dispatch] = set()

    def deliver(
        self,
        bodies: Iterable[Body],
        on_result: Callable[[Outcome], object],
        on_retry: Callable[[Retry], object] = lambda _: None,
        *,
        receiver: Receiver = IMPORTING,
        query_key: str = "",
    ) -> None:
        """Send bodies until there are no more, or until one has failed for good.

        Bodies are pulled in the caller's thread, while others are in flight; two more
        than `concurrency` are in memory at most. A first body that is small, and most often
        the only one, is sent by the caller's thread. After a failure no other body is
        pulled or started; those in flight are brought to their end. It is no such failure if
        the receiver stores nothing of a body for the sake of a series in it: then halves of the
        body are sent, and settled, in its place.

        The first body that is sent again is logged as a warning, all others as information.

        If pulling a body raises, or Ctrl-C is pressed, nothing more is sent. What is in
        flight has two seconds left to be acknowledged; if it is not, it is in doubt,
        and its thread outlives the call until the request times out.

        Parameters
        ----------
        bodies : iterable of Body
            What to send.
        on_result : callable
            Called with the outcome of every body that was pulled: once for each, in any
            order, and before this method returns or raises. The calls come one at a
            time, and no Ctrl-C can tear them.
        on_retry : callable
            Called before each wait for another attempt, from any thread.
        receiver : Receiver
            What the server's answers mean.
        query_key : str
            What the observer is told of the bodies.

        Examples
        --------
        >>> outcomes = []
        >>> sender.deliver(bodies, outcomes.append)  # doctest: +SKIP
        """
        watch = self.watch(query_key)
        concurrency = 1 if receiver.needs_order else self.concurrency
        with OneInterrupt() as interrupt:
            dispatch = Dispatch(
                partial(self._encode, receiver=receiver),
                self.retry,
                concurrency,
                ConcurrencyLimiter(self.room or RequestRoom(concurrency)),
                on_result,
                on_retry,
                interrupt,
                Halving(receiver),
                watch,
            )
            self._running.add(dispatch)
            try:
                dispatch.run(self.throttle(bodies))
            finally:
                self._running.discard(dispatch)

    def give_up(self) -> None:
        """End all calls of `deliver` in other threads, each by an error, as Ctrl-C would.

        What is in flight has two seconds left to be acknowledged.
        """
        for dispatch in self._running.copy():
            dispatch.give_up()

    def _encode(self, body: Body, receiver: Receiver) -> EncodedBody:
        return EncodedBody(body.data, self._agreement, self.client, receiver, self.timeout_s)
