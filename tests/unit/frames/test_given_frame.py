from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import minutes, read
from vm_df_writer.errors import FrameError


def polars_objects() -> list[tuple[Any, str]]:
    pl = pytest.importorskip("polars")
    return [
        (pl.LazyFrame({"y": [1.0]}), "got polars.LazyFrame; call .collect() on it"),
        (pl.Series("y", [1.0]), "got polars.Series; call .to_frame() on it, and add its times"),
    ]


def test_frames_of_polars_that_are_none_yet_are_named_with_what_helps() -> None:
    for given, message in polars_objects():
        with pytest.raises(FrameError, match=f"{re.escape(message)}$"):
            read(given)


def test_frames_of_dask_are_named_with_what_writes_them() -> None:
    dd = pytest.importorskip("dask.dataframe")
    frame = dd.from_pandas(pd.DataFrame({"y": [1.0]}, index=minutes(0)), npartitions=1)
    message = "write it with vm_df_writer.jobs.dask.to_victoriametrics, or .compute() it"
    for given, whole in ((frame, message), (frame["y"], f".to_frame() it, and {message}")):
        with pytest.raises(FrameError, match=f"; {re.escape(whole)}$"):
            read(given)
    from vm_df_writer.jobs.dask import to_victoriametrics  # noqa: F401 - it is there


def test_an_array_is_named_with_what_makes_a_frame() -> None:
    message = "got numpy.ndarray; make one with pd.DataFrame(array, index=times, columns=names)"
    with pytest.raises(FrameError, match=f"{re.escape(message)}$"):
        read(np.zeros(3))


def test_a_type_that_arrow_lacks_is_refused_in_words() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"y": [1, 2]}, schema={"y": pl.Int128})
    with pytest.raises(FrameError, match=r"^frame: the DataFrame cannot be read through Arrow \("):
        read(frame)


@pytest.mark.parametrize("kind", ["binary_view", "month_day_nano_interval", "string_view"])
@pytest.mark.parametrize(
    ("reading", "where"),
    [
        ({}, "column 'x': {} is neither a label nor a number"),
        ({"label_columns": [], "value_columns": ["x"]}, "column 'x', row 0: expected a number"),
        (
            {"time": "x", "label_columns": [], "value_columns": ["y"]},
            "column 'x': expected times, got {}",
        ),
    ],
)
def test_types_of_arrow_that_pandas_does_not_know_are_refused_in_words(
    kind: str, reading: dict[str, Any], where: str
) -> None:
    pa = pytest.importorskip("pyarrow")
    given: Any = {"binary_view": b"a", "month_day_nano_interval": (1, 2, 3), "string_view": "a"}
    array = pa.array([given[kind]] * 2, getattr(pa, kind)())
    frame = pd.DataFrame({"time": minutes(0, 1), "y": [0.5, 1.5]})
    frame["x"] = pd.Series(array, dtype=pd.ArrowDtype(array.type))
    dtype = re.escape(str(frame["x"].dtype))
    with pytest.raises(FrameError, match="^" + where.format(dtype)):
        read(frame, **reading)


@pytest.mark.parametrize("method", ["to_pandas", "collect", "compute", "df"])
def test_a_lazy_frame_of_any_library_is_named_with_what_collects_it(method: str) -> None:
    kind = type("Relation", (), {method: lambda self: self, "__module__": "some.library"})
    with pytest.raises(FrameError, match=rf"got some\.Relation; call \.{method}\(\) on it$"):
        read(kind())


def test_a_lazy_frame_that_exports_a_stream_of_arrow_is_collected_through_it() -> None:
    pa = pytest.importorskip("pyarrow")

    class Relation:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            table = pa.table({"time": pa.array(minutes(0, 1)), "y": [1.0, 2.0]})
            return table.__arrow_c_stream__(requested_schema)

        def collect(self) -> object:
            raise AssertionError

    assert read(Relation()).rows == 2
