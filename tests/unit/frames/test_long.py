from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import START, counts, minutes, read, stored
from vm_df_writer.errors import ColumnError, FrameError, LabelError

BOTH = {"__name__": "$VAR", "for": "$QUERY_KEY"}
FRAME = pd.DataFrame(
    {
        "timestamp": minutes(0, 0, 1, 1),
        "host": ["a", "b", "a", "b"],
        "y": [1.0, 2.0, 3.0, 4.0],
        "yhat": [10, 20, 30, 40],
    }
)
STORED = {
    "y{host=a}": {0: 1.0, 1: 3.0},
    "y{host=b}": {0: 2.0, 1: 4.0},
    "yhat{host=a}": {0: 10.0, 1: 30.0},
    "yhat{host=b}": {0: 20.0, 1: 40.0},
}
MELTED = FRAME.melt(["timestamp", "host"])


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME.set_index("timestamp"),
        FRAME.set_index(["timestamp", "host"]),
        FRAME.set_index(["host", "timestamp"]),
        FRAME.iloc[[3, 1, 2, 0]],
        FRAME.astype({"host": "category"}),
        MELTED,
        MELTED.set_index("timestamp"),
        MELTED.set_index(["host", "timestamp"]),
        MELTED.set_index(["host", "timestamp", "variable"]),
        MELTED.astype({"host": "category", "variable": "category"}),
        MELTED.sample(frac=1, random_state=0),
    ],
)
def test_long_and_melted_frames_of_every_shape_are_one(frame: pd.DataFrame) -> None:
    layout: Any = "melted" if "value" in frame.columns else "long"
    assert stored(frame, layout=layout) == STORED


def test_the_query_key_is_taken_row_by_row() -> None:
    frame = FRAME.assign(query_key=["cpu", "cpu", "ram", "ram"]).drop(columns="yhat")
    expected = {
        "y{for=cpu,host=a}": {0: 1.0},
        "y{for=cpu,host=b}": {0: 2.0},
        "y{for=ram,host=a}": {1: 3.0},
        "y{for=ram,host=b}": {1: 4.0},
    }
    assert stored(frame, BOTH) == expected
    assert stored(frame.set_index(["timestamp", "query_key"]), BOTH) == expected
    melted = frame.melt(["timestamp", "host", "query_key"])
    assert stored(melted, BOTH) == expected
    assert set(stored(FRAME, BOTH, query_key="disk")) == {
        name.replace("{", "{for=disk,") for name in STORED
    }


def test_rows_of_one_frame_may_have_different_label_sets() -> None:
    dc: list[Any] = ["x", None, "", "x"]
    frame = FRAME.assign(dc=dc).drop(columns="yhat")
    assert stored(frame) == {
        "y{dc=x,host=a}": {0: 1.0},
        "y{host=b}": {0: 2.0},
        "y{host=a}": {1: 3.0},
        "y{dc=x,host=b}": {1: 4.0},
    }


@pytest.mark.parametrize("null", [None, np.nan, pd.NA, pd.NaT, ""])
def test_a_null_label_is_absent_from_the_series(null: object) -> None:
    frame = FRAME.assign(host=pd.Series(["a", null, "a", null], dtype=object))
    assert stored(frame, label_columns=["host"])["y"] == {0: 2.0, 1: 4.0}


@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_a_label_that_is_missing_everywhere_is_absent(dtype: Any) -> None:
    nothing = pd.Series([None] * 4, dtype=dtype)
    frame = FRAME.assign(dc=nothing)
    assert stored(frame, label_columns=["host", "dc"]) == STORED
    assert stored(MELTED.assign(dc=pd.Series([None] * 8, dtype=dtype))) == STORED


def test_a_constant_label_costs_no_group() -> None:
    assert set(stored(FRAME.assign(job="node"), value_columns=["y"])) == {
        "y{host=a,job=node}",
        "y{host=b,job=node}",
    }


def test_without_labels_all_rows_are_one_series() -> None:
    frame = pd.DataFrame({"timestamp": minutes(1, 0), "y": [1.0, 2.0]})
    assert stored(frame) == {"y": {0: 2.0, 1: 1.0}}


