from __future__ import annotations

import re
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import counts, minutes, read, stored
from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.samples.contents import holds_numbers, holds_strings
from vm_df_writer.frames.samples.values import ValueColumn, read_rows

needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")
INF, NAN = float("inf"), float("nan")

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")


def values_of(column: pd.Series) -> list[float]:
    values, _ = ValueColumn("y", column).read(slice(None))
    assert values.dtype == np.float64
    return list(values.tolist())


def inexact_of(column: pd.Series) -> list[bool]:
    _, inexact = ValueColumn("y", column).read(slice(None))
    if inexact is None:
        return [False] * len(column)
    assert inexact.dtype == bool
    return list(inexact.tolist())


def same(got: list[float], expected: list[float]) -> bool:
    return np.array_equal(got, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("held", "dtype", "meant"),
    [
        ([0.1, NAN, -0.0, 5e-324], "float64", [0.1, NAN, -0.0, 5e-324]),
        ([0.1, NAN, 3.4e38, 1e-45], "float32", [0.1, NAN, 3.4e38, 1e-45]),
        ([0.1, 0.7], "Float32", [0.1, 0.7]),
        ([0.5, NAN, 65504], "float16", [0.5, NAN, 65504.0]),
        ([-128, 127], "int8", [-128.0, 127.0]),
        ([-(2**63), 2**53], "int64", [-(2.0**63), 2.0**53]),
        ([0, 2**64 - 1], "uint64", [0.0, 2.0**64]),
        ([True, False], "bool", [1.0, 0.0]),
        ([True, None, False], "boolean", [1.0, NAN, 0.0]),
        ([1, None, -1], "Int8", [1.0, NAN, -1.0]),
        ([2**60, None], "Int64", [2.0**60, NAN]),
        ([2**64 - 1, None], "UInt64", [2.0**64, NAN]),
        ([0.1, None], "Float64", [0.1, NAN]),
        ([0.1, None], "Float32", [0.1, NAN]),
        ([0.1, None, NAN, pd.NA, 2], object, [0.1, NAN, NAN, NAN, 2.0]),
        ([1, None, 2], object, [1.0, NAN, 2.0]),
        ([True, None, False], object, [1.0, NAN, 0.0]),
        ([True, 1.5, None], object, [1.0, 1.5, NAN]),
        ([np.float32(0.5), np.int8(3)], object, [0.5, 3.0]),
        ([Decimal("0.1"), None, Decimal("NaN")], object, [0.1, NAN, NAN]),
        ([Decimal("0.5"), 1, None], object, [0.5, 1.0, NAN]),
        ([None, None], object, [NAN, NAN]),
        ([1 / 3, NAN], "Sparse[float64]", [1 / 3, NAN]),
        ([1, 0, 7], "Sparse[int64]", [1.0, 0.0, 7.0]),
        ([True, False], "Sparse[bool]", [1.0, 0.0]),
    ],
)
def test_numbers_of_every_dtype_become_float64(
    held: list[Any], dtype: Any, meant: list[float]
) -> None:
    column = pd.Series(held, dtype=dtype)
    assert holds_numbers(column)
    assert same(values_of(column), meant)
    frame = pd.DataFrame({"y": column}).set_index(minutes(*range(len(held))))
    expected = {minute: value for minute, value in enumerate(meant) if value == value}
    assert stored(frame, layout="wide").get("y", {}) == expected


@needs_arrow
@pytest.mark.parametrize(
    ("held", "dtype", "meant"),
    [
        ([0.1, None], "double[pyarrow]", [0.1, NAN]),
        ([0.1, None], "float[pyarrow]", [0.1, NAN]),
        ([2**60, None], "int64[pyarrow]", [2.0**60, NAN]),
        ([1, None], "uint8[pyarrow]", [1.0, NAN]),
        ([True, None], "bool[pyarrow]", [1.0, NAN]),
    ],
)
def test_arrow_numbers_become_float64(held: list[Any], dtype: Any, meant: list[float]) -> None:
    column = pd.Series(held, dtype=dtype)
    assert holds_numbers(column)
    assert same(values_of(column), meant)


