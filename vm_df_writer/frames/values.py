"""Column -> float64, with NaN where there is no number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Number
from operator import ne
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from vm_df_writer.errors import ColumnError
from vm_df_writer.series import BoolArray, FloatArray, IntArray

__all__ = ["Rows", "ValueColumn", "holds_numbers", "holds_strings", "read_rows"]

Rows = slice | IntArray

_NUMBER_KINDS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")
_EXACT_INTEGER = 2**53


def holds_numbers(column: pd.Series) -> bool:
    """Say whether a column holds real numbers or booleans, whatever its dtype.

    Examples
    --------
    >>> holds_numbers(pd.Series([1, None], dtype=object)), holds_numbers(pd.Series(["a"]))
    (True, False)
    """
    dtype = column.dtype
    if dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) in _NUMBER_KINDS
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.kind in "iufb" or _is_decimal(dtype)
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)


def holds_strings(column: pd.Series) -> bool:
    """Say whether a column holds text, or categories of any kind.

    Examples
    --------
    >>> holds_strings(pd.Series(["a", None])), holds_strings(pd.Series([1.5]))
    (True, False)
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or str(dtype).startswith("dictionary<"):
        return True
    if dtype != object:  # asking the values would make Python objects of them all
        return getattr(dtype, "type", None) is str
    return pd.api.types.infer_dtype(column, skipna=True) == "string"


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """A column of a frame that is read piece by piece, so that it is never copied whole.

    Raises
    ------
    ColumnError
        On construction, if the column holds anything but real numbers; the message names
        the first such row.

    Examples
    --------
    >>> ValueColumn("y", pd.Series([1, None], dtype="Int64")).read(slice(None))
    (array([ 1., nan]), None)
    """

    name: Hashable
    column: pd.Series

    def __post_init__(self) -> None:
        """Refuse what is not numbers before anything is sent."""
        if holds_numbers(self.column):
            return
        for row, value in enumerate(self.column):
            if not _is_number(value):
                raise ColumnError(
                    f"column {self.name!r}, row {row}: expected a number, got {value!r}; "
                    "convert the column or name the value columns with value_columns="
                )
        raise ColumnError(
            f"column {self.name!r}: expected numbers, got dtype {self.column.dtype}; convert the "
            "column or name the value columns with value_columns="
        )

    def read(self, rows: Rows) -> tuple[FloatArray, BoolArray | None]:
        """Return the values of some rows, and which of them lost digits (None: none did).

        Returns
        -------
        values : ndarray of float64, shape (n_rows,)
            NaN where the frame has no number. May be a view of the frame: do not write to it.
        inexact : ndarray of bool, shape (n_rows,), or None
            Values that float64 cannot hold exactly.
        """
        dtype = self.column.dtype
        if dtype == np.float64:
            return self.column.to_numpy()[rows], None
        piece = self.column.iloc[rows]
        if isinstance(dtype, pd.SparseDtype):
            piece = pd.Series(np.asarray(piece))
        if piece.dtype == object or _is_decimal(dtype):
            return _from_objects(piece.to_numpy(dtype=object, na_value=np.nan))
        if _is_narrow_float(piece.dtype):
            return _shortest_digits(piece.to_numpy(dtype=np.float32, na_value=np.nan)), None
        values = piece.to_numpy(dtype=np.float64, na_value=np.nan)
        if pd.api.types.is_integer_dtype(piece.dtype):
            return values, _inexact_integers(piece, values)
        return values, None


def read_rows(
    columns: Sequence[ValueColumn], rows: Rows
) -> tuple[FloatArray, dict[str, BoolArray]]:
    """Return some rows of several columns, each column contiguous.

    Returns
    -------
    values : ndarray of float64, shape (n_columns, n_rows)
    marks : dict of str to ndarray of bool, shape (n_columns, n_rows)
        ``inexact``, if a value lost digits.
    """
    values, inexact = zip(*(column.read(rows) for column in columns), strict=True)
    if all(mask is None for mask in inexact):
        return np.stack(values), {}
    none = np.zeros(len(values[0]), dtype=bool)
    marks = np.stack([none if mask is None else mask for mask in inexact])
    return np.stack(values), {"inexact": marks}


def _is_number(value: Any) -> bool:
    if value is None or value is pd.NA:
        return True
    return isinstance(value, (Number, np.bool_)) and not isinstance(value, complex)


def _is_decimal(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and "decimal" in dtype.name


def _is_narrow_float(dtype: Any) -> bool:
    return bool(pd.api.types.is_float_dtype(dtype)) and dtype.itemsize < 8


def _shortest_digits(narrow: npt.NDArray[np.float32]) -> FloatArray:
    """Return the float64 whose digits are those that a float32 shows: 0.1, not 0.10000000149."""
    values = narrow.astype(np.float64)
    finite = np.isfinite(values)
    text = orjson.dumps(narrow[finite], option=orjson.OPT_SERIALIZE_NUMPY)
    values[finite] = orjson.loads(text)
    return values


def _inexact_integers(piece: pd.Series, values: FloatArray) -> BoolArray | None:
    large = np.flatnonzero(np.abs(values) > _EXACT_INTEGER)
    if not large.size:
        return None
    inexact = np.zeros(len(piece), dtype=bool)
    inexact[large] = _differ(piece.iloc[large].tolist(), values[large].tolist())
    return inexact if inexact.any() else None


def _from_objects(given: npt.NDArray[np.object_]) -> tuple[FloatArray, BoolArray | None]:
    values = given.astype(np.float64)
    kind = pd.api.types.infer_dtype(given, skipna=True)
    if kind in ("floating", "boolean", "empty"):
        return values, None
    known = ~np.isnan(values)
    floats: Iterable[object] = values[known].tolist()
    if kind == "decimal":
        # Decimal("0.1") is what the text of 0.1 says, though not its binary value.
        floats = map(Decimal, map(repr, floats))
    inexact = np.zeros(len(given), dtype=bool)
    inexact[known] = _differ(given[known], floats)
    return values, inexact if inexact.any() else None


def _differ(given: Iterable[object], converted: Iterable[object]) -> BoolArray:
    """Compare Python numbers, which are exact, in a loop that is C's."""
    return np.fromiter(map(ne, given, converted), dtype=bool)
