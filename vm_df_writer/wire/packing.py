"""Chunks -> request bodies, bounded by bytes and by series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import BoolArray, IntArray, SeriesBlock
from vm_df_writer.wire.chunks import EncodedChunks
from vm_df_writer.wire.protocol import IMPORT_LINES, Wire

__all__ = ["Body", "pack_bodies"]


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """The chunks of one request.

    Attributes
    ----------
    data : bytes
        Whole chunks, uncompressed; the same bytes at every attempt.
    counts : SampleCounts
        What each chunk carries.
    """

    data: bytes
    counts: SampleCounts

    @property
    def n_samples(self) -> int:
        """Samples of all chunks."""
        return int(self.counts.samples.sum())

    @property
    def n_series(self) -> int:
        """Distinct series among the chunks."""
        return len(set(self.counts.label_sets))


def pack_bodies(
    blocks: Iterable[SeriesBlock],
    *,
    max_bytes: int,
    max_series: int,
    wire: Wire = IMPORT_LINES,
    max_chunk_bytes: int | None = None,
) -> Iterator[Body]:
    """Format blocks and pack their chunks into bodies.

    A body holds at most `max_bytes` and `max_series`, but at least one chunk; chunks are cut
    short enough that only a label set of that size could go beyond, or beyond `max_chunk_bytes`,
    which is that of the wire if it is left out.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     [b'{"__name__":"y"}', b'{"__name__":"yhat"}'],
    ...     np.array([0, 1]),
    ...     np.array([1767225600000]),
    ...     np.array([[1.0], [2.0]]),
    ... )
    >>> [body.n_series for body in pack_bodies([block], max_bytes=2**20, max_series=1)]
    [1, 1]
    """
    pending = _Pending(max_bytes, max_series)
    encoder = wire.encoder(min(max_bytes, max_chunk_bytes or wire.max_chunk_bytes))
    for block in blocks:
        yield from pending.add(encoder.encode(block))
    yield from pending.flush()


class _Pending:
    """Chunks that wait for a full body."""

    def __init__(self, max_bytes: int, max_series: int) -> None:
        self._max_bytes = max_bytes
        self._max_series = max_series
        self._last: bytes | None = None
        self._clear()

    def _clear(self) -> None:
        self._pieces: list[bytes] = []
        self._counts: list[SampleCounts] = []
        self._n_bytes = 0
        self._n_series = 0

    def add(self, encoded: EncodedChunks) -> Iterator[Body]:
        """Take the chunks of a block, and yield the bodies that they fill."""
        if not len(encoded.begins):
            return
        counts, begins, n_before = encoded.counts, encoded.begins.copy(), 0
        # The chunk before may be of the same series, if that is longer than a block.
        begins[0] = counts.label_sets[0] is not self._last
        self._last = counts.label_sets[-1]
        for pieces, sizes in encoded.portions:
            portion = slice(n_before, n_before + len(sizes))
            yield from self._add(pieces, sizes, begins[portion], counts, n_before)
            n_before = portion.stop

    def _add(
        self,
        pieces: list[bytes] | bytes,
        sizes: Sequence[int] | IntArray,
        begins: BoolArray,
        counts: SampleCounts,
        n_before: int,
    ) -> Iterator[Body]:
        ends, series = np.cumsum(sizes), np.cumsum(begins)
        first = 0
        while first < len(sizes):
            bytes_before = int(ends[first - 1]) if first else 0
            series_before = 0 if self._pieces else int(series[first]) - 1
            room_bytes = bytes_before + self._max_bytes - self._n_bytes
            room_series = series_before + self._max_series - self._n_series
            stop = min(
                int(np.searchsorted(ends, room_bytes, side="right")),
                int(np.searchsorted(series, room_series, side="right")),
            )
            if stop <= first:
                if self._pieces:
                    yield from self.flush()
                    continue
                stop = first + 1  # a chunk that is too long goes alone
            if isinstance(pieces, bytes):
                self._pieces.append(pieces[bytes_before : int(ends[stop - 1])])
            else:
                per_chunk = len(pieces) // len(sizes)
                self._pieces += pieces[first * per_chunk : stop * per_chunk]
            self._counts.append(counts.take(slice(n_before + first, n_before + stop)))
            self._n_bytes += int(ends[stop - 1]) - bytes_before
            self._n_series += int(series[stop - 1]) - series_before
            first = stop
            if first < len(sizes):
                yield from self.flush()

    def flush(self) -> Iterator[Body]:
        """Yield what is left as a body."""
        if self._pieces:
            data = b"".join(self._pieces)
            counts = self._counts
            self._clear()
            yield Body(data, counts[0] if len(counts) == 1 else SampleCounts.concat(counts))
