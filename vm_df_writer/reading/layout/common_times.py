"""Common times: the rows that several series share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.verification.matching import ranks_in_runs

__all__ = ["RowKeys", "place_values", "union_of"]


class RowKeys:
    """The rows of series: a key for each time, and several for one of several samples.

    Parameters
    ----------
    series : sequence of SeriesSamples
        All series of a frame. One that holds several samples at one time gets as many rows of it.

    Examples
    --------
    >>> twice = SeriesSamples({}, np.array([10, 20, 20]), np.array([1.0, 2.0, 3.0]))
    >>> keys = RowKeys([twice])
    >>> keys.of(twice).tolist(), keys.times_of(keys.of(twice)).tolist()
    ([20, 40, 41], [10, 20, 20])
    """

    def __init__(self, series: Sequence[SeriesSamples]) -> None:
        # Most series share an array of times, or hold each time once.
        distinct = {id(each.timestamps_ms): each.timestamps_ms for each in series}
        self._most = max(map(_most_at_one_time, distinct.values()), default=1)

    def of(self, samples: SeriesSamples) -> IntArray:
        """Return the key of each sample of a series, ascending."""
        times = samples.timestamps_ms
        if self._most == 1:
            return times
        return times * self._most + ranks_in_runs(times)

    def times_of(self, keys: IntArray) -> IntArray:
        """Return the times of keys, as epoch milliseconds."""
        return keys if self._most == 1 else keys // self._most


def union_of(all_keys: Sequence[IntArray]) -> IntArray:
    """Return all keys of ascending arrays, ascending, each once.

    Examples
    --------
    >>> union_of([np.array([10, 30]), np.array([10, 20])]).tolist()
    [10, 20, 30]
    """
    distinct = {id(keys): keys for keys in all_keys}
    longest = max(distinct.values(), key=len, default=np.empty(0, np.int64))
    beside = [_beside(longest, keys) for keys in distinct.values() if keys is not longest]
    beside = [keys for keys in beside if len(keys)]
    if not beside:
        return longest
    # np.unique of NumPy 2.3 hashes, which takes ten times as long for what is nearly sorted.
    merged = np.sort(np.concatenate([longest, *beside]), kind="stable")
    union: IntArray = merged[np.append(True, merged[1:] != merged[:-1])]
    return union


def place_values(into: FloatArray, union: IntArray, keys: IntArray, values: FloatArray) -> None:
    """Put the values of a series where its keys are in the union; NaN elsewhere."""
    if len(keys) == len(union):
        into[:] = values
    else:
        into.fill(np.nan)
        into[np.searchsorted(union, keys)] = values


def _beside(union: IntArray, keys: IntArray) -> IntArray:
    """Return the keys that a union lacks."""
    if len(keys) == len(union) and np.array_equal(keys, union):
        return keys[:0]
    at = np.searchsorted(union, keys)
    at[at == len(union)] = 0
    beside: IntArray = keys[union[at] != keys]
    return beside


def _most_at_one_time(times: IntArray) -> int:
    if not len(times) or (times[1:] != times[:-1]).all():
        return 1
    return int(ranks_in_runs(times).max()) + 1
