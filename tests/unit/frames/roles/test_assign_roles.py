from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import minutes, read
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError
from vm_df_writer.frames.roles.assign_roles import assign_roles
from vm_df_writer.frames.roles.column_ref import names_of
from vm_df_writer.frames.roles.time_candidates import find_time

TIMES = minutes(0, 1, 2)


def long_frame(**columns: Any) -> pd.DataFrame:
    held = {"timestamp": TIMES, "host": ["a", "b", "a"], "y": [1.0, 2.0, 3.0], **columns}
    return pd.DataFrame(held)


def roles_of(frame: pd.DataFrame, *, melted: bool = False, **reading: Any) -> dict[str, Any]:
    options = ReadOptions(**reading)
    roles = assign_roles(frame, options, find_time(frame, options), melted=melted)
    return {
        "time": str(roles.time),
        "labels": [str(source) for source in (*roles.labels, *roles.open_labels)],
        "values": list(roles.values),
        "variable": roles.variable and str(roles.variable),
        "query_key": roles.query_key and str(roles.query_key),
    }


def refusal(frame: pd.DataFrame, *, melted: bool = False, **reading: Any) -> str:
    options = ReadOptions(**reading)
    with pytest.raises(FrameError) as caught:
        assign_roles(frame, options, find_time(frame, options), melted=melted)
    return str(caught.value)


def test_text_is_a_label_and_numbers_are_values() -> None:
    frame = long_frame(dc=pd.Categorical([1, 2, 1]), up=[True, False, True], n=[1, 2, 3])
    assert roles_of(frame) == {
        "time": "column 'timestamp'",
        "labels": ["column 'host'", "column 'dc'"],
        "values": ["y", "up", "n"],
        "variable": None,
        "query_key": None,
    }


def test_named_columns_are_what_they_are_named_for() -> None:
    frame = long_frame(shard=[1, 2, 3], z=[1.0, 2.0, 3.0])
    by_label = roles_of(frame, label_columns=["host", "shard"])
    assert (by_label["labels"], by_label["values"]) == (
        ["column 'host'", "column 'shard'"],
        ["y", "z"],
    )
    by_value = roles_of(frame, value_columns=["z"])
    assert (by_value["labels"], by_value["values"]) == (["column 'host'"], ["z"])
    by_both = roles_of(frame, label_columns=["shard"], value_columns=["z"])
    assert (by_both["labels"], by_both["values"]) == (["column 'shard'"], ["z"])


def test_a_label_named_twice_is_one_label() -> None:
    roles = roles_of(long_frame(), label_columns=["host", "host"], value_columns=["y"])
    assert roles["labels"] == ["column 'host'"]


def test_index_levels_are_labels() -> None:
    frame = long_frame(dc=["x", "x", "y"]).set_index(["timestamp", "host"])
    roles = roles_of(frame)
    assert roles["time"] == "index level 'timestamp'"
    assert roles["labels"] == ["index level 'host'", "column 'dc'"]
    assert roles_of(frame, label_columns=["host"], value_columns=["y"])["labels"] == [
        "index level 'host'"
    ]


def test_a_named_index_beside_the_time_is_a_label() -> None:
    assert roles_of(long_frame().set_index("host"))["labels"] == ["index level 'host'"]


def test_a_mere_numbering_of_rows_is_no_label() -> None:
    frame = long_frame()
    assert roles_of(frame)["labels"] == ["column 'host'"]
    assert roles_of(frame.iloc[[2, 0]])["labels"] == ["column 'host'"]


@pytest.mark.parametrize("shards", [[0, 1, 2], [5, 6, 7], [2, 0, 1]])
def test_a_named_index_of_integers_is_a_label_however_they_are_spaced(shards: list[int]) -> None:
    # pandas 3 makes a RangeIndex of evenly spaced integers.
    frame = long_frame(shard=shards).set_index("shard")
    assert roles_of(frame)["labels"] == ["index level 'shard'", "column 'host'"]


