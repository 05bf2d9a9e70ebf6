"""Rendering label sets."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import render_label_sets


@pytest.mark.parametrize("n_series", [100, 100_000])
@pytest.mark.parametrize("wire", ["import", "remote_write"])
def test_render_label_sets(benchmark: BenchmarkFixture, n_series: int, wire: str) -> None:
    series = np.arange(n_series)
    labels = [
        LabelColumn("instance", series // 10, [f"host-{i}:9100" for i in range(n_series)]),
        LabelColumn("device", series % 10, [f"sd{letter}" for letter in "abcdefghij"]),
        LabelColumn("job", None, ["node"]),
    ]
    var = LabelColumn("var", series % 2, ["y", "yhat"])
    metric_format = {"__name__": "vm_$VAR"}

    def render() -> None:
        rendered = render_label_sets(metric_format, n_series, var, None, labels, LabelLimits())
        if wire == "remote_write":
            rendered.fields()

    benchmark(render)