@needs_arrow
def test_arrow_decimals_become_the_nearest_float64() -> None:
    import pyarrow as pa

    held = [Decimal("0.10"), None, Decimal("12345678901234567.89")]
    column = pd.Series(held, dtype=pd.ArrowDtype(pa.decimal128(38, 2)))
    assert same(values_of(column), [0.1, NAN, 12345678901234568.0])
    assert inexact_of(column) == [False, False, True]


def test_float32_keeps_the_digits_that_it_shows() -> None:
    column = pd.Series([0.1, 1 / 3, 16777217, INF, -INF], dtype="float32")
    assert values_of(column) == [0.1, 0.33333334, 16777216.0, INF, -INF]
    assert inexact_of(column) == [False] * 5


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", "UInt64", object])
def test_integers_beyond_2_to_the_53_are_marked_where_they_lose_digits(dtype: Any) -> None:
    column = pd.Series([2**53, 2**53 + 1, 2**53 + 2, 2**62, 2**63 - 1], dtype=dtype)
    assert inexact_of(column) == [False, True, False, False, True]


def test_integers_of_numpy_among_objects_are_marked_where_they_lose_digits() -> None:
    held = [np.int64(2**53 + 1), np.uint64(2**53 + 2), np.float32(0.1), None]
    assert inexact_of(pd.Series(held, dtype=object)) == [True, False, False, False]


def test_negative_integers_are_marked_too() -> None:
    assert inexact_of(pd.Series([-(2**53) - 1, -(2**63), None], dtype="Int64")) == [
        True,
        False,
        False,
    ]


def test_decimals_are_marked_where_float64_shows_other_digits() -> None:
    held = [Decimal("0.1"), Decimal("0.10000000000000000001"), Decimal("1e22"), Decimal(2**53 + 1)]
    assert inexact_of(pd.Series(held, dtype=object)) == [False, True, False, True]


def test_python_integers_of_any_size_are_read() -> None:
    column = pd.Series([2**70, 10**300, 3, None], dtype=object)
    assert same(values_of(column), [2.0**70, 1e300, 3.0, NAN])
    assert inexact_of(column) == [False, True, False, False]


def test_a_python_integer_beyond_float64_is_refused_before_anything_is_sent() -> None:
    for row in (0, 1):
        held = pd.Series([1, 1], dtype=object)
        held[row] = 10**400
        frame = pd.DataFrame({"y": held}).set_index(minutes(0, 1))
        with pytest.raises(ColumnError, match=f"^column 'y', row {row}: "):
            read(frame)


def test_a_signalling_nan_is_refused() -> None:
    column = pd.Series([Decimal("1.5"), Decimal("sNaN")], dtype=object)
    with pytest.raises(ColumnError, match=re.escape("column 'y', row 1: expected a number within")):
        ValueColumn("y", column)


