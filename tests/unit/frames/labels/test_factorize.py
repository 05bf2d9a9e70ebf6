from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
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


def arrow_text(texts: list[str | None], kind: str, rng: np.random.Generator) -> pd.Series:
    """Return texts in one array of Arrow, in chunks of any size, or in dictionaries."""
    pa = pytest.importorskip("pyarrow")
    array: Any = pa.array(texts, pa.large_string())
    if kind != "array":
        cuts = np.sort(rng.integers(len(texts) + 1, size=4)).tolist()
        chunks = [array[a:b] for a, b in pairwise([0, *cuts, len(texts)])]
        if kind == "dictionaries":
            chunks = [chunk.dictionary_encode() for chunk in chunks]
        array = pa.chunked_array(chunks)
    return pd.Series(pd.arrays.ArrowStringArray(array))


@pytest.mark.parametrize("kind", ["array", "chunks", "dictionaries"])
@pytest.mark.parametrize("n_distinct", [1, 4, 300])  # codes of the last one take two bytes
def test_arrow_text_read_in_pieces_has_the_codes_that_pandas_gives(
    n_distinct: int, kind: str
) -> None:
    rng = np.random.default_rng(n_distinct)
    for n_rows in (0, 1, 63, 64, 65, 128, 1000):
        drawn_texts = [f"t{i}" if i else None for i in rng.integers(n_distinct + 1, size=n_rows)]
        codes, uniques = factorize(arrow_text(drawn_texts, kind, rng), rows_at_once=64)
        expected_codes, expected = pd.factorize(np.array([*drawn_texts, None], dtype=object)[:-1])
        assert codes.tolist() == expected_codes.tolist()
        assert uniques.tolist() == expected.tolist()


def test_a_dictionary_of_arrow_may_hold_a_text_twice_or_none() -> None:
    pa = pytest.importorskip("pyarrow")
    dictionary = pa.array(["a", "b", "a", None], pa.large_string())
    array = pa.DictionaryArray.from_arrays(pa.array([0, 3, 2, None, 1], pa.int32()), dictionary)
    codes, uniques = factorize(pd.Series(pd.arrays.ArrowStringArray(array)), rows_at_once=2)
    assert codes.tolist() == [0, -1, 0, -1, 1]
    assert uniques.tolist() == ["a", "b"]


def test_a_column_of_arrow_text_that_is_longer_than_a_piece_is_read_whole() -> None:
    column = arrow_text(["b", None, "a"], "array", np.random.default_rng(0))
    rows = np.append(np.zeros(2**20, np.int64), [1, 2, 0])
    codes, uniques = factorize(column.take(rows))
    assert codes[:-3].max() == 0
    assert codes[-3:].tolist() == [-1, 1, 0]
    assert uniques.tolist() == ["b", "a"]


def test_what_cannot_be_hashed_is_refused() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        factorize(drawn([["a"], ["b"]]))
