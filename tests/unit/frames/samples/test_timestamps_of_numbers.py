from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.timestamps import read_timestamps

NEW_YEAR_MS = 1767225600000  # 2026-01-01T00:00:00Z


def epochs(source: pd.Index | pd.Series, **options: Any) -> list[int | None]:
    read = read_timestamps(source, **options)
    nat = np.zeros(len(read.ms), bool) if read.nat is None else read.nat
    return [None if missing else ms for ms, missing in zip(read.ms.tolist(), nat, strict=True)]


def refusal(source: pd.Index | pd.Series, **options: Any) -> str:
    with pytest.raises(TimestampError) as caught:
        read_timestamps(source, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("unit", "epoch"),
    [
        ("s", 1767225600),
        ("ms", NEW_YEAR_MS),
        ("us", NEW_YEAR_MS * 10**3),
        ("ns", NEW_YEAR_MS * 10**6),
    ],
)
def test_integers_are_epochs_of_the_unit_that_is_named(unit: str, epoch: int) -> None:
    assert epochs(pd.Index([epoch]), time_unit=unit) == [NEW_YEAR_MS]
    nullable = pd.Series([epoch, None], dtype="Int64")
    assert epochs(nullable, time_unit=unit) == [NEW_YEAR_MS, None]
    assert epochs(pd.Series([epoch], dtype="uint64"), time_unit=unit) == [NEW_YEAR_MS]


def test_32_bit_integers_are_epochs_too() -> None:
    assert epochs(pd.Series([1767225600], dtype="int32"), time_unit="s") == [NEW_YEAR_MS]
    assert epochs(pd.Series([1767225600], dtype="UInt32"), time_unit="s") == [NEW_YEAR_MS]


def test_integers_below_a_millisecond_are_floored_and_marked() -> None:
    read = read_timestamps(pd.Index([NEW_YEAR_MS * 1000 + 999]), time_unit="us")
    assert read.ms.tolist() == [NEW_YEAR_MS]
    assert read.sub_ms is not None
    assert read.sub_ms.tolist() == [True]


def test_integers_without_a_unit_are_refused() -> None:
    assert refusal(pd.Index([1767225600])) == (
        "timestamps: integers do not say their unit (first: 1767225600); pass time_unit='s' if "
        "they are seconds (2026-01-01 00:00:00 UTC)"
    )
    assert refusal(pd.Index([1, 2])) == (
        "timestamps: integers do not say their unit (first: 1), and are times of 1971 to 2199 in "
        "none; name another column as the time with time=, or convert this one"
    )


@pytest.mark.parametrize(
    ("unit", "epoch", "likely"),
    [("s", NEW_YEAR_MS, "ms"), ("ms", 1767225600, "s"), ("us", NEW_YEAR_MS * 10**6, "ns"),
     ("ns", NEW_YEAR_MS * 10**3, "us")],
)  # fmt: skip
def test_integers_of_another_unit_are_refused(unit: str, epoch: int, likely: str) -> None:
    source = pd.Index([1767225600 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit], epoch])
    assert refusal(source, time_unit=unit) == (
        f"timestamps: {epoch} (row 1) taken as {unit} lies outside 1971..2200; it looks like "
        f"{likely}: check time_unit="
    )


@pytest.mark.parametrize("epoch", [0, -1, 5, 2**63 - 1])
def test_integers_of_no_unit_are_refused(epoch: int) -> None:
    text = refusal(pd.Index([epoch]), time_unit="s")
    assert text == (
        f"timestamps: {epoch} (row 0) taken as s lies outside 1971..2200; it looks like no unit "
        "of time: check time_unit="
    )


def test_unsigned_integers_beyond_int64_are_refused() -> None:
    source = pd.Series([2**64 - 1], dtype="uint64")
    assert refusal(source, time_unit="ns") == f"timestamps: {2**64 - 1} is no epoch in ns"


@pytest.mark.parametrize("dtype", ["float64", "Float64", object])
def test_floats_are_epochs_of_the_unit_that_is_named(dtype: Any) -> None:
    source = pd.Series([1767225600.781, 1767225600.782, None, 1767225601.019], dtype=dtype)
    read = read_timestamps(source, time_unit="s")
    assert read.ms[[0, 1, 3]].tolist() == [NEW_YEAR_MS + ms for ms in (781, 782, 1019)]
    assert read.nat is not None
    assert read.nat.tolist() == [False, False, True, False]
    assert read.sub_ms is None


