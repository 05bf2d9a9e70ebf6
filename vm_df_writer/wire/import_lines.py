r"""JSON lines of ``/api/v1/import``: ``{"metric":{...},"values":[...],"timestamps":[...]}``.

orjson formats whole arrays. A line of many samples is one call of it; for lines of few samples
one call formats the numbers of them all, and its text is cut at the commas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, repeat, starmap
from typing import Any

import numpy as np
import orjson

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock

__all__ = ["MAX_SAMPLES_PER_LINE", "EncodedLines", "LineEncoder"]

# One bad element costs the server a whole line, and a line must stay far below
# -import.maxLineLen (10 MiB): vmctl cuts here too.
MAX_SAMPLES_PER_LINE = 10_000

# The longest float64 and an epoch in milliseconds, each with its comma; and the keys.
_MAX_BYTES_PER_SAMPLE = 25 + 14
_BYTES_AROUND = 64

# Below this many samples a line, cutting one text is cheaper than a call of orjson for each.
_SHORT_LINE = 16
# From here on lines are made one by one: memory that is freed at once is used again at once, and
# touching fresh memory costs more than formatting.
_LONG_LINE = 4096
# Others are made in portions whose text (1 MiB or so) stays in the cache until it is joined.
_PORTION_SAMPLES = 2**15
_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_NUMPY_LINE = _NUMPY | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True, eq=False)
class EncodedLines:
    """The import lines of a block, made as they are asked for.

    Short lines come in pieces, so that a body is joined once.

    Attributes
    ----------
    table : SampleCounts, n_lines rows
        What each line carries.
    begins : ndarray of bool, shape (n_lines,)
        Whether a line is the first one of its series.
    portions : iterator of (list of bytes, sequence of int)
        Some lines in pieces, equally many for each, and the bytes of each line.
    """

    table: SampleCounts
    begins: BoolArray
    portions: Iterator[tuple[list[bytes], Sequence[int] | IntArray]]

    def chunks(self) -> Iterator[bytes]:
        """Yield the lines: each by itself if they are long, joined if they are short."""
        for pieces, _ in self.portions:
            yield pieces[0] if len(pieces) == 1 else b"".join(pieces)


class LineEncoder:
    r"""Formats import lines, block by block.

    Parameters
    ----------
    max_line_bytes : int
        Longer lines are cut into several, unless it is the label set that is longer.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     [b'{"__name__":"y"}'],
    ...     np.array([0, 2]),
    ...     np.array([1767225600000, 1767225660000]),
    ...     np.array([[1.0, 2.5]]),
    ... )
    >>> next(LineEncoder().encode(block).chunks())
    b'{"metric":{"__name__":"y"},"values":[1.0,2.5],"timestamps":[1767225600000,1767225660000]}\n'
    """

    def __init__(self, max_line_bytes: int = 2**20) -> None:
        self._max_line_bytes = max_line_bytes
        nothing = np.empty(0, np.int64)
        self._last_times: tuple[IntArray, IntArray, list[Any] | None] = nothing, nothing, None

    def encode(self, block: SeriesBlock) -> EncodedLines:
        """Return the lines of a block."""
        if not block.label_sets:
            return EncodedLines(SampleCounts.concat([]), np.empty(0, bool), iter(()))
        n_rows, n_samples = block.values.shape
        room = self._max_line_bytes - _BYTES_AROUND - int(_lengths(block.label_sets).max())
        most = max(1, min(MAX_SAMPLES_PER_LINE, room // _MAX_BYTES_PER_SAMPLE))
        starts, stops, groups = _cut_groups(block.offsets, most)
        label_sets = block.label_sets
        if len(starts) * n_rows != len(label_sets):
            n_groups = len(block.offsets) - 1
            of_line = groups + n_groups * np.arange(n_rows)[:, None]
            label_sets = [label_sets[series] for series in of_line.ravel().tolist()]
        # From here on a line is a slice of all rows, one after the other.
        row_starts = n_samples * np.arange(n_rows)[:, None]
        value_starts, value_stops = (starts + row_starts).ravel(), (stops + row_starts).ravel()
        are_short = n_samples < _SHORT_LINE * len(starts)
        make_lines = _short_lines if are_short else _long_lines
        times = self._format_times(block, starts, stops, are_short=are_short)
        return EncodedLines(
            SampleCounts(
                label_sets,
                value_stops - value_starts,
                np.tile(block.timestamps_ms[starts], n_rows),
                np.tile(block.timestamps_ms[stops - 1], n_rows),
            ),
            np.tile(np.append(True, groups[1:] != groups[:-1]), n_rows),
            make_lines(block, label_sets, times, value_starts, value_stops),
        )

    def _format_times(
        self, block: SeriesBlock, starts: IntArray, stops: IntArray, *, are_short: bool
    ) -> list[Any]:
        """Return what each line's times are; made once for all lines that share them."""
        if are_short:
            texts = _cut(_format_array(block.timestamps_ms), starts, stops)
            return [text + b"]}\n" for text in texts] * len(block.values)
        last_ms, last_starts, times = self._last_times
        is_known = last_ms is block.timestamps_ms and np.array_equal(last_starts, starts)
        if not is_known or times is None:
            arrays = map(block.timestamps_ms.__getitem__, _slices(starts, stops))
            if len(block.values) == 1 and not is_known:  # it may not come again
                self._last_times = block.timestamps_ms, starts, None
                return list(arrays)
            times = list(map(orjson.Fragment, map(_format_array, arrays)))
            self._last_times = block.timestamps_ms, starts, times
        return times * len(block.values)


