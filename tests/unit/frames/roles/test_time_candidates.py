from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import minutes
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ColumnError, TimestampError
from vm_df_writer.frames.roles.column_ref import ColumnRef
from vm_df_writer.frames.roles.time_candidates import find_time

TIMES = minutes(0, 1, 2)
TEXTS = ["2026-01-01 00:00:00", "2026-01-01 00:01:00", "2026-01-01 00:02:00"]


def long_frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"host": ["a", "b", "a"], "y": [1.0, 2.0, 3.0], **columns})


def found(frame: pd.DataFrame, **reading: Any) -> str:
    return str(find_time(frame, ReadOptions(**reading)))


def refusal(frame: pd.DataFrame, **reading: Any) -> str:
    with pytest.raises(TimestampError) as caught:
        find_time(frame, ReadOptions(**reading))
    return str(caught.value)


def test_the_time_is_found_by_its_dtype() -> None:
    frame = long_frame(when=TIMES)
    assert found(frame) == "column 'when'"
    assert found(frame.set_index(["host", "when"])) == "index level 'when'"
    assert find_time(pd.DataFrame({"y": [1.0]}, index=minutes(0)), ReadOptions()).name is None


@pytest.mark.parametrize("name", ["timestamp", "Time", "ts", "ds", "date", "DateTime", "_time"])
@pytest.mark.parametrize("held", [TEXTS, [1767225600] * 3, [1767225600.5] * 3, ["1 Jan 2026"] * 3])
def test_the_time_is_found_by_its_name_where_no_dtype_tells(name: str, held: Any) -> None:
    assert found(long_frame(**{name: held})) == f"column {name!r}"
    indexed = long_frame(**{name: held}).set_index(name)
    assert found(indexed) == f"index level {name!r}"


@pytest.mark.parametrize("held", [TEXTS, [dt.date(2026, 1, 1)] * 3, list(TIMES.astype(object))])
def test_text_and_objects_of_times_are_the_time_if_nothing_else_can_be(held: Any) -> None:
    assert found(long_frame(observed=pd.Series(held, dtype=object))) == "column 'observed'"
    if isinstance(held[0], str):  # pandas 2 makes datetimes of the others, with a warning
        assert found(long_frame().set_index(pd.Index(held, dtype=object))) == "index"


@pytest.mark.parametrize(
    "held",
    [[0.125, 1.5, 0.25], ["x", "y", "z"], [True, False, True], [1j, 2j, 3j]],
)
def test_what_is_called_a_time_and_is_none_does_not_count(held: Any) -> None:
    assert found(long_frame(timestamp=TEXTS, time=held)) == "column 'timestamp'"


def test_what_a_keyword_makes_a_value_or_a_label_does_not_count() -> None:
    frame = long_frame(ts=TIMES, date=TEXTS)
    assert found(frame, label_columns=["date"]) == "column 'ts'"
    assert found(long_frame(ts=TIMES, time=[1767225600] * 3), value_columns=["time"]) == (
        "column 'ts'"
    )


def test_a_named_time_that_holds_nothing_does_not_give_way_to_a_label_of_dates() -> None:
    frame = long_frame(timestamp=[None] * 3, y=TEXTS)
    assert found(frame, label_columns=["y"]) == "column 'timestamp'"


@pytest.mark.parametrize(
    ("columns", "proposed"),
    [
        ({"time": TIMES, "created": TIMES}, "time"),
        ({"installed": TIMES, "time": TEXTS}, "time"),
        ({"ds": TEXTS, "cutoff": TIMES}, "ds"),
        ({"started": TEXTS, "ended": TEXTS}, "started"),
        ({"date": ["1 Jan 2026"] * 3, "sent": TIMES}, "date"),
        ({"ts": [1767225600] * 3, "when": TIMES}, "ts"),
    ],
)
def test_two_times_are_a_question_and_not_a_choice(columns: Any, proposed: str) -> None:
    both = " and ".join(f"column {name!r}" for name in columns)
    assert refusal(long_frame(**columns)) == (
        f"timestamps: {both} may each be the time; name it with time=, such as time={proposed!r}"
    )
    assert found(long_frame(**columns), time=proposed) == f"column {proposed!r}"


@pytest.mark.parametrize("index", [TIMES, pd.Index(TEXTS, name="when")])
def test_an_index_of_times_beside_a_column_of_times_is_a_question(index: pd.Index) -> None:
    text = refusal(long_frame(installed=TIMES).set_index(index))
    assert text.startswith("timestamps: index")
    assert " and column 'installed' may each be the time; name it with time=" in text


