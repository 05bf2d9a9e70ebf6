"""Arrow and Feather files, record batch by record batch, and Arrow tables as frames."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import IO, Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv_cells import import_pyarrow
from vm_df_writer.files.part import Part, Schema, needed_columns

__all__ = ["plan", "read", "schema_of", "table_to_frame"]


def plan(file: IO[bytes], path: str, reading: ReadOptions) -> tuple[Schema, list[Part]]:
    """Look at every record batch; of a local file only the pages that say how long they are."""
    del path
    reader = _open(file)
    rows = [reader.get_batch(number).num_rows for number in range(reader.num_record_batches)]
    columns = needed_columns(reader.schema.names, reading)
    return schema_of(reader.schema, columns), [
        Part(number, rows=n) for number, n in enumerate(rows)
    ]


def read(
    file: IO[bytes], path: str, parts: Sequence[Part], reading: ReadOptions
) -> Iterator[pd.DataFrame]:
    """Read record batches."""
    del path, reading
    pyarrow, reader = import_pyarrow(), _open(file)
    for part in parts:
        yield table_to_frame(pyarrow.Table.from_batches([reader.get_batch(part.number)]))


def table_to_frame(table: Any) -> pd.DataFrame:
    """Return a table as the frame that it was made of: with its index and its dtypes.

    Integers and booleans become pandas' nullable ones, since NumPy's would lose digits where one
    of them is missing.
    """
    import pyarrow as pa

    nullable = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get, use_threads=False)
    return frame


def schema_of(schema: Any, columns: Collection[str] | None = None) -> Schema:
    """Return the columns of an Arrow schema, and what kind of values each holds."""
    return {
        field.name: _kind(field.type)
        for field in schema
        if columns is None or field.name in columns
    }


def _kind(dtype: Any) -> str:
    import pyarrow.types as types

    if types.is_dictionary(dtype):
        return _kind(dtype.value_type)
    if types.is_timestamp(dtype) or types.is_date(dtype):
        return "times"
    if types.is_string(dtype) or types.is_large_string(dtype):
        return "text"
    is_number = types.is_integer(dtype) or types.is_floating(dtype) or types.is_decimal(dtype)
    return "numbers" if is_number or types.is_boolean(dtype) else ""  # null goes with any


def _open(file: IO[bytes]) -> Any:
    import_pyarrow()
    import pyarrow as pa
    import pyarrow.ipc as ipc

    try:
        return ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        if file.read(4) == b"FEA1":
            raise SourceError(
                "is a Feather file of version 1, which cannot be read in parts; write it anew with "
                "pandas' to_feather"
            ) from None
        raise
