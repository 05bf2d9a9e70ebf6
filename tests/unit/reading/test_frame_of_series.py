"""The shapes of frames, and the keywords that write them again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import FrameError
from vm_df_writer.reading.frame_of_series import frame_of_series
from vm_df_writer.reading.frame_shape import FrameShape
from vm_df_writer.reading.label_table import FrameNames
from vm_df_writer.verification.export.series_collector import SeriesSamples

FORMAT = {"__name__": "vm_$VAR", "for": "$QUERY_KEY"}
T = 1767225600000


def frame_of(*label_sets: dict[str, str], **shape: Any) -> pd.DataFrame:
    """Lay out series of one sample each, the values of which are their numbers."""
    series = [
        SeriesSamples(labels, np.array([T]), np.array([float(i)]))
        for i, labels in enumerate(label_sets)
    ]
    frame: pd.DataFrame = frame_of_series(series, FORMAT, FrameShape(**shape))
    return frame


def labels(var: str, query_key: str = "cpu", **more: str) -> dict[str, str]:
    return {"__name__": f"vm_{var}", "for": query_key, **more}


def test_where_the_variable_alone_differs_it_is_the_name_of_columns() -> None:
    frame = frame_of(labels("yhat", host="a"), labels("y", host="a"))
    assert frame.columns.tolist() == ["y", "yhat"]
    assert frame.to_numpy().tolist() == [[1.0, 0.0]]
    assert frame.columns.name is None
    assert frame.attrs["reading"] == {
        "layout": "wide",
        "query_key": "cpu",
        "labels": {"host": "a"},
    }


def test_where_one_label_alone_differs_it_is_the_name_of_columns() -> None:
    frame = frame_of(labels("score", host="a"), labels("score", host="b"))
    assert frame.columns.tolist() == ["a", "b"]
    assert frame.attrs["reading"] == {
        "layout": "wide",
        "var": "score",
        "query_key": "cpu",
        "column_label": "host",
    }


def test_where_more_differs_columns_have_a_level_for_each_label() -> None:
    frame = frame_of(labels("y", host="a"), labels("yhat", host="b"), labels("y", "mem"))
    assert frame.columns.names == ["var", "query_key", "host"]
    assert list(frame) == [
        ("y", "cpu", "a"),
        ("y", "mem", ""),
        ("yhat", "cpu", "b"),
    ]
    assert frame.attrs["reading"] == {"layout": "wide"}


def test_query_keys_are_never_flat() -> None:
    frame = frame_of(labels("y", "cpu"), labels("y", "mem"))
    assert frame.columns.names == ["var", "query_key"]


def test_a_name_that_write_would_change_is_in_a_level() -> None:
    assert frame_of(labels(" y"), labels("z")).columns.names == ["var", "query_key"]
    long = frame_of(labels("a{b}"), labels("z"), layout="long")
    assert "reading" not in long.attrs


def test_long_frames_name_their_columns() -> None:
    frame = frame_of(labels("y", host="a"), labels("yhat", host="a"), layout="long")
    assert frame.columns.tolist() == ["time", "query_key", "host", "y", "yhat"]
    assert frame.attrs["reading"] == {
        "layout": "long",
        "time": "time",
        "label_columns": ["host"],
        "value_columns": ["y", "yhat"],
    }


def test_melted_frames_name_their_columns() -> None:
    names = FrameNames(time="ds", variable="metric", value="v", query_key="of")
    frame = frame_of(labels("y", host="a"), layout="melted", names=names)
    assert frame.columns.tolist() == ["ds", "of", "host", "metric", "v"]
    assert frame.attrs["reading"] == {
        "layout": "melted",
        "time": "ds",
        "label_columns": ["host"],
        "variable_column": "metric",
        "value_column": "v",
        "query_key_level": "of",
    }


def test_what_keywords_give_is_in_no_column() -> None:
    given = frozenset({"query_key", "run"})
    frame = frame_of(labels("y", run="1", host="a"), layout="long", given=given)
    assert frame.columns.tolist() == ["time", "host", "y"]
    assert frame.attrs["reading"]["query_key"] == "cpu"
    assert frame.attrs["reading"]["labels"] == {"run": "1"}


def test_the_levels_of_a_model_are_kept() -> None:
    series = (labels("y", host="a", zone="z"), labels("yhat", host="a", zone="z"))
    frame = frame_of(
        *series, levels=("host", "var", "rack"), given=frozenset({"zone"}), is_sorted=False
    )
    assert frame.columns.names == ["host", "var", "rack", "query_key"]
    assert next(iter(frame)) == ("a", "y", "", "cpu")


def test_the_index_and_the_zone_of_a_model_are_kept() -> None:
    frame = frame_of(
        labels("y", host="a"), layout="long", index=("time", "host"), zone="Europe/Berlin"
    )
    assert frame.index.names == ["time", "host"]
    assert frame.index[0] == (pd.Timestamp("2026-01-01T01:00", tz="Europe/Berlin"), "a")


@pytest.mark.parametrize("layout", ["wide", "long", "melted"])
def test_no_series_make_an_empty_frame(layout: str) -> None:
    frame = frame_of(layout=layout)
    assert frame.empty
    times = frame.index if layout == "wide" else frame["time"]
    assert str(times.dtype) == "datetime64[ms, UTC]"


def test_series_of_another_format_stand_as_they_are_stored() -> None:
    frame = frame_of(labels("y"), {"__name__": "up", "job": "x"})
    assert frame.columns.names == ["__name__", "for", "job"]
    assert "reading" not in frame.attrs
    assert frame_of({"__name__": "up", "job": "x"}).columns.tolist() == ["up"]
    assert frame_of({}).columns.tolist() == ["value"]
    assert frame_of({"host": "a"}, {"host": "b"}).columns.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("label", "layout", "keyword"),
    [
        ("time", "long", "time"),
        ("time", "melted", "time"),
        ("variable", "melted", "variable_column"),
        ("value", "melted", "value_column"),
    ],
)
def test_a_label_called_as_another_column_is_refused(label: str, layout: str, keyword: str) -> None:
    with pytest.raises(FrameError, match=f"labels: .* label '{label}'.*{keyword}="):
        frame_of(labels("y", **{label: "a"}), layout=layout)


def test_a_variable_called_as_a_label_is_refused_in_a_long_frame() -> None:
    with pytest.raises(FrameError, match=r"'host' is a variable, and so.*layout='melted'"):
        frame_of(labels("host", host="a"), layout="long")


def test_arrow_tables_have_flat_names() -> None:
    pytest.importorskip("pyarrow")
    table: Any = frame_of(labels("y", host="a"), labels("z", host="b"), backend="arrow")
    assert table.column_names == [
        "time",
        'y{query_key="cpu",host="a"}',
        'z{query_key="cpu",host="b"}',
    ]
    with pytest.raises(FrameError, match="a label 'time'"):
        frame_of(labels("time"), labels("y"), backend="arrow")
