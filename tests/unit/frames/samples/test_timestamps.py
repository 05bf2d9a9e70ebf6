from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.timestamps import Timestamps, read_timestamps

NEW_YEAR_MS = 1767225600000  # 2026-01-01T00:00:00Z


def epochs(source: pd.Index | pd.Series, **options: Any) -> list[int | None]:
    read = read_timestamps(source, **options)
    nat = np.zeros(len(read.ms), bool) if read.nat is None else read.nat
    return [None if missing else ms for ms, missing in zip(read.ms.tolist(), nat, strict=True)]


def refusal(source: pd.Index | pd.Series, **options: Any) -> str:
    with pytest.raises(TimestampError) as caught:
        read_timestamps(source, **options)
    return str(caught.value)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "+05:45"])
def test_every_resolution_and_zone_gives_epoch_milliseconds(unit: str, zone: str | None) -> None:
    index = pd.DatetimeIndex(["2026-01-01 00:00:00", "2199-12-31 23:59:59"], tz="UTC")
    index = index.tz_convert(zone) if zone else index.tz_localize(None)
    read = read_timestamps(index.as_unit(unit))  # type: ignore[arg-type]
    assert read.ms.tolist() == [NEW_YEAR_MS, 7258118399000]
    assert read.ms.dtype == np.int64
    assert read.nat is None
    assert read.sub_ms is None


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_digits_below_a_millisecond_are_floored_and_marked(unit: str) -> None:
    index = pd.DatetimeIndex(["2026-01-01 00:00:00.000", "2026-01-01 00:00:00.001999", None])
    read = read_timestamps(index.as_unit(unit))  # type: ignore[arg-type]
    assert read.ms[:2].tolist() == [NEW_YEAR_MS, NEW_YEAR_MS + 1]
    assert read.sub_ms is not None
    assert read.sub_ms.tolist() == [False, True, False]


def test_times_are_floored_and_not_cut_towards_1970() -> None:
    index = pd.DatetimeIndex(["1971-01-01 00:00:00.0005"])
    assert epochs(index) == [31536000000]


def test_a_series_reads_as_the_index_does() -> None:
    index = pd.date_range("2026-01-01", periods=3, freq="h", tz="Europe/Berlin")
    assert epochs(index.to_series()) == epochs(index)


def test_order_and_duplicates_are_kept() -> None:
    index = pd.DatetimeIndex(["2026-01-02", "2026-01-01", "2026-01-02"])
    day_ms = 86_400_000
    assert epochs(index) == [NEW_YEAR_MS + day_ms, NEW_YEAR_MS, NEW_YEAR_MS + day_ms]


def test_naive_times_are_utc_unless_a_zone_is_named() -> None:
    index = pd.DatetimeIndex(["2026-01-01 01:00"])
    assert epochs(index) == [NEW_YEAR_MS + 3_600_000]
    assert epochs(index, naive_tz="Europe/Berlin") == [NEW_YEAR_MS]


def test_times_that_name_a_zone_take_no_notice_of_naive_tz() -> None:
    index = pd.DatetimeIndex(["2026-01-01 00:00"], tz="UTC")
    assert epochs(index, naive_tz="Europe/Berlin") == [NEW_YEAR_MS]


def test_wall_times_that_do_not_exist_are_refused() -> None:
    index = pd.DatetimeIndex(["2026-03-29 01:30", "2026-03-29 02:30", None, "2026-03-29 02:45"])
    assert refusal(index, naive_tz="Europe/Berlin") == (
        "timestamps: 2 of 4 wall times do not exist in Europe/Berlin (first: 2026-03-29 02:30:00, "
        "row 1): clocks leave them out; correct them, or name the zone that they are of with "
        "naive_tz="
    )


def test_wall_times_that_occur_twice_are_refused() -> None:
    index = pd.DatetimeIndex([None, "2026-10-25 01:59", "2026-10-25 02:00", "2026-10-25 03:00"])
    assert refusal(index, naive_tz="Europe/Berlin", where="index 'time'") == (
        "index 'time': 1 of 4 wall times occur twice in Europe/Berlin (first: 2026-10-25 02:00:00, "
        "row 2), and the order of rows does not tell which of the two they are; pass times with "
        "their offset, or localize them yourself with tz_localize(ambiguous=...)"
    )


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe/Berlin\0"])
def test_unknown_zones_are_refused(zone: str) -> None:
    text = refusal(pd.DatetimeIndex(["2026-01-01"]), naive_tz=zone)
    assert text == (
        f"naive_tz: {zone!r} is not a known time zone; use a name such as 'Europe/Berlin'"
    )


@pytest.mark.parametrize(
    ("moment", "row"), [("1970-12-31 23:59:59", 1), ("2200-01-01 00:00:00", 1)]
)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_outside_1971_to_2200_are_refused(moment: str, row: int, unit: str) -> None:
    index = pd.DatetimeIndex(["2026-01-01", moment, None]).as_unit(unit)  # type: ignore[arg-type]
    text = refusal(index)
    assert re.fullmatch(
        rf"timestamps: {moment.replace(' ', 'T')}\S* \(row {row}\) lies outside 1971\.\.2200; "
        "correct or drop such rows",
        text,
    )


def test_the_first_and_the_last_time_allowed_are_read() -> None:
    index = pd.DatetimeIndex(["1971-01-01", "2199-12-31 23:59:59.999"])
    assert epochs(index) == [31536000000, 7258118399999]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_nat_is_a_row_without_a_time(unit: str) -> None:
    index = pd.DatetimeIndex(["2026-01-01", None]).as_unit(unit)  # type: ignore[arg-type]
    assert epochs(index) == [NEW_YEAR_MS, None]
    assert epochs(index.tz_localize("UTC")) == [NEW_YEAR_MS, None]
    assert epochs(index, naive_tz="Asia/Kolkata") == [NEW_YEAR_MS - 19_800_000, None]


@pytest.mark.parametrize("source", [pd.DatetimeIndex([None, None]), pd.Index([None], dtype=object)])
def test_nothing_but_nat_is_read(source: pd.Index) -> None:
    assert epochs(source) == [None] * len(source)


def test_no_rows_are_read() -> None:
    assert epochs(pd.DatetimeIndex([])) == []
    assert epochs(pd.Index([], dtype="int64"), time_unit="s") == []
    assert epochs(pd.Index([], dtype=object)) == []


@pytest.mark.parametrize(
    ("freq", "start"), [("M", "2026-01"), ("D", "2026-01-01"), ("h", "2026-01-01 00:00")]
)
def test_periods_count_from_their_start(freq: str, start: str) -> None:
    assert epochs(pd.PeriodIndex([start, None], freq=freq)) == [NEW_YEAR_MS, None]
    assert epochs(pd.Series(pd.PeriodIndex([start], freq=freq))) == [NEW_YEAR_MS]


def test_periods_are_localized() -> None:
    source = pd.PeriodIndex(["2026-01-01 01:00"], freq="h")
    assert epochs(source, naive_tz="Europe/Berlin") == [NEW_YEAR_MS]


def test_marks_name_the_reason_where_there_is_one() -> None:
    exact = Timestamps(np.array([1, 2]))
    assert exact.flags(slice(None)) == {}
    floored = Timestamps(np.array([1, 2]), sub_ms=np.array([False, True]))
    assert floored.flags(np.array([1]))["sub_millisecond"].tolist() == [True]


def test_the_source_is_not_modified() -> None:
    source = pd.Series(pd.DatetimeIndex(["2026-01-01", None]).as_unit("ms"))
    before = source.copy(deep=True)
    read_timestamps(source)
    pd.testing.assert_series_equal(source, before)
