"""IntactSeries: the series of a block of which the server stores what was sent, and no more. Pure.

It says of nothing that it is wrong: what is not found intact is for the export to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import orjson

from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock
from vm_df_writer.verification.sent_samples import allowed_loss, is_near
from vm_df_writer.wire.native_export.answer import NativeBlock, name_key, name_of_labels
from vm_df_writer.wire.native_export.numbers import StoredNumbers, floats_of, read_integers

__all__ = ["IntactSeries"]

_MAX_PENDING = 2**16  # samples that are compared at once
_KEPT_PLACES = 64

# Stored samples for each that was sent: blocks reach beyond the times that are asked for, and where
# most of them are others, an export costs less.
_MOST_STORED = 2
_MOST_OTHERS = 2**16


class _Place(NamedTuple):
    """Which samples of a stored block are in our time range, and which of a series these are."""

    rows: slice
    samples: slice | IntArray


_NOTHING = _Place(slice(0, 0), slice(0, 0))


class _Uncompared(NamedTuple):
    """A stored block whose times are ours, and whose values are still to be compared."""

    s: int
    rows: slice
    sent: FloatArray
    stored: NativeBlock


class IntactSeries:
    """Some series of a block, and what the server was found to store of them.

    A series is intact if all samples that are stored from its first to its last time are those
    that were sent, each of them once.

    Parameters
    ----------
    block : SeriesBlock
        What was sent.
    series : sequence of int
        The positions of the series that are read back.
    as_stored : callable
        Gives the label set that the server stores for one that was sent.
    """

    def __init__(
        self,
        block: SeriesBlock,
        series: Sequence[int],
        *,
        as_stored: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._block = block
        self._series = {
            name_key(name_of_labels(orjson.loads(as_stored(block.label_sets[s])))): s
            for s in series
        }
        self._bounds: list[int] = block.offsets.tolist()
        self._n_groups = len(self._bounds) - 1
        self._alike = _alike_groups(block.timestamps_ms, self._bounds)
        self._seen = np.zeros(block.values.shape, np.bool_)
        self._differing: set[int] = set()
        self._places: dict[tuple[int, StoredNumbers], _Place | None] = {}
        self._pending: list[_Uncompared] = []
        self._n_pending = 0
        self._n_left = _MOST_OTHERS + _MOST_STORED * block.n_samples

    def add(self, stored: NativeBlock) -> None:
        """Take in what the server stores of a series, be it one of ours or not.

        Raises
        ------
        ValueError
            If it cannot be decoded, or is more than it is worth to look at.
        """
        self._n_left -= stored.times.n
        if self._n_left < 0:
            raise ValueError("most of what is stored are other samples than those that were sent")
        s = self._series.get(name_key(stored.name))
        if s is None or s in self._differing:
            return
        place = self._place(self._alike[s % self._n_groups], stored.times)
        if place is _NOTHING:
            return
        where = self._row_and_columns(s)
        seen = self._seen[where]
        if place is None or np.count_nonzero(seen[place.samples]):
            self._differing.add(s)
            return
        seen[place.samples] = True
        sent = self._block.values[where][place.samples]
        self._pending.append(_Uncompared(s, place.rows, sent, stored))
        self._n_pending += stored.mantissas.n
        if self._n_pending >= _MAX_PENDING:
            self._compare_pending()

    def others(self) -> list[int]:
        """Return the series that were not found intact, by position in the block.

        Raises
        ------
        ValueError
            If what came last cannot be decoded.
        """
        self._compare_pending()
        return [
            s
            for s in self._series.values()
            if s in self._differing or not self._seen[self._row_and_columns(s)].all()
        ]

    def _row_and_columns(self, s: int) -> tuple[int, slice]:
        row, group = divmod(s, self._n_groups)
        return row, slice(*self._bounds[group : group + 2])

    def _place(self, group: int, times: StoredNumbers) -> _Place | None:
        """Return which of the stored samples are of a series; None if others are among them."""
        key = (group, times)
        if key not in self._places:
            if len(self._places) >= _KEPT_PLACES:
                self._places.clear()
            self._places[key] = self._find_place(group, read_integers([times]))
        return self._places[key]

    def _find_place(self, group: int, times: IntArray) -> _Place | None:
        if (times[1:] < times[:-1]).any():
            raise ValueError("expected timestamps in order")
        sent = self._block.timestamps_ms[slice(*self._bounds[group : group + 2])]
        first, last = times.searchsorted(sent[0]), times.searchsorted(sent[-1], "right")
        rows = slice(int(first), int(last))
        times = times[rows]
        if not times.size:
            return _NOTHING
        at = int(sent.searchsorted(times[0]))
        if np.array_equal(sent[at : at + len(times)], times):
            return _Place(rows, slice(at, at + len(times)))
        # What was sent in one request may be stored in several blocks, each with some of it.
        samples = sent.searchsorted(times)
        if (times[1:] == times[:-1]).any() or (sent[samples] != times).any():
            return None
        return _Place(rows, samples)

    def _compare_pending(self) -> None:
        pending, self._pending, self._n_pending = self._pending, [], 0
        if not pending:
            return
        all_mantissas = read_integers([each.stored.mantissas for each in pending])
        stops = np.cumsum([each.stored.mantissas.n for each in pending]).tolist()
        sizes = [len(each.sent) for each in pending]
        mantissas = np.concatenate(
            [
                all_mantissas[stop - each.stored.mantissas.n : stop][each.rows]
                for each, stop in zip(pending, stops, strict=True)
            ]
        )
        got = floats_of(mantissas, sizes, [each.stored.exponent for each in pending])
        sent = np.concatenate([each.sent for each in pending])
        starts = np.cumsum(sizes, dtype=np.int64) - sizes
        agree = np.logical_and.reduceat(_is_near(sent, got), starts)
        for i in np.flatnonzero(~agree).tolist():
            s, samples = pending[i].s, slice(starts[i], starts[i] + sizes[i])
            whole = np.abs(self._block.values[self._row_and_columns(s)])
            largest = float(whole.max(where=np.isfinite(whole), initial=0.0))
            magnitudes = np.abs(sent[samples])
            magnitudes[magnitudes == np.inf] = 0.0
            allowed = allowed_loss(magnitudes, largest)
            if not is_near(sent[samples], got[samples], allowed).all():
                self._differing.add(s)


def _alike_groups(timestamps_ms: IntArray, bounds: Sequence[int]) -> list[int]:
    """Return for each group of a block the first one of those before it that have its times.

    Examples
    --------
    >>> _alike_groups(np.array([1, 2, 1, 2, 2, 3]), [0, 2, 4, 6])
    [0, 0, 2]
    """
    alike = [0]
    for group in range(1, len(bounds) - 1):
        before, start, stop = bounds[group - 1 : group + 2]
        same = np.array_equal(timestamps_ms[before:start], timestamps_ms[start:stop])
        alike.append(alike[-1] if same else group)
    return alike


def _is_near(sent: FloatArray, got: FloatArray) -> BoolArray:
    """Return which values are near whatever else their series holds; False of infinities."""
    allowed = allowed_loss(np.abs(sent), 0.0)
    if allowed.max() == np.inf:
        allowed[allowed == np.inf] = 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        difference = sent - got
    near: BoolArray = np.abs(difference, out=difference) <= allowed
    return near
