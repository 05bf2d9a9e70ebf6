from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import FrameError
from vm_df_writer.reading.backends import check_backend, rows_frame, series_names, wide_frame
from vm_df_writer.reading.label_table import LabelCodes
from vm_df_writer.reading.layout.rows import RowSamples
from vm_df_writer.reading.layout.wide import WideSamples

T = 1767225600000
ROWS = RowSamples(
    np.array([T, T + 1]),
    {"host": LabelCodes(np.array([0, -1], np.int8), ["a"])},
    {"y": np.array([1.0, np.nan])},
)
WIDE = WideSamples(np.array([T]), np.array([[1.0], [np.nan]]))
LEVELS = pd.MultiIndex.from_tuples([("y", 'say "hi"'), ("z", "")], names=["var", "host"])


def test_pandas_shares_the_memory_of_what_was_read() -> None:
    frame = wide_frame(WIDE, LEVELS, "time", "pandas")
    assert np.shares_memory(frame.to_numpy(), WIDE.matrix)
    assert frame.index.dtype == "datetime64[ms, UTC]"
    rows = rows_frame(ROWS, "time", "pandas")
    assert rows["host"].tolist()[0] == "a"
    assert rows["host"].isna().tolist() == [False, True]
    assert str(rows["time"].dtype) == "datetime64[ms, UTC]"


def test_arrow_has_nulls_where_there_is_no_value() -> None:
    pa = pytest.importorskip("pyarrow")
    table = rows_frame(ROWS, "time", "arrow")
    assert table.schema.field("time").type == pa.timestamp("ms", tz="UTC")
    assert table.to_pydict()["host"] == ["a", None]
    assert table.to_pydict()["y"] == [1.0, None]
    wide = wide_frame(WIDE, LEVELS, "time", "arrow")
    assert wide.column_names == ["time", r'y{host="say \"hi\""}', "z"]
    assert wide.to_pydict()["z"] == [None]


def test_polars_has_categories() -> None:
    pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    frame = rows_frame(ROWS, "time", "polars")
    assert frame.schema["time"] == pl.Datetime("ms", "UTC")
    assert frame["host"].to_list() == ["a", None]


def test_a_flat_column_keeps_its_name() -> None:
    assert series_names(pd.Index(["y", "a b"])) == ["y", "a b"]


def test_a_backend_that_is_not_known_is_refused() -> None:
    with pytest.raises(FrameError, match="expected one of pandas, polars, arrow, got 'dask'"):
        check_backend("dask")
