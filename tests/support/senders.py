"""Senders that are quick to try again, bodies for them, and what the server holds of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import numpy as np

from tests.support.stored_samples import read_stored, settled
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.sender import Outcome, RetryPolicy, Sender
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.wire.packing import Body

FIRST_MS = 1767225600000
QUICK = RetryPolicy(reconnect_attempts=1, deadline_s=10.0, first_wait_s=0.02, longest_wait_s=0.1)


def body_of(run: str, number: int = 0, *, lines: int = 3, samples: int = 50) -> Body:
    """Return a body of its own series, so that an export shows what became of it."""
    times = FIRST_MS + 1000 * np.arange(samples)
    label_sets = [
        json.dumps({"__name__": run, "body": str(number), "line": str(line)}).encode()
        for line in range(lines)
    ]
    columns = f'"values":{list(range(samples))},"timestamps":{times.tolist()}'.encode()
    data = b"".join(b'{"metric":%s,%s}\n' % (labels, columns) for labels in label_sets)
    ones = np.ones(lines, dtype=np.int64)
    return Body(data, SampleCounts(label_sets, samples * ones, times[0] * ones, times[-1] * ones))


def client_of(url: str, *, concurrency: int = 2) -> HttpClient:
    config = WriterConfig(datasource_url=url, concurrency=concurrency)
    return HttpClient(config, Endpoint.of(config))


def sender_to(
    url: str,
    *,
    retry: RetryPolicy = QUICK,
    concurrency: int = 2,
    encoding: str = "none",
    timeout_s: float = 5.0,
) -> Sender:
    client = client_of(url, concurrency=concurrency)
    return Sender(
        client, retry=retry, concurrency=concurrency, encoding=encoding, timeout_s=timeout_s
    )


def deliver(sender: Sender, bodies: Iterable[Body]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    sender.deliver(bodies, outcomes.append)
    return outcomes


def stored(server: LocalVictoriaMetrics, run: str) -> dict[int, tuple[int, int]]:
    """Return how many samples of each body the server holds: distinct ones, and with copies."""
    settled(server)
    distinct: Counter[int] = Counter()
    copies: Counter[int] = Counter()
    for label_set, series in read_stored(server.url, f'{{__name__="{run}"}}').items():
        number = int(dict(label_set)["body"])
        distinct[number] += len(np.unique(series.times_ms))
        copies[number] += len(series.times_ms)
    return {number: (distinct[number], copies[number]) for number in sorted(distinct)}
