"""Arrow tables of any library -> a DataFrame that shares their memory."""

from __future__ import annotations

from typing import Any

import pandas as pd

from vm_df_writer.errors import FrameError

__all__ = ["frame_from_arrow"]


def frame_from_arrow(table: Any) -> pd.DataFrame:
    """Return a polars, pyarrow or DuckDB table as a DataFrame of Arrow-backed columns.

    Parameters
    ----------
    table : object
        Anything with ``__arrow_c_stream__``. Its columns are not copied.

    Raises
    ------
    FrameError
        If pyarrow is not installed, or has no such type.

    Examples
    --------
    >>> pa = __import__("pytest").importorskip("pyarrow")
    >>> frame_from_arrow(pa.table({"y": [1.5, None]})).dtypes["y"]
    double[pyarrow]
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise FrameError(
            f"frame: a {type(table).__name__} is read through Arrow, and pyarrow is not "
            "installed; pip install 'vm_df_writer[arrow]'"
        ) from None

    def known_to_pandas(kind: Any) -> Any:
        if pa.types.is_dictionary(kind):
            return pa.dictionary(pa.int32(), known_to_pandas(kind.value_type))
        if pa.types.is_null(kind):
            return pa.float64()  # no value says what it is: missing numbers are counted
        if pa.types.is_binary_view(kind):
            return pa.large_binary()
        return pa.large_string() if pa.types.is_string_view(kind) else kind

    def keep_arrow(kind: Any) -> pd.ArrowDtype | None:
        return None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)

    try:
        arrow = pa.table(table)
        # Of a column in pieces, one of which is an empty slice, pyarrow takes no rows.
        filled = [batch for batch in arrow.to_batches() if batch.num_rows]
        arrow = pa.Table.from_batches(filled, arrow.schema)
        fields = [field.with_type(known_to_pandas(field.type)) for field in arrow.schema]
        frame: pd.DataFrame = arrow.cast(pa.schema(fields)).to_pandas(types_mapper=keep_arrow)
    except (pa.ArrowException, NotImplementedError, TypeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise FrameError(
            f"frame: the {type(table).__name__} cannot be read through Arrow ({reason}); convert "
            "its columns to types that Arrow has, such as 64-bit numbers and text"
        ) from None
    return frame
