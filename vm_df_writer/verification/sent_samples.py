"""SentSamples: what was sent of some series of a block, and what agrees with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock

__all__ = ["SentSamples", "allowed_loss", "is_near"]

# The server cuts a value where less than 1e-12 of it is lost (decimal.go), give or take the
# rounding of its own test, which was seen to let 1.0003e-12 pass.
_RELATIVE_LOSS = 1.01e-12
_LOSS_TO_LARGEST = 1e-17


class SentSamples:
    """The samples of some series of a block, series by series, in order of time.

    Parameters
    ----------
    block : SeriesBlock
        What was sent.
    series : sequence of int
        The positions of the series in the block; the first one is slot 0, and so on.
    is_exact : bool
        Whether the server keeps every bit of a value.

    Attributes
    ----------
    group : ndarray of int64, shape (n_series,)
        The group of the block that each series is of.
    starts, lengths : ndarray of int64, shape (n_series,)
        Where the samples of each series begin, and how many there are.
    rows, columns : ndarray of int64, shape (n_samples,)
        Where each sample stands in the values of the block.
    timestamps_ms, values : ndarray, shape (n_samples,)
        The samples.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     label_sets=[b'{"__name__":"y"}', b'{"__name__":"yhat"}'],
    ...     offsets=np.array([0, 2]),
    ...     timestamps_ms=np.array([1767225600000, 1767225660000]),
    ...     values=np.array([[1.0, 2.0], [1.5, 2.5]]),
    ... )
    >>> sent = SentSamples(block, [1])
    >>> sent.values.tolist(), sent.agree(np.array([0, 1]), np.array([1.5, 2.6])).tolist()
    ([1.5, 2.5], [True, False])
    """

    def __init__(
        self, block: SeriesBlock, series: Sequence[int], *, is_exact: bool = False
    ) -> None:
        row, group = np.divmod(np.asarray(series, np.int64), len(block.offsets) - 1)
        self.group: IntArray = group
        self.lengths: IntArray = np.diff(block.offsets)[self.group]
        self.starts: IntArray = np.cumsum(self.lengths) - self.lengths
        self.columns: IntArray = _ranges(block.offsets[self.group], self.lengths)
        self.rows: IntArray = np.repeat(row, self.lengths)
        self.timestamps_ms: IntArray = block.timestamps_ms[self.columns]
        self.values: FloatArray = block.values[self.rows, self.columns]
        self._tolerance = None if is_exact else self._allow(self.values)

    @kept_attribute
    def range_ms(self) -> tuple[int, int]:
        """Epoch milliseconds of the first and the last sample of all series."""
        return int(self.timestamps_ms.min()), int(self.timestamps_ms.max())

    @kept_attribute
    def times(self) -> IntArray:
        """The position of the first sample of each time of each series."""
        begins = np.append(True, np.diff(self.timestamps_ms) != 0)
        begins[self.starts] = True
        return np.flatnonzero(begins)

    @property
    def has_repeats(self) -> bool:
        """Whether a series holds several samples of one time."""
        return len(self.times) < len(self.timestamps_ms)

    def positions(self, slots: IntArray) -> IntArray:
        """Return the positions of all samples of some series, one series after the other."""
        return _ranges(self.starts[slots], self.lengths[slots])

    def is_within(self, slots: IntArray, timestamps_ms: IntArray) -> BoolArray:
        """Return whether times lie between the first and the last sample of a series each."""
        last = self.starts[slots] + self.lengths[slots] - 1
        after_first = timestamps_ms > self.timestamps_ms[self.starts[slots]]
        within: BoolArray = after_first & (timestamps_ms < self.timestamps_ms[last])
        return within

    def agree(self, positions: IntArray, got: FloatArray) -> BoolArray:
        """Return whether values are those that were sent, as exactly as the server stores them."""
        sent = self.values[positions]
        if self._tolerance is None:
            same: BoolArray = sent.view(np.int64) == got.view(np.int64)
            return same
        return is_near(sent, got, self._tolerance[positions])

    def _allow(self, values: FloatArray) -> FloatArray:
        """Return by how much the server may alter each value."""
        magnitudes = np.where(np.isfinite(values), np.abs(values), 0.0)
        largest = np.maximum.reduceat(magnitudes, self.starts)
        return allowed_loss(magnitudes, np.repeat(largest, self.lengths))


def allowed_loss(magnitudes: FloatArray, largest: FloatArray | float) -> FloatArray:
    """Return by how much the server may alter values.

    Parameters
    ----------
    magnitudes : ndarray of float64
        Their absolute values.
    largest : ndarray or float
        The largest finite absolute value of the series of each.
    """
    return _RELATIVE_LOSS * magnitudes + _LOSS_TO_LARGEST * largest


def is_near(sent: FloatArray, got: FloatArray, allowed: FloatArray) -> BoolArray:
    """Return whether values are those that were sent, as exactly as the server stores them.

    Examples
    --------
    >>> sent, got = np.array([1.0, 1.0, np.inf]), np.array([1.0 + 1e-12, 1.1, np.inf])
    >>> is_near(sent, got, allowed_loss(sent, 1.0)).tolist()
    [True, False, True]
    """
    with np.errstate(invalid="ignore", over="ignore"):
        near: BoolArray = np.abs(sent - got) <= allowed
    near |= sent == got  # infinities
    return near


def _ranges(starts: IntArray, lengths: IntArray) -> IntArray:
    """Return the concatenation of ``arange(start, start + length)``.

    Examples
    --------
    >>> _ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    shift = starts - (np.cumsum(lengths) - lengths)
    ranges: IntArray = np.arange(int(lengths.sum())) + np.repeat(shift, lengths)
    return ranges
