"""Comparison: the samples of a block beside the export lines that come back for them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import orjson

from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.matching import match_samples
from vm_df_writer.verification.sent_samples import SentSamples
from vm_df_writer.verification.series_diff import SeriesDiff, Surplus
from vm_df_writer.verification.tally import Tally
from vm_df_writer.wire import export_lines

__all__ = ["Comparison"]

_MAX_PENDING = 2**16  # samples that are compared at once


class Comparison:
    """Some series of a block, and what has come back of them so far.

    A sample counts as found once any copy that the server returns for its series and
    timestamp agrees with it; as mismatched if there are only other values; else as missing.
    Each sent sample counts for itself, also where a series holds several at one timestamp
    (``duplicates="keep"``). Copies of one value cannot be told apart: where two equal samples
    were sent and one came back, both are found.

    What is returned beyond that, between the first and the last sample of a series, is surplus:
    copies of what was found, other values at its time, and samples at other times.

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
    deduplication : KeepOneRule, optional
        The intervals of which the server keeps one sample each.
    as_stored : callable
        Gives the label set that the server stores for one that was sent.
    is_exact : bool
        Whether the server keeps every bit.

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
    >>> for incomplete in comparison.series_diffs().values():
    ...     print(incomplete.label_set, incomplete.missing, "missing of", incomplete.expected)
    b'{"__name__":"y"}' 1 missing of 2
    b'{"__name__":"yhat"}' 2 missing of 2
    """

    def __init__(
        self,
        block: SeriesBlock,
        series: Sequence[int],
        deduplication: KeepOneRule | None = None,
        *,
        as_stored: Callable[[bytes], bytes] = bytes,
        is_exact: bool = False,
    ) -> None:
        self._block, self._series, self._deduplication = block, series, deduplication
        self._sent = SentSamples(block, series, is_exact=is_exact)
        self._slots = {
            export_lines.series_key(as_stored(block.label_sets[s])): slot
            for slot, s in enumerate(series)
        }
        self._tally = Tally.of_nothing(len(self._sent.values), n_series=len(series))
        self._piece_ms, self._piece_slots = self.range_ms, range(len(series))
        self._text_of_group: tuple[int, bytes] = (-1, b"")
        self._whole: set[int] = set()
        self._aligned: list[tuple[int, FloatArray]] = []
        self._scattered: list[tuple[int, FloatArray, IntArray]] = []
        self._pending = 0

    @property
    def range_ms(self) -> tuple[int, int]:
        """Epoch milliseconds between which to read: from the first to the last sample.

        Or to the end of the interval that it is in, since it may have to give way to another.
        """
        first_ms, last_ms = self._sent.range_ms
        return first_ms, self._deduplication.last_end(last_ms) if self._deduplication else last_ms

    @contextmanager
    def piece(self, first_ms: int, last_ms: int, slots: range) -> Iterator[None]:
        """Take in, while it is open, what one request reads: samples of some series and times.

        A piece that fails is forgotten, so that no sample is a copy when it is read again.
        """
        tally, whole = self._tally.copy(), set(self._whole)
        self._piece_ms, self._piece_slots = (first_ms, last_ms), slots
        try:
            yield
            self._compare_pending()
        except BaseException:
            self._tally, self._whole = tally, whole
            self._aligned, self._scattered, self._pending = [], [], 0
            raise

    def add(self, line: bytes) -> bool:
        """Take an export line in; return whether its series is one of ours.

        Raises
        ------
        ServerRejected
            If it is no export line: an error that came after the status had been sent.
        """
        label_set, values_text, times_text = export_lines.split_line(line)
        try:
            slot = self._slots.get(export_lines.series_key(label_set))
            if slot is None or slot not in self._piece_slots:
                return slot is not None
            values = export_lines.load_values(values_text)
            # Only the first line of a series can hold no copy of what came before.
            aligned = not (self._sent.has_repeats or slot in self._whole)
            aligned = aligned and times_text == self._expected_times_text(slot)
            times = None if aligned else export_lines.load_timestamps(times_text)
        except ValueError:
            raise export_lines.no_export_line(line) from None
        if len(values) != (self._sent.lengths[slot] if times is None else len(times)):
            raise export_lines.no_export_line(line)
        if times is None:
            self._whole.add(slot)
            self._aligned.append((slot, values))
        else:
            self._scattered.append((slot, values, times))
        self._pending += len(values)
        if self._pending >= _MAX_PENDING:
            self._compare_pending()
        return True

    def series_diffs(self) -> dict[int, SeriesDiff]:
        """Return the series of which not every sample has been found, by position in the block."""
        lost, sent = self._lost(), self._sent
        missing = np.add.reduceat(lost & ~self._tally.seen, sent.starts, dtype=np.int64)
        mismatched = np.add.reduceat(lost & self._tally.seen, sent.starts, dtype=np.int64)
        incomplete = {}
        for slot in np.flatnonzero(missing + mismatched).tolist():
            start, length = int(sent.starts[slot]), int(sent.lengths[slot])
            first = start + int(np.argmax(lost[start : start + length]))
            series = int(self._series[slot])
            incomplete[series] = SeriesDiff(
                self._block.label_sets[series],
                length,
                int(missing[slot]),
                int(mismatched[slot]),
                int(sent.timestamps_ms[first]),
            )
        return incomplete

    def surplus(self) -> dict[int, Surplus]:
        """Return what came back beside what was sent, by position in the block."""
        self._compare_pending()
        tally, times = self._tally, self._sent.times
        if tally.counts is None:
            return {}
        agreeing, differing, good = np.add.reduceat(
            [*tally.counts, tally.good], times, axis=1, dtype=np.int64
        )
        n_sent = np.diff(np.append(times, len(tally.good)))
        copies = np.maximum(agreeing - good, 0)
        # Each mismatched sample stands for one of the other values already.
        conflicting = np.maximum(differing - (n_sent - good), 0)
        starts = np.searchsorted(times, self._sent.starts)
        totals = np.add.reduceat([copies, conflicting], starts, axis=1)
        found = {}
        for slot in np.flatnonzero(totals.any(axis=0) | (tally.foreign > 0)).tolist():
            stop = starts[slot + 1] if slot + 1 < len(starts) else len(times)
            first = starts[slot] + int(np.argmax(conflicting[starts[slot] : stop] > 0))
            found[int(self._series[slot])] = Surplus(
                int(totals[0, slot]),
                int(totals[1, slot]),
                int(tally.foreign[slot]),
                int(self._sent.timestamps_ms[times[first]]),
            )
        return found

    def deduplicated(self) -> dict[int, int]:
        """Return how many samples the server left out as configured, by position in the block."""
        self._compare_pending()
        counts = np.add.reduceat(self._excused(), self._sent.starts, dtype=np.int64)
        slots = np.flatnonzero(counts).tolist()
        return {self._series[slot]: int(counts[slot]) for slot in slots}

    def mark_returned(self, mask: BoolArray) -> None:
        """Set, in a mask of the block's values, the samples at whose times any value came back."""
        self._compare_pending()
        mask[self._sent.rows, self._sent.columns] = self._tally.seen

    def missing_block(self) -> SeriesBlock:
        """Return the samples that did not come back, as a block of their own."""
        missing = self._lost() & ~self._tally.seen
        counts = np.add.reduceat(missing, self._sent.starts, dtype=np.int64)
        slots = np.flatnonzero(counts)
        if not slots.size:
            return SeriesBlock.of_nothing({})
        return SeriesBlock(
            label_sets=[self._block.label_sets[self._series[slot]] for slot in slots.tolist()],
            offsets=np.append(0, np.cumsum(counts[slots])),
            timestamps_ms=self._sent.timestamps_ms[missing],
            values=self._sent.values[missing][None, :],
            has_infinities=self._block.has_infinities,
        )

    def _lost(self) -> BoolArray:
        self._compare_pending()
        return ~(self._tally.good | self._excused())

    def _excused(self) -> BoolArray:
        """Say which samples did not come back because the server keeps one per interval."""
        tally, times = self._tally, self._sent.times
        excused = tally.covered & ~tally.seen
        if self._deduplication is not None and self._sent.has_repeats:
            is_kept = np.logical_or.reduceat(tally.good, times)
            n_sent = np.diff(np.append(times, len(excused)))
            excused |= ~tally.good & np.repeat(is_kept, n_sent)
        return excused

    def _expected_times_text(self, slot: int) -> bytes:
        """Return the timestamps of a series as the server would write them; rows share them."""
        group = int(self._sent.group[slot])
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
        positions = self._sent.positions(np.array([slot for slot, _ in self._aligned]))
        got = np.concatenate([values for _, values in self._aligned])
        self._tally.add_once(positions, self._sent.agree(positions, got))

    def _compare_scattered(self) -> None:
        """Compare lines with other timestamps: some missing, more, or several copies."""
        counts = [len(values) for _, values, _ in self._scattered]
        slots = np.repeat([slot for slot, _, _ in self._scattered], counts)
        times = np.concatenate([of_line for _, _, of_line in self._scattered])
        got = np.concatenate([values for _, values, _ in self._scattered])
        inside = (times >= self._piece_ms[0]) & (times <= self._piece_ms[1])
        slots, times, got = slots[inside], times[inside], got[inside]
        ours = np.unique(slots)
        positions = self._sent.positions(ours)
        n_sent = len(positions)
        matches = match_samples(
            np.append(np.repeat(ours, self._sent.lengths[ours]), slots),
            np.append(self._sent.timestamps_ms[positions], times),
            np.append(self._sent.values[positions], got),
            n_sent,
            self._deduplication,
        )
        pairs = [(positions[sent], returned - n_sent) for sent, returned in matches.pairs]
        agreements = [self._sent.agree(mine, got[theirs]) for mine, theirs in pairs]
        stands_for, agrees = np.full(len(got), -1), np.zeros(len(got), np.bool_)
        for mine, theirs in pairs:
            stands_for[theirs] = mine
        for (mine, theirs), agree in zip(pairs, agreements, strict=True):
            stands_for[theirs[agree]] = mine[agree]
            agrees[theirs[agree]] = True
        is_ours = stands_for >= 0
        self._tally.add(stands_for[is_ours], agrees[is_ours])
        for (mine, _), agree in zip(pairs, agreements, strict=True):
            self._tally.mark(mine, agree)
        self._tally.covered[positions[matches.covered]] = True
        foreign = slots[~is_ours & self._sent.is_within(slots, times)]
        self._tally.foreign += np.bincount(foreign, minlength=len(self._series))
