from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.samples.repeated_objects import distinct_objects, repeated_objects

N = 5000


def array_of(objects: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(objects), object)
    array[:] = objects
    return array


def test_each_row_finds_its_object_again() -> None:
    rng = np.random.default_rng(0)
    few = ["a", "b", None, float("nan"), 7, 7.5, ("x",), pd.NA, ["list"], "a" * 50]
    rows = [few[i] for i in rng.integers(len(few), size=N)]
    repeated = repeated_objects(array_of(rows))
    assert repeated is not None
    codes, distinct = repeated
    assert len(distinct) == len(few)
    assert all(distinct[code] is row for code, row in zip(codes.tolist(), rows, strict=True))


def test_objects_stand_in_the_order_in_which_rows_have_them() -> None:
    rows = array_of([text for text in "cab" for _ in range(N)])
    assert distinct_objects(rows).tolist() == ["c", "a", "b"]


@pytest.mark.parametrize("by", [1, 2, -1])
def test_rows_may_lie_apart_in_memory(by: int) -> None:
    rows = array_of(["a", "b", "c", "d"] * N)[::by]
    repeated = repeated_objects(rows)
    assert repeated is not None
    codes, distinct = repeated
    assert distinct[codes].tolist() == rows.tolist()


def test_an_array_that_is_read_only_is_looked_at_too() -> None:
    rows = array_of(["a", "b"] * N)
    rows.flags.writeable = False
    assert distinct_objects(rows).tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "rows",
    [[], ["a"], ["a", "b"] * 500, [str(i) for i in range(N)]],
    ids=["none", "one", "few rows", "many objects"],
)
def test_rows_that_are_few_or_differ_are_left_as_they_are(rows: list[str]) -> None:
    array = array_of(rows)
    assert repeated_objects(array) is None
    assert distinct_objects(array) is array
