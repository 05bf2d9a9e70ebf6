"""Comparison: the samples of a block beside the export lines that come back for them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from vm_df_writer.errors import ServerRejected
from vm_df_writer.series import FloatArray, IntArray, SeriesBlock

__all__ = ["Comparison", "Shortfall"]

_BoolArray = npt.NDArray[np.bool_]

# Neither can stand inside a label: there a quote is always escaped.
_BEFORE_VALUES = b'},"values":['
_BEFORE_TIMESTAMPS = b'],"timestamps":['
# Old servers write bare +Inf and -Inf; new ones the strings "Infinity" and "-Infinity".
_BARE_INFINITY = re.compile(rb"[+-]Inf(?=[],])")

# The server cuts a value where less than 1e-12 of it is lost (decimal.go), give or take the
# rounding of its own test, which was seen to let 1.0003e-12 pass.
_RELATIVE_LOSS = 1.01e-12
_LOSS_TO_LARGEST = 1e-17

_MAX_PENDING = 2**16  # samples whose values are Python objects for a while


class Shortfall(NamedTuple):
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

    def merge(self, other: Shortfall) -> Shortfall:
        """Add up what two blocks hold of one series."""
        return Shortfall(
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

    Parameters
    ----------
    block : SeriesBlock
        What was sent.
    series : sequence of int
        The positions of the series that are read back.

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
    >>> for short in comparison.shortfalls().values():
    ...     print(short.label_set, short.missing, "missing of", short.expected)
    b'{"__name__":"y"}' 1 missing of 2
    b'{"__name__":"yhat"}' 2 missing of 2
    """

    def __init__(self, block: SeriesBlock, series: Sequence[int]) -> None:
        self._block = block
        self._series = series
        row, self._group = np.divmod(np.asarray(series, np.int64), len(block.offsets) - 1)
        self._lengths = np.diff(block.offsets)[self._group]
        self._starts = np.cumsum(self._lengths) - self._lengths
        positions = _ranges(block.offsets[self._group], self._lengths)
        self._timestamps_ms = block.timestamps_ms[positions]
        self._values = block.values[np.repeat(row, self._lengths), positions]
        self._tolerance = self._allow(self._values)
        self._slots = {_key(block.label_sets[s]): slot for slot, s in enumerate(series)}
        repeats = np.diff(self._timestamps_ms) == 0
        repeats[self._starts[1:] - 1] = False
        self._has_repeats = bool(repeats.any())
        self._seen = np.zeros(len(positions), np.bool_)
        self._good = np.zeros(len(positions), np.bool_)
        self._text_of_group: tuple[int, bytes] = (-1, b"")
        self._aligned: list[tuple[int, list[float]]] = []
        self._scattered: list[tuple[int, list[float], list[int]]] = []
        self._pending = 0

    @property
    def range_ms(self) -> tuple[int, int]:
        """Epoch milliseconds of the first and the last sample."""
        return int(self._timestamps_ms.min()), int(self._timestamps_ms.max())

    def add(self, line: bytes) -> bool:
        """Take an export line in; return whether its series is one of ours.

        Raises
        ------
        ServerRejected
            If it is no export line: an error that came after the status had been sent.
        """
        values_at = line.find(_BEFORE_VALUES)
        times_at = line.find(_BEFORE_TIMESTAMPS, values_at)
        if not line.startswith(b'{"metric":{') or values_at < 0 or times_at < 0:
            raise _no_export_line(line)
        try:
            slot = self._slots.get(_key(line[10 : values_at + 1]))
            if slot is None:
                return False
            values = _load_values(line[values_at + len(_BEFORE_VALUES) - 1 : times_at + 1])
            times_text = line[times_at + len(_BEFORE_TIMESTAMPS) - 1 : -1]
            aligned = not self._has_repeats and times_text == self._expected_times_text(slot)
            times = None if aligned else orjson.loads(times_text)
        except orjson.JSONDecodeError:
            raise _no_export_line(line) from None
        if len(values) != (self._lengths[slot] if times is None else len(times)):
            raise _no_export_line(line)
        if times is None:
            self._aligned.append((slot, values))
        else:
            self._scattered.append((slot, values, times))
        self._pending += len(values)
        if self._pending >= _MAX_PENDING:
            self._compare_pending()
        return True

    def shortfalls(self) -> dict[int, Shortfall]:
        """Return the series of which not every sample has been found, by position in the block."""
        self._compare_pending()
        missing = np.add.reduceat(~self._seen, self._starts, dtype=np.int64)
        mismatched = np.add.reduceat(self._seen & ~self._good, self._starts, dtype=np.int64)
        short = {}
        for slot in np.flatnonzero(missing + mismatched).tolist():
            start, length = int(self._starts[slot]), int(self._lengths[slot])
            first = start + int(np.argmin(self._good[start : start + length]))
            series = int(self._series[slot])
            short[series] = Shortfall(
                self._block.label_sets[series],
                length,
                int(missing[slot]),
                int(mismatched[slot]),
                int(self._timestamps_ms[first]),
            )
        return short

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
        """Compare lines with other timestamps: some missing, more, or several copies.

        Sorted by series, time and value, the copy nearest to a sample is its neighbour.
        """
        counts = [len(values) for _, values, _ in self._scattered]
        slots = np.array([slot for slot, _, _ in self._scattered])
        ours = np.unique(slots)
        positions = _ranges(self._starts[ours], self._lengths[ours])
        slot = np.concatenate([np.repeat(ours, self._lengths[ours]), np.repeat(slots, counts)])
        got_times = np.fromiter(chain.from_iterable(t for _, _, t in self._scattered), np.int64)
        time = np.concatenate([self._timestamps_ms[positions], got_times])
        got = _flat(values for _, values, _ in self._scattered)
        value = np.concatenate([self._values[positions], got])

        order = np.lexsort((value, time, slot))
        is_got = order >= len(positions)
        at = np.flatnonzero(~is_got)  # where our samples stand in that order
        ranks = np.arange(len(order))
        before = np.maximum.accumulate(np.where(is_got, ranks, 0))[at]
        after = np.minimum.accumulate(np.where(is_got, ranks, len(order) - 1)[::-1])[::-1][at]
        for neighbour in (order[before], order[after]):
            same = (neighbour >= len(positions)) & (slot[neighbour] == slot[order[at]])
            same &= time[neighbour] == time[order[at]]
            mine = positions[order[at][same]]
            self._seen[mine] = True
            self._good[mine[self._agree(mine, value[neighbour[same]])]] = True

    def _agree(self, positions: IntArray, got: FloatArray) -> _BoolArray:
        sent = self._values[positions]
        with np.errstate(invalid="ignore", over="ignore"):
            agree: _BoolArray = np.abs(sent - got) <= self._tolerance[positions]
        agree |= sent == got  # infinities
        return agree


def _key(label_set: bytes) -> str:
    """Return a label set in a form that does not depend on order and escapes."""
    try:
        labels = orjson.loads(label_set)
    except orjson.JSONDecodeError:
        # An old server cuts a long value within a character, and exports it so.
        labels = orjson.loads(label_set.decode(errors="replace"))
    # As text, because what orjson returns holds a kilobyte for as long as it is kept.
    return orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode()


def _load_values(text: bytes) -> list[float]:
    if b"Inf" in text:
        text = _BARE_INFINITY.sub(lambda sign: b'"%s"' % sign[0], text)
    values: list[float] = orjson.loads(text)
    return values


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


def _no_export_line(line: bytes) -> ServerRejected:
    text = line[:500].decode(errors="replace")
    return ServerRejected(
        f"/api/v1/export: expected lines of samples, got {text!r}; the server failed while it "
        "was answering, see its log",
        status=200,
        body=text,
    )
