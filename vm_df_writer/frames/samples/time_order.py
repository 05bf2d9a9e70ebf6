"""The order of times: within a group, and where a frame may be cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.series import IntArray

__all__ = [
    "BLOCK_SAMPLES",
    "ascending_within",
    "cut_by_time",
    "order_by_group_and_time",
    "radix_order",
    "repeated_times",
    "rows_per_time",
]

BLOCK_SAMPLES = 2**19

_PROBED_TIMES = 1000
_SLOTS_PER_ROW = 2


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


def order_by_group_and_time(
    groups: npt.NDArray[np.integer], n_groups: int, ms: IntArray
) -> IntArray:
    """Return the order that sorts rows by group and, within a group, by time; stable.

    Group and time are one number, as small as the step between times allows: each row has a slot
    of its own, or each 16 bits are a pass.

    Examples
    --------
    >>> order_by_group_and_time(np.array([1, 0, 1, 0]), 2, np.array([3, 9, 1, 2])).tolist()
    [3, 1, 2, 0]
    """
    since_first = ms - ms.min()
    keys = since_first // _step_of(since_first)
    n_steps = int(keys.max()) + 1
    if n_steps * n_groups >= 2**62:
        return np.lexsort((ms, groups))
    keys += groups.astype(np.int64) * n_steps
    n_keys = n_steps * n_groups
    if n_keys <= _SLOTS_PER_ROW * len(keys):
        slots = np.full(n_keys, -1)
        slots[keys] = np.arange(len(keys))
        order = slots[slots >= 0]
        if len(order) == len(keys):  # no two rows have one time and group
            return order
    return radix_order(keys, (n_keys - 1).bit_length())


def _step_of(since_first: IntArray) -> int:
    """Return a number of milliseconds that divides all times."""
    some = since_first[:: max(1, len(since_first) // _PROBED_TIMES)]
    step = int(np.gcd.reduce(some)) or 1
    return step if step == 1 or not (since_first % step).any() else 1


def radix_order(numbers: npt.NDArray[np.integer], n_bits: int) -> IntArray:
    """Return the stable order of numbers from 0 to below ``2**n_bits``.

    Examples
    --------
    >>> radix_order(np.array([2, 70_000, 1, 2]), 17).tolist()
    [2, 0, 3, 1]
    """
    order = np.argsort(numbers.astype(np.uint16), kind="stable")  # NumPy has it for 16 bits
    for shift in range(16, n_bits, 16):
        digits = (numbers >> shift).astype(np.uint16)
        order = order[np.argsort(digits[order], kind="stable")]
    return order
