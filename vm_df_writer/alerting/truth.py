"""What truly happened: from a column of the frame, or from intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import orjson
import pandas as pd

from vm_df_writer.alerting.judgement import Intervals, runs
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.errors import ColumnError, FrameError, TimestampError
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.frames.samples.timestamps import read_timestamps
from vm_df_writer.model.series import IntArray

__all__ = ["read_truth"]


def read_truth(
    truth: str | pd.DataFrame,
    frame: pd.DataFrame | pd.Series,
    metric_format: Mapping[str, str],
    reading: ReadingKeywords,
) -> list[Intervals]:
    """Return when the series of a frame were truly anomalous.

    Raises
    ------
    FrameError
        If the variable is not there, or the intervals cannot be read.
    """
    if isinstance(truth, pd.DataFrame):
        return _of_intervals(truth)
    return _of_variable(truth, frame, metric_format, reading)


def _of_variable(
    truth: str,
    frame: pd.DataFrame | pd.Series,
    metric_format: Mapping[str, str],
    reading: ReadingKeywords,
) -> list[Intervals]:
    # The labels that alerts have, and those of the variable, which are its own, left out.
    labels = {name: text for name, text in metric_format.items() if "$VAR" not in text}
    options: ReadingKeywords = {**reading, "provide_series": [truth]}
    try:
        read = parse_frame(
            frame,
            metric_format=labels | {"__name__": "$VAR"},
            reading=ReadOptions.of(**options),
        )
    except ColumnError as error:
        raise ColumnError(str(error).replace("provide_series:", "truth:")) from None
    found: dict[bytes, list[IntArray]] = {}
    for block in read.blocks():
        for label_set, times_ms, values in block:
            found.setdefault(label_set, []).append(np.stack([times_ms, values != 0]))
    return [
        Intervals(_without_name(label_set), *runs(times_ms, active.astype(bool)))
        for label_set, pieces in found.items()
        for times_ms, active in [np.concatenate(pieces, axis=1)]
    ]


def _of_intervals(truth: pd.DataFrame) -> list[Intervals]:
    for name in ("start", "end"):
        if name not in truth.columns:
            raise ColumnError(
                f"truth: there is no column {name!r} (there are: "
                f"{', '.join(map(repr, truth.columns))}); it needs start and end, and labels "
                "where not all series are meant"
            )
    starts_ms, ends_ms = (_read_times(truth, name) for name in ("start", "end"))
    if (starts_ms > ends_ms).any():
        row = int((starts_ms > ends_ms).argmax())
        raise FrameError(f"truth: row {row} ends before it starts; exchange start and end")
    names = [name for name in truth.columns if name not in ("start", "end")]
    rows_of: dict[tuple[str, ...], list[int]] = {}
    for row, values in enumerate(zip(*(_read_labels(truth[name]) for name in names), strict=True)):
        rows_of.setdefault(values, []).append(row)
    if not names and len(truth):
        rows_of[()] = list(range(len(truth)))
    intervals = []
    for values, rows in rows_of.items():
        order = np.array(rows)[np.argsort(starts_ms[rows], kind="stable")]
        pairs = zip(map(str, names), values, strict=True)
        labels = {name: text for name, text in pairs if text}
        intervals.append(Intervals(labels, starts_ms[order], ends_ms[order]))
    return intervals


def _read_labels(column: pd.Series) -> list[str]:
    """Return labels as text: empty where one is missing, whole numbers without a fraction."""
    converted = column.convert_dtypes()
    missing = converted.isna().tolist()
    return ["" if lacks else str(each) for each, lacks in zip(converted, missing, strict=True)]


def _read_times(truth: pd.DataFrame, name: str) -> IntArray:
    times = read_timestamps(truth[name], where=f"truth, column {name!r}")
    if times.nat is not None:
        row = int(times.nat.argmax())
        raise TimestampError(f"truth, column {name!r}: row {row} has no time; drop or fill it")
    return times.ms


def _without_name(label_set: bytes) -> dict[str, str]:
    labels: dict[str, str] = orjson.loads(label_set)
    return {name: value for name, value in labels.items() if name != "__name__"}
