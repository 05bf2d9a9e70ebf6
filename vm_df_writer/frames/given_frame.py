"""Whatever is given for a frame -> a DataFrame, or a word of what would help."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import pandas as pd

from vm_df_writer.errors import FrameError
from vm_df_writer.frames.arrow import frame_from_arrow

__all__ = ["ArrowStreamExportable", "FrameLike", "as_frame"]


class ArrowStreamExportable(Protocol):
    """A table of polars, pyarrow, DuckDB and others, by the PyCapsule interface of Arrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the table as a stream of record batches."""


FrameLike: TypeAlias = pd.DataFrame | pd.Series | ArrowStreamExportable

_DASK = "write it with vm_df_writer.jobs.dask.to_victoriametrics, or .compute() it"
_SPARK = "write it with vm_df_writer.jobs.spark.to_victoriametrics, or .toPandas() it"
_TABLE = "make a table of it and of its times with pyarrow.table({...})"
# What makes a frame of what looks like one, by library and class.
_REMEDIES = {
    ("dask", "DataFrame"): _DASK,
    ("dask", "Series"): f".to_frame() it, and {_DASK}",
    ("pyspark", "DataFrame"): _SPARK,
    ("polars", "LazyFrame"): "call .collect() on it",
    ("polars", "Series"): "call .to_frame() on it, and add its times",
    ("duckdb", "DuckDBPyConnection"): "pass the result of a query, as .df() or .arrow()",
    ("pyarrow", "Array"): _TABLE,
    ("pyarrow", "ChunkedArray"): _TABLE,
    ("numpy", "ndarray"): "make one with pd.DataFrame(array, index=times, columns=names)",
    ("pandas", "DataFrameGroupBy"): "aggregate it first, such as with .mean()",
    ("xarray", "DataArray"): "call .to_dataframe() on it",
    ("xarray", "Dataset"): "call .to_dataframe() on it",
}

# What collects a lazy frame, or converts one of another library, by the names that are in use.
_CONVERSIONS = ("to_pandas", "toPandas", "to_arrow", "collect", "compute", "df")


def as_frame(frame: object) -> pd.DataFrame:
    """Return what is given for a frame as one.

    Raises
    ------
    FrameError
        If it is none.

    Examples
    --------
    >>> as_frame(pd.Series([1.0], name="y")).columns.tolist()
    ['y']
    """
    if isinstance(frame, pd.Series):
        if frame.name is None:
            raise FrameError("frame: the Series has no name to stand for $VAR; .rename('y') it")
        return frame.to_frame()
    if isinstance(frame, pd.DataFrame):
        return frame
    kind = type(frame)
    library = kind.__module__.partition(".")[0]
    remedy = _REMEDIES.get((library, kind.__name__))
    if remedy is None and hasattr(frame, "__arrow_c_stream__"):
        return frame_from_arrow(frame)
    shown = kind.__name__ if library == "builtins" else f"{library}.{kind.__name__}"
    raise FrameError(
        f"frame: expected a DataFrame, a named Series or an Arrow table, got {shown}; "
        f"{remedy or _conversion_of(kind)}"
    )


def _conversion_of(kind: type) -> str:
    # Of the class: an attribute of a lazy frame may be a column.
    for name in _CONVERSIONS:
        if callable(getattr(kind, name, None)):
            return f"call .{name}() on it"
    return "convert it with pd.DataFrame(...)"
