"""Reading timestamps."""

from __future__ import annotations

import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from vm_df_writer.frames.samples.timestamps import read_timestamps

AWARE = pd.date_range("2026-01-01", periods=100_000, freq="15s", tz="UTC")
INDEXES = {
    "aware": AWARE,
    "naive": AWARE.tz_localize(None),
    "nanoseconds": AWARE.as_unit("ns") + pd.Timedelta(1, "ns"),
    "text": pd.Index(AWARE[:10_000].strftime("%Y-%m-%dT%H:%M:%SZ")),
}


@pytest.mark.parametrize("name", INDEXES)
def test_read_timestamps(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark(read_timestamps, INDEXES[name])
