from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.roles.row_numbers import may_number_rows, numbers_rows


def column(values: Any, name: Any = "index", dtype: Any = None) -> pd.Series:
    found: pd.Series = pd.Series(values, name=name, dtype=dtype)
    return found


@pytest.mark.parametrize("name", ["index", "Unnamed: 0", "Unnamed: 0.1", "level_0"])
def test_what_pandas_left_behind_numbers_the_rows(name: str) -> None:
    assert numbers_rows(column([0, 1, 2], name))
    assert numbers_rows(column([700, 701], name))  # a part of a file
    assert numbers_rows(column([0, 1, 2, 0, 1], name))  # after pd.concat()
    assert numbers_rows(column([2, 0, 1], name))  # sorted by something else


@pytest.mark.parametrize("name", ["i", "Index", "Unnamed", "level_x", 0, None, ("index",)])
def test_a_count_under_another_name_is_no_numbering(name: Any) -> None:
    assert not numbers_rows(column([0, 1, 2], name))


@pytest.mark.parametrize(
    "values",
    [
        [1, 1, 2],
        [-1, 0, 1],
        [5, 3, 1],
        [0, 2, 4],
        [7],
        [],
    ],
)
def test_numbers_that_are_no_count_are_not_one_under_the_name_index(values: list[int]) -> None:
    assert not numbers_rows(column(values, dtype="int64"))


def test_an_index_without_a_name_that_was_filtered_has_each_number_once() -> None:
    assert numbers_rows(column([3, 17, 4], "Unnamed: 0"))
    assert not numbers_rows(column([3, 17, 3], "Unnamed: 0"))


def test_a_single_row_is_the_first() -> None:
    assert numbers_rows(column([0]))


@pytest.mark.parametrize("dtype", ["float64", "str", "bool"])
def test_only_integers_number_rows(dtype: str) -> None:
    assert not numbers_rows(column([0, 1], dtype=dtype))
    assert not may_number_rows(column([0, 1, 1], "rn", dtype=dtype))


def test_a_missing_number_is_none() -> None:
    assert not numbers_rows(column([0, 1, None], dtype="Int64"))
    assert not may_number_rows(column([0, 1, 2, None], "rn", dtype="Int64"))


def test_the_groups_of_an_influx_answer_are_numbered_from_zero() -> None:
    assert numbers_rows(column([0, 0, 1, 1, 2], "table"))
    for others in ([1, 1, 2], [0, 2], [1, 0]):
        assert not numbers_rows(column(others, "table"))


@pytest.mark.parametrize(
    ("values", "may"),
    [
        ([1, 2, 3], True),
        ([1, 1, 2, 2], True),
        ([1, 5, 9], True),
        ([1, 1, 5], False),
        ([3, 2, 1], False),
        ([1, 1, 1], False),
        ([1, 2], False),
    ],
)
def test_a_rising_count_under_the_name_of_one_may_number_rows(values: list[int], may: bool) -> None:
    assert may_number_rows(column(values, "row_no")) is may
    assert not may_number_rows(column(values, "cycles"))


def test_unsigned_numbers_do_not_wrap() -> None:
    assert not may_number_rows(column(np.array([3, 2, 1], np.uint8), "rn"))
