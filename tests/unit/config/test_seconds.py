from __future__ import annotations

import pytest

from vm_df_writer.config.seconds import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1us", 1e-6), ("1\u00b5s", 1e-6), ("1\u03bcs", 1e-6), ("1ms", 0.001), ("1h0m5s", 3605.0),
        ("2w", 1_209_600.0), ("1.5d", 129_600.0), (".5s", 0.5), ("1.s", 1.0), ("3M", 8_035_200.0),
        ("1y", 31_536_000.0), ("0.1s0.2s", 0.3), ("1ns", 0.0), ("9999y", 9999 * 31_536_000.0),
    ],
)  # fmt: skip
def test_numbers_with_units_are_summed_up(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "1", "s", "5 s", "5S", "-5s", "1h-30m", "5s!", "1.2.3s", ".s", "1mm", "٣s"]
)
def test_all_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected numbers with units, such as 1h30m$"):
        seconds_of(text)


@pytest.mark.parametrize("text", ["10000y", "9" * 400 + "s"])
def test_more_than_anyone_means_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected less than 10000 years$"):
        seconds_of(text)
