"""How bodies are pulled, overlapped and accounted for; the server is played by the proxy."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from operator import length_hint

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, accept, answer, later
from tests.support.senders import QUICK, body_of, deliver, sender_to
from tests.support.waiting import wait_until
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.sender import Outcome, RetryPolicy, Sender
from vm_df_writer.errors import ConfigError, DeliveryError
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.wire.packing import Body


def test_bodies_are_made_while_others_are_sent(proxy: FaultProxy, run: str) -> None:
    made: list[Body] = []
    n_sent = count(1)

    def bodies() -> Iterator[Body]:
        for number in range(5):
            made.append(body_of(run, number, samples=2_000))
            yield made[-1]

    def once_another_is_made(exchange: Exchange) -> None:
        n_made = min(5, next(n_sent) + 1)
        (accept(0) if wait_until(lambda: len(made) >= n_made) else answer(400))(exchange)

    proxy.schedule(then=once_another_is_made)
    outcomes = deliver(sender_to(proxy.url, concurrency=1), bodies())
    assert [outcome.error for outcome in outcomes] == [None] * 5


def test_no_more_bodies_are_in_memory_than_promised(proxy: FaultProxy, run: str) -> None:
    alive, most = 0, 0

    def counted() -> Iterator[Body]:
        nonlocal alive, most
        for number in range(30):
            alive += 1
            most = max(most, alive)
            yield body_of(run, number)

    def on_result(_: Outcome) -> None:
        nonlocal alive
        alive -= 1

    proxy.schedule(then=accept(0.005))
    sender_to(proxy.url, concurrency=3).deliver(counted(), on_result)
    assert alive == 0
    assert most <= 3 + 2


def test_after_a_failure_nothing_more_is_pulled_or_started(proxy: FaultProxy, run: str) -> None:
    bodies = iter([body_of(run, number) for number in range(50)])
    proxy.schedule(accept(0), accept(0), accept(0), then=later(0.3, answer(400)))
    outcomes = deliver(sender_to(proxy.url, concurrency=2), bodies)
    assert len(outcomes) == 50 - length_hint(bodies) <= 3 + 2 + 2
    assert sum(outcome.error is None for outcome in outcomes) == 3
    never_sent = [outcome for outcome in outcomes if not outcome.attempts]
    assert never_sent
    assert not any(outcome.in_doubt for outcome in never_sent)
    assert {outcome.error for outcome in never_sent} <= {o.error for o in outcomes if o.attempts}


def test_what_is_in_flight_at_a_failure_comes_to_its_end(proxy: FaultProxy, run: str) -> None:
    proxy.schedule(accept(0.3), answer(400), answer(503))
    outcomes = deliver(sender_to(proxy.url, concurrency=2), [body_of(run, n) for n in range(2)])
    assert sorted(outcome.error is None for outcome in outcomes) == [False, True]


def test_an_error_while_bodies_are_made_leaves_none_unsettled(proxy: FaultProxy, run: str) -> None:
    pulled: list[Body] = []

    def broken() -> Iterator[Body]:
        for number in range(5):
            pulled.append(body_of(run, number))
            yield pulled[-1]
        raise ConfigError("the sixth cannot be made")

    proxy.schedule(then=accept(0.02))
    outcomes: list[Outcome] = []
    with pytest.raises(ConfigError, match="the sixth cannot be made"):
        sender_to(proxy.url).deliver(broken(), outcomes.append)
    assert Counter(outcome.body for outcome in outcomes) == Counter(pulled)


def test_an_error_in_settle_is_raised_and_stops_the_rest(proxy: FaultProxy, run: str) -> None:
    def on_result(_: Outcome) -> None:
        raise OSError("the disk is full")

    bodies = iter([body_of(run, number) for number in range(50)])
    with pytest.raises(OSError, match="the disk is full"):
        sender_to(proxy.url).deliver(bodies, on_result)
    assert length_hint(bodies) > 40


def test_an_unforeseen_error_in_a_thread_loses_no_body(run: str) -> None:
    class NoClient(HttpClient):
        def post_import(self, *_: object, **__: object) -> int:
            raise RuntimeError("a defect")

    config = WriterConfig(datasource_url="http://127.0.0.1:1")
    client = NoClient(config, Endpoint.of(config))
    sender = Sender(client, retry=QUICK, concurrency=2, encoding="none", timeout_s=1.0)
    bodies = [body_of(run, number) for number in range(9)]
    rest = iter(bodies)
    outcomes = deliver(sender, rest)
    pulled = bodies[: 9 - length_hint(rest)]
    assert Counter(outcome.body for outcome in outcomes) == Counter(pulled)
    assert isinstance(outcomes[0].error, DeliveryError)
    assert isinstance(outcomes[0].error.__cause__, RuntimeError)


def test_requests_in_flight_get_fewer_when_the_server_has_too_much_to_do(
    proxy: FaultProxy, run: str
) -> None:
    proxy.schedule(*[answer(503)] * 20, then=accept(0.02))
    with_unlimited_reconnects = RetryPolicy(deadline_s=20, first_wait_s=0.02, longest_wait_s=0.05)
    sender = sender_to(proxy.url, retry=with_unlimited_reconnects, concurrency=8)
    outcomes = deliver(sender, [body_of(run, number) for number in range(40)])
    assert [outcome.error for outcome in outcomes] == [None] * 40
    widths = [seen.in_flight for seen in proxy.seen]
    assert max(widths[20:23]) <= 3
    assert max(widths[40:]) >= 4


def test_two_threads_may_share_a_sender(proxy: FaultProxy, run: str) -> None:
    sender = sender_to(proxy.url)
    proxy.schedule(then=accept(0.002))
    shares = [[body_of(run, share * 100 + number) for number in range(30)] for share in range(2)]
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(lambda bodies: deliver(sender, bodies), shares))
    for share, settled in zip(shares, outcomes, strict=True):
        assert Counter(outcome.body for outcome in settled) == Counter(share)
        assert all(outcome.error is None for outcome in settled)


def test_a_sender_can_be_pickled_and_used_again(proxy: FaultProxy, run: str) -> None:
    proxy.schedule(then=accept(0))
    sender = sender_to(proxy.url)
    deliver(sender, [body_of(run)])
    copied = pickle.loads(pickle.dumps(sender))  # noqa: S301 - it is our own
    [outcome] = deliver(copied, [body_of(run)])
    assert outcome.error is None


def test_threads_live_only_inside_a_call(proxy: FaultProxy, run: str) -> None:
    def ours() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "vm_df_writer sender"}

    def bodies() -> Iterator[Body]:
        for number in range(9):
            yield body_of(run, number)
            most.append(len(ours()))

    most: list[int] = []
    proxy.schedule(then=accept(0.01))
    deliver(sender_to(proxy.url, concurrency=3), bodies())
    assert max(most) == 3
    assert not ours()


def test_a_body_that_comes_twice_is_settled_twice(proxy: FaultProxy, run: str) -> None:
    proxy.schedule(then=accept(0.01))
    body = body_of(run)
    outcomes = deliver(sender_to(proxy.url, concurrency=3), [body] * 10)
    assert [outcome.body for outcome in outcomes] == [body] * 10
    assert len(proxy.seen) == 10
