"""Encoding import lines."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.micro.blocks import BLOCKS
from vm_df_writer.wire.import_lines import LineEncoder


@pytest.mark.parametrize("name", BLOCKS)
def test_encode_lines(benchmark: BenchmarkFixture, name: str) -> None:
    encoder = LineEncoder()
    benchmark(lambda: list(encoder.encode(BLOCKS[name]).chunks()))
