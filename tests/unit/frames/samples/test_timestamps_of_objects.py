from __future__ import annotations

import datetime as dt
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.timestamps import read_timestamps

NEW_YEAR_MS = 1767225600000  # 2026-01-01T00:00:00Z
needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")


def epochs(source: pd.Index | pd.Series, **options: Any) -> list[int | None]:
    read = read_timestamps(source, **options)
    nat = np.zeros(len(read.ms), bool) if read.nat is None else read.nat
    return [None if missing else ms for ms, missing in zip(read.ms.tolist(), nat, strict=True)]


def refusal(source: pd.Index | pd.Series, **options: Any) -> str:
    with pytest.raises(TimestampError) as caught:
        read_timestamps(source, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        ["2026-01-01", None],
        ["2026-01-01T00:00:00Z", None],
        ["2026-01-01 01:00:00.000+01:00", None],
        ["2025-12-31T19:00:00.000000000-0500", None],
        [dt.datetime.fromisoformat("2026-01-01"), None],
        [dt.datetime(2026, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), pd.NaT],
        [pd.Timestamp("2026-01-01"), None],
        [np.datetime64("2026-01-01"), None],
        [dt.date(2026, 1, 1), None],
    ],
)
def test_objects_and_iso_strings_are_read(values: list[object]) -> None:
    assert epochs(pd.Series(values, dtype=object)) == [NEW_YEAR_MS, None]
    assert epochs(pd.Index(values, dtype=object)) == [NEW_YEAR_MS, None]


@pytest.mark.parametrize("dtype", ["string", "str"])
def test_text_of_every_dtype_is_read(dtype: str) -> None:
    assert epochs(pd.Series(["2026-01-01"], dtype=dtype)) == [NEW_YEAR_MS]


def test_naive_text_is_localized() -> None:
    source = pd.Series(["2026-01-01T01:00:00"])
    assert epochs(source, naive_tz="Europe/Berlin") == [NEW_YEAR_MS]


def test_offsets_may_change_from_row_to_row() -> None:
    source = pd.Series(["2026-03-01T01:00:00+01:00", None, "2026-06-01T02:00:00+02:00"])
    assert epochs(source) == [1772323200000, None, 1780272000000]


def test_strings_of_several_lengths_keep_all_their_digits() -> None:
    source = pd.Series(["2026-01-01T00:00:00", "2026-01-01T00:00:00.123456789"])
    read = read_timestamps(source)
    assert read.ms.tolist() == [NEW_YEAR_MS, NEW_YEAR_MS + 123]
    assert read.sub_ms is not None
    assert read.sub_ms.tolist() == [False, True]


def test_small_letters_and_a_spelt_out_utc_are_iso_times() -> None:
    texts = [
        "2026-01-01 00:00:00 UTC",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00:00.000Z",
        None,
        "",
    ]
    assert epochs(pd.Series(texts)) == [NEW_YEAR_MS] * 3 + [None, None]
    assert refusal(pd.Series(["2026-01-01t00:00:00z", "2026-01-01t00:00:00"])).startswith(
        "timestamps: times with and without a zone are mixed"
    )
    assert refusal(pd.Series(["2026-01-01t00:00:00z", "teaz UTC"])).startswith(
        "timestamps, row 1: expected an ISO 8601 time, got 'teaz UTC'"
    )


def test_times_with_and_without_a_zone_are_not_guessed() -> None:
    mixed = (
        "timestamps: times with and without a zone are mixed; "
        "convert the column with pd.to_datetime"
    )
    assert refusal(pd.Series(["2026-01-01", "2026-01-01T00:00:00Z"])) == mixed
    moments = [dt.datetime.fromisoformat("2026-01-01"), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]
    assert refusal(pd.Series(moments, dtype=object)) == mixed
    for zoned in ("2026-01-01T00:00:00+5:30", "2026-01-01T00:00:00-5", "2026-01-01T00:00:00Z "):
        assert refusal(pd.Series(["2026-01-01T00:00:00", zoned])) == mixed


def test_blanks_around_text_are_no_zone() -> None:
    assert epochs(pd.Series([" 2026-01-01"]), naive_tz="Asia/Kolkata") == [NEW_YEAR_MS - 19_800_000]
    zoned = pd.Series(["2026-01-01T00:00:00Z", " 2026-01-01T01:00:00+01:00 "])
    assert epochs(zoned) == [NEW_YEAR_MS, NEW_YEAR_MS]


