"""Factorizing a column: rows -> codes and distinct values, as pandas does it, and faster."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.frames.labels.label_text import label_text
from vm_df_writer.frames.samples.repeated_objects import repeated_objects
from vm_df_writer.model.series import IntArray

__all__ = ["factorize"]

# Before version 3 pandas hashed strings as C does, up to the first NUL.
_STOPS_AT_NUL = pd.__version__ < "3"


def factorize(column: pd.Series | pd.Index) -> tuple[IntArray, Any]:
    """Return the code of each row, -1 where it has no value, and the distinct values.

    Raises
    ------
    TypeError, NotImplementedError
        If values cannot be hashed.

    Examples
    --------
    >>> codes, values = factorize(pd.Series(["a", None, "b", "a"], dtype=object))
    >>> codes.tolist(), values.tolist()
    ([0, -1, 1, 0], ['a', 'b'])
    """
    if column.dtype == object:
        objects = column.to_numpy()
        repeated = repeated_objects(objects)
        if repeated is None:
            return _factorize_objects(objects)
        codes, distinct = repeated
        codes_of_distinct, uniques = _factorize_objects(distinct)
        return codes_of_distinct[codes], uniques
    if _STOPS_AT_NUL and isinstance(column.dtype, pd.StringDtype):
        return _factorize_as_objects(column.to_numpy(dtype=object))
    # Of a Series pandas would make an Index of the distinct values, which takes longer.
    return pd.factorize(column.array if isinstance(column.dtype, pd.StringDtype) else column)


def _factorize_objects(objects: npt.NDArray[np.object_]) -> tuple[IntArray, Any]:
    kind = pd.api.types.infer_dtype(objects)
    if kind not in ("string", "integer", "boolean", "empty"):
        # True, 1 and 1.0 are one key and two labels; 1 and "1" are two keys and one label;
        # of 1.0 and 1.00, or one moment in two zones, the first would name both.
        texts = [label_text(value) if isinstance(value, Hashable) else value for value in objects]
        return pd.factorize(np.array([*texts, None], dtype=object)[:-1])
    return _factorize_as_objects(objects) if _STOPS_AT_NUL else pd.factorize(objects)


def _factorize_as_objects(objects: npt.NDArray[np.object_]) -> tuple[IntArray, Any]:
    # One value that is no string makes pandas compare whole Python objects.
    codes, uniques = pd.factorize(np.array([*objects, object()], dtype=object))
    return codes[:-1], uniques[:-1]
