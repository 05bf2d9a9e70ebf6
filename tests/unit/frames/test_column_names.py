from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import minutes, read, stored
from vm_df_writer.errors import ColumnError, LabelError

TIMES = minutes(0, 1)


def test_blanks_around_names_are_stripped_also_in_keywords() -> None:
    frame = pd.DataFrame({" time": TIMES, "host ": ["a", "a"], "\ty": [1.0, 2.0]})
    expected = {"y{host=a}": {0: 1.0, 1: 2.0}}
    assert stored(frame) == expected
    assert stored(frame, time=" time") == expected
    assert stored(frame, label_columns=["host "], value_columns=["\ty"]) == expected
    assert stored(frame.set_index([" time", "host "])) == expected
    assert list(frame.columns) == [" time", "host ", "\ty"]


def test_names_that_blanks_alone_tell_apart_are_refused() -> None:
    frame = pd.DataFrame([[1.0, 2.0]], columns=["y", " y"], index=TIMES[:1])
    message = "^columns: ' y' and another column are both named 'y' without blanks; rename one"
    with pytest.raises(ColumnError, match=message):
        read(frame)


def test_names_of_series_are_read_as_such() -> None:
    names = ['cpu{mode="idle",cpu="0"}', 'cpu{ mode = "a,b" , cpu="\\"1\\"" }', "up", "x{unit}"]
    wide = pd.DataFrame([[1.0, 2.0, 3.0, 4.0]], columns=names, index=TIMES[:1])
    expected = {
        "cpu{cpu=0,mode=idle}": {0: 1.0},
        'cpu{cpu="1",mode=a,b}': {0: 2.0},
        "up": {0: 3.0},
        "x{unit}": {0: 4.0},
    }
    assert stored(wide) == expected
    assert stored(wide.reset_index(names="time").assign(job="j")) == {
        "cpu{cpu=0,job=j,mode=idle}": {0: 1.0},
        'cpu{cpu="1",job=j,mode=a,b}': {0: 2.0},
        "up{job=j}": {0: 3.0},
        "x{unit}{job=j}": {0: 4.0},
    }


@pytest.mark.parametrize(
    "name", ['{host="a"}', "cpu{mode=idle}", 'cpu{mode="a",mode="b"}', 'cpu{__name__="x"}']
)
def test_names_that_look_like_series_and_are_none_are_refused(name: str) -> None:
    frame = pd.DataFrame([[1.0]], columns=[name], index=TIMES[:1])
    with pytest.raises(LabelError, match="looks like a series, and cannot be read as name"):
        read(frame)


def test_a_label_in_a_name_and_in_a_column_is_refused() -> None:
    frame = pd.DataFrame({"time": TIMES, "host": "a", 'cpu{host="b"}': 0.5})
    with pytest.raises(LabelError, match=r"^labels: two columns are the label 'host'"):
        read(frame)


def test_a_variable_level_is_kept_as_it_is_where_var_is_passed() -> None:
    levels: Any = pd.MultiIndex.from_tuples([("y", "a")], names=[None, "host"])
    frame = pd.DataFrame([[1.0]], columns=levels, index=TIMES[:1])
    with pytest.raises(ColumnError, match=r"^columns: a level has no name"):
        read(frame, var="score")


def test_blanks_around_the_names_of_levels_are_stripped_beside_multiindex_columns() -> None:
    columns = pd.MultiIndex.from_tuples([("y", "a")], names=["var", "host"])
    frame = pd.DataFrame([[1.0], [2.0]], columns=columns, index=TIMES.rename("time "))
    assert read(frame).reading.time == "time"


def test_a_level_without_a_name_beside_one_for_the_variable_is_refused() -> None:
    columns = pd.MultiIndex.from_tuples([("a", "y")], names=[None, "var"])
    frame = pd.DataFrame([[1.0], [2.0]], columns=columns, index=TIMES)
    with pytest.raises(ColumnError, match=r"a level has no name \(levels: \[None, 'var'\]\)"):
        read(frame)
