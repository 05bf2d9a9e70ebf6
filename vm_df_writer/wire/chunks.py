"""Chunks: the pieces that an encoder makes of a block, and that a body is joined from.

A chunk carries samples of one series, and says itself where it ends: an import line, for example.
So any chunks that follow each other make a body.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import BoolArray, IntArray, SeriesBlock

__all__ = [
    "LABEL_SAMPLES",
    "PORTION_SAMPLES",
    "BlockCuts",
    "EncodedChunks",
    "Encoder",
    "Portion",
    "cut_block",
    "lengths_of",
    "portions_of",
]

# Chunks are made in portions whose bytes (1 MiB or so) stay in the cache until they are joined.
PORTION_SAMPLES = 2**15
# The label set of a chunk takes as many bytes as so many samples.
LABEL_SAMPLES = 7

# Some chunks in pieces, equally many for each, or short ones joined; and the bytes of each chunk.
# Pieces that are joined while they are in the cache leave their memory to the next ones: fresh
# memory costs more than the copy.
Portion = tuple[list[bytes] | bytes, Sequence[int] | IntArray]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedChunks:
    """The chunks of a block, made as they are asked for.

    Attributes
    ----------
    counts : SampleCounts, n_chunks rows
        What each chunk carries.
    begins : ndarray of bool, shape (n_chunks,)
        Whether a chunk is the first one of its series.
    portions : iterator of (list of bytes or bytes, sequence of int)
        Some chunks in pieces, equally many for each, or short ones joined; and the bytes of each.
    """

    counts: SampleCounts
    begins: BoolArray
    portions: Iterator[Portion]

    @classmethod
    def of_nothing(cls) -> EncodedChunks:
        """Return what a block without series is encoded to."""
        return cls(SampleCounts.concat([]), np.empty(0, bool), iter(()))

    def chunks(self) -> Iterator[bytes]:
        """Yield the chunks: each by itself if they are long, joined if they are short."""
        for pieces, _ in self.portions:
            yield pieces if isinstance(pieces, bytes) else b"".join(pieces)


class Encoder(Protocol):
    """Formats blocks, one after the other, as the chunks of one wire."""

    def encode(self, block: SeriesBlock) -> EncodedChunks:
        """Return the chunks of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockCuts:
    """Where the series of a block are cut, so that no chunk has more samples than it may.

    Attributes
    ----------
    starts, stops : ndarray of int64, shape (n_chunks / n_rows,)
        The slices of the samples axis that each row of the block is cut into. They leave no gaps.
    label_sets : LabelSets, length n_chunks
        Those of each chunk: of the first row's, then of the second row's, and so on.
    counts : SampleCounts, n_chunks rows
        What each chunk carries.
    begins : ndarray of bool, shape (n_chunks,)
        Whether a chunk is the first one of its series.
    """

    starts: IntArray
    stops: IntArray
    label_sets: LabelSets
    counts: SampleCounts
    begins: BoolArray


def cut_block(block: SeriesBlock, max_samples: int) -> BlockCuts:
    """Cut the series of a block, which has some, into chunks of at most so many samples.

    Examples
    --------
    >>> block = SeriesBlock([b"{}"], np.array([0, 5]), np.arange(5), np.ones((1, 5)))
    >>> cuts = cut_block(block, 2)
    >>> cuts.starts.tolist(), cuts.stops.tolist(), cuts.begins.tolist()
    ([0, 2, 4], [2, 4, 5], [True, False, False])
    """
    n_rows, n_groups = len(block.values), len(block.offsets) - 1
    starts, stops, groups = _cut_groups(block.offsets, max_samples)
    label_sets = LabelSets.of(block.label_sets)
    if len(groups) != n_groups:
        of_chunk = groups + n_groups * np.arange(n_rows)[:, None]
        label_sets = label_sets.take(of_chunk.ravel().tolist())
    return BlockCuts(
        starts,
        stops,
        label_sets,
        SampleCounts(
            label_sets.json,
            _repeated(stops - starts, n_rows),
            _repeated(block.timestamps_ms[starts], n_rows),
            _repeated(block.timestamps_ms[stops - 1], n_rows),
        ),
        _repeated(np.append(True, groups[1:] != groups[:-1]), n_rows),
    )


def _repeated(array: npt.NDArray[Any], times: int) -> npt.NDArray[Any]:
    return array if times == 1 else np.tile(array, times)


def portions_of(stops: IntArray) -> Iterator[slice]:
    """Put chunks, given where each stops, into portions of the bytes of `PORTION_SAMPLES`."""
    portion = (stops - 1 + LABEL_SAMPLES * np.arange(len(stops))) // PORTION_SAMPLES
    cuts = np.flatnonzero(portion[1:] != portion[:-1]) + 1
    yield from starmap(slice, pairwise([0, *cuts.tolist(), len(stops)]))


def lengths_of(texts: Sequence[bytes]) -> IntArray:
    """Return the length of each text."""
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _cut_groups(offsets: IntArray, most: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return start, stop and group of each chunk, none longer than `most`."""
    lengths = np.diff(offsets)
    n_groups = len(lengths)
    if lengths.max() <= most:
        return offsets[:-1], offsets[1:], np.arange(n_groups)
    chunks_per_group = -(-lengths // most)
    groups = np.repeat(np.arange(n_groups), chunks_per_group)
    first_chunk = np.cumsum(chunks_per_group) - chunks_per_group
    starts = offsets[groups] + (np.arange(len(groups)) - first_chunk[groups]) * most
    return starts, np.minimum(starts + most, offsets[groups + 1]), groups
