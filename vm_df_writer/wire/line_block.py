"""Import lines and export lines, which have one form, as a block. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock
from vm_df_writer.wire.export_lines import load_timestamps, load_values, split_line

__all__ = ["block_of_lines", "block_of_pieces", "read_line"]


def read_line(line: bytes) -> tuple[bytes, IntArray, FloatArray]:
    """Return label set, timestamps and values of a line; a null is NaN.

    Raises
    ------
    ServerRejected, ValueError
        If it is no line of samples.

    Examples
    --------
    >>> label_set, times, values = read_line(
    ...     b'{"metric":{"__name__":"y"},"values":[1,1e999],"timestamps":[60,70]}'
    ... )
    >>> label_set, times.tolist(), values.tolist()
    (b'{"__name__":"y"}', [60, 70], [1.0, inf])
    """
    label_set, values_text, times_text = split_line(line)
    # orjson refuses what stands for infinity in our own lines.
    if b"1e999" in values_text:
        return label_set, load_timestamps(times_text), np.array(json.loads(values_text), float)
    return label_set, load_timestamps(times_text), load_values(values_text)


def block_of_lines(lines: Iterable[bytes]) -> SeriesBlock:
    """Return the samples of lines as a block of one row, in which each series stands once.

    Samples of equal times keep their order.

    Examples
    --------
    >>> line = b'{"metric":{"__name__":"y"},"values":[%d],"timestamps":[%d]}'
    >>> block = block_of_lines([line % (2, 70), line % (1, 60)])
    >>> block.timestamps_ms.tolist(), block.values.tolist()
    ([60, 70], [[1.0, 2.0]])
    """
    pieces: dict[bytes, list[tuple[IntArray, FloatArray]]] = {}
    for line in lines:
        label_set, times, values = read_line(line)
        pieces.setdefault(label_set, []).append((times, values))
    return block_of_pieces(pieces)


def block_of_pieces(pieces: dict[bytes, list[tuple[IntArray, FloatArray]]]) -> SeriesBlock:
    """Return the pieces of series as a block of one row."""
    if not pieces:
        return SeriesBlock.of_nothing({})
    all_times, all_values = [], []
    for each in pieces.values():
        times = np.concatenate([times for times, _ in each])
        order = np.argsort(times, kind="stable")
        all_times.append(times[order])
        all_values.append(np.concatenate([values for _, values in each])[order])
    values = np.concatenate(all_values)
    return SeriesBlock(
        label_sets=list(pieces),
        offsets=np.append(0, np.cumsum([len(times) for times in all_times])),
        timestamps_ms=np.concatenate(all_times),
        values=values[None, :],
        has_infinities=bool(np.isinf(values).any()),
    )
