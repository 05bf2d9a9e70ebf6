"""Repeated objects: columns of objects most of whose rows hold the same few of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.model.series import IntArray

__all__ = ["distinct_objects", "repeated_objects"]

_PROBED_ROWS = 1000
_MOST_DISTINCT = 300  # of the probed rows

_Objects = npt.NDArray[np.object_]


def repeated_objects(objects: _Objects) -> tuple[IntArray, _Objects] | None:
    """Return which object each row holds, and these objects; None unless they are few.

    Rows that share a value mostly share its object too. To look at where an object lies in memory
    takes a tenth of the time that a look at the object takes.

    Examples
    --------
    >>> codes, distinct = repeated_objects(np.array(["a", "b", "a", None] * 500, dtype=object))
    >>> codes[:4].tolist(), distinct.tolist()
    ([0, 1, 0, 2], ['a', 'b', None])
    """
    addresses = _addresses(objects)
    if addresses is None:
        return None
    codes, _ = pd.factorize(addresses)
    # Codes are given in the order in which objects are first seen.
    highest = np.maximum.accumulate(codes)
    first_rows = np.append(0, np.flatnonzero(highest[1:] != highest[:-1]) + 1)
    return codes, objects[first_rows]


def distinct_objects(objects: _Objects) -> _Objects:
    """Return the objects that rows hold, each once; all rows unless these are few.

    Examples
    --------
    >>> distinct_objects(np.array(["a", "b", "a", None] * 500, dtype=object)).tolist()
    ['a', 'b', None]
    """
    repeated = repeated_objects(objects)
    return objects if repeated is None else repeated[1]


def _addresses(objects: _Objects) -> IntArray | None:
    """Return the address of each object, unless there are few rows or many objects."""
    if len(objects) < 2 * _PROBED_ROWS:
        return None
    addresses: IntArray = np.asarray(_Addresses(objects))
    probed = addresses[:: len(addresses) // _PROBED_ROWS]
    return None if len(np.unique(probed)) > _MOST_DISTINCT else addresses


class _Addresses:
    """An array of objects, read as the addresses that it holds."""

    def __init__(self, objects: _Objects) -> None:
        self._objects = objects  # so that they outlive what is read of them
        address = np.dtype(np.intp).str
        self.__array_interface__ = {
            **objects.__array_interface__,
            "typestr": address,
            "descr": [("", address)],
        }
