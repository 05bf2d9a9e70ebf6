from __future__ import annotations

import pytest

from vm_df_writer.display.text import (
    describe_counts,
    describe_seconds,
    did_you_mean,
    format_utc,
    printable,
    shown,
    shown_line,
)

T = 1767225600000


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "-"),
        (T, "2026-01-01 00:00:00 UTC"),
        (T + 7, "2026-01-01 00:00:00.007 UTC"),
        (7258118399999, "2199-12-31 23:59:59.999 UTC"),
    ],
)
def test_times_are_readable(ms: int | None, text: str) -> None:
    assert format_utc(ms) == text


def test_counts_are_readable() -> None:
    assert describe_counts({"nan": 1200, "inf": 0, "duplicate": 3}) == "1,200 nan, 3 duplicate"
    assert describe_counts({}) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3569, "59 min"),
        (3570, "1 h 0 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_durations_are_as_people_say_them(seconds: float, text: str) -> None:
    assert describe_seconds(seconds) == text


def test_a_line_is_cut_where_it_is_too_long_to_be_shown() -> None:
    assert shown_line("x" * 300) == "x" * 300
    assert shown_line("x" * 301) == "x" * 300 + "..."


def test_a_path_that_is_no_utf_8_is_printable() -> None:
    assert printable("é\udce9.csv") == "é?.csv"


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("not made yet")


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, [list(range(10**5))] * 1000, 10**5000, {"a": {"b": {"c": "d" * 999}}}],
    ids=range(4),
)
def test_what_is_large_is_shown_in_few_words(value: object) -> None:
    assert len(shown(value)) < 500


def test_what_cannot_be_shown_is_named() -> None:
    assert "Odd" in shown(Odd())
    assert shown([Odd()]).startswith("[<Odd")


def test_an_unknown_name_that_is_no_name_has_no_neighbour() -> None:
    assert did_you_mean(Odd(), ["layout"]) == ""
    assert did_you_mean("x" * 10**7, ["layout"]) == ""