@pytest.mark.parametrize(("unit", "per_ms"), [("ms", 1), ("us", 10**3), ("ns", 10**6)])
def test_floats_may_be_of_every_unit(unit: str, per_ms: int) -> None:
    source = pd.Series([NEW_YEAR_MS * float(per_ms), (NEW_YEAR_MS + 0.5) * per_ms])
    read = read_timestamps(source, time_unit=unit)  # type: ignore[arg-type]
    assert read.ms.tolist() == [NEW_YEAR_MS, NEW_YEAR_MS]
    assert read.sub_ms is not None
    assert read.sub_ms.tolist() == [False, True]


def test_the_noise_of_floats_is_rounded_in_datetimes_too() -> None:
    noisy = pd.to_datetime(pd.Series([1435781430.781, 1435781431.782]), unit="s")
    assert epochs(noisy) == [1435781430781, 1435781431782]
    index = pd.DatetimeIndex(["2026-01-01 00:00:00.000999001", "2026-01-01 00:00:00.000999"])
    read = read_timestamps(index)
    assert read.ms.tolist() == [NEW_YEAR_MS + 1, NEW_YEAR_MS]
    assert read.sub_ms is not None
    assert read.sub_ms.tolist() == [True, True]


def test_floats_without_a_unit_are_refused() -> None:
    assert refusal(pd.Series([1767225600.5])) == (
        "timestamps: numbers do not say their unit (first: 1767225600.5); pass time_unit='s' if "
        "they are seconds (2026-01-01 00:00:00 UTC)"
    )


@pytest.mark.parametrize("dtype", ["float32", "float16", "Float32"])
def test_floats_of_few_digits_are_refused(dtype: str) -> None:
    text = refusal(pd.Series([1.0], dtype=dtype), time_unit="s")
    assert text == (
        f"timestamps: {dtype} has too few digits for an epoch (first: 1.0); pass the times as "
        "float64 or integers"
    )


@pytest.mark.parametrize("epoch", [5.0, float("inf")])
def test_floats_of_no_unit_are_refused(epoch: float) -> None:
    assert refusal(pd.Series([epoch]), time_unit="s") == (
        f"timestamps: {epoch} (row 0) taken as s lies outside 1971..2200; it looks like no unit "
        "of time: check time_unit="
    )


@pytest.mark.parametrize("unit", [None, "s", "ms"])
@pytest.mark.parametrize(
    ("number", "moment", "form"),
    [
        (20260610, "2026-06-10 00:00:00", "%Y%m%d"),
        (2026061012, "2026-06-10 12:00:00", "%Y%m%d%H"),
        (202606101230, "2026-06-10 12:30:00", "%Y%m%d%H%M"),
        (20260610123045, "2026-06-10 12:30:45", "%Y%m%d%H%M%S"),
    ],
)
def test_numbers_whose_digits_are_a_date_are_no_epochs(
    unit: str | None, number: int, moment: str, form: str
) -> None:
    source = pd.Series([number, number])
    assert refusal(source, time_unit=unit, where="column 'when'") == (
        f"column 'when': integers whose digits are a date (first: {number}, which is {moment}), "
        "and no epoch; convert them with pd.to_datetime(frame['when'].astype('int64')"
        f".astype('str'), format={form!r})"
    )
    remedy = pd.to_datetime(source.astype("int64").astype("str"), format=form)
    assert remedy[0] == pd.Timestamp(moment)
    assert "numbers whose digits" in refusal(source.astype(float), time_unit=unit)


@pytest.mark.parametrize("unit", [None, "s"])
def test_serial_dates_of_a_spreadsheet_are_named_as_such(unit: str | None) -> None:
    source = pd.Series([46082.25, 46082.5])
    assert refusal(source, time_unit=unit, where="column 'Date'") == (
        "column 'Date': numbers that look like the serial dates of Excel (first: 46082.25, which "
        "is 2026-03-01 06:00:00); convert them with pd.to_datetime(frame['Date'], unit='D', "
        "origin='1899-12-30').dt.round('ms')"
    )


def test_unsigned_integers_may_be_missing() -> None:
    source = pd.Series([NEW_YEAR_MS, None], dtype="UInt64")
    assert epochs(source, time_unit="ms") == [NEW_YEAR_MS, None]


def test_an_index_of_floats_does_not_matter_to_a_column_of_times() -> None:
    source = pd.Series([1767225600, 1767225660], index=[7.5, 0.5])
    assert epochs(source, time_unit="s") == [NEW_YEAR_MS, NEW_YEAR_MS + 60_000]
    assert "(first: 1767225600)" in refusal(source)


@pytest.mark.parametrize("others", [[], [0.5]])
def test_numbers_beyond_every_dtype_are_refused(others: list[float]) -> None:
    source = pd.Series([1767225600, 10**400, *others], dtype=object)
    assert "is no epoch in any unit; correct or drop such rows" in refusal(source, time_unit="s")