def test_values_that_are_missing_leave_other_columns_alone() -> None:
    frame = FRAME.assign(y=[1.0, np.nan, np.inf, 4.0])
    assert counts(read(frame)) == ({"nan": 1, "inf": 1}, {})
    found = stored(frame)
    assert found["y{host=a}"] == {0: 1.0}
    assert found["y{host=b}"] == {1: 4.0}
    assert found["yhat{host=a}"] == STORED["yhat{host=a}"]


def test_rows_without_a_time_are_dropped_from_every_value_column() -> None:
    frame = FRAME.assign(timestamp=minutes(0, None, 1, None))
    found = read(frame)
    assert found.n_samples == 8
    assert counts(found) == ({"nat": 4}, {})
    assert stored(frame) == {name: STORED[name] for name in ("y{host=a}", "yhat{host=a}")}


def test_duplicates_are_counted_per_value_column() -> None:
    yhat: list[Any] = [1, None, None, None]
    frame = FRAME.assign(timestamp=START, host="a", yhat=yhat)
    assert counts(read(frame)) == ({"nan": 3, "duplicate": 3}, {})
    assert stored(frame) == {"y{host=a}": {0: 4.0}, "yhat{host=a}": {0: 1.0}}
    assert stored(frame, duplicates="first")["y{host=a}"] == {0: 1.0}
    assert stored(frame.iloc[::-1], duplicates="last")["y{host=a}"] == {0: 1.0}


