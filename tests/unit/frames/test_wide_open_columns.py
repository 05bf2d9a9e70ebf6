"""What becomes of columns of a wide frame that nobody named."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import counts, minutes, read, stored
from vm_df_writer.errors import ColumnError


@pytest.mark.parametrize("reading", [{}, {"value_columns": ["y"]}])
@pytest.mark.parametrize("rows", [slice(None), [1, 0, 2]])
def test_integers_that_tell_rows_of_one_time_apart_are_refused(
    rows: Any, reading: dict[str, Any]
) -> None:
    numbers = pd.DataFrame({"shard": [1, 2, 1], "y": [1.0, 2.0, 3.0]}, index=minutes(0, 0, 1))
    frame = numbers.iloc[rows]
    first, second = frame["shard"].iloc[:2]
    message = (
        "column 'shard': whole numbers, which are values or labels, and without them as labels "
        f"there are rows of one series at one time ('shard' holds {first}, {second}); if they are "
        "labels, pass label_columns=['shard'], value_columns=['y']; if values, label_columns=[], "
        "value_columns=['y', 'shard']; or leave them out with label_columns=[], "
        "value_columns=['y']"
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(frame, **reading)
    for named in ({"layout": "wide"}, {"value_columns": ["y", "shard"]}):
        assert counts(read(frame, **named))[0] == {"duplicate": 2}
    assert counts(read(frame, label_columns=["shard"]))[0] == {}


def test_integers_alone_are_values_also_of_equal_times() -> None:
    frame = pd.DataFrame({"y": [1, 2]}, index=minutes(0, 0))
    assert stored(frame) == {"y": {0: 2.0}}


def test_integers_that_are_the_same_in_rows_of_one_time_are_values() -> None:
    frame = pd.DataFrame({"flag": [0, 0, 1], "y": [1.0, 2.0, 3.0]}, index=minutes(0, 0, 1))
    assert stored(frame) == {"flag": {0: 0.0, 1: 1.0}, "y": {0: 2.0, 1: 3.0}}


def test_things_by_number_are_refused_though_no_times_are_shared() -> None:
    frame = pd.DataFrame({"sensor_id": [4, 9, 4, 9], "level": 0.5}, index=minutes(0, 1, 2, 3))
    with pytest.raises(ColumnError, match="their name says that they stand for things"):
        read(frame)
    assert set(stored(frame, layout="wide")) == {"sensor_id", "level"}


def test_columns_that_are_all_called_after_things_are_their_values() -> None:
    frame = pd.DataFrame({"pod": [4, 9, 4, 9], "node": [2, 3, 2, 3]}, index=minutes(0, 1, 2, 3))
    assert set(stored(frame)) == {"pod", "node"}


@pytest.mark.parametrize("name", ["index", "level_0", "Unnamed: 0"])
def test_row_numbers_are_no_series(name: str) -> None:
    frame = pd.DataFrame({name: [0, 1], "y": [0.5, 1.5]}, index=minutes(0, 1))
    assert set(stored(frame)) == {"y"}
    assert read(frame).reading.left_out == (name,)
    assert set(stored(frame, value_columns=[name])) == {name}


def test_a_column_of_times_beside_numbers_is_refused_with_the_call_that_leaves_it_out() -> None:
    frame = pd.DataFrame({"y": [0.5, 1.5], "seen": minutes(0, 1)}, index=minutes(0, 1))
    message = "or leave it out with frame = frame.drop(columns=['seen'])"
    with pytest.raises(ColumnError, match=f"{re.escape(message)}$"):
        read(frame.rename_axis("time"), time="time")
