r"""Prometheus remote write 1.0: a block becomes ``TimeSeries`` messages.

A body is a ``WriteRequest``, which is any number of ``0a <length> <TimeSeries>``. A ``TimeSeries``
is its labels, which come rendered with the block, and its samples, which NumPy lays out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import IntArray, SeriesBlock
from vm_df_writer.model.varint import varint
from vm_df_writer.wire.chunks import (
    LABEL_SAMPLES,
    PORTION_SAMPLES,
    BlockCuts,
    EncodedChunks,
    Portion,
    cut_block,
    lengths_of,
    portions_of,
)
from vm_df_writer.wire.sample_layout import SampleLayout

__all__ = ["TimeSeriesEncoder"]

# Bodies are filled better by chunks that are much smaller; vmagent cuts its blocks here too.
_MAX_SAMPLES_PER_SERIES = 10_000

_TAG = b"\x0a"
_BYTES_AROUND = 6
# As many in one portion are short.
_MANY_CHUNKS = 64
# The lengths from which on a varint has one byte more.
_LONGER_VARINTS = 2 ** np.arange(7, 35, 7)


class TimeSeriesEncoder:
    r"""Formats the ``TimeSeries`` of a ``WriteRequest``, block by block.

    Times may be from 1970 on, and values may be any.

    Parameters
    ----------
    max_chunk_bytes : int
        A series that needs more is cut into several, unless it is the label set that does.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     [b'{"__name__":"y"}'],
    ...     np.array([0, 1]),
    ...     np.array([1767225600000]),
    ...     np.array([[1.0]]),
    ... )
    >>> b"".join(TimeSeriesEncoder().encode(block).chunks())
    b'\n!\n\r\n\x08__name__\x12\x01y\x12\x10\t\x00\x00\x00\x00\x00\x00\xf0?\x10\x80\xd0\xea\xb6\xb73'
    """

    def __init__(self, max_chunk_bytes: int = 2**20) -> None:
        self._max_chunk_bytes = max_chunk_bytes

    def encode(self, block: SeriesBlock) -> EncodedChunks:
        """Return the messages of a block."""
        if not block.label_sets:
            return EncodedChunks.of_nothing()
        layout = SampleLayout.of(block.timestamps_ms)
        label_bytes = lengths_of(LabelSets.of(block.label_sets).fields())
        room = self._max_chunk_bytes - _BYTES_AROUND - int(label_bytes.max())
        cuts = cut_block(block, max(1, min(_MAX_SAMPLES_PER_SERIES, room // layout.size)))
        if len(label_bytes) != len(cuts.label_sets):
            label_bytes = lengths_of(cuts.label_sets.fields())
        message_bytes = label_bytes + layout.size * cuts.counts.samples
        return EncodedChunks(
            cuts.counts, cuts.begins, _portions(block, cuts, layout, message_bytes)
        )


def _portions(
    block: SeriesBlock, cuts: BlockCuts, layout: SampleLayout, message_bytes: IntArray
) -> Iterator[Portion]:
    """Make the messages in three pieces each: length, labels, samples."""
    fields = cuts.label_sets.fields()
    chunk_bytes = message_bytes + np.searchsorted(_LONGER_VARINTS, message_bytes, "right") + 2
    for chunks, samples in _laid_out(block, cuts, layout):
        sizes = message_bytes[chunks].tolist()
        heads = {size: _TAG + varint(size) for size in set(sizes)}
        pieces = [b""] * (3 * len(sizes))
        pieces[::3] = map(heads.__getitem__, sizes)
        pieces[1::3] = fields[chunks]
        pieces[2::3] = _cut(samples, cuts.counts.samples[chunks], layout.size)
        yield b"".join(pieces) if len(sizes) >= _MANY_CHUNKS else pieces, chunk_bytes[chunks]


def _laid_out(
    block: SeriesBlock, cuts: BlockCuts, layout: SampleLayout
) -> Iterator[tuple[slice, npt.NDArray[np.void]]]:
    """Yield chunks that follow each other, and their samples, which are valid until the next.

    These are several whole rows of the block, or a part of one.
    """
    n_rows, n_samples = block.values.shape
    n_per_row = len(cuts.starts)
    rows_at_once = min(n_rows, max(1, PORTION_SAMPLES // (n_samples + n_per_row * LABEL_SAMPLES)))

    def at(start: int, stop: int) -> npt.NDArray[np.void]:
        return layout.at(block.timestamps_ms[start:stop], n_rows=rows_at_once)

    if n_rows > rows_at_once:
        at = cache(at)  # all rows have the same times
    parts = [
        (part.start, part.stop, int(cuts.starts[part.start]), int(cuts.stops[part.stop - 1]))
        for part in portions_of(cuts.stops)
    ]
    for row in range(0, n_rows, rows_at_once):
        rows = block.values[row : row + rows_at_once]
        for first, last, start, stop in parts:
            samples = at(start, stop)
            layout.put(samples, rows[:, start:stop])
            chunks = slice(row * n_per_row + first, (row + len(rows) - 1) * n_per_row + last)
            yield chunks, samples[: len(rows) * (stop - start)]


def _cut(samples: npt.NDArray[np.void], lengths: IntArray, size: int) -> list[bytes]:
    """Cut samples, each of so many bytes, into runs of the given lengths."""
    if (lengths == lengths[0]).all():
        return samples.view(f"V{size * lengths[0]}").tolist()  # type: ignore[no-any-return]
    data = samples.tobytes()
    ends = (size * np.cumsum(lengths)).tolist()
    return [data[start:end] for start, end in pairwise([0, *ends])]
