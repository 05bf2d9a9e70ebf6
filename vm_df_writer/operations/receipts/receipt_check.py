"""Receipts compared with what the server has: each window of each series, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import orjson

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.model.receipt import Receipt, SeriesReceipt
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.model.window_digest import sum_windows, tolerances
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.tenants import by_tenant
from vm_df_writer.wire.export_lines import (
    load_timestamps,
    load_values,
    no_export_line,
    series_key,
    split_line,
)
from vm_df_writer.wire.metricsql import exact_selector, moment_text

__all__ = ["SeriesCheck", "check_receipt"]

_MOST_SERIES = 200
_MOST_SAMPLES = 500_000
_TOO_MUCH = frozenset({400, 413, 422})  # how servers answer to what is too much at a time
_RESERVE_MS = 1  # a server cuts times to whole milliseconds


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


class _Request(NamedTuple):
    """What one request reads: the samples of some series in some of their windows."""

    series: Sequence[SeriesReceipt]
    first_ms: int
    last_ms: int

    def halves(self) -> list[_Request]:
        """Return two smaller pieces that cut no window, or nothing if there are none."""
        n = len(self.series)
        if n > 1:
            return [_request(self.series[: n // 2]), _request(self.series[n // 2 :])]
        return [_request([part]) for part in _halve(self.series[0])]


def check_receipt(
    receipt: Receipt, client: HttpClient, endpoint: Endpoint
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
    all_series = list(receipt.series.values())
    if not all_series:
        return
    labels = [each.label_set for each in all_series]
    nothing = np.zeros((len(labels), 1))
    block = SeriesBlock(labels, np.array([0, 1]), np.zeros(1, np.int64), nothing)
    for tenant in by_tenant(endpoint, block, range(len(labels))):
        url = tenant.endpoint.read_url("/api/v1/export")
        pieces = list(_requests([all_series[s] for s in tenant.series]))
        while pieces:
            piece = pieces.pop()
            try:
                samples = _read(piece, client, url, tenant.as_stored)
            except DeliveryError as error:
                smaller = piece.halves()
                is_too_much = isinstance(error, ServerRejected) and error.status in _TOO_MUCH
                if not smaller or not is_too_much:
                    raise
                pieces += smaller
                continue
            for each in piece.series:
                key = series_key(tenant.as_stored(each.label_set))
                yield _compare(each, *samples.get(key, (_NO_TIMES, _NO_VALUES)))


_NO_TIMES, _NO_VALUES = np.empty(0, np.int64), np.empty(0)


def _requests(all_series: Sequence[SeriesReceipt]) -> Iterator[_Request]:
    some: list[SeriesReceipt] = []
    n_samples = 0
    for each in all_series:
        n = each.samples
        if n > _MOST_SAMPLES:
            yield from (_request([part]) for part in _cut(each))
            continue
        if some and (len(some) >= _MOST_SERIES or n_samples + n > _MOST_SAMPLES):
            yield _request(some)
            some, n_samples = [], 0
        some.append(each)
        n_samples += n
    if some:
        yield _request(some)


def _cut(series: SeriesReceipt) -> Iterator[SeriesReceipt]:
    halves = _halve(series) if series.samples > _MOST_SAMPLES else []
    if not halves:
        yield series
    for half in halves:
        yield from _cut(half)


def _halve(series: SeriesReceipt) -> list[SeriesReceipt]:
    n = len(series.ids)
    if n < 2:
        return []
    edge_ms = int(series.ids[n // 2]) << series.shift
    return [
        series.take(slice(0, n // 2), series.first_ms, edge_ms - 1),
        series.take(slice(n // 2, n), edge_ms, series.last_ms),
    ]


def _request(series: Sequence[SeriesReceipt]) -> _Request:
    first_ms = min(each.first_ms for each in series)
    return _Request(series, first_ms, max(each.last_ms for each in series))


def _read(
    piece: _Request, client: HttpClient, url: str, as_stored: Callable[[bytes], bytes]
) -> dict[str, tuple[IntArray, FloatArray]]:
    """Return the samples of each series, in the order of their times."""
    keys = {series_key(as_stored(each.label_set)) for each in piece.series}
    form = [
        ("match[]", exact_selector(orjson.loads(as_stored(each.label_set))))
        for each in piece.series
    ]
    form.append(("start", moment_text(piece.first_ms - _RESERVE_MS)))
    form.append(("end", moment_text(piece.last_ms + _RESERVE_MS)))
    found: dict[str, list[tuple[IntArray, FloatArray]]] = {}
    for line in client.stream_lines(url, form):
        label_set, values_text, times_text = split_line(line)
        key = series_key(label_set)
        if key not in keys:
            continue
        try:
            values = load_values(values_text)
            times = load_timestamps(times_text)
        except ValueError:
            raise no_export_line(line) from None
        if len(values) != len(times):
            raise no_export_line(line)
        found.setdefault(key, []).append((times, values))
    return {key: _in_order(parts) for key, parts in found.items()}


def _in_order(parts: Sequence[tuple[IntArray, FloatArray]]) -> tuple[IntArray, FloatArray]:
    times = np.concatenate([times for times, _ in parts])
    values = np.concatenate([values for _, values in parts])
    order = np.lexsort((values, times))
    return times[order], values[order]


def _compare(
    series: SeriesReceipt, times: IntArray, values: FloatArray
) -> tuple[Verification, SeriesCheck | None]:
    inside = (times >= series.first_ms) & (times <= series.last_ms) & ~np.isnan(values)
    times, values = times[inside], values[inside]
    is_copy = np.zeros(len(times), np.bool_)
    if len(times):
        is_copy[1:] = (times[1:] == times[:-1]) & _agree(values[1:], values[:-1])
    times, values = times[~is_copy], values[~is_copy]
    ids = times >> series.shift
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])) if len(ids) else _NO_TIMES
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
