"""A server that decodes zstd may be replaced, at any time, by one that answers 204 and drops it."""

from __future__ import annotations

from tests.support.codecs import needs_zstd
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, Fault, accept, answer
from tests.support.senders import body_of, deliver, sender_to, stored
from vm_df_writer.local import LocalVictoriaMetrics

pytestmark = needs_zstd

# What such a server has in place of decoding: it finds no line, and says nothing.
drop = accept(0)
decode_no_blanks = answer(400, text=b"cannot decompress data")


def as_a_new_server(fault: Fault) -> Fault:
    """Do so over this connection, and end it, as a server does that is shut down."""

    def as_a_new_server(exchange: Exchange) -> None:
        fault(exchange)
        exchange.close()

    return as_a_new_server


def encodings(proxy: FaultProxy) -> list[str]:
    return [seen.headers["Content-Encoding"] for seen in proxy.seen]


def test_a_body_that_an_older_server_dropped_is_sent_again_by_gzip(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    sender = sender_to(proxy.url, encoding="zstd", concurrency=1)
    proxy.schedule(decode_no_blanks, drop, as_a_new_server(decode_no_blanks), drop, drop)
    [first] = deliver(sender, [body_of(run, 0)])
    assert (first.error, first.attempts, first.in_doubt) == (None, 1, False)
    [second] = deliver(sender, [body_of(run, 1)])
    assert (second.error, second.attempts, second.in_doubt) == (None, 2, True)
    [third] = deliver(sender, [body_of(run, 2)])
    assert (third.error, third.attempts, third.in_doubt) == (None, 1, False)
    assert encodings(proxy) == ["zstd"] * 5 + ["gzip"] * 2
    assert stored(victoria_metrics, run) == {1: (150, 150), 2: (150, 150)}


def test_a_body_is_sent_again_if_the_server_no_longer_says_whether_it_decodes_zstd(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    sender = sender_to(proxy.url, encoding="zstd", concurrency=1)
    proxy.schedule(decode_no_blanks, drop, answer(503))
    [outcome] = deliver(sender, [body_of(run)])
    assert (outcome.error, outcome.attempts, outcome.in_doubt) == (None, 2, True)
    assert encodings(proxy) == ["zstd"] * 3 + ["gzip"]
    assert stored(victoria_metrics, run) == {0: (150, 150)}


def test_a_body_in_doubt_that_then_fails_is_not_acknowledged(proxy: FaultProxy, run: str) -> None:
    sender = sender_to(proxy.url, encoding="zstd", concurrency=1)
    proxy.schedule(decode_no_blanks, drop, drop, then=answer(401))
    [outcome] = deliver(sender, [body_of(run)])
    assert outcome.error is not None
    assert "answered 401" in str(outcome.error)
    assert (outcome.attempts, outcome.in_doubt) == (2, True)
