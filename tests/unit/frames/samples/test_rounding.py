from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frame_samples import counts, minutes, read, stored
from vm_df_writer.frames.samples.rounding import round_values

INF = float("inf")


def exponent_of(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


def slack(value: float) -> float:
    """Return by how much a decimal number and its float64 may differ."""
    return 4 * float(np.spacing(abs(value)))


@pytest.mark.parametrize(
    ("value", "figures", "rounded"),
    [
        (123.456, 1, 100.0), (123.456, 4, 123.5), (0.00123456, 3, 0.00123), (-9.99, 2, -10.0),
        (1e-300, 3, 1e-300), (1.23456e300, 3, 1.23e300), (0.0, 3, 0.0), (5e-324, 2, 5e-324),
        (0.1 + 0.2, 15, 0.3), (INF, 3, INF), (7.0, 3, 7.0), (0.30000000000000004, 3, 0.3),
        (2.0**60, 3, 1150000000000000000.0),
    ],
)  # fmt: skip
def test_significant_figures(value: float, figures: int, rounded: float) -> None:
    assert round_values(np.array([value]), figures, None).tolist() == [rounded]


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (123.456, 0, 123.0), (123.456, 1, 123.5), (123.456, -2, 100.0), (-0.05, 1, -0.0),
        (1e300, 2, 1e300), (1.005, 2, 1.0), (0.1, 20, 0.1), (-INF, 2, -INF),
        (1e-310, 3, 0.0), (0.123456789, 8, 0.12345679),
    ],
)  # fmt: skip
def test_decimal_digits(value: float, digits: int, rounded: float) -> None:
    assert round_values(np.array([value]), None, digits).tolist() == [rounded]


def test_figures_come_before_digits() -> None:
    assert round_values(np.array([149.6]), 2, -2).tolist() == [200.0]


def test_nan_stays_nan_and_the_input_stays_as_it_is() -> None:
    values = np.array([1.234, np.nan])
    assert np.isnan(round_values(values, 2, 1)[1])
    assert values[0] == 1.234


@given(st.floats(1e-9, 1e15) | st.floats(-1e15, -1e-9), st.integers(1, 17))
def test_rounding_to_figures_is_what_printing_them_shows(value: float, figures: int) -> None:
    rounded = float(round_values(np.array([value]), figures, None)[0])
    assert rounded == float(f"{rounded:.{figures - 1}e}")
    assert abs(rounded - value) <= 0.5 * 10.0 ** (exponent_of(value) - figures + 1) + slack(value)


@given(st.floats(-1e6, 1e6), st.integers(0, 8))
def test_rounding_to_digits_is_what_printing_them_shows(value: float, digits: int) -> None:
    rounded = float(round_values(np.array([value]), None, digits)[0])
    assert rounded == float(f"{rounded:.{digits}f}")
    assert abs(rounded - value) <= 0.5 * 10.0**-digits + slack(value)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rounded_samples_are_counted_where_they_changed(dtype: str) -> None:
    values = pd.Series([1.25, 0.123, np.nan, 5], dtype=dtype)
    frame = pd.DataFrame({"y": values}).set_index(minutes(0, 1, 2, 3))
    assert stored(frame, round_digits=2) == {"y": {0: 1.25, 1: 0.12, 3: 5.0}}
    assert counts(read(frame, round_digits=2)) == ({"nan": 1}, {"rounded": 1})


def test_rounding_makes_shorter_lines() -> None:
    values = np.random.default_rng(0).random(100)
    frame = pd.DataFrame({"y": values}, index=minutes(*range(100)))
    texts = [repr(value) for value in stored(frame, significant_figures=4)["y"].values()]
    assert max(map(len, texts)) <= len("0.0001234")


def test_values_of_all_magnitudes_are_rounded_together() -> None:
    values = np.array([1.23456e300, 1.23456, 1.23456e-300])
    assert round_values(values, 3, None).tolist() == [1.23e300, 1.23, 1.23e-300]


def test_a_value_that_has_no_more_digits_stays_bit_for_bit() -> None:
    values = np.array([6.884467305709401, 3.2186939107594217])
    assert round_values(values, None, 17).tolist() == values.tolist()


def test_the_most_digits_allowed_are_rounded_to() -> None:
    assert round_values(np.array([1.26e-21]), None, 22).tolist() == [1.3e-21]
