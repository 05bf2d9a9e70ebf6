from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import minutes, read, stored, stored_of
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.parse import parse_frame

LONG = pd.DataFrame(
    {
        "ds": minutes(0, 0, 1, 1, 2, 2, 3, 3),
        "index": range(8),
        "host": ["a", "b"] * 4,
        "y": range(8),
        "yhat": 0.5,
    }
)
RACKS = LONG.drop(columns="host").assign(rack=[1, 2] * 4)
WIDE = pd.DataFrame({"y": [1.0, 2.0], "n": [1, 2]}, index=minutes(0, 1))
LEVELS = pd.MultiIndex.from_tuples([("y", "a"), ("y", "b")], names=["var", "host"])


@pytest.mark.parametrize(
    ("frame", "reading", "line"),
    [
        (
            LONG,
            {},
            "time=ds (UTC), values=[y, yhat], labels=[host], left out=[index]",
        ),
        (
            RACKS,
            {},
            "time=ds (UTC), values=[y, yhat], labels=[rack], left out=[index]",
        ),
        (
            LONG.set_index(["ds", "host"]),
            {"value_columns": ["y"]},
            "time=ds (UTC), values=[y], labels=[host], left out=[index, yhat]",
        ),
        (WIDE, {}, "time=index (UTC), values=[y, n]"),
        (
            WIDE.tz_localize(None),
            {"naive_tz": "Asia/Tokyo"},
            "time=index (Asia/Tokyo), values=[y, n]",
        ),
        (WIDE, {"provide_series": ["n"]}, "time=index (UTC), values=[n]"),
        (
            WIDE,
            {"var": "score", "column_label": "host"},
            "time=index (UTC), values=[y, n], labels=[host]",
        ),
        (
            WIDE.set_axis(LEVELS, axis=1),
            {},
            "time=index (UTC), values=[(y, a), (y, b)], labels=[host]",
        ),
        (
            LONG[["ds", "host", "y"]].melt(["ds", "host"]),
            {},
            "time=ds (UTC), variables=variable, values=[value], labels=[host]",
        ),
        (
            LONG.assign(query_key="q", ds=[1767225600 + i // 2 for i in range(8)])[
                ["ds", "query_key", "host", "y"]
            ],
            {"time_unit": "s"},
            "time=ds (s, UTC), values=[y], labels=[host], query_key=query_key",
        ),
    ],
)
def test_a_reading_tells_what_each_column_is(
    frame: pd.DataFrame, reading: dict[str, Any], line: str
) -> None:
    assert str(read(frame, **reading).reading) == line


@pytest.mark.parametrize(
    "frame",
    [
        LONG,
        RACKS,
        LONG.set_index(["ds", "host"]),
        LONG.set_index("ds"),
        WIDE,
        WIDE.rename_axis("time").assign(index=[0, 1]),
        WIDE.set_axis(LEVELS, axis=1),
        LONG[["ds", "host", "y", "yhat"]].melt(["ds", "host"]),
        LONG.rename(columns={"host": " host "}),
    ],
)
def test_options_that_name_a_reading_read_the_same(frame: pd.DataFrame) -> None:
    found = read(frame)
    assert found.options.layout == found.layout
    again = parse_frame(frame, metric_format={"__name__": "$VAR"}, reading=found.options)
    assert stored_of(again) == stored(frame)
    assert again.options == found.options
    assert str(again.reading) == str(found.reading)


def test_options_that_name_a_reading_hold_for_a_part_that_would_be_read_otherwise() -> None:
    part = RACKS.iloc[::2]  # no rows share a time, and nothing needs the rack
    options = read(RACKS).options
    assert (options.label_columns, options.value_columns) == (("rack",), ("y", "yhat"))
    read_alike = parse_frame(part, metric_format={"__name__": "$VAR"}, reading=options)
    assert set(stored_of(read_alike)) == {"y{rack=1}", "yhat{rack=1}"}


def test_an_empty_frame_has_no_roles() -> None:
    found = read(WIDE[:0])
    assert str(found.reading) == "time=index, values=[]"
    assert found.options == ReadOptions()
