"""What a column holds, whatever its dtype."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.frames.samples.repeated_objects import distinct_objects

__all__ = [
    "NARROW_FLOATS",
    "first_rows",
    "holds_nothing",
    "holds_numbers",
    "holds_strings",
    "is_decimal",
    "is_known_to_pandas",
    "is_number",
    "numpy_kind",
]

_NUMBER_KINDS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")
# float32 and float16, by whatever name.
NARROW_FLOATS = ("float16", "float32", "Float32", "float[pyarrow]", "halffloat[pyarrow]")


def first_rows(values: pd.Series | pd.Index, n: int) -> pd.Series | pd.Index:
    """Return the first rows; a Series with an index of floats slices by its labels.

    Examples
    --------
    >>> first_rows(pd.Series(["a", "b"], index=[7.5, 0.5]), 1).tolist()
    ['a']
    """
    return values.iloc[:n] if isinstance(values, pd.Series) else values[:n]


def numpy_kind(dtype: Any) -> str:
    """Return the kind of a dtype as NumPy has it; ``O`` for Arrow types that pandas does not know.

    Examples
    --------
    >>> numpy_kind(pd.Series([1.5]).dtype)
    'f'
    """
    kind: str = dtype.kind if is_known_to_pandas(dtype) else "O"
    return kind


def is_known_to_pandas(dtype: Any) -> bool:
    """Say whether pandas knows a dtype; of Arrow's views and intervals it knows the name alone."""
    try:
        return dtype.type is not None
    except NotImplementedError:
        return False


def holds_numbers(column: pd.Series) -> bool:
    """Say whether a column holds real numbers or booleans, whatever its dtype.

    Examples
    --------
    >>> holds_numbers(pd.Series([1, None], dtype=object)), holds_numbers(pd.Series(["a"]))
    (True, False)
    """
    dtype = column.dtype
    if not is_known_to_pandas(dtype):
        return False
    if dtype == object:
        kind = _kind_of(column)
        return kind in _NUMBER_KINDS or (kind.startswith("mixed") and all(map(is_number, column)))
    if isinstance(dtype, pd.ArrowDtype):
        return numpy_kind(dtype) in "iufb" or is_decimal(dtype)
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)


def holds_nothing(column: pd.Series) -> bool:
    """Say whether all values of a column are missing.

    Examples
    --------
    >>> holds_nothing(pd.Series([None, None])), holds_nothing(pd.Series([0.5, None]))
    (True, False)
    """
    return _kind_of(column) == "empty" if column.dtype == object else bool(column.isna().all())


def _holds_categories(column: pd.Series) -> bool:
    """Say whether a column is a categorical, or an Arrow dictionary."""
    dtype = column.dtype
    return isinstance(dtype, pd.CategoricalDtype) or str(dtype).startswith("dictionary<")


def holds_strings(column: pd.Series) -> bool:
    """Say whether a column holds text, categories of any kind, or intervals.

    Examples
    --------
    >>> holds_strings(pd.Series(["a", None])), holds_strings(pd.Series([1.5]))
    (True, False)
    """
    dtype = column.dtype
    if _holds_categories(column) or isinstance(dtype, pd.IntervalDtype):
        return True
    if not is_known_to_pandas(dtype):
        return False
    if dtype != object:  # asking the values would make Python objects of them all
        return getattr(dtype, "type", None) is str
    return _kind_of(column) == "string"


def is_decimal(dtype: Any) -> bool:
    """Say whether a dtype is one of Arrow's decimals."""
    return isinstance(dtype, pd.ArrowDtype) and "decimal" in dtype.name


def is_number(value: Any) -> bool:
    """Say whether an object is a real number or a boolean, or missing."""
    if value is None or value is pd.NA:
        return True
    # NumPy calls a duration a number.
    return isinstance(value, (Number, np.bool_)) and not isinstance(
        value, (complex, np.complexfloating, np.timedelta64)
    )


def _kind_of(objects: pd.Series) -> str:
    return pd.api.types.infer_dtype(distinct_objects(objects.to_numpy()))
