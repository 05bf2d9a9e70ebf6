from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.errors import FrameError


def refusal(**keywords: Any) -> str:
    with pytest.raises(FrameError) as caught:
        ReadOptions.of(**keywords)
    return str(caught.value)


def test_the_defaults_read_what_needs_no_telling() -> None:
    reading = ReadOptions.of()
    assert reading == ReadOptions()
    assert (reading.layout, reading.duplicates, reading.inf) == ("auto", "last", "drop")
    assert (reading.var_level, reading.query_key_level) == ("var", "query_key")
    assert (reading.variable_column, reading.value_column) == ("variable", "value")
    assert reading.naive_tz == "UTC"


def test_the_keywords_are_those_that_callers_are_typed_with() -> None:
    assert {field.name for field in fields(ReadOptions)} == set(ReadingKeywords.__annotations__)
    assert all(field.metadata["help"] for field in fields(ReadOptions))


def test_a_reading_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ReadOptions().layout = "wide"  # type: ignore[misc]


def test_an_unknown_keyword_is_refused_and_the_nearest_is_named() -> None:
    assert refusal(querykey="x") == ("querykey: not a reading keyword; did you mean 'query_key'?")
    assert refusal(zzz=1) == "zzz: not a reading keyword"


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("layout", "x", "expected one of auto, wide, long, melted, got 'x'"),
        ("layout", None, "expected one of auto, wide, long, melted, got None"),
        ("duplicates", "sum", "expected one of last, first, max, error, keep, got 'sum'"),
        ("inf", "kep", "expected one of drop, error, keep, got 'kep'; did you mean 'keep'?"),
        ("time_unit", "m", "expected one of s, ms, us, ns, got 'm'"),
        ("significant_figures", 0, "expected a whole number from 1 to 22, got 0"),
        ("significant_figures", 23, "expected a whole number from 1 to 22, got 23"),
        ("round_digits", -23, "expected a whole number from -22 to 22, got -23"),
        ("label_columns", "h", "expected a list of names, got the string 'h'; write ['h']"),
        ("value_columns", "y", "expected a list of names, got the string 'y'; write ['y']"),
        ("provide_series", "y", "expected a list of names, got the string 'y'; write ['y']"),
        ("value_columns", [], "the list is empty; leave it out, or name what to write"),
        ("provide_series", [], "the list is empty; leave it out, or name what to write"),
        ("time", ["t"], "expected one name, got ['t']"),
        ("variable_column", ["v"], "expected one name, got ['v']"),
        ("labels", "host=a", "expected a mapping of label names to values, got 'host=a'"),
        ("labels", {1: "a"}, "expected a mapping of label names to values, got {1: 'a'}"),
        ("labels", None, "expected a mapping of label names to values, got None"),
    ],
)  # fmt: skip
def test_impossible_values_are_refused(keyword: str, value: object, message: str) -> None:
    assert refusal(**{keyword: value}) == f"{keyword}: {message}"


@pytest.mark.parametrize("keyword", ["significant_figures", "round_digits"])
@pytest.mark.parametrize("value", ["3", 2.5, True])
def test_digits_are_whole_numbers(keyword: str, value: object) -> None:
    assert refusal(**{keyword: value}).startswith(f"{keyword}: expected a whole number from ")


@pytest.mark.parametrize(
    "keyword", ["query_key", "var", "column_label", "var_level", "query_key_level"]
)
def test_names_are_text(keyword: str) -> None:
    assert refusal(**{keyword: ["a"]}) == f"{keyword}: expected text, got ['a']"


def test_an_empty_list_of_labels_means_that_there_are_none() -> None:
    assert ReadOptions.of(label_columns=[]).label_columns == ()


@pytest.mark.parametrize("keyword", ["label_columns", "value_columns", "provide_series"])
@pytest.mark.parametrize("kind", [list, tuple, iter, pd.Index, np.array])
def test_lists_of_names_may_be_of_any_kind(keyword: str, kind: Callable[[list[str]], Any]) -> None:
    reading = ReadOptions.of(**{keyword: kind(["y"])})
    assert [list(getattr(reading, keyword)) for _ in range(2)] == [["y"], ["y"]]


@pytest.mark.parametrize(
    "keywords",
    [
        {"time": "\ud800"},
        {"label_columns": ["host", "\ud800"]},
        {"value_columns": ["\ud800"]},
        {"provide_series": ["\ud800"]},
        {"query_key": "\ud800"},
        {"value_column": "\ud800"},
    ],
)
def test_names_that_are_not_unicode_are_refused(keywords: dict[str, Any]) -> None:
    (name,) = keywords
    message = rf"^{name}: '\\ud800' is not valid Unicode \(a lone surrogate\); rename it$"
    with pytest.raises(FrameError, match=message):
        ReadOptions.of(**keywords)
