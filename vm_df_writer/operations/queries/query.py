"""Queries: what a server computes of its samples, as a frame."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import FrameError
from vm_df_writer.operations.queries.read import lay_out
from vm_df_writer.reading.frame_shape import FrameShape
from vm_df_writer.reading.time_points import epoch_ms_of
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.wire.query_results import read_query_result

__all__ = ["QueryStep", "query_frame", "query_range_frame", "range_series"]

QueryStep = str | int | float | timedelta


def query_frame(backend: Backend, expr: str, time: object, shape: FrameShape) -> Any:
    """Return the result of an expression at one time; as `VmWriter.query`."""
    form = [] if time is None else [("time", _moment("time", time))]
    return lay_out(backend, _ask(backend, "/api/v1/query", expr, form), shape)


def query_range_frame(
    backend: Backend, expr: str, start: object, end: object, step: QueryStep, shape: FrameShape
) -> Any:
    """Return the results of an expression at each step; as `VmWriter.query_range`."""
    return lay_out(backend, range_series(backend, expr, start, end, step), shape)


def range_series(
    backend: Backend,
    expr: str,
    start: object,
    end: object,
    step: QueryStep,
    naive_tz: str = "UTC",
) -> list[SeriesSamples]:
    """Return the results of an expression at each step, as series."""
    form = [("start", _moment("start", start, naive_tz)), ("end", _moment("end", end, naive_tz))]
    form.append(("step", _step_text(step)))
    return _ask(backend, "/api/v1/query_range", expr, form)


def _ask(
    backend: Backend, path: str, expr: str, form: list[tuple[str, str]]
) -> list[SeriesSamples]:
    if not isinstance(expr, str) or not expr.strip():
        raise FrameError(f"expr: expected an expression, got {expr!r}", keyword="expr")
    backend.client.flush()
    # What the server computed before may lack what was just written.
    form = [("query", expr), *form, ("nocache", "1")]
    lines = backend.client.stream_lines(backend.endpoint.read_url(path), form)
    return [
        SeriesSamples(labels, times_ms[there], values[there])
        for labels, times_ms, values in read_query_result(b"\n".join(lines))
        if (there := ~np.isnan(values)).any()
    ]


def _moment(keyword: str, point: object, naive_tz: str = "UTC") -> str:
    """Return a time as servers read it to the millisecond; of seconds they may cut one off."""
    epoch_ms = epoch_ms_of(keyword, point, naive_tz)
    return pd.Timestamp(epoch_ms, unit="ms").isoformat(timespec="milliseconds") + "Z"


def _step_text(step: QueryStep) -> str:
    """Return a step as servers read it.

    Examples
    --------
    >>> _step_text("1m"), _step_text(15), _step_text(timedelta(seconds=0.5))
    ('1m', '15', '0.500')
    """
    if isinstance(step, timedelta | np.timedelta64):
        step = pd.Timedelta(step).total_seconds()
        return f"{step:.3f}"
    if isinstance(step, bool) or not isinstance(step, str | int | float):
        raise FrameError(
            f"step: expected a duration such as '1m', or seconds, got {step!r}", keyword="step"
        )
    return str(step)
