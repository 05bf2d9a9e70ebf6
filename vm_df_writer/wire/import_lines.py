"""JSON lines of ``/api/v1/import``.

A line reads ``{"metric":{...},"values":[...],"timestamps":[...]}``. orjson formats whole arrays;
long ones get a call each, and for short ones one call formats them all and its text is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import orjson

from vm_df_writer.report import LineTable
from vm_df_writer.series import BoolArray, FloatArray, IntArray, SeriesBlock

__all__ = ["MAX_SAMPLES_PER_LINE", "PIECES_PER_LINE", "EncodedLines", "encode_lines"]

Numbers = FloatArray | IntArray
FormatSlices = Callable[[Numbers, IntArray, IntArray], list[bytes]]

# One bad element costs the server a whole line, and a line must stay far below
# -import.maxLineLen (10 MiB): vmctl cuts here too.
MAX_SAMPLES_PER_LINE = 10_000

PIECES_PER_LINE = 6
# Below this many samples a line, cutting one text is cheaper than a call of orjson for each.
_SHORT_LINE = 16


@dataclass(frozen=True, slots=True, eq=False)
class EncodedLines:
    """Import lines in pieces, so that a body is joined once.

    Attributes
    ----------
    pieces : list of bytes, length n_lines * PIECES_PER_LINE
        Joined, they are the lines.
    sizes : ndarray of int64, shape (n_lines,)
        Bytes of each line.
    begins : ndarray of bool, shape (n_lines,)
        Whether a line is the first one of its series.
    table : LineTable, n_lines rows
        What each line carries.
    """

    pieces: list[bytes]
    sizes: IntArray
    begins: BoolArray
    table: LineTable


def encode_lines(
    block: SeriesBlock, max_samples_per_line: int = MAX_SAMPLES_PER_LINE
) -> EncodedLines:
    r"""Format the import lines of a block.

    Parameters
    ----------
    block : SeriesBlock
        Any block, also an empty one.
    max_samples_per_line : int
        Longer series are cut into several lines.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     [b'{"__name__":"y"}'],
    ...     np.array([0, 2]),
    ...     np.array([1767225600000, 1767225660000]),
    ...     np.array([[1.0, 2.5]]),
    ... )
    >>> b"".join(encode_lines(block).pieces)
    b'{"metric":{"__name__":"y"},"values":[1.0,2.5],"timestamps":[1767225600000,1767225660000]}\n'
    """
    n_rows, n_groups = len(block.values), len(block.offsets) - 1
    if n_groups < 1:
        nothing = np.empty(0, np.int64)
        table = LineTable([], nothing, nothing, nothing)
        return EncodedLines([], nothing, nothing.astype(bool), table)
    starts, stops, groups = _cut_groups(block.offsets, max_samples_per_line)
    n_lines = len(starts) * n_rows
    label_sets = block.label_sets
    if len(starts) != n_groups:
        label_sets = [
            label_sets[first + group]
            for first in range(0, len(label_sets), n_groups)
            for group in groups.tolist()
        ]
    are_short = len(block.timestamps_ms) < _SHORT_LINE * len(starts)
    format_slices: FormatSlices = _cut_slices if are_short else _format_slices
    before, between, after = (
        (b',"values":[', b'],"timestamps":[', b"]}\n")
        if are_short
        else (b',"values":', b',"timestamps":', b"}\n")
    )
    times = format_slices(block.timestamps_ms, starts, stops)
    if not np.isfinite(block.values).all():
        format_slices = _with_infinities(format_slices)
    values = [text for row in block.values for text in format_slices(row, starts, stops)]
    pieces = [b""] * (n_lines * PIECES_PER_LINE)
    pieces[0::6] = repeat(b'{"metric":', n_lines)
    pieces[1::6] = label_sets
    pieces[2::6] = repeat(before, n_lines)
    pieces[3::6] = values
    pieces[4::6] = repeat(between, n_lines)
    pieces[5::6] = [text + after for text in times] * n_rows
    table = LineTable(
        label_sets,
        np.tile(stops - starts, n_rows),
        np.tile(block.timestamps_ms[starts], n_rows),
        np.tile(block.timestamps_ms[stops - 1], n_rows),
    )
    begins = np.tile(np.append(True, groups[1:] != groups[:-1]), n_rows)
    return EncodedLines(pieces, _line_sizes(pieces, n_lines), begins, table)


def _line_sizes(pieces: list[bytes], n_lines: int) -> IntArray:
    sizes = np.full(n_lines, len(pieces[0]) + len(pieces[2]) + len(pieces[4]))
    for variable in (1, 3, 5):
        sizes += np.fromiter(map(len, pieces[variable::6]), np.int64, n_lines)
    return sizes


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


def _format_slices(array: Numbers, starts: IntArray, stops: IntArray) -> list[bytes]:
    """Return the JSON array of each slice."""
    return [
        orjson.dumps(array[start:stop], option=orjson.OPT_SERIALIZE_NUMPY)
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    ]


def _cut_slices(array: Numbers, starts: IntArray, stops: IntArray) -> list[bytes]:
    """Return the numbers of each slice, comma-separated without brackets.

    The slices follow each other without gaps.
    """
    text = orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)
    if len(starts) == len(array):
        return text[1:-1].split(b",")
    commas = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(","))
    ends = np.append(commas, len(text) - 1)[stops - 1]
    begins = np.append(0, ends[:-1]) + 1
    return [text[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]


def _with_infinities(format_slices: FormatSlices) -> FormatSlices:
    """Write infinities as ±1e999, the only form that every server stores; orjson writes null."""

    def format_with_infinities(array: Numbers, starts: IntArray, stops: IntArray) -> list[bytes]:
        infinite = np.isinf(array)
        signs = iter(np.where(array[infinite] > 0, b"1e999", b"-1e999").tolist())
        texts = format_slices(array, starts, stops)
        counts = np.add.reduceat(infinite, starts, dtype=np.int64)
        for line in np.flatnonzero(counts).tolist():
            first, *rest = texts[line].split(b"null")
            texts[line] = first + b"".join(next(signs) + part for part in rest)
        return texts

    return format_with_infinities
