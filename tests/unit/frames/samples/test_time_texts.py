from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.time_texts import folds_of, in_python, parse_times
from vm_df_writer.frames.samples.timestamps import read_timestamps


def parsed(*texts: object, kind: str = "string") -> list[str]:
    times = parse_times(pd.Index(texts, dtype=object), kind, "column 't'")
    return ["" if pd.isna(time) else time.isoformat() for time in times]


def test_text_without_a_zone_stays_without_one() -> None:
    assert parsed("2026-01-01", "2026-01-01 06:30") == [
        "2026-01-01T00:00:00",
        "2026-01-01T06:30:00",
    ]


def test_text_with_zones_becomes_utc() -> None:
    assert parsed("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00") == [
        "2026-01-01T00:00:00+00:00",
        "2025-12-31T23:00:00+00:00",
    ]


def test_the_sign_of_a_date_behind_a_blank_is_no_zone() -> None:
    assert parsed(" 2026-01-01", "2026-01-02") == ["2026-01-01T00:00:00", "2026-01-02T00:00:00"]


def test_missing_text_is_a_missing_time() -> None:
    assert parsed("2026-01-01", None, "") == ["2026-01-01T00:00:00", "", ""]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-01t06:00:00", "2026-01-01T06:00:00"),
        ("2026-01-01 06:00:00 z", "2026-01-01T06:00:00+00:00"),
        ("2026-01-01 06:00:00 UTC", "2026-01-01T06:00:00+00:00"),
        ("2026-06-01T06:00+02:00[Europe/Berlin]", "2026-06-01T04:00:00+00:00"),
        ("2026-06-01T06:00Z[UTC]", "2026-06-01T06:00:00+00:00"),
        ("2026-12-31 24:00", "2027-01-01T00:00:00"),
        ("2028-02-28T24:00:00.000Z", "2028-02-29T00:00:00+00:00"),
        ("2026-12-31T24:00+01:00", "2026-12-31T23:00:00+00:00"),
    ],
)
def test_spellings_that_mean_one_thing_are_read(text: str, time: str) -> None:
    assert parsed(text) == [time]
    assert parsed(text, text, None) == [time, time, ""]


def test_only_the_times_at_the_end_of_a_day_are_moved() -> None:
    assert parsed("2026-01-01 24:00", "2026-01-01 23:00", None) == [
        "2026-01-02T00:00:00",
        "2026-01-01T23:00:00",
        "",
    ]


def test_objects_are_converted_as_they_are() -> None:
    assert parsed(dt.date(2026, 1, 1), None, kind="date") == ["2026-01-01T00:00:00", ""]
    zone = dt.timezone(dt.timedelta(hours=1))
    aware = dt.datetime(2026, 1, 1, tzinfo=zone)
    assert parsed(aware, kind="datetime") == ["2025-12-31T23:00:00+00:00"]


def test_the_first_text_that_is_no_time_is_named() -> None:
    with pytest.raises(TimestampError) as caught:
        parsed("2026-01-01", None, "soon", "later")
    assert str(caught.value) == (
        "column 't', row 2: expected an ISO 8601 time, got 'soon'; convert the column with "
        "pd.to_datetime"
    )


def test_the_form_that_all_have_is_proposed() -> None:
    said = re.escape(
        "column 't', row 0: expected an ISO 8601 time, got '13/01/2026'; convert it with "
        "frame['t'] = pd.to_datetime(frame['t'], format='%d/%m/%Y')"
    )
    with pytest.raises(TimestampError, match=f"^{said}$"):
        parsed("13/01/2026", "14/01/2026")


@pytest.mark.parametrize("clock", ["now", "today"])
def test_the_clock_is_not_asked(clock: str) -> None:
    with pytest.raises(TimestampError, match=f"row 1: expected an ISO 8601 time, got '{clock}'"):
        parsed("2026-01-01", clock)


@pytest.mark.parametrize("others", [["2026-01-01"], ["2026-01-01 00:00", None]])
def test_times_with_and_without_a_zone_are_refused(others: list[str | None]) -> None:
    said = "^column 't': times with and without a zone are mixed; convert the column with "
    with pytest.raises(TimestampError, match=said):
        parsed("2026-01-01T00:00:00Z", *others)


def test_messages_show_code_for_a_column_and_for_an_index() -> None:
    assert in_python("column 'my time'") == "frame['my time']"
    assert in_python("index") == "frame.index.to_series()"


def test_datetimes_say_which_is_the_second_of_two_wall_times() -> None:
    first = dt.datetime.fromisoformat("2026-10-25T02:30")
    folds = folds_of(pd.Series([first, first.replace(fold=1), None], dtype=object))
    assert folds is not None
    assert folds.tolist() == [False, True, False]


def test_what_is_no_object_says_nothing_of_folds() -> None:
    assert folds_of(pd.Series(np.array(["2026-01-01"], "datetime64[ms]"))) is None
    assert folds_of(pd.DatetimeIndex(["2026-01-01"])) is None


DTYPES = ["object", "string[python]", "string[pyarrow]", "arrow", "category"]


def as_dtype(texts: list[str | None], dtype: str) -> pd.Index:
    wanted: Any = dtype
    if "arrow" in dtype:
        text = pytest.importorskip("pyarrow").string()
        wanted = pd.ArrowDtype(text) if dtype == "arrow" else dtype
    return pd.Index(pd.Series(texts).astype(wanted))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-01-01T06:00Z", 1767247200000),
        ("2026-01-01t06:00z", 1767247200000),
        ("2026-01-01 06:00 UTC", 1767247200000),
        ("2026-01-01T24:00Z", 1767312000000),
        ("2026-01-01T07:00+01:00[Europe/Berlin]", 1767247200000),
    ],
)
def test_a_spelling_is_read_whatever_the_dtype(text: str, ms: int, dtype: str) -> None:
    times = read_timestamps(as_dtype([text, None], dtype))
    assert times.ms[0] == ms
    assert times.nat is not None
    assert times.nat.tolist() == [False, True]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ["1.1.2026 - 2.1.2026", "2026Q1", "5/6/2026", "soon"])
def test_another_form_is_refused_whatever_the_dtype(text: str, dtype: str) -> None:
    with pytest.raises(TimestampError, match=r"^index, row 0: expected an ISO 8601 time, got"):
        read_timestamps(as_dtype([text], dtype), where="index")
