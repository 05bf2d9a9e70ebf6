"""Comparison: the samples of a block beside the export lines that come back for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import orjson

from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.matching import match_samples
from vm_df_writer.wire.export_lines import load_values, no_export_line, series_key, split_line

__all__ = ["Comparison", "SeriesDiff"]

# The server cuts a value where less than 1e-12 of it is lost (decimal.go), give or take the
# rounding of its own test, which was seen to let 1.0003e-12 pass.
_RELATIVE_LOSS = 1.01e-12
_LOSS_TO_LARGEST = 1e-17

_MAX_PENDING = 2**16  # samples whose values are Python objects for a while


class SeriesDiff(NamedTuple):
    """One series of which not every sample came back as it was sent.

    Attributes
    ----------
    label_set : bytes
        Its labels as a JSON object.
    expected, missing, mismatched : int
        Samples that were sent, that did not come back, and that came back with another value.
    first_ms : int
        Epoch milliseconds of the first sample that was not found.
    """

    label_set: bytes
    expected: int
    missing: int
    mismatched: int
    first_ms: int

    @property
    def lost(self) -> int:
        """Samples that were not found, for either reason."""
        return self.missing + self.mismatched

    def merge(self, other: SeriesDiff) -> SeriesDiff:
        """Add up what two blocks hold of one series."""
        return SeriesDiff(
            self.label_set,
            self.expected + other.expected,
            self.missing + other.missing,
            self.mismatched + other.mismatched,
            min(self.first_ms, other.first_ms),
        )


class Comparison:
    """Some series of a block, and what has come back of them so far.

    A sample counts as found once any copy that the server returns for its series and
    timestamp agrees with it; as mismatched if there are only other values; else as missing.
    Each sent sample counts for itself, also where a series holds several at one timestamp
    (``duplicates="keep"``). Copies of one value cannot be told apart: where two equal samples
    were sent and one came back, both are found.

    Values agree within ``1.01e-12 |sent| + 1e-17 max|series|``, what the server's storage format
    keeps; an infinity agrees with itself alone.

    Where the server keeps one sample per interval, those count as deduplicated of whose interval
    a later sample came back and no other one; and of several that were sent for one timestamp,
    all beside the one that it kept.

    Parameters
    ----------
    block : SeriesBlock
        What was sent.
    series : sequence of int
        The positions of the series that are read back.
    thinning : KeepOneRule, optional
        The intervals of which the server keeps one sample each.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     label_sets=[b'{"__name__":"y"}', b'{"__name__":"yhat"}'],
    ...     offsets=np.array([0, 2]),
    ...     timestamps_ms=np.array([1767225600000, 1767225660000]),
    ...     values=np.array([[1.0, 2.0], [1.5, 2.5]]),
    ... )
    >>> comparison = Comparison(block, [0, 1])
    >>> comparison.add(b'{"metric":{"__name__":"y"},"values":[1],"timestamps":[1767225600000]}')
    True
    >>> comparison.add(b'{"metric":{"__name__":"z"},"values":[1],"timestamps":[1767225600000]}')
    False
    >>> for incomplete in comparison.series_diffs().values():
    ...     print(incomplete.label_set, incomplete.missing, "missing of", incomplete.expected)
    b'{"__name__":"y"}' 1 missing of 2
    b'{"__name__":"yhat"}' 2 missing of 2
    """

    def __init__(
        self, block: SeriesBlock, series: Sequence[int], deduplication: KeepOneRule | None = None
    ) -> None:
        self._block = block
        self._series = series
        self._deduplication = deduplication
        row, self._group = np.divmod(np.asarray(series, np.int64), len(block.offsets) - 1)
        self._lengths = np.diff(block.offsets)[self._group]
        self._starts = np.cumsum(self._lengths) - self._lengths
        positions = _ranges(block.offsets[self._group], self._lengths)
        self._timestamps_ms = block.timestamps_ms[positions]
        self._values = block.values[np.repeat(row, self._lengths), positions]
        self._tolerance = self._allow(self._values)
        self._slots = {series_key(block.label_sets[s]): slot for slot, s in enumerate(series)}
        repeats = np.diff(self._timestamps_ms) == 0
        repeats[self._starts[1:] - 1] = False
        self._has_repeats = bool(repeats.any())
        self._seen, self._good, self._thinned = np.zeros((3, len(positions)), np.bool_)
        self._text_of_group: tuple[int, bytes] = (-1, b"")
        self._aligned: list[tuple[int, list[float]]] = []
        self._scattered: list[tuple[int, list[float], list[int]]] = []
        self._pending = 0

    @property
    def range_ms(self) -> tuple[int, int]:
        """Epoch milliseconds between which to read: from the first to the last sample.

        Or to the end of the interval that it is in, since it may have to give way to another.
        """
        first_ms, last_ms = int(self._timestamps_ms.min()), int(self._timestamps_ms.max())
        return first_ms, self._deduplication.last_end(last_ms) if self._deduplication else last_ms

    def add(self, line: bytes) -> bool:
        """Take an export line in; return whether its series is one of ours.

        Raises
        ------
        ServerRejected
            If it is no export line: an error that came after the status had been sent.
        """
        label_set, values_text, times_text = split_line(line)
        try:
            slot = self._slots.get(series_key(label_set))
            if slot is None:
                return False
            values = load_values(values_text)
            aligned = not self._has_repeats and times_text == self._expected_times_text(slot)
            times = None if aligned else orjson.loads(times_text)
        except orjson.JSONDecodeError:
            raise no_export_line(line) from None
        if len(values) != (self._lengths[slot] if times is None else len(times)):
            raise no_export_line(line)
        if times is None:
            self._aligned.append((slot, values))
        else:
            self._scattered.append((slot, values, times))
        self._pending += len(values)
        if self._pending >= _MAX_PENDING:
            self._compare_pending()
        return True

    def series_diffs(self) -> dict[int, SeriesDiff]:
        """Return the series of which not every sample has been found, by position in the block."""
        lost = self._lost()
        missing = np.add.reduceat(lost & ~self._seen, self._starts, dtype=np.int64)
        mismatched = np.add.reduceat(lost & self._seen, self._starts, dtype=np.int64)
        incomplete = {}
        for slot in np.flatnonzero(missing + mismatched).tolist():
            start, length = int(self._starts[slot]), int(self._lengths[slot])
            first = start + int(np.argmax(lost[start : start + length]))
            series = int(self._series[slot])
            incomplete[series] = SeriesDiff(
                self._block.label_sets[series],
                length,
                int(missing[slot]),
                int(mismatched[slot]),
                int(self._timestamps_ms[first]),
            )
        return incomplete

    def deduplicated(self) -> dict[int, int]:
        """Return how many samples the server left out as configured, by position in the block."""
        self._compare_pending()
        counts = np.add.reduceat(self._excused(), self._starts, dtype=np.int64)
        slots = np.flatnonzero(counts).tolist()
        return {self._series[slot]: int(counts[slot]) for slot in slots}

    def missing_block(self) -> SeriesBlock:
        """Return the samples that did not come back, as a block of their own."""
        missing = self._lost() & ~self._seen
        counts = np.add.reduceat(missing, self._starts, dtype=np.int64)
        slots = np.flatnonzero(counts)
        if not slots.size:
            return SeriesBlock.of_nothing({})
        return SeriesBlock(
            label_sets=[self._block.label_sets[self._series[slot]] for slot in slots.tolist()],
            offsets=np.append(0, np.cumsum(counts[slots])),
            timestamps_ms=self._timestamps_ms[missing],
            values=self._values[missing][None, :],
            has_infinities=self._block.has_infinities,
        )

    def _lost(self) -> BoolArray:
        self._compare_pending()
        return ~(self._good | self._excused())

    def _excused(self) -> BoolArray:
        """Say which samples did not come back because the server keeps one per interval."""
        excused = self._thinned & ~self._seen
        if self._deduplication is not None and self._has_repeats:
            begins = np.append(True, np.diff(self._timestamps_ms) != 0)
            begins[self._starts] = True
            is_kept = np.logical_or.reduceat(self._good, np.flatnonzero(begins))
            excused |= ~self._good & is_kept[np.cumsum(begins) - 1]
        return excused

    def _allow(self, values: FloatArray) -> FloatArray:
        """Return by how much the server may alter each value."""
        magnitudes = np.where(np.isfinite(values), np.abs(values), 0.0)
        largest = np.maximum.reduceat(magnitudes, self._starts)
        return _RELATIVE_LOSS * magnitudes + np.repeat(_LOSS_TO_LARGEST * largest, self._lengths)

    def _expected_times_text(self, slot: int) -> bytes:
        """Return the timestamps of a series as the server would write them.

        Comparing text spares reading it, and the rows of a wide frame share it.
        """
        group = int(self._group[slot])
        if group != self._text_of_group[0]:
            start, stop = self._block.offsets[group : group + 2].tolist()
            times = np.ascontiguousarray(self._block.timestamps_ms[start:stop])
            text = orjson.dumps(times, option=orjson.OPT_SERIALIZE_NUMPY)
            self._text_of_group = (group, text)
        return self._text_of_group[1]

    def _compare_pending(self) -> None:
        if self._aligned:
            self._compare_aligned()
        if self._scattered:
            self._compare_scattered()
        self._aligned, self._scattered, self._pending = [], [], 0

    def _compare_aligned(self) -> None:
        """Compare lines whose timestamps are exactly those of their series."""
        slots = np.array([slot for slot, _ in self._aligned])
        positions = _ranges(self._starts[slots], self._lengths[slots])
        got = _flat(values for _, values in self._aligned)
        self._seen[positions] = True
        self._good[positions[self._agree(positions, got)]] = True

    def _compare_scattered(self) -> None:
        """Compare lines with other timestamps: some missing, more, or several copies."""
        counts = [len(values) for _, values, _ in self._scattered]
        slots = np.array([slot for slot, _, _ in self._scattered])
        ours = np.unique(slots)
        positions = _ranges(self._starts[ours], self._lengths[ours])
        got_times = np.fromiter(chain.from_iterable(t for _, _, t in self._scattered), np.int64)
        got = _flat(values for _, values, _ in self._scattered)
        value = np.append(self._values[positions], got)
        matches = match_samples(
            np.append(np.repeat(ours, self._lengths[ours]), np.repeat(slots, counts)),
            np.append(self._timestamps_ms[positions], got_times),
            value,
            len(positions),
            self._deduplication,
        )
        for sent, returned in matches.pairs:
            mine = positions[sent]
            self._seen[mine] = True
            self._good[mine[self._agree(mine, value[returned])]] = True
        self._thinned[positions[matches.covered]] = True

    def _agree(self, positions: IntArray, got: FloatArray) -> BoolArray:
        sent = self._values[positions]
        with np.errstate(invalid="ignore", over="ignore"):
            agree: BoolArray = np.abs(sent - got) <= self._tolerance[positions]
        agree |= sent == got  # infinities
        return agree


def _flat(lists: Iterable[list[float]]) -> FloatArray:
    return np.array(list(chain.from_iterable(lists)), np.float64)


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
