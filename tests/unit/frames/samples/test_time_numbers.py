from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.config.read_options import TimeUnit
from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.time_numbers import (
    END_S,
    FIRST_S,
    PER_SECOND,
    as_numbers,
    calendar_date,
    likely_unit,
    look_like_times,
    serial_date,
)


@pytest.mark.parametrize(("unit", "per_second"), PER_SECOND.items())
def test_epochs_reach_from_1971_to_the_end_of_2199(unit: TimeUnit, per_second: int) -> None:
    first, end = FIRST_S * per_second, END_S * per_second
    assert likely_unit(pd.Series([first, end - per_second])) == unit
    assert likely_unit(pd.Series([first, end])) is None
    assert likely_unit(pd.Series([first - per_second, first])) is None


def test_all_numbers_have_to_be_of_one_unit() -> None:
    assert likely_unit(pd.Series([1767225600, 1767225600000])) is None
    assert likely_unit(pd.Series([-1767225600])) is None


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([], dtype="float64"),
        pd.Series([np.nan, np.inf]),
        pd.Series([None], dtype="Int64"),
    ],
)
def test_where_no_number_is_known_nothing_is_likely(values: pd.Series) -> None:
    assert likely_unit(values) is None
    assert calendar_date(values) is None
    assert serial_date(values) is None
    assert not look_like_times(values)


def test_missing_numbers_say_nothing() -> None:
    assert likely_unit(pd.Series([np.nan, 1767225600.5, -np.inf])) == "s"
    assert likely_unit(pd.Index(pd.array([None, 1767225600000], dtype="Int64"))) == "ms"
    assert calendar_date(pd.Series([np.nan, 20260301.0])) == (
        pd.Timestamp("2026-03-01"),
        "%Y%m%d",
    )


@pytest.mark.parametrize(
    ("number", "time", "form"),
    [
        (20260301, "2026-03-01", "%Y%m%d"),
        (2026030123, "2026-03-01 23:00", "%Y%m%d%H"),
        (202603012359, "2026-03-01 23:59", "%Y%m%d%H%M"),
        (20260301235958, "2026-03-01 23:59:58", "%Y%m%d%H%M%S"),
    ],
)
def test_digits_of_a_date_are_one(number: int, time: str, form: str) -> None:
    assert calendar_date(pd.Series([number, number])) == (pd.Timestamp(time), form)


@pytest.mark.parametrize(
    "numbers",
    [
        [20261301],  # a month 13
        [20260230],
        [19701231],
        [22000101],
        [20260301, 202603012],
        [20260301, 9],
        [20260301.5],
        [-20260301],
        [20260301, 20269999],
    ],
)
def test_digits_that_are_no_date_of_1971_to_2199_are_none(numbers: list[float]) -> None:
    assert calendar_date(pd.Series(numbers)) is None


def test_years_and_months_are_dates_of_a_time_alone() -> None:
    for number, form in ((2026, "%Y"), (202603, "%Y%m")):
        values = pd.Series([number])
        assert calendar_date(values) is None
        found = calendar_date(values, is_time=True)
        assert found is not None
        assert found[1] == form
    assert calendar_date(pd.Series([1200]), is_time=True) is None


def test_days_of_a_spreadsheet_are_of_1990_to_2070() -> None:
    assert serial_date(pd.Series([32874])) == pd.Timestamp("1990-01-01")
    assert serial_date(pd.Series([62093])) == pd.Timestamp("2069-12-31")
    assert serial_date(pd.Series([32873.9, 40000])) is None
    assert serial_date(pd.Series([40000, 62093.1])) is None
    third = serial_date(pd.Series([46082 + 1 / 3]))
    assert third == pd.Timestamp("2026-03-01 08:00:00")


def test_whole_days_alone_may_be_anything() -> None:
    assert look_like_times(pd.Series([45453.0, 45454.5]))
    assert not look_like_times(pd.Series([45453.0, 45454.0]))


@pytest.mark.parametrize(
    ("source", "dtype", "numbers"),
    [
        (pd.Series([1, None], dtype=object), "Int64", [1, pd.NA]),
        (pd.Series([2**62 + 1], dtype=object), "Int64", [2**62 + 1]),
        (pd.Series([0.5, 1], dtype=object), "float64", [0.5, 1]),
        (pd.Series([Decimal("0.5")], dtype=object), "float64", [0.5]),
        (pd.Series([1767225600, None], dtype="category"), "Int64", [1767225600, pd.NA]),
        (pd.Index([" 1767225600", ""], dtype=object), "Int64", [1767225600, pd.NA]),
        (pd.Series(["1767225600.5", None, "1767225601"]), "Float64",
         [1767225600.5, pd.NA, 1767225601]),
    ],
)  # fmt: skip
def test_numbers_in_any_form_are_numbers(
    source: pd.Index | pd.Series, dtype: str, numbers: list[Any]
) -> None:
    found = as_numbers(source, None, "index")
    assert found.dtype == dtype
    pd.testing.assert_series_equal(
        pd.Series(found).reset_index(drop=True), pd.Series(numbers, dtype=dtype), check_names=False
    )


def test_nineteen_digits_as_text_keep_all_of_them() -> None:
    assert as_numbers(pd.Series(["1767225600123456789"]), None, "index")[0] == 1767225600123456789


@pytest.mark.parametrize(
    "source",
    [
        pd.Series(["20260301"]),  # a date in ISO 8601
        pd.Series(["1767225600", "soon"]),
        pd.Series(["", None]),
        pd.Series(["-1767225600"]),
        pd.Series(["1767225600"] * 10 + ["2026-01-01"]),
        pd.Series([pd.Timestamp("2026-01-01")], dtype=object),
        pd.Series([1, "1"], dtype=object),
        pd.Series([0.5]),
    ],
)
def test_anything_else_stays_as_it_is(source: pd.Series) -> None:
    assert as_numbers(source, None, "index") is source


def test_short_digits_as_text_are_numbers_once_their_unit_is_named() -> None:
    assert as_numbers(pd.Series(["20260301"]), "s", "index").tolist() == [20260301]


def test_categories_of_text_and_of_times_keep_their_kind() -> None:
    texts = as_numbers(pd.Series(["2026-01-01"], dtype="category"), None, "index")
    assert texts.tolist() == ["2026-01-01"]
    times = as_numbers(pd.Series(pd.to_datetime(["2026-01-01"])).astype("category"), None, "index")
    assert times.dtype.kind == "M"


def test_a_number_beyond_64_bits_is_refused() -> None:
    said = re.escape("index: 100000000000000000000 is no epoch in any unit; correct or drop such")
    with pytest.raises(TimestampError, match=f"^{said} rows$"):
        as_numbers(pd.Series([1, 10**20, None], dtype=object), "s", "index")


def test_a_signaling_nan_is_refused_where_it_stands() -> None:
    said = re.escape(
        "index, row 1: Decimal('sNaN') is no time; put None in its place or drop the row"
    )
    for given in (["1767225600", "sNaN"], ["NaN", "-sNaN7"]):
        with pytest.raises(TimestampError, match=f"^{said}$"):
            as_numbers(pd.Index(list(map(Decimal, given)), dtype=object), "s", "index")
