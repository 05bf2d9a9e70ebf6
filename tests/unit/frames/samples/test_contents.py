from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.samples.contents import (
    first_rows,
    holds_nothing,
    holds_numbers,
    holds_strings,
    is_decimal,
    is_known_to_pandas,
    is_number,
    kind_of_dtype,
)

needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")


def objects(*values: object) -> pd.Series:
    return pd.Series(list(values), dtype=object)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("int8", "integer"), ("uint64", "integer"), ("Int64", "integer"),
        ("float16", "number"), ("float64", "number"), ("Float32", "number"), ("bool", "number"),
        ("boolean", "number"), ("complex128", "other"), ("timedelta64[ns]", "other"),
        ("datetime64[us]", "time"), ("datetime64[ns, UTC]", "time"), ("period[D]", "time"),
        ("object", "object"),
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


@pytest.mark.parametrize(
    "values",
    [
        [1, None],
        [0.5, 1, np.nan],
        [Decimal("0.1"), pd.NA],
        [True, False],
        [None],
        [True, 1.5, None],
        [Fraction(1, 3), 2],
        [np.float32(1.5), np.bool_(True), np.int64(3)],
        [Decimal("sNaN"), 1],
    ],
)
def test_objects_are_numbers_if_every_one_of_them_is(values: list[object]) -> None:
    assert holds_numbers(objects(*values))


@pytest.mark.parametrize(
    "values",
    [
        [1, "2"],
        ["1"],
        [1j],
        [1, "x", np.complex64(1)],
        [1, np.complex64(1)],
        [1, np.timedelta64(1, "s")],
        [pd.Timestamp("2026-01-01")],
        [[1]],
        [Decimal("sNaN"), "1"],
    ],
)
def test_objects_are_no_numbers_if_one_of_them_is_none(values: list[object]) -> None:
    assert not holds_numbers(objects(*values))


@pytest.mark.parametrize(
    ("dtype", "is_numeric"),
    [
        ("int8", True), ("float16", True), ("bool", True), ("Int64", True), ("boolean", True),
        ("complex64", False), ("timedelta64[ns]", False), ("datetime64[ns]", False),
        ("string", False), ("category", False),
    ],
)  # fmt: skip
def test_a_dtype_says_whether_a_column_holds_numbers(dtype: Any, is_numeric: bool) -> None:
    assert holds_numbers(pd.Series([], dtype=dtype)) is is_numeric


@needs_arrow
def test_numbers_of_arrow_are_numbers_and_its_times_are_none() -> None:
    import pyarrow as pa

    def numbers(kind: Any) -> bool:
        return holds_numbers(pd.Series([], dtype=pd.ArrowDtype(kind)))

    assert all(map(numbers, [pa.uint8(), pa.float32(), pa.bool_(), pa.decimal128(9, 2)]))
    others = [pa.string(), pa.duration("s"), pa.date32(), pa.month_day_nano_interval()]
    assert not any(map(numbers, others))
    assert not numbers(pa.dictionary(pa.int32(), pa.int64()))


@needs_arrow
def test_decimals_of_arrow_are_known_by_their_dtype() -> None:
    import pyarrow as pa

    assert is_decimal(pd.ArrowDtype(pa.decimal256(40, 2)))
    assert not is_decimal(pd.ArrowDtype(pa.float64()))
    assert not is_decimal(np.dtype(object))


@needs_arrow
def test_a_type_that_pandas_does_not_know_is_neither_numbers_nor_text() -> None:
    import pyarrow as pa

    unknown = pd.ArrowDtype(pa.month_day_nano_interval())
    assert not is_known_to_pandas(unknown)
    assert is_known_to_pandas(pd.ArrowDtype(pa.int8()))
    assert not holds_strings(pd.Series([None], dtype=unknown))


@pytest.mark.parametrize(
    ("values", "nothing"),
    [
        ([None, np.nan, pd.NA], True),
        ([], True),
        ([None, 0], False),
        ([""], False),
        ([Decimal("sNaN")], False),
    ],
)
def test_what_is_missing_everywhere_holds_nothing(values: list[object], nothing: bool) -> None:
    assert holds_nothing(objects(*values)) is nothing


def test_typed_columns_hold_nothing_where_all_is_missing() -> None:
    assert holds_nothing(pd.Series([np.nan, np.nan]))
    assert holds_nothing(pd.Series([None], dtype="Int64"))
    assert holds_nothing(pd.Series([None], dtype="category"))
    assert not holds_nothing(pd.Series([None, 1], dtype="Int64"))


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pd.Series(["a", None], dtype="string"), True),
        (objects("a", None), True),
        (objects("a", 1), False),
        (objects(None), False),
        (pd.Series([1, 2], dtype="category"), True),
        (pd.Series(pd.interval_range(0, 2)), True),
        (pd.Series([1.5]), False),
        (pd.Series(pd.to_datetime(["2026-01-01"])), False),
    ],
)
def test_text_categories_and_intervals_are_strings(column: pd.Series, text: bool) -> None:
    assert holds_strings(column) is text


@needs_arrow
def test_text_and_dictionaries_of_arrow_are_strings() -> None:
    import pyarrow as pa

    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.int64())):
        assert holds_strings(pd.Series([], dtype=pd.ArrowDtype(kind)))
    assert not holds_strings(pd.Series([], dtype=pd.ArrowDtype(pa.binary())))


@pytest.mark.parametrize("value", [1, 0.5, True, np.bool_(False), Decimal(1), None, pd.NA, np.nan])
def test_a_real_number_a_boolean_and_nothing_count_as_numbers(value: object) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", ["1", 1j, np.complex64(1), np.timedelta64(1, "s"), pd.NaT, [1]])
def test_other_objects_are_no_numbers(value: object) -> None:
    assert not is_number(value)


def test_the_first_rows_are_those_of_a_position_whatever_the_index() -> None:
    assert first_rows(pd.Series(["a", "b", "c"], index=[0.5, 9.0, 1.5]), 2).tolist() == ["a", "b"]
    assert first_rows(pd.Series(["a"], index=[5]), 9).tolist() == ["a"]
    assert first_rows(pd.Index(["a", "b"]), 1).tolist() == ["a"]