def test_rows_of_a_melted_frame_without_a_variable_are_refused() -> None:
    variable: list[Any] = ["y", None, "", "y", "y", "y", "y", "y"]
    frame = MELTED.assign(variable=variable)
    message = (
        "column 'variable', row 1: the variable is missing (2 rows); fill it or drop these rows"
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        read(frame)


def test_variables_that_are_not_asked_for_do_not_count() -> None:
    frame = MELTED.assign(timestamp=minutes(0, None, 1, None, 0, None, 1, None))
    found = read(frame, provide_series=["y"])
    assert found.n_samples == 4
    assert counts(found) == ({"nat": 2}, {})
    assert stored(frame, provide_series=["y"]) == {"y{host=a}": STORED["y{host=a}"]}


def test_a_text_value_is_refused_by_row() -> None:
    frame = FRAME.assign(y=pd.Series([1.0, 2.0, "n/a", 4.0], dtype=object))
    message = (
        "column 'y', row 2: expected a number, got 'n/a'; convert the column or name the value "
        "columns with value_columns="
    )
    for reading in ({"value_columns": ["y"]}, {"label_columns": ["host"]}):
        with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
            read(FRAME.assign(y=frame["y"]), **reading)  # type: ignore[arg-type]


def test_scores_that_are_text_are_not_taken_for_labels() -> None:
    frame = FRAME.assign(score=["0.5", "n/a", "0.7", "0.8"])
    message = (
        "column 'score', row 1: expected a number, got 'n/a'; convert the column, such as with "
        "frame['score'] = pd.to_numeric(frame['score'], errors='coerce'), or leave it out with "
        "label_columns=['host'], value_columns=['y', 'yhat']"
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(frame)
    of_a_known_output = FRAME.rename(columns={"host": "yhat_upper"})
    message = message.replace("score", "yhat_upper").replace("row 1", "row 0").replace("n/a", "a")
    message = message.replace("['host']", "[]")
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(of_a_known_output)


def test_numbers_as_text_need_to_be_named() -> None:
    frame = FRAME.assign(port=["8080", "8081", "8080", "8081"])
    message = (
        "column 'port': holds numbers as text (found '8080', '8081'); convert it with "
        "frame['port'] = frame['port'].astype(float) if it is a value, or make it a label with "
        "label_columns=['host', 'port'], value_columns=['y', 'yhat'], or leave it out with "
        "label_columns=['host'], value_columns=['y', 'yhat']"
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        read(frame)
    named = stored(frame, label_columns=["host", "port"])
    assert set(named) == {
        name.replace("a}", "a,port=8080}").replace("b}", "b,port=8081}") for name in STORED
    }


@pytest.mark.parametrize("shards", [[0, 1, 2, 3], [5, 5, 6, 7], [3, 1, 2, 0]])
def test_a_named_index_of_integers_is_a_label_however_they_are_spaced(shards: list[int]) -> None:
    frame = FRAME.assign(shard=shards, timestamp=minutes(0, 1, 2, 3))[["timestamp", "shard", "y"]]
    expected = stored(frame, label_columns=["shard"])
    assert len(expected) == len(set(shards))
    assert stored(frame.set_index("shard")) == expected


def test_integers_as_labels_stay_the_same_if_pandas_makes_floats_of_them() -> None:
    frame = FRAME.assign(shard=[1, 2, 1, 2])[["timestamp", "shard", "y"]]
    with_a_gap = pd.concat([frame, frame.iloc[:1].assign(shard=np.nan)])
    assert with_a_gap["shard"].dtype == np.float64
    whole = stored(frame, label_columns=["shard"])
    assert whole.items() <= stored(with_a_gap, label_columns=["shard"]).items()


def test_labels_that_differ_in_type_but_not_in_text_are_one_series() -> None:
    # read_csv gives such columns where it guesses the type chunk by chunk.
    frame = FRAME.assign(host=pd.Series([1, "b", "1", "b"], dtype=object))
    assert stored(frame, label_columns=["host"])["y{host=1}"] == {0: 1.0, 1: 3.0}


@pytest.mark.parametrize("dtype", [object, "string"])
def test_labels_that_differ_after_a_nul_are_two_series(dtype: Any) -> None:
    frame = FRAME.assign(host=pd.Series(["a\0b", "a\0c", "a\0b", "a\0c"], dtype=dtype))
    assert stored(frame)["y{host=a\0b}"] == {0: 1.0, 1: 3.0}


def test_many_groups_and_long_groups_come_in_blocks() -> None:
    rng = np.random.default_rng(0)
    for n_rows, n_hosts in ((700_000, 2), (300_000, 100_000)):
        hosts = np.array([f"h{i}" for i in range(n_hosts)], dtype=object)
        frame = pd.DataFrame(
            {
                "timestamp": pd.date_range("2026-01-01", periods=n_rows, freq="s", tz="UTC"),
                "host": pd.Categorical(hosts[rng.integers(0, n_hosts, n_rows)]),
                "y": rng.random(n_rows),
                "z": np.where(rng.random(n_rows) < 0.5, np.nan, 1.0),
            }
        ).sample(frac=1, random_state=0)
        found = read(frame)
        blocks = list(found.blocks())
        assert len(blocks) > 1
        assert counts(found)[0] == {"nan": int(frame["z"].isna().sum())}
        assert len(found.label_sets) == 2 * frame["host"].nunique()
        totals = dict.fromkeys(found.label_sets, 0.0)
        for block in blocks:
            for label_set, ms, numbers in block:
                assert (ms[1:] > ms[:-1]).all()
                totals[label_set] += numbers.sum()
        expected = frame.groupby("host", observed=True)["y"].sum()
        for name in ("h0", "h1", "h50"):
            if name in expected.index:
                label_set = f'{{"__name__":"y","host":"{name}"}}'.encode()
                assert totals[label_set] == pytest.approx(expected[name])


@pytest.mark.parametrize("kind", [tuple, iter, pd.Index, np.array])
def test_lists_of_names_may_be_of_any_kind(kind: Any) -> None:
    only_y = {name: samples for name, samples in STORED.items() if name.startswith("y{")}
    assert stored(FRAME, value_columns=kind(["y"])) == only_y
    assert stored(FRAME, label_columns=kind(["host"])) == STORED
    assert stored(FRAME, provide_series=kind(["y"])) == only_y


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_a_label_column_without_a_name_is_refused(nothing: object) -> None:
    frame = FRAME.set_axis(pd.Index(["timestamp", nothing, "y", "yhat"], dtype=object), axis=1)
    with pytest.raises(FrameError, match="name"):
        read(frame)