def _long_lines(
    block: SeriesBlock,
    label_sets: Sequence[bytes],
    times: Sequence[Any],
    starts: IntArray,
    stops: IntArray,
) -> Iterator[tuple[list[bytes], Sequence[int] | IntArray]]:
    """Make each line with one call of orjson."""
    values: Iterator[Any] = iter(block.values)  # a line for each row, if there are as many
    if len(starts) != len(block.values):
        values = map(block.values.reshape(-1).__getitem__, _slices(starts, stops))
    if block.has_infinities:
        values = map(orjson.Fragment, map(_with_infinities, values))
    lines = (
        orjson.dumps({"metric": m, "values": v, "timestamps": t}, option=_NUMPY_LINE)
        for m, v, t in zip(map(orjson.Fragment, label_sets), values, times, strict=True)
    )
    if stops[-1] >= _LONG_LINE * len(stops):
        for line in lines:
            yield [line], [len(line)]
    else:
        for portion in _portions(stops, _PORTION_SAMPLES):
            batch = list(islice(lines, portion.stop - portion.start))
            yield batch, _lengths(batch)


def _short_lines(
    block: SeriesBlock,
    label_sets: Sequence[bytes],
    times: Sequence[Any],
    starts: IntArray,
    stops: IntArray,
) -> Iterator[tuple[list[bytes], Sequence[int] | IntArray]]:
    """Make the lines in six pieces each, the numbers of many with one call of orjson."""
    keys = (b'{"metric":', b',"values":[', b'],"timestamps":[')
    for portion in _portions(stops, _PORTION_SAMPLES):
        first, n_lines = starts[portion.start], portion.stop - portion.start
        values = block.values.reshape(-1)[first : stops[portion.stop - 1]]
        text = _with_infinities(values) if block.has_infinities else _format_array(values)
        numbers = _cut(text, starts[portion] - first, stops[portion] - first)
        pieces = [b""] * (n_lines * 6)
        sizes = np.full(n_lines, sum(map(len, keys)))
        for position, key in enumerate(keys):
            pieces[2 * position :: 6] = repeat(key, n_lines)
        for position, texts in enumerate((label_sets[portion], numbers, times[portion])):
            pieces[2 * position + 1 :: 6] = texts
            sizes += _lengths(texts)
        yield pieces, sizes


def _lengths(texts: Sequence[bytes]) -> IntArray:
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _slices(starts: IntArray, stops: IntArray) -> Iterator[slice]:
    return map(slice, starts.tolist(), stops.tolist())


def _format_array(array: FloatArray | IntArray) -> bytes:
    return orjson.dumps(array, option=_NUMPY)


def _with_infinities(array: FloatArray) -> bytes:
    """Write infinities as 1e999, the only form that every server stores; orjson writes null."""
    first, *rest = _format_array(array).split(b"null")
    signs = np.where(array[np.isinf(array)] > 0, b"1e999", b"-1e999").tolist()
    return first + b"".join(map(bytes.__add__, signs, rest))


def _cut(text: bytes, starts: IntArray, stops: IntArray) -> list[bytes]:
    """Cut the text of an array into the numbers of each slice; the slices leave no gaps."""
    n_samples = int(stops[-1])
    if len(starts) == n_samples:
        return text[1:-1].split(b",")
    commas = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(","))
    ends = np.append(commas, len(text) - 1)[stops - 1]
    begins = np.append(0, ends[:-1]) + 1
    return [text[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]


def _portions(stops: IntArray, n_samples: int) -> Iterator[slice]:
    """Cut lines, given where each stops, into portions of about so many samples."""
    portion = (stops - 1) // n_samples
    cuts = np.flatnonzero(portion[1:] != portion[:-1]) + 1
    yield from starmap(slice, pairwise([0, *cuts.tolist(), len(stops)]))


def _cut_groups(offsets: IntArray, most: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return start, stop and group of each line, none longer than `most`."""
    lengths = np.diff(offsets)
    n_groups = len(lengths)
    if lengths.max() <= most:
        return offsets[:-1], offsets[1:], np.arange(n_groups)
    lines_per_group = -(-lengths // most)
    groups = np.repeat(np.arange(n_groups), lines_per_group)
    first_line = np.cumsum(lines_per_group) - lines_per_group
    starts = offsets[groups] + (np.arange(len(groups)) - first_line[groups]) * most
    return starts, np.minimum(starts + most, offsets[groups + 1]), groups
