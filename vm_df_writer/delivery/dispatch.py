"""Dispatch: one call of `Sender.deliver`, its threads, and the bodies that are in their hands."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from itertools import count
from queue import SimpleQueue

from vm_df_writer.delivery.concurrency_limit import ConcurrencyLimiter, Stopped
from vm_df_writer.delivery.encoded_body import EncodedBody
from vm_df_writer.delivery.observer import RequestWatch
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.delivery.outcome import Halving, Outcome
from vm_df_writer.delivery.retry import Attempts, Retry, RetryPolicy
from vm_df_writer.errors import DeliveryError
from vm_df_writer.wire.packing import Body

__all__ = ["Dispatch"]

_log = logging.getLogger(__name__)

# Beside those in flight: one ready to go, and one being made.
_BODIES_AHEAD = 2

# A first body of this size is most often the only one. To start a thread for it, and to wait for
# that, takes longer than to send it.
_SMALL_BYTES = 2**15

# How long an interrupted delivery waits for the answers to what is in flight.
_GRACE_S = 2.0

_NOT_SENT = "delivery: interrupted before these samples were sent; write them again"
_ABANDONED = "delivery: given up before all of it was sent; write it again"
_NOT_ANSWERED = (
    "delivery: interrupted while the server had not answered yet, so that it may or may not "
    "store these samples; write them again"
)
_DEFECT = "delivery: sending failed with an unexpected {}; see its traceback, and write again"

_END = object()


@dataclass(eq=False, repr=False)
class Dispatch:
    """One call of `Sender.deliver`.

    What always holds: a body that was pulled is in `_waiting`, in `_in_flight`, or settled. A
    KeyboardInterrupt strikes in the caller's thread, between any two steps. That thread therefore
    only pulls bodies and waits, on objects made in C that are never half changed; the first
    interrupt ends that, and settles what is in the two. Interrupts are held meanwhile
    (`OneInterrupt`), and no other thread is needed for it.
    (`test_ctrl_c_between_any_two_steps_of_the_callers_thread_loses_no_body` shows it.)
    While that thread itself sends a body, interrupts are postponed until there is an answer.
    """

    encode: Callable[[Body], EncodedBody]
    policy: RetryPolicy
    concurrency: int
    limiter: ConcurrencyLimiter
    on_result: Callable[[Outcome], object]
    on_retry: Callable[[Retry], object]
    interrupt: OneInterrupt
    halving: Halving
    watch: RequestWatch

    def __post_init__(self) -> None:
        """Begin with nothing pulled."""
        self._struck: BaseException | None = None  # by which a wait of the caller's thread ended
        self._is_retry_told = False
        self._is_given_up = False
        self._threads: list[threading.Thread] = []
        self._waiting: deque[Body] = deque()
        self._calls: SimpleQueue[None] = SimpleQueue()  # one per body; one more ends a thread
        self._places: SimpleQueue[None] = SimpleQueue()  # what may still be pulled
        self._n_places = self.concurrency + _BODIES_AHEAD
        for _ in range(self._n_places):
            self._places.put(None)
        self._lock = threading.Condition()  # guards what follows, and taking from `_waiting`
        self._in_flight: dict[Attempts, Body] = {}
        self._failure: DeliveryError | None = None
        self._defect: Exception | None = None

    def run(self, bodies: Iterable[Body]) -> None:
        """Return or raise when every body that was pulled is settled."""
        try:
            self._feed(bodies)
            for _ in range(self._n_places - 1):  # `_feed` holds the last one
                self._get_place()
            self._dismiss()
            for thread in self._threads:
                thread.join()
        except BaseException:
            self.interrupt.hold()
            self._abandon()
            raise
        if self._defect is not None:
            raise self._defect

    def give_up(self) -> None:
        """End `run` by an error, as a Ctrl-C would; called from another thread."""
        self._is_given_up = True
        self.limiter.stop()
        self._places.put(None)  # for which it may wait

    def _get_place(self) -> None:
        self._places.get()
        if self._is_given_up:
            raise DeliveryError(_ABANDONED)

    def _feed(self, bodies: Iterable[Body]) -> None:
        # From the iterator into the queue without leaving C: no interrupt can lose a body there.
        pulled = map(self._waiting.append, bodies)
        for number in count():
            self._get_place()
            if self._failure or self._defect or next(pulled, _END) is _END:
                return
            self._calls.put(None)
            is_small = not number and len(self._waiting[0].data) <= _SMALL_BYTES
            if not is_small and len(self._threads) < self.concurrency:
                self._start_thread()
            if not self._threads:
                self._deliver_here()
                self._places.put(None)

    def _start_thread(self) -> None:
        """Start a thread, or do with fewer: the system allows only so many, or has no memory."""
        # With the caller's context variables: spans and log filters find their parent there.
        context, name = copy_context(), "vm_df_writer sender"
        thread = threading.Thread(target=context.run, args=(self._work,), name=name, daemon=True)
        self._threads.append(thread)
        self.interrupt.postpone()  # struck there, `start` may break the new thread's locks
        try:
            thread.start()
        except RuntimeError:
            self._threads.pop()
            self.concurrency = len(self._threads)
        finally:
            self.interrupt.resume()

    def _work(self) -> None:
        while self._deliver_next():
            self._places.put(None)

    def _deliver_next(self) -> bool:
        self._calls.get()
        with self._lock:
            if not self._waiting:
                return False
            attempts = Attempts(self.policy, self.limiter.sleep, self._tell)
            body = self._in_flight[attempts] = self._waiting[0]
            self._waiting.popleft()
        outcomes = self.halving.deliver(body, attempts, self._send)
        with self._lock:
            if self._in_flight.pop(attempts, None) is not None:  # else it was given up
                for outcome in outcomes:
                    self._enter(outcome)
                self._lock.notify_all()
        return True

    def _deliver_here(self) -> None:
        """Deliver a body in the caller's thread, while there is no other one.

        An interrupt strikes once the answer is there and settled, or else after the grace.
        """
        self._calls.get()
        attempts = Attempts(self.policy, self._sleep_here, self._tell)
        body = self._in_flight[attempts] = self._waiting[0]
        self._waiting.popleft()
        self.interrupt.postpone(_GRACE_S)
        try:
            outcomes = self.halving.deliver(body, attempts, self._send)
            self._settle_here(attempts, outcomes)
        finally:
            self.interrupt.resume()
        if self._struck is not None:
            raise self._struck

    def _settle_here(self, attempts: Attempts, outcomes: Sequence[Outcome]) -> None:
        self.interrupt.postpone()
        del self._in_flight[attempts]
        for outcome in outcomes:
            self._enter(outcome)

    def _sleep_here(self, seconds: float) -> None:
        try:
            self.interrupt.resume()
            self.limiter.sleep(seconds)
        except BaseException as struck:  # noqa: BLE001 - raised once the body is settled
            self._struck = struck
            raise Stopped from None
        finally:
            self.interrupt.postpone(_GRACE_S)

    def _tell(self, retry: Retry) -> None:
        """Tell of another attempt; whoever hears of it cannot harm the delivery."""
        is_first = not (self._is_retry_told or retry.at_once)
        self._is_retry_told |= is_first
        with suppress(Exception):
            _log.log(logging.WARNING if is_first else logging.INFO, "%s", retry)
            self.on_retry(retry)

    def _send(self, body: Body, attempts: Attempts) -> Outcome:
        if self._failure is not None:
            return Outcome(body, self._failure, 0, 0, in_doubt=False)
        try:
            encoded = self.encode(body)
            attempts.run(partial(self.watch.request, self.limiter, encoded.send))
        except DeliveryError as error:
            return Outcome(body, error, 0, attempts.made, attempts.in_doubt)
        except Stopped:
            failure = attempts.error or DeliveryError(_NOT_SENT)
            return Outcome(body, failure, 0, attempts.made, attempts.in_doubt)
        except Exception as defect:  # noqa: BLE001 - whatever it is, the body is accounted for
            failure = DeliveryError(_DEFECT.format(type(defect).__name__), in_doubt=True)
            failure.__cause__ = defect
            return Outcome(body, failure, 0, attempts.made + 1, in_doubt=True)
        self.watch.acknowledged(body.n_samples, encoded.size)
        return Outcome(body, None, encoded.size, attempts.made, attempts.in_doubt)

    def _enter(self, outcome: Outcome) -> None:
        if not outcome.others_may_follow:
            self._failure = self._failure or outcome.error
        try:
            self.on_result(outcome)
        except Exception as defect:  # noqa: BLE001 - raised again by `run`
            self._defect = self._defect or defect

    def _abandon(self) -> None:
        """Settle all that was pulled, soon."""
        self.limiter.stop()
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
