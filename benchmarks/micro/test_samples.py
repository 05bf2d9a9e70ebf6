"""Dropping and counting what cannot be stored."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.micro.blocks import BLOCKS
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.samples.cleaning import PrecisionCheck, RawBlock, chunk_to_block


@pytest.mark.parametrize("gaps", [0.0, 0.01])
@pytest.mark.parametrize("name", BLOCKS)
def test_chunk_to_block(benchmark: BenchmarkFixture, name: str, gaps: float) -> None:
    block = BLOCKS[name]
    values = block.values.copy()
    values[np.random.default_rng(1).random(values.shape) < gaps] = np.nan
    chunk = RawBlock(block.label_sets, block.offsets, block.timestamps_ms, values)
    benchmark(chunk_to_block, chunk, ReadOptions(), PrecisionCheck())
