"""What a column holds, whatever its dtype."""

from __future__ import annotations

from numbers import Number
from typing import Any, Literal

import numpy as np
import pandas as pd

from vm_df_writer.frames.samples.repeated_objects import distinct_objects

__all__ = [
    "NARROW_FLOATS",
    "DtypeKind",
    "first_rows",
    "holds_nothing",
    "holds_numbers",
    "holds_strings",
    "is_decimal",
    "is_known_to_pandas",
    "is_number",
    "kind_of_dtype",
]

DtypeKind = Literal["time", "integer", "number", "text", "object", "other"]

_KINDS_OF_NUMPY: dict[str, DtypeKind] = {
    "M": "time",
    "i": "integer",
    "u": "integer",
    "f": "number",
    "b": "number",
    "O": "object",
}
# What pandas infers of objects.
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


def is_known_to_pandas(dtype: Any) -> bool:
    """Say whether pandas knows a dtype; of Arrow's views and intervals it knows the name alone."""
    try:
        return dtype.type is not None
    except NotImplementedError:
        return False


def is_decimal(dtype: Any) -> bool:
    """Say whether a dtype is one of Arrow's decimals."""
    return isinstance(dtype, pd.ArrowDtype) and "decimal" in dtype.name


def kind_of_dtype(dtype: Any) -> DtypeKind:
    """Say what kind of values a dtype stands for; of objects only the values tell.

    Examples
    --------
    >>> kind_of_dtype(pd.Series([1]).dtype), kind_of_dtype(pd.Series(["a"], dtype="category").dtype)
    ('integer', 'text')
    >>> kind_of_dtype(pd.date_range("2026", periods=1, tz="UTC").dtype)
    'time'
    """
    if isinstance(dtype, np.dtype):
        return _KINDS_OF_NUMPY.get(dtype.kind, "other")
    if not is_known_to_pandas(dtype):
        return "other"
    if isinstance(dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)):
        return "time"
    if isinstance(dtype, (pd.CategoricalDtype, pd.IntervalDtype)) or dtype.type is str:
        return "text"
    if isinstance(dtype, pd.ArrowDtype):
        if dtype.name.startswith("dictionary<"):
            return "text"
        kind = "number" if is_decimal(dtype) else _KINDS_OF_NUMPY.get(dtype.kind, "other")
        return "other" if kind == "object" else kind
    if pd.api.types.is_integer_dtype(dtype):
        return "integer"
    is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
    return "number" if is_number else "other"


def holds_numbers(column: pd.Series) -> bool:
    """Say whether a column holds real numbers or booleans, whatever its dtype.

    Examples
    --------
    >>> holds_numbers(pd.Series([1, None], dtype=object)), holds_numbers(pd.Series(["a"]))
    (True, False)
    """
    if column.dtype != object:  # asking the values would make Python objects of them all
        return kind_of_dtype(column.dtype) in ("integer", "number")
    kind = _kind_of(column)
    return kind in _NUMBER_KINDS or (kind.startswith("mixed") and all(map(is_number, column)))


def holds_nothing(column: pd.Series) -> bool:
    """Say whether all values of a column are missing.

    Examples
    --------
    >>> holds_nothing(pd.Series([None, None])), holds_nothing(pd.Series([0.5, None]))
    (True, False)
    """
    return _kind_of(column) == "empty" if column.dtype == object else bool(column.isna().all())


def holds_strings(column: pd.Series) -> bool:
    """Say whether a column holds text, categories of any kind, or intervals.

    Examples
    --------
    >>> holds_strings(pd.Series(["a", None])), holds_strings(pd.Series([1.5]))
    (True, False)
    """
    if column.dtype != object:
        return kind_of_dtype(column.dtype) == "text"
    return _kind_of(column) == "string"


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
