"""Grouping the rows of a long frame."""

from __future__ import annotations

from typing import Literal

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.measuring.frames import epoch_ms, long_frame
from benchmarks.measuring.sizes import Shape
from vm_df_writer.frames.grouping import group_rows
from vm_df_writer.frames.labels.label_column import label_from_column

ORDERS: list[Literal["time", "series", "random"]] = ["time", "series", "random"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n_series", [600, 20_000])
def test_group_rows(
    benchmark: BenchmarkFixture, n_series: int, order: Literal["time", "series", "random"]
) -> None:
    frame = long_frame(Shape(200_000, n_series), order=order).frame
    labels = [label_from_column(name, frame[name], name) for name in ("host", "device")]
    benchmark(group_rows, labels, epoch_ms(frame["timestamp"]), None)
