"""Columns of samples -> a pandas DataFrame, a polars DataFrame or an Arrow table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

from vm_df_writer.errors import FrameError
from vm_df_writer.model.series import IntArray
from vm_df_writer.reading.layout.rows import RowSamples
from vm_df_writer.reading.layout.wide import WideSamples

__all__ = ["FrameBackend", "check_backend", "rows_frame", "series_names", "wide_frame"]

FrameBackend = Literal["pandas", "polars", "arrow"]
_EXTRAS = {"polars": ("polars", "pyarrow"), "arrow": ("pyarrow",)}


def check_backend(backend: object) -> None:
    """Refuse a library that is not known or not installed, before anything is read.

    Raises
    ------
    FrameError
        Says which there are, or what to install.

    Examples
    --------
    >>> check_backend("pandsa")
    Traceback (most recent call last):
    vm_df_writer.errors.FrameError: backend: expected one of pandas, polars, arrow, got 'pandsa'
    """
    if backend not in ("pandas", *_EXTRAS):
        raise FrameError(
            f"backend: expected one of pandas, polars, arrow, got {backend!r}", keyword="backend"
        )
    for library in _EXTRAS.get(str(backend), ()):
        try:
            __import__(library)
        except ImportError:
            raise FrameError(
                f"backend: {backend!r} needs {library}, which is not installed",
                hint=f"pip install {library}",
                keyword="backend",
            ) from None


def times_of(timestamps_ms: IntArray, name: str | None = None) -> pd.DatetimeIndex:
    """Return epoch milliseconds as times in UTC, without a copy.

    Examples
    --------
    >>> times_of(np.array([1767225600000])).tolist()
    [Timestamp('2026-01-01 00:00:00+0000', tz='UTC')]
    """
    naive = pd.DatetimeIndex(timestamps_ms.view("datetime64[ms]"), name=name)
    return naive.tz_localize("UTC")


def wide_frame(samples: WideSamples, columns: pd.Index, time: str, backend: FrameBackend) -> Any:
    """Return samples as a frame with a column for each series.

    Parameters
    ----------
    samples : WideSamples
        The samples.
    columns : Index
        The columns of a pandas frame; of others, the names of series such as ``y{host="a"}``.
    time : str
        The name of the index, or the column, that holds the time.
    backend : str
        The library.
    """
    if backend == "pandas":
        index = times_of(samples.timestamps_ms, time)
        return pd.DataFrame(samples.matrix.T, index=index, columns=columns, copy=False)
    import pyarrow as pa

    table = {time: _arrow_times(samples.timestamps_ms)} | {
        name: pa.array(row, from_pandas=True)
        for name, row in zip(series_names(columns), samples.matrix, strict=True)
    }
    return _finished(pa.table(table), backend)


def rows_frame(samples: RowSamples, time: str, backend: FrameBackend) -> Any:
    """Return samples as a frame of columns: time, labels as categories, and values."""
    if backend == "pandas":
        labels = {
            name: pd.Categorical.from_codes(column.codes, categories=pd.Index(column.texts))
            for name, column in samples.label_columns.items()
        }
        columns = {time: times_of(samples.timestamps_ms), **labels, **samples.value_columns}
        return pd.DataFrame(columns, copy=False)
    import pyarrow as pa

    arrow = {time: _arrow_times(samples.timestamps_ms)}
    for name, column in samples.label_columns.items():
        codes = pa.array(column.codes.astype(np.int32), mask=column.codes < 0)
        arrow[name] = pa.DictionaryArray.from_arrays(codes, pa.array(column.texts, pa.string()))
    for name, values in samples.value_columns.items():
        arrow[name] = pa.array(values, from_pandas=True)
    return _finished(pa.table(arrow), backend)


def series_names(columns: pd.Index) -> list[str]:
    """Return names of columns as one text each, of several levels as the name of a series.

    Examples
    --------
    >>> levels = pd.MultiIndex.from_tuples([("y", "a"), ("z", "")], names=["var", "host"])
    >>> series_names(levels)
    ['y{host="a"}', 'z']
    """
    if not isinstance(columns, pd.MultiIndex):
        return [str(name) for name in columns]
    names = columns.names[1:]
    return [_series_name(key[0], names, key[1:]) for key in columns.tolist()]


def _series_name(variable: str, names: Sequence[Any], texts: Sequence[str]) -> str:
    labels = ",".join(
        f"{name}={orjson.dumps(text).decode()}"
        for name, text in zip(names, texts, strict=True)
        if text
    )
    return f"{variable}{{{labels}}}" if labels else variable


def _arrow_times(timestamps_ms: IntArray) -> Any:
    import pyarrow as pa

    return pa.array(timestamps_ms.view("datetime64[ms]"), pa.timestamp("ms", tz="UTC"))


def _finished(table: Any, backend: FrameBackend) -> Any:
    if backend == "arrow":
        return table
    import polars as pl

    return pl.from_arrow(table)
