"""What a sample costs in frames of more rows, and in frames of more series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.measuring.frames import Input, long_frame, wide_frame
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Timing, alternate, drain, timed
from vm_df_writer.config.read_options import ReadingKeywords

__all__ = ["ScalePoint", "growth_exponents", "scale_rows", "scale_series"]

_SERIES_OF_LONG = 100
_COLUMNS_OF_WIDE = 4

# Below, what is done once per frame is a part of the cost.
_ROWS_OF_GROWTH = 100_000


@dataclass(frozen=True, slots=True)
class ScalePoint:
    """The time for a frame of some size.

    Attributes
    ----------
    layout, axis : str
        The frame's layout, and what grows: ``rows`` or ``series``.
    x : int
        How many rows or series.
    n_samples : int
        Samples of the frame.
    timing : Timing
        How long each repetition took.
    """

    layout: str
    axis: str
    x: int
    n_samples: int
    timing: Timing

    @property
    def ns_per_sample(self) -> float:
        """Nanoseconds per sample, by the median."""
        return self.timing.median_s / self.n_samples * 1e9


def scale_rows(sizes: Sizes) -> Iterator[ScalePoint]:
    """Time frames of more and more rows, of 100 series if long and of 4 columns if wide."""
    long = {rows: long_frame(Shape(rows, _SERIES_OF_LONG)) for rows in sizes.scaling_rows}
    yield from _measure("long", "rows", long, sizes)
    del long
    wide = {rows: wide_frame(Shape(rows, _COLUMNS_OF_WIDE)) for rows in sizes.scaling_rows}
    yield from _measure("wide", "rows", wide, sizes)


def scale_series(sizes: Sizes) -> Iterator[ScalePoint]:
    """Time frames that cut the same number of samples into more and more series."""
    n_samples = sizes.scaling_samples
    long = {n: long_frame(Shape(n_samples, n)) for n in sizes.scaling_series}
    yield from _measure("long", "series", long, sizes)
    del long
    wide = {n: _wide_of_one_variable(n_samples // n, n) for n in sizes.scaling_series}
    yield from _measure("wide", "series", wide, sizes)


def growth_exponents(points: Iterable[ScalePoint]) -> dict[str, float]:
    """Return k of time ~ rows**k for each layout, fitted from 100,000 rows on; 1 is linear."""
    points = [point for point in points if point.axis == "rows"]
    exponents = {}
    for layout in dict.fromkeys(point.layout for point in points):
        own = [point for point in points if point.layout == layout]
        own = [point for point in own if point.x >= _ROWS_OF_GROWTH] or own
        x = np.log([point.x for point in own])
        y = np.log([point.timing.median_s for point in own])
        exponents[layout] = float(np.polyfit(x, y, 1)[0])
    return exponents


def _wide_of_one_variable(rows: int, series: int) -> Input:
    frame = wide_frame(Shape(rows, series)).frame
    frame.columns = pd.Index([f"host-{i:06d}" for i in range(series)])
    reading = ReadingKeywords(var="anomaly_score", column_label="host")
    return Input(frame, rows * series, reading)


def _measure(
    layout: str, axis: str, inputs: Mapping[int, Input], sizes: Sizes
) -> Iterator[ScalePoint]:
    timings = alternate(
        {str(x): timed(drain(data.lines)) for x, data in inputs.items()}, sizes.few_repetitions
    )
    for x, data in inputs.items():
        yield ScalePoint(layout, axis, x, data.n_samples, timings[str(x)])
