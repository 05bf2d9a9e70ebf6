"""Bodies on their way to the server, and what becomes of each."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

from vm_df_writer.delivery.concurrency_limit import ConcurrencyLimiter, Stopped
from vm_df_writer.delivery.content_encoding import EncodingAgreement
from vm_df_writer.delivery.encoded_body import EncodedBody
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.delivery.retry import Attempts, RetryPolicy
from vm_df_writer.errors import DeliveryError
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import Body

__all__ = ["Outcome", "RetryPolicy", "Sender", "Throttle"]

Throttle = Callable[[Iterable[Body]], Iterator[Body]]
"""Passes bodies on, each when it may be sent; may end before they do."""

# Beside those in flight: one ready to go, and one being made.
_BODIES_AHEAD = 2

# How long an interrupted delivery waits for the answers to what is in flight.
_GRACE_S = 2.0

_NOT_SENT = "delivery: interrupted before these samples were sent; write them again"
_NOT_ANSWERED = (
    "delivery: interrupted while the server had not answered yet, so that it may or may not "
    "store these samples; write them again"
)
_DEFECT = "delivery: sending failed with an unexpected {}; see its traceback, and write again"

_END = object()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one body.

    Attributes
    ----------
    body : Body
        The body.
    error : DeliveryError or None
        None if the server acknowledged the body; else why it did not.
    bytes_sent : int
        Size of an acknowledged body as it went over the wire; 0 if it is not acknowledged.
    attempts : int
        Requests made for it; 0 if it was never sent.
    in_doubt : bool
        True if an attempt that was not acknowledged may have been stored.
    """

    body: Body
    error: DeliveryError | None
    bytes_sent: int
    attempts: int
    in_doubt: bool


class Sender:
    """Sends bodies to one server; has no threads and no locks but within a call.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    retry : RetryPolicy
        When a body is sent again.
    concurrency : int
        Most requests that a call of `deliver` has in flight. Fewer while the server
        keeps answering 429 or 503.
    coding : {"none", "gzip", "zstd"}
        How bodies are compressed. ``zstd`` becomes ``gzip`` unless the server shows, and goes on
        showing, that it decodes zstd, since an old one answers 204 and stores nothing.
    timeout_s : float
        How long to wait for an answer; a second more for every 64 KiB of a body.
    turns : Throttle
        When each body may be sent; by default at once.

    Raises
    ------
    ConfigError
        If the coding is unknown, or nothing is installed that can do it.
    """

    def __init__(
        self,
        client: HttpClient,
        *,
        retry: RetryPolicy,
        concurrency: int,
        encoding: str,
        timeout_s: float,
        throttle: Throttle = iter,
    ) -> None:
        compress(b"", encoding)  # fails here rather than in a thread
        self._client = client
        self._retry = retry
        self._concurrency = concurrency
        self._agreement = EncodingAgreement(encoding, client)
        self._timeout_s = timeout_s
        self._throttle = throttle

    def deliver(self, bodies: Iterable[Body], on_result: Callable[[Outcome], object]) -> None:
        """Send bodies until there are no more, or until one has failed for good.

        Bodies are pulled in the caller's thread, while others are in flight; two more
        than `concurrency` are in memory at most. After a failure no other body is
        pulled or started; those in flight are brought to their end.

        If pulling a body raises, or Ctrl-C is pressed, nothing more is sent. What is in
        flight has two seconds left to be acknowledged; if it is not, it is in doubt,
        and its thread outlives the call until the request times out.

        Parameters
        ----------
        bodies : iterable of Body
            What to send.
        settle : callable
            Called with the outcome of every body that was pulled: once for each, in any
            order, and before this method returns or raises. The calls come one at a
            time, from threads of the sender, where no Ctrl-C can tear them.

        Examples
        --------
        >>> outcomes = []
        >>> sender.deliver(bodies, outcomes.append)  # doctest: +SKIP
        """
        delivery = _Delivery(self._encode, self._retry, self._concurrency, on_result)
        with OneInterrupt() as interrupt:
            delivery.run(self._throttle(bodies), interrupt)

    def _encode(self, body: Body) -> EncodedBody:
        return EncodedBody(body.data, self._agreement, self._client, timeout_s=self._timeout_s)


