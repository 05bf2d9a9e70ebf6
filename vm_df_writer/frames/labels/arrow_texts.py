"""ArrowTexts: distinct texts that stay in Arrow's memory until one is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.frames.labels.lazy_texts import LazyTexts
from vm_df_writer.model.series import IntArray

__all__ = ["ArrowTexts"]


class ArrowTexts(LazyTexts):
    """Texts of pandas in Arrow's memory, none of them missing or empty.

    Parameters
    ----------
    values : Index or array of pandas, of Arrow's text
        Texts.
    array : Array of pyarrow, shape (n,)
        The same.
    lengths : ndarray of int64, shape (n,)
        Their bytes in UTF-8.
    data : buffer
        All of them, one behind the other.
    is_factorized : bool
        Whether they are known to be distinct.
    """

    def __init__(
        self,
        values: Any,
        array: Any,
        lengths: IntArray,
        data: memoryview,
        *,
        is_factorized: bool = False,
    ) -> None:
        super().__init__(values)
        self._array = array
        self._is_factorized = is_factorized
        self._lengths = lengths
        self._data = data

    @classmethod
    def of(cls, values: Any, *, is_factorized: bool = False) -> ArrowTexts | None:
        """Return distinct values as texts of Arrow; None if they are anything else.

        Examples
        --------
        >>> pa = __import__("pytest").importorskip("pyarrow")
        >>> texts = ArrowTexts.of(pd.Index(["a", "b"], dtype=pd.StringDtype("pyarrow")))
        >>> len(texts), list(texts)
        (2, ['a', 'b'])
        >>> ArrowTexts.of(pd.Index(["a", ""])) is ArrowTexts.of(pd.Index([1, 2])) is None
        True
        """
        dtype = values.dtype
        if not isinstance(dtype, pd.StringDtype) or dtype.storage != "pyarrow":
            return None
        import pyarrow as pa

        array = pa.array(values.array if isinstance(values, pd.Index) else values)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if array.null_count or not len(array):
            return None
        width = np.int64 if pa.types.is_large_string(array.type) else np.int32
        _, ends, data = array.buffers()
        offsets = np.frombuffer(ends, width)[array.offset : array.offset + len(array) + 1]
        lengths = np.diff(offsets).astype(np.int64, copy=False)
        if not lengths.all():
            return None
        texts = memoryview(data)[int(offsets[0]) : int(offsets[-1])]
        return cls(values, array, lengths, texts, is_factorized=is_factorized)

    @property
    def contents(self) -> tuple[bytes, bytes]:
        """What equal texts in the same order have in common, and no others."""
        return self._lengths.tobytes(), bytes(self._data)

    @property
    def most_bytes(self) -> int:
        """The bytes of the longest text."""
        return int(self._lengths.max())

    def are_distinct(self) -> bool:
        """Say whether it is known that no two are equal.

        Levels mostly ascend; one that does not may have been made without a look at its values.
        """
        import pyarrow.compute as pc

        before, after = self._array[:-1], self._array[1:]
        return self._is_factorized or pc.all(pc.less(before, after)).as_py() is not False