@pytest.mark.parametrize(
    ("held", "dtype", "row", "found"),
    [
        ([1.5, "n/a"], object, 1, "'n/a'"),
        ([None, "0.5"], object, 1, "'0.5'"),
        (["a", "b"], "string", 0, "'a'"),
        ([1, 2j], object, 1, "2j"),
        ([1.5, [2]], object, 1, "[2]"),
        ([pd.Timestamp("2026-01-01")], "M8[us]", 0, "Timestamp('2026-01-01 00:00:00')"),
        ([pd.Timedelta("1s")], "m8[us]", 0, "Timedelta('0 days 00:00:01')"),
        ([b"1"], object, 0, "b'1'"),
    ],
)
def test_what_is_no_number_is_refused_by_row(
    held: list[Any], dtype: Any, row: int, found: str
) -> None:
    column = pd.Series(held, dtype=dtype)
    assert not holds_numbers(column)
    message = (
        f"column 'y', row {row}: expected a number, got {found}; convert the column or name the "
        "value columns with value_columns="
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        ValueColumn("y", column)


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
def test_complex_numbers_are_refused(dtype: str) -> None:
    with pytest.raises(ColumnError, match=r"column 'y', row 0: expected a number, got \(?1"):
        ValueColumn("y", pd.Series([1], dtype=dtype))


def test_categories_of_numbers_are_labels() -> None:
    column = pd.Series([1, 2], dtype="category")
    assert not holds_numbers(column)
    assert holds_strings(column)


@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_text_is_known_in_every_dtype(dtype: Any) -> None:
    assert holds_strings(pd.Series(["a", None], dtype=dtype))
    assert not holds_strings(pd.Series([1.5, None]))


def test_rows_are_read_piece_by_piece() -> None:
    columns = [
        ValueColumn("y", pd.Series([1.0, 2.0, 3.0])),
        ValueColumn("z", pd.Series([2**53 + 1, None, 5], dtype="Int64")),
    ]
    values, flags = read_rows(columns, np.array([2, 0]))
    assert values.tolist() == [[3.0, 1.0], [5.0, 2.0**53]]
    assert values.flags.c_contiguous
    assert flags["inexact"].dtype == bool
    assert flags["inexact"].tolist() == [[False, False], [False, True]]
    values, flags = read_rows(columns, slice(2, 3))
    assert values.tolist() == [[3.0], [5.0]]
    assert not flags


def test_numbers_in_the_byte_order_of_another_machine_are_read() -> None:
    frame = pd.DataFrame({"y": np.array([2.5, 0.1], ">f8"), "z": np.array([2, 1], ">i4")})
    frame.index = minutes(1, 0)
    assert stored(frame) == {"y": {0: 0.1, 1: 2.5}, "z": {0: 1.0, 1: 2.0}}


def test_inexact_numbers_are_counted_once_each() -> None:
    frame = pd.DataFrame({"y": [2**53 + 1, 2**53, 2**52], "z": [1.5, 2.5, 3.5]})
    assert counts(read(frame.set_index(minutes(0, 1, 2)))) == ({}, {"inexact": 1})


def test_nan_and_null_of_every_kind_are_dropped_and_counted() -> None:
    frame = pd.DataFrame(
        {
            "float": [1.0, NAN, 2.0],
            "masked": pd.array([1, None, None], dtype="Int64"),
            "object": pd.Series([None, pd.NA, 3.5], dtype=object),
        }
    ).set_index(minutes(0, 1, 2))
    reading = read(frame)
    assert counts(reading) == ({"nan": 5}, {})
    assert reading.n_samples == 9


def test_a_longdouble_that_loses_digits_is_inexact_and_a_missing_one_is_not() -> None:
    third = np.longdouble(1) / 3
    if third == np.float64(third):
        pytest.skip("this machine has no wider floats")
    column = pd.Series(np.array([third, np.nan, 0.5], dtype=np.longdouble))
    inexact = ValueColumn("y", column).read(slice(None))[1]
    assert inexact is not None
    assert inexact.tolist() == [True, False, False]


def test_decimals_beside_floats_are_exact_if_their_text_is() -> None:
    column = pd.Series([Decimal("0.1"), 0.1], dtype=object)
    assert ValueColumn("y", column).read(slice(None))[1] is None


def test_a_missing_number_before_one_that_is_too_large_is_not_blamed() -> None:
    column = pd.Series([None, 10**400], dtype=object)
    with pytest.raises(ColumnError, match=r"^column 'y', row 1: expected a number within float64"):
        ValueColumn("y", column)


def test_a_duration_among_numbers_is_no_number() -> None:
    column = pd.Series([1.5, np.timedelta64(1, "s")], dtype=object)
    with pytest.raises(ColumnError, match=r"^column 'y', row 1: expected a number, got np\.timed"):
        ValueColumn("y", column)


@pytest.mark.parametrize("column", [pd.Categorical([1, 2]), pd.array([None, None], dtype="string")])
def test_a_dtype_of_no_numbers_is_named_where_no_row_is_to_blame(column: Any) -> None:
    message = r"^column 'y': expected numbers, got dtype \w+; convert the column or name the value"
    with pytest.raises(ColumnError, match=message):
        ValueColumn("y", pd.Series(column))
