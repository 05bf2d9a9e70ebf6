"""What becomes of columns of a long frame that nobody named."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import counts, minutes, read, stored
from vm_df_writer.errors import ColumnError

SHARDS = pd.DataFrame(
    {
        "timestamp": minutes(0, 0, 1, 1),
        "host": ["a"] * 4,
        "shard": [1, 2, 1, 2],
        "y": [1.0, 2.0, 3.0, 4.0],
    }
)


@pytest.mark.parametrize("reading", [{}, {"value_columns": ["y"]}])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "Int32"])
def test_whole_numbers_that_series_need_are_the_label_that_their_name_says(
    dtype: Any, reading: dict[str, Any]
) -> None:
    expected = stored(SHARDS, label_columns=["host", "shard"])
    for frame in (SHARDS, SHARDS.iloc[::-1], SHARDS.set_index("timestamp")):
        assert stored(frame.astype({"shard": dtype}), **reading) == expected


@pytest.mark.parametrize("reading", [{}, {"value_columns": ["y"]}])
def test_whole_numbers_that_series_need_are_refused_if_no_name_says_that_they_are_a_label(
    reading: dict[str, Any],
) -> None:
    message = (
        "column 'n': whole numbers, which are values or labels, and without them as labels there "
        "are rows of one series at one time ('n' holds 1, 2); if they are labels, pass "
        "label_columns=['host', 'n'], value_columns=['y']; if values, label_columns=['host'], "
        "value_columns=['y', 'n']; or leave them out with label_columns=['host'], "
        "value_columns=['y']"
    )
    for frame in (SHARDS, SHARDS.iloc[[2, 3, 0, 1]]):
        with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
            read(frame.rename(columns={"shard": "n"})[["timestamp", "host", "y", "n"]], **reading)


def test_an_integer_column_is_what_a_keyword_says() -> None:
    assert stored(SHARDS, label_columns=["host", "shard"]) == {
        "y{host=a,shard=1}": {0: 1.0, 1: 3.0},
        "y{host=a,shard=2}": {0: 2.0, 1: 4.0},
    }
    assert counts(read(SHARDS, value_columns=["y", "shard"]))[0] == {"duplicate": 4}


def test_integers_are_values_where_they_tell_no_rows_of_one_time_apart() -> None:
    frame = SHARDS.rename(columns={"shard": "n"})
    assert counts(read(frame.assign(n=[1, 1, 2, 2])))[0] == {"duplicate": 4}
    assert set(stored(frame.iloc[::2])) == {"y{host=a}", "n{host=a}"}
    assert counts(read(frame.astype({"n": float})))[0] == {"duplicate": 4}
