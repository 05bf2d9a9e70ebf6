from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable

import pytest

from vm_df_writer.delivery.concurrency_limit import Stopped
from vm_df_writer.delivery.retry import Attempts, Retry, RetryPolicy
from vm_df_writer.errors import ConfigError, DeliveryError, ServerRejected, ServerUnavailable
from vm_df_writer.transport.receiver import RETRIED_STATUSES

POLICY = RetryPolicy(reconnect_attempts=1, deadline_s=120.0)


def rejected(status: int, retry_after_s: float | None = None) -> ServerRejected:
    return ServerRejected(f"answered {status}", status=status, retry_after_s=retry_after_s)


def unavailable(cause: BaseException | None = None, *, in_doubt: bool = False) -> ServerUnavailable:
    error = ServerUnavailable("no answer", in_doubt=in_doubt)
    error.__cause__ = cause
    return error


def stale() -> ServerUnavailable:
    """An older connection that ended before a byte of the answer."""
    return ServerUnavailable("no answer", stale=True, in_doubt=True)


class Script:
    """Fails as it is told, then succeeds; notes the waits between."""

    def __init__(
        self,
        failures: Iterable[DeliveryError],
        policy: RetryPolicy = POLICY,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.failures = iter(failures)
        self.waits: list[float] = []
        self.sent = 0
        self._really_sleep = sleep
        self.attempts = Attempts(policy, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self._really_sleep is not None:
            self._really_sleep(seconds)

    def send(self) -> None:
        self.sent += 1
        for failure in self.failures:
            raise failure

    def run(self) -> None:
        self.attempts.run(self.send)


def test_a_success_is_one_attempt_without_a_wait() -> None:
    script = Script([])
    script.run()
    assert (script.attempts.made, script.attempts.in_doubt, script.waits) == (1, False, [])
    assert script.attempts.error is None


@pytest.mark.parametrize("status", [200, 408, 429, 502, 503, 504])
def test_answers_that_pass_are_retried_beyond_the_reconnect_attempts(status: int) -> None:
    script = Script([rejected(status)] * 7)
    script.run()
    assert script.sent == script.attempts.made == 8


def test_no_other_answer_is_retried() -> None:
    for status in set(range(201, 600)) - RETRIED_STATUSES:
        script = Script([rejected(status)])
        with pytest.raises(ServerRejected, match=f"answered {status}"):
            script.run()
        assert script.sent == 1


@pytest.mark.parametrize("reconnect_attempts", [0, 1, 3])
def test_a_server_that_is_not_there_is_tried_again_so_many_times(reconnect_attempts: int) -> None:
    policy = RetryPolicy(reconnect_attempts=reconnect_attempts)
    script = Script([unavailable(ConnectionRefusedError())] * 9, policy)
    with pytest.raises(ServerUnavailable, match="no answer"):
        script.run()
    assert script.sent == script.attempts.made == 1 + reconnect_attempts


def test_a_timeout_counts_as_a_reconnect_attempt() -> None:
    script = Script([unavailable(TimeoutError(), in_doubt=True)] * 2)
    with pytest.raises(ServerUnavailable):
        script.run()
    assert script.sent == 2


def test_answers_use_up_no_reconnect_attempt() -> None:
    script = Script([rejected(503), rejected(503), unavailable(), rejected(503), rejected(429)])
    script.run()
    assert script.sent == 6


@pytest.mark.parametrize("times", [1, 3])
def test_connections_that_the_server_had_closed_are_excused_and_replaced_at_once(
    times: int,
) -> None:
    script = Script([stale()] * times, RetryPolicy(reconnect_attempts=0, deadline_s=0.0))
    script.run()
    assert script.sent == 1 + times
    assert script.waits == [0.0] * times
    assert script.attempts.in_doubt


def test_a_fresh_connection_that_breaks_is_not_excused() -> None:
    broken = unavailable(ConnectionResetError(), in_doubt=True)
    script = Script([broken], RetryPolicy(reconnect_attempts=0))
    with pytest.raises(ServerUnavailable):
        script.run()
    assert script.sent == 1


def test_an_excuse_does_not_use_up_a_reconnect_attempt() -> None:
    broken = unavailable(ConnectionResetError(), in_doubt=True)
    script = Script([stale(), broken, stale(), broken, broken])
    with pytest.raises(ServerUnavailable):
        script.run()
    assert script.sent == 4


def test_a_certificate_that_does_not_verify_is_never_tried_again() -> None:
    script = Script([unavailable(ssl.SSLCertVerificationError())], RetryPolicy(9))
    with pytest.raises(ServerUnavailable):
        script.run()
    assert script.sent == 1


def test_an_error_of_ours_is_not_retried() -> None:
    def send() -> None:
        raise ConfigError("wrong")

    with pytest.raises(ConfigError, match="wrong"):
        Attempts(POLICY, lambda _: None).run(send)


def test_waits_are_drawn_evenly_below_a_bound_that_doubles_up_to_a_limit() -> None:
    policy = RetryPolicy(first_wait_s=0.5, longest_wait_s=3.0, deadline_s=1e6)
    draws: list[list[float]] = []
    for _ in range(300):
        script = Script([rejected(503)] * 5, policy)
        script.run()
        draws.append(script.waits)
    for waits, bound in zip(zip(*draws, strict=True), [0.5, 1.0, 2.0, 3.0, 3.0], strict=True):
        assert 0 <= min(waits) < 0.1 * bound
        assert 0.9 * bound < max(waits) <= bound
        assert 0.4 * bound < sum(waits) / len(waits) < 0.6 * bound


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_the_least_wait(status: int) -> None:
    script = Script([rejected(status, retry_after_s=7.0), rejected(status)])
    script.run()
    assert script.waits[0] == 7.0
    assert script.waits[1] <= 1.0


def test_a_longer_backoff_than_retry_after_is_kept() -> None:
    policy = RetryPolicy(first_wait_s=1000.0, longest_wait_s=1000.0, deadline_s=1e6)
    waits = []
    for _ in range(50):
        script = Script([rejected(503, retry_after_s=1.0)], policy)
        script.run()
        waits += script.waits
    assert max(waits) > 100


def test_retry_after_beyond_the_deadline_ends_it_without_a_wait() -> None:
    script = Script([rejected(429, retry_after_s=121.0)])
    with pytest.raises(ServerRejected):
        script.run()
    assert (script.sent, script.waits) == (1, [])


def test_the_last_attempt_is_made_when_the_time_is_up() -> None:
    policy = RetryPolicy(deadline_s=0.3, first_wait_s=10.0, longest_wait_s=10.0)
    script = Script([rejected(503)] * 99, policy, time.sleep)
    started = time.monotonic()
    with pytest.raises(ServerRejected):
        script.run()
    assert 0.3 <= time.monotonic() - started < 9
    assert sum(script.waits) <= 0.3


def test_the_deadline_counts_from_the_first_failure() -> None:
    policy = RetryPolicy(deadline_s=0.2, first_wait_s=0.01)
    script = Script([rejected(503)], policy)

    def send_slowly() -> None:
        time.sleep(0.3)
        script.send()

    script.attempts.run(send_slowly)
    assert script.sent == 2


def test_without_time_nothing_is_retried() -> None:
    script = Script([rejected(503)], RetryPolicy(deadline_s=0.0))
    with pytest.raises(ServerRejected):
        script.run()
    assert script.sent == 1


def test_doubt_of_an_earlier_attempt_stays_after_a_success() -> None:
    script = Script([unavailable(TimeoutError(), in_doubt=True)])
    script.run()
    assert script.attempts.error is None
    assert script.attempts.in_doubt


def test_what_never_reached_the_server_is_not_in_doubt() -> None:
    script = Script([unavailable(ConnectionRefusedError())] * 2)
    with pytest.raises(ServerUnavailable):
        script.run()
    assert not script.attempts.in_doubt


def test_a_sleep_that_raises_ends_the_attempts_with_the_last_error_kept() -> None:
    def refuse(_: float) -> None:
        raise Stopped

    failure = rejected(503)
    script = Script([failure], sleep=refuse)
    with pytest.raises(Stopped):
        script.run()
    assert script.sent == 1
    assert script.attempts.error is failure


def test_each_wait_is_told_before_it_with_what_remains() -> None:
    told: list[Retry] = []
    policy = RetryPolicy(deadline_s=60.0)
    failures = iter([rejected(503), stale(), rejected(429, retry_after_s=7.0)])

    def send() -> None:
        for failure in failures:
            raise failure

    Attempts(policy, lambda _: None, told.append).run(send)
    assert [retry.at_once for retry in told] == [False, True, False]
    assert all(50 < retry.left_s <= 60 for retry in told)
    first, second, third = map(str, told)
    assert re.fullmatch(r"answered 503; trying again in 0\.\d s \(attempts end in 60 s\)", first)
    assert second == "no answer; sending again at once"
    assert third == "answered 429; trying again in 7.0 s (attempts end in 60 s)"
    assert told[2].brief == "answered 429, trying again (attempts end in 60 s)"
