"""Reading: the exact samples of series, as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import format_utc
from vm_df_writer.display.warn import warn_caller
from vm_df_writer.errors import ConfigError, FrameError
from vm_df_writer.frames.parse import as_frame
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.operations.preflight import plan_send
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.reading.equal_times import EqualTimes
from vm_df_writer.reading.frame_of_series import frame_of_series
from vm_df_writer.reading.frame_shape import FrameShape
from vm_df_writer.reading.time_points import FIRST_MS, LAST_MS, epoch_ms_of
from vm_df_writer.server.deduplication import describe_equal_times
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.verification.export.series_reader import SeriesReader
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.warning_classes import ConflictingSamplesWarning, TenantLabelWarning
from vm_df_writer.wire.export_lines import series_key

__all__ = ["Selection", "lay_out", "matching_series", "read_frame", "reads_by_of"]

# What names the columns of the frame that is returned; all others say how `like` is read.
_NAMING = {"layout", "duplicates", "time", "naive_tz", "var_level", "query_key_level"}
_NAMING |= {"variable_column", "value_column"}

Selection = str | Sequence[str]


def read_frame(
    backend: Backend,
    match: Selection | None,
    like: object,
    options: ReadOptions,
    shape: FrameShape,
    *,
    start: object = None,
    end: object = None,
) -> Any:
    """Return samples as a frame; as `VmWriter.read`."""
    if (match is None) == (like is None):
        raise FrameError(
            "match: pass what selects series, such as '{job=\"node\"}', or like= a frame or a "
            "report, and not both",
            keyword="match",
        )
    if match is not None:
        series = matching_series(backend, match, options, start=start, end=end)
        return lay_out(backend, series, shape)
    first_ms, last_ms = _bounds(start, end, options)
    if isinstance(like, WriteReport):
        wanted, shape = _counts_of_report(like), replace(shape, is_sorted=False)
    else:
        frame = as_frame(like)
        plan = _plan_like(backend, frame, options, shape)
        wanted = SampleCounts.concat(
            [SampleCounts.of_block(block) for block in plan.blocks() if block.n_series]
        ).merged()
        shape = shape.like(frame, plan.parsed.reading, options)
    if not wanted.label_sets:
        return lay_out(backend, [], shape)
    reader = _reader(backend)
    backend.client.flush()
    series = _read_wanted(reader, wanted, first_ms, last_ms)
    n_found = sum(len(each.values) for each in series)
    is_short = first_ms is None and last_ms is None and n_found < wanted.samples.sum()
    if is_short and backend.server.info().deduplication() is None:
        # An old server shows the last of what it took a while after it has flushed it.
        backend.read_back.sleep(backend.read_back.flushed_wait_s)
        backend.client.flush()
        series = _read_wanted(reader, wanted, first_ms, last_ms)
    return lay_out(backend, series, shape)


def matching_series(
    backend: Backend,
    match: Selection,
    options: ReadOptions,
    *,
    start: object = None,
    end: object = None,
) -> list[SeriesSamples]:
    """Return the samples of the series that selectors match."""
    first_ms, last_ms = _bounds(start, end, options)
    selectors = _selectors_of(match, options)
    reader = _reader(backend)
    backend.client.flush()
    first = FIRST_MS if first_ms is None else first_ms
    if backend.endpoint.read_tenant == "multitenant":
        # Exports go by that list also where a request forbids caches (1.112, 1.145, 1.150).
        warn_caller(
            "match: a vmselect that is asked for all tenants at once leaves out those that its "
            "list of tenants lacks, which it keeps for five minutes; set tenant_id to one tenant, "
            "or pass like=, by which each tenant is read for itself",
            TenantLabelWarning,
        )
    return reader.matching(selectors, first, LAST_MS if last_ms is None else last_ms)


def _bounds(start: object, end: object, options: ReadOptions) -> tuple[int | None, int | None]:
    first_ms = None if start is None else epoch_ms_of("start", start, options.naive_tz)
    last_ms = None if end is None else epoch_ms_of("end", end, options.naive_tz)
    if first_ms is not None and last_ms is not None and first_ms > last_ms:
        raise FrameError(f"start: {start} is later than end={end}; swap them", keyword="start")
    return first_ms, last_ms


def _reader(backend: Backend) -> SeriesReader:
    strategy = ReadStrategy(reads_by=reads_by_of(backend, "read"))
    return SeriesReader(backend.client, backend.endpoint, backend.read_back, strategy)


def reads_by_of(backend: Backend, what: str) -> str:
    """Return how the server is read.

    Raises
    ------
    ConfigError
        If it is none that can be, which is in the way of `what`.
    """
    if reads_by := backend.server.info().reads_back:
        return reads_by
    raise ConfigError(
        f"{what}: samples are read from VictoriaMetrics and Prometheus, and the server does not "
        "say that it is one of them; set query_url to one"
    )


def _plan_like(
    backend: Backend, frame: pd.DataFrame, options: ReadOptions, shape: FrameShape
) -> SendPlan:
    """Read a frame of whatever layout; the one that is returned may be another one."""
    try:
        return plan_send(backend, frame, options)
    except FrameError as refusal:
        try:  # as who wrote it with layout=
            return plan_send(backend, frame, replace(options, layout=shape.layout))
        except FrameError:
            raise refusal from None


def lay_out(backend: Backend, series: list[SeriesSamples], shape: FrameShape) -> Any:
    """Return series as a frame; warn where one of several values was chosen."""
    equal_times = EqualTimes(shape.duplicates)
    series = [equal_times.resolve(each) for each in series if len(each.values)]
    if equal_times.first is not None:
        labels, epoch_ms = equal_times.first
        rule = backend.server.info().deduplication()
        warn_caller(
            f"read: at {equal_times.n_conflicting:,} times of series the server holds several "
            f"values, such as of {labels} at {format_utc(epoch_ms)}, and duplicates="
            f"{shape.duplicates!r} chose one of each; {describe_equal_times(rule)}; "
            "duplicates='keep' shows all of them",
            ConflictingSamplesWarning,
        )
    return frame_of_series(series, backend.config.metric_format, shape)


def _selectors_of(match: Selection, options: ReadOptions) -> list[str]:
    selectors = [match] if isinstance(match, str) else list(match)
    if not selectors or not all(isinstance(each, str) and each.strip() for each in selectors):
        raise FrameError(
            f"match: expected selectors, got {match!r}; write them as '{{job=\"node\"}}'",
            keyword="match",
        )
    defaults = ReadOptions()
    for name in vars(options):
        if name not in _NAMING and getattr(options, name) != getattr(defaults, name):
            raise FrameError(
                f"{name}: it says how a frame is read, and match= reads without one; leave it out, "
                "or pass like=",
                keyword=name,
            )
    return selectors


def _counts_of_report(report: WriteReport) -> SampleCounts:
    counts = SampleCounts.concat(report.acknowledged_counts).merged()
    # A sum of reports may hold a series with its labels in two orders.
    first: dict[str, bytes] = {}
    label_sets = [first.setdefault(series_key(each), each) for each in counts.label_sets]
    if len(first) < len(label_sets):
        counts = replace(counts, label_sets=label_sets).merged()
    if report.samples and not counts.label_sets:
        raise FrameError(
            "like: the report does not hold which series were written, being a summary",
            hint="pass the frame, or match=",
            keyword="like",
        )
    return counts


def _read_wanted(
    reader: SeriesReader, wanted: SampleCounts, first_ms: int | None, last_ms: int | None
) -> list[SeriesSamples]:
    """Return the series that were written, each from its first to its last sample."""
    firsts = wanted.first_ms if first_ms is None else np.full_like(wanted.first_ms, first_ms)
    lasts = wanted.last_ms if last_ms is None else np.full_like(wanted.last_ms, last_ms)
    first, last = int(firsts.min()), int(lasts.max())
    if first > last:
        return []
    series = reader.given(wanted, first, last)
    for s, (own_first, own_last) in enumerate(zip(firsts.tolist(), lasts.tolist(), strict=True)):
        if (own_first, own_last) != (first, last):
            times = series[s].timestamps_ms
            start, stop = np.searchsorted(times, [own_first, own_last + 1])
            if (start, stop) != (0, len(times)):
                labels, times, values = series[s]
                series[s] = SeriesSamples(labels, times[start:stop], values[start:stop])
    return series