@pytest.mark.parametrize("name", ["Time", "time", "TIME"])
@pytest.mark.parametrize("clock", [["23:58", "23:59", "00:00"], [dt.time(23, 58)] * 3])
@pytest.mark.parametrize(
    "date", [["2026-03-01"] * 3, [dt.date(2026, 3, 1)] * 3, pd.to_datetime(["2026-03-01"] * 3)]
)
def test_a_date_and_a_time_of_day_are_one_time_in_two_columns(
    name: str, clock: Any, date: Any
) -> None:
    frame = long_frame(Day=date, **{name: clock}).rename(columns={"Day": "Date"})
    assert refusal(frame) == (
        f"timestamps: column 'Date' holds dates and column {name!r} times of day, which together "
        "are the time; join them into one column, such as frame = frame.assign(timestamp="
        f"frame['Date'].astype(str) + ' ' + frame[{name!r}].astype(str)).drop("
        f"columns=['Date', {name!r}])"
    )


def test_a_numbering_of_rows_is_no_time() -> None:
    message = (
        "timestamps: the frame has no time: its index numbers the rows, and no column holds times "
        "(there are: 'host', 'y'); name the column of the time with time="
    )
    for rows in ([0, 1, 2], [1, 2], [2, 0]):
        for reading in ({}, {"time_unit": "s"}, {"time_unit": "ms"}):
            assert refusal(long_frame().iloc[rows], **reading) == message


def test_an_index_of_epochs_is_the_time() -> None:
    frame = long_frame().set_index(pd.Index([1767225600, 1767225660, 1767225720]))
    assert found(frame) == "index"
    assert found(frame, time_unit="s") == "index"


@pytest.mark.parametrize("order", [[2, 0], [1], [0, 2]])
def test_a_filtered_frame_of_epochs_has_its_time_in_its_column(order: list[int]) -> None:
    frame = pd.DataFrame({"ts": [1767225600, 1767225660, 1767225720], "y": [1.0, 2.0, 3.0]})
    assert found(frame.iloc[order], time_unit="s") == "column 'ts'"


def test_a_frame_without_a_time_is_refused() -> None:
    levels = pd.MultiIndex.from_arrays([["a"], ["b"]], names=["host", "dc"])
    assert refusal(pd.DataFrame({"y": [1.0]}, index=levels)) == (
        "timestamps: no index level and no column holds times (there are: 'y', 'host', 'dc'); name "
        "the column of the time with time="
    )
    columns = pd.MultiIndex.from_tuples([("y", "a")], names=["var", "host"])
    assert refusal(pd.DataFrame([[1.0]], columns=columns)).endswith(
        "a frame with MultiIndex columns has it in the index: use frame.set_index(...)"
    )


def test_two_columns_of_one_name_are_refused_if_one_is_the_time() -> None:
    numbers, times = pd.Series([0.0, 1.0], name="y"), pd.Series(TIMES[:2], name="y")
    source = find_time(pd.concat([numbers, times], axis=1), ReadOptions())
    assert source == ColumnRef("column", "y")
    with pytest.raises(ColumnError, match=r"^column 'y': occurs more than once; rename one"):
        source.read(pd.concat([numbers, times], axis=1))


def test_times_that_are_missing_at_first_are_found() -> None:
    late = pd.Series([None] * 1500 + ["2026-01-01"], dtype=object)
    assert found(pd.DataFrame({"when": late, "y": 0.5})) == "column 'when'"


@pytest.mark.parametrize("held", [[1767225600000] * 3, [20260101] * 3, [46082.25] * 3])
def test_numbers_that_can_be_times_are_proposed_where_nothing_else_is(held: Any) -> None:
    text = refusal(long_frame(n=[1, 2, 3], at=held))
    assert text.endswith("name the column of the time with time=, such as time='at'")


@pytest.mark.parametrize("dates", [["2026-03-01"] * 3, pd.to_datetime(["2026-03-01"] * 3)])
def test_hours_beside_a_date_are_the_rest_of_the_time(dates: Any) -> None:
    message = refusal(long_frame(date=dates, hour=[0, 1, 2]))
    assert "column 'date' holds dates and column 'hour' numbers of hours" in message


def test_a_column_of_months_is_named_as_an_example() -> None:
    frame = pd.DataFrame({"month": ["2026-01", "2026-02"], "y": [0.5, 1.0]})
    assert refusal(frame).endswith("name the column of the time with time=, such as time='month'")


def test_parts_of_one_time_are_named_together() -> None:
    frame = pd.DataFrame({"year": [2026], "month": [3], "day": [1], "y": [0.5]})
    assert "columns 'year', 'month', 'day' hold the parts of one time" in refusal(frame)


def test_intervals_are_no_time() -> None:
    assert found(long_frame(window=pd.interval_range(0, 3), when=TIMES)) == "column 'when'"
