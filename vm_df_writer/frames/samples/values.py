"""Column -> float64, with NaN where there is no number."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import ne
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from vm_df_writer.display.text import shown
from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.samples.contents import (
    NARROW_FLOATS,
    holds_numbers,
    is_decimal,
    is_number,
)
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray

__all__ = [
    "Rows",
    "ValueColumn",
    "convert_numbers",
    "read_rows",
]

Rows = slice | IntArray

_EXACT_INTEGER = 2**53
_CHECKED_ROWS = 2**16


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
        if not holds_numbers(self.column):
            self._refuse(is_number, "a number")
        if self.column.dtype == object:
            try:
                for start in range(0, len(self.column), _CHECKED_ROWS):
                    self.column.iloc[start : start + _CHECKED_ROWS].to_numpy(np.float64, na_value=0)
            except (OverflowError, ValueError, InvalidOperation):
                self._refuse(_fits_float64, "a number within float64's range")

    def _refuse(self, is_fine: Callable[[Any], bool], expected: str) -> None:
        for row, value in enumerate(self.column):
            if not is_fine(value):
                raise ColumnError(
                    f"column {self.name!r}, row {row}: expected {expected}, got "
                    f"{shown(value)}; convert the column or name the value columns with "
                    "value_columns="
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
        if isinstance(dtype, np.dtype) and dtype != object:
            # pandas takes no rows of numbers in the byte order of another machine.
            return convert_numbers(self.column.to_numpy()[rows])
        piece = self.column.iloc[rows]
        if isinstance(dtype, pd.SparseDtype):
            return convert_numbers(np.asarray(piece))
        is_whole = piece.dtype.kind in "iu"
        if is_whole and not piece.isna().any():
            return convert_numbers(piece.to_numpy(dtype=f"{piece.dtype.kind}8"))
        if is_whole or dtype == object or is_decimal(dtype):
            return _from_objects(piece.to_numpy(dtype=object, na_value=np.nan))
        if str(piece.dtype) in NARROW_FLOATS:
            return convert_numbers(piece.to_numpy(dtype=np.float32, na_value=np.nan))
        return piece.to_numpy(dtype=np.float64, na_value=np.nan), None


def convert_numbers(array: npt.NDArray[Any]) -> tuple[FloatArray, BoolArray | None]:
    """Convert a NumPy array of real numbers or booleans to float64.

    Returns
    -------
    values : ndarray of float64, shape as `array`
        A float32 becomes the number that its own digits show: 0.1, not 0.10000000149.
    inexact : ndarray of bool, shape as `array`, or None
        Values that float64 cannot hold exactly.

    Examples
    --------
    >>> convert_numbers(np.array([1, 2**53 + 1]))
    (array([1.00000000e+00, 9.00719925e+15]), array([False,  True]))
    """
    if array.dtype.kind == "f" and array.dtype.itemsize < 8:
        return _shortest_digits(array.astype(np.float32, copy=False)), None
    values = array.astype(np.float64)
    if array.dtype.itemsize < 8 or array.dtype == np.float64:
        return values, None
    if array.dtype.kind == "f":  # longdouble
        inexact = (values != array) & ~np.isnan(values)
    else:
        inexact = np.abs(values) >= _EXACT_INTEGER
        # Few values are this large; Python's numbers compare exactly.
        inexact[inexact] = _differ(array[inexact].tolist(), values[inexact].tolist())
    return values, inexact if inexact.any() else None


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
    flags = np.stack([none if mask is None else mask for mask in inexact])
    return np.stack(values), {"inexact": flags}


def _fits_float64(value: Any) -> bool:
    try:
        float(0 if value is None or value is pd.NA else value)
    except (OverflowError, ValueError):
        return False
    return True


def _shortest_digits(narrow: npt.NDArray[np.float32]) -> FloatArray:
    values = narrow.astype(np.float64)
    finite = np.isfinite(values)
    text = orjson.dumps(narrow[finite], option=orjson.OPT_SERIALIZE_NUMPY)
    values[finite] = orjson.loads(text)
    return values


def _from_objects(given: npt.NDArray[np.object_]) -> tuple[FloatArray, BoolArray | None]:
    values = given.astype(np.float64)
    kind = pd.api.types.infer_dtype(given)
    if kind in ("floating", "boolean", "empty"):
        return values, None
    known = ~np.isnan(values)
    numbers = [n.item() if isinstance(n, np.generic) else n for n in given[known]]
    floats: Iterable[object] = values[known].tolist()
    if kind == "decimal":
        # Decimal("0.1") is what the text of 0.1 says, though not its binary value.
        floats = map(Decimal, map(repr, floats))
    elif kind.startswith("mixed"):
        floats = [
            Decimal(repr(f)) if isinstance(n, Decimal) else f
            for n, f in zip(numbers, floats, strict=True)
        ]
    inexact = np.zeros(len(given), dtype=bool)
    inexact[known] = _differ(numbers, floats)
    return values, inexact if inexact.any() else None


def _differ(given: Iterable[object], converted: Iterable[object]) -> BoolArray:
    """Compare Python numbers, which are exact, in a loop that is C's."""
    return np.fromiter(map(ne, given, converted), dtype=bool)
