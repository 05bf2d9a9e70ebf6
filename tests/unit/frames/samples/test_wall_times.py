from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import read, stored
from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.timestamps import read_timestamps
from vm_df_writer.frames.samples.wall_times import check_clocks, localize

BERLIN = "Europe/Berlin"
NIGHT = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
IN_UTC = ["23:30", "00:00", "00:30", "01:00", "01:30", "02:00"]


def night(*clocks: str | None) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([None if clock is None else f"2026-10-25 {clock}" for clock in clocks])


def in_utc(times: pd.DatetimeIndex, **options: Any) -> list[str]:
    found = localize(times, BERLIN, "index", **options).tz_convert("UTC")
    return found.strftime("%H:%M").fillna("NaT").tolist()


def refusal(times: pd.DatetimeIndex, **options: Any) -> str:
    with pytest.raises(TimestampError) as caught:
        localize(times, BERLIN, "index", **options)
    return str(caught.value)


def test_times_that_step_back_once_are_the_first_and_the_second() -> None:
    assert in_utc(night(*NIGHT)) == IN_UTC
    assert in_utc(night(*NIGHT[1:5])) == IN_UTC[1:5]
    assert in_utc(night("01:00", "02:00", "02:00", "03:00")) == ["23:00", "00:00", "01:00", "02:00"]


def test_the_newest_may_come_first() -> None:
    assert in_utc(night(*NIGHT)[::-1]) == IN_UTC[::-1]


def test_rows_without_a_time_do_not_matter() -> None:
    assert in_utc(night("01:30", None, *NIGHT[1:])) == ["23:30", "NaT", *IN_UTC[1:]]


@pytest.mark.parametrize(
    "clocks",
    [
        ["02:30"],  # nothing tells
        ["01:30", "02:00", "02:30", "03:00"],  # one of the hours is not there
        ["02:00", "02:00", "02:30", "02:30"],  # steps back twice
        ["02:30", "02:00", "02:30", "02:00", "02:30", "02:00"],
    ],
)
def test_an_order_that_does_not_tell_is_refused(clocks: list[str]) -> None:
    text = refusal(night(*clocks))
    assert "wall times occur twice in Europe/Berlin (first: 2026-10-25 02:" in text
    assert text.endswith(
        "and the order of rows does not tell which of the two they are; pass times with their "
        "offset, or localize them yourself with tz_localize(ambiguous=...)"
    )


def test_each_series_has_an_order_of_its_own() -> None:
    two = night(*(clock for clock in NIGHT for _ in "ab"))
    assert "occur twice" in refusal(two)
    found = in_utc(two, series=lambda: np.tile([7, 3], len(NIGHT)))
    assert found == [time for time in IN_UTC for _ in "ab"]


def test_one_night_says_nothing_of_another() -> None:
    nights = [f"{day} {clock}" for day in ("2025-10-26", "2026-10-25") for clock in NIGHT[1:4]]
    assert in_utc(pd.DatetimeIndex(nights)) == IN_UTC[1:4] * 2
    assert "occur twice" in refusal(pd.DatetimeIndex(nights[:4]))


def test_the_series_are_asked_for_only_where_times_occur_twice() -> None:
    def fail() -> Any:
        raise AssertionError

    assert in_utc(night("01:30", "03:30"), series=fail) == ["23:30", "02:30"]


def test_datetimes_that_tell_the_fold_are_taken_by_their_word() -> None:
    first = dt.datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - of no zone
    source = pd.Series([first.replace(fold=1), first], dtype=object)
    read = read_timestamps(source, naive_tz=BERLIN)
    assert np.diff(read.ms).tolist() == [-3_600_000]


def test_the_rows_of_a_long_frame_are_in_order_series_by_series() -> None:
    frame = pd.DataFrame(
        {
            "time": night(*(clock for clock in NIGHT for _ in "ab")),
            "meter": ["a", "b"] * len(NIGHT),
            "kw": np.arange(2.0 * len(NIGHT)),
        }
    )
    found = stored(frame, naive_tz=BERLIN)
    start = (pd.Timestamp("2026-10-24 23:30") - pd.Timestamp("2026-01-01")) / pd.Timedelta("1min")
    assert {name: list(samples) for name, samples in found.items()} == {
        f"kw{{meter={meter}}}": [start + 30 * i for i in range(6)] for meter in "ab"
    }
    assert str(read(frame, naive_tz=BERLIN).reading) == (
        "time=time (Europe/Berlin), values=[kw], labels=[meter]"
    )


def wall_times(clocks: list[str], day: str = "2026-10-25") -> pd.DatetimeIndex:
    return pd.DatetimeIndex([f"{day} {clock}" for clock in clocks])


@pytest.mark.parametrize(
    ("clocks", "day"),
    [
        (NIGHT, "2026-10-25"),
        (["00:45", "01:00", "01:30", "01:00", "01:30", "02:00"], "2026-11-01"),
        (["01:00", "02:00", "02:00", "03:00"], "2026-10-25"),
    ],
)
def test_a_night_when_clocks_go_back_is_not_taken_for_utc(clocks: list[str], day: str) -> None:
    with pytest.raises(TimestampError, match=r"^index: wall times occur twice \(first: ") as caught:
        check_clocks(wall_times(clocks, day), "index")
    assert str(caught.value).endswith(
        ", as where clocks go back; name their zone with naive_tz=, such as "
        "naive_tz='Europe/Berlin', or pass naive_tz='Etc/UTC' if they are UTC all the same"
    )


@pytest.mark.parametrize(
    ("clocks", "day"),
    [
        (NIGHT, "2026-10-24"),
        (["01:30", "02:00", "02:30", "03:00"], "2026-10-25"),
        (["02:00", "02:30", "02:10", "02:40"], "2026-10-25"),
        (["02:00", "02:00", "02:01", "02:02"], "2026-10-25"),
    ],
)
def test_rows_in_no_order_and_rows_written_twice_are_no_clock(clocks: list[str], day: str) -> None:
    check_clocks(wall_times(clocks, day), "index")


def test_the_times_of_another_series_are_no_clock_that_goes_back() -> None:
    times = wall_times(["01:00", "01:30", "02:00", "01:30", "02:00"])
    check_clocks(times, "index", lambda: np.array([0, 0, 0, 1, 1]))
    with pytest.raises(TimestampError, match="occur twice"):
        check_clocks(times, "index", lambda: np.array([0, 0, 0, 0, 0]))


def test_a_time_that_is_missing_is_no_clock() -> None:
    check_clocks(pd.DatetimeIndex([None, "2026-10-25 02:00", None]), "index")
