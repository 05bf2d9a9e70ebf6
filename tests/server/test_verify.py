from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import uuid4

import numpy as np
import orjson
import pytest
import requests
from numpy.typing import ArrayLike

from tests.support.blocks import T, block_of_rows
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.verification.verify_blocks import verify_blocks

StartServer = Callable[..., LocalVictoriaMetrics]
Labels = dict[str, str]

BRIEFLY = ReadBackPolicy(patience_s=0.5)


def block_of(labels: Sequence[Labels], times: Sequence[int], values: ArrayLike) -> SeriesBlock:
    """Return a block of series that share their times, given in milliseconds since T."""
    rows = np.reshape(values, (len(labels), len(times)))
    return block_of_rows(rows, T + np.array(times), label_sets=list(map(orjson.dumps, labels)))


def short_series(labels: Sequence[Labels]) -> SeriesBlock:
    """Return a block of one sample per series."""
    n = len(labels)
    return block_of_rows(
        np.arange(n)[None, :] + 0.5,
        offsets=np.arange(n + 1),
        label_sets=list(map(orjson.dumps, labels)),
    )


def send(url: str, block: SeriesBlock) -> None:
    lines = []
    for labels, times, values in block:
        texts = [str(value).replace("inf", "1e999") for value in values.tolist()]
        lines.append(
            b'{"metric":%s,"values":[%s],"timestamps":%s}\n'
            % (labels, ",".join(texts).encode(), orjson.dumps(times.tolist()))
        )
    assert requests.post(f"{url}/api/v1/import", b"".join(lines), timeout=30).status_code == 204


def verify(
    url: str, *blocks: SeriesBlock, policy: ReadBackPolicy | None = None
) -> VerificationResult:
    config = WriterConfig(datasource_url=url)
    endpoint = Endpoint.of(config)
    client = HttpClient(config, endpoint)
    try:
        policy = policy or ReadBackPolicy()
        reader = BlockReader(client, endpoint, policy, acknowledged_at=policy.clock())
        return verify_blocks(iter(blocks), reader)
    finally:
        client.close()


def name() -> str:
    return f"m_{uuid4().hex}"


@pytest.fixture
def url(victoria_metrics: LocalVictoriaMetrics) -> str:
    return victoria_metrics.url


def test_what_was_written_is_found(url: str) -> None:
    rng = np.random.default_rng(0)
    labels = [{"__name__": name(), "host": str(i)} for i in range(50)]
    block = block_of(labels, range(1000), rng.normal(50, 10, (50, 1000)))
    send(url, block)
    assert verify(url, block).verification == Verification(expected=50_000, found=50_000)


@pytest.mark.parametrize("millisecond", [0, 1, 3, 7, 501, 999])
def test_first_and_last_sample_are_read_whatever_their_millisecond(
    url: str, millisecond: int
) -> None:
    block = block_of([{"__name__": name()}], [millisecond, 86_400_000 + millisecond], np.ones(2))
    single = block_of([{"__name__": name()}], [millisecond], np.ones(1))
    send(url, block)
    send(url, single)
    assert verify(url, block, single).verification.ok


def test_infinities_are_found(url: str) -> None:
    labels = {"__name__": name(), "le": "+Inf"}
    block = block_of([labels], [0, 1, 2], np.array([np.inf, 1, -np.inf]))
    send(url, block)
    assert verify(url, block).verification.ok


ODD_TEXTS = [
    "with space", "dot.ted", "dash-ed", "é", "日本", "😀", 'a"b', "a\\b", "\\n", "a\nb", "a\tb",
    "1st", "{", "}", "=", ",", "or", "OR", "inf", "nan", "with", "by", "offset", "\x00n", "\x01",
    "\x7f", "a'b", "a`b", "values", "timestamps", "\u2028", "a\u0301", "#", "$1", "+Inf",
    '{x="y"}', ".*", '},"values":[', "\u0085x", "\ufeff", "\U0010ffff", "__name",
]  # fmt: skip


def test_any_label_name_value_and_metric_name_can_be_read_back(url: str) -> None:
    run = uuid4().hex
    labels = [{"__name__": f"{run}_names", odd: "v"} for odd in ODD_TEXTS]
    labels += [{"__name__": f"{run}_values", "label": odd} for odd in ODD_TEXTS]
    labels += [{"__name__": odd, "run": run} for odd in ODD_TEXTS]
    labels += [{"__name__": odd, odd: odd, "run": run} for odd in ODD_TEXTS]
    labels += [{"run": run}, {"a b": run}]
    block = block_of(labels, [0, 1], np.arange(2 * len(labels)))
    send(url, block)
    findings = verify(url, block)
    assert findings.worst == ()
    assert findings.verification == Verification(expected=block.n_samples, found=block.n_samples)


def test_a_series_with_more_labels_does_not_stand_in(url: str) -> None:
    labels = {"__name__": name(), "host": "a"}
    other = block_of([{**labels, "env": "prod"}], [0, 1], np.ones(2))
    send(url, other)
    ours = block_of([labels], [0, 1], np.ones(2))
    findings = verify(url, ours, policy=BRIEFLY)
    assert findings.verification == Verification(expected=2, missing=2)


