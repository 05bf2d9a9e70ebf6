"""What the sender makes of faults, before a real server, with a proxy between that fails."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest
import requests
import trustme

from tests.support.codecs import needs_zstd
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import (
    Fault,
    accept,
    answer,
    close_after_answer,
    close_if_reused,
    delay,
    hang,
    reset_after,
    reset_before,
    reset_during,
    store_and_hang,
    swallow,
    throttle,
)
from tests.support.senders import body_of, deliver, sender_to, stored
from vm_df_writer.delivery.sender import RetryPolicy
from vm_df_writer.errors import ConfigError, ServerRejected, ServerUnavailable
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.wire.packing import Body

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@pytest.mark.parametrize("encoding", ["none", "gzip"])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_everything_arrives_once(
    proxy: FaultProxy,
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    concurrency: int,
    encoding: str,
) -> None:
    sender = sender_to(proxy.url, concurrency=concurrency, encoding=encoding)
    outcomes = deliver(sender, [body_of(run, number) for number in range(20)])
    assert [o.error for o in outcomes] == [None] * 20
    assert {(o.attempts, o.in_doubt) for o in outcomes} == {(1, False)}
    assert sum(o.bytes_sent for o in outcomes) == sum(len(seen.body) for seen in proxy.seen)
    assert max(seen.in_flight for seen in proxy.seen) <= concurrency
    assert stored(victoria_metrics, run) == dict.fromkeys(range(20), (150, 150))


def test_without_bodies_there_is_no_request_and_no_thread(proxy: FaultProxy) -> None:
    assert deliver(sender_to(proxy.url, encoding="gzip"), []) == []
    assert proxy.seen == []


@pytest.mark.parametrize(
    ("fault", "attempts", "in_doubt"),
    [
        (delay(0.2), 1, False),
        (throttle(50_000), 1, False),
        (reset_before, 2, True),
        (reset_during, 2, True),
        (reset_after, 2, True),
        (swallow, 2, True),
        (hang, 2, True),
        (store_and_hang, 2, True),
        (answer(200), 2, True),
        (answer(408), 2, True),
        (answer(429), 2, True),
        (answer(502), 2, True),
        (answer(503), 2, True),
        (answer(503, stored=0.5), 2, True),
        (answer(504, stored=1.0), 2, True),
        (close_after_answer, 1, False),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_fault_that_passes_costs_no_sample(
    proxy: FaultProxy,
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    fault: Fault,
    attempts: int,
    in_doubt: bool,
) -> None:
    proxy.schedule(fault)
    [outcome] = deliver(sender_to(proxy.url, encoding="gzip", timeout_s=0.5), [body_of(run)])
    assert outcome.error is None
    assert (outcome.attempts, outcome.in_doubt) == (attempts, in_doubt)
    distinct, copies = stored(victoria_metrics, run)[0]
    assert distinct == 150
    assert copies == 150 or in_doubt
    assert len({seen.body for seen in proxy.seen if seen.is_whole}) == 1


@pytest.mark.parametrize(
    "fault",
    [answer(status) for status in (301, 400, 401, 403, 404, 413, 500, 501)],
    ids=lambda fault: str(fault.__name__),
)
def test_a_refusal_is_reported_and_not_tried_again(
    proxy: FaultProxy, run: str, fault: Fault
) -> None:
    proxy.schedule(fault)
    [outcome] = deliver(sender_to(proxy.url), [body_of(run)])
    assert isinstance(outcome.error, ServerRejected)
    assert (outcome.attempts, outcome.bytes_sent, len(proxy.seen)) == (1, 0, 1)


def test_a_redirect_is_not_followed(proxy: FaultProxy, run: str) -> None:
    proxy.schedule(answer(307, Location=f"{proxy.url}/api/v1/import"))
    [outcome] = deliver(sender_to(proxy.url), [body_of(run)])
    assert isinstance(outcome.error, ServerRejected)
    assert outcome.error.status == 307
    assert not outcome.in_doubt
    assert len(proxy.seen) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for(proxy: FaultProxy, run: str, form: str) -> None:
    retry_after = "1" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
    proxy.schedule(answer(429, Retry_After=retry_after))
    started = time.monotonic()
    [outcome] = deliver(sender_to(proxy.url), [body_of(run)])
    assert outcome.error is None
    assert 0.9 < time.monotonic() - started < 20


def test_the_deadline_ends_it_and_every_body_is_reported(proxy: FaultProxy, run: str) -> None:
    proxy.schedule(then=answer(503))
    retry = RetryPolicy(deadline_s=0.5, first_wait_s=0.05)
    bodies = [body_of(run, number, samples=2_000) for number in range(3)]
    started = time.monotonic()
    outcomes = deliver(sender_to(proxy.url, retry=retry), bodies)
    assert 0.5 <= time.monotonic() - started < 20
    assert {outcome.body for outcome in outcomes} == set(bodies)
    assert all(isinstance(outcome.error, ServerRejected) for outcome in outcomes)


def test_a_server_that_is_not_there_is_named(run: str) -> None:
    [outcome] = deliver(sender_to("http://127.0.0.1:1"), [body_of(run)])
    assert isinstance(outcome.error, ServerUnavailable)
    assert not outcome.in_doubt
    assert outcome.attempts == 2


def test_an_idle_connection_that_the_server_closes_is_no_error(proxy: FaultProxy, run: str) -> None:
    sender = sender_to(proxy.url, retry=RetryPolicy(reconnect_attempts=0), concurrency=1)
    proxy.schedule(then=close_if_reused)
    outcomes = deliver(sender, [body_of(run, number) for number in range(6)])
    assert [outcome.error for outcome in outcomes] == [None] * 6


@pytest.mark.parametrize("fault", [reset_before, reset_during, reset_after, swallow])
def test_without_reconnect_attempts_a_fresh_connection_that_breaks_is_the_end(
    proxy: FaultProxy, run: str, fault: Fault
) -> None:
    proxy.schedule(fault)
    sender = sender_to(proxy.url, retry=RetryPolicy(reconnect_attempts=0))
    [outcome] = deliver(sender, [body_of(run)])
    assert isinstance(outcome.error, ServerUnavailable)
    assert (outcome.attempts, outcome.in_doubt, len(proxy.seen)) == (1, True, 1)


def test_a_certificate_that_does_not_verify_is_not_tried_again(proxy: FaultProxy, run: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
    sender = sender_to(proxy.url.replace("http:", "https:"), retry=RetryPolicy(9))
    [outcome] = deliver(sender, [body_of(run)])
    assert isinstance(outcome.error, ServerUnavailable)
    assert (outcome.attempts, outcome.in_doubt) == (1, False)


def test_the_timeout_grows_with_the_body(proxy: FaultProxy, run: str) -> None:
    large = body_of(run, lines=200, samples=100)
    assert len(large.data) > 2**18  # allows for four seconds more
    proxy.schedule(throttle(2**18))
    [outcome] = deliver(sender_to(proxy.url, timeout_s=0.2), [large])
    assert (outcome.error, outcome.attempts) == (None, 1)


def test_a_restart_of_the_server_loses_nothing(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], run: str
) -> None:
    server = start_victoria_metrics()
    patient = RetryPolicy(reconnect_attempts=1_000, deadline_s=60, longest_wait_s=0.3)
    restart = threading.Thread(target=server.restart)

    def bodies() -> Iterator[Body]:
        for number in range(300):
            if number == 100:
                restart.start()
            time.sleep(0.002)
            yield body_of(run, number)

    outcomes = deliver(sender_to(server.url, retry=patient), bodies())
    restart.join()
    assert [outcome.error for outcome in outcomes] == [None] * 300
    assert max(outcome.attempts for outcome in outcomes) > 1
    assert {n: distinct for n, (distinct, _) in stored(server, run).items()} == dict.fromkeys(
        range(300), 150
    )


@needs_zstd
def test_zstd_becomes_gzip_for_a_server_that_would_drop_it(
    proxy: FaultProxy,
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Servers before 1.114 answer 204 to zstd and store nothing; newer ones decode it."""
    decodes = _answer_to_no_zstd(victoria_metrics) == 400
    sender = sender_to(proxy.url, encoding="zstd", concurrency=1)
    for number in range(2):
        [outcome] = deliver(sender, [body_of(run, number)])
        assert (outcome.error, outcome.attempts) == (None, 1)
    codings = [seen.headers["Content-Encoding"] for seen in proxy.seen]
    # The first question itself opens a connection, so that a second one makes sure.
    assert codings == (["zstd"] * 4 if decodes else ["zstd", "gzip", "gzip"])
    assert stored(victoria_metrics, run) == dict.fromkeys(range(2), (150, 150))
    warning = "compression: the server does not decode zstd, so gzip is used instead"
    assert [record.getMessage() for record in caplog.records] == ([] if decodes else [warning])