class _Delivery:
    """One call of `Sender.deliver`.

    What always holds: a body that was pulled is in `_waiting`, in `_in_flight`, or settled. A
    KeyboardInterrupt strikes in the caller's thread, between any two steps. That thread therefore
    only pulls bodies and waits, on objects made in C that are never half changed; the first
    interrupt ends that, and settles what is in the two. Interrupts are held meanwhile
    (`OneInterrupt`), and no other thread is needed for it.
    (`test_ctrl_c_between_any_two_steps_of_the_callers_thread_loses_no_body` shows it.)
    """

    def __init__(
        self,
        encode: Callable[[Body], EncodedBody],
        policy: RetryPolicy,
        concurrency: int,
        on_result: Callable[[Outcome], object],
    ) -> None:
        self._encode = encode
        self._policy = policy
        self._concurrency = concurrency
        self._on_result = on_result
        self._limiter = ConcurrencyLimiter(concurrency)
        self._threads: list[threading.Thread] = []
        self._waiting: deque[Body] = deque()
        self._calls: SimpleQueue[None] = SimpleQueue()  # one per body; one more ends a thread
        self._places: SimpleQueue[None] = SimpleQueue()  # what may still be pulled
        self._n_places = concurrency + _BODIES_AHEAD
        for _ in range(self._n_places):
            self._places.put(None)
        self._lock = threading.Condition()  # guards what follows, and taking from `_waiting`
        self._in_flight: dict[Attempts, Body] = {}
        self._failure: DeliveryError | None = None
        self._defect: Exception | None = None

    def run(self, bodies: Iterable[Body], interrupt: OneInterrupt) -> None:
        """Return or raise when every body that was pulled is settled."""
        try:
            self._feed(bodies)
            for _ in range(self._n_places - 1):  # `_feed` holds the last one
                self._places.get()
            self._dismiss()
            for thread in self._threads:
                thread.join()
        except BaseException:
            interrupt.hold()
            self._abandon()
            raise
        if self._defect is not None:
            raise self._defect

    def _feed(self, bodies: Iterable[Body]) -> None:
        # From the iterator into the queue without leaving C: no interrupt can lose a body there.
        pulled = map(self._waiting.append, bodies)
        while True:
            self._places.get()
            if self._failure or self._defect or next(pulled, _END) is _END:
                return
            self._calls.put(None)
            if len(self._threads) < self._concurrency:
                self._start_thread()
            if not self._threads:
                self._deliver_next()
                self._places.put(None)

    def _start_thread(self) -> None:
        """Start a thread, or do with fewer: the system allows only so many, or has no memory."""
        self._threads.append(threading.Thread(target=self._work, daemon=True))
        try:
            self._threads[-1].start()
        except RuntimeError:
            self._threads.pop()
            self._concurrency = len(self._threads)

    def _work(self) -> None:
        while self._deliver_next():
            self._places.put(None)

    def _deliver_next(self) -> bool:
        self._calls.get()
        with self._lock:
            if not self._waiting:
                return False
            attempts = Attempts(self._policy, self._limiter.sleep)
            body = self._in_flight[attempts] = self._waiting[0]
            self._waiting.popleft()
        outcome = self._send(body, attempts)
        with self._lock:
            if self._in_flight.pop(attempts, None) is not None:  # else it was given up
                self._enter(outcome)
                self._lock.notify_all()
        return True

    def _send(self, body: Body, attempts: Attempts) -> Outcome:
        if self._failure is not None:
            return Outcome(body, self._failure, 0, 0, in_doubt=False)
        try:
            encoded = self._encode(body)
            attempts.run(partial(self._request, encoded.send))
        except DeliveryError as error:
            return Outcome(body, error, 0, attempts.made, attempts.in_doubt)
        except Stopped:
            failure = attempts.error or DeliveryError(_NOT_SENT)
            return Outcome(body, failure, 0, attempts.made, attempts.in_doubt)
        except Exception as defect:  # noqa: BLE001 - whatever it is, the body is accounted for
            failure = DeliveryError(_DEFECT.format(type(defect).__name__), in_doubt=True)
            failure.__cause__ = defect
            return Outcome(body, failure, 0, attempts.made + 1, in_doubt=True)
        return Outcome(body, None, encoded.size, attempts.made, attempts.in_doubt)

    def _request(self, send: Callable[[], None]) -> None:
        with self._limiter:
            send()

    def _enter(self, outcome: Outcome) -> None:
        self._failure = self._failure or outcome.error
        try:
            self._on_result(outcome)
        except Exception as defect:  # noqa: BLE001 - raised again by `run`
            self._defect = self._defect or defect

    def _abandon(self) -> None:
        """Settle all that was pulled, soon."""
        self._limiter.stop()
        with self._lock:
            while self._waiting:
                body = self._waiting.popleft()
                if body not in self._in_flight.values():
                    self._enter(Outcome(body, DeliveryError(_NOT_SENT), 0, 0, in_doubt=False))
            if self._threads:
                self._lock.wait_for(lambda: not self._in_flight, _GRACE_S)
            while self._in_flight:
                attempts, body = self._in_flight.popitem()
                failure = DeliveryError(_NOT_ANSWERED, in_doubt=True)
                self._enter(Outcome(body, failure, 0, attempts.made + 1, in_doubt=True))
        self._dismiss()

    def _dismiss(self) -> None:
        for _ in self._threads:
            self._calls.put(None)
