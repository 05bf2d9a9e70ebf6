"""The order of times: within a group, and where a frame may be cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vm_df_writer.model.series import IntArray

__all__ = [
    "BLOCK_SAMPLES",
    "ascending_within",
    "cut_by_time",
    "repeated_times",
    "rows_per_time",
    "sort_within",
]

BLOCK_SAMPLES = 2**19


def ascending_within(timestamps_ms: IntArray, offsets: IntArray) -> tuple[bool, bool]:
    """Say whether times ascend within each group, and whether they do so strictly.

    Examples
    --------
    >>> ascending_within(np.array([1, 2, 2, 1]), np.array([0, 3, 4]))
    (True, False)
    """
    steps = timestamps_ms[1:] - timestamps_ms[:-1]
    steps[offsets[1:-1] - 1] = 1  # from one group to the next
    smallest = steps.min(initial=1)
    return bool(smallest >= 0), bool(smallest > 0)


def cut_by_time(ms: IntArray, most: int = BLOCK_SAMPLES) -> Iterator[slice]:
    """Cut ascending times into spans of about `most`; equal times stay together.

    Duplicates are thus always seen in one span.

    Examples
    --------
    >>> list(cut_by_time(np.array([1, 2, 2, 3]), 2))
    [slice(0, 3, None), slice(3, 4, None)]
    """
    start = 0
    while start < len(ms):
        last = min(start + most, len(ms)) - 1
        stop = int(np.searchsorted(ms, ms[last], side="right"))
        yield slice(start, stop)
        start = stop


def repeated_times(timestamps_ms: IntArray, offsets: IntArray) -> IntArray:
    """Return the positions whose time is that of the next one of the same group.

    Examples
    --------
    >>> repeated_times(np.array([1, 2, 2, 2]), np.array([0, 3, 4]))
    array([1])
    """
    same = timestamps_ms[1:] == timestamps_ms[:-1]
    same[offsets[1:-1] - 1] = False
    return np.flatnonzero(same)


def rows_per_time(ms: IntArray) -> int:
    """Return how many rows that follow each other share a time, if all times have as many; else 0.

    Examples
    --------
    >>> rows_per_time(np.array([5, 5, 7, 7])), rows_per_time(np.array([5, 5, 7]))
    (2, 0)
    """
    if not len(ms):
        return 0
    n_rows = int((ms != ms[0]).argmax()) or len(ms)
    if len(ms) % n_rows or (ms.reshape(-1, n_rows) != ms[::n_rows, None]).any():
        return 0
    return n_rows


def sort_within(timestamps_ms: IntArray, offsets: IntArray) -> IntArray:
    """Return the order that sorts times within each group; equal times keep their order.

    Examples
    --------
    >>> sort_within(np.array([3, 1, 9, 2]), np.array([0, 2, 4])).tolist()
    [1, 0, 3, 2]
    """
    group = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.lexsort((timestamps_ms, group))
