"""Parquet files, row group by row group, and of each only the columns that are needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import IO, Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError
from vm_df_writer.files.arrow_ipc import import_arrow_with_pandas, schema_of, table_to_frame
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.part import Part, Schema, needed_columns
from vm_df_writer.frames.roles.time_candidates import find_time
from vm_df_writer.frames.samples.timestamps import read_timestamps

__all__ = ["ParquetFormat"]

_RANGE_END = re.compile(rb'"stop": \d+')
# Plain texts have four bytes for their length alone.
_DICTIONARY_BYTES_PER_ROW = 4
_UNNAMED_INDEX = "__index_level_0__"  # as pandas names it in the file


class ParquetFormat:
    """Apache Parquet."""

    def plan(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> tuple[Schema, list[Part]]:
        """Read the description at the end of the file, and nothing else."""
        parquet = _open(file)
        is_raw = options.time_format is None and not options.time_columns
        column = _time_column(parquet, reading) if is_raw else None
        groups = [parquet.metadata.row_group(i) for i in range(parquet.metadata.num_row_groups)]
        times = [(None, None)] * len(groups) if column is None else _times(groups, column, reading)
        parts = [
            Part(number, rows=group.num_rows, first_ms=first_ms, last_ms=last_ms)
            for number, (group, (first_ms, last_ms)) in enumerate(zip(groups, times, strict=True))
        ]
        columns = needed_columns(parquet.schema_arrow.names, reading)
        return schema_of(parquet.schema_arrow, columns), parts

    def read(
        self, file: IO[bytes], schema: Schema, parts: Sequence[Part], reading: ReadOptions
    ) -> Iterator[pd.DataFrame]:
        """Read row groups; labels that are named, and have few texts, are read as categories."""
        del schema
        parquet = _open(file)
        columns = needed_columns(parquet.schema_arrow.names, reading)
        if labels := _repetitive_labels(parquet, parts, reading):
            parquet = _open(file, metadata=parquet.metadata, read_dictionary=labels)
        for part in parts:
            table = parquet.read_row_group(
                part.number, columns=columns, use_threads=False, use_pandas_metadata=True
            )
            yield table_to_frame(table)

    def read_whole(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> pd.DataFrame:
        """Read the file as one frame."""
        del options
        parquet = _open(file)
        columns = needed_columns(parquet.schema_arrow.names, reading)
        return table_to_frame(parquet.read(columns=columns, use_pandas_metadata=True))


def _open(file: IO[bytes], **given: Any) -> Any:
    import_arrow_with_pandas()
    import pyarrow.parquet as pq

    # A row group is read through once: buffers beside it would only double it.
    return pq.ParquetFile(file, pre_buffer=False, **given)


def _repetitive_labels(parquet: Any, parts: Sequence[Part], reading: ReadOptions) -> list[str]:
    """Return the labels whose texts the file has once, and in each row the number of one.

    These numbers are what grouping needs. To number texts that hardly repeat takes as long as it
    saves. The job has given these columns their role, for which a category is a text like others.
    """
    import pyarrow.types as types

    texts = {
        field.name
        for field in parquet.schema_arrow
        if types.is_string(field.type) or types.is_large_string(field.type)
    }
    labels = texts.intersection(reading.label_columns or ()) - {reading.time}
    leaves = [parquet.schema.column(i).path for i in range(len(parquet.schema.names))]
    groups = [parquet.metadata.row_group(part.number) for part in parts]
    return [
        name
        for place, name in enumerate(leaves)
        if name in labels and all(_is_repetitive(group.column(place)) for group in groups)
    ]


def _is_repetitive(column: Any) -> bool:
    most_bytes = _DICTIONARY_BYTES_PER_ROW * column.num_values
    return bool(column.has_dictionary_page and column.total_uncompressed_size <= most_bytes)


def _time_column(parquet: Any, reading: ReadOptions) -> int | None:
    """Return the position of the time among the columns, if its statistics are times."""
    schema = parquet.schema_arrow
    notes = schema.metadata or {}
    if pandas_notes := notes.get(b"pandas"):
        # The length alone makes no other schema.
        pandas_notes = _RANGE_END.sub(b'"stop": 0', pandas_notes)
        schema = schema.with_metadata({b"pandas": pandas_notes})
    roles = (reading.label_columns, reading.value_columns)
    labels, values = (None if names is None else tuple(names) for names in roles)
    columns = schema.serialize().to_pybytes()  # a schema of pyarrow 16 has no hash
    name = _time_name(columns, reading.time, labels, values, is_epoch=reading.time_unit is not None)
    if name is None:
        return None
    leaves = [parquet.schema.column(i).path for i in range(len(parquet.schema.names))]
    return leaves.index(name)


@lru_cache(maxsize=64)  # a job may have thousands of files of the same columns
def _time_name(
    columns: bytes,
    time: Any,
    labels: tuple[Any, ...] | None,
    values: tuple[Any, ...] | None,
    *,
    is_epoch: bool,
) -> str | None:
    """Return the name of the time, if its statistics are times.

    Text is none of them: the first of the alphabet need not be the first in time. Nor are the
    numbers that periods are stored as.
    """
    import pyarrow as pa
    import pyarrow.ipc as ipc
    import pyarrow.types as types

    schema = ipc.read_schema(pa.py_buffer(columns))
    reading = ReadOptions(time=time, label_columns=labels, value_columns=values)
    try:
        found = find_time(table_to_frame(schema.empty_table()), reading).name
    except FrameError:
        return None  # a row group will tell
    name = _UNNAMED_INDEX if found is None else str(found)
    if schema.names.count(name) != 1:
        return None
    dtype = schema.field(name).type
    tells = types.is_timestamp(dtype) or types.is_date(dtype)
    return name if tells or (is_epoch and types.is_integer(dtype)) else None


def _times(
    groups: Sequence[Any], column: int, reading: ReadOptions
) -> list[tuple[int | None, int | None]]:
    """Return the first and the last time of each row group, where its statistics tell them."""
    found = [group.column(column).statistics for group in groups]
    told = [i for i, statistics in enumerate(found) if statistics and statistics.has_min_max]
    times: list[tuple[int | None, int | None]] = [(None, None)] * len(groups)
    bounds = pd.Series([bound for i in told for bound in (found[i].min, found[i].max)])
    try:
        ms = read_timestamps(bounds, time_unit=reading.time_unit, naive_tz=reading.naive_tz).ms
    except FrameError:  # a date that no server takes, say; reading it will tell
        return times
    for i, first_ms, last_ms in zip(told, ms[::2].tolist(), ms[1::2].tolist(), strict=True):
        times[i] = first_ms, last_ms
    return times