def test_a_melted_frame_has_a_variable() -> None:
    frame = long_frame().melt(["timestamp", "host"])
    assert roles_of(frame, melted=True) == {
        "time": "column 'timestamp'",
        "labels": ["column 'host'"],
        "values": ["value"],
        "variable": "column 'variable'",
        "query_key": None,
    }


def test_a_melted_frame_may_name_its_columns_otherwise() -> None:
    frame = long_frame().melt(["timestamp", "host"], var_name="output", value_name="score")
    roles = roles_of(frame, melted=True, variable_column="output", value_column="score")
    assert (roles["variable"], roles["values"]) == ("column 'output'", ["score"])


@pytest.mark.parametrize("dtype", [object, "float64", "string", "category"])
def test_a_label_that_is_missing_everywhere_is_a_label_of_a_melted_frame(dtype: Any) -> None:
    nothing = pd.Series([None] * 3, dtype=dtype)
    frame = long_frame().melt(["timestamp", "host"]).assign(dc=nothing)
    assert roles_of(frame, melted=True)["labels"] == ["column 'host'", "column 'dc'"]


def test_floats_beside_the_values_of_a_melted_frame_are_refused() -> None:
    frame = long_frame(shard=[1.5, 2, 3]).melt(["timestamp", "host", "shard"])
    assert refusal(frame, melted=True) == (
        "column 'shard': holds numbers, and a melted frame has them in 'value' alone; "
        "pass layout='long', or name the labels with label_columns="
    )


def test_the_query_key_is_a_column_or_a_level() -> None:
    frame = long_frame(query_key=["cpu", "ram", "cpu"])
    assert roles_of(frame)["query_key"] == "column 'query_key'"
    assert roles_of(frame)["labels"] == ["column 'host'"]
    level = frame.set_index(["timestamp", "query_key"])
    assert roles_of(level)["query_key"] == "index level 'query_key'"
    assert roles_of(level)["labels"] == ["column 'host'"]
    other = frame.rename(columns={"query_key": "alias"})
    assert roles_of(other, query_key_level="alias")["query_key"] == "column 'alias'"


def test_a_query_key_as_column_and_keyword_is_refused() -> None:
    assert refusal(long_frame(query_key="cpu"), query_key="ram") == (
        "query_key: 'ram' is passed, and the frame has 'query_key' too; leave one of them out"
    )


@pytest.mark.parametrize("keyword", ["label_columns", "value_columns"])
def test_an_unknown_column_is_refused_and_the_nearest_is_named(keyword: str) -> None:
    reading: dict[str, Any] = {keyword: ["hots"]}
    assert refusal(long_frame(), **reading) == (
        f"{keyword}: 'hots' is not a column (there are: 'timestamp', 'host', 'y'); "
        "did you mean 'host'?"
    )


def test_an_unknown_time_is_refused_and_the_nearest_is_named() -> None:
    assert refusal(long_frame(), time="timestmap") == (
        "time: 'timestmap' is not a column (there are: 'timestamp', 'host', 'y'); "
        "did you mean 'timestamp'?"
    )


def test_missing_columns_of_a_melted_frame_are_refused() -> None:
    text = refusal(long_frame(value=1.0), melted=True)
    assert text.startswith("variable_column: 'variable' is not a column (there are: 'timestamp', ")
    text = refusal(long_frame(variable="y"), melted=True)
    assert text.startswith("value_column: 'value' is not a column (there are: 'timestamp', ")


def test_a_column_that_occurs_twice_is_refused() -> None:
    frame = long_frame().set_axis(["timestamp", "host", "host"], axis=1)
    assert refusal(frame) == "column 'host': occurs more than once; rename one of them"


@pytest.mark.parametrize(
    "held", [pd.to_timedelta([1, 2, 3], unit="s"), [1j, 2, 3], [b"a", b"b", b"c"], TIMES]
)
def test_what_is_neither_a_label_nor_a_number_is_refused(held: Any) -> None:
    frame = long_frame(odd=held)
    dtype = frame["odd"].dtype
    assert refusal(frame, time="timestamp") == (
        f"column 'odd': {dtype} is neither a label nor a number; name the columns to use with "
        "label_columns= and value_columns=, or leave it out with frame = "
        "frame.drop(columns=['odd'])"
    )


