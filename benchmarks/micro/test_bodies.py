"""Packing bodies."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.measuring.timing import drain
from benchmarks.micro.blocks import BLOCKS
from vm_df_writer.wire.packing import pack_bodies


@pytest.mark.parametrize("name", BLOCKS)
def test_pack_bodies(benchmark: BenchmarkFixture, name: str) -> None:
    blocks = [BLOCKS[name]] * 4
    benchmark(drain(lambda: pack_bodies(blocks, max_bytes=4 * 2**20, max_series=100_000)))
