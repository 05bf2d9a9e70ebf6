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

# Until version 3.1 pandas hashed strings as C does, up to the first NUL.
_STOPS_AT_NUL = len(pd.factorize(np.array(["\0a", "\0b"], dtype=object))[1]) == 1

_ROWS_AT_ONCE = 2**20


def factorize(
    column: pd.Series | pd.Index, rows_at_once: int = _ROWS_AT_ONCE
) -> tuple[npt.NDArray[np.signedinteger], Any]:
    """Return the code of each row, -1 where it has no value, and the distinct values.

    Arrow's text is read in pieces of `rows_at_once`.

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
    if not isinstance(column.dtype, pd.StringDtype):
        return pd.factorize(column)
    if column.dtype.storage == "pyarrow":
        return _factorize_arrow(column.array, rows_at_once)
    if _STOPS_AT_NUL:  # pragma: no cover - an old pandas
        return _factorize_as_objects(column.to_numpy(dtype=object))
    # Of a Series pandas would make an Index of the distinct values, which takes longer.
    return pd.factorize(column.array)


def _factorize_arrow(texts: Any, rows_at_once: int) -> tuple[npt.NDArray[np.signedinteger], Any]:
    """Do as pandas does, in pieces: Arrow takes four bytes a row, and pandas eight more."""
    import pyarrow as pa

    # Arrow 16 cannot join the dictionaries of no chunk.
    array = pa.array(texts) if len(texts) else pa.array([], pa.large_string())
    pieces, dictionaries = [], []
    for start in range(0, max(len(array), 1), rows_at_once):
        encoded = array.slice(start, rows_at_once).dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        pieces.append(_codes_of(encoded).astype(_type_of_codes(len(encoded.dictionary))))
        dictionaries.append(encoded.dictionary)
    whole = pa.chunked_array(dictionaries).combine_chunks().dictionary_encode()
    ends = np.cumsum([len(dictionary) for dictionary in dictionaries])[:-1]
    codes = np.empty(len(array), _type_of_codes(len(whole.dictionary)))
    for i, of_piece in enumerate(np.split(_codes_of(whole), ends)):
        start = i * rows_at_once
        # -1, no value, takes the last one.
        codes[start : start + rows_at_once] = np.append(of_piece, -1)[pieces[i]]
    return codes, pd.array(whole.dictionary, dtype=texts.dtype)


def _codes_of(encoded: Any) -> npt.NDArray[np.signedinteger]:
    codes: npt.NDArray[np.signedinteger] = encoded.indices.fill_null(-1).to_numpy()
    return codes


def _type_of_codes(n_values: int) -> np.dtype[Any]:
    return np.min_scalar_type(-n_values - 1)


def _factorize_objects(objects: npt.NDArray[np.object_]) -> tuple[IntArray, Any]:
    kind = pd.api.types.infer_dtype(objects)
    if kind not in ("string", "integer", "boolean", "empty"):
        # True, 1 and 1.0 are one key and two labels; 1 and "1" are two keys and one label;
        # of 1.0 and 1.00, or one moment in two zones, the first would name both.
        texts = [label_text(value) if isinstance(value, Hashable) else value for value in objects]
        objects = np.array([*texts, None], dtype=object)[:-1]
    return _factorize_as_objects(objects) if _STOPS_AT_NUL else pd.factorize(objects)


def _factorize_as_objects(  # pragma: no cover - an old pandas
    objects: npt.NDArray[np.object_],
) -> tuple[IntArray, Any]:
    # One value that is no string makes pandas compare whole Python objects.
    codes, uniques = pd.factorize(np.array([*objects, object()], dtype=object))
    return codes[:-1], uniques[:-1]
