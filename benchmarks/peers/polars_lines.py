"""Import lines made by polars, which uses all cores: the fastest peer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from benchmarks.measuring.frames import metric_name
from benchmarks.measuring.optional import optional

__all__ = ["lines_of_long", "lines_of_wide"]


def lines_of_long(frame: Any, value: str) -> io.BytesIO:
    """Write one value column of a long polars frame by `group_by` and `write_ndjson`."""
    pl = optional("polars")
    series = frame.group_by("host", "device").agg(
        pl.col(value).alias("values"), pl.col("timestamp").dt.epoch("ms").alias("timestamps")
    )
    name = pl.lit(metric_name(value)).alias("__name__")
    return _write(series, [name, "host", "device"], "timestamps")


def lines_of_wide(frame: Any) -> io.BytesIO:
    """Write a wide polars frame by `implode` and `write_ndjson`."""
    pl = optional("polars")
    times = pl.Series([frame["timestamp"].dt.epoch("ms")])
    series = (
        frame.drop("timestamp")
        .rename(metric_name)
        .select(pl.all().implode())
        .transpose(include_header=True, header_name="__name__", column_names=["values"])
    )
    return _write(series, ["__name__"], pl.lit(times).first().alias("timestamps"))


def _write(series: Any, labels: Sequence[Any], timestamps: Any) -> io.BytesIO:
    pl = optional("polars")
    out = io.BytesIO()
    metric = pl.struct(*labels).alias("metric")
    series.select(metric, "values", timestamps).write_ndjson(out)
    return out
