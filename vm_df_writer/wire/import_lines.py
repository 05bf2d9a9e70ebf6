r"""JSON lines of ``/api/v1/import``: ``{"metric":{...},"values":[...],"timestamps":[...]}``.

orjson formats whole arrays. A line of many samples is one call of it; for lines of few samples
one call formats the numbers of them all, and its text is cut at the commas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import orjson

from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock
from vm_df_writer.wire.chunks import EncodedChunks, Portion, cut_block, lengths_of, portions_of

__all__ = ["MAX_SAMPLES_PER_LINE", "LineEncoder", "first_line"]

# One bad element costs the server a whole line, and a line must stay far below
# -import.maxLineLen (10 MiB): vmctl cuts here too.
MAX_SAMPLES_PER_LINE = 10_000

# The longest float64 and an epoch in milliseconds, each with its comma; and the keys.
_MAX_BYTES_PER_SAMPLE = 25 + 14
_BYTES_AROUND = 64

# Below this many samples a line, cutting one text is cheaper than a call of orjson for each.
_SHORT_LINE = 16
# From here on comparing times with those of a line before is cheaper than formatting them.
_WORTH_COMPARING = 128
# From here on lines are made one by one: memory that is freed at once is used again at once, and
# touching fresh memory costs more than formatting.
_LONG_LINE = 4096
_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_NUMPY_LINE = _NUMPY | orjson.OPT_APPEND_NEWLINE


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

    def encode(self, block: SeriesBlock) -> EncodedChunks:
        """Return the lines of a block."""
        if not block.label_sets:
            return EncodedChunks.of_nothing()
        n_samples = block.values.shape[1]
        longest = int(LabelSets.of(block.label_sets).lengths.max())
        room = self._max_line_bytes - _BYTES_AROUND - longest
        most = max(1, min(MAX_SAMPLES_PER_LINE, room // _MAX_BYTES_PER_SAMPLE))
        cuts = cut_block(block, most)
        # From here on a line is a slice of all rows, one after the other.
        row_starts = n_samples * np.arange(len(block.values))[:, None]
        starts, stops = (cuts.starts + row_starts).ravel(), (cuts.stops + row_starts).ravel()
        if n_samples == 1:
            portions = _lines_of_one_sample(block, cuts.label_sets)
        elif n_samples < _SHORT_LINE * len(cuts.starts):
            ends = _ends_of_lines(block.timestamps_ms, cuts.stops)
            portions = _short_lines(block, cuts.label_sets, ends, starts, stops)
        else:
            times = self._format_times(block, cuts.starts, cuts.stops)
            portions = _long_lines(block, cuts.label_sets, times, starts, stops)
        return EncodedChunks(cuts.counts, cuts.begins, portions)

    def _format_times(self, block: SeriesBlock, starts: IntArray, stops: IntArray) -> Iterable[Any]:
        """Return what each line's times are; made once for all lines that share them."""
        last_ms, last_starts, times = self._last_times
        is_known = last_ms is block.timestamps_ms and np.array_equal(last_starts, starts)
        if not is_known or times is None:
            if len(block.values) == 1 and not is_known:  # it may not come again
                self._last_times = block.timestamps_ms, starts, None
                return _times_of_lines(block.timestamps_ms, starts, stops)
            arrays = map(block.timestamps_ms.__getitem__, _slices(starts, stops))
            times = list(map(orjson.Fragment, map(_format_array, arrays)))
            self._last_times = block.timestamps_ms, starts, times
        return times * len(block.values)


def first_line(data: bytes) -> str:
    r"""Return the first import line of a body.

    Examples
    --------
    >>> first_line(b'{"metric":{"a":"b"},"values":[1],"timestamps":[60]}\n')
    '{"metric":{"a":"b"},"values":[1],"timestamps":[60]}'
    """
    return data[: data.index(b"\n")].decode()


def _long_lines(
    block: SeriesBlock,
    label_sets: LabelSets,
    times: Iterable[Any],
    starts: IntArray,
    stops: IntArray,
) -> Iterator[Portion]:
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
        for portion in portions_of(stops):
            batch = list(islice(lines, portion.stop - portion.start))
            yield batch, lengths_of(batch)


