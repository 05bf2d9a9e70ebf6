"""Times that a file has in several columns."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vm_df_writer.files.time_columns import join_times


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"date": ["2026-03-01"], "hour": [6]}, "2026-03-01 06:00"),
        ({"date": [20260301], "hour": ["24"]}, "2026-03-01 24:00"),
        ({"date": ["2026-03-01", "2026-03-01"], "time": [30, 1830]}, "2026-03-01 00:30"),
        ({"Date": ["01/03/2026"], "Time": ["18:00"]}, "01/03/2026 18:00"),
        ({"year": [2026], "month": [3], "day": [1.0]}, "2026-03-01"),
        ({"YEAR": [2026], "MO": [3], "DY": [1], "HR": [6], "MI": [5]}, "2026-03-01 06:05"),
    ],
)
def test_parts_of_a_time_become_one_in_the_form_of_iso_8601(
    columns: dict[str, list[Any]], expected: str
) -> None:
    joined = join_times(pd.DataFrame(columns | {"y": 0.5}), [*columns], as_written=False)
    assert joined["timestamp"][0] == expected
    assert joined.columns.tolist() == ["timestamp", "y"]


def test_a_form_that_is_named_finds_the_texts_as_they_are() -> None:
    frame = pd.DataFrame({"date": ["20260301"], "hour": ["6"]})
    assert join_times(frame, ["date", "hour"], as_written=True)["timestamp"][0] == "20260301 6"


def test_what_the_caller_calls_the_time_keeps_its_name() -> None:
    frame = pd.DataFrame({"Date": ["2026-03-01"], "hour": [6]})
    joined = join_times(frame, ["Date", "hour"], name="Date", as_written=False)
    assert joined.columns.tolist() == ["Date"]


def test_a_missing_part_is_a_missing_time() -> None:
    frame = pd.DataFrame({"date": ["2026-03-01", None], "hour": ["6", None]})
    assert join_times(frame, ["date", "hour"], as_written=False)["timestamp"].tolist() == [
        "2026-03-01 06:00",
        None,
    ]