def _answer_to_no_zstd(server: LocalVictoriaMetrics) -> int:
    url, headers = f"{server.url}/api/v1/import", {"Content-Encoding": "zstd"}
    return requests.post(url, b"\n" * 16, headers=headers, timeout=30).status_code


@needs_zstd
def test_zstd_is_sent_once_the_server_has_shown_that_it_decodes_it(
    proxy: FaultProxy, run: str
) -> None:
    no_zstd = answer(400, text=b"cannot decompress data")
    proxy.schedule(no_zstd, accept(0), no_zstd, then=accept(0))
    deliver(
        sender_to(proxy.url, encoding="zstd", concurrency=1), [body_of(run, n) for n in range(3)]
    )
    assert [seen.headers["Content-Encoding"] for seen in proxy.seen] == ["zstd"] * 5
    starts = [seen.body.startswith(ZSTD_MAGIC) for seen in proxy.seen]
    assert starts == [False, True, False, True, True]


@needs_zstd
def test_without_a_telling_answer_gzip_is_sent_and_zstd_asked_about_again(
    proxy: FaultProxy, run: str
) -> None:
    proxy.schedule(answer(503), accept(0), answer(400), accept(0))
    deliver(
        sender_to(proxy.url, encoding="zstd", concurrency=1), [body_of(run, n) for n in range(2)]
    )
    codings = [seen.headers["Content-Encoding"] for seen in proxy.seen]
    assert codings == ["zstd", "gzip", "zstd", "zstd"]


def test_an_unknown_coding_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError, match="compression: 'brotli' is not known"):
        sender_to("http://127.0.0.1:1", encoding="brotli")
