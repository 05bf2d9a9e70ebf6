from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.roles.column_ref import ColumnRef, find_named, names_of

LEVELS = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["host", "rack"])
FRAME = pd.DataFrame({"y": [0.5, 1.5], 7: [2.5, 3.5]}, index=LEVELS)


def test_a_column_is_read_by_its_name() -> None:
    assert ColumnRef("column", 7).read(FRAME).tolist() == [2.5, 3.5]


def test_a_level_is_read_by_its_name_and_an_index_as_it_is() -> None:
    assert ColumnRef("index level", "rack").read(FRAME).tolist() == [1, 2]
    alone = FRAME.droplevel("rack").rename_axis(None)
    assert ColumnRef("index level", None).read(alone).tolist() == ["a", "b"]


def test_a_column_that_occurs_twice_is_refused() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["y", "y"])
    said = re.escape("column 'y': occurs more than once; rename one of them")
    with pytest.raises(ColumnError, match=f"^{said}$"):
        ColumnRef("column", "y").read(twice)
    with pytest.raises(ColumnError, match=f"^{said}$"):
        find_named(twice, "y", "time")


def test_messages_name_a_column_a_level_or_the_index() -> None:
    assert str(ColumnRef("column", "y")) == "column 'y'"
    assert str(ColumnRef("index level", 3)) == "index level 3"
    assert str(ColumnRef("index level", None)) == "index"


def test_columns_are_listed_before_levels_and_only_the_first_twenty() -> None:
    assert names_of(FRAME) == "'y', 7, 'host', 'rack'"
    twenty = pd.DataFrame(np.ones((1, 20)))
    assert names_of(twenty) == ", ".join(map(str, range(20)))
    assert names_of(pd.DataFrame(np.ones((1, 21)))).endswith("18, 19, ...")


def test_a_keyword_names_a_column_before_a_level() -> None:
    assert find_named(FRAME, "y", "time") == ColumnRef("column", "y")
    assert find_named(FRAME, "host", "time") == ColumnRef("index level", "host")


def test_of_columns_in_levels_none_is_named_alone() -> None:
    columns = pd.MultiIndex.from_tuples([("y", "a")], names=["var", "host"])
    with pytest.raises(ColumnError, match=r"^time: 'y' is not a column \(there are: "):
        find_named(pd.DataFrame([[1]], columns=columns), "y", "time")


def test_a_name_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(ColumnError) as caught:
        find_named(FRAME, "hots", "label_columns")
    assert str(caught.value) == (
        "label_columns: 'hots' is not a column (there are: 'y', 7, 'host', 'rack'); did you mean "
        "'host'?"
    )
    with pytest.raises(ColumnError, match=r"^time: None is not a column \(there are: 'y', 7, "):
        find_named(FRAME, None, "time")
