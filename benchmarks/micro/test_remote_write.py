"""Encoding and packing remote write; labels are rendered before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.measuring.timing import drain
from benchmarks.micro.blocks import BLOCKS
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.packing import pack_bodies
from vm_df_writer.wire.protocol import REMOTE_WRITE
from vm_df_writer.wire.write_request import counts_of_request


def block_of(name: str) -> SeriesBlock:
    label_sets = LabelSets.of(BLOCKS[name].label_sets)
    label_sets.fields()
    return replace(BLOCKS[name], label_sets=label_sets)


@pytest.mark.parametrize("name", BLOCKS)
def test_encode_series(benchmark: BenchmarkFixture, name: str) -> None:
    block, encoder = block_of(name), REMOTE_WRITE.encoder(2**20)
    benchmark(lambda: list(encoder.encode(block).chunks()))


@pytest.mark.parametrize("name", BLOCKS)
def test_pack_requests(benchmark: BenchmarkFixture, name: str) -> None:
    blocks = [block_of(name)] * 4
    benchmark(
        drain(lambda: pack_bodies(blocks, max_bytes=2**20, max_series=100_000, wire=REMOTE_WRITE))
    )


@pytest.mark.parametrize("name", BLOCKS)
def test_counts_of_request(benchmark: BenchmarkFixture, name: str) -> None:
    body = next(
        pack_bodies([block_of(name)], max_bytes=2**20, max_series=100_000, wire=REMOTE_WRITE)
    )
    benchmark(counts_of_request, body.data)