def _times_of_lines(ms: IntArray, starts: IntArray, stops: IntArray) -> Iterator[Any]:
    """Yield the times of each line, or their text if a line before has the same times."""
    seen: dict[tuple[int, int, int], tuple[IntArray, Any]] = {}
    keys = zip((stops - starts).tolist(), ms[starts].tolist(), ms[stops - 1].tolist(), strict=True)
    for key, one in zip(keys, _slices(starts, stops), strict=True):
        times = ms[one]
        if key[0] >= _WORTH_COMPARING:
            before, text = seen.get(key, (None, None))
            if before is None or not np.array_equal(before, times):
                seen[key] = times, None
            else:
                text = text or orjson.Fragment(_format_array(times))
                seen[key] = before, text
                yield text
                continue
        yield times


def _ends_of_lines(ms: IntArray, stops: IntArray) -> list[bytes]:
    """Return what follows the values of each line that one row of a block is cut into."""
    texts = _cut(_format_array(ms)[1:-1], stops, before=b'],"timestamps":[')
    return [text + b"]}\n" for text in texts]


def _lines_of_one_sample(block: SeriesBlock, label_sets: LabelSets) -> Iterator[Portion]:
    """Make the text of many numbers to a form, which label sets then fill."""
    begin = b'{"metric":%b,"values":['
    end = b'],"timestamps":%b}\n' % _format_array(block.timestamps_ms)
    around = len(begin) - len("%b") + len(end)
    for portion in portions_of(np.arange(1, len(block.values) + 1)):
        text = _format_values(block, portion)
        form = begin + text.replace(b",", end + begin) + end
        ends = _ends_of_numbers(text)
        sizes = np.diff(ends, prepend=-1) - 1 + around + label_sets.lengths[portion]
        yield form % tuple(label_sets.json[portion]), sizes


def _short_lines(
    block: SeriesBlock, label_sets: LabelSets, ends: list[bytes], starts: IntArray, stops: IntArray
) -> Iterator[Portion]:
    """Make the lines in four pieces each, the numbers of many with one call of orjson."""
    key, n_rows = b'{"metric":', len(block.values)
    end_bytes, ends = np.tile(lengths_of(ends), n_rows), ends * n_rows
    for portion in portions_of(stops):
        first, n_lines = starts[portion.start], portion.stop - portion.start
        text = _format_values(block, slice(first, stops[portion.stop - 1]))
        numbers = _cut(text, stops[portion] - first, before=b',"values":[')
        pieces = [key] * (4 * n_lines)
        pieces[1::4], pieces[2::4], pieces[3::4] = label_sets.json[portion], numbers, ends[portion]
        around = len(key) + label_sets.lengths[portion] + end_bytes[portion]
        yield b"".join(pieces), around + lengths_of(numbers)


def _format_values(block: SeriesBlock, samples: slice) -> bytes:
    """Return some values of a block, one row after the other, with commas between them."""
    values = block.values.reshape(-1)[samples]
    return (_with_infinities(values) if block.has_infinities else _format_array(values))[1:-1]


def _slices(starts: IntArray, stops: IntArray) -> Iterator[slice]:
    return map(slice, starts.tolist(), stops.tolist())


def _format_array(array: FloatArray | IntArray) -> bytes:
    return orjson.dumps(array, option=_NUMPY)


def _with_infinities(array: FloatArray) -> bytes:
    """Write infinities as 1e999, the only form that every server stores; orjson writes null."""
    first, *rest = _format_array(array).split(b"null")
    signs = np.where(array[np.isinf(array)] > 0, b"1e999", b"-1e999").tolist()
    return first + b"".join(map(bytes.__add__, signs, rest))


def _cut(text: bytes, stops: IntArray, *, before: bytes) -> list[bytes]:
    """Cut numbers with commas between them into slices that follow each other."""
    if len(stops) == int(stops[-1]):
        return (before + text.replace(b",", b"\n" + before)).split(b"\n")
    ends = _ends_of_numbers(text)[stops - 1]
    begins = np.append(0, ends[:-1] + 1)
    return [before + text[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]


def _ends_of_numbers(text: bytes) -> IntArray:
    commas = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(","))
    return np.append(commas, len(text))
