from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import START, counts, minutes, read, stored
from vm_df_writer.errors import ColumnError, DuplicateSeriesError, FrameError, TimestampError

TIMES = minutes(0, 1, 2)
NO_TIMES = minutes(None, None, None)
WIDE = pd.DataFrame({"y": [1.0, 2, 3], "yhat": [1.5, 2.5, 3.5]}, index=TIMES)
LONG = WIDE.reset_index(names="timestamp").assign(host=["a", "b", "a"])
MELTED = LONG.melt(["timestamp", "host"])
ALL_NUMBERS = "is time and every column holds numbers"
LEVELS = pd.MultiIndex.from_tuples([("y", "a"), ("yhat", "b")], names=["var", "host"])


@pytest.mark.parametrize(
    ("frame", "reading", "layout", "reason"),
    [
        (WIDE, {}, "wide", f"the index {ALL_NUMBERS}"),
        (WIDE.rename_axis("t"), {}, "wide", f"the index level 't' {ALL_NUMBERS}"),
        (WIDE["y"], {}, "wide", f"the index {ALL_NUMBERS}"),
        (WIDE.set_axis(LEVELS, axis=1), {}, "wide", "the columns are a MultiIndex"),
        (WIDE, {"var": "y", "column_label": "host"}, "wide", "var= and column_label= are given"),
        (LONG, {}, "long", "the time is in column 'timestamp'"),
        (LONG.set_index("timestamp"), {}, "long", "column 'host' holds text: it is a label"),
        (LONG.set_index(["timestamp", "host"]), {}, "long", "the index has levels beside the time"),
        (WIDE.assign(query_key=1), {}, "long", "there is a column 'query_key'"),
        (WIDE, {"label_columns": ["y"]}, "long", "label_columns= is given"),
        (MELTED, {}, "melted", "there are the columns 'variable' and 'value'"),
        (MELTED.set_index("host"), {}, "melted", "there are the columns 'variable' and 'value'"),
        (LONG, {"layout": "long"}, "long", "layout='long' is given"),
    ],
)  # fmt: skip
def test_the_layout_is_chosen_by_rules_that_are_told(
    frame: pd.DataFrame, reading: Any, layout: str, reason: str
) -> None:
    found = read(frame, **reading)
    assert (found.layout, found.reason) == (layout, reason)


@pytest.mark.parametrize(
    ("reading", "layout"),
    [({}, "wide"), ({"layout": "long"}, "long"), ({"layout": "melted"}, "melted")],
)
@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame(), pd.DataFrame(index=TIMES), WIDE[:0], LONG[:0], WIDE[[]], MELTED[:0][["value"]],
     pd.DataFrame(columns=LEVELS), pd.Series([], name="y", dtype=float)],
)  # fmt: skip
def test_an_empty_frame_has_nothing_to_store(
    frame: pd.DataFrame, reading: Any, layout: str
) -> None:
    found = read(frame, **reading)
    assert (found.rows, found.n_samples, list(found.label_sets)) == (len(frame), 0, [])
    assert found.reason == "the frame is empty"
    assert found.layout == layout or not reading
    assert list(found.blocks()) == []


def test_a_frame_of_nothing_but_nan_has_nothing_to_store() -> None:
    found = read(WIDE * np.nan)
    assert counts(found) == ({"nan": 6}, {})
    assert stored(WIDE * np.nan) == {}


def test_a_frame_of_nothing_but_nat_has_nothing_to_store() -> None:
    wide = WIDE.set_index(NO_TIMES)
    assert counts(read(wide)) == ({"nat": 6}, {})
    assert stored(wide) == {}
    long = LONG.assign(timestamp=NO_TIMES)
    assert counts(read(long)) == ({"nat": 6}, {})
    assert stored(long) == {}


def test_a_series_is_a_frame_of_one_column() -> None:
    assert stored(WIDE["y"]) == {"y": {0: 1, 1: 2, 2: 3}}
    assert stored(LONG.set_index(["timestamp", "host"])["y"]) == {
        "y{host=a}": {0: 1, 2: 3},
        "y{host=b}": {1: 2},
    }
    assert stored(WIDE["y"].rename(0)) == {"0": {0: 1, 1: 2, 2: 3}}


def test_a_series_without_a_name_is_refused() -> None:
    message = "frame: the Series has no name to stand for $VAR; .rename('y') it"
    with pytest.raises(FrameError, match=f"^{re.escape(message)}$"):
        read(WIDE["y"].rename(None))


