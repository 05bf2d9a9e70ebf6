"""Times in a form that the caller names."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ColumnError, TimestampError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.time_format import parse_times


def parsed(times: list[Any], time_format: str) -> pd.Series:
    frame = pd.DataFrame({"time": times, "y": 1.0})
    return parse_times(frame, ReadOptions(), FileOptions(time_format=time_format))["time"]


@pytest.mark.parametrize(
    ("times", "time_format", "expected"),
    [
        (["31/12/2026 06:00"], "%d/%m/%Y %H:%M", "2026-12-31 06:00"),
        ([" 12/31/2026 6:00:00 PM"], "%m/%d/%Y %I:%M:%S %p", "2026-12-31 18:00"),
        (["2026-12-31 06:00 +0200"], "%Y-%m-%d %H:%M %z", "2026-12-31 04:00+00:00"),
        ([2026123106], "%Y%m%d%H", "2026-12-31 06:00"),
        ([46387.25], "excel", "2026-12-31 06:00"),
        ([46387], "excel", "2026-12-31"),
    ],
)
def test_text_and_integers_are_read_by_their_form(
    times: list[Any], time_format: str, expected: str
) -> None:
    assert parsed(times, time_format).tolist() == [pd.Timestamp(expected)]


def test_a_missing_time_stays_missing() -> None:
    assert parsed(["31/12/2026", "", None], "%d/%m/%Y").isna().tolist() == [False, True, True]


def test_a_time_of_another_form_is_refused_with_its_row() -> None:
    with pytest.raises(
        TimestampError,
        match=r"^column 'time', row 1: expected a time of the form '%d/%m/%Y', got '12/31/2026'; "
        r"correct the file, or pass another time_format=$",
    ):
        parsed(["31/12/2026", "12/31/2026"], "%d/%m/%Y")


def test_times_that_are_times_already_stay_as_they_are() -> None:
    times = [pd.Timestamp("2026-12-31", tz="UTC")]
    assert parsed(times, "%d/%m/%Y").tolist() == times


def test_the_column_may_be_named_or_be_the_index_or_a_level_of_it() -> None:
    frame = pd.DataFrame({"MESS_DATUM": ["20261231"], "host": "a", "y": 1.0})
    reading = ReadOptions(time="MESS_DATUM")
    options = FileOptions(time_format="%Y%m%d")
    expected = [pd.Timestamp("2026-12-31")]
    assert parse_times(frame, reading, options)["MESS_DATUM"].tolist() == expected
    indexed = frame.set_index("MESS_DATUM")
    assert parse_times(indexed, reading, options).index.tolist() == expected
    levels = frame.set_index(["MESS_DATUM", "host"])
    assert parse_times(levels, reading, options)["MESS_DATUM"].tolist() == expected
    assert indexed.index.tolist() == ["20261231"]


def test_without_a_form_nothing_is_changed() -> None:
    frame = pd.DataFrame({"y": [1.0]})
    assert parse_times(frame, ReadOptions(), FileOptions()) is frame


def test_a_time_in_several_columns_becomes_one() -> None:
    frame = pd.DataFrame(
        {"y": 1.0, "day": ["2026-12-31", None], "hour": ["06:00", "07:00"], "host": "a"}
    )
    joined = parse_times(frame, ReadOptions(), FileOptions(time_columns=["day", "hour"]))
    assert [*joined.columns] == ["timestamp", "y", "host"]
    assert joined["timestamp"].tolist() == ["2026-12-31 06:00", None]
    numbers = pd.DataFrame({"year": [2026], "month": [12], "day": [31], "y": [1.0]})
    options = FileOptions(time_columns=["year", "month", "day"], time_format="%Y %m %d")
    assert parse_times(numbers, ReadOptions(), options)["timestamp"][0] == pd.Timestamp(
        "2026-12-31"
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["day", "hours"], r"^time_columns: 'hours' is not a column \(there are: 'day', 'hour', "),
        (["day", "hour"], r"^time_columns: there is a column 'timestamp' already, which is what"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_joined_are_refused(columns: list[str], message: str) -> None:
    frame = pd.DataFrame({"day": ["2026-12-31"], "hour": ["06:00"], "timestamp": [1.0]})
    with pytest.raises(ColumnError, match=message):
        parse_times(frame, ReadOptions(), FileOptions(time_columns=columns))
