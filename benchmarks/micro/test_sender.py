"""Handing bodies over to threads that send them."""

from __future__ import annotations

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.sender import RetryPolicy, Sender
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.wire.packing import Body


class _NoServer(HttpClient):
    def post_import(self, *_: object, **__: object) -> int:
        return 204


def test_deliver(benchmark: BenchmarkFixture) -> None:
    config = WriterConfig(datasource_url="http://127.0.0.1:1")
    client = _NoServer(config, Endpoint.of(config))
    sender = Sender(client, retry=RetryPolicy(), concurrency=2, encoding="none", timeout_s=1.0)
    one = np.array([1])
    bodies = [Body(bytes(2**15), SampleCounts([b"{}"], one, one, one))] * 2_000
    benchmark(lambda: sender.deliver(bodies, lambda _: None))