@pytest.mark.parametrize("frame", [[1, 2], {"y": [1.0]}, None, "frame.csv"])
def test_what_is_no_frame_is_refused(frame: object) -> None:
    message = (
        "frame: expected a DataFrame, a named Series or an Arrow table, got "
        f"{type(frame).__name__}; convert it with pd.DataFrame(...)"
    )
    with pytest.raises(FrameError, match=f"^{re.escape(message)}$"):
        read(frame)


@pytest.mark.parametrize("kind", ["pyarrow", "polars"])
def test_other_frames_come_through_arrow(kind: str) -> None:
    library = pytest.importorskip(kind)
    frame = LONG.assign(timestamp=LONG["timestamp"].dt.as_unit("us"), n=[1.0, np.nan, 3.0])
    if kind == "pyarrow":
        table = library.Table.from_pandas(frame, preserve_index=False)
    else:
        table = library.DataFrame(
            {name: frame[name].to_list() for name in ("timestamp", "host", "y", "yhat", "n")}
        )
    assert stored(table) == stored(frame)


def test_arrow_columns_may_have_empty_pieces() -> None:
    pa = pytest.importorskip("pyarrow")
    frame = LONG.assign(timestamp=LONG["timestamp"].dt.as_unit("us"))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    values = pa.array(frame["y"])
    pieces = pa.chunked_array([values.slice(0, 1), values.slice(1, 0), values.slice(1)])
    position = table.column_names.index("y")
    assert stored(table.set_column(position, "y", pieces)) == stored(frame)


@pytest.mark.skipif(find_spec("polars") is None, reason="needs polars")
def test_categories_of_polars_are_labels() -> None:
    import polars as pl

    table = pl.DataFrame(
        {
            "timestamp": [START.to_pydatetime()] * 2,
            "host": pl.Series(["a", "b"], dtype=pl.Categorical),
            "y": pl.Series([0.1, None], dtype=pl.Float32),
        }
    )
    assert stored(table) == {"y{host=a}": {0: 0.1}}


@pytest.mark.parametrize(
    ("policy", "error"),
    [({"duplicates": "error"}, TimestampError), ({"inf": "error"}, ColumnError)],
)
def test_what_a_policy_refuses_is_refused_before_anything_is_sent(
    policy: Any, error: type[FrameError]
) -> None:
    frame = pd.DataFrame({"y": [1.0, 2, np.inf]}, index=minutes(0, 0, 1))
    with pytest.raises(error):
        read(frame, **policy)


@pytest.mark.parametrize("layout", ["wide", "long", "melted"])
def test_each_call_of_blocks_reads_the_frame_anew(layout: str) -> None:
    frame = {"wide": WIDE, "long": LONG, "melted": MELTED}[layout]
    found = read(frame)
    first, second = (
        [(label_set, values.tolist()) for block in found.blocks() for label_set, _, values in block]
        for _ in range(2)
    )
    assert first == second != []


def test_constant_labels_come_with_every_series() -> None:
    assert set(
        stored(LONG, labels={"job": "j", "n": 5, "up": True, "no": None, "nothing": ""})
    ) == {f"{var}{{host={host},job=j,n=5,up=true}}" for var in ("y", "yhat") for host in "ab"}


def test_a_label_of_the_frame_and_of_the_keyword_is_refused() -> None:
    message = "labels: 'host' is a label of the frame too; leave one of them out"
    with pytest.raises(FrameError, match=f"^{re.escape(message)}$"):
        read(LONG, labels={"host": "x"})


def test_two_labels_of_one_name_are_refused() -> None:
    frame = LONG.assign(**{"1": "x"}).rename(columns={"host": 1})
    message = "labels: two columns are the label '1'; rename one of them"
    with pytest.raises(FrameError, match=f"^{re.escape(message)}$"):
        read(frame, label_columns=[1, "1"])


def test_two_columns_of_one_label_set_are_refused_by_name() -> None:
    frame = WIDE.set_axis(["y", "y"], axis=1)
    message = (
        "column 'y' and column 'y' render to the same label set {\"__name__\":\"y\"}; rename one, "
        "or use $VAR, $QUERY_KEY and labels in metric_format so that they differ"
    )
    with pytest.raises(DuplicateSeriesError, match=f"^{re.escape(message)}$"):
        read(frame)
    columns = pd.MultiIndex.from_tuples([("y", "a"), ("y", "b")], names=["var", "query_key"])
    with pytest.raises(
        DuplicateSeriesError, match=r"^column \('y', 'a'\) and column \('y', 'b'\) "
    ):
        read(WIDE.set_axis(columns, axis=1), {"__name__": "$VAR"})


