from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import counts, minutes, read, stored
from vm_df_writer.errors import ColumnError, FrameError, LabelError

BOTH = {"__name__": "$VAR", "for": "$QUERY_KEY"}
NAN = float("nan")


def wide(*columns: Any, n_rows: int = 2) -> pd.DataFrame:
    """Return a frame whose columns are 0, 1, ..., 10, 11, ... and so on."""
    values = {column: [10.0 * i + row for row in range(n_rows)] for i, column in enumerate(columns)}
    return pd.DataFrame(values, index=minutes(*range(n_rows)))


def with_levels(names: list[Any], *columns: tuple[Any, ...]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(columns, names=names)
    return wide(*range(len(columns))).set_axis(index, axis=1)


def test_columns_are_variables_of_one_series() -> None:
    assert stored(wide("y", "yhat"), BOTH, query_key="cpu") == {
        "y{for=cpu}": {0: 0.0, 1: 1.0},
        "yhat{for=cpu}": {0: 10.0, 1: 11.0},
    }


def test_columns_are_series_of_one_variable() -> None:
    found = stored(wide("a", "b"), BOTH, query_key="cpu", var="score", column_label="host")
    assert found == {
        "score{for=cpu,host=a}": {0: 0.0, 1: 1.0},
        "score{for=cpu,host=b}": {0: 10.0, 1: 11.0},
    }


def test_column_levels_are_labels() -> None:
    frame = with_levels(["host", "var", "query_key"], ("a", "y", "cpu"), ("b", "y", "ram"))
    assert stored(frame, BOTH) == {
        "y{for=cpu,host=a}": {0: 0.0, 1: 1.0},
        "y{for=ram,host=b}": {0: 10.0, 1: 11.0},
    }


def test_levels_may_have_other_names() -> None:
    frame = with_levels(["alias", "output"], ("cpu", "y"), ("ram", "y"))
    assert set(stored(frame, BOTH, var_level="output", query_key_level="alias")) == {
        "y{for=cpu}",
        "y{for=ram}",
    }


def test_the_variable_may_come_from_the_keyword() -> None:
    frame = with_levels(["host", "dc"], ("a", "x"), ("b", "x"))
    assert set(stored(frame, var="y")) == {"y{dc=x,host=a}", "y{dc=x,host=b}"}


def test_one_level_of_variables_is_enough() -> None:
    assert set(stored(with_levels(["var"], ("y",), ("yhat",)))) == {"y", "yhat"}


def test_missing_values_of_a_level_leave_the_label_out() -> None:
    frame = with_levels(["var", "host"], ("y", "a"), ("y", None), ("z", ""))
    assert set(stored(frame)) == {"y{host=a}", "y", "z"}


def test_levels_that_are_no_text_are_labels_too() -> None:
    frame = with_levels(["var", "shard", 0], ("y", 1, True), ("y", 2, False))
    assert set(stored(frame)) == {"y{0=true,shard=1}", "y{0=false,shard=2}"}


def test_columns_that_are_no_text_are_named_by_their_text() -> None:
    assert set(stored(wide(0, 1.5, pd.Timestamp("2026-01-02")))) == {
        "0",
        "1.5",
        "2026-01-02T00:00:00",
    }


@pytest.mark.parametrize("nothing", [None, NAN, ""])
def test_a_column_without_a_name_is_refused(nothing: object) -> None:
    frame = wide("y", "z").set_axis(pd.Index(["y", nothing], dtype=object), axis=1)
    message = "columns: column 1 has no name; name every column"
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        read(frame)


def test_the_time_may_be_a_column() -> None:
    frame = wide("y").reset_index(names="when").assign(z=1)
    assert stored(frame, layout="wide") == {"y": {0: 0.0, 1: 1.0}, "z": {0: 1.0, 1: 1.0}}
    text = frame.astype({"when": str})
    assert stored(text, layout="wide", time="when") == stored(frame, layout="wide")


def test_a_time_that_is_two_columns_or_the_only_one_is_refused() -> None:
    frame = pd.DataFrame({"ts": [1767225600], "y": [1.0]})
    for columns, message in {
        ("ts", "ts"): "column 'ts': occurs more than once; rename one of them",
        ("ts",): "columns: none is left beside the time (there are: 'ts'); add the values",
    }.items():
        with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
            read(frame[[*columns]], layout="wide", time="ts", time_unit="s")


def test_only_named_value_columns_are_read() -> None:
    frame = wide("y", "z", "x")
    assert list(stored(frame, value_columns=["x", "y"])) == ["x", "y"]
    message = "value_columns: 'zz' is not a column (there are: 'y', 'z', 'x'); did you mean 'z'?"
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(frame, value_columns=["zz"], layout="wide")


def test_a_time_of_integers_is_no_value_too() -> None:
    frame = pd.DataFrame({"ts": [1767225600, 1767225660], "y": [1.0, 2.0]})
    assert stored(frame, layout="wide", time_unit="s") == {"y": {0: 1.0, 1: 2.0}}
    with pytest.raises(ColumnError, match=r"^value_columns: 'ts' has another role already; "):
        read(frame, layout="wide", time="ts", time_unit="s", value_columns=["ts", "y"])
    assert stored(frame, layout="wide", time="ts", time_unit="s", value_columns=["y"]) == {
        "y": {0: 1.0, 1: 2.0}
    }


@pytest.mark.parametrize(
    "chosen", [["c", "a"], ["a", "c", "b", "d"], ["d"], ["b", "c"], ["a", "d", "c"]]
)
def test_columns_are_read_in_any_order(chosen: list[str]) -> None:
    frame = wide("a", "b", "c", "d")
    found = stored(frame, value_columns=chosen)
    assert found == {name: frame[name].set_axis([0, 1]).to_dict() for name in chosen}
    as_integers = stored(frame.astype("int64"), value_columns=chosen)
    assert as_integers == found


@pytest.mark.parametrize("name", ["dc", "host"])
def test_an_index_of_levels_is_refused(name: str) -> None:
    index = pd.MultiIndex.from_arrays([minutes(0, 1), ["a", "b"]], names=["time", name])
    message = (
        f"index level '{name}': a wide frame has the time alone in its index; move the level to "
        "the columns with unstack(), or pass layout='long'"
    )
    levels = with_levels(["var", "x"], ("y", "a"), ("z", "b")).set_index(index)
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(levels)
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(wide("y").set_index(index), layout="wide")


def test_an_index_beside_a_time_column_is_refused() -> None:
    frame = wide("y").reset_index(names="when").set_index(pd.Index(["p", "q"], name="host"))
    with pytest.raises(ColumnError, match=r"^index level 'host': a wide frame has the time alone"):
        read(frame, layout="wide")


def test_text_in_a_column_is_refused_by_row() -> None:
    frame = wide("y").assign(score=["0.5", "n/a"])
    message = (
        "column 'score', row 0: expected a number, got '0.5'; convert the column or name the value "
        "columns with value_columns="
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(frame, layout="wide")


@pytest.mark.parametrize(("given", "missing"), [("column_label", "var"), ("var", "column_label")])
def test_var_and_column_label_belong_together(given: str, missing: str) -> None:
    message = (
        f"{missing}: a frame with one column per series needs it together with {given}=; var= "
        "says what the values are, column_label= which label takes the column name"
    )
    reading: Any = {given: "host"}
    with pytest.raises(FrameError, match=f"^{re.escape(message)}$"):
        read(wide("a", "b"), **reading)


@pytest.mark.parametrize("keyword", ["var", "query_key"])
def test_a_level_and_its_keyword_must_not_contradict(keyword: str) -> None:
    message = (
        f"{keyword}: 'x' is passed, and the columns have a level {keyword!r} too; "
        "leave one of them out"
    )
    reading: Any = {keyword: "x"}
    with pytest.raises(FrameError, match=f"^{re.escape(message)}$"):
        read(with_levels(["var", "query_key"], ("a", "b"), ("c", "d")), **reading)


def test_levels_without_a_variable_are_refused() -> None:
    message = (
        "columns: no level is named 'var' (levels: ['host', 'dc']); name the level of the "
        "variables with var_level=, or pass var="
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(with_levels(["host", "dc"], ("a", "b"), ("c", "d")))


def test_levels_and_column_label_exclude_each_other() -> None:
    message = (
        "column_label: 'x' is passed, and the columns are a MultiIndex, whose levels are the "
        "labels; leave it out"
    )
    with pytest.raises(FrameError, match=f"^{re.escape(message)}$"):
        read(with_levels(["var", "host"], ("a", "b"), ("c", "d")), column_label="x")


def test_a_missing_query_key_is_refused() -> None:
    message = (
        "query_key: metric_format uses $QUERY_KEY in 'for' ('$QUERY_KEY'), and the frame holds no "
        "query key; pass query_key="
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        read(wide("y"), BOTH)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "Int64", object])
def test_rows_are_put_in_order_and_rows_without_a_time_dropped(dtype: Any) -> None:
    frame = pd.DataFrame({"y": [3, 1, 2, 5, 4], "z": [3, 1, 2, 5, 4]}, dtype=dtype)
    frame.index = minutes(3, 1, None, 1, 0)
    found = read(frame, layout="wide")
    assert counts(found) == ({"nat": 2, "duplicate": 2}, {})
    assert stored(frame, layout="wide") == {name: {0: 4.0, 1: 5.0, 3: 3.0} for name in "yz"}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_second_row_of_a_frame_is_read(unit: Any) -> None:
    frame = wide("y", n_rows=5)
    frame.index = minutes(0, 1, 2, 3, 4).as_unit(unit)
    assert list(stored(frame.iloc[::2])["y"]) == [0, 2, 4]
    epochs = frame.set_axis(frame.index.astype("int64"))
    assert list(stored(epochs.iloc[::2], time_unit=unit)["y"]) == [0, 2, 4]


def test_columns_of_several_dtypes_are_read_together() -> None:
    frame = pd.DataFrame(
        {
            "f8": [0.1, NAN],
            "f4": np.array([0.1, 2], np.float32),
            "i8": [2**53 + 1, 2**53],
            "null": pd.array([None, 3], "Int64"),
            "up": [True, False],
        }
    ).set_index(minutes(0, 1))
    found = read(frame)
    assert counts(found) == ({"nan": 2}, {"inexact": 1})
    assert stored(frame) == {
        "f8": {0: 0.1},
        "f4": {0: 0.1, 1: 2.0},
        "i8": {0: 2.0**53, 1: 2.0**53},
        "null": {1: 3.0},
        "up": {0: 1.0, 1: 0.0},
    }


def test_many_rows_and_many_columns_come_in_blocks() -> None:
    rng = np.random.default_rng(0)
    for shape in ((600_000, 1), (3, 200_000), (1000, 600)):
        values = rng.random(shape)
        values[rng.random(shape) < 0.01] = np.nan
        index = pd.date_range("2026-01-01", periods=shape[0], freq="s", tz="UTC")
        found = read(pd.DataFrame(values, index=index))
        blocks = list(found.blocks())
        assert len(blocks) > 1
        assert sum(block.n_samples for block in blocks) == np.isfinite(values).sum()
        assert counts(found)[0] == {"nan": int(np.isnan(values).sum())}
        totals = dict.fromkeys(found.label_sets, 0.0)
        for block in blocks:
            for label_set, _, numbers in block:
                totals[label_set] += numbers.sum()
        np.testing.assert_allclose(list(totals.values()), np.nansum(values, axis=0))


def test_the_unknown_one_of_several_value_columns_is_named() -> None:
    with pytest.raises(ColumnError, match=r"^value_columns: 'z' is not a column"):
        read(wide("y"), value_columns=["y", "z"], layout="wide")


def test_a_variable_that_is_no_text_for_a_server_is_refused_by_keyword() -> None:
    with pytest.raises(FrameError, match=r"^var: '\\ud800' is not valid Unicode"):
        read(wide("a"), var="\ud800", column_label="host")
