"""LazyTexts: distinct texts of a column, of which a list is made when one is first read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.model.series import IntArray

__all__ = ["LazyTexts", "ObjectTexts"]


# They stay in the cache until the last step is done with them.
_TEXTS_AT_ONCE = 2**12


class LazyTexts(Sequence[str]):
    """Distinct texts, none of them missing or empty, that lie where a column has them.

    Label sets that were rendered before are found by `contents`: to make a list of many texts, and
    to free it, costs more than all that is then done with a label set.

    Parameters
    ----------
    values : Index or array, shape (n,)
        The texts.
    """

    def __init__(self, values: Any) -> None:
        self._values = values

    @property
    @abstractmethod
    def contents(self) -> Hashable:
        """What equal texts in the same order have in common, and no others."""

    def take(self, positions: IntArray) -> list[str]:
        """Return some of the texts."""
        texts: list[str] = np.asarray(self._values.take(positions), dtype=object).tolist()
        return texts

    @kept_attribute
    def _texts(self) -> list[str]:
        texts: list[str] = np.asarray(self._values, dtype=object).tolist()
        return texts

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._texts[index]


class ObjectTexts(LazyTexts):
    """Distinct texts that are Python's.

    Parameters
    ----------
    values : ndarray of object, shape (n,)
        Strings.
    contents : hashable
        What equal texts in the same order have in common, and no others.
    """

    def __init__(self, values: npt.NDArray[np.object_], contents: Hashable) -> None:
        super().__init__(values)
        self._contents = contents

    @classmethod
    def of(cls, values: npt.NDArray[np.object_]) -> ObjectTexts | None:
        """Return distinct values as texts; None if one is no plain string, or empty.

        Raises
        ------
        UnicodeEncodeError
            If one is no valid Unicode.

        Examples
        --------
        >>> list(ObjectTexts.of(np.array(["a", "b"], dtype=object)))
        ['a', 'b']
        >>> ObjectTexts.of(np.array(["a", 1], dtype=object))
        """
        joined = []
        for start in range(0, len(values), _TEXTS_AT_ONCE):
            some = values[start : start + _TEXTS_AT_ONCE].tolist()
            if [*map(type, some)].count(str) < len(some) or not all(some):
                return None
            joined.append("\0".join(some).encode())
        data = b"\0".join(joined)
        is_clear = data.count(b"\0") == len(values) - 1  # where one ends and the next begins
        return cls(values, (data, len(values) if is_clear else tuple(map(len, values))))

    @property
    def contents(self) -> Hashable:
        """What equal texts in the same order have in common, and no others."""
        return self._contents