def test_two_groups_of_one_label_set_are_refused_by_row() -> None:
    with (
        pytest.warns(UserWarning, match="metric_format wins"),
        pytest.raises(
            DuplicateSeriesError, match=r"^column 'y', row 0 and column 'y', row 1 render "
        ),
    ):
        read(LONG, {"__name__": "$VAR", "host": "x"})


@pytest.mark.parametrize("where", ["index", "columns"])
def test_levels_need_names(where: str) -> None:
    frame = (
        WIDE.set_axis(LEVELS.set_names(["var", None]), axis=1)
        if where == "columns"
        else LONG.set_index(["timestamp", "host"])
    )
    if where == "index":
        frame.index.names = ["timestamp", None]
    names = "['var', None]" if where == "columns" else "['timestamp', None]"
    message = (
        f"{where}: a level has no name (levels: {names}), so it cannot be a label; name all "
        f"levels with frame.{where}.names = [...]"
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(frame)


def test_the_level_in_which_pivot_table_keeps_the_values_is_the_variable() -> None:
    frame = WIDE.set_axis(LEVELS.set_names([None, "host"]), axis=1)
    assert set(stored(frame)) == {"y{host=a}", "yhat{host=b}"}
    assert set(stored(frame, var_level="output")) == {"y{host=a}", "yhat{host=b}"}


def test_levels_need_names_of_their_own() -> None:
    columns = WIDE.set_axis(LEVELS.set_names(["host", "host"]), axis=1)
    with pytest.raises(
        ColumnError, match=r"^columns: two levels are named 'host'; rename one of them$"
    ):
        read(columns)
    index = pd.MultiIndex.from_arrays([TIMES, ["a"] * 3, ["b"] * 3], names=["t", "host", "host"])
    with pytest.raises(
        ColumnError, match=r"^index: two levels are named 'host'; rename one of them$"
    ):
        read(WIDE.set_index(index))


@pytest.mark.parametrize("name", ["timestamp", "host"])
def test_a_column_and_a_level_of_one_name_are_refused(name: str) -> None:
    frame = LONG.set_index(["timestamp", "host"]).assign(**{name: 1.0})
    message = f"^columns: '{name}' is a column and an index level; rename one of them$"
    with pytest.raises(ColumnError, match=message):
        read(frame)


@pytest.mark.parametrize("frame", [WIDE, LONG, MELTED])
@pytest.mark.parametrize("wanted", [["yhat"], ["yhat", "trend"], ("yhat",)])
def test_only_the_variables_asked_for_are_read(frame: pd.DataFrame, wanted: Any) -> None:
    found = read(frame, provide_series=wanted)
    assert {label_set.split(b'"')[3] for label_set in found.label_sets} == {b"yhat"}
    assert found.n_samples == 3
    assert counts(found) == ({}, {})


@pytest.mark.parametrize("frame", [WIDE, LONG, MELTED])
def test_asking_for_variables_that_the_frame_lacks_is_refused(frame: pd.DataFrame) -> None:
    message = (
        "provide_series: none of 'trend', 'weekly' is a variable of the frame "
        "(there are: 'y', 'yhat')"
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(frame, provide_series=["trend", "weekly"])


@pytest.mark.parametrize(
    ("frame", "layout", "keyword", "value"),
    [
        (WIDE, "wide", "label_columns", ["yhat"]),
        (MELTED.assign(score=1.0), "melted", "value_columns", ["score"]),
        (LONG, "long", "var", "y"),
        (LONG, "long", "column_label", "host"),
        (MELTED, "melted", "var", "y"),
        (MELTED, "melted", "column_label", "dc"),
    ],
)
def test_a_keyword_that_the_layout_does_not_know_is_refused(
    frame: pd.DataFrame, layout: Any, keyword: str, value: object
) -> None:
    reading: Any = {"layout": layout, keyword: value}
    with pytest.raises(FrameError, match=f"^{keyword}: "):
        read(frame, **reading)


def test_whole_numbers_that_tell_rows_of_one_time_apart_make_a_long_frame() -> None:
    frame = pd.DataFrame({"shard": [1, 2] * 2, "y": [0.5, 1.5] * 2}, index=minutes(0, 0, 1, 1))
    parsed = read(frame, inf="error")  # of which there is none
    assert parsed.reason == "whole numbers tell rows of one time apart: they are labels"
    assert parsed.layout == "long"
