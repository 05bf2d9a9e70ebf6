from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.labels import factorize as factorize_module
from vm_df_writer.frames.labels.factorize import factorize

N = 3000  # more rows than are looked at one by one


def decoded(column: Any) -> list[Any]:
    codes, values = factorize(column)
    return [None if code < 0 else values[code] for code in codes.tolist()]


def drawn(values: list[Any], dtype: Any = object) -> Any:
    rows = [values[i] for i in np.random.default_rng(0).integers(len(values), size=N)]
    return pd.Series(rows, dtype=dtype)


@pytest.mark.parametrize(
    "values",
    [
        ["b", "a", None, "c"],
        ["b", "a", float("nan"), ""],
        [1, True, 1.0, "1"],
        [Decimal("1.0"), Decimal("1.00"), None],
        ["a", "a\0b", "a\0"],
        [7, 8, None],
    ],
)
def test_repeated_objects_have_the_codes_that_each_alone_would_have(
    values: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    column = drawn(values)
    codes, uniques = factorize(column)
    monkeypatch.setattr(factorize_module, "repeated_objects", lambda _: None)
    slow_codes, slow_uniques = factorize(column)
    assert codes.tolist() == slow_codes.tolist()
    assert list(map(repr, uniques)) == list(map(repr, slow_uniques))


def test_equal_texts_that_are_different_objects_are_one_value() -> None:
    column = drawn(["ab", "".join(["a", "b"]), "c"])
    assert len({id(text) for text in column}) == 3
    assert factorize(column)[1].tolist() == list(dict.fromkeys(column))


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_text_of_every_dtype_is_decoded(dtype: Any) -> None:
    column = drawn(["b", "a\0b", None, "a"], dtype)
    expected = [None if pd.isna(value) else value for value in column.tolist()]
    assert decoded(column) == expected


def test_what_cannot_be_hashed_is_refused() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        factorize(drawn([["a"], ["b"]]))
