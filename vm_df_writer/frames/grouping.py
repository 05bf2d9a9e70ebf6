"""Rows -> groups: which rows make one series, without a step of Python per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.frames.labels import LabelColumn
from vm_df_writer.frames.samples import BLOCK_SAMPLES, ascending_within, sort_within
from vm_df_writer.frames.values import Rows
from vm_df_writer.series import BoolArray, IntArray

__all__ = ["GroupedRows", "group_rows"]


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

    @cached_property
    def first_rows(self) -> IntArray:
        """A row of each group, to read its labels from."""
        starts = self.offsets[:-1]
        return starts if self.order is None else self.order[starts]

    def rows(self, span: slice) -> Rows:
        """Return the row numbers at some positions of the order."""
        return span if self.order is None else self.order[span]

    def spans(self, ms: IntArray, samples_per_row: int) -> Iterator[tuple[slice, slice]]:
        """Yield groups and positions, block by block.

        Groups stay whole; one that is larger than a block alone comes in several spans, cut
        where the time changes.
        """
        rows_per_block = max(1, BLOCK_SAMPLES // max(1, samples_per_row))
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
                for span in self._cut(ms, start, stop, rows_per_block):
                    yield slice(first, last), span
            first = last

    def _cut(self, ms: IntArray, start: int, stop: int, rows_per_block: int) -> Iterator[slice]:
        times = ms[self.rows(slice(start, stop))]
        first = 0
        while first < len(times):
            end = min(first + rows_per_block, len(times))
            end = int(np.searchsorted(times, times[end - 1], side="right"))
            yield slice(start + first, start + end)
            first = end


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
    n_rows = len(ms)
    ids, n_ids = _combine(labels, n_rows)
    kept_rows = None if kept is None else np.flatnonzero(kept)
    if kept_rows is not None:
        ids = ids[kept_rows]
    order = _stable_order(ids, n_ids)
    sorted_ids = ids if order is None else ids[order]
    starts = np.flatnonzero(sorted_ids[1:] != sorted_ids[:-1]) + 1
    offsets = np.concatenate([[0], starts, [len(ids)]]) if len(ids) else np.zeros(1, np.int64)
    if kept_rows is not None:
        order = kept_rows if order is None else kept_rows[order]
    times = ms if order is None else ms[order]
    if not ascending_within(times, offsets)[0]:
        by_time = sort_within(times, offsets)
        order = by_time if order is None else order[by_time]
    return GroupedRows(order, offsets)


def _combine(labels: Sequence[LabelColumn], n_rows: int) -> tuple[npt.NDArray[np.integer], int]:
    """Return one small number per row, equal where all labels are equal."""
    ids: npt.NDArray[np.integer] = np.zeros(n_rows, dtype=np.uint8)
    n_ids = 1
    for label in labels:
        if label.codes is None:
            continue
        width = len(label.texts) + 1
        if n_ids == 1:
            combined, n_ids = label.codes + 1, width
        else:
            combined = ids.astype(np.int64) * width + (label.codes + 1)
            n_ids *= width
        ids, n_ids = _compress(combined, n_ids)
    return ids, n_ids


def _compress(ids: IntArray, n_ids: int) -> tuple[npt.NDArray[np.integer], int]:
    """Renumber without gaps, in the smallest type: small numbers sort fastest."""
    if n_ids > max(2 * len(ids), 2**16):
        codes, uniques = pd.factorize(ids)
        ids, n_ids = codes, len(uniques)
    elif n_ids > 2**8:
        seen = np.zeros(n_ids, dtype=bool)
        seen[ids] = True
        ids, n_ids = (np.cumsum(seen) - 1)[ids], int(seen.sum())
    return ids.astype(np.min_scalar_type(max(n_ids - 1, 0))), n_ids


def _stable_order(ids: npt.NDArray[np.integer], n_ids: int) -> IntArray | None:
    if (ids[1:] >= ids[:-1]).all():
        return None
    if n_ids <= 2**16:
        return np.argsort(ids, kind="stable")  # a radix sort, up to 16 bits
    low = np.argsort((ids & 0xFFFF).astype(np.uint16), kind="stable")
    high = (ids >> 16)[low]
    if n_ids <= 2**32:
        return low[np.argsort(high.astype(np.uint16), kind="stable")]
    return low[np.argsort(high, kind="stable")]
