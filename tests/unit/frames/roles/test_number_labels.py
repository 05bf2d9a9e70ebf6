"""What becomes of whole numbers that nobody named: beside the corpus."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import minutes, read, stored
from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.labels.label_column import constant_label
from vm_df_writer.frames.roles.number_labels import check_no_things
from vm_df_writer.frames.roles.proposals import Proposal

TIMES = minutes(0, 0, 1, 1, 2, 2, 3, 3)


def frame_with(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"time": TIMES, "host": ["a", "b"] * 4, "y": 0.5, **columns})


def refusal(frame: pd.DataFrame, **reading: Any) -> str:
    with pytest.raises(ColumnError) as caught:
        read(frame, **reading)
    return str(caught.value)


def test_whole_floats_with_gaps_that_rows_need_are_refused() -> None:
    frame = frame_with(host=[1.0, None] * 4).rename(columns={"host": "rack"})
    assert set(stored(frame)) == {"y{rack=1}", "y"}
    assert "column 'part': whole numbers" in refusal(frame.rename(columns={"rack": "part"}))


def test_numbers_of_things_are_refused_where_no_times_are_shared() -> None:
    frame = frame_with(time=minutes(*range(8)), host="a", unit_id=[4, 9] * 4)
    text = refusal(frame)
    assert "column 'unit_id': whole numbers" in text
    assert "their name says that they stand for things ('unit_id' holds 4, 9)" in text
    assert "column 'unit_id'" in refusal(frame, value_columns=["y"])
    row_key = frame.assign(unit_id=range(8))
    assert "column 'unit_id'" in refusal(row_key)
    assert set(stored(row_key, value_columns=["y"])) == {"y{host=a}"}


def test_numbers_that_come_back_and_differ_in_many_rows_of_one_time_are_refused() -> None:
    times = minutes(0, 1, 2, 3, 4, 4, 5, 5)
    frame = pd.DataFrame({"time": times, "n": [1, 2, 3, 1, 1, 3, 2, 1], "y": 0.5})
    assert "rows of one series and one time differ in them" in refusal(frame)
    corrected = frame.assign(time=minutes(0, 1, 2, 3, 4, 5, 6, 6), n=[5, 6, 7, 8, 9, 10, 11, 12])
    assert set(stored(corrected)) == {"n", "y"}


def test_numbers_that_change_wherever_times_start_anew_are_refused() -> None:
    times = [minutes(*range(40)) + pd.Timedelta(seconds=20 * i) for i in range(3)]
    setting = [3] * 40 + [9] * 40 + [4] * 40
    frame = pd.DataFrame({"time": times[0].append(times[1:]), "setting": setting, "y": 0.5})
    reason = "times start anew wherever they change, as with one thing below the other"
    assert reason in refusal(frame)
    constant, ms = (
        constant_label("dc", "x", "labels"),
        frame["time"].dt.as_unit("ms").astype("int64").to_numpy(),
    )
    with pytest.raises(ColumnError, match=reason):
        check_no_things(frame, ["setting"], [constant], ms, Proposal([], ["y"]), ["setting"])
