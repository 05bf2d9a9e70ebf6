"""The frames that are written, and how each is to be read.

Values are standard normal float64, with all their digits: what a model puts out, and the longest
text that a float has. Rows are 15 s apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.measuring.sizes import Shape
from vm_df_writer import to_import_lines
from vm_df_writer.config.read_options import ReadingKeywords

__all__ = [
    "METRIC_FORMAT",
    "VALUE_COLUMNS",
    "Input",
    "epoch_ms",
    "long_frame",
    "metric_name",
    "periodic_frame",
    "short_series_long",
    "short_series_wide",
    "wide_frame",
]

METRIC_FORMAT: Mapping[str, str] = {"__name__": "vm_$VAR"}

VALUE_COLUMNS = ("anomaly_score", "y", "yhat", "yhat_lower", "yhat_upper")

_DEVICES = 10


@dataclass(frozen=True, eq=False)
class Input:
    """A frame, and the keywords that it is read with.

    Attributes
    ----------
    frame : DataFrame
        The frame.
    n_samples : int
        Its samples that are numbers.
    reading : ReadingKeywords
        The reading keywords for it.
    """

    frame: pd.DataFrame
    n_samples: int
    reading: ReadingKeywords = field(default_factory=ReadingKeywords)

    def lines(self) -> Iterator[bytes]:
        """Format the import lines; what all benchmarks measure."""
        return to_import_lines(self.frame, metric_format=METRIC_FORMAT, **self.reading)


def metric_name(var: str) -> str:
    """Return the name that `METRIC_FORMAT` gives a variable.

    Examples
    --------
    >>> metric_name("yhat")
    'vm_yhat'
    """
    return METRIC_FORMAT["__name__"].replace("$VAR", var)


def epoch_ms(times: pd.Index | pd.Series) -> npt.NDArray[np.int64]:
    """Return times as milliseconds since 1970."""
    return pd.DatetimeIndex(times).as_unit("ms").asi8


def wide_frame(shape: Shape, *, gaps: float = 0.0) -> Input:
    """Return a frame with one column per series; a share `gaps` of the cells is NaN."""
    random = np.random.default_rng(0)
    values = random.standard_normal((shape.series, shape.rows)).T
    if gaps:
        values[random.random(values.shape) < gaps] = np.nan
    columns = [f"score_{i:03d}" for i in range(shape.series)]
    frame = pd.DataFrame(values, index=_times(shape.rows), columns=columns)
    return Input(frame, int(np.isfinite(values).sum()))


def long_frame(
    shape: Shape,
    n_values: int = 1,
    *,
    order: Literal["time", "series", "random"] = "time",
) -> Input:
    """Return a frame with one row per time and series, and two text columns for labels.

    Parameters
    ----------
    shape : Shape
        All rows; each series has its share of them.
    n_values : int
        Value columns.
    order : {"time", "series", "random"}
        Of the rows. In order of time, the series of each time follow each other.
    """
    random = np.random.default_rng(0)
    rows = np.arange(shape.rows)
    per_series = -(-shape.rows // shape.series)
    if order == "series":
        series, step = np.divmod(rows, per_series)
    else:
        step, series = np.divmod(rows, shape.series)
    if order == "random":
        shuffled = random.permutation(shape.rows)
        series, step = series[shuffled], step[shuffled]
    frame = pd.DataFrame(
        {
            "timestamp": _times(per_series).take(step),
            "host": _texts("host", series // _DEVICES),
            "device": _texts("device", series % _DEVICES),
            **{name: random.standard_normal(shape.rows) for name in VALUE_COLUMNS[:n_values]},
        }
    )
    return Input(frame, shape.rows * n_values)


def periodic_frame(n_series: int) -> Input:
    """Return a wide frame of one row, as periodic inference writes it, with three labels."""
    series, var = np.divmod(np.arange(n_series), len(VALUE_COLUMNS))
    instance, device = np.divmod(series, _DEVICES)
    columns = pd.MultiIndex.from_arrays(
        [
            np.array(VALUE_COLUMNS)[var],
            [f"job-{i % 4}" for i in instance.tolist()],
            [f"instance-{i:05d}:9100" for i in instance.tolist()],
            [f"device-{i}" for i in device.tolist()],
        ],
        names=["var", "job", "instance", "device"],
    )
    values = np.random.default_rng(0).standard_normal((1, n_series))
    return Input(pd.DataFrame(values, index=_times(1), columns=columns), n_series)


def short_series_wide(shape: Shape) -> Input:
    """Return a wide frame whose columns have two label levels."""
    host, device = np.divmod(np.arange(shape.series), _DEVICES)
    columns = pd.MultiIndex.from_arrays(
        [_texts("host", host), _texts("device", device)], names=["host", "device"]
    )
    values = np.random.default_rng(0).standard_normal((shape.series, shape.rows)).T
    frame = pd.DataFrame(values, index=_times(shape.rows), columns=columns)
    reading = ReadingKeywords(var=VALUE_COLUMNS[0])
    return Input(frame, shape.rows * shape.series, reading)


def short_series_long(shape: Shape) -> Input:
    """Return the series of :func:`short_series_wide` in a long frame, in order of time."""
    return long_frame(Shape(shape.rows * shape.series, shape.series))


def _times(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2026-01-01", periods=n, freq="15s", tz="UTC", name="timestamp")


def _texts(name: str, codes: npt.NDArray[np.int64]) -> pd.Series:
    width = len(str(codes.max(initial=0)))
    texts = [f"{name}-{i:0{width}d}" for i in range(int(codes.max(initial=0)) + 1)]
    return pd.Series(texts, dtype="str").take(codes).reset_index(drop=True)
