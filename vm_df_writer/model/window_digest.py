"""WindowDigest: what a block holds, summed up per series and window of time. Pure.

A digest has to agree with what a server gives back, which keeps about 12 digits of a value, and 17
below the largest of a block. No rounding does that: of many values some lie at an edge, and fall
on the other side of it. So values go into sums, of which is known how far rounding can move them.

Times come back exactly; their sum of 64 random bits each is exact too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock

__all__ = ["UintArray", "WindowDigest", "WindowSums", "sum_windows", "tolerances"]

UintArray = npt.NDArray[np.uint64]

# So few that one value that differs by 1e-9 of itself stands out from what rounding can add up to.
_SAMPLES_A_WINDOW = 128
_SHIFT_OF_ONE = 20  # windows of 17 minutes for a series of one sample
_MOST_SHIFT = 62

# So much smaller than the largest of its series, as a power of two, a value counts by its size, and
# above that by its logarithm. Below it a server keeps less than 12 digits.
_LINEAR_BELOW = 20
_LARGEST = 1e300  # stands for what is larger, and for infinities, so that sums are finite
_RELATIVE_LOSS, _LOSS_TO_LARGEST = 1.02e-12, 1.02e-17
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class WindowSums:
    """Sums over the windows of one time axis; the rows are series that share it.

    Attributes
    ----------
    starts : ndarray of int64, shape (n_windows,)
        The position of the first sample of each.
    ids : ndarray of int64, shape (n_windows,)
        Epoch milliseconds of its samples, shifted to the right.
    counts : ndarray of int64, shape (n_windows,)
        Its samples.
    times : ndarray of uint64, shape (n_windows,)
        The sum of 64 bits of each timestamp, modulo 2^64.
    sums, logs : ndarray of float64, shape (n_rows, n_windows)
        The sum of its values, and of their logarithms, each with a weight of its timestamp.
    """

    starts: IntArray
    ids: IntArray
    counts: IntArray
    times: UintArray
    sums: FloatArray
    logs: FloatArray


def sum_windows(
    timestamps_ms: IntArray,
    values: FloatArray,
    starts: IntArray,
    ids: IntArray,
    scales: IntArray,
) -> WindowSums:
    """Sum up the samples of windows.

    Parameters
    ----------
    timestamps_ms : ndarray of int64, shape (n_samples,)
        Their times.
    values : ndarray of float64, shape (n_rows, n_samples)
        Their values, in rows.
    starts, ids : ndarray of int64, shape (n_windows,)
        Where each window begins, and its number.
    scales : ndarray of int64, shape (n_rows, n_samples) or what is broadcast to it
        The power of two from which on a value counts by its logarithm.

    Examples
    --------
    >>> times = np.array([1767225600000, 1767225660000])
    >>> sums = sum_windows(
    ...     times, np.array([[1.0, 2.0]]), np.array([0]), np.array([7]), np.array(-20)
    ... )
    >>> sums.counts.tolist(), sums.times.tolist()
    ([2], [15199533547817357560])
    """
    bits, weights = _bits_and_weights(timestamps_ms)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduceat(values * weights, starts, axis=1)
        if not np.isfinite(sums).all():
            values = np.clip(values, -_LARGEST, _LARGEST)
            sums = np.add.reduceat(values * weights, starts, axis=1)
    logs = _log(values, scales)
    logs *= weights
    return WindowSums(
        starts=starts,
        ids=ids,
        counts=np.diff(np.append(starts, len(timestamps_ms))),
        times=np.add.reduceat(bits, starts),
        sums=sums,
        logs=np.add.reduceat(logs, starts, axis=1),
    )


def tolerances(
    timestamps_ms: IntArray,
    values: FloatArray,
    starts: IntArray,
    scales: IntArray,
    largest: float,
) -> tuple[FloatArray, FloatArray]:
    """Return how far a server's rounding can move both sums of each window.

    Parameters
    ----------
    timestamps_ms, values : ndarray, shape (n_samples,)
        The samples of one series.
    starts : ndarray of int64, shape (n_windows,)
        Where each window begins.
    scales : ndarray of int64, shape (n_samples,)
        As of :func:`sum_windows`.
    largest : float
        The size of the largest value of the series.
    """
    _, weights = _bits_and_weights(timestamps_ms)
    sizes = np.minimum(np.abs(values), _LARGEST)
    counts = np.diff(np.append(starts, len(timestamps_ms)))
    lost = _RELATIVE_LOSS * sizes + _LOSS_TO_LARGEST * min(largest, _LARGEST)
    noise = _EPSILON * (counts + 16)
    sums = np.add.reduceat(weights * lost, starts)
    sums += noise * np.add.reduceat(weights * sizes, starts)
    logs = np.add.reduceat(weights * (lost / (sizes + np.ldexp(1.0, scales)) + _EPSILON), starts)
    logs += noise * np.add.reduceat(weights * np.abs(_log(values, scales)), starts)
    return sums, logs


def _bits_and_weights(timestamps_ms: IntArray) -> tuple[UintArray, FloatArray]:
    """Return 64 random bits of each time (splitmix64), and a weight from 1 to 2 of these.

    With weights of their times, two values that change places change the sum.
    """
    bits = timestamps_ms.astype(np.uint64)
    bits += np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(30)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    weights = ((bits >> np.uint64(12)) | np.uint64(0x3FF0000000000000)).view(np.float64)
    return bits, weights


def scales_of(largest: FloatArray) -> IntArray:
    """Return from which power of two on values count by their logarithm."""
    scales: IntArray = np.frexp(np.minimum(largest, _LARGEST))[1].astype(np.int64) - _LINEAR_BELOW
    return scales


def _log(values: FloatArray, scales: IntArray) -> FloatArray:
    """Return logarithms that keep the sign and go through zero, so that no edge parts values."""
    logs = np.ldexp(np.abs(values), -scales)
    logs += 1
    np.log(logs, out=logs)
    return np.copysign(logs, values, out=logs)


@dataclass(frozen=True, slots=True, eq=False)
class WindowDigest:
    """What a block holds.

    Attributes
    ----------
    label_sets : sequence of bytes, length n_rows * n_groups
        As of the block.
    shifts : ndarray of int64, shape (n_groups,)
        The width of the windows of each group, as a power of two, in milliseconds.
    bounds : ndarray of int64, shape (n_groups + 1,)
        Group `g` has the windows ``[bounds[g], bounds[g + 1])``.
    first_ms, last_ms : ndarray of int64, shape (n_groups,)
        Epoch milliseconds of the first and the last sample.
    largest : ndarray of float64, shape (n_rows, n_groups)
        The size of the largest value of each series.
    scales : ndarray of int64, shape (n_rows, n_groups)
        From which power of two on values count by their logarithm.
    sums : WindowSums
        Of all windows.
    """

    label_sets: Sequence[bytes]
    shifts: IntArray
    bounds: IntArray
    first_ms: IntArray
    last_ms: IntArray
    largest: FloatArray
    scales: IntArray
    sums: WindowSums

    @classmethod
    def of_block(cls, block: SeriesBlock) -> WindowDigest:
        """Sum a block up.

        Examples
        --------
        >>> block = SeriesBlock(
        ...     [b'{"__name__":"y"}'],
        ...     np.array([0, 3]),
        ...     np.array([1767225600000, 1767225660000, 1767225720000]),
        ...     np.array([[1.0, 2.0, 3.0]]),
        ... )
        >>> digest = WindowDigest.of_block(block)
        >>> digest.shifts.tolist(), digest.sums.counts.tolist()
        ([22], [3])
        """
        times, starts, stops = block.timestamps_ms, block.offsets[:-1], block.offsets[1:]
        lengths = stops - starts
        first_ms, last_ms = times[starts], times[stops - 1]
        shifts = _shifts(last_ms - first_ms, lengths)
        ids = times >> np.repeat(shifts, lengths)
        begins = np.empty(len(times), np.bool_)
        begins[:1] = True
        np.not_equal(ids[1:], ids[:-1], out=begins[1:])
        begins[starts] = True
        window_starts = np.flatnonzero(begins)
        magnitudes = np.maximum(
            np.maximum.reduceat(block.values, starts, axis=1),
            -np.minimum.reduceat(block.values, starts, axis=1),
        )
        scales = scales_of(magnitudes)
        of_samples = scales if len(starts) == 1 else np.repeat(scales, lengths, axis=1)
        return cls(
            label_sets=LabelSets.of(block.label_sets).json,
            shifts=shifts,
            bounds=np.searchsorted(window_starts, block.offsets),
            first_ms=first_ms,
            last_ms=last_ms,
            largest=magnitudes,
            scales=scales,
            sums=sum_windows(times, block.values, window_starts, ids[window_starts], of_samples),
        )


def _shifts(spans_ms: IntArray, lengths: IntArray) -> IntArray:
    """Return by how many bits to shift times, so that a window has about so many samples."""
    widths = spans_ms / np.maximum(lengths - 1, 1) * _SAMPLES_A_WINDOW
    widths[lengths == 1] = 2.0**_SHIFT_OF_ONE
    return np.clip(np.log2(np.maximum(widths, 1.0)), 0, _MOST_SHIFT).astype(np.int64)
