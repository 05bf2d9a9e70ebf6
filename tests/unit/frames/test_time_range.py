"""Rows are cut by their time, whatever form it has."""

from __future__ import annotations

import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.time_range import cut_time

TIMES = pd.date_range("2026-01-01", periods=4, freq="1h", tz="UTC")
SINCE, UNTIL = (int(TIMES[i].timestamp() * 1000) for i in (1, 3))


@pytest.mark.parametrize(
    ("frame", "reading"),
    [
        (pd.DataFrame({"y": range(4)}, index=TIMES), ReadOptions()),
        (pd.DataFrame({"y": range(4), "time": TIMES}), ReadOptions()),
        (
            pd.DataFrame({"y": range(4), "t": TIMES.strftime("%Y-%m-%dT%H:%MZ")}),
            ReadOptions(time="t"),
        ),
        (
            pd.DataFrame({"y": range(4), "t": TIMES.as_unit("s").asi8}),
            ReadOptions(time="t", time_unit="s"),
        ),
        (
            pd.DataFrame({"y": range(4), "t": TIMES.tz_convert("Asia/Tokyo").tz_localize(None)}),
            ReadOptions(naive_tz="Asia/Tokyo"),
        ),
    ],
)
def test_since_is_kept_and_until_is_not(frame: pd.DataFrame, reading: ReadOptions) -> None:
    assert cut_time(frame, reading, SINCE, UNTIL)["y"].tolist() == [1, 2]
    assert cut_time(frame, reading, SINCE, None)["y"].tolist() == [1, 2, 3]
    assert cut_time(frame, reading, None, UNTIL)["y"].tolist() == [0, 1, 2]


def test_rows_without_a_time_are_left_to_be_counted() -> None:
    frame = pd.DataFrame({"y": range(4), "time": [TIMES[0], pd.NaT, TIMES[2], pd.NaT]})
    assert cut_time(frame, ReadOptions(), SINCE, None)["y"].tolist() == [1, 2, 3]


def test_a_frame_within_the_range_is_not_copied() -> None:
    frame = pd.DataFrame({"y": range(4)}, index=TIMES)
    assert cut_time(frame, ReadOptions(), None, None) is frame
    assert cut_time(frame, ReadOptions(), 0, 2**60) is frame