def test_missing_and_other_values_are_told_apart(url: str) -> None:
    labels = [{"__name__": name()}, {"__name__": name()}]
    sent = block_of(labels, [0, 1, 2], np.arange(6))
    stored = replace(sent, values=np.array([[0.0, 1, 2], [3, 4.5, 5]]))
    send(url, block_of(labels[:1], [0, 2], np.array([0, 2])))
    send(url, block_of(labels[1:], [0, 1, 2], stored.values[1:]))
    findings = verify(url, sent, policy=BRIEFLY)
    assert findings.verification == Verification(expected=6, found=4, missing=1, mismatched=1)
    assert {
        incomplete.label_set: incomplete.first_ms for incomplete in findings.worst
    } == dict.fromkeys(sent.label_sets, T + 1)


def test_several_samples_at_one_timestamp_are_all_found(url: str) -> None:
    block = block_of([{"__name__": name()}], [0, 0, 0, 1], np.array([3, 1, 2, 7]))
    send(url, block)
    assert verify(url, block).verification == Verification(expected=4, found=4)


def test_samples_that_were_sent_twice_are_found_once(url: str) -> None:
    block = block_of([{"__name__": name()}], [0, 1, 2], np.arange(3))
    send(url, block)
    send(url, block)
    assert verify(url, block).verification == Verification(expected=3, found=3, copies=3)


def test_digits_that_the_storage_cannot_hold_beside_a_large_value_are_excused(url: str) -> None:
    block = block_of([{"__name__": name()}], [0, 1, 2], [1e18, 0.123456789, 123456.789])
    send(url, block)
    assert verify(url, block).verification.ok


def test_values_that_the_storage_turns_into_zero_are_mismatched(url: str) -> None:
    block = block_of([{"__name__": name()}], [0, 1], [5e-310, 1.5])
    send(url, block)
    assert verify(url, block).verification.ok  # beside 1.5 it is nothing
    alone = block_of([{"__name__": name()}], [0, 1], [5e-310, 6e-310])
    send(url, alone)
    assert verify(url, alone, policy=BRIEFLY).verification == Verification(expected=2, mismatched=2)


def test_many_short_series_are_found_beside_many_others(url: str) -> None:
    metric = name()
    labels = [{"__name__": metric, "for": "cpu", "host": f"h{i}"} for i in range(3000)]
    ours, others = short_series(labels[::2]), short_series(labels[1::2])
    send(url, ours)
    send(url, others)
    assert verify(url, ours, others).verification == Verification(expected=3000, found=3000)


def test_the_short_series_that_are_missing_are_named(url: str) -> None:
    metric = name()
    labels = [{"__name__": metric, "host": f"h{i}"} for i in range(1500)]
    send(url, short_series(labels[:-2]))
    findings = verify(url, short_series(labels), policy=BRIEFLY)
    assert findings.verification == Verification(expected=1500, found=1498, missing=2)
    assert {incomplete.label_set for incomplete in findings.worst} == {
        orjson.dumps(each) for each in labels[-2:]
    }


def test_short_series_among_long_ones_of_the_same_name_are_found(url: str) -> None:
    metric = name()
    long = block_of(
        [{"__name__": metric, "host": f"long{i}"} for i in range(60)],
        range(600),
        np.arange(36_000),
    )
    send(url, long)
    ours = short_series([{"__name__": metric, "host": f"h{i}"} for i in range(600)])
    send(url, ours)
    assert verify(url, ours).verification == Verification(expected=600, found=600)


def test_samples_older_than_the_retention_are_missing(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics(retention="1d")
    now = time.time_ns() // 1_000_000 - T
    times = [now - 60_000 - hour * 3_600_000 for hour in range(72, 0, -1)]
    block = block_of([{"__name__": "m"}], times, np.arange(72))
    send(server.url, block)
    findings = verify(server.url, block, policy=BRIEFLY)
    assert findings.verification == Verification(expected=72, found=23, missing=49)
    assert findings.worst[0].first_ms == T + times[0]


def test_series_that_a_label_limit_merged_are_missing(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics("-maxLabelsPerTimeseries=3")
    labels = [{"__name__": "m", "a": "1", "b": "2", "host": str(i)} for i in range(3)]
    block = block_of(labels, [0, 1], np.arange(6))
    send(server.url, block)
    verification = verify(server.url, block, policy=BRIEFLY).verification
    assert verification == Verification(expected=6, missing=6)


def test_samples_that_the_server_deduplicates_are_missing(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics("-dedup.minScrapeInterval=1s")
    block = block_of([{"__name__": "m"}], range(10, 1010, 10), np.arange(100))
    send(server.url, block)
    verification = verify(server.url, block, policy=BRIEFLY).verification
    assert verification.missing + verification.found == 100
    assert verification.found <= 2


def test_what_a_crash_took_is_missing(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics()
    block = block_of([{"__name__": "m"}], [0, 1], np.ones(2))
    send(server.url, block)
    server.kill()
    server.restart()
    assert verify(server.url, block, policy=BRIEFLY).verification.missing == 2


def test_a_server_that_may_not_be_flushed_is_waited_for(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics("-forceFlushAuthKey=secret")
    block = block_of([{"__name__": "m"}], [0, 1], np.ones(2))
    send(server.url, block)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    assert verify(server.url, block, policy=ReadBackPolicy(sleep=sleep)).verification.ok
    assert sum(slept) == pytest.approx(5, abs=0.5)


def test_samples_that_an_agent_still_holds_are_waited_for(
    start_victoria_metrics: StartServer, start_vmagent: Callable[..., ServerProcess]
) -> None:
    server = start_victoria_metrics()
    agent = start_vmagent(server.url, "-remoteWrite.flushInterval=3s")
    block = block_of([{"__name__": "m", "host": str(i)} for i in range(10)], [0, 1], np.ones(20))
    send(agent.url, block)
    assert verify(server.url, block).verification == Verification(expected=20, found=20)
