"""Rows -> groups: which rows make one series, without a step of Python per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.frames.samples.time_order import (
    BLOCK_SAMPLES,
    ascending_within,
    cut_by_time,
    order_by_group_and_time,
    radix_order,
)
from vm_df_writer.frames.samples.values import Rows
from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.model.series import BoolArray, IntArray

__all__ = ["GroupedRows", "combine_labels", "group_rows"]


@dataclass(frozen=True, eq=False)
class GroupedRows:
    """The rows of a frame, ordered by group and, within a group, by time.

    Attributes
    ----------
    order : ndarray of int64, shape (n_kept,), or None
        Row numbers, group by group; None if that is the frame's own order.
    offsets : ndarray of int64, shape (n_groups + 1,)
        Group `g` is ``order[offsets[g]:offsets[g + 1]]``; never empty.
    """

    order: IntArray | None
    offsets: IntArray

    @kept_attribute
    def first_rows(self) -> IntArray:
        """A row of each group, to read its labels from."""
        starts = self.offsets[:-1]
        return starts if self.order is None else self.order[starts]

    def rows(self, span: slice) -> Rows:
        """Return the row numbers at some positions of the order."""
        return span if self.order is None else self.order[span]

    def order_of_times(self, ms: IntArray) -> tuple[bool, bool]:
        """Say whether the times of each group ascend, and whether strictly.

        Asked block by block, to spare memory.
        """
        n_rows, strictly = int(self.offsets[-1]), True
        for start in range(0, n_rows, BLOCK_SAMPLES):
            stop = min(start + BLOCK_SAMPLES + 1, n_rows)  # one more, to see the step between
            first, last = np.searchsorted(self.offsets, (start, stop), side="right")
            inner = self.offsets[first:last]
            offsets = np.concatenate([[start], inner[inner < stop], [stop]]) - start
            ascends, strictly_here = ascending_within(ms[self.rows(slice(start, stop))], offsets)
            if not ascends:
                return False, False
            strictly &= strictly_here
        return True, strictly

    def spans(
        self, ms: IntArray, samples_per_row: int, block_samples: int = BLOCK_SAMPLES
    ) -> Iterator[tuple[slice, slice]]:
        """Yield groups and positions, block by block.

        Groups stay whole; one that is larger than a block alone comes in several spans, cut
        where the time changes.
        """
        rows_per_block = max(1, block_samples // max(1, samples_per_row))
        n_groups = len(self.offsets) - 1
        first = 0
        while first < n_groups:
            start = int(self.offsets[first])
            last = int(np.searchsorted(self.offsets, start + rows_per_block, side="right")) - 1
            last = max(last, first + 1)
            stop = int(self.offsets[last])
            if stop - start <= rows_per_block:
                yield slice(first, last), slice(start, stop)
            else:
                for span in cut_by_time(ms[self.rows(slice(start, stop))], rows_per_block):
                    yield slice(first, last), slice(start + span.start, start + span.stop)
            first = last


def group_rows(labels: Sequence[LabelColumn], ms: IntArray, kept: BoolArray | None) -> GroupedRows:
    """Group rows by their labels.

    Parameters
    ----------
    labels : sequence of LabelColumn, each of shape (n_rows,)
        Rows with equal codes in all of them are one group.
    ms : ndarray of int64, shape (n_rows,)
        Epoch milliseconds.
    kept : ndarray of bool, shape (n_rows,), or None
        Rows that belong to a group; None if all do.

    Examples
    --------
    >>> host = LabelColumn("host", np.array([1, 0, 1]), ["a", "b"])
    >>> grouped = group_rows([host], np.array([20, 10, 10]), None)
    >>> grouped.order.tolist(), grouped.offsets.tolist()
    ([1, 2, 0], [0, 1, 3])
    """
    ids, n_ids = combine_labels(labels, len(ms))
    kept_rows = None if kept is None else np.flatnonzero(kept)
    times = ms
    if kept_rows is not None:
        ids, times = ids[kept_rows], ms[kept_rows]
    ascends = bool((times[1:] >= times[:-1]).all())
    if ascends or _may_ascend(ids, times):
        grouped = _grouped(ids, _stable_order(ids, n_ids), kept_rows)
        if ascends or grouped.order_of_times(ms)[0]:
            return grouped
    return _grouped(ids, order_by_group_and_time(ids, n_ids, times), kept_rows)


def _may_ascend(ids: npt.NDArray[np.integer], times: IntArray) -> bool:
    """Say whether the times of one group ascend, and so perhaps those of all."""
    of_one = times[ids == ids[0]] if len(ids) else times
    return bool((of_one[1:] >= of_one[:-1]).all())


def _grouped(
    ids: npt.NDArray[np.integer], order: IntArray | None, kept_rows: IntArray | None
) -> GroupedRows:
    sorted_ids = ids if order is None else ids[order]
    starts = np.flatnonzero(sorted_ids[1:] != sorted_ids[:-1]) + 1
    offsets = np.concatenate([[0], starts, [len(ids)]]) if len(ids) else np.zeros(1, np.int64)
    if kept_rows is not None:
        order = kept_rows if order is None else kept_rows[order]
    return GroupedRows(order, offsets)


def combine_labels(
    labels: Sequence[LabelColumn], n_rows: int
) -> tuple[npt.NDArray[np.integer], int]:
    """Return one small number per row, equal where all labels are equal, and a bound of them.

    Examples
    --------
    >>> host = LabelColumn("host", np.array([1, 0, 1]), ["a", "b"])
    >>> combine_labels([host], 3)
    (array([2, 1, 2], dtype=uint8), 3)
    """
    ids: npt.NDArray[np.integer] = np.zeros(n_rows, dtype=np.int32)
    n_ids, most = 1, int(np.iinfo(np.int32).max)
    for label in labels:
        if label.codes is None:
            continue
        width = len(label.texts) + 1
        if n_ids * width > most:
            ids, n_ids = _renumber(ids)
            if n_ids * width > most:
                ids, most = ids.astype(np.int64), int(np.iinfo(np.int64).max)
        # In place: fresh memory costs more than the arithmetic.
        ids *= width
        np.add(ids, label.codes, out=ids, casting="same_kind" if ids.itemsize == 8 else "unsafe")
        ids += 1
        n_ids *= width
    if n_ids > 2**16:
        ids, n_ids = _renumber(ids) if n_ids > 2 * n_rows else _close_gaps(ids, n_ids)
    # The smaller the numbers, the faster they sort.
    return ids.astype(np.min_scalar_type(max(n_ids - 1, 0))), n_ids


def _renumber(ids: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.integer], int]:
    codes, uniques = pd.factorize(ids)
    return codes.astype(np.int32), len(uniques)


def _close_gaps(ids: npt.NDArray[np.integer], n_ids: int) -> tuple[npt.NDArray[np.integer], int]:
    seen = np.zeros(n_ids, dtype=bool)
    seen[ids] = True
    return (np.cumsum(seen, dtype=np.int32) - 1)[ids], int(seen.sum())


def _stable_order(ids: npt.NDArray[np.integer], n_ids: int) -> IntArray | None:
    if (ids[1:] >= ids[:-1]).all():
        return None
    period = int((ids[1:] == ids[0]).argmax()) + 1
    if len(ids) % period == 0 and (ids[period:] == ids[:-period]).all():
        # As most frames are: each time has the same series, once, in the same order.
        once = np.argsort(ids[:period], kind="stable")
        if (np.diff(ids[once]) != 0).all():
            return (once[:, None] + np.arange(0, len(ids), period)).ravel()
    return radix_order(ids, (n_ids - 1).bit_length())
