"""Which failures are tried again and when, and what they leave in doubt. No threads, no network."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.display.text import describe_seconds
from vm_df_writer.errors import DeliveryError, ServerRejected, ServerUnavailable
from vm_df_writer.transport.receiver import RETRIED_STATUSES

__all__ = ["Attempts", "EncodingInDoubt", "Retry", "RetryPolicy"]


class EncodingInDoubt(ServerRejected):
    """The server may not know the encoding, whatever it answered; another attempt uses another."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long and how often a body is tried again.

    The waits grow exponentially and have full jitter: each is drawn evenly between
    zero and the current bound. `Retry-After` is a lower bound for the wait.

    Attributes
    ----------
    reconnect_attempts : int
        How often a body is sent again after a connection error or a timeout. An older
        connection that breaks without an answer does not count, and needs no wait: the
        server may have closed it, being idle, just as the request was on its way.
    deadline_s : float
        For how long a body is sent again, from its first failure on. A last attempt
        is made when this time is up, unless the server asked for a longer wait.
    first_wait_s, longest_wait_s : float
        The bound of the first wait, and the one beyond which it does not grow.
    """

    reconnect_attempts: int = 1
    deadline_s: float = 120.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0

    @classmethod
    def of(cls, config: WriterConfig) -> Self:
        """Return the policy that a configuration describes."""
        return cls(config.connection_retry_attempts, config.retry_deadline_s)


@dataclass(frozen=True, slots=True)
class Retry:
    """Another attempt to come.

    Attributes
    ----------
    error : DeliveryError
        What the last attempt ran into.
    wait_s : float
        How long it is waited.
    left_s : float
        For how long attempts are made from now on.
    at_once : bool
        Whether this is no sign of trouble: an idle connection was closed, or the encoding changes.

    Examples
    --------
    >>> print(Retry(ServerRejected("http://h/import: answered 503"), 4.2, 108.0))
    http://h/import: answered 503; trying again in 4.2 s (attempts end in 2 min)
    """

    error: DeliveryError
    wait_s: float
    left_s: float
    at_once: bool = False

    @property
    def brief(self) -> str:
        """What a progress bar has room for."""
        error = self.error
        reason = f"answered {error.status}" if isinstance(error, ServerRejected) else "no answer"
        return f"{reason}, trying again (attempts end in {describe_seconds(self.left_s)})"

    def __str__(self) -> str:
        """Say why, when, and until when."""
        if self.at_once:
            return f"{self.error.message}; sending again at once"
        left = describe_seconds(self.left_s)
        return f"{self.error.message}; trying again in {self.wait_s:.1f} s (attempts end in {left})"


@dataclass(eq=False)
class Attempts:
    """The attempts to deliver one body.

    Attributes
    ----------
    policy : RetryPolicy
        When to try again.
    sleep : callable
        Waits for so many seconds; may raise to end the attempts.
    on_retry : callable
        Called before each wait.
    made : int
        Attempts that came to an end.
    in_doubt : bool
        True if the server may have stored what one of them sent, without acknowledging it.
    error : DeliveryError or None
        What the last one ran into; None before the first failure, and after a success.

    Examples
    --------
    >>> statuses = iter([503, 429])
    >>> def send():
    ...     for status in statuses:
    ...         raise ServerRejected("the server is busy", status=status, in_doubt=True)
    >>> attempts = Attempts(RetryPolicy(), sleep=lambda seconds: None)
    >>> attempts.run(send)
    >>> attempts.made, attempts.in_doubt
    (3, True)
    """

    policy: RetryPolicy
    sleep: Callable[[float], None]
    on_retry: Callable[[Retry], object] = lambda _: None
    made: int = field(default=0, init=False)
    in_doubt: bool = field(default=False, init=False)
    error: DeliveryError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Begin with no attempt."""
        policy = self.policy
        self._backoff = wait_random_exponential(policy.first_wait_s, policy.longest_wait_s)
        self._deadline = 0.0
        self._unavailable = 0
        self._at_once = False

    def anew(self) -> Self:
        """Return attempts for another body, in the same way."""
        return replace(self)

    def run(self, send: Callable[[], None]) -> None:
        """Call `send` until it succeeds; raise what it raised last if it does not."""
        retrying = Retrying(
            sleep=self.sleep,
            retry=retry_if_exception(self._may_be_retried),
            wait=self._wait_s,
            stop=self._is_over,
            before_sleep=self._tell,
            reraise=True,
        )
        retrying(self._attempt, send)

    def _attempt(self, send: Callable[[], None]) -> None:
        try:
            send()
        except DeliveryError as error:
            self.made += 1
            self._note(error)
            raise
        self.made += 1
        self.error = None

    def _note(self, error: DeliveryError) -> None:
        if self.error is None:
            self._deadline = time.monotonic() + self.policy.deadline_s
        self.error = error
        self.in_doubt |= error.in_doubt
        # This comes to an end: each stale connection is one idle one less, and an encoding is in
        # doubt once.
        is_stale = isinstance(error, ServerUnavailable) and error.stale
        self._at_once = is_stale or isinstance(error, EncodingInDoubt)
        if isinstance(error, ServerUnavailable) and not is_stale:
            self._unavailable += 1

    def _may_be_retried(self, error: BaseException) -> bool:
        if isinstance(error, EncodingInDoubt):
            return True
        if isinstance(error, ServerRejected):
            return error.status in RETRIED_STATUSES
        if isinstance(error, ServerUnavailable) and not _is_untrusted(error):
            return self._unavailable <= self.policy.reconnect_attempts
        return False

    def _wait_s(self, state: RetryCallState) -> float:
        if self._at_once:
            return 0.0
        time_left = max(0.0, self._deadline - time.monotonic())
        return max(min(self._backoff(state), time_left), _retry_after_s(self.error))

    def _tell(self, state: RetryCallState) -> None:
        if self.error is not None and state.next_action is not None:
            left_s = max(0.0, self._deadline - time.monotonic())
            self.on_retry(Retry(self.error, state.next_action.sleep, left_s, self._at_once))

    def _is_over(self, _: RetryCallState) -> bool:
        time_left = self._deadline - time.monotonic()
        return not self._at_once and time_left <= _retry_after_s(self.error)


def _retry_after_s(error: DeliveryError | None) -> float:
    return (isinstance(error, ServerRejected) and error.retry_after_s) or 0.0


def _is_untrusted(error: ServerUnavailable) -> bool:
    return isinstance(error.__cause__, ssl.SSLCertVerificationError)