@pytest.mark.parametrize(
    "bad",
    [
        *("n/a", "01/02/2026", "yesterday", "2026-13-01", "1767225600", "2026-01-01T25:00:00"),
        *("now", "today"),
    ],
)
@pytest.mark.parametrize("zone", ["", "Z", "+02:00"])
def test_strings_are_parsed_strictly(bad: str, zone: str) -> None:
    source = pd.Series([f"2026-01-01T00:00:00{zone}", None, bad, "worse"])
    assert refusal(source, where="column 'time'") == (
        f"column 'time', row 2: expected an ISO 8601 time, got {bad!r}; convert the column with "
        "pd.to_datetime"
    )


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (pd.Index([True]), "boolean values of dtype bool (first: True)"),
        (pd.to_timedelta([1], unit="s"), "timedelta64 values of dtype "),
        (pd.Series([dt.time(1)], dtype=object), "time values of dtype object (first: "),
        (pd.Series([True], dtype="category"), "boolean values of dtype object"),
        (pd.Series([("2026",)], dtype=object), "mixed values of dtype object (first: ('2026',))"),
    ],
)
def test_what_is_no_time_is_refused(source: pd.Index | pd.Series, kind: str) -> None:
    text = refusal(source)
    assert text.startswith(f"timestamps: expected times, got {kind}")
    assert text.endswith("; name the column or index level of the time with time=")


@needs_arrow
@pytest.mark.parametrize(
    "dtype",
    [
        "timestamp[s][pyarrow]",
        "timestamp[ms][pyarrow]",
        "timestamp[us][pyarrow]",
        "timestamp[ns][pyarrow]",
        "timestamp[us, tz=UTC][pyarrow]",
        "timestamp[ns, tz=Europe/Berlin][pyarrow]",
    ],
)
def test_arrow_timestamps_are_read(dtype: Any) -> None:
    zone = "UTC" if "tz" in dtype else None
    times = pd.Series(pd.DatetimeIndex(["2026-01-01", None], tz=zone))
    source = times.astype(dtype)
    assert epochs(source) == [NEW_YEAR_MS, None]
    assert epochs(pd.Index(source)) == [NEW_YEAR_MS, None]


@needs_arrow
@pytest.mark.parametrize("dtype", ["date32[pyarrow]", "date64[pyarrow]"])
def test_arrow_dates_are_read(dtype: str) -> None:
    source = pd.Series([dt.date(2026, 1, 1), None], dtype=dtype)
    assert epochs(source) == [NEW_YEAR_MS, None]


@needs_arrow
def test_arrow_integers_strings_and_naive_times_are_read() -> None:
    integers = pd.Series([NEW_YEAR_MS, None], dtype="int64[pyarrow]")
    assert epochs(integers, time_unit="ms") == [NEW_YEAR_MS, None]
    assert epochs(integers.astype("uint64[pyarrow]"), time_unit="ms") == [NEW_YEAR_MS, None]
    text = pd.Series(["2026-01-01T00:00:00Z", None], dtype="string[pyarrow]")
    assert epochs(text) == [NEW_YEAR_MS, None]
    naive = pd.Series(pd.DatetimeIndex(["2026-01-01 01:00"])).astype("timestamp[us][pyarrow]")
    assert epochs(naive, naive_tz="Europe/Berlin") == [NEW_YEAR_MS]


@pytest.mark.parametrize("held", [["2026-01-01"], pd.to_datetime(["2026-01-01"]), [1767225600]])
def test_categories_that_are_times_are_times(held: Any) -> None:
    categories = pd.Series(held, dtype="category")
    source = pd.concat([categories, pd.Series([None], dtype=categories.dtype)], ignore_index=True)
    assert epochs(source, time_unit="s") == [NEW_YEAR_MS, None]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2026-01-01 23:00", "2026-01-01 24:00", "2026-01-02 01:00"], [23, 24, 25]),
        (["2025-12-31T24:00:00Z", "2025-12-31T24:00:00+01:00", ""], [0, -1, None]),
        (["2026-02-28 24:00:00.0"], [59 * 24]),
    ],
)
def test_the_midnight_at_the_end_of_a_day_is_that_of_the_next(
    texts: list[str], expected: list[int | None]
) -> None:
    hours = [None if hour is None else NEW_YEAR_MS + hour * 3_600_000 for hour in expected]
    assert epochs(pd.Series(texts)) == hours


@pytest.mark.parametrize("text", ["2026-01-01 24:30", "2026-01-01 25:00", "2026-01-01 24"])
def test_no_other_time_lies_behind_the_end_of_a_day(text: str) -> None:
    assert f"expected an ISO 8601 time, got {text!r}" in refusal(pd.Series([text]))


@pytest.mark.parametrize(
    ("texts", "unit"), [(["1767225600"], "s"), ([None, "1767225600000.0"], "ms")]
)
def test_epochs_as_text_are_epochs_in_a_unit_that_is_named(texts: list[Any], unit: Any) -> None:
    source = pd.Series(texts, dtype="str")
    assert epochs(source, time_unit=unit)[-1] == NEW_YEAR_MS
    if texts[0] is not None:
        assert f"do not say their unit (first: {texts[0]}); pass time_unit={unit!r}" in refusal(
            source
        )


def test_eight_digits_as_text_are_a_date() -> None:
    assert epochs(pd.Series(["20260101"])) == [NEW_YEAR_MS]
