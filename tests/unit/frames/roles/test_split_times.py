from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.roles.column_ref import ColumnRef
from vm_df_writer.frames.roles.split_times import (
    find_hours,
    find_parts,
    is_period,
    parts_of_one_time,
    two_columns_of_one_time,
)

DATE = ColumnRef("column", "date")


def hours_in(hours: Any, name: str = "hour", dates: Any = None) -> str | None:
    frame = pd.DataFrame({"date": dates or ["2026-03-01"] * len(hours), name: hours})
    found = find_hours(frame, DATE, [name])
    return None if found is None else str(found.name)


@pytest.mark.parametrize(
    "hours",
    [[0, 1, 23], [1, 2, 24], ["00", "01", "23"], [" 0", "1 ", None], [0, 30, 100], [1800, 1830]],
)
def test_hours_are_found_by_name_and_values(hours: Any) -> None:
    assert hours_in(hours) == "hour"


def test_hours_are_found_beside_objects_be_they_dates_or_what_no_date_is() -> None:
    day = dt.date(2026, 3, 1)
    assert hours_in([0, 1], dates=[day, day]) == "hour"
    assert hours_in([0, 1], dates=[day, [1]]) is None
    assert hours_in([0, 1], dates=[day, Decimal("sNaN")]) is None


@pytest.mark.parametrize(
    "hours",
    [[0, 1, 75], [-1, 0], ["0", "x"], [0.5, 1.5], [None, None], [0, 2500], [0, Decimal("sNaN")]],
)
def test_what_can_be_no_hours_is_not_taken_for_them(hours: Any) -> None:
    assert hours_in(hours) is None


def test_hours_are_looked_for_where_dates_come_again_and_rows_of_one_differ() -> None:
    assert hours_in([0, 1], dates=["2026-03-01", "2026-03-02"]) is None
    assert hours_in([5, 5], dates=["2026-03-01"] * 2) is None
    assert hours_in([5, 5, 5], dates=["2026-03-01", "2026-03-01", "2026-03-02"]) is None


def test_the_first_column_that_can_be_the_hours_is_taken() -> None:
    frame = pd.DataFrame({"date": ["a"] * 2, "same": [1, 1], "time": [0, 30], "hour": [0, 1]})
    assert find_hours(frame, DATE, ["same", "time", "hour"]) == ColumnRef("column", "time")
    assert find_hours(frame, DATE, []) is None


@pytest.mark.parametrize(
    "value", [1970, "2199", "2026-12", "202603", "2026.3"[:4], "2026-Q4", "2026W07"]
)
def test_years_months_quarters_and_weeks_are_periods(value: object) -> None:
    assert is_period(value)


@pytest.mark.parametrize(
    "value", [1969, 2200, "26-03", "2026-03-01", "2026Q5", 20260301, None, 2026.0]
)
def test_other_values_are_no_periods(value: object) -> None:
    assert not is_period(value)


def frame_of(*names: str, **texts: str) -> pd.DataFrame:
    frame = pd.DataFrame(np.ones((2, len(names)), np.int64), columns=list(names))
    return frame.assign(**texts)


def test_parts_are_found_in_their_order_as_far_as_none_lacks() -> None:
    assert find_parts(frame_of("hour", "day", "month", "year", "y")) == [
        *("year", "month", "day", "hour")
    ]
    assert find_parts(frame_of("year", "month", "hour")) == ["year", "month"]
    assert find_parts(frame_of("YYYY", "MM", "DD", "HH", "MI", "SS")) == [
        *("YYYY", "MM", "DD", "HH", "MI", "SS")
    ]


@pytest.mark.parametrize("names", [["year"], ["month", "day"], ["year", "day"], ["y"]])
def test_less_than_a_year_and_a_month_is_no_time(names: list[str]) -> None:
    assert list(find_parts(frame_of(*names))) == []


def test_parts_are_whole_numbers_or_text_of_them() -> None:
    assert find_parts(frame_of("year", month="03")) == ["year", "month"]
    assert list(find_parts(frame_of("year", month="March"))) == []


def test_the_refusal_shows_code_that_joins_the_parts() -> None:
    error = parts_of_one_time(["yr", "mo"])
    assert error.message == "timestamps: columns 'yr', 'mo' hold the parts of one time"
    assert error.hint == (
        "join them into one column, such as frame = frame.assign(timestamp=pd.to_datetime("
        "pd.DataFrame({'year': frame['yr'], 'month': frame['mo'], 'day': 1}))).drop(columns="
        "['yr', 'mo'])"
    )
    assert joined(error.hint, yr=[2026], mo=[3]) == [pd.Timestamp("2026-03-01")]


def joined(hint: str | None, **columns: Any) -> list[pd.Timestamp]:
    """Return the times that the code of a hint makes; it leaves the parts out."""
    scope: dict[str, Any] = {"pd": pd, "frame": pd.DataFrame({**columns, "y": 0.5})}
    exec(str(hint).partition("such as ")[2], scope)  # noqa: S102
    frame = scope["frame"]
    assert frame.columns.tolist() == ["y", "timestamp"]
    return list(pd.to_datetime(frame["timestamp"]))


@pytest.mark.parametrize(
    ("hours", "times"),
    [
        ([0, 23, 24], ["2026-03-01 00:00", "2026-03-01 23:00", "2026-03-02 00:00"]),
        (["00", "01", "23"], ["2026-03-01 00:00", "2026-03-01 01:00", "2026-03-01 23:00"]),
        ([30, 100, 1830], ["2026-03-01 00:30", "2026-03-01 01:00", "2026-03-01 18:30"]),
        (["0030", "0100", "2400"], ["2026-03-01 00:30", "2026-03-01 01:00", "2026-03-02 00:00"]),
    ],
)
def test_the_code_for_a_date_and_hours_gives_the_times_that_are_meant(
    hours: list[Any], times: list[str]
) -> None:
    dates = ["2026-03-01"] * 3
    error = two_columns_of_one_time(DATE, ColumnRef("column", "hour"), pd.Series(hours))
    assert error.message == (
        "timestamps: column 'date' holds dates and column 'hour' numbers of hours, which together "
        "are the time"
    )
    assert joined(error.hint, date=dates, hour=hours) == list(map(pd.Timestamp, times))


def test_the_code_for_a_date_and_a_time_of_day_gives_their_time() -> None:
    error = two_columns_of_one_time(DATE, ColumnRef("column", "clock"))
    found = joined(error.hint, date=["2026-03-01"], clock=["18:30"])
    assert found == [pd.Timestamp("2026-03-01 18:30")]