def test_a_frame_without_numbers_is_refused() -> None:
    assert refusal(long_frame().drop(columns="y")) == (
        "columns: none holds numbers (there are: 'timestamp', 'host'); name the value columns with "
        "value_columns="
    )


def test_numbers_as_text_in_a_frame_without_others_are_refused_with_their_conversion() -> None:
    text = refusal(long_frame(load=["5%", "7%", "9%"]).drop(columns="y"))
    assert text == (
        "column 'load': holds numbers as text (found '5%', '7%', '9%'); convert it with "
        "frame['load'] = frame['load'].str.rstrip('% ').astype(float) if it is a value"
    )


@pytest.mark.parametrize("name", ["timestamp", "y", "query_key"])
def test_a_column_has_one_role(name: str) -> None:
    frame = long_frame(query_key=["a", "b", "c"])
    text = refusal(frame, label_columns=["host", name], value_columns=["y"])
    assert text == f"label_columns: {name!r} has another role already; leave it out"


@pytest.mark.parametrize("name", ["timestamp", "query_key"])
def test_a_value_has_one_role(name: str) -> None:
    frame = long_frame(timestamp=[1767225600] * 3, query_key=[1, 2, 3])
    text = refusal(frame, value_columns=["y", name], time_unit="s")
    assert text == f"value_columns: {name!r} has another role already; leave it out"


def test_an_index_of_times_beside_the_time_is_refused() -> None:
    frame = long_frame().set_index(pd.DatetimeIndex(TIMES, name="loaded"))
    assert refusal(frame, time="timestamp") == (
        "index level 'loaded': holds times, and the time is column 'timestamp'; drop it with "
        "reset_index(), or name it in label_columns="
    )


@pytest.mark.parametrize("index", [TIMES, pd.Index([0.5, 1.5, 2.5]), pd.Index(["p", "q", "r"])])
def test_an_index_without_a_name_beside_the_time_is_refused(index: pd.Index) -> None:
    assert refusal(long_frame().set_index(index), time="timestamp") == (
        "index: it has no name, so it cannot be a label; name it with frame.index.name = ..., or "
        "drop it with frame.reset_index(drop=True)"
    )


@pytest.mark.parametrize("name", ["index", "level_0", "Unnamed: 0"])
def test_a_column_that_numbers_the_rows_is_left_out(name: str) -> None:
    frame = long_frame(**{name: [0, 1, 2]})
    assert roles_of(frame)["values"] == ["y"]
    assert roles_of(frame, value_columns=[name, "y"])["values"] == [name, "y"]


def test_a_level_of_row_numbers_without_a_name_is_no_label() -> None:
    levels = pd.MultiIndex.from_arrays([["a", "b", "a"], [5, 7, 9]], names=["host", None])
    frame = long_frame().drop(columns="host").set_index(levels)
    assert roles_of(frame)["labels"] == ["index level 'host'"]


def test_many_names_are_cut_in_messages() -> None:
    frame = pd.DataFrame(np.zeros((1, 30)))
    assert names_of(frame).endswith("18, 19, ...")


def test_a_level_of_times_that_is_named_is_a_label() -> None:
    frame = long_frame().set_index(pd.DatetimeIndex(TIMES, name="loaded"))
    roles = roles_of(frame, time="timestamp", label_columns=["loaded"], value_columns=["y"])
    assert roles["labels"] == ["index level 'loaded'"]


def test_two_columns_of_one_name_that_are_neither_are_refused_for_that() -> None:
    frame = pd.DataFrame({0: [1.5, 2.5, 3.5], 1: [1j, 2, 3], 2: [1j, 2, 3]}, index=TIMES)
    with pytest.raises(FrameError, match=r"^column 'odd': occurs more than once"):
        read(frame.set_axis(["y", "odd", "odd"], axis=1))
