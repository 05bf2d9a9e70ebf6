"""Which samples of a chunk are kept: no number, infinite, twice at one time; all counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.display.warn import warn_caller
from vm_df_writer.errors import ColumnError, TimestampError
from vm_df_writer.frames.samples.rounding import round_values
from vm_df_writer.frames.samples.time_order import ascending_within
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock
from vm_df_writer.warning_classes import InexactWarning

__all__ = ["PrecisionCheck", "RawBlock", "chunk_to_block", "merge_equal_times"]

# What stays in the second-level cache while several passes are made over it.
_CACHED_SAMPLES = 2**15

# The server keeps about 18 digits below the largest value of a block (decimal.go), so a value
# this much smaller keeps fewer than six.
_SMALLEST_SAFE_RATIO = 1e-12
# Below this it stores 0.
_SMALLEST_STORED = 1e-296


@dataclass(frozen=True, slots=True, eq=False)
class RawBlock:
    """A piece of a frame, as it stands there: see :class:`SeriesBlock` for the shapes.

    `values` may hold NaN, `timestamps_ms` ascends within each group but may repeat. `flags` says
    by reason which samples are not quite as given; each mask broadcasts to the shape of `values`.
    """

    label_sets: Sequence[bytes]
    offsets: IntArray
    timestamps_ms: IntArray
    values: FloatArray
    flags: Mapping[str, BoolArray] = field(default_factory=dict)


class PrecisionCheck:
    """Warns once a frame that the server will not keep the digits of small values.

    Parameters
    ----------
    is_exact : bool
        Whether the server keeps every digit, so that there is nothing to warn of.

    Attributes
    ----------
    is_exact : bool
        As above.
    """

    def __init__(self, *, is_exact: bool = False) -> None:
        self.is_exact = is_exact
        self._has_warned = False

    def check(self, kept: RawBlock, small: BoolArray, largest: FloatArray) -> None:
        """Warn if one of the small values loses more than 1e-6 of itself.

        Parameters
        ----------
        kept : RawBlock
            What is sent.
        small : ndarray of bool, as ``kept.values``
            Values far below the largest of their series.
        largest : ndarray of float64, shape (n_small,)
            The largest magnitude of the series of each.
        """
        if self._has_warned:
            return
        values = kept.values[small]
        with np.errstate(divide="ignore"):  # all values may be kept infinities and zeros
            step = 10.0 ** np.maximum(np.floor(np.log10(largest)) - 17, -296)
        is_stored = np.abs(values) >= _SMALLEST_STORED
        lost = is_stored & (np.abs(values - np.trunc(values / step) * step) > 1e-6 * np.abs(values))
        if not lost.any():
            return
        self._has_warned = True
        worst = int(lost.argmax())
        row, sample = np.argwhere(small)[worst].tolist()
        warn_caller(
            f"series {_series_at(kept, row, sample)}: {values[worst]:.6g} beside values up to "
            f"{largest[worst]:.6g}: the server keeps about 18 digits below a series' largest "
            "value, so small ones lose theirs; write them as a series of their own",
            InexactWarning,
        )


def merge_equal_times(chunk: RawBlock) -> RawBlock:
    """Make rows of the groups if all have the same times, whose text is then made once.

    Examples
    --------
    >>> chunk = RawBlock([b"{}", b"[]"], np.array([0, 2, 4]), np.array([1, 2, 1, 2]), np.eye(1, 4))
    >>> shared = merge_equal_times(chunk)
    >>> shared.offsets.tolist(), shared.timestamps_ms.tolist(), shared.values.tolist()
    ([0, 2], [1, 2], [[1.0, 0.0], [0.0, 0.0]])
    """
    length = int(chunk.offsets[1])
    times = chunk.timestamps_ms[:length]
    if (np.diff(chunk.offsets) != length).any() or (
        chunk.timestamps_ms.reshape(-1, length) != times
    ).any():
        return chunk
    shape = chunk.values.shape
    return RawBlock(
        chunk.label_sets,
        np.array([0, length]),
        times,
        chunk.values.reshape(-1, length),
        {
            reason: np.broadcast_to(mask, shape).reshape(-1, length)
            for reason, mask in chunk.flags.items()
        },
    )


def chunk_to_block(
    chunk: RawBlock, reading: ReadOptions, digit_loss: PrecisionCheck
) -> SeriesBlock:
    """Drop what cannot be stored, count it, and say what will not be stored exactly.

    Raises
    ------
    ColumnError
        If there are infinities and ``reading.inf`` is ``"error"``.
    TimestampError
        If a series has two samples at one millisecond and ``reading.duplicates`` is ``"error"``.
    """
    if reading.significant_figures is not None or reading.round_digits is not None:
        values = round_values(chunk.values, reading.significant_figures, reading.round_digits)
        rounded = (values != chunk.values) & ~np.isnan(values)
        chunk = replace(chunk, values=values, flags={**chunk.flags, "rounded": rounded})
    _, strictly = ascending_within(chunk.timestamps_ms, chunk.offsets)
    smallest, largest = _extremes(chunk.values, chunk.offsets)
    dropped: Mapping[str, int] = {}
    # The maximum is finite only if every value is: NaN and infinity carry through.
    if not strictly or not np.isfinite(largest).all():
        chunk, dropped = _keep_storable(chunk, reading)
        if not chunk.label_sets:
            return SeriesBlock.of_nothing(dropped)
        smallest, largest = _extremes(
            chunk.values, chunk.offsets, has_infinities=reading.inf == "keep"
        )
    return SeriesBlock(
        chunk.label_sets,
        chunk.offsets,
        chunk.timestamps_ms,
        chunk.values,
        dropped,
        _count_adjusted(chunk, smallest, largest, digit_loss),
        has_infinities=reading.inf == "keep",
    )


def _extremes(
    values: FloatArray, offsets: IntArray, *, has_infinities: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Return the smallest and the largest magnitude of each series, beside zero and infinity.

    NaN where a series has one; an infinity counts unless `has_infinities` is set.
    """
    n_rows, n_samples = values.shape
    smallest, largest = np.empty((2, n_rows, len(offsets) - 1))
    rows_at_once = max(1, _CACHED_SAMPLES // n_samples)
    for first in range(0, n_rows, rows_at_once):
        rows = slice(first, first + rows_at_once)
        magnitudes = np.abs(values[rows])
        if has_infinities:
            magnitudes[np.isinf(magnitudes)] = 0
        np.maximum.reduceat(magnitudes, offsets[:-1], axis=1, out=largest[rows])
        np.minimum.reduceat(magnitudes, offsets[:-1], axis=1, out=smallest[rows])
        if not smallest[rows].all():
            magnitudes[magnitudes == 0] = np.inf
            np.minimum.reduceat(magnitudes, offsets[:-1], axis=1, out=smallest[rows])
    return smallest, largest


def _keep_storable(chunk: RawBlock, reading: ReadOptions) -> tuple[RawBlock, dict[str, int]]:
    """Flatten to one row of samples, without those that are dropped."""
    infinite = np.isinf(chunk.values)
    drop = np.isnan(chunk.values)
    dropped = {"nan": int(drop.sum())}
    if infinite.any():
        if reading.inf == "error":
            _raise_infinite(chunk, infinite)
        if reading.inf == "drop":
            dropped["inf"] = int(infinite.sum())
            drop |= infinite
    keep = ~drop
    shape = chunk.values.shape
    counts = np.add.reduceat(keep, chunk.offsets[:-1], axis=1, dtype=np.int64).ravel()
    values = chunk.values[keep]
    times = np.broadcast_to(chunk.timestamps_ms, shape)[keep]
    flags = {reason: np.broadcast_to(mask, shape)[keep] for reason, mask in chunk.flags.items()}
    ends = np.cumsum(counts)
    repeated = times[1:] == times[:-1]
    inner = ends[(ends > 0) & (ends < len(times))]
    repeated[inner - 1] = False  # from one series to the next
    if reading.duplicates != "keep" and repeated.any():
        if reading.duplicates == "error":
            _raise_duplicate(chunk, ends, times, repeated)
        if reading.duplicates == "max":
            # The first of each run takes the largest value, and the marks that belong to it.
            is_first = np.append(True, ~repeated)
            starts = np.flatnonzero(is_first)
            best = np.lexsort((-values, np.cumsum(is_first)))[starts]
            values[starts] = values[best]
            for mask in flags.values():
                mask[starts] = mask[best]
        is_last = reading.duplicates == "last"
        superseded = np.append(repeated, False) if is_last else np.append(False, repeated)
        dropped["duplicate"] = int(superseded.sum())
        series = np.searchsorted(ends, np.flatnonzero(superseded), side="right")
        counts -= np.bincount(series, minlength=len(counts))
        times, values = times[~superseded], values[~superseded]
        flags = {reason: mask[~superseded] for reason, mask in flags.items()}
    filled = counts > 0
    label_sets = chunk.label_sets
    if not filled.all():
        label_sets = LabelSets.of(label_sets).take(np.flatnonzero(filled).tolist())
    offsets = np.append(0, np.cumsum(counts[filled]))
    flat = RawBlock(label_sets, offsets, times, values[None], flags)
    return flat, {reason: n for reason, n in dropped.items() if n}


def _raise_infinite(chunk: RawBlock, infinite: BoolArray) -> None:
    row, sample = np.argwhere(infinite)[0].tolist()
    raise ColumnError(
        f"series {_series_at(chunk, row, sample)}: {int(infinite.sum())} infinite values "
        f"(first at {np.datetime64(int(chunk.timestamps_ms[sample]), 'ms')}); "
        "pass inf='drop' to leave them out, or inf='keep' to store them"
    )


def _raise_duplicate(chunk: RawBlock, ends: IntArray, times: IntArray, repeated: BoolArray) -> None:
    sample = int(repeated.argmax())
    series = int(np.searchsorted(ends, sample, side="right"))
    raise TimestampError(
        f"series {chunk.label_sets[series].decode()}: {int(repeated.sum())} samples at a time that "
        f"it has already (first: {np.datetime64(int(times[sample]), 'ms')}); pass "
        "duplicates='last', 'first' or 'max' to store one of them, or 'keep' to store all"
    )


def _count_adjusted(
    kept: RawBlock, smallest: FloatArray, largest: FloatArray, digit_loss: PrecisionCheck
) -> dict[str, int]:
    shape, flags = kept.values.shape, dict(kept.flags)
    threshold = np.maximum(largest * _SMALLEST_SAFE_RATIO, _SMALLEST_STORED)
    if not digit_loss.is_exact and (smallest < threshold).any():
        lengths, magnitudes = np.diff(kept.offsets), np.abs(kept.values)
        small = (magnitudes < np.repeat(threshold, lengths, axis=1)) & (magnitudes > 0)
        digit_loss.check(kept, small, np.repeat(largest, lengths, axis=1)[small])
        flags["inexact"] = small | flags.get("inexact", False)
    counts = {reason: int(np.broadcast_to(mask, shape).sum()) for reason, mask in flags.items()}
    return {reason: n for reason, n in counts.items() if n}


def _series_at(chunk: RawBlock, row: int, sample: int) -> str:
    group = int(np.searchsorted(chunk.offsets, sample, side="right")) - 1
    return chunk.label_sets[row * (len(chunk.offsets) - 1) + group].decode()
