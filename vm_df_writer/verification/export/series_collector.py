"""SeriesCollector: export lines -> the samples of each series, as arrays. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import orjson

from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.wire.export_lines import (
    load_timestamps,
    load_values,
    no_export_line,
    series_key,
    split_line,
)

__all__ = ["SeriesCollector", "SeriesSamples", "TimesCache"]

_NOT_WANTED = -1
_MOST_KEPT_BYTES = 2**24


class SeriesSamples(NamedTuple):
    """The samples of one series.

    Attributes
    ----------
    labels : mapping of str to str
        Its labels, ``__name__`` among them.
    timestamps_ms : ndarray of int64, shape (n_samples,)
        Epoch milliseconds, ascending; equal where there are several samples at one time. Series
        that have the same times may share the array.
    values : ndarray of float64, shape (n_samples,)
        Their values.
    """

    labels: Mapping[str, str]
    timestamps_ms: IntArray
    values: FloatArray


class TimesCache:
    """The timestamps of the last lines: the series of a wide frame share theirs.

    Examples
    --------
    >>> cache = TimesCache()
    >>> cache.load(b"[1767225600000]") is cache.load(b"[1767225600000]")
    True
    """

    def __init__(self) -> None:
        self._known: dict[bytes, IntArray] = {}
        self._n_bytes = 0

    def load(self, text: bytes) -> IntArray:
        """Return the timestamps of a line."""
        known = self._known.get(text)
        if known is None:
            known = load_timestamps(text)
            while self._known and self._n_bytes + len(text) > _MOST_KEPT_BYTES:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._n_bytes -= len(oldest)
            self._known[text] = known
            self._n_bytes += len(text)
        return known


class SeriesCollector:
    """Takes export lines in, and keeps the samples of each series.

    Staleness markers, which are exported as ``null``, are no samples.

    Parameters
    ----------
    wanted : sequence of bytes, optional
        The label sets of the series to keep, as the server stores them; all if left out.
    times : TimesCache, optional
        The timestamps of earlier lines.

    Examples
    --------
    >>> collector = SeriesCollector([b'{"__name__":"y"}'])
    >>> collector.add(b'{"metric":{"__name__":"y"},"values":[1,2.5],"timestamps":[60,70]}')
    True
    >>> collector.add(b'{"metric":{"__name__":"z"},"values":[1],"timestamps":[60]}')
    False
    >>> [series] = collector.take()
    >>> series.labels, series.timestamps_ms.tolist(), series.values.tolist()
    ({'__name__': 'y'}, [60, 70], [1.0, 2.5])
    """

    def __init__(
        self, wanted: Sequence[bytes] | None = None, times: TimesCache | None = None
    ) -> None:
        self._takes_all = wanted is None
        self._times = times or TimesCache()
        self._keys = [series_key(label_set) for label_set in wanted or ()]
        # What is wanted twice, with its labels in two orders, is collected in its first slot.
        self._slot_of_key: dict[str, int] = {}
        for slot, key in enumerate(self._keys):
            self._slot_of_key.setdefault(key, slot)
        self._slot_of_text: dict[bytes, int] = {}
        self._lines: list[list[tuple[IntArray, FloatArray]]] = [[] for _ in self._keys]
        self._range_ms: tuple[int, int] | None = None
        self._slots: range | None = None
        self._slots_of_piece: list[int] = []

    @contextmanager
    def piece(self, first_ms: int, last_ms: int, slots: range) -> Iterator[None]:
        """Take in, while it is open, what one request reads; forget it if that fails."""
        self._range_ms, self._slots = (first_ms, last_ms), None if self._takes_all else slots
        self._slots_of_piece = []
        try:
            yield
        except BaseException:
            for slot in self._slots_of_piece:
                self._lines[slot].pop()
            raise
        finally:
            self._range_ms = self._slots = None

    def add(self, line: bytes) -> bool:
        """Take an export line in; return whether its series is wanted.

        Raises
        ------
        ServerRejected
            If it is no export line: an error that came after the status had been sent.
        """
        label_set, values_text, times_text = split_line(line)
        try:
            slot = self._slot_of_text.get(label_set)
            if slot is None:
                slot = self._slot_of_text[label_set] = self._slot(series_key(label_set))
            if slot == _NOT_WANTED:
                return False
            if self._slots is not None and slot not in self._slots:
                return True
            times, values = self._times.load(times_text), load_values(values_text)
        except ValueError:
            raise no_export_line(line) from None
        if len(times) != len(values):
            raise no_export_line(line)
        if b"null" in values_text:
            times, values = times[~np.isnan(values)], values[~np.isnan(values)]
        if self._range_ms is not None and len(times):
            first_ms, last_ms = self._range_ms
            if times[0] < first_ms or times[-1] > last_ms:
                inside = (times >= first_ms) & (times <= last_ms)
                times, values = times[inside], values[inside]
        if len(times):
            self._lines[slot].append((times, values))
            self._slots_of_piece.append(slot)
        return True

    def take(self) -> list[SeriesSamples]:
        """Return the series and forget them: all that were wanted, in the order of those."""
        lines, self._lines = self._lines, [[] for _ in self._lines]
        lines.reverse()  # so that what is joined can be freed
        taken: list[SeriesSamples] = []
        for key in self._keys:
            own, first = lines.pop(), self._slot_of_key[key]
            if first < len(taken):
                taken.append(taken[first])
            else:
                taken.append(SeriesSamples(orjson.loads(key), *_joined(own)))
        return taken

    def _slot(self, key: str) -> int:
        slot = self._slot_of_key.get(key, _NOT_WANTED)
        if slot == _NOT_WANTED and self._takes_all:
            slot = self._slot_of_key[key] = len(self._keys)
            self._keys.append(key)
            self._lines.append([])
        return slot


def _joined(lines: list[tuple[IntArray, FloatArray]]) -> tuple[IntArray, FloatArray]:
    if not lines:
        return np.empty(0, np.int64), np.empty(0)
    times, values = lines[0]
    if len(lines) > 1:
        times = np.concatenate([line[0] for line in lines])
        values = np.concatenate([line[1] for line in lines])
    if (times[1:] < times[:-1]).any():
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    return times, values
