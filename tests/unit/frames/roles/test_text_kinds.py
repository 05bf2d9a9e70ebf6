from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from vm_df_writer.frames.roles.text_kinds import (
    conversion_of,
    is_time_of_day,
    is_time_text,
    kind_of_text,
)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["", " ", "N/A", "#DIV/0!"], "missing"),
        ([], "missing"),
        (["1.5", "-2", "+.5", "1e-3", "7."], "number"),
        (["0.5", "n/a", "n/a "], "number"),
        (["$1,200", "€ 3", "(4.50)"], "formatted number"),
        (["1'234.5", "12 %", "19.5°C", "3 USD"], "formatted number"),
        (["yes", "No", "-"], "answer"),
        (["True", "false"], "answer"),
        (["23:58", "7:05 pm", "11:59:59,5", "06.30.00"], "time of day"),
        (["2026-03-01", "1/3/26 12:00 AM", "01.03.2026"], "time"),
        (["{0d9e3f60-7d11-4c56-9d3c-2f8e6f7a1b2c}"], "uuid"),
        (["007", "7"], "identifier"),
        (["10.0.0.1:9100", "eu-west-1"], "identifier"),
        (["Idle", "busy now"], "words"),
        (["yes", "maybe"], "words"),
    ],
)
def test_text_is_what_it_looks_like(texts: list[str], kind: str) -> None:
    assert kind_of_text(texts) == kind


def test_more_than_half_of_the_known_texts_decide() -> None:
    assert kind_of_text(["1", "2", "web-01", "n/a", "n/a", "n/a"]) == "number"
    assert kind_of_text(["1", "2", "idle now", "busy now"]) == "words"


def test_one_text_of_another_kind_makes_times_of_day_and_answers_something_else() -> None:
    assert kind_of_text(["23:58", "23:59", "23:59:30", "late"]) == "identifier"
    assert kind_of_text(["on", "off", "broken"]) == "words"


def test_of_very_many_texts_some_are_looked_at_from_the_first_to_the_last() -> None:
    assert kind_of_text(["Idle"] * 400 + ["1.5"] * 600) == "number"


@pytest.mark.parametrize("text", ["24", "1:2", "2026-03-01 23:58", "23:58:00Z", "123:00"])
def test_what_has_more_or_less_than_a_time_of_day_is_none(text: str) -> None:
    assert not is_time_of_day(text)


@pytest.mark.parametrize(
    "text", [" 2026-03-01t00:00z ", "2026/3/1", "31.12.99", "2026-03-01_06:00", "2026-03-01 6"]
)
def test_a_whole_date_in_front_makes_a_time(text: str) -> None:
    assert is_time_text(text)


@pytest.mark.parametrize("text", ["2026-03", "20260301", "10.0.0.1", "23:58", "on 2026-03-01"])
def test_without_a_whole_date_in_front_text_is_no_time(text: str) -> None:
    assert not is_time_text(text)


def converted(texts: list[str]) -> list[float]:
    expression = conversion_of("frame['y']", texts)
    assert expression is not None
    frame: Any = {"y": pd.Series(texts)}
    numbers: list[float] = eval(expression, {"frame": frame}).tolist()  # noqa: S307
    return numbers


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["53.2%", "-51 %"], [53.2, -51]),
        (["0.5", "-1e3"], [0.5, -1000]),
        (["3,201", "12,004.5", "7"], [3201, 12004.5, 7]),
        (["0,487", "3,025"], [0.487, 3.025]),
        (["1,5", "12,25"], [1.5, 12.25]),
        (["1,5e-3", "2,0E+2"], [0.0015, 200]),
        (["$1,200.50", "($3)", "$ 4"], [1200.5, -3, 4]),
        (["19.5 °C", "-2 °C"], [19.5, -2]),
        (["12ms", "7.5ms"], [12, 7.5]),
        (["yes", "No", "YES"], [1, 0, 1]),
        (["on", "off"], [1, 0]),
    ],
)
def test_the_conversion_that_is_proposed_gives_the_numbers_that_are_meant(
    texts: list[str], numbers: list[float]
) -> None:
    assert converted(texts) == numbers


def test_an_answer_with_blanks_around_it_is_not_lost() -> None:
    assert converted(["yes ", " no", "yes"]) == [1, 0, 1]


def test_a_missing_answer_is_a_missing_number() -> None:
    first, second = converted(["true", "n/a"])
    assert first == 1
    assert math.isnan(second)


@pytest.mark.parametrize("texts", [["53.2%", "-"], ["0.5", "n/a"], ["$1,200", " NULL "]])
def test_the_conversion_makes_missing_numbers_of_missing_texts(texts: list[str]) -> None:
    first, second = converted(texts)
    assert first > 0
    assert math.isnan(second)


@pytest.mark.parametrize(
    "texts",
    [
        ["19.5 °C", "66.2 °F"],
        ["4 TB", "980 GB"],
        ["1.5", "about 3"],
        ["1.234.567", "12"],
        ["1e5 KB", "2e5 KB"],
        ["1.5e5 KB"],
    ],
)
def test_where_no_conversion_is_safe_none_is_proposed(texts: list[str]) -> None:
    assert conversion_of("frame['y']", texts) is None


def test_where_all_texts_are_missing_there_is_nothing_to_convert() -> None:
    assert conversion_of("frame['y']", ["-", ""]) is None
