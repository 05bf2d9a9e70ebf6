"""What of a frame is kept when its series are read back."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.reading.frame_shape import FrameShape

TIMES = pd.date_range("2026-01-01", periods=2, freq="1min", tz="Europe/Berlin")


def shape_like(frame: pd.DataFrame, layout: Any = "wide", **reading: Any) -> FrameShape:
    options = ReadOptions.of(**reading)
    parsed = parse_frame(frame, metric_format={"__name__": "$VAR"}, reading=options)
    shape = FrameShape.of(layout, "pandas", options)
    return shape.like(frame, parsed.reading, options)


def test_the_names_of_columns_are_reading_keywords() -> None:
    options = ReadOptions.of(time="ds", var_level="metric", value_column="v")
    names = FrameShape.of("melted", "pandas", options).names
    assert (names.time, names.var, names.value, names.variable) == ("ds", "metric", "v", "variable")


def test_a_wide_frame_gives_the_name_of_its_index_and_its_zone() -> None:
    shape = shape_like(pd.DataFrame({"y": [1.0, 2.0]}, index=TIMES))
    assert shape.time_name is None
    assert str(shape.zone) == "Europe/Berlin"
    assert shape.levels is None
    naive = pd.DataFrame({"y": [1.0, 2.0]}, index=TIMES.tz_localize(None).rename("ds"))
    assert shape_like(naive, naive_tz="Asia/Tokyo").zone == "Asia/Tokyo"
    assert shape_like(naive).time_name == "ds"


def test_levels_of_columns_are_kept() -> None:
    columns = pd.MultiIndex.from_tuples([("a", "y")], names=["host", "var"])
    frame = pd.DataFrame([[1.0], [2.0]], index=TIMES, columns=columns)
    assert shape_like(frame).levels == ("host", "var")
    assert shape_like(frame, "long").levels is None


def test_levels_of_the_index_are_kept() -> None:
    frame = pd.DataFrame({"ds": TIMES, "host": ["a", "b"], "y": [1.0, 2.0]})
    assert shape_like(frame, "long").index == ()
    assert shape_like(frame, "long").names.time == "ds"
    by_level = frame.set_index(["ds", "host"])
    assert shape_like(by_level, "long").index == ("ds", "host")
    assert str(shape_like(by_level, "long").zone) == "Europe/Berlin"
    assert shape_like(by_level, "melted").index == ()


def test_what_keywords_give_is_known() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=TIMES)
    shape = shape_like(frame, var="y", column_label="host", query_key="cpu", labels={"run": "1"})
    assert shape.given == {"var", "query_key", "run"}
    assert shape.column_label == "host"


def test_what_is_no_layout_is_refused() -> None:
    with pytest.raises(FrameError, match="layout: expected one of wide, long, melted, got 'tall'"):
        FrameShape(layout="tall")  # type: ignore[arg-type]
