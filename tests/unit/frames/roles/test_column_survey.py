from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.roles.column_survey import kind_of_dtype, survey_columns

needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("int8", "integer"), ("uint64", "integer"), ("Int64", "integer"),
        ("float16", "number"), ("float64", "number"), ("Float32", "number"), ("bool", "number"),
        ("boolean", "number"), ("complex128", "other"), ("timedelta64[ns]", "other"),
        ("datetime64[us]", "time"), ("datetime64[ns, UTC]", "time"), ("object", "object"),
        ("string", "text"), ("str", "text"), ("category", "text"), ("interval[int64]", "text"),
    ],
)  # fmt: skip
def test_each_dtype_is_of_one_kind(dtype: Any, kind: str) -> None:
    empty = pd.Series([], dtype=object if dtype == "object" else dtype)
    # An empty column of `str` is one of objects before pandas 3.
    expected = "object" if empty.dtype == object else kind
    assert kind_of_dtype(empty.dtype) == expected


def test_categories_of_numbers_are_text() -> None:
    assert kind_of_dtype(pd.Series([1, 2], dtype="category").dtype) == "text"


@needs_arrow
@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("int32[pyarrow]", "integer"), ("uint8[pyarrow]", "integer"), ("double[pyarrow]", "number"),
        ("bool[pyarrow]", "number"), ("decimal128(9, 2)[pyarrow]", "number"),
        ("timestamp[us][pyarrow]", "time"), ("date32[pyarrow]", "time"),
        ("string[pyarrow]", "text"), ("large_string[pyarrow]", "text"),
        ("binary[pyarrow]", "other"), ("duration[s][pyarrow]", "other"),
    ],
)  # fmt: skip
def test_each_dtype_of_arrow_is_of_one_kind(dtype: str, kind: str) -> None:
    import pyarrow as pa

    names = {
        "decimal128(9, 2)[pyarrow]": pa.decimal128(9, 2),
        "large_string[pyarrow]": pa.large_string(),
    }
    known: Any = pd.ArrowDtype(names[dtype]) if dtype in names else pd.Series([], dtype=dtype).dtype
    assert kind_of_dtype(known) == kind


@needs_arrow
def test_a_dictionary_of_arrow_is_text_whatever_it_holds() -> None:
    import pyarrow as pa

    for values in (pa.string(), pa.int64()):
        assert kind_of_dtype(pd.ArrowDtype(pa.dictionary(pa.int32(), values))) == "text"


@needs_arrow
def test_a_type_of_arrow_that_pandas_does_not_know_is_something_else() -> None:
    import pyarrow as pa

    assert kind_of_dtype(pd.ArrowDtype(pa.month_day_nano_interval())) == "other"


def test_columns_that_are_not_plain_numbers_are_told_with_their_position() -> None:
    frame = pd.DataFrame({"y": [0.5], "n": [1], 7: ["a"], "up": [True], "m": [2]})
    frame[7] = frame[7].astype("category")
    survey = survey_columns(frame)
    assert survey.names == ["y", "n", 7, "up", "m"]
    assert survey.text == "y\nn\nup\nm"
    assert survey.beside_floats == [(1, "n", "integer"), (2, 7, "text"), (4, "m", "integer")]
    assert survey.whole_numbers == ["n", "m"]


def test_of_a_frame_of_numbers_there_is_nothing_beside() -> None:
    survey = survey_columns(pd.DataFrame(np.ones((1, 3)), columns=["a", "b", "a"]))
    assert survey.names == ["a", "b", "a"]
    assert survey.beside_floats == []


def test_columns_of_one_name_are_told_apart_by_position() -> None:
    frame = pd.concat([pd.Series([1], name="n"), pd.Series([0.5], name="n")], axis=1)
    assert survey_columns(frame).beside_floats == [(0, "n", "integer")]


def test_columns_in_levels_are_not_looked_at() -> None:
    columns = pd.MultiIndex.from_tuples([("y", "a")], names=["var", "host"])
    survey = survey_columns(pd.DataFrame([[1]], columns=columns))
    assert (survey.names, survey.text, survey.beside_floats) == ([], "", [])
