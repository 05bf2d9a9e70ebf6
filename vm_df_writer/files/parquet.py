"""Parquet files, row group by row group, and of each only the columns that are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError
from vm_df_writer.files.arrow_ipc import schema_of, table_to_frame
from vm_df_writer.files.csv_cells import import_pyarrow
from vm_df_writer.files.part import Part, Schema, needed_columns
from vm_df_writer.frames.roles.time_candidates import find_time
from vm_df_writer.frames.samples.timestamps import read_timestamps

__all__ = ["plan", "read"]

_UNNAMED_INDEX = "__index_level_0__"  # as pandas names it in the file


def plan(file: IO[bytes], path: str, reading: ReadOptions) -> tuple[Schema, list[Part]]:
    """Read the description at the end of the file, and nothing else."""
    del path
    parquet = _open(file)
    column = _time_column(parquet, reading)
    parts = []
    for number in range(parquet.metadata.num_row_groups):
        group = parquet.metadata.row_group(number)
        first_ms, last_ms = _times(group, column, reading)
        parts.append(Part(number, rows=group.num_rows, first_ms=first_ms, last_ms=last_ms))
    return schema_of(
        parquet.schema_arrow, needed_columns(parquet.schema_arrow.names, reading)
    ), parts


def read(
    file: IO[bytes], path: str, parts: Sequence[Part], reading: ReadOptions
) -> Iterator[pd.DataFrame]:
    """Read row groups."""
    del path
    parquet = _open(file)
    columns = needed_columns(parquet.schema_arrow.names, reading)
    for part in parts:
        table = parquet.read_row_group(
            part.number, columns=columns, use_threads=False, use_pandas_metadata=True
        )
        yield table_to_frame(table)


def _open(file: IO[bytes]) -> Any:
    import_pyarrow()
    import pyarrow.parquet as pq

    # A row group is read through once: buffers beside it would only double it.
    return pq.ParquetFile(file, pre_buffer=False)


def _time_column(parquet: Any, reading: ReadOptions) -> int | None:
    """Return the position of the time among the columns, if it can be found by their types."""
    empty = parquet.schema_arrow.empty_table().to_pandas()
    try:
        name = find_time(empty, reading).name
    except FrameError:
        return None  # a row group will tell
    names = [parquet.schema.column(i).path for i in range(len(parquet.schema.names))]
    name = _UNNAMED_INDEX if name is None else str(name)
    return names.index(name) if name in names else None


def _times(group: Any, column: int | None, reading: ReadOptions) -> tuple[int | None, int | None]:
    if column is None:
        return None, None
    statistics = group.column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None, None
    if isinstance(statistics.min, str):  # the first of the alphabet need not be the first in time
        return None, None
    bounds = pd.Series([statistics.min, statistics.max])
    try:
        times = read_timestamps(bounds, time_unit=reading.time_unit, naive_tz=reading.naive_tz)
    except (FrameError, ValueError, TypeError):
        return None, None  # strings that are no times, say; reading them will tell
    first, last = np.sort(times.ms).tolist()
    return first, last
