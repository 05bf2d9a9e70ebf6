"""Receipts compared with what the server has: each window of each series, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from vm_df_writer.model.receipt import Receipt, SeriesReceipt
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray
from vm_df_writer.model.verification import Verification
from vm_df_writer.model.window_digest import sum_windows, tolerances
from vm_df_writer.verification.export.series_reader import SeriesReader

__all__ = ["SeriesCheck", "check_receipt"]

_MOST_SERIES = 200
_MOST_SAMPLES = 500_000


class SeriesCheck(NamedTuple):
    """A series whose samples are not those of its receipt.

    Attributes
    ----------
    label_set : bytes
        Its labels.
    verification : Verification
        What was found of it.
    first_ms, last_ms : int
        Epoch milliseconds between which the windows lie that differ.
    """

    label_set: bytes
    verification: Verification
    first_ms: int
    last_ms: int


def check_receipt(
    receipt: Receipt, reader: SeriesReader
) -> Iterator[tuple[Verification, SeriesCheck | None]]:
    """Yield what was found of each series, or of a part of it, and how it differs.

    Where a window has fewer samples than were written, those that are left count as found. Where it
    has as many or more, and they are not the same, all of it counts as mismatched. A sample that
    is there twice with the same value is a copy.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    for some in _at_a_time(receipt.series.values()):
        wanted = SampleCounts(
            [each.label_set for each in some],
            *np.array([(each.samples, each.first_ms, each.last_ms) for each in some]).T,
        )
        found = reader.given(wanted, int(wanted.first_ms.min()), int(wanted.last_ms.max()))
        for each, (_, times, values) in zip(some, found, strict=True):
            yield _compare(each, times, values)


def _at_a_time(all_series: Iterable[SeriesReceipt]) -> Iterator[list[SeriesReceipt]]:
    """Yield some series at a time, or a part of a long one, which bounds what is in memory."""
    some: list[SeriesReceipt] = []
    n_samples = 0
    for each in all_series:
        n = each.samples
        if n > _MOST_SAMPLES:
            yield from ([part] for part in _cut(each))
            continue
        if some and (len(some) >= _MOST_SERIES or n_samples + n > _MOST_SAMPLES):
            yield some
            some, n_samples = [], 0
        some.append(each)
        n_samples += n
    if some:
        yield some


def _cut(series: SeriesReceipt) -> Iterator[SeriesReceipt]:
    """Yield parts of a series of so many samples that can be read at a time; no window is cut."""
    n = len(series.ids)
    if series.samples <= _MOST_SAMPLES or n < 2:
        yield series
        return
    edge_ms = int(series.ids[n // 2]) << series.shift
    yield from _cut(series.take(slice(0, n // 2), series.first_ms, edge_ms - 1))
    yield from _cut(series.take(slice(n // 2, n), edge_ms, series.last_ms))


def _compare(
    series: SeriesReceipt, times: IntArray, values: FloatArray
) -> tuple[Verification, SeriesCheck | None]:
    order = np.lexsort((values, times))
    times, values = times[order], values[order]
    inside = (times >= series.first_ms) & (times <= series.last_ms)
    times, values = times[inside], values[inside]
    is_copy = np.zeros(len(times), np.bool_)
    if len(times):
        is_copy[1:] = (times[1:] == times[:-1]) & _agree(values[1:], values[:-1])
    times, values = times[~is_copy], values[~is_copy]
    ids = times >> series.shift
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])) if len(ids) else ids
    counts = np.zeros(len(series.ids), np.int64)
    same = np.zeros(len(series.ids), np.bool_)
    n_foreign = 0
    if len(starts):
        places = np.minimum(np.searchsorted(series.ids, ids[starts]), len(series.ids) - 1)
        known = series.ids[places] == ids[starts]
        lengths = np.diff(np.append(starts, len(ids)))
        scales = np.repeat(series.scales[places], lengths)
        got = sum_windows(times, values[None, :], starts, ids[starts], scales)
        n_foreign = int(got.counts[~known].sum())
        at = places[known]
        counts[at] = got.counts[known]
        largest = max(series.largest, float(np.abs(values).max()))
        for_sums, for_logs = tolerances(times, values, starts, scales, largest)
        with np.errstate(invalid="ignore"):
            same[at] = (
                (got.counts[known] == series.counts[at])
                & (got.times[known] == series.times[at])
                & (np.abs(got.sums[0, known] - series.sums[at]) <= for_sums[known])
                & ~(np.abs(got.logs[0, known] - series.logs[at]) > for_logs[known])
            )
    expected = series.samples
    lacking = np.where(same, 0, np.maximum(series.counts - counts, 0))
    missing = int(lacking.sum())
    mismatched = int(series.counts[~same & (lacking == 0)].sum())
    found = Verification(
        expected=expected,
        found=expected - missing - mismatched,
        missing=missing,
        mismatched=mismatched,
        copies=int(is_copy.sum()),
        foreign=n_foreign,
    )
    if same.all():
        return found, None
    wrong = series.ids[~same]
    first_ms = max(series.first_ms, int(wrong[0]) << series.shift)
    last_ms = min(series.last_ms, ((int(wrong[-1]) + 1) << series.shift) - 1)
    return found, SeriesCheck(series.label_set, found, first_ms, last_ms)


def _agree(one: FloatArray, other: FloatArray) -> BoolArray:
    """Return whether two values may be the same, stored twice."""
    with np.errstate(invalid="ignore"):
        agree: BoolArray = np.abs(one - other) <= 2.1e-12 * np.abs(one)
    agree |= one == other
    return agree
