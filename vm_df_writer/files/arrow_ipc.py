"""Arrow and Feather files, record batch by record batch, and Arrow tables as frames."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.part import Part, Schema, needed_columns
from vm_df_writer.files.text_stream import import_pyarrow

__all__ = ["ArrowFormat", "schema_of", "table_to_frame"]


class ArrowFormat:
    """The Arrow IPC file format, of which Feather is another name."""

    def plan(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> tuple[Schema, list[Part]]:
        """Look at every record batch; of a local file only the pages that say how long they are."""
        del options
        reader = _open(file)
        rows = [reader.get_batch(number).num_rows for number in range(reader.num_record_batches)]
        columns = needed_columns(reader.schema.names, reading)
        return schema_of(reader.schema, columns), [
            Part(number, rows=n) for number, n in enumerate(rows)
        ]

    def read(
        self, file: IO[bytes], schema: Schema, parts: Sequence[Part], reading: ReadOptions
    ) -> Iterator[pd.DataFrame]:
        """Read record batches."""
        del schema, reading
        pyarrow, reader = import_pyarrow(), _open(file)
        for part in parts:
            yield table_to_frame(pyarrow.Table.from_batches([reader.get_batch(part.number)]))

    def read_whole(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> pd.DataFrame:
        """Read the file as one frame."""
        del reading, options
        return table_to_frame(_open(file).read_all())


def table_to_frame(table: Any) -> pd.DataFrame:
    """Return a table as the frame that it was made of: with its index and its dtypes.

    Integers and booleans become pandas' nullable ones, since NumPy's would lose digits where one
    of them is missing. Periods, intervals and categories are what they were.
    """
    frame: pd.DataFrame = table.to_pandas(types_mapper=_pandas_dtype, use_threads=False)
    # Parquet keeps categories of text alone; of others only pandas' own notes know.
    notes = (table.schema.pandas_metadata or {}).get("columns", ())
    categories = {note["name"] for note in notes if note["pandas_type"] == "categorical"}
    if not (categories := categories.intersection(frame.columns)):
        return frame
    return frame.astype(dict.fromkeys(categories, "category"))


def import_arrow_with_pandas() -> Any:
    """Return pyarrow, told of the types that are pandas' own: a file is opened without them else.

    Raises
    ------
    SourceError
        If it is not installed.
    """
    pyarrow = import_pyarrow()
    pyarrow.array(pd.period_range("2026", periods=0, freq="D"))
    return pyarrow


def _pandas_dtype(dtype: Any) -> Any:
    """Return the dtype of a column of pandas; None for the usual one."""
    import pyarrow as pa

    if isinstance(dtype, pa.BaseExtensionType):  # or a PeriodIndex would become integers
        with suppress(NotImplementedError):
            own = dtype.to_pandas_dtype()
            return own if isinstance(own, pd.api.extensions.ExtensionDtype) else None
    if pa.types.is_boolean(dtype):
        return pd.BooleanDtype()
    if pa.types.is_integer(dtype):
        return pd.api.types.pandas_dtype(str(dtype).replace("uint", "UInt").replace("int", "Int"))
    return None


def schema_of(schema: Any, columns: Collection[str] | None) -> Schema:
    """Return some columns of an Arrow schema, or all, and what kind of values each holds."""
    wanted = set(schema.names if columns is None else columns)
    return Schema({field.name: _kind(field.type) for field in schema if field.name in wanted})


def _kind(dtype: Any) -> str:
    import pyarrow.types as types

    if types.is_dictionary(dtype):
        return _kind(dtype.value_type)
    if types.is_timestamp(dtype) or types.is_date(dtype):
        return "times"
    if types.is_string(dtype) or types.is_large_string(dtype):
        return "text"
    if types.is_integer(dtype):
        return "integers"
    if types.is_boolean(dtype):
        return "booleans"
    is_float = types.is_floating(dtype) or types.is_decimal(dtype)
    return "floats" if is_float else ""  # null goes with any


def _open(file: IO[bytes]) -> Any:
    pyarrow = import_arrow_with_pandas()
    import pyarrow.ipc as ipc

    try:
        return ipc.open_file(file)
    except pyarrow.ArrowInvalid:
        file.seek(0)
        if file.read(4) == b"FEA1":
            raise SourceError(
                "is a Feather file of version 1, which cannot be read in parts; write it anew with "
                "pandas' to_feather"
            ) from None
        raise
